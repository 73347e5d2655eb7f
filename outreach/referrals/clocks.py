"""Deadlines: business time by an affiliate's calendar, and days counted from the discharge.

Business time is counted in the hours an office is open: one business day is as many of them as a
day has, so what begins on Friday at 5 PM before a Monday holiday is due on Tuesday at 5 PM. The
hours are wall time in the office's zone; instants come out in UTC. Days after a discharge do not
count the day itself (as the HEDIS measure of follow-up does) and end with the local day.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from outreach.referrals.machine import Clock

SEARCH_DAYS: Final = 3660
"""How far ahead an open day is looked for: an office closed for ten years has no calendar."""

SHORTEST_DAY: Final = timedelta(hours=1)
"""An office open for less each day would spread one business day over no time at all."""

DAY_ENDS: Final = time(23, 59, 59)
NEVER_OPEN: Final = "The office has no open day."


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """When an office is open: weekdays (0 is Monday), wall hours, and days it is closed.

    Raises:
        ValueError: it opens on no day of the week, or for less than `SHORTEST_DAY`.
    """

    zone: str
    weekdays: frozenset[int]
    opens: time
    closes: time
    closed: frozenset[date]

    def __post_init__(self) -> None:
        if not self.weekdays or not self.weekdays <= set(range(7)):
            raise ValueError("The office needs weekdays from 0 (Monday) to 6.")
        if _between(self.opens, self.closes) < SHORTEST_DAY:
            raise ValueError("The office must be open for an hour at least.")

    def is_open_on(self, day: date) -> bool:
        """Say whether the office opens on a day."""
        return day.weekday() in self.weekdays and day not in self.closed


@dataclass(frozen=True, slots=True)
class Limits:
    """How long each clock runs, as the affiliate chose: business days, hours, or days."""

    acknowledge_days: int = 1
    accept_days: int = 2
    grace_days: int = 2
    attempt_days: int = 1
    attempt_red_hours: int = 48
    connect_days: int = 7
    close_days: int = 30
    hold_days: int = 30
    expiry_warning_days: int = 7

    @classmethod
    def of(cls, chosen: Mapping[str, int]) -> "Limits":
        """Return the chosen limits; what is not chosen keeps its default, what is unknown is left.

        A setting that a later version took away must not stop a referral.
        """
        known = {name: chosen[name] for name in cls.__slots__ if name in chosen}
        return cls(**known)


@dataclass(frozen=True, slots=True)
class Moments:
    """What deadlines are counted from. `zone` is where the discharge happened."""

    now: datetime
    discharged_at: datetime
    zone: str
    resume_on: date | None = None
    authorization_ends_on: date | None = None

    @property
    def discharged_on(self) -> date:
        """The local day of the discharge."""
        return self.discharged_at.astimezone(ZoneInfo(self.zone)).date()


def due(clock: Clock, *, moments: Moments, office: BusinessCalendar, limits: Limits) -> datetime:
    """Return when a clock that starts now runs out, in UTC.

    Nothing runs before the discharge: what is sent ahead is counted from it.

    Raises:
        ValueError: the clock needs a date that is not there (a hold without its end), or the
            office never opens again.
    """
    begins = max(moments.now, moments.discharged_at)
    business = {
        Clock.ACKNOWLEDGE: limits.acknowledge_days,
        Clock.ACCEPT: limits.accept_days,
        Clock.GRACE: limits.grace_days,
        Clock.ATTEMPT: limits.attempt_days,
        Clock.CONFIRM_STOP: limits.accept_days,
        Clock.DECIDE: limits.acknowledge_days,
    }
    if clock in business:
        # These two begin now, whether or not the person has left yet.
        start = moments.now if clock in {Clock.CONFIRM_STOP, Clock.DECIDE} else begins
        return add_business_days(start, business[clock], office=office)
    if clock is Clock.ATTEMPT_RED:
        return begins + timedelta(hours=limits.attempt_red_hours)
    if clock is Clock.SEND:
        return moments.discharged_at
    if clock is Clock.HOLD:
        return _opening(_given(moments.resume_on), office=office)
    return end_of_day(_last_day(clock, moments=moments, limits=limits), zone=moments.zone)


def end_of_day(day: date, *, zone: str) -> datetime:
    """Return the last second of a local day, in UTC."""
    return datetime.combine(day, DAY_ENDS, ZoneInfo(zone)).astimezone(UTC)


def is_before(discharged_at: datetime, *, hour_known: bool, zone: str, now: datetime) -> bool:
    """Say whether a discharge is still to come; of an unknown hour the day alone decides."""
    if hour_known:
        return now < discharged_at
    there = ZoneInfo(zone)
    return now.astimezone(there).date() < discharged_at.astimezone(there).date()


def days_since(discharged_on: date, *, today: date) -> int:
    """Return how many days have passed since the discharge; the day itself is 0, before it too."""
    return max(0, (today - discharged_on).days)


def add_business_days(start: datetime, days: int, *, office: BusinessCalendar) -> datetime:
    """Return `start` moved on by so many business days of opening hours, in UTC."""
    return add_business_time(start, _between(office.opens, office.closes) * days, office=office)


def add_business_time(start: datetime, span: timedelta, *, office: BusinessCalendar) -> datetime:
    """Return `start` moved on by so much time in which the office is open, in UTC.

    An answer falls on an open day, between opening and closing, both inclusive; with no time to
    pass it is the first moment somebody is there. It is never before `start`.

    Raises:
        ValueError: the office never opens again.
    """
    zone = ZoneInfo(office.zone)
    local = start.astimezone(zone)
    left = span
    for day in _open_days(local.date(), office=office):
        begins = max(local.time(), office.opens) if day == local.date() else office.opens
        here = _between(begins, office.closes)
        if here > timedelta(0) and left <= here:
            wall = datetime.combine(day, begins) + left
            # The wall shows an hour twice in November: what is due then is due the second time
            # if it began then.
            return max(wall.replace(tzinfo=zone).astimezone(UTC), start.astimezone(UTC))
        left -= max(here, timedelta(0))
    raise ValueError(NEVER_OPEN)


def _open_days(first: date, *, office: BusinessCalendar) -> Iterator[date]:
    for offset in range(SEARCH_DAYS):
        day = first + timedelta(days=offset)
        if office.is_open_on(day):
            yield day


def _between(begins: time, ends: time) -> timedelta:
    any_day = date(2000, 1, 1)
    return datetime.combine(any_day, ends) - datetime.combine(any_day, begins)


def _opening(day: date, *, office: BusinessCalendar) -> datetime:
    """Return when the office opens on a day, or next after it."""
    first = next(_open_days(day, office=office), None)
    if first is None:
        raise ValueError(NEVER_OPEN)
    return datetime.combine(first, office.opens, ZoneInfo(office.zone)).astimezone(UTC)


def _last_day(clock: Clock, *, moments: Moments, limits: Limits) -> date:
    discharged_on = moments.discharged_on
    if clock is Clock.CONNECT:
        return discharged_on + timedelta(days=limits.connect_days)
    if clock is Clock.CLOSE:
        return discharged_on + timedelta(days=limits.close_days)
    if clock is Clock.DRAFT:
        return discharged_on + timedelta(days=limits.connect_days)
    ends_on = _given(moments.authorization_ends_on)
    ahead = limits.expiry_warning_days if clock is Clock.EXPIRY_AHEAD else 0
    return ends_on - timedelta(days=ahead)


def _given(day: date | None) -> date:
    if day is None:
        raise ValueError("This clock needs a date.")
    return day
