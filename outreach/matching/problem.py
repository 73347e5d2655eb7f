"""What the engine is asked: sites, speakers and visits as frozen values, checked when made.

All times of one problem share one zoneless clock (the caller converts), dates
are calendar days of that clock, and both ends of a span of dates are inclusive.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import partial
from math import isfinite
from typing import TypeVar

from outreach.errors import Unusable

LEAD = "lead"
CO_PRESENTER = "co-presenter"
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES
# Wider than any bureau needs; they keep squares and sums exact in a double.
LARGEST_COUNT = 10_000
# The model keeps a bit for each in a signed 64-bit mask.
MOST_ROLES = 60
_T = TypeVar("_T")


class ProblemError(Unusable):
    """A problem that cannot be solved because it is not well formed.

    `path` names the place as the file has it, such as `visits[12].site`; empty is the whole.
    """

    def __init__(self, path: str, problem: str) -> None:
        super().__init__("%(path)s: %(problem)s", path=path, problem=problem)
        self.path = path
        self.problem = problem

    def below(self, step: str) -> "ProblemError":
        """Return the same as seen from outside: `site` below `visits[12]` is `visits[12].site`."""
        joint = "." if self.path and not self.path.startswith("[") else ""
        return ProblemError(f"{step}{joint}{self.path}", self.problem)


class LevelName(StrEnum):
    """What is made best, in the order that the settings give."""

    FILL = "fill"
    CRITICAL = "critical"
    KEPT = "kept"
    USUAL = "usual"
    FAIRNESS = "fairness"
    DISTANCE = "distance"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The order of the levels (any may be left out) and how travel is reckoned."""

    levels: tuple[LevelName, ...] = tuple(LevelName)
    travel_speed_km_h: float = 40.0
    desk_minutes: float = 15.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Site:
    """One unit. Units of one hospital share their coordinates (degrees)."""

    id: str
    lat: float
    lon: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Certification:
    """May take this role in this program; `lead` also serves as `co-presenter`."""

    program: str
    role: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Clearance:
    """The hospital lets this speaker onto this site; both days inclusive."""

    site: str
    starts_on: date
    ends_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Weekly:
    """Free every week on `weekday` (0 is Monday), in minutes after midnight.

    `until_minute` is exclusive and may be 1440, midnight at the end of the day.
    """

    weekday: int
    from_minute: int
    until_minute: int


ALWAYS_FREE = tuple(
    Weekly(weekday=weekday, from_minute=0, until_minute=DAY_MINUTES) for weekday in range(7)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Away:
    """Not free on any of these days, the last one included."""

    starts_on: date
    ends_on: date


@dataclass(frozen=True, kw_only=True, slots=True)
class Busy:
    """Not free from one time to another, on whole minutes; `ends_at` is exclusive."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaker:
    """A peer speaker's facts.

    `radius_km` None goes any distance. An empty `weekly` is never free; whoever
    is always free has `ALWAYS_FREE`. `rest_days` n >= 1 keeps two visits n + 1
    days apart; 0 allows several on one day. `recent_visits` are those of the
    last 90 days, without the fixed ones of this problem.
    """

    id: str
    lat: float
    lon: float
    radius_km: float | None
    languages: tuple[str, ...]
    unit_types: tuple[str, ...]
    quota_per_month: int
    rest_days: int
    recent_visits: int = 0
    certifications: tuple[Certification, ...] = ()
    clearances: tuple[Clearance, ...] = ()
    weekly: tuple[Weekly, ...] = ()
    away: tuple[Away, ...] = ()
    busy: tuple[Busy, ...] = ()
    excluded_sites: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Assigned:
    """A speaker in a role of a visit, as `Visit.fixed` and `Visit.proposed` hold them."""

    speaker: str
    role: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Visit:
    """One visit and how many speakers it needs in each role.

    `fixed` never moves, even where it breaks a rule or is more than a role needs
    (several open offers for one place). `proposed` is what the last run chose,
    `usual` whom the unit usually has.
    """

    id: str
    site: str
    unit_type: str
    starts_at: datetime
    minutes: int
    language: str
    program: str
    roles: Mapping[str, int]
    critical: bool = False
    fixed: tuple[Assigned, ...] = ()
    proposed: tuple[Assigned, ...] = ()
    usual: tuple[str, ...] = ()
    excluded_speakers: tuple[str, ...] = ()

    @property
    def ends_at(self) -> datetime:
        """When it is over, on the problem's clock."""
        return self.starts_at + timedelta(minutes=self.minutes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """Everything the engine is told. Raises `ProblemError` when made from what cannot be."""

    sites: tuple[Site, ...]
    speakers: tuple[Speaker, ...]
    visits: tuple[Visit, ...]
    settings: Settings = field(default_factory=Settings)

    def __post_init__(self) -> None:
        _check_settings(self.settings)
        sites = _unique_ids("sites", self.sites)
        speakers = _unique_ids("speakers", self.speakers)
        _unique_ids("visits", self.visits)
        _check_each("sites", self.sites, _check_place)
        _check_each("speakers", self.speakers, partial(_check_speaker, sites=sites))
        _check_each("visits", self.visits, partial(_check_visit, sites=sites, speakers=speakers))


def _check_settings(settings: Settings) -> None:
    if not settings.levels:
        raise ProblemError("settings.levels", "must name at least one level")
    _check_distinct("settings.levels", settings.levels)
    speed = settings.travel_speed_km_h
    if not isfinite(speed) or speed <= 0:
        raise ProblemError("settings.travel_speed_km_h", "must be more than 0")
    _check_range("settings.desk_minutes", settings.desk_minutes, 0, DAY_MINUTES)


def _check_speaker(speaker: Speaker, *, sites: frozenset[str]) -> None:
    _check_place(speaker)
    radius = speaker.radius_km
    if radius is not None and (not isfinite(radius) or radius < 0):
        raise ProblemError("radius_km", "must be 0 or more, or null for any distance")
    for name in ("quota_per_month", "rest_days", "recent_visits"):
        _check_range(name, getattr(speaker, name), 0, LARGEST_COUNT)
    _check_each("certifications", speaker.certifications, _check_dates)
    _check_each("clearances", speaker.clearances, partial(_check_clearance, sites=sites))
    _check_each("away", speaker.away, _check_dates)
    _check_each("busy", speaker.busy, _check_busy)
    _check_each("weekly", speaker.weekly, _check_weekly)
    _check_references("excluded_sites", speaker.excluded_sites, sites, "site")


def _check_visit(visit: Visit, *, sites: frozenset[str], speakers: frozenset[str]) -> None:
    _check_known("site", visit.site, sites, "site")
    _check_times(visit)
    for role, count in visit.roles.items():
        _check_range(f"roles.{role}", count, 0, LARGEST_COUNT)
    if len(visit.roles) > MOST_ROLES:
        raise ProblemError("roles", f"must be at most {MOST_ROLES} roles")
    if sum(visit.roles.values()) == 0:
        raise ProblemError("roles", "must ask for at least one speaker")
    for name in ("fixed", "proposed"):
        _check_assigned(name, getattr(visit, name), visit=visit, speakers=speakers)
    for name in ("usual", "excluded_speakers"):
        _check_references(name, getattr(visit, name), speakers, "speaker")


def _check_times(visit: Visit) -> None:
    _check_moment("starts_at", visit.starts_at)
    if visit.minutes < 1:
        raise ProblemError("minutes", "must be at least 1: a visit ends after it starts")
    _check_range("minutes", visit.minutes, 1, WEEK_MINUTES)
    try:
        _ = visit.ends_at
    except OverflowError:
        raise ProblemError("starts_at", "is too far in the future") from None


def _check_moment(path: str, moment: datetime) -> None:
    if moment.tzinfo is not None:
        raise ProblemError(path, "must have no time zone")
    if moment.second or moment.microsecond:
        raise ProblemError(path, "must be on a whole minute")


def _check_busy(busy: Busy) -> None:
    _check_moment("from", busy.starts_at)
    _check_moment("until", busy.ends_at)
    if busy.ends_at <= busy.starts_at:
        raise ProblemError("until", "must be after its start")


def _check_assigned(
    path: str, entries: tuple[Assigned, ...], *, visit: Visit, speakers: Collection[str]
) -> None:
    seen: set[str] = set()
    for inner, entry in _numbered(path, entries):
        _check_known(f"{inner}.speaker", entry.speaker, speakers, "speaker")
        if entry.speaker in seen:
            raise ProblemError(f"{inner}.speaker", f"{entry.speaker!r} is there twice")
        seen.add(entry.speaker)
        if entry.role not in visit.roles:
            raise ProblemError(f"{inner}.role", f"{entry.role!r} is not a role of this visit")


def _check_weekly(weekly: Weekly) -> None:
    _check_range("weekday", weekly.weekday, 0, 6)
    _check_range("from", weekly.from_minute, 0, DAY_MINUTES)
    _check_range("until", weekly.until_minute, 0, DAY_MINUTES)
    if weekly.until_minute <= weekly.from_minute:
        problem = (
            "must be after its start: free through midnight is written as two, one for each day"
        )
        raise ProblemError("until", problem)


def _check_clearance(clearance: Clearance, *, sites: frozenset[str]) -> None:
    _check_known("site", clearance.site, sites, "site")
    _check_dates(clearance)


def _check_dates(span: Certification | Clearance | Away) -> None:
    if span.ends_on < span.starts_on:
        raise ProblemError("until", f"{span.ends_on} is before its start {span.starts_on}")


def _check_place(place: Site | Speaker) -> None:
    _check_range("lat", place.lat, -90, 90)
    _check_range("lon", place.lon, -180, 180)


def _check_each(path: str, rows: Iterable[_T], check: Callable[[_T], None]) -> None:
    """Check one after another; a path is only made for the first that is wrong."""
    done = 0
    try:
        for row in rows:
            check(row)
            done += 1
    except ProblemError as error:
        raise error.below(f"{path}[{done}]") from None


def _check_range(path: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:  # false for NaN too
        raise ProblemError(path, f"must be from {low} to {high}")


def _check_references(path: str, ids: tuple[str, ...], known: frozenset[str], kind: str) -> None:
    distinct = set(ids)
    if len(distinct) == len(ids) and distinct <= known:
        return  # nearly always so, and then no path need be made for each of thousands
    for inner, each in _numbered(path, ids):
        _check_known(inner, each, known, kind)
    _check_distinct(path, ids)


def _check_known(path: str, each: str, known: Collection[str], kind: str) -> None:
    if each not in known:
        raise ProblemError(path, f"there is no {kind} {each!r}")


def _check_distinct(path: str, values: Iterable[str]) -> None:
    seen: set[str] = set()
    for inner, value in _numbered(path, values):
        if value in seen:
            raise ProblemError(inner, f"{str(value)!r} is there twice")
        seen.add(value)


def _unique_ids(path: str, rows: Iterable[Site | Speaker | Visit]) -> frozenset[str]:
    seen: set[str] = set()

    def check(row: Site | Speaker | Visit) -> None:
        if not row.id:
            raise ProblemError("id", "must not be empty")
        if row.id in seen:
            raise ProblemError("id", f"{row.id!r} is there twice")
        seen.add(row.id)

    _check_each(path, rows, check)
    return frozenset(seen)


def _numbered(path: str, rows: Iterable[_T]) -> Iterator[tuple[str, _T]]:
    return ((f"{path}[{index}]", row) for index, row in enumerate(rows))
