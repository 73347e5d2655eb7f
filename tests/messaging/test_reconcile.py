"""Texts in doubt, and what the provider says afterwards."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from outreach.db import Database
from outreach.messaging import reconcile, rules
from outreach.messaging.models import Message
from outreach.messaging.ports import Accepted, Ambiguous, Seen
from tests.builders import NOW
from tests.messaging.outboxing import attempts, begin, claim, finish, look, reap, send

both_engines = pytest.mark.both_engines


@pytest.fixture
def doubt(database: Database, plan: Callable[..., int]) -> int:
    """Leave one text in doubt."""
    message_id = plan()
    send(database, Ambiguous("20500"))
    return message_id


def settle(database: Database, *, now: datetime, seen: list[Seen]) -> list[str]:
    with database.transaction() as session:
        doubts = reconcile.take_doubts(session, now=now)
        return [
            reconcile.looked(session, one, body="The words", seen=seen, now=now) for one in doubts
        ]


def seen(provider_id: str = "SM1", *, body: str = "The words", status: str = "sent") -> Seen:
    return Seen(provider_id, body, status, "", NOW)


def test_a_doubt_rests_for_a_minute(database: Database, doubt: int) -> None:
    assert look(database, doubt).state == "unknown"
    assert settle(database, now=NOW + timedelta(seconds=59), seen=[seen()]) == []


def test_a_text_found_at_the_provider_is_ours(database: Database, doubt: int) -> None:
    trial = seen(body="Sent from your Twilio trial account - The  words", status="delivered")

    assert settle(database, now=NOW + timedelta(seconds=60), seen=[trial]) == ["accepted"]

    message = look(database, doubt)
    assert (message.state, message.provider_id) == ("delivered", "SM1")


@both_engines
def test_two_clean_looks_send_it_once_more(database: Database, doubt: int) -> None:
    others = [seen(body="Other words")]
    first, second = NOW + timedelta(seconds=60), NOW + timedelta(seconds=120)

    assert settle(database, now=first, seen=others) == ["unknown"]
    assert settle(database, now=second - timedelta(seconds=1), seen=[]) == []
    assert settle(database, now=second, seen=others) == ["pending"]

    assert [one.id for one in claim(database, now=second)] == [doubt]


def test_a_text_lost_six_times_is_given_up_for_a_person_to_see(
    database: Database, doubt: int, plan: Callable[..., int]
) -> None:
    lost_six_times(database, doubt)
    plan(2)
    send(database, Accepted("SM9", status="queued"))
    first, second = NOW + timedelta(seconds=60), NOW + timedelta(seconds=120)

    assert settle(database, now=first, seen=[]) == ["unknown"]
    assert settle(database, now=second, seen=[]) == ["dead"]

    message = look(database, doubt)
    assert (message.state, message.reason) == ("dead", "in_doubt")


def test_a_text_lost_six_times_goes_on_while_nothing_gets_through(
    database: Database, doubt: int
) -> None:
    lost_six_times(database, doubt)
    first, second = NOW + timedelta(seconds=60), NOW + timedelta(seconds=120)

    assert settle(database, now=first, seen=[]) == ["unknown"]
    assert settle(database, now=second, seen=[]) == ["pending"]

    assert look(database, doubt).send_after == second + rules.RETRY_CAP


def lost_six_times(database: Database, doubt: int) -> None:
    with database.transaction() as session:
        session.get_one(Message, doubt).attempts = rules.MAX_ATTEMPTS


def test_a_text_known_as_anothers_is_not_taken_for_this_one(
    database: Database, plan: Callable[..., int]
) -> None:
    plan(2)
    send(database, Accepted("SM1", "queued"))
    plan()
    send(database, Ambiguous("20500"))

    assert settle(database, now=NOW + timedelta(seconds=60), seen=[seen("SM1")]) == ["unknown"]


def test_of_two_copies_the_first_is_adopted(database: Database, doubt: int) -> None:
    later = Seen("SM2", "The words", "sent", "", NOW + timedelta(seconds=5))

    settle(database, now=NOW + timedelta(seconds=60), seen=[later, seen("SM1")])

    assert look(database, doubt).provider_id == "SM1"


def test_a_doubt_past_its_time_is_given_up_for_a_person_to_see(
    database: Database, doubt: int
) -> None:
    assert reap(database, now=NOW + timedelta(days=2)) == 1

    message = look(database, doubt)
    assert (message.state, message.reason) == ("dead", "in_doubt")


# --- callbacks


def event(database: Database, status: str, *, provider_id: str = "SM1", code: str = "") -> Any:  # noqa: ANN401 - a message and an outcome, or None
    (attempt, *_) = attempts(database)
    with database.transaction() as session:
        return reconcile.record_event(
            session,
            attempt=attempt.public_id,
            provider_id=provider_id,
            status=status,
            code=code,
            now=NOW,
        )


def test_the_first_callback_settles_a_doubt(database: Database, doubt: int) -> None:
    event(database, "sent")

    message = look(database, doubt)
    assert (message.state, message.provider_id, message.provider_status) == (
        "accepted",
        "SM1",
        "sent",
    )


@both_engines
def test_a_callback_may_come_before_the_result(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan()
    (claimed,) = claim(database)
    attempt_id = begin(database, claimed)
    assert attempt_id is not None

    event(database, "delivered")
    finish(database, claimed, attempt_id, Accepted("SM1", "queued"))

    message = look(database, message_id)
    assert (message.state, message.provider_status) == ("delivered", "delivered")


@pytest.mark.parametrize("final", ["delivered", "undelivered", "failed"])
def test_a_final_state_never_goes_back(
    database: Database, plan: Callable[..., int], final: str
) -> None:
    message_id = plan()
    send(database, Accepted("SM1", "queued"))

    event(database, final, code="30005")
    for late in ("queued", "sent", "delivered", "failed", "undelivered", final):
        assert event(database, late) is None

    assert look(database, message_id).state == final


def test_a_repeated_callback_is_one_event(database: Database, plan: Callable[..., int]) -> None:
    plan()
    send(database, Accepted("SM1", "queued"))

    assert event(database, "failed", code="30003") is not None
    assert event(database, "failed", code="30003") is None


def test_a_callback_about_nothing_of_ours_is_ignored(session: Session) -> None:
    found = reconcile.record_event(
        session, attempt="nobody's", provider_id="SM9", status="delivered", code="", now=NOW
    )

    assert found is None


def test_a_status_nobody_knows_changes_nothing(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan()
    send(database, Accepted("SM1", "queued"))

    assert event(database, "receiving") is None
    assert look(database, message_id).state == "accepted"


def test_another_text_of_the_same_attempt_does_not_take_its_place(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan()
    send(database, Accepted("SM1", "queued"))

    assert event(database, "delivered", provider_id="SM2") is None
    assert look(database, message_id).provider_id == "SM1"
