"""What may be read of a stranger's calendar: the lines that say when, and limits that hold first.

The parser behind this is not made for hostile files: it takes minutes for rules that repeat every
second, also inside a time zone, and copies what it never shows. So a file is cut down before: only
lines that say when somebody is busy are left, and what would repeat too often is refused. Titles,
places, guests and notes end here.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

MOST_BYTES: Final = 5 * 1024 * 1024
MOST_EVENTS: Final = 5_000
MOST_DATES: Final = 10_000
"""Of RDATE and EXDATE in one file together."""
LONGEST_VALUE: Final = 512 * 1024
"""Of one kept line, unfolded; a list of 10,000 dates is shorter."""
DEEPEST: Final = 4
"""An alarm in an event in a calendar is the third component inside another."""

TOO_MUCH: Final = "too_much"
TOO_OFTEN: Final = "too_often"
NOT_A_CALENDAR: Final = "not_a_calendar"

_CALENDAR: Final = frozenset({"VERSION", "PRODID", "CALSCALE"})
_ZONE: Final = frozenset({"TZID", "DTSTART", "RRULE", "RDATE", "TZOFFSETFROM", "TZOFFSETTO"})
_EVENT: Final = frozenset(
    {
        "UID",
        "SEQUENCE",
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE",
        "RDATE",
        "EXDATE",
        "RECURRENCE-ID",
        "STATUS",
        "TRANSP",
        "X-MICROSOFT-CDO-BUSYSTATUS",
    }
)
_KEPT: Final = {
    "VCALENDAR": _CALENDAR,
    "VTIMEZONE": _ZONE,
    "STANDARD": _ZONE,
    "DAYLIGHT": _ZONE,
    "VEVENT": _EVENT,
}
_INSIDE: Final = {
    "VCALENDAR": {""},
    "VTIMEZONE": {"VCALENDAR"},
    "STANDARD": {"VTIMEZONE"},
    "DAYLIGHT": {"VTIMEZONE"},
    "VEVENT": {"VCALENDAR"},
}
_DATES: Final = frozenset({"RDATE", "EXDATE"})
_SLOW_ENOUGH: Final = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
_WITHIN_A_DAY: Final = frozenset({"BYHOUR", "BYMINUTE", "BYSECOND"})
_NAME: Final = re.compile(r"([A-Za-z0-9-]{1,40})[;:]")


class Refused(Exception):
    """A file that is not read any further; `code` says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def reduced(raw: bytes) -> bytes:
    """Return the file with the lines alone that say when somebody is busy.

    Raises:
        Refused: "not_a_calendar", "too_often" (a rule that may repeat within a day), "too_much"
            (more than 5 MiB, 5,000 events, 10,000 listed dates, or nested deeper than calendars
            are).
    """
    if len(raw) > MOST_BYTES:
        raise Refused(TOO_MUCH)
    kept: list[str] = []
    inside: list[str] = []
    events = dates = 0
    for line in _spelled_out(_lines(raw.decode("utf-8-sig", errors="replace"))):
        match = _NAME.match(line)
        name = match[1].upper() if match else ""
        if name == "BEGIN":
            component = line[6:].strip().upper()
            events += component == "VEVENT"
            inside.append(component)
            if events > MOST_EVENTS or len(inside) > DEEPEST:
                raise Refused(TOO_MUCH)
        wanted = _is_wanted(inside)
        if name == "END":
            if not inside or inside.pop() != line[4:].strip().upper():
                raise Refused(NOT_A_CALENDAR)
            if wanted:
                kept.append(line)
        elif wanted and (name == "BEGIN" or name in _KEPT[inside[-1]]):
            dates += line.count(",") + 1 if name in _DATES else 0
            _check(name, line, dates=dates)
            kept.append(line)
    if inside or not kept:
        raise Refused(NOT_A_CALENDAR)
    return "\r\n".join((*kept, "")).encode()


def _is_wanted(inside: list[str]) -> bool:
    """Say whether each component stands where it may: an event is no part of another."""
    outer = ""
    for component in inside:
        if outer not in _INSIDE.get(component, ()):
            return False
        outer = component
    return bool(inside)


def _check(name: str, line: str, *, dates: int) -> None:
    if len(line) > LONGEST_VALUE or dates > MOST_DATES:
        raise Refused(TOO_MUCH)
    if name == "RRULE":
        rule = line.partition(":")[2].upper()
        parts = dict(each.partition("=")[::2] for each in rule.split(";"))
        several = any("," in parts.get(part, "") for part in _WITHIN_A_DAY)
        if parts.get("FREQ", "").strip() not in _SLOW_ENOUGH or several:
            raise Refused(TOO_OFTEN)
        # "FREQ=DAILY;FREQ=SECONDLY": parsers disagree on which of the two counts.
        if rule.count("FREQ") > 1 or not parts.get("INTERVAL", "1").strip("0"):
            raise Refused(TOO_OFTEN)


def _spelled_out(lines: Iterable[str]) -> Iterator[str]:
    """Give the lines, with an entry for each period of what says free and busy only.

    Some calendars publish nothing else (RFC 5545 §3.6.4); everything after treats it as entries.
    """
    for line in lines:
        head = line[:16].rstrip().upper()
        if head.startswith(("FREEBUSY:", "FREEBUSY;")):
            yield from _entries(line)
        elif head not in {"BEGIN:VFREEBUSY", "END:VFREEBUSY"}:
            yield line


def _entries(line: str) -> Iterator[str]:
    kind, _, periods = line.partition(":")
    kind = kind.upper()
    if "FBTYPE=FREE" in kind:
        return
    status = "TENTATIVE" if "FBTYPE=BUSY-TENTATIVE" in kind else "CONFIRMED"
    for period in periods.split(","):
        start, _, end = period.partition("/")
        name = "DURATION" if end[:1] in {"P", "+"} else "DTEND"
        yield from ("BEGIN:VEVENT", f"DTSTART:{start}", f"{name}:{end}", f"STATUS:{status}")
        yield "END:VEVENT"


def _lines(text: str) -> Iterator[str]:
    """Give the lines, folded ones put together again (RFC 5545 §3.1), whatever ends them."""
    parts: list[str] = []
    for line in re.split(r"\r\n|\n|\r", text.replace("\x00", "")):
        if line[:1] in {" ", "\t"} and parts:
            parts.append(line[1:])
            continue
        if parts:
            yield "".join(parts)
        parts = [line]
    yield "".join(parts)
