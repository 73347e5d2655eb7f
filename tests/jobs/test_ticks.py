"""The ticks of the worker: from a planned row to a phone, and what else is due."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from time_machine import Traveller

from outreach import jobs
from outreach.db import Database
from outreach.messaging.models import Message, WorkerHeartbeat
from outreach.messaging.ports import Result, Retry, Sms
from outreach.visits.models import Offer
from outreach.workflows.delivery import Prepared
from tests import builders, fakes
from tests.builders import NOW
from tests.fakes import LINKS, Mailboxes, Phones
from tests.jobs.working import (
    assert_no_cancelled_text_left,
    call_off_while_sending,
    plan,
    run_for,
    states,
    through_twilio,
)
from tests.twilio_standin import TwilioStandIn


def test_what_is_due_leaves_and_what_has_left_does_not_leave_again(
    database: Database, speaker_id: int
) -> None:
    plan(database, speaker_id, count=40)
    phones = Phones()
    post = fakes.post(database, phones=phones)

    assert jobs.deliver_everything(post) == 40
    assert jobs.deliver_everything(post) == 0

    assert len({sms.body for sms in phones.sent}) == 40
    assert states(database) == {"accepted": 40}


def test_mails_leave_beside_texts(database: Database, speaker_id: int) -> None:
    plan(database, speaker_id, channel="mail")
    mailboxes = Mailboxes()

    jobs.deliver_everything(fakes.post(database, mailboxes=mailboxes))

    (mail,) = mailboxes.sent
    assert mail.subject == "The visit on Tuesday, December\u00a08 is no longer open"


@pytest.mark.both_engines
def test_workers_side_by_side_send_each_text_once(database: Database, speaker_id: int) -> None:
    plan(database, speaker_id, count=30)
    phones = Phones()
    post = fakes.post(database, phones=phones)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda _: jobs.deliver_due(post, channel="sms"), range(3)))
    jobs.deliver_due(post, channel="sms")

    assert Counter(sms.body for sms in phones.sent).most_common(1)[0][1] == 1
    assert states(database) == {"accepted": 30}


@pytest.mark.both_engines
def test_what_was_cancelled_before_its_attempt_is_never_sent(
    database: Database, speaker_id: int
) -> None:
    plan(database, speaker_id, count=60)
    phones = Phones()

    call_off_while_sending(database, fakes.post(database, phones=phones))

    assert_no_cancelled_text_left(database, phones, count=60)


def test_a_worker_asked_to_stop_gives_back_what_it_holds(
    database: Database, speaker_id: int
) -> None:
    plan(database, speaker_id, count=5)
    phones = Phones()
    post = fakes.post(database, phones=phones)

    jobs.deliver_due(post, channel="sms", stopping=lambda: len(phones.sent) == 2)

    assert states(database) == {"accepted": 2, "pending": 3}


def test_the_rate_is_kept_over_the_ticks(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id, count=8)
    phones = Phones()
    post = fakes.post(database, phones=phones, per_second=1)

    counts = []
    for second in range(0, 12, 2):
        at_ten.move_to(NOW + timedelta(seconds=second), tick=False)
        counts.append(jobs.deliver_due(post, channel="sms"))

    assert counts == [3, 2, 2, 1, 0, 0]


def test_after_trouble_that_all_would_share_the_rest_waits(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id, count=5)
    phones = Phones()
    phones.results.append(Retry("20429"))
    post = fakes.post(database, phones=phones)

    assert jobs.deliver_due(post, channel="sms") == 1
    assert jobs.deliver_due(post, channel="sms") == 0
    at_ten.move_to(NOW + timedelta(minutes=1), tick=False)
    jobs.deliver_due(post, channel="sms")

    assert states(database) == {"accepted": 5}


def test_one_row_that_cannot_be_prepared_does_not_stop_the_others(
    database: Database, speaker_id: int
) -> None:
    first, _, _ = plan(database, speaker_id, count=3)
    with database.transaction() as session:
        session.get_one(Message, first).values = {"zone": "Nowhere/Land"}
    phones = Phones()

    with capture_logs() as logged:
        jobs.deliver_due(fakes.post(database, phones=phones), channel="sms")

    assert len(phones.sent) == 2
    assert [(entry["event"], entry["message"]) for entry in logged] == [
        ("message.cannot_prepare", first)
    ]
    with database.reading() as session:
        message = session.get_one(Message, first)
    assert (message.state, message.reason, message.attempts) == ("pending", "cannot_prepare", 1)


def test_a_gateway_that_raises_leaves_a_doubt(database: Database, speaker_id: int) -> None:
    class Broken(Phones):
        def send(self, sms: Sms) -> Result:
            raise RuntimeError(sms.kind)

    plan(database, speaker_id)

    with capture_logs():
        jobs.deliver_due(fakes.post(database, phones=Broken()), channel="sms")

    assert states(database) == {"unknown": 1}


def test_an_offer_nobody_answered_lapses(database: Database, at_ten: Traveller) -> None:
    with database.transaction() as session:
        world = builders.world(session)
        maria = builders.speaker(session, world.affiliate)
        (slot, *_) = builders.slots(session, builders.visit(session, world))
        offer_id = builders.offer(session, slot, maria, expires_at=NOW + timedelta(hours=1)).id

    assert jobs.lapse_offers(database, links=LINKS) == 0
    at_ten.move_to(NOW + timedelta(hours=1), tick=False)
    assert jobs.lapse_offers(database, links=LINKS) == 1

    with database.reading() as session:
        assert session.get_one(Offer, offer_id).state == "lapsed"


def test_a_worker_says_again_and_again_that_it_lives(database: Database, at_ten: Traveller) -> None:
    jobs.beat(database, worker="one")
    at_ten.move_to(NOW + timedelta(seconds=10), tick=False)
    jobs.beat(database, worker="one")
    jobs.beat(database, worker="two")

    with database.reading() as session:
        rows = session.scalars(select(WorkerHeartbeat).order_by(WorkerHeartbeat.id)).all()
    assert [(row.worker, row.seen_at) for row in rows] == [
        ("one", NOW + timedelta(seconds=10)),
        ("two", NOW + timedelta(seconds=10)),
    ]


def test_a_worker_that_stood_still_past_its_lease_does_not_send_what_another_has_sent(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    post = through_twilio(database, twilio)
    (claimed,) = jobs._claim(post, channel="sms")
    prepared = jobs._prepared(post, claimed)
    assert isinstance(prepared, Prepared)

    # Stopped here, with its attempt written: SIGSTOP, or a machine that was suspended.
    twilio.now = NOW + timedelta(minutes=8)
    run_for(post, at_ten, minutes=8)
    jobs._send(post, prepared)

    assert len(twilio.taken) == 1
    assert states(database) == {"accepted": 1}
