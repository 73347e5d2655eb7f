"""What speaks against a visit at a time: every reason at once, no clock, no database.

Times are aware; the hospital's zone turns them into the wall time people mean.
"""

import dataclasses
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo


class Code(StrEnum):
    """Why a visit can't be, or should not be, at that time."""

    NOT_A_TIME = "not_a_time"
    TWO_TIMES = "two_times"
    IN_THE_PAST = "in_the_past"
    TOO_FAR_AHEAD = "too_far_ahead"
    UNIT_PAUSED = "unit_paused"
    CLASH = "clash"
    NOT_A_LENGTH = "not_a_length"
    TOO_SOON = "too_soon"
    OUTSIDE_HOURS = "outside_hours"


SOFT = frozenset({Code.TOO_SOON, Code.OUTSIDE_HOURS, Code.NOT_A_LENGTH})
"""What a coordinator may overrule. The others may be overruled by nobody."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One reason, the form field it belongs to, and the facts its sentence needs."""

    code: Code
    field: str
    facts: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def is_soft(self) -> bool:
        """Say whether a coordinator may overrule it."""
        return self.code in SOFT


@dataclass(frozen=True, slots=True)
class Hours:
    """Visiting hours on one weekday (0 is Monday), in wall time."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Pause:
    """Days without visits, both inclusive; no end means until further notice."""

    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class SlotFacts:
    """When something is, and where: all that a clash needs."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What the rules must know of a unit and its affiliate.

    `hours` empty means visits at any hour. `booked` are the unit's other visits.
    `lengths` empty means any length.
    """

    time_zone: str
    lead_days: int
    horizon_days: int
    hours: tuple[Hours, ...] = ()
    pauses: tuple[Pause, ...] = ()
    booked: tuple[SlotFacts, ...] = ()
    lengths: tuple[int, ...] = ()


def refusals(
    starts_at: datetime, *, minutes: int, unit: UnitFacts, now: datetime
) -> tuple[Refusal, ...]:
    """Return every reason against a visit of `minutes` at `starts_at`; empty means it may be.

    Lead time counts days in the hospital's zone: with `lead_days` 7, a Monday may ask for the
    next Monday.
    """
    ends_at = starts_at + timedelta(minutes=minutes)
    wall = starts_at.astimezone(ZoneInfo(unit.time_zone))
    today = now.astimezone(ZoneInfo(unit.time_zone)).date()
    found = [
        *_against_the_calendar(starts_at, wall, today=today, unit=unit, now=now),
        *_against_the_unit(wall, ends_at, unit=unit),
    ]
    if any(_overlap(SlotFacts(starts_at, ends_at), other) for other in unit.booked):
        found.append(Refusal(Code.CLASH, "time"))
    if unit.lengths and minutes not in unit.lengths:
        found.append(Refusal(Code.NOT_A_LENGTH, "minutes", {"lengths": list(unit.lengths)}))
    return tuple(found)


def instant(day: date, at: time, *, zone: str) -> datetime | Refusal:
    """Return the instant of a wall time, or why there is none, or are two.

    Both happen on the nights the clocks change; a visit there is a typing mistake.
    """
    tz = ZoneInfo(zone)
    first = datetime.combine(day, at, tz)
    second = first.replace(fold=1)
    back = first.astimezone(UTC).astimezone(tz)
    if back.replace(tzinfo=None, fold=0) != datetime.combine(day, at):
        return Refusal(Code.NOT_A_TIME, "time")
    if first.utcoffset() != second.utcoffset():
        return Refusal(Code.TWO_TIMES, "time")
    return first.astimezone(UTC)


def utc_offset_s(at: datetime, *, zone: str) -> int:
    """Return the seconds that the zone's clocks are ahead of UTC at an instant, by today's law."""
    offset = at.astimezone(ZoneInfo(zone)).utcoffset() or timedelta(0)
    return int(offset.total_seconds())


def same_wall_time(starts_at: datetime, *, offset_s: int, zone: str) -> datetime | None:
    """Return the instant at which the zone's clocks now show what they were to show at `starts_at`.

    `offset_s` is their offset from UTC by the law that held when the visit was set. None where
    today's law has no such time that day, or two.
    """
    wall = starts_at.astimezone(UTC).replace(tzinfo=None) + timedelta(seconds=offset_s)
    found = instant(wall.date(), wall.time(), zone=zone)
    return None if isinstance(found, Refusal) else found


def _against_the_calendar(
    starts_at: datetime, wall: datetime, *, today: date, unit: UnitFacts, now: datetime
) -> list[Refusal]:
    if starts_at <= now:
        return [Refusal(Code.IN_THE_PAST, "day")]
    found = []
    earliest = today + timedelta(days=unit.lead_days)
    latest = today + timedelta(days=unit.horizon_days)
    if wall.date() < earliest:
        facts = {"days": unit.lead_days, "earliest": earliest.isoformat()}
        found.append(Refusal(Code.TOO_SOON, "day", facts))
    if wall.date() > latest:
        found.append(Refusal(Code.TOO_FAR_AHEAD, "day", {"latest": latest.isoformat()}))
    return found


def _against_the_unit(wall: datetime, ends_at: datetime, *, unit: UnitFacts) -> list[Refusal]:
    found = []
    day, end = wall.date(), ends_at.astimezone(wall.tzinfo)
    pause = next((p for p in unit.pauses if _is_paused(day, p)), None)
    if pause is not None:
        until = pause.ends_on.isoformat() if pause.ends_on else None
        found.append(Refusal(Code.UNIT_PAUSED, "day", {"until": until}))
    if unit.hours and not any(_within(wall, end, hours) for hours in unit.hours):
        that_day = [
            [h.opens.isoformat("minutes"), h.closes.isoformat("minutes")]
            for h in unit.hours
            if h.weekday == day.weekday()
        ]
        found.append(Refusal(Code.OUTSIDE_HOURS, "time", {"hours": that_day}))
    return found


def _is_paused(day: date, pause: Pause) -> bool:
    return pause.starts_on <= day and (pause.ends_on is None or day <= pause.ends_on)


def _within(wall: datetime, end: datetime, hours: Hours) -> bool:
    return (
        wall.weekday() == hours.weekday
        and wall.date() == end.date()
        and hours.opens <= wall.time()
        and end.time() <= hours.closes
    )


def _overlap(one: SlotFacts, other: SlotFacts) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


class Staffing(StrEnum):
    """How far a visit is with its people."""

    NOBODY = "nobody"
    HALF = "half"
    FULL = "full"
    CALLED_OFF = "called_off"


def staffing(*, filled: int, slots: int, called_off: bool) -> Staffing:
    """Return how far a visit is: by slots, so a pair is complete by role, not by head count."""
    if called_off:
        return Staffing.CALLED_OFF
    if filled >= slots:
        return Staffing.FULL
    return Staffing.HALF if filled else Staffing.NOBODY


@dataclass(frozen=True, slots=True)
class Wave:
    """How many are asked at once, and for how long."""

    size: int
    answer_hours: int


EVERYONE = 1000


def wave(*, starts_at: datetime, now: datetime) -> Wave:
    """Return the next wave by lead time.

    More than 5 days: one at a time with 24 h; 1 to 5 days: three with 12 h; under a day:
    everyone eligible (the design page "matching", under "Offers").
    """
    lead = starts_at - now
    if lead > timedelta(days=5):
        return Wave(size=1, answer_hours=24)
    if lead >= timedelta(days=1):
        return Wave(size=3, answer_hours=12)
    return Wave(size=EVERYONE, answer_hours=12)


def undo_until(done_at: datetime, *, minutes: int, starts_at: datetime) -> datetime:
    """Return up to when an answer or a cancellation may be taken back: never into the visit."""
    return min(done_at + timedelta(minutes=minutes), starts_at)


def expiry(*, starts_at: datetime, now: datetime) -> datetime:
    """Return until when an offer made now may be answered: never later than the visit's start."""
    return min(now + timedelta(hours=wave(starts_at=starts_at, now=now).answer_hours), starts_at)
