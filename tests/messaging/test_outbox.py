"""Claims, leases and results; what is decided in SQL on both engines."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.db import Database
from outreach.messaging import outbox, reconcile, service
from outreach.messaging.codes import Action
from outreach.messaging.models import Message, MessageAttempt, Sender
from outreach.messaging.outbox import Claimed
from outreach.messaging.ports import Accepted, Ambiguous, Rejected, Result, Retry, Seen
from tests.builders import NOW
from tests.messaging.conftest import new_message

RNG = random.Random(1)  # noqa: S311 - the same waits each time
LATER = NOW + timedelta(seconds=outbox.LEASE_S)

both_engines = pytest.mark.both_engines


@pytest.fixture
def plan(database: Database) -> Callable[..., int]:
    """Plan a message in its own transaction; return its primary key."""

    def plan(recipient_id: int = 1, **changes: Any) -> int:  # noqa: ANN401 - any field
        message = new_message(recipient_id=recipient_id, **changes)
        with database.transaction() as session:
            service.plan(session, message, now=NOW)
            found = select(Message.id).where(Message.dedupe_key == message.dedupe_key)
            return session.scalars(found).one()

    return plan


def claim(
    database: Database, *, channel: str = "sms", now: datetime = NOW, limit: int = 16
) -> list[Claimed]:
    with database.transaction() as session:
        return outbox.claim(session, channel=channel, now=now, limit=limit)


def begin(database: Database, claimed: Claimed, *, now: datetime = NOW) -> int | None:
    with database.transaction() as session:
        attempt = outbox.begin_attempt(session, claimed, segments=1, now=now)
        return attempt.id if attempt else None


def finish(
    database: Database, claimed: Claimed, attempt_id: int, result: Result, *, now: datetime = NOW
) -> outbox.Outcome:
    with database.transaction() as session:
        return outbox.finish(
            session, claimed, attempt_id=attempt_id, result=result, now=now, rng=RNG
        )


def send(database: Database, result: Result, *, now: datetime = NOW) -> outbox.Outcome:
    """Claim the one message that is due, call, and write the result."""
    (claimed,) = claim(database, now=now)
    attempt_id = begin(database, claimed, now=now)
    assert attempt_id is not None
    return finish(database, claimed, attempt_id, result, now=now)


def look(database: Database, message_id: int) -> Message:
    with database.reading() as session:
        return session.get_one(Message, message_id)


def attempts(database: Database) -> list[MessageAttempt]:
    with database.reading() as session:
        return list(session.scalars(select(MessageAttempt).order_by(MessageAttempt.id)))


# --- claims


@both_engines
def test_what_is_due_is_claimed_the_earliest_first(
    database: Database, plan: Callable[..., int]
) -> None:
    late = plan(1, send_after=NOW)
    early = plan(2, send_after=NOW - timedelta(days=1))
    plan(3, send_after=NOW + timedelta(seconds=1))
    plan(4, channel="mail")

    claimed = claim(database)

    assert [one.id for one in claimed] == [early, late]
    assert look(database, early).state == "claimed"
    assert claim(database) == []


def test_a_paused_channel_claims_nothing(database: Database, plan: Callable[..., int]) -> None:
    plan()
    with database.transaction() as session:
        outbox.pause(session, "sms", until=NOW + timedelta(minutes=1), now=NOW)
        outbox.pause(session, "sms", until=NOW + timedelta(seconds=1), now=NOW)

    assert claim(database) == []
    assert len(claim(database, now=NOW + timedelta(minutes=1))) == 1


@both_engines
def test_workers_that_race_never_claim_the_same_message(
    database: Database, plan: Callable[..., int]
) -> None:
    ids = [plan(number) for number in range(1, 25)]
    gate = threading.Barrier(4)

    def work(_number: int) -> list[int]:
        gate.wait(10)
        found: list[int] = []
        while batch := claim(database, limit=3):
            found += [one.id for one in batch]
        return found

    with ThreadPoolExecutor(4) as pool:
        claimed = [one for batch in pool.map(work, range(4)) for one in batch]

    # A worker whose rows another one is just claiming skips them and may stop early.
    claimed += [one.id for one in claim(database, limit=50)]
    assert sorted(claimed) == ids


# --- leases


@both_engines
def test_a_claim_that_is_cancelled_is_not_sent(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan()
    (claimed,) = claim(database)
    with database.transaction() as session:
        service.cancel(session, subject=("visit", 1), now=NOW)

    with database.transaction() as session:
        assert outbox.held(session, claimed, now=NOW) is None
    assert begin(database, claimed) is None
    assert look(database, message_id).state == "cancelled"


def test_a_lease_with_too_little_left_is_not_used(
    database: Database, plan: Callable[..., int]
) -> None:
    plan()
    (claimed,) = claim(database)

    with database.transaction() as session:
        last = LATER - timedelta(seconds=outbox.CALL_S + 1)
        assert outbox.held(session, claimed, now=last) is not None
        assert outbox.held(session, claimed, now=last + timedelta(seconds=1)) is None


def test_a_claim_given_back_is_pending_again(database: Database, plan: Callable[..., int]) -> None:
    message_id = plan()
    (claimed,) = claim(database)
    tomorrow = NOW + timedelta(days=1)

    with database.transaction() as session:
        assert outbox.let_go(session, claimed, state="pending", send_after=tomorrow, now=NOW)
        assert not outbox.let_go(session, claimed, state="expired", now=NOW)

    message = look(database, message_id)
    assert (message.state, message.send_after, message.lease_token) == ("pending", tomorrow, None)


def test_a_dead_workers_claim_is_pending_again(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan()
    claim(database)

    assert reap(database, now=LATER - timedelta(seconds=1)) == 0
    assert reap(database, now=LATER) == 1
    assert look(database, message_id).state == "pending"


@both_engines
def test_a_text_in_flight_when_the_worker_died_is_in_doubt(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan()
    (claimed,) = claim(database)
    begin(database, claimed)

    reap(database, now=LATER)

    assert look(database, message_id).state == "unknown"
    assert claim(database, now=LATER) == []
    assert [a.outcome for a in attempts(database)] == ["crashed"]


def test_a_mail_in_flight_when_the_worker_died_goes_out_again(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan(channel="mail")
    (claimed,) = claim(database, channel="mail")
    begin(database, claimed)

    reap(database, now=LATER)

    assert look(database, message_id).state == "pending"


def test_a_mail_that_kills_every_worker_is_given_up(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan(channel="mail")
    now = NOW
    for _ in range(6):
        (claimed,) = claim(database, channel="mail", now=now)
        begin(database, claimed, now=now)
        now += timedelta(seconds=outbox.LEASE_S)
        reap(database, now=now)

    message = look(database, message_id)
    assert (message.state, message.reason, message.attempts) == ("dead", "crashed", 6)


def test_what_is_past_its_time_expires(database: Database, plan: Callable[..., int]) -> None:
    message_id = plan(send_after=NOW + timedelta(days=1), expires_at=NOW + timedelta(hours=1))

    reap(database, now=NOW + timedelta(hours=1))

    message = look(database, message_id)
    assert (message.state, message.reason) == ("expired", "expired")


def test_a_zombie_whose_lease_is_over_changes_nothing(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan()
    (zombie,) = claim(database)
    attempt_id = begin(database, zombie)
    assert attempt_id is not None
    reap(database, now=LATER)

    finish(database, zombie, attempt_id, Rejected("21211"), now=LATER)

    assert look(database, message_id).state == "unknown"


def test_a_zombie_that_knows_the_providers_id_settles_the_doubt(
    database: Database, plan: Callable[..., int]
) -> None:
    message_id = plan()
    (zombie,) = claim(database)
    attempt_id = begin(database, zombie)
    assert attempt_id is not None
    reap(database, now=LATER)

    finish(database, zombie, attempt_id, Accepted("SM1", "queued"), now=LATER)

    message = look(database, message_id)
    assert (message.state, message.provider_id) == ("accepted", "SM1")


# --- results


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


# --- the rate


@both_engines
def test_the_rate_holds_over_a_backlog(database: Database) -> None:
    taken: list[int] = []
    for second in range(20):
        for _ in range(5):
            with database.transaction() as session:
                at = NOW + timedelta(seconds=second)
                if outbox.take_slot(session, "sms", units=1, per_second=1, now=at):
                    taken.append(second)

    # Two seconds ahead at the most, then one a second.
    assert len(taken) == 20 + 2
    assert taken[:4] == [0, 0, 0, 1]


def test_a_rate_unused_is_not_saved_up(database: Database) -> None:
    with database.transaction() as session:
        outbox.take_slot(session, "sms", units=1, per_second=1, now=NOW)
    later = NOW + timedelta(hours=1)

    with database.transaction() as session:
        taken = [
            outbox.take_slot(session, "sms", units=2, per_second=1, now=later) for _ in range(4)
        ]

    assert taken == [True, True, False, False]
    with database.reading() as session:
        (sender,) = session.scalars(select(Sender))
    assert sender.next_free_at == later + timedelta(seconds=4)


# --- doubts


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
    assert settle(database, now=NOW + timedelta(days=2), seen=[]) == []

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


def reap(database: Database, *, now: datetime) -> int:
    with database.transaction() as session:
        return reconcile.reap(session, now=now)
