"""What a program, a unit's hours, an affiliate's settings and an agreement may be. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
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

INTAKES = ("link", "account", "phone")
"""How an affiliate receives: by a mailed link, by accounts, or through the coordinator's calls."""
CAPACITIES = ("has_capacity", "additional_assessment_required", "waitlist", "no_capacity")
"""In the order in which affiliates are named to who refers."""
MOST_CLOSED_DAYS = 100
LONGEST_NAME = 80
FIRST_YEAR, LAST_YEAR = 2000, 2100
_AMERICAN = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
AGREEMENT_KINDS = ("business_associate", "counsel_memo")

SHORTEST_DAY = 60
"""Minutes an office is open on a day, at least."""

CLOCK_BOUNDS: Mapping[str, tuple[int, int]] = {
    "acknowledge_days": (1, 10),
    "accept_days": (1, 20),
    "grace_days": (0, 20),
    "attempt_days": (1, 10),
    "attempt_red_hours": (1, 240),
    "connect_days": (1, 60),
    "close_days": (1, 180),
    "hold_days": (1, 30),
    "expiry_warning_days": (1, 60),
}
"""How long each step of a referral may be given, at least and at most (referrals.md)."""


class Obstacle(StrEnum):
    """Why no referral can be made from a unit."""

    HOSPITAL_ARCHIVED = "hospital_archived"
    UNIT_ARCHIVED = "unit_archived"
    PART_TWO = "part_two"
    NO_AGREEMENT = "no_agreement"
    AGREEMENT_ENDED = "agreement_ended"
    AGREEMENT_TO_COME = "agreement_to_come"
    NO_FORM_PROFILE = "no_form_profile"


@dataclass(frozen=True, slots=True)
class AgreementFacts:
    """When an agreement holds: both days inclusive; on `ended_on`, if it was ended, no longer."""

    starts_on: date
    ends_on: date | None = None
    ended_on: date | None = None


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


def agreement(
    *, signed_on: date, starts_on: date, ends_on: date | None, reference: str, today: date
) -> None:
    """Check what is recorded of an agreement; `today` is the day at the hospital.

    Raises:
        RuleBroken: it is not signed yet, begins before that, ends before it begins, or nobody
            could find the paper.
    """
    if signed_on > today:
        raise RuleBroken(lazy("This day is still to come."), field="signed_on")
    if starts_on < signed_on:
        raise RuleBroken(lazy("An agreement cannot begin before it is signed."), field="starts_on")
    if ends_on is not None and ends_on < starts_on:
        raise RuleBroken(lazy("An agreement must end after it begins."), field="ends_on")
    if not reference.strip():
        raise RuleBroken(lazy("Say where the signed paper lies."), field="reference")


def is_in_force(agreement: AgreementFacts, on: date) -> bool:
    """Say whether an agreement holds on a day."""
    if agreement.ended_on is not None and agreement.ended_on <= on:
        return False
    return agreement.starts_on <= on and (agreement.ends_on is None or on <= agreement.ends_on)


def obstacles(
    *,
    agreements: Iterable[AgreementFacts],
    form_profile: str | None,
    hospital_archived: bool = False,
    unit_archived: bool = False,
    part_two: bool = False,
    on: date,
) -> tuple[Obstacle, ...]:
    """Return every reason why no referral can be made on a day; empty means one can."""
    found = []
    if hospital_archived:
        found.append(Obstacle.HOSPITAL_ARCHIVED)
    if unit_archived:
        found.append(Obstacle.UNIT_ARCHIVED)
    if part_two:
        found.append(Obstacle.PART_TWO)
    if (lacking := _lacking_agreement(tuple(agreements), on)) is not None:
        found.append(lacking)
    if form_profile is None:
        found.append(Obstacle.NO_FORM_PROFILE)
    return tuple(found)


def clocks(given: Mapping[str, int]) -> dict[str, int]:
    """Return an affiliate's clocks, every one within its bounds and none before the one it follows.

    Raises:
        RuleBroken: one is not; `field` is its name.
    """
    for name, (least, most) in CLOCK_BOUNDS.items():
        if not least <= given[name] <= most:
            raise RuleBroken(
                lazy("Write a number from %(least)s to %(most)s."),
                field=name,
                least=least,
                most=most,
            )
    if given["accept_days"] < given["acknowledge_days"]:
        raise RuleBroken(
            lazy("To accept cannot be due before the arrival is confirmed."), field="accept_days"
        )
    if given["close_days"] < given["connect_days"]:
        raise RuleBroken(
            lazy("A referral cannot be due to close before it connects."), field="close_days"
        )
    return {name: given[name] for name in CLOCK_BOUNDS}


def business_hours(*, weekdays: Iterable[int], opens: time, closes: time) -> list[int]:
    """Return the weekdays an office is open (0 is Monday), in order and each once.

    Raises:
        RuleBroken: it is never open, or for less than an hour: no deadline fits into that.
    """
    days = sorted(set(weekdays))
    if not days or days[0] < 0 or days[-1] > 6:  # noqa: PLR2004 - Sunday
        raise RuleBroken(lazy("Choose at least one day."), field="business_days")
    if closes <= opens:
        raise RuleBroken(lazy("The office must close after it opens."), field="closes")
    if (closes.hour * 60 + closes.minute) - (opens.hour * 60 + opens.minute) < SHORTEST_DAY:
        raise RuleBroken(lazy("The office must be open for an hour at least."), field="closes")
    return days


def intake(*, by: str, phone: str | None, email: str | None, has_keeper: bool) -> None:
    """Check that an affiliate can be reached in the way it receives.

    Raises:
        RuleBroken: a link needs an address, calls need a number, and accounts a bureau of its own.
    """
    if by == "account" and has_keeper:
        raise RuleBroken(
            lazy("An affiliate without coordinators of its own receives by link or by telephone."),
            field="intake_by",
        )
    if by == "link" and not email:
        raise RuleBroken(lazy("The link needs an e-mail address."), field="intake_email")
    if by == "phone" and not phone:
        raise RuleBroken(lazy("Calls need a telephone number."), field="intake_phone")


def away(*, away_from: date | None, away_until: date | None, has_deputy: bool, today: date) -> None:
    """Check the days the coordinator on duty is away; both are included, none is none.

    Raises:
        RuleBroken: one end is missing, they are turned round or over, or nobody stands in.
    """
    if away_from is None and away_until is None:
        return
    if away_from is None:
        raise RuleBroken(lazy("Choose the first day away as well."), field="away_from")
    if away_until is None:
        raise RuleBroken(lazy("Choose the last day away as well."), field="away_until")
    if away_until < away_from:
        raise RuleBroken(lazy("The last day is before the first."), field="away_until")
    if away_until < today:
        raise RuleBroken(lazy("These days are over."), field="away_until")
    if not has_deputy:
        raise RuleBroken(lazy("Choose who stands in on these days."), field="deputy")


def is_away(*, away_from: date | None, away_until: date | None, today: date) -> bool:
    """Say whether today, as a day of the affiliate's zone, is one of the days away."""
    return away_from is not None and away_until is not None and away_from <= today <= away_until


def closed_days(text: str) -> dict[date, str]:
    """Return an office's own closed days of lines like "2026-12-24 Christmas Eve".

    American dates (12/24/2026) are read as well; the name may be left out.

    Raises:
        RuleBroken: a line begins with no date, a day stands there twice, or there are too many.
    """
    found: dict[date, str] = {}
    lines = [" ".join(line.split()) for line in text.splitlines()]
    for line in filter(None, lines):
        written, _space, name = line.partition(" ")
        day = _day(written.rstrip(",:"))
        if day is None or len(name) > LONGEST_NAME:
            raise RuleBroken(
                lazy("“%(line)s” does not begin with a date. Write it like 2026-12-24."),
                field="closed_days",
                line=line[:LONGEST_NAME],
            )
        if day in found:
            raise RuleBroken(
                lazy("%(day)s stands there twice."), field="closed_days", day=day.isoformat()
            )
        found[day] = name
    if len(found) > MOST_CLOSED_DAYS:
        raise RuleBroken(
            lazy("Write at most %(most)s days."), field="closed_days", most=MOST_CLOSED_DAYS
        )
    return found


def _day(text: str) -> date | None:
    american = _AMERICAN.fullmatch(text)
    year, month, day = american.group(3, 1, 2) if american else ("", "", "")
    written = f"{year}-{int(month):02d}-{int(day):02d}" if american else text
    try:
        found = date.fromisoformat(written)
    except ValueError:
        return None
    return found if FIRST_YEAR <= found.year <= LAST_YEAR else None


def _lacking_agreement(agreements: Sequence[AgreementFacts], on: date) -> Obstacle | None:
    if not agreements:
        return Obstacle.NO_AGREEMENT
    if any(is_in_force(each, on) for each in agreements):
        return None
    begun = any(each.starts_on <= on for each in agreements)
    return Obstacle.AGREEMENT_ENDED if begun else Obstacle.AGREEMENT_TO_COME
