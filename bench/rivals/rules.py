"""The rules of a problem file once more, plainly, for rivals and checker. No code of the engine.

Distances come from vectors, times are minutes since year 1, dates are ordinals.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from functools import lru_cache
from math import atan2, cos, dist, inf, radians, sin
from typing import Any, NamedTuple, TypeAlias

Json: TypeAlias = dict[str, Any]
Vector: TypeAlias = tuple[float, float, float]
Span: TypeAlias = tuple[int, int]

DAY = 24 * 60
WEEK = 7 * DAY
EARTH_KM = 6371.0088


class Seat(NamedTuple):
    """Somebody in a role of a visit, by ids."""

    visit: str
    speaker: str
    role: str


class Person:
    """A speaker's facts, ready to be asked."""

    def __init__(self, facts: Json) -> None:
        self.id: str = facts["id"]
        self.place = vector(facts["lat"], facts["lon"])
        self.radius_km: float = inf if facts["radius_km"] is None else facts["radius_km"]
        self.languages = frozenset(facts["languages"])
        self.unit_types = frozenset(facts["unit_types"])
        self.excluded = frozenset(facts["excluded_sites"])
        self.quota: int = facts["quota_per_month"]
        self.rest_days: int = facts["rest_days"]
        self.recent: int = facts["recent_visits"]
        self.away = [_span(each) for each in facts["away"]]
        self.free = _free(facts["weekly"])
        self.certified: defaultdict[str, list[tuple[str, Span]]] = defaultdict(list)
        for held in facts["certifications"]:
            self.certified[held["program"]].append((held["role"], _span(held)))
        self.cleared: defaultdict[str, list[Span]] = defaultdict(list)
        for held in facts["clearances"]:
            self.cleared[held["site"]].append(_span(held))

    def may_take(self, program: str, role: str, day: int) -> bool:
        """Whether a certification of that day is for the role; a lead's is for both."""
        for held, (start, end) in self.certified.get(program, ()):
            serves = held == role or (held == "lead" and role == "co-presenter")
            if serves and start <= day <= end:
                return True
        return False


class Event:
    """A visit's facts, ready to be asked."""

    def __init__(self, facts: Json) -> None:
        start = datetime.fromisoformat(facts["starts_at"])
        self.id: str = facts["id"]
        self.site: str = facts["site"]
        self.unit_type: str = facts["unit_type"]
        self.language: str = facts["language"]
        self.program: str = facts["program"]
        self.roles: dict[str, int] = facts["roles"]
        self.critical: bool = facts["critical"]
        self.fixed = [Seat(self.id, e["speaker"], e["role"]) for e in facts.get("fixed", [])]
        self.proposed = [Seat(self.id, e["speaker"], e["role"]) for e in facts.get("proposed", [])]
        self.usual = frozenset(facts.get("usual", []))
        self.excluded = frozenset(facts.get("excluded_speakers", []))
        self.day = start.toordinal()
        self.month = (start.year, start.month)
        self.starts = self.day * DAY + start.hour * 60 + start.minute
        self.ends = self.starts + facts["minutes"]
        self.last_day = (self.ends - 1) // DAY
        self.of_week = start.weekday() * DAY + start.hour * 60 + start.minute
        self.of_week_end = self.of_week + facts["minutes"]

    def vacancies(self) -> dict[str, int]:
        """Say how many are wanted beside the fixed, by role."""
        fixed = [seat.role for seat in self.fixed]
        return {role: max(0, count - fixed.count(role)) for role, count in self.roles.items()}


class Rules:
    """A problem file."""

    def __init__(self, problem: Json) -> None:
        settings = problem.get("settings", {})
        self.levels: list[str] = settings.get(
            "levels", ["fill", "critical", "kept", "usual", "fairness", "distance"]
        )
        self._speed: float = settings.get("travel_speed_km_h", 40)
        self._desk: float = settings.get("desk_minutes", 15)
        self.places = {s["id"]: vector(s["lat"], s["lon"]) for s in problem["sites"]}
        self.people = {each["id"]: Person(each) for each in problem["speakers"]}
        self.events = {each["id"]: Event(each) for each in problem["visits"]}
        self._cleared: defaultdict[str, list[Person]] = defaultdict(list)
        for person in self.people.values():
            for site in person.cleared:
                self._cleared[site].append(person)

    def km(self, event: Event, person: Person) -> float:
        """Return the great-circle distance."""
        return kilometers(self.places[event.site], person.place)

    def able(self, event: Event) -> Iterator[tuple[Person, list[str]]]:
        """Give whom nothing speaks against, other visits aside, with the roles they can take.

        Only those cleared for the unit are looked at: the region's prefilter.
        """
        for person in self._cleared[event.site]:
            roles = self.roles_open_to(event, person)
            if roles:
                yield person, roles

    def roles_open_to(self, event: Event, person: Person) -> list[str]:
        """Return the roles that somebody can take, other visits aside; stops at the first rule."""
        if (
            event.language not in person.languages
            or event.unit_type not in person.unit_types
            or not _holds(person.cleared.get(event.site, ()), event.day)
            or not self._available(event, person)
            or self.km(event, person) > person.radius_km
        ):
            return []
        return [r for r in event.roles if person.may_take(event.program, r, event.day)]

    def alone(self, event: Event, person: Person, roles: Iterable[str]) -> set[str]:
        """Return every rule that speaks against, other visits aside."""
        found: set[str] = set()
        if self.km(event, person) > person.radius_km:
            found.add("too_far")
        if event.language not in person.languages:
            found.add("language")
        if event.unit_type not in person.unit_types:
            found.add("unit_type")
        if not any(person.may_take(event.program, role, event.day) for role in roles):
            found.add("not_certified")
        if not _holds(person.cleared.get(event.site, ()), event.day):
            found.add("not_cleared")
        if not self._available(event, person):
            found.add("unavailable")
        return found

    def beside(self, event: Event, person: Person, others: Iterable[Event]) -> set[str]:
        """Return the rules against one more visit of somebody who has these (itself aside)."""
        mine = [other for other in others if other is not event]
        used = sum(other.month == event.month for other in mine)
        found = {"quota"} if used >= person.quota else set()
        return found | {self.clash(event, other, person.rest_days) for other in mine} - {""}

    def clash(self, one: Event, other: Event, rest_days: int) -> str:
        """Return the rule by which nobody with such rest can go to both, if any."""
        if rest_days and abs(one.day - other.day) <= rest_days:
            return "rest"
        first, second = (one, other) if one.starts <= other.starts else (other, one)
        travel = 0.0
        if not rest_days and first.site != second.site:
            way = kilometers(self.places[first.site], self.places[second.site])
            travel = way / self._speed * 60 + self._desk
        return "overlap" if second.starts < first.ends + travel else ""

    def _available(self, event: Event, person: Person) -> bool:
        if event.site in person.excluded or person.id in event.excluded:
            return False
        for start, end in person.away:
            if start <= event.last_day and event.day <= end:
                return False
        for since, until in person.free:
            if since <= event.of_week and event.of_week_end <= until:
                return True
        return False


def vector(lat: float, lon: float) -> Vector:
    """Return a point on the unit sphere."""
    a, b = radians(lat), radians(lon)
    return cos(a) * cos(b), cos(a) * sin(b), sin(a)


def kilometers(here: Vector, there: Vector) -> float:
    """Return the angle between two vectors, from their sum and difference, as an arc."""
    opposite = (-there[0], -there[1], -there[2])
    return 2 * atan2(dist(here, there), dist(here, opposite)) * EARTH_KM


def _holds(spans: Iterable[Span], day: int) -> bool:
    # A loop, for a generator costs three times as much, and this runs ten million times.
    for start, end in spans:  # noqa: SIM110 - see above
        if start <= day <= end:
            return True
    return False


def _span(facts: Json) -> Span:
    return _ordinal(facts["from"]), _ordinal(facts["until"])


@lru_cache(maxsize=1 << 13)
def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def _free(weekly: list[Json]) -> list[Span]:
    """Return when somebody is free as spans of two weeks' minutes, joined where they touch."""
    week = sorted(
        (
            each["weekday"] * DAY + _minute(each["from"]),
            each["weekday"] * DAY + _minute(each["until"]),
        )
        for each in weekly
    )
    joined: list[Span] = []
    for start, end in [*week, *((start + WEEK, end + WEEK) for start, end in week)]:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
