"""Claims, leases and the rate; what is decided in SQL on both engines."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from outreach.db import Database
from outreach.messaging import outbox, service
from outreach.messaging.models import Sender
from outreach.messaging.ports import Accepted, Rejected
from tests.builders import NOW
from tests.messaging.outboxing import LATER, attempts, begin, claim, finish, look, reap

both_engines = pytest.mark.both_engines


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
