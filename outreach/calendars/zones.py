"""Time zones as every calendar client reads them right: a yearly rule, or else UTC.

Clients disagree on VTIMEZONE. Outlook reads only DTSTART, RRULE and the two offsets
(MS-STANOICAL 2.2.47), ical.js only the first date of an RDATE list. So a zone is written as one
STANDARD and at most one DAYLIGHT part with a yearly RRULE, made from the POSIX rule at the end of
the zone's tzdata file (RFC 9636 §3.3). icalendar's `add_missing_timezones` writes RDATE lists and
is not used. A rule holds for the years tzdata promises it for and no other, hence `wall_times`
compares each event with `zoneinfo` and writes it in UTC where the rule would put it elsewhere.
"""

import calendar
import hashlib
import re
import zoneinfo
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import icalendar

_FIRST_YEAR: Final = 1970
"""Rules are written as if they always held since this year; `wall_times` guards the events."""

_WEEKDAYS: Final = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
_LAST: Final = 5
"""POSIX's "week 5" is the last such weekday of the month, RFC 5545's -1."""

_NAME: Final = r"<[A-Za-z0-9+-]+>|[A-Za-z]+"
_OFFSET: Final = r"[+-]?\d{1,3}(?::\d{2}){0,2}"
_POSIX: Final = re.compile(
    rf"(?P<std>{_NAME})(?P<std_offset>{_OFFSET})"
    rf"(?:(?P<dst>{_NAME})(?P<dst_offset>{_OFFSET})?,(?P<start>[^,]+),(?P<end>[^,]+))?"
)
_YEARLY: Final = re.compile(
    rf"M(?P<month>\d+)\.(?P<week>[1-5])\.(?P<weekday>[0-6])(?:/(?P<at>{_OFFSET}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class YearlyDay:
    """A moment of each year on a wall clock: such as the second Sunday of March at 02:00.

    `week` is 1 to 4, or 5 for the last; `weekday` is 0 for Sunday, both as POSIX counts.
    """

    month: int
    week: int
    weekday: int
    at: time

    def in_year(self, year: int) -> datetime:
        """Return that moment of `year`, naive."""
        weekday_of_first, days = calendar.monthrange(year, self.month)
        day = 1 + (self.weekday - 1 - weekday_of_first) % 7 + 7 * (self.week - 1)
        if day > days:
            day -= 7
        return datetime.combine(date(year, self.month, day), self.at)


@dataclass(frozen=True, slots=True)
class Observance:
    """One offset from UTC and when it begins, on the clock that ran before (`offset_from`)."""

    name: str
    offset_from: timedelta
    offset_to: timedelta
    begins: YearlyDay | None
    """None: it never begins, for it always holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneRule:
    """A zone that every client reads alike. `daylight` has the larger offset, None without DST."""

    key: str
    standard: Observance
    daylight: Observance | None

    def offset(self, wall: datetime) -> timedelta:
        """Return what a reader of the rule takes as the offset at naive `wall`.

        That is the offset of the last change at or before `wall` (RFC 5545 §3.6.5).
        """
        if self.daylight is None:
            return self.standard.offset_to
        changes = [
            (part.begins.in_year(year), part.offset_to)
            for part in (self.standard, self.daylight)
            if part.begins is not None
            for year in (wall.year - 1, wall.year)
        ]
        return max(change for change in changes if change[0] <= wall)[1]


UTC_RULE: Final = ZoneRule(
    key="UTC",
    standard=Observance("UTC", timedelta(0), timedelta(0), begins=None),
    daylight=None,
)


@cache
def rule(time_zone: str) -> ZoneRule | None:
    """Return the yearly rule of an IANA zone, or None where UTC must serve.

    None for an unknown zone, one that is UTC all year, and one whose rule has no form that all
    clients read, such as a change at 24:00 (America/Santiago) or at -1:00 (America/Nuuk).
    """
    posix = _footer(time_zone)
    match = _POSIX.fullmatch(posix) if posix else None
    if match is None:
        return None
    standard_offset = -_span(match["std_offset"])
    if match["dst"] is None:
        return _without_changes(time_zone, match["std"].strip("<>"), offset=standard_offset)
    daylight_offset = standard_offset + timedelta(hours=1)
    if match["dst_offset"]:
        daylight_offset = -_span(match["dst_offset"])
    start, end = _yearly_day(match["start"]), _yearly_day(match["end"])
    if start is None or end is None:
        return None
    parts = (
        Observance(match["std"].strip("<>"), daylight_offset, standard_offset, begins=end),
        Observance(match["dst"].strip("<>"), standard_offset, daylight_offset, begins=start),
    )
    # Dublin's rule calls its winter the exception; clients want the larger offset as DAYLIGHT.
    low, high = sorted(parts, key=lambda part: part.offset_to)
    return ZoneRule(key=time_zone, standard=low, daylight=high)


@cache
def edition(time_zone: str) -> str:
    """Return a mark of what we know of the zone, another one when tzdata has been renewed.

    Empty for an unknown zone. What was written at another edition may name another instant.
    """
    if not _is_known(time_zone):
        return ""
    return hashlib.sha256(_zone_file(time_zone)).hexdigest()[:16]


def wall_times(
    starts_at: datetime, ends_at: datetime, *, time_zone: str
) -> tuple[datetime, datetime]:
    """Return both instants as they are to be written: in `time_zone`, or both in UTC.

    UTC where the zone has no rule, where the rule and `zoneinfo` differ at either instant, and
    in the hour that happens twice when daylight time ends, which a wall time can't name.
    """
    zone_rule = rule(time_zone)
    if zone_rule is not None:
        zone = zoneinfo.ZoneInfo(time_zone)
        walls = (starts_at.astimezone(zone), ends_at.astimezone(zone))
        if all(_reads_right(wall, zone_rule) for wall in walls):
            return walls
    return starts_at.astimezone(UTC), ends_at.astimezone(UTC)


def vtimezone(zone_rule: ZoneRule) -> icalendar.Timezone:
    """Return the VTIMEZONE that says `zone_rule`, and nothing that not all clients read."""
    component = icalendar.Timezone()
    component.add("tzid", zone_rule.key)
    component.add_component(_observance(zone_rule.standard, daylight=False))
    if zone_rule.daylight is not None:
        component.add_component(_observance(zone_rule.daylight, daylight=True))
    return component


def _observance(
    part: Observance, *, daylight: bool
) -> icalendar.TimezoneStandard | icalendar.TimezoneDaylight:
    component = icalendar.TimezoneDaylight() if daylight else icalendar.TimezoneStandard()
    day = part.begins
    first = day.in_year(_FIRST_YEAR) if day else datetime.combine(date(_FIRST_YEAR, 1, 1), time())
    component.add("dtstart", first)
    component.add("tzoffsetfrom", part.offset_from)
    component.add("tzoffsetto", part.offset_to)
    component.add("tzname", part.name)
    if day is not None:
        ordinal = -1 if day.week == _LAST else day.week
        by_day = f"{ordinal}{_WEEKDAYS[day.weekday]}"
        component.add("rrule", {"freq": "yearly", "bymonth": day.month, "byday": by_day})
    return component


def _reads_right(wall: datetime, zone_rule: ZoneRule) -> bool:
    happens_twice = wall.utcoffset() != wall.replace(fold=1 - wall.fold).utcoffset()
    if happens_twice or wall.year <= _FIRST_YEAR:
        return False
    return zone_rule.offset(wall.replace(tzinfo=None, fold=0)) == wall.utcoffset()


def _without_changes(time_zone: str, name: str, *, offset: timedelta) -> ZoneRule | None:
    if offset == timedelta(0):
        return None
    always = Observance(name, offset, offset, begins=None)
    return ZoneRule(key=time_zone, standard=always, daylight=None)


def _yearly_day(text: str) -> YearlyDay | None:
    """Read POSIX's `Mm.w.d/time`. None for what one weekday of a month can't say."""
    match = _YEARLY.fullmatch(text)
    if match is None:
        return None
    at = _span(match["at"] or "2")
    if not timedelta(0) <= at < timedelta(days=1):
        return None
    return YearlyDay(
        month=int(match["month"]),
        week=int(match["week"]),
        weekday=int(match["weekday"]),
        at=(datetime.combine(date.min, time()) + at).time(),
    )


def _span(text: str) -> timedelta:
    """Read POSIX's `[+-]hh[:mm[:ss]]`."""
    hours, minutes, seconds = (*text.lstrip("+-").split(":"), "0", "0")[:3]
    span = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
    return -span if text.startswith("-") else span


def _footer(time_zone: str) -> str | None:
    """Return the POSIX rule that ends the zone's file, None for a zone or file without one."""
    if not _is_known(time_zone):
        return None
    last_line = _zone_file(time_zone).rstrip(b"\n").rpartition(b"\n")[2]
    return last_line.decode("ascii", errors="replace") or None


def _is_known(time_zone: str) -> bool:
    try:
        zoneinfo.ZoneInfo(time_zone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _zone_file(time_zone: str) -> bytes:
    """Return the file `zoneinfo` takes the zone from: the system's, or else tzdata's.

    The key has passed `ZoneInfo`, which refuses one that leads out of the folder.
    """
    for folder in zoneinfo.TZPATH:
        path = Path(folder, time_zone)
        if path.is_file():
            return path.read_bytes()
    return resources.files("tzdata").joinpath("zoneinfo", *time_zone.split("/")).read_bytes()
