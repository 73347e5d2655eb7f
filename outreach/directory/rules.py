"""What a program, a unit's hours and an affiliate's settings may be. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from typing import Any

from outreach.errors import RuleBroken
from outreach.i18n import lazy

AGE_GROUPS = ("adult", "adolescent", "older adult")
ROLES = ("lead", "co-presenter", "peer", "family")
SHORTEST, LONGEST = 10, 480
MOST_PER_ROLE = 9
MOST_LENGTHS = 6
MOST_REMINDERS = 5
EARLIEST, LATEST = time(8), time(21)
"""Texts may never leave outside these hours (messaging.md)."""


@dataclass(frozen=True, slots=True)
class Span:
    """Visiting hours on one weekday (0 is Monday)."""

    weekday: int
    opens: time
    closes: time


def lengths(text: str) -> list[int]:
    """Return the lengths in minutes that a program may have, of "60, 90"; sorted, each once.

    Raises:
        RuleBroken: something in it is no usual length.
    """
    parts = [part for part in text.replace(",", " ").split() if part]
    if not parts or len(parts) > MOST_LENGTHS:
        raise RuleBroken(
            lazy("Write one or more lengths in minutes, like 60, 90."), field="minutes"
        )
    if not all(part.isascii() and part.isdecimal() and len(part) <= 3 for part in parts):  # noqa: PLR2004 - digits
        raise RuleBroken(
            lazy("Write one or more lengths in minutes, like 60, 90."), field="minutes"
        )
    found = sorted({int(part) for part in parts})
    if found[0] < SHORTEST or found[-1] > LONGEST:
        raise RuleBroken(
            lazy("A visit takes from %(least)s to %(most)s minutes."),
            field="minutes",
            least=SHORTEST,
            most=LONGEST,
        )
    return found


def roles(counts: Mapping[str, int]) -> dict[str, int]:
    """Return how many people a program needs in each role, without the roles it does not need.

    Raises:
        RuleBroken: it needs nobody.
    """
    needed = {role: count for role, count in counts.items() if count}
    if not needed:
        raise RuleBroken(
            lazy("A program needs at least one person."), field=next(iter(counts), None)
        )
    return needed


def hours(spans: Sequence[Span]) -> list[Span]:
    """Return visiting hours that are right, in order.

    Raises:
        RuleBroken: a span closes before it opens, or two of a day overlap; `field` is
            "closes_<weekday>".
    """
    ordered = sorted(spans, key=lambda span: (span.weekday, span.opens))
    last: Span | None = None
    for span in ordered:
        if span.closes <= span.opens:
            raise RuleBroken(
                lazy("Visiting hours must end after they begin."), field=f"closes_{span.weekday}"
            )
        if last and last.weekday == span.weekday and span.opens < last.closes:
            raise RuleBroken(lazy("Two spans of this day overlap."), field=f"closes_{span.weekday}")
        last = span
    return ordered


def quiet(*, quiet_from: time, quiet_until: time) -> None:
    """Check quiet hours: they lie over the night and leave nothing outside 8:00 AM to 9:00 PM.

    Raises:
        RuleBroken: they don't.
    """
    if quiet_until < EARLIEST:
        raise RuleBroken(lazy("Texts may begin at 8:00 AM or later."), field="quiet_until")
    if quiet_from > LATEST:
        raise RuleBroken(lazy("Texts must end by 9:00 PM."), field="quiet_from")
    if quiet_until >= quiet_from:
        raise RuleBroken(lazy("Texts must begin before they end."), field="quiet_until")


def reminders(plan: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a reminder plan without repeats, the earliest reminder first."""
    unique = {(each["before"], each["count"]): dict(each) for each in plan}
    in_hours = {"days": 24, "hours": 1}
    ordered = sorted(unique.values(), key=lambda r: -r["count"] * in_hours[r["before"]])
    return ordered[:MOST_REMINDERS]
