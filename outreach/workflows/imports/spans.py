"""Cells that hold stretches of time: days of the week with hours, and days away.

Like `cells`, each function takes text that is not blank and raises `CellProblem`.
"""

import re
from dataclasses import dataclass
from datetime import date, time

from outreach.i18n import lazy
from outreach.workflows.imports import cells
from outreach.workflows.imports.cells import CellProblem

EXAMPLE = "Mon, Wed 10:00-15:00; Sat 9am-1pm"
LONGEST_AWAY_DAYS = 366
MORNING, NOON = time(6), time(12)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """Hours on a weekday (0 is Monday), in the wall time of whoever keeps them."""

    weekday: int
    starts: time
    ends: time


@dataclass(frozen=True, slots=True, order=True)
class Days:
    """A run of days, both ends inclusive."""

    first: date
    last: date


def weekly(text: str) -> tuple[Window, ...]:
    """Read weekly hours, sorted, overlapping ones joined.

    "Wed 1pm-8pm; Sun 12pm-5pm", "Mon, Wed, Fri 10:00-15:00", "Daily 13:00-20:00" (hours without
    a day are daily too), "Mon 9-11am, 2-4pm" (the second hours have the first's day).
    """
    ranges = list(_RANGE.finditer(text))
    if not ranges or _meant(text[ranges[-1].end() :]):
        raise _no_hours(text)
    windows: list[Window] = []
    weekdays, read_until = tuple(range(7)), 0
    for found in ranges:
        if between := _meant(text[read_until : found.start()]):
            weekdays = _weekdays(between, text=text)
        starts, ends = _hours(found["from"], found["until"], text=text)
        windows += [Window(weekday, starts, ends) for weekday in weekdays]
        read_until = found.end()
    return _joined(windows)


def nightly(windows: tuple[Window, ...]) -> CellProblem | None:
    """Return what to ask about hours that are more likely an afternoon's: "1:00-5:00"."""
    found = [each for each in windows if each.starts < MORNING and each.ends <= NOON]
    if not found:
        return None
    return CellProblem(
        lazy("%(starts)s to %(ends)s was read as the night. In the afternoon, write 1pm-5pm."),
        starts=found[0].starts.isoformat("minutes"),
        ends=found[0].ends.isoformat("minutes"),
    )


def away(text: str) -> tuple[Days, ...]:
    """Read days away: "2026-12-20 - 1/3/27", "Dec 24, 2026", several parted by semicolons."""
    return tuple(
        sorted({_run_of_days(part) for part in map(str.strip, re.split(r"[;\n]", text)) if part})
    )


def _hours(starts_text: str, ends_text: str, *, text: str) -> tuple[time, time]:
    ends = cells.time_of_day(ends_text)
    starts = _start(starts_text, ends_text, ends=ends)
    if starts >= ends:
        raise CellProblem(
            lazy(
                "“%(value)s” ends before it begins. Write the earlier time first, like %(example)s."
            ),
            value=text,
            example=EXAMPLE,
        )
    return starts, ends


def _start(starts_text: str, ends_text: str, *, ends: time) -> time:
    """Read "1" of "1-3pm" as 1 PM, and "11" of "11-3pm" as 11 AM: the half that comes before."""
    half = re.search(r"[ap]\.?\s?m?\.?$", ends_text, re.IGNORECASE)
    if half is None or re.search(r"[a-z]", starts_text, re.IGNORECASE):
        return cells.time_of_day(starts_text)
    starts = cells.time_of_day(f"{starts_text} {half[0]}")
    return starts if starts < ends else cells.time_of_day(f"{starts_text} am")


def _weekdays(words: str, *, text: str) -> tuple[int, ...]:
    found: list[int] = []
    for word in filter(None, _DAY_BREAK.split(words)):
        first, dash, last = (part.strip() for part in word.partition("-"))
        if not dash:
            found += _day_words(word, text=text)
            continue
        start, end = (_weekday(each, text=text) for each in (first, last))
        found += [(start + step) % 7 for step in range((end - start) % 7 + 1)]
    return tuple(dict.fromkeys(found))


def _day_words(word: str, *, text: str) -> tuple[int, ...]:
    return _DAY_GROUPS.get(word) or (_weekday(word, text=text),)


def _weekday(word: str, *, text: str) -> int:
    number = cells.weekday_named(word)
    if number is None:
        raise _no_hours(text)
    return number


def _meant(text: str) -> str:
    """Return what stands between two ranges, without separators; '' when nothing does."""
    plain = re.sub(r"[–—]", "-", cells.folded(text))
    plain = re.sub(r"\b(?:and|from|at|on)\b|[;,:&/]", " ", plain)
    plain = re.sub(r"\s*(?:-|\b(?:to|through|thru)\b)\s*", "-", plain)
    return " ".join(plain.replace("every day", "daily").split()).strip(" -.")


def _joined(windows: list[Window]) -> tuple[Window, ...]:
    joined: list[Window] = []
    for window in sorted(windows):
        last = joined[-1] if joined else None
        if last and last.weekday == window.weekday and window.starts <= last.ends:
            joined[-1] = Window(last.weekday, last.starts, max(last.ends, window.ends))
        else:
            joined.append(window)
    return tuple(joined)


def _run_of_days(text: str) -> Days:
    pairs = [(text[: m.start()], text[m.end() :]) for m in _DASH.finditer(text)]
    for first_text, last_text in pairs:
        try:
            first, last = cells.day(first_text.strip()), cells.day(last_text.strip())
        except CellProblem:
            continue
        return _forward(first, last, text=text)
    spaced = [m for m in _DASH.finditer(text) if " " in m[0]]
    if len(spaced) == 1:
        # Neither side would do: let the one that is wrong say so.
        cells.day(text[: spaced[0].start()].strip())
        cells.day(text[spaced[0].end() :].strip())
    one = cells.day(text)
    return Days(one, one)


def _forward(first: date, last: date, *, text: str) -> Days:
    if last < first:
        raise CellProblem(
            lazy("“%(value)s” ends before it begins. Swap the two dates."), value=text
        )
    if (last - first).days > LONGEST_AWAY_DAYS:
        raise CellProblem(
            lazy("“%(value)s” is longer than a year. Write the years of both dates."), value=text
        )
    return Days(first, last)


def _no_hours(text: str) -> CellProblem:
    return CellProblem(
        lazy("“%(value)s” does not say which days and hours. Write it like %(example)s."),
        value=text,
        example=EXAMPLE,
    )


_DAY_GROUPS = {
    "daily": tuple(range(7)),
    "everyday": tuple(range(7)),
    "weekdays": tuple(range(5)),
    "weekends": (5, 6),
    "weekend": (5, 6),
}
_DAY_BREAK = re.compile(r"\s+")
_CLOCK = r"(?:noon|midnight|[0-9]{1,2}(?:[:.][0-9]{2}){0,2}\s*(?:[ap]\.?\s?m\b\.?|[ap]\b)?)"
_RANGE = re.compile(
    rf"(?P<from>{_CLOCK})\s*(?:[-–—]|\bto\b|\buntil\b)\s*(?P<until>{_CLOCK})", re.IGNORECASE
)
_DASH = re.compile(r"\s*(?:[-–—]|\b(?:to|until|through|thru)\b)\s*", re.IGNORECASE)
