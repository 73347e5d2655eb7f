"""What is asked and told after a visit: when, by whom, within which bounds. Pure, as all rules."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from outreach.actor import Actor, Kind

ASK_AFTER: Final = timedelta(hours=1)
"""How long after a visit's end its people are asked."""

ASK_WITHIN: Final = timedelta(days=7)
"""A visit that ended longer ago is asked about no more, after a worker's long silence either."""

OPEN_FOR: Final = timedelta(days=14)
"""How long speakers and units may tell, and change what they told; so long live their links."""

MOST_MINUTES: Final = 24 * 60
MOST_MILES: Final = 1000
MOST_PEOPLE: Final = 500
MOST_REPORTS: Final = 10
"""How many incident reports a visit takes but from coordinators: each one sends a mail."""

_HOURS: Final = re.compile(r"(\d{1,4})(?:[.,](\d{1,2})|:([0-5]\d))?")


class Teller(StrEnum):
    """Who says something about a visit that is over."""

    SPEAKER = "speaker"
    LIAISON = "liaison"
    COORDINATOR = "coordinator"


class Said(StrEnum):
    """What may be said of it."""

    CAME = "came"
    EFFORT = "effort"
    AUDIENCE = "audience"
    WARD_REPORT = "ward_report"
    DEBRIEF = "debrief"
    INCIDENT = "incident"


class HowWasIt(StrEnum):
    """A speaker's word on the visit."""

    WELL = "well"
    MIXED = "mixed"
    HARD = "hard"
    NOT_THERE = "not_there"
    NOT_HELD = "not_held"


class HowAreYou(StrEnum):
    """A speaker's word on herself. It ranks nobody."""

    WELL = "well"
    ALL_RIGHT = "all_right"
    NOT_SO_WELL = "not_so_well"
    CALL = "call"


class Outcome(StrEnum):
    """A unit's word on the visit."""

    ALL_CAME = "all_came"
    SOMEONE_MISSING = "someone_missing"
    NOT_HELD = "not_held"


class Incident(StrEnum):
    """What an incident was about."""

    HURT = "hurt"
    DISTRESS = "distress"
    BOUNDARY = "boundary"
    PRIVACY = "privacy"
    OTHER = "other"


WAITS_FOR_A_CALL: Final = frozenset({HowAreYou.NOT_SO_WELL, HowAreYou.CALL})
"""Answers after which a coordinator calls."""

_BY_ALL: Final = frozenset({Said.CAME, Said.AUDIENCE, Said.INCIDENT})
MAY_SAY: Final[Mapping[Teller, frozenset[Said]]] = {
    Teller.SPEAKER: _BY_ALL | {Said.EFFORT, Said.DEBRIEF},
    Teller.LIAISON: _BY_ALL | {Said.WARD_REPORT},
    Teller.COORDINATOR: _BY_ALL | {Said.EFFORT},
}
"""Who may say what. Of themselves alone, where it is about a speaker: scopes see to that."""


def teller(by: Actor) -> Teller:
    """Return as whom somebody speaks; a link without a speaker is a unit's.

    Raises:
        ValueError: nobody who has a word in this.
    """
    if by.kind is Kind.COORDINATOR:
        return Teller.COORDINATOR
    if by.kind in {Kind.SPEAKER, Kind.LINK} and by.speaker_id is not None:
        return Teller.SPEAKER
    if by.kind in {Kind.LIAISON, Kind.LINK}:
        return Teller.LIAISON
    raise ValueError(f"A {by.kind} has nothing to say about a visit.")


def may_say(who: Teller, what: Said) -> bool:
    """Say whether it is for this teller to say."""
    return what in MAY_SAY[who]


def asked_about(now: datetime) -> tuple[datetime, datetime]:
    """Return between which ends, both included, a visit's people are to be asked now.

    From seven days to one hour ago.
    """
    return now - ASK_WITHIN, now - ASK_AFTER


def ask_until(ends_at: datetime) -> datetime:
    """Return until when a question about a visit may still leave."""
    return ends_at + ASK_WITHIN


def open_until(ends_at: datetime) -> datetime:
    """Return from when on speakers and units tell no more, and their links are dead."""
    return ends_at + OPEN_FOR


def is_open(ends_at: datetime, *, to: Teller, now: datetime) -> bool:
    """Say whether something may be told now: after the end, by coordinators however late."""
    return ends_at <= now and (to is Teller.COORDINATOR or now < open_until(ends_at))


def may_report(starts_at: datetime, ends_at: datetime, *, by: Teller, now: datetime) -> bool:
    """Say whether an incident may be reported now: from the visit's start on."""
    return starts_at <= now and (by is Teller.COORDINATOR or now < open_until(ends_at))


def prevails(who: Teller, *, over: Teller | None) -> bool:
    """Say whether a word may take the place of another's: a coordinator's record stands."""
    return over is not Teller.COORDINATOR or who is Teller.COORDINATOR


def came(how_was_it: HowWasIt) -> bool:
    """Say whether a speaker came, by her own word."""
    return how_was_it not in {HowWasIt.NOT_THERE, HowWasIt.NOT_HELD}


def came_by_unit(outcome: Outcome, *, is_missing: bool) -> bool:
    """Say whether a speaker came, by the unit's word."""
    return outcome is Outcome.ALL_CAME or (outcome is Outcome.SOMEONE_MISSING and not is_missing)


def counts_effort(how_was_it: HowWasIt) -> bool:
    """Say whether time and miles count: also for the way to a visit that did not take place."""
    return how_was_it is not HowWasIt.NOT_THERE


def minutes_typed(hours: str) -> int | None:
    """Return the whole minutes of hours as people type them; None for anything else.

    "2", "1.5", "1,5" and "1:30" are read; bounds are `out_of_bounds`' business.
    """
    found = _HOURS.fullmatch(hours.strip())
    if found is None:
        return None
    whole, part, minutes = found.groups()
    if part:
        minutes = round(int(f"{part:0<2}") * 60 / 100)
    return int(whole) * 60 + int(minutes or 0)


def out_of_bounds(
    *, minutes: int | None = None, miles: int | None = None, people: int | None = None
) -> tuple[str, ...]:
    """Name every field whose number cannot be: 0 to 24 hours, 1000 miles, 500 people."""
    bounds = (
        ("hours", minutes, MOST_MINUTES),
        ("miles", miles, MOST_MILES),
        ("people", people, MOST_PEOPLE),
    )
    return tuple(name for name, said, most in bounds if said is not None and not 0 <= said <= most)
