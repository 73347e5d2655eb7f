"""The ticks of the worker: the whole way from a planned row to a phone, with everything that may
go wrong in between."""

import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs
from time_machine import Traveller

from outreach import jobs
from outreach.actor import SYSTEM
from outreach.adapters.twilio_sms import TwilioSms
from outreach.db import Database
from outreach.messaging import service
from outreach.messaging.models import Message, WorkerHeartbeat
from outreach.messaging.ports import Result, Retry, Seen, Sms, SmsGateway
from outreach.messaging.service import NewMessage
from outreach.visits.models import Offer
from outreach.workflows.delivery import Post
from tests import builders, fakes, twilio_standin
from tests.builders import NOW, VISIT_AT, ZONE
from tests.fakes import LINKS, Mailboxes, Phones
from tests.twilio_standin import ACCOUNT, NUMBER, TOKEN, Fault, TwilioStandIn

PHONE = "+13135550101"


@pytest.fixture(autouse=True)
def at_ten(time_machine: Traveller) -> Traveller:
    """Stand still on Monday, 10 AM Eastern Time."""
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def speaker_id(database: Database) -> int:
    """Make Maria, who agreed to texts."""
    with database.transaction() as session:
        maria = builders.speaker(session, builders.affiliate(session), phone=PHONE)
        service.record_consent(
            session,
            phone=PHONE,
            event="opt_in",
            source="form",
            actor=SYSTEM,
            speaker_id=maria.id,
            now=NOW,
        )
        return maria.id


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with twilio_standin.running() as standin:
        standin.now = NOW
        yield standin


def plan(database: Database, speaker_id: int, *, count: int = 1, channel: str = "sms") -> list[int]:
    """Plan confirmations of visits that begin a minute apart; return their primary keys."""
    with database.transaction() as session:
        for number in range(count):
            starts_at = VISIT_AT + timedelta(minutes=number)
            message = NewMessage(
                kind="confirmed",
                channel=channel,
                affiliate_id=None,
                recipient_kind="speaker",
                recipient_id=speaker_id,
                to_address=PHONE if channel == "sms" else "maria.lopez@speakers.example",
                to_name="Maria",
                subject=("visit", number + 1, 1),
                values={
                    "starts_at": starts_at.isoformat(),
                    "ends_at": (starts_at + timedelta(hours=1)).isoformat(),
                    "zone": ZONE,
                },
                time_zone=ZONE,
                send_after=NOW,
                expires_at=VISIT_AT,
            )
            service.plan(session, message, now=NOW)
        return list(session.scalars(select(Message.id).order_by(Message.id)))


def states(database: Database) -> Counter[str]:
    with database.reading() as session:
        rows = session.execute(select(Message.state, func.count()).group_by(Message.state))
        return Counter(dict(rows.all()))


def through_twilio(database: Database, twilio: TwilioStandIn) -> Post:
    sms = TwilioSms(account_sid=ACCOUNT, auth_token=TOKEN, sender=NUMBER, base_url=twilio.url)
    return fakes.post(database, phones=sms)


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
    assert mail.subject == "Yours: the visit on Tuesday, December\u00a08"


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


# --- doubts, with the real client against a Twilio that fails


@pytest.mark.parametrize(
    "fault", [Fault.ERROR_AFTER_ACCEPT, Fault.DROP_AFTER_ACCEPT, Fault.GARBLED]
)
def test_a_text_taken_before_the_trouble_is_found_and_not_doubled(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller, fault: Fault
) -> None:
    plan(database, speaker_id)
    post = through_twilio(database, twilio)
    twilio.faults.append(fault)

    jobs.deliver_due(post, channel="sms")
    assert states(database) == {"unknown": 1}
    run_for(post, at_ten, minutes=5)

    assert len(twilio.taken) == 1
    assert states(database) == {"accepted": 1}


def test_a_text_that_got_lost_is_sent_again_after_two_clean_looks(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    post = through_twilio(database, twilio)
    twilio.faults.append(Fault.ERROR_BEFORE_ACCEPT)

    jobs.deliver_due(post, channel="sms")
    run_for(post, at_ten, minutes=1)
    assert len(twilio.taken) == 0
    run_for(post, at_ten, minutes=2)

    assert len(twilio.taken) == 1
    assert states(database) == {"accepted": 1}


def test_while_the_list_is_away_a_doubt_stays_a_doubt(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    post = through_twilio(database, twilio)
    twilio.faults.append(Fault.DROP_AFTER_ACCEPT)
    twilio.list_fails = True

    jobs.deliver_due(post, channel="sms")
    run_for(post, at_ten, minutes=10)

    assert len(twilio.taken) == 1
    assert states(database) == {"unknown": 1}


def test_the_naive_way_would_double_it(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller
) -> None:
    """Without the lookup the same trouble sends a second text: the tests above prove something."""
    plan(database, speaker_id)
    post = through_twilio(database, twilio)
    twilio.faults.append(Fault.DROP_AFTER_ACCEPT)
    twilio.list_shows_nothing = True

    jobs.deliver_due(post, channel="sms")
    run_for(post, at_ten, minutes=5)

    assert len(twilio.taken) == 2


def test_without_texts_there_is_nothing_to_look_up(database: Database) -> None:
    assert jobs.look_up_doubts(fakes.post(database)) == 0


class Fatal:
    """Kills its own process in the middle of a call."""

    def __init__(self, real: SmsGateway, moment: str) -> None:
        self._real, self._moment = real, moment

    def send(self, sms: Sms) -> Result:
        if self._moment == "after":
            self._real.send(sms)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("alive")

    def sent_to(self, phone: str, *, since: datetime) -> Sequence[Seen]:
        return self._real.sent_to(phone, since=since)


def work_in_a_process_that_dies(database: Database, twilio: TwilioStandIn, moment: str) -> None:
    """Let a child of ours begin to send, with a database of its own, until it is killed."""
    child = os.fork()
    if child == 0:
        url = database.url.render_as_string(hide_password=False)
        own = Database(url, audit_key=b"a key for tests")
        real = through_twilio(own, twilio).sms
        assert real is not None
        jobs.deliver_due(fakes.post(own, phones=Fatal(real, moment)), channel="sms")
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the stand-in is a thread
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_killed_in_its_call_loses_and_doubles_nothing(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller, moment: str
) -> None:
    plan(database, speaker_id, count=3)

    work_in_a_process_that_dies(database, twilio, moment)
    assert states(database) == {"sending": 1, "claimed": 2}
    run_for(through_twilio(database, twilio), at_ten, minutes=8)

    assert Counter(Counter(taken.body for taken in twilio.taken).values()) == {1: 3}
    assert states(database) == {"accepted": 3}


# --- the other ticks


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


def run_for(post: Post, at: Traveller, *, minutes: int) -> None:
    """Let the worker's ticks pass, half a minute at a time, from the present on."""
    for _ in range(2 * minutes):
        at.shift(timedelta(seconds=30))
        jobs.reap(post)
        jobs.look_up_doubts(post)
        jobs.deliver_everything(post)
