"""A week or a month as a page draws it, for every role: from the address to days with their visits.

Weeks begin on Sunday. Addresses say `?view=week&week=2026-12-01` (any day of it) or
`?view=month&month=2026-12`; where they say nothing that can be meant, now is meant.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_skeleton

from outreach import i18n
from outreach.i18n import gettext as _
from outreach.reads import words
from outreach.reads.days import DayVisit, Span

VIEWS = ("list", "week", "month")

_SUNDAY = date(2024, 1, 7)
_A_WEEK = timedelta(days=7)
_MONTH = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])")
_DAY = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")

Url = Callable[..., str]
"""Give the address of the same page, filters kept, with these arguments (`view`, `week`, …)."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is asked for. `first` is the week's Sunday or the month's first day."""

    view: str
    first: date
    today: date

    @property
    def span(self) -> Span:
        """The days that are drawn: the week, or all weeks that touch the month."""
        if self.view == "week":
            return Span(self.first, self.first + _A_WEEK)
        last = _month_after(self.first) - timedelta(days=1)
        return Span(_sunday(self.first), _sunday(last) + _A_WEEK)

    @property
    def args(self) -> dict[str, str]:
        """What the address says of it."""
        day = self.first.isoformat()
        return {"view": self.view, self.view: day if self.view == "week" else day[:7]}

    @property
    def has_today(self) -> bool:
        """Say whether it is this week, or this month."""
        return self == _begins(self.view, self.today, today=self.today)


@dataclass(frozen=True, slots=True)
class Entry:
    """One visit in a day. `words` says how it stands; in a month a `mark` does, if there is one."""

    kind: str
    words: str
    time: str
    place: str
    href: str
    second: str
    who: str
    mark: str


@dataclass(frozen=True, slots=True)
class Day:
    """One day of the table, and how the agenda of a phone names it."""

    label: str
    long: str
    outside: bool
    today: bool
    visits: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Turn:
    """A way to another week or month."""

    label: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What the macro `calendar` draws. `now` is the way to this week or month, if it is another."""

    view: str
    title: str
    headings: Sequence[tuple[str, str]]
    weeks: Sequence[Sequence[Day]]
    before: Turn
    after: Turn
    now: Turn | None
    zone_words: str
    printed: str


def asked_for(args: Mapping[str, str], *, now: datetime, zone: str) -> Sheet | None:
    """Return the week or the month of the address; None means the list."""
    today = now.astimezone(ZoneInfo(zone)).date()
    view = args.get("view", "")
    if view not in VIEWS[1:]:
        return None
    text = args.get(view, "")
    day = _day_of(text) if view == "week" else _first_of(text)
    return _begins(view, day or today, today=today)


def choices(sheet: Sheet | None, *, url: Url) -> list[dict[str, object]]:
    """Return list, week and month for the macro `views`; week and month lead to each other."""
    labels = {"list": _("List"), "week": _("Week"), "month": _("Month")}
    return [
        {
            "label": labels[view],
            "href": url(**_beside(sheet, view)),
            "current": view == (sheet.view if sheet else "list"),
        }
        for view in VIEWS
    ]


def draw(
    sheet: Sheet,
    visits: Sequence[DayVisit],
    *,
    url: Url,
    href: Callable[[DayVisit], str],
    zone: str,
    now: datetime,
) -> Drawn:
    """Return the sheet with its visits; `zone` is the reader's, for where there are none."""
    before, after = _turned(sheet, -1), _turned(sheet, 1)
    this = _begins(sheet.view, sheet.today, today=sheet.today)
    back = _("This week") if sheet.view == "week" else _("This month")
    return Drawn(
        view=sheet.view,
        title=_title(sheet),
        headings=_headings(),
        weeks=_weeks(sheet, visits, href=href),
        before=Turn(_short_title(before, beside=sheet), url(**before.args)),
        after=Turn(_short_title(after, beside=sheet), url(**after.args)),
        now=None if sheet.has_today else Turn(back, url(**this.args)),
        zone_words=zone_words([visit.zone for visit in visits], zone=zone),
        printed=_printed(now, zone=zone),
    )


def zone_words(zones: Sequence[str], *, zone: str) -> str:
    """Say in which zone the times are; `zone` is meant where there are none."""
    found = set(zones) or {zone}
    if len(found) == 1:
        return _("All times are %(zone)s.", zone=i18n.zone_name(found.pop()))
    return _("Each time is the hospital’s own.")


def _begins(view: str, day: date, *, today: date) -> Sheet:
    return Sheet(view, _sunday(day) if view == "week" else day.replace(day=1), today)


def _beside(sheet: Sheet | None, view: str) -> dict[str, str]:
    """Say where another view begins: at today where that is seen now, else with the same days."""
    if view == "list":
        return {}
    if sheet is None:
        return {"view": view}
    if sheet.view == view:
        return sheet.args
    # The middle of a week is in the month that most of its days are in.
    day = sheet.first + timedelta(days=3) if sheet.view == "week" else sheet.first
    if sheet.has_today:
        day = sheet.today
    return _begins(view, day, today=sheet.today).args


def _turned(sheet: Sheet, by: int) -> Sheet:
    if sheet.view == "week":
        return Sheet("week", sheet.first + by * _A_WEEK, sheet.today)
    day = _month_after(sheet.first) if by > 0 else sheet.first - timedelta(days=1)
    return _begins("month", day, today=sheet.today)


def _title(sheet: Sheet) -> str:
    """Return "December 2026", or "Week of November 29, 2026"."""
    if sheet.view == "week":
        return _("Week of %(day)s", day=i18n.day(sheet.first, weekday=False, year=True))
    return words.capital(format_skeleton("yMMMM", sheet.first, locale=i18n.locale()))


def _short_title(sheet: Sheet, *, beside: Sheet) -> str:
    """Return "January", with its year where that is not the year beside it; of a week which one."""
    if sheet.view == "week":
        return _("Week before") if sheet.first < beside.first else _("Week after")
    if sheet.first.year != beside.first.year:
        return _title(sheet)
    return words.capital(format_date(sheet.first, "LLLL", locale=i18n.locale()))


def _headings() -> list[tuple[str, str]]:
    """Return short and long names of the weekdays, Sunday first."""
    days = [_SUNDAY + timedelta(days=number) for number in range(7)]
    return [
        (
            words.capital(format_date(day, "EEE", locale=i18n.locale())),
            format_date(day, "EEEE", locale=i18n.locale()),
        )
        for day in days
    ]


def _weeks(
    sheet: Sheet, visits: Sequence[DayVisit], *, href: Callable[[DayVisit], str]
) -> list[list[Day]]:
    """Return the weeks, each day with its visits in order of time."""
    by_day: dict[date, list[Entry]] = defaultdict(list)
    has_zones = len({visit.zone for visit in visits}) > 1
    for visit in visits:
        entry = _entry(visit, href(visit), whole=sheet.view == "week", with_zone=has_zones)
        by_day[visit.day].append(entry)
    begin, end = sheet.span.begin, sheet.span.end
    days = [begin + timedelta(days=number) for number in range((end - begin).days)]
    shown = [
        Day(
            label=_label(day, begins=day == begin),
            long=words.capital(i18n.day(day)),
            outside=sheet.view == "month" and day.month != sheet.first.month,
            today=day == sheet.today,
            visits=by_day.get(day, ()),
        )
        for day in days
    ]
    return [shown[number : number + 7] for number in range(0, len(shown), 7)]


def _entry(visit: DayVisit, href: str, *, whole: bool, with_zone: bool) -> Entry:
    """Say when and where; `whole` says until when too, `with_zone` where the zones differ."""
    if whole:
        at = i18n.hours(visit.starts_at, visit.ends_at, zone=visit.zone)
    else:
        at = i18n.clock_time(visit.starts_at, zone=visit.zone)
    return Entry(
        kind=visit.status.kind,
        words=visit.status.words,
        time=f"{at} {i18n.zone_name(visit.zone)}" if with_zone else at,
        place=visit.place.replace("St. ", f"St.{i18n.NBSP}"),
        href=href,
        second=visit.second,
        who=visit.who,
        mark=visit.mark,
    )


def _label(day: date, *, begins: bool) -> str:
    if begins or day.day == 1:
        return format_skeleton("MMMd", day, locale=i18n.locale())
    return str(day.day)


def _printed(now: datetime, *, zone: str) -> str:
    local = now.astimezone(ZoneInfo(zone))
    return _(
        "Printed on %(day)s at %(time)s, %(zone)s.",
        day=i18n.day(local, weekday=False, year=True),
        time=i18n.clock_time(local),
        zone=i18n.zone_name(zone),
    )


def _first_of(text: str) -> date | None:
    found = _MONTH.fullmatch(text)
    return date(int(found[1]), int(found[2]), 1) if found else None


def _day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def _sunday(day: date) -> date:
    """Return the Sunday on or before a day."""
    return day - timedelta(days=(day.weekday() + 1) % 7)


def _month_after(first: date) -> date:
    return (first + timedelta(days=32)).replace(day=1)
