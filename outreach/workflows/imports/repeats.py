"""How a visit repeats, in a coordinator's words → the dates of a series.

Dates are wall dates: the time of day stays the same across both changes of daylight saving, and a
third Monday stays one in a month of five Mondays (RFC 5545 §3.3.10, by dateutil).

The date in the row is the first visit, also where it does not itself fit the pattern ("Tuesday
March 9, 3rd Monday of the month"): somebody wrote that date on purpose, and it counts in "x 6".
The caller is told (`Series.first_fits`), so that a coordinator can decide otherwise.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice

from dateutil import rrule

from outreach.i18n import lazy
from outreach.workflows.imports import cells
from outreach.workflows.imports.cells import CellProblem

MOST_VISITS = 60
"""More than a year of weekly visits is more likely a slip than a plan."""
MOST_WEEKS = 26


@dataclass(frozen=True, slots=True)
class Repeat:
    """A pattern with an end. Weekly if `ordinals` is empty, else those weekdays of each month.

    An ordinal is 1 to 5, or -1 for the last. `weekday` None is the weekday of the first date.
    Exactly one of `until` (inclusive) and `count` (the first visit counts) is set.
    """

    every_weeks: int = 1
    ordinals: tuple[int, ...] = ()
    weekday: int | None = None
    until: date | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """The dates of a repeat, ascending, the first one given included."""

    dates: tuple[date, ...]
    first_fits: bool


def parse(text: str) -> Repeat:
    """Read "weekly until 2027-04-30", "every 2 weeks x 6", "1st and 3rd Thu x 6" and the like."""
    found = _END.search(text)
    if found is None:
        raise _unknown(text)
    until, count = None, None
    if found["date"]:
        until = cells.day(found["date"].strip())
    else:
        count = cells.whole_number(found["count"] or found["times"], least=1, most=MOST_VISITS)
    every_weeks, ordinals, weekday = _pattern(cells.folded(text[: found.start()]), text=text)
    return Repeat(every_weeks, ordinals, weekday, until, count)


def lay_out(repeat: Repeat, *, first: date) -> Series:
    """Return every date of `repeat` that begins on `first`.

    Raises:
        CellProblem: it ends before it begins, or has more than `MOST_VISITS` dates.
    """
    if repeat.until is not None and repeat.until < first:
        raise CellProblem(
            lazy(
                "The repeat ends on %(until)s, before its first visit on %(first)s. Write a"
                " later end."
            ),
            until=repeat.until.isoformat(),
            first=first.isoformat(),
        )
    wanted = repeat.count or MOST_VISITS + 1
    fitting = [moment.date() for moment in islice(_rule(repeat, first=first), wanted)]
    first_fits = fitting[:1] == [first]
    dates = tuple(fitting) if first_fits else (first, *fitting)[:wanted]
    if len(dates) > MOST_VISITS:
        raise CellProblem(
            lazy("The repeat has more than %(most)s visits. Write an earlier end."),
            most=MOST_VISITS,
        )
    return Series(dates, first_fits)


def _rule(repeat: Repeat, *, first: date) -> rrule.rrule:
    weekday = first.weekday() if repeat.weekday is None else repeat.weekday
    until = repeat.until and datetime.combine(repeat.until, time())
    start = datetime.combine(first, time())
    if not repeat.ordinals:
        return rrule.rrule(
            rrule.WEEKLY, start, interval=repeat.every_weeks, byweekday=weekday, until=until
        )
    days = [rrule.weekday(weekday, ordinal) for ordinal in repeat.ordinals]
    return rrule.rrule(rrule.MONTHLY, start, byweekday=days, until=until)


def _pattern(words: str, *, text: str) -> tuple[int, tuple[int, ...], int | None]:
    """Return weeks between visits, ordinals and weekday, as `Repeat` has them."""
    pattern = " ".join(word for word in _WORD.findall(words) if word not in _FILLERS)
    if found := _WEEKLY.fullmatch(pattern):
        weeks = 2 if found["twice"] or found["other"] else int(found["weeks"] or 1)
        name = found["weekday"] or found["only_weekday"]
        weekday = cells.weekday_named(name) if name else None
        if 1 <= weeks <= MOST_WEEKS and (weekday is None) == (name is None):
            return weeks, (), weekday
    *ordinals, name = pattern.removeprefix("every ").split() or [""]
    weekday = cells.weekday_named(name)
    if ordinals and weekday is not None and set(ordinals) <= _ORDINALS.keys():
        return 1, tuple(sorted({_ORDINALS[word] for word in ordinals})), weekday
    raise _unknown(text)


def _unknown(text: str) -> CellProblem:
    return CellProblem(
        lazy(
            "“%(value)s” does not say how the visit repeats and until when. Write it like “weekly"
            " until 2027-04-30”, “every 2 weeks x 6” or “3rd Monday of the month until 2027-06-30”."
        ),
        value=text,
    )


_END = re.compile(
    r"(?:\b(?:until|till|through|thru|to|ending)\s+(?P<date>.+)"
    r"|[x×*]\s*(?P<count>[0-9]{1,4})(?:\s*(?:visits?|times))?"
    r"|(?:\bfor\s+)?\b(?P<times>[0-9]{1,4})\s*(?:visits?|times))\s*\.?$",
    re.IGNORECASE | re.DOTALL,
)
_WORD = re.compile(r"[^\W_]+")
_FILLERS = {"on", "the", "and", "of", "each", "month", "monthly"}
_WEEKLY = re.compile(
    r"(?:weekly|every week|(?P<twice>biweekly|fortnightly|every other week)"
    r"|every (?P<weeks>[0-9]{1,2}) weeks?)(?: (?P<weekday>[a-z]+))?"
    r"|every (?P<other>other )?(?P<only_weekday>[a-z]+)"
)
_ORDINALS = {
    "1st": 1,
    "2nd": 2,
    "3rd": 3,
    "4th": 4,
    "5th": 5,
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
    "last": -1,
}
