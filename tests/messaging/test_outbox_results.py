"""What becomes of a message by what a call gave."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from outreach.db import Database
from outreach.messaging import outbox, service
from outreach.messaging.codes import Action
from outreach.messaging.models import Sender
from outreach.messaging.ports import Accepted, Ambiguous, Rejected, Retry
from tests.builders import NOW
from tests.messaging.outboxing import RNG, attempts, begin, claim, finish, look, send

both_engines = pytest.mark.both_engines


def test_an_accepted_text_keeps_the_providers_id(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan()

    send(database, Accepted("SM1", "queued"))

    message = look(database, message_id)
    (attempt,) = attempts(database)
    assert (message.state, message.provider_id, message.provider_status) == (
        "accepted",
        "SM1",
        "queued",
    )
    assert (message.attempts, message.segments, message.lease_token) == (1, 1, None)
    assert (attempt.number, attempt.outcome, attempt.provider_id) == (1, "ok", "SM1")


@both_engines
def test_what_was_surely_not_sent_is_tried_again_later(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan()

    outcome = send(database, Retry("20429"))

    message = look(database, message_id)
    assert outcome.is_shared_trouble
    assert message.state == "pending"
    assert NOW <= message.send_after <= NOW + timedelta(seconds=20)
    assert claim(database, now=NOW + timedelta(seconds=14)) == []
    assert len(claim(database, now=NOW + timedelta(seconds=31))) == 1


def test_one_recipients_trouble_does_not_stop_the_others(
    database: Database, plan: Callable[..., int]
) -> None:
    plan()
    plan(2, send_after=NOW + timedelta(seconds=1))
    send(database, Retry("450", pauses=False))

    assert len(claim(database, now=NOW + timedelta(seconds=1))) >= 1


def test_after_six_tries_it_is_given_up(database: Database, plan: Callable[..., int]) -> None:
    message_id = plan()
    now = NOW
    for _ in range(6):
        send(database, Retry("unreachable", pauses=False), now=now)
        now += timedelta(minutes=16)

    message = look(database, message_id)
    assert (message.state, message.reason, message.attempts) == ("dead", "unreachable", 6)


def test_trouble_that_all_would_share_uses_up_no_try(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan()
    now = NOW
    for _ in range(7):
        send(database, Retry("unreachable"), now=now)
        now += timedelta(minutes=16)

    message = look(database, message_id)
    assert (message.state, message.reason, message.attempts) == ("pending", "unreachable", 0)
    assert len(attempts(database)) == 7


@both_engines
def test_shared_trouble_lasts_until_one_gets_through(
    database: Database, plan: Callable[..., int]
) -> None:
    plan()
    plan(2, send_after=NOW + timedelta(hours=1))
    send(database, Retry("20429"))
    later = NOW + timedelta(minutes=16)
    send(database, Retry("20429"), now=later)
    assert troubled_since(database) == NOW

    send(database, Rejected("21211"), now=later + timedelta(minutes=16))
    assert troubled_since(database) == NOW
    send(database, Accepted("SM9"), now=NOW + timedelta(hours=1))
    assert troubled_since(database) is None


def troubled_since(database: Database) -> datetime | None:
    with database.reading() as session:
        return session.scalars(select(Sender.troubled_since)).one()


def test_a_mail_in_doubt_goes_out_again(database: Database, plan: Callable[..., int]) -> None:
    message_id = plan(channel="mail")
    (claimed,) = claim(database, channel="mail")
    attempt_id = begin(database, claimed)
    assert attempt_id is not None

    finish(database, claimed, attempt_id, Ambiguous("connection"))

    assert look(database, message_id).state == "pending"


@pytest.mark.parametrize(
    ("code", "became"),
    [
        ("21211", ("failed", "bad_number", Action.BAD_NUMBER)),
        ("21610", ("failed", "opted_out", Action.OPT_OUT)),
        ("30036", ("expired", "expired", Action.EXPIRED)),
        ("99999", ("failed", "99999", Action.FAIL)),
        ("20003", ("pending", "20003", Action.CHANNEL)),
    ],
)
def test_a_refusal_does_what_its_code_says(
    database: Database,
    plan: Callable[..., int],
    code: str,
    became: tuple[str, str, Action],
) -> None:
    state, reason, action = became
    message_id = plan()

    outcome = send(database, Rejected(code))

    message = look(database, message_id)
    assert outcome == outbox.Outcome(state, action, code)
    assert (message.state, message.reason) == (state, reason)


def test_bad_credentials_stop_the_channel_for_everybody(
    database: Database, plan: Callable[..., int]
) -> None:
    plan()
    plan(2, send_after=NOW + timedelta(seconds=30))

    send(database, Rejected("20003"))

    assert claim(database, now=NOW + timedelta(minutes=4)) == []
    assert len(claim(database, now=NOW + timedelta(minutes=10))) == 2


def test_a_mailbox_that_does_not_exist_is_named_so(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan(channel="mail")
    (claimed,) = claim(database, channel="mail")
    attempt_id = begin(database, claimed)
    assert attempt_id is not None

    finish(database, claimed, attempt_id, Rejected("550"))

    assert look(database, message_id).reason == "bad_address"


def test_a_message_that_cannot_be_prepared_is_put_off_and_then_given_up(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan()
    now = NOW
    for _ in range(6):
        (claimed,) = claim(database, now=now)
        with database.transaction() as session:
            outbox.stumbled(session, claimed, now=now, rng=RNG)
        now += timedelta(minutes=16)

    message = look(database, message_id)
    assert (message.state, message.reason) == ("dead", "cannot_prepare")


def test_a_cancelled_message_cannot_stumble(database: Database, plan: Callable[..., int]) -> None:
    message_id = plan()
    (claimed,) = claim(database)
    with database.transaction() as session:
        service.cancel(session, subject=("visit", 1), now=NOW)
        outbox.stumbled(session, claimed, now=NOW, rng=RNG)

    assert look(database, message_id).state == "cancelled"
