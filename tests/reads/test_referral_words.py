"""Codes of a referral become words, in both languages."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest

from outreach.i18n import speaking
from outreach.reads import referral_words as words
from outreach.reads.words import Status
from outreach.referrals.codes import (
    Action,
    Cancel,
    Channel,
    Decline,
    Evidence,
    Field,
    Group,
    Hold,
    Outcome,
    Result,
    Revoked,
    State,
)
from outreach.referrals.machine import Clock
from outreach.referrals.profiles import Element
from tests.builders import NOW, ZONE

NBSP = "\N{NO-BREAK SPACE}"
CHICAGO = "America/Chicago"


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        (words.DECLINES, Decline),
        (words.CANCELS, Cancel),
        (words.HOLDS, Hold),
        (words.ON_HOLD, Hold),
        (words.CHANNELS, Channel),
        (words.RESULTS, Result),
        (words.OUTCOMES, Outcome),
        (words.GROUPS, Group),
        (words.FIELDS, Field),
        (words.EVIDENCE, Evidence),
        (words.REVOKED, Revoked),
        (words.ELEMENTS, Element),
        (words.EVENTS, Action),
        (words.CLOCKS, Clock),
    ],
)
def test_every_code_has_words(table: dict[str, object], codes: type[StrEnum]) -> None:
    assert set(table) == set(codes)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"state": "sent"}, Status("waiting", "Sent, not yet acknowledged")),
        ({"state": "accepted"}, Status("waiting", "Accepted, not yet reached")),
        ({"state": "contacting", "attempts": 1}, Status("half", "One attempt made")),
        ({"state": "contacting", "attempts": 2}, Status("half", "Two attempts made")),
        ({"state": "contacting"}, Status("half", "Taken up again")),
        ({"state": "connected", "connected_day": 3}, Status("settled", "Connected on day 3")),
        (
            {"state": "on_hold", "reason": "person_asked"},
            Status("paused", "On hold at the person’s wish"),
        ),
        (
            {"state": "cancelled", "reason": "person_asked"},
            Status("off", "The person no longer wishes it"),
        ),
        (
            {"state": "closed", "outcome": "connected_met"},
            Status("settled", "Closed: met the person"),
        ),
        (
            {"state": "closed", "outcome": "unable_to_reach"},
            Status("off", "Closed: unable to reach"),
        ),
        (
            {"state": "declined", "needs_somebody": True},
            Status("needs", "Could not be taken on"),
        ),
    ],
)
def test_a_referral_says_how_it_stands(given: dict[str, object], said: Status) -> None:
    assert words.status(**given) == said  # type: ignore[arg-type] # as the table gives them


@pytest.mark.parametrize("state", State)
def test_every_state_has_words_in_both_languages(state: State) -> None:
    english = words.status(state)
    with speaking("es"):
        spanish = words.status(state)

    assert english.words != spanish.words


@pytest.mark.parametrize(
    ("kind", "due_at", "ran_out", "said"),
    [
        (Clock.ACKNOWLEDGE, NOW + timedelta(hours=6), False, f"Acknowledge by today, 4:00{NBSP}PM"),
        (Clock.ACCEPT, NOW + timedelta(days=1), False, f"Answer by tomorrow, 10:00{NBSP}AM"),
        (
            Clock.ATTEMPT,
            NOW + timedelta(days=2),
            False,
            f"First attempt by Wednesday, November{NBSP}25, 10:00{NBSP}AM",
        ),
        (Clock.ATTEMPT, NOW - timedelta(days=3), True, "First attempt was due Friday"),
        (Clock.ATTEMPT, NOW - timedelta(days=1), True, "First attempt was due yesterday"),
        (
            Clock.ATTEMPT,
            NOW - timedelta(hours=1),
            True,
            f"First attempt was due today, 9:00{NBSP}AM",
        ),
        (Clock.CLOSE, NOW - timedelta(days=9), True, f"Closing was due Saturday, November{NBSP}14"),
        (Clock.CONNECT, NOW + timedelta(days=2), False, f"Connect by Wednesday, November{NBSP}25"),
        (Clock.HOLD, NOW + timedelta(days=7), False, f"Look again on Monday, November{NBSP}30"),
        (Clock.HOLD, NOW, False, "Look again today"),
        (Clock.EXPIRY_AHEAD, NOW, True, "The authorization ends soon"),
    ],
)
def test_a_clock_says_when(kind: Clock, due_at: datetime, ran_out: bool, said: str) -> None:
    assert words.clock(kind, due_at, ran_out=ran_out, zone=ZONE, now=NOW) == said


def test_a_clock_of_days_ends_where_the_discharge_was() -> None:
    midnight_in_chicago = datetime(2026, 11, 26, 5, 59, 59, tzinfo=UTC)

    said = words.clock(
        Clock.CONNECT, midnight_in_chicago, ran_out=False, zone=ZONE, day_zone=CHICAGO, now=NOW
    )

    assert said == f"Connect by Wednesday, November{NBSP}25"


def test_a_second_attempt_is_not_called_the_first() -> None:
    said = words.clock(Clock.ATTEMPT, NOW, ran_out=False, zone=ZONE, now=NOW, cycle=2)

    assert said == f"Next attempt by today, 10:00{NBSP}AM"


def test_clocks_read_well_in_spanish() -> None:
    soon, over = NOW + timedelta(days=7), NOW - timedelta(days=3)
    with speaking("es"):
        hold = words.clock(Clock.HOLD, soon, ran_out=False, zone=ZONE, now=NOW)
        due = words.clock(Clock.ATTEMPT, over, ran_out=True, zone=ZONE, now=NOW)
        today = words.clock(Clock.CONNECT, NOW, ran_out=False, zone=ZONE, now=NOW)

    assert hold == f"Volver a mirar el lunes 30{NBSP}de{NBSP}noviembre"
    assert due == "El primer intento vencía el viernes"
    assert today == "Hablar con la persona hasta hoy"


@pytest.mark.parametrize("kind", Clock)
@pytest.mark.parametrize("ran_out", [False, True])
def test_every_clock_has_words_in_both_languages(kind: Clock, ran_out: bool) -> None:
    english = words.clock(kind, NOW, ran_out=ran_out, zone=ZONE, now=NOW)
    with speaking("es"):
        spanish = words.clock(kind, NOW, ran_out=ran_out, zone=ZONE, now=NOW)

    assert "%" not in english + spanish
    assert english != spanish


def test_an_event_says_what_was_done_and_why() -> None:
    held = words.event("hold", to_state="on_hold", reason_code="readmitted")
    sent = words.event("send", to_state="sent")

    assert (held, sent) == ("Put on hold: back in the hospital", "Sent to the affiliate")


def test_lists_of_codes_become_sentences() -> None:
    assert words.groups(["support_group", "call_back"]) == "Support group and a call"
    assert words.fields(["zip_code", "name"]) == "Name and ZIP code"
    assert (words.days(1), words.days(9)) == ("1 day", "9 days")
    assert words.days(0, is_before=True) == "Before the discharge"
