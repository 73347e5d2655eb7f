"""A month as the page draws it: weeks from Sunday to Saturday with their visits."""

import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_date, format_skeleton

from outreach import i18n
from outreach.reads import board, words
from outreach.reads.board import VisitRow

_SUNDAY = date(2024, 1, 7)
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit in a day."""

    kind: str
    words: str
    time: str
    place: str
    href: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the table, and how the agenda of a phone names it."""

    label: str
    long: str
    outside: bool
    today: bool
    visits: Sequence[Entry]


def asked_for(text: str, *, today: date) -> date:
    """Return the first day of the month in the address, or of this one."""
    found = _MONTH.fullmatch(text)
    return date(int(found[1]), int(found[2]), 1) if found else today.replace(day=1)


def beside(first: date) -> tuple[date, date]:
    """Return the first days of the month before and of the month after."""
    return (
        (first - timedelta(days=1)).replace(day=1),
        (first + timedelta(days=32)).replace(day=1),
    )


def name(first: date) -> str:
    """Return "December 2026"."""
    return words.capital(format_skeleton("yMMMM", first, locale=i18n.locale()))


def short_name(first: date, *, beside: date) -> str:
    """Return "January", with its year where that is not the year of the month beside it."""
    if first.year != beside.year:
        return name(first)
    return words.capital(format_date(first, "LLLL", locale=i18n.locale()))


def headings() -> list[tuple[str, str]]:
    """Return short and long names of the weekdays, Sunday first."""
    days = [_SUNDAY + timedelta(days=number) for number in range(7)]
    return [
        (
            words.capital(format_date(day, "EEE", locale=i18n.locale())),
            format_date(day, "EEEE", locale=i18n.locale()),
        )
        for day in days
    ]


def weeks(
    rows: Sequence[VisitRow], *, first: date, today: date, href: Callable[[VisitRow], str]
) -> list[list[Day]]:
    """Return the weeks that touch the month, each day with its visits in order of time."""
    by_day: dict[date, list[Entry]] = defaultdict(list)
    for row in rows:
        by_day[row.day].append(_entry(row, href(row)))
    begin, end = board.weeks_around(first)
    days = [begin + timedelta(days=number) for number in range((end - begin).days)]
    shown = [
        Day(
            label=_label(day, begins=day == begin),
            long=words.capital(i18n.day(day)),
            outside=(day.year, day.month) != (first.year, first.month),
            today=day == today,
            visits=by_day.get(day, ()),
        )
        for day in days
    ]
    return [shown[number : number + 7] for number in range(0, len(shown), 7)]


def _entry(row: VisitRow, href: str) -> Entry:
    status = row.status
    at = i18n.clock_time(row.starts_at, zone=row.zone)
    place = row.hospital.replace("St. ", f"St.{i18n.NBSP}")
    return Entry(status.kind, status.words, at, place, href)


def _label(day: date, *, begins: bool) -> str:
    if begins or day.day == 1:
        return format_skeleton("MMMd", day, locale=i18n.locale())
    return str(day.day)
