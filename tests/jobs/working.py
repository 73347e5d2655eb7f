"""What the tests of the worker's ticks share."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import func, select
from time_machine import Traveller

from outreach import jobs
from outreach.adapters.twilio_sms import TwilioSms
from outreach.db import Database
from outreach.messaging import service
from outreach.messaging.models import Message, MessageAttempt
from outreach.messaging.service import NewMessage
from outreach.workflows.delivery import Post
from tests import fakes
from tests.builders import NOW, VISIT_AT, ZONE
from tests.fakes import Phones
from tests.twilio_standin import ACCOUNT, NUMBER, TOKEN, TwilioStandIn

PHONE = "+13135550101"


def plan(database: Database, speaker_id: int, *, count: int = 1, channel: str = "sms") -> list[int]:
    """Plan confirmations of visits that begin a minute apart; return their primary keys."""
    with database.transaction() as session:
        for number in range(count):
            starts_at = VISIT_AT + timedelta(minutes=number)
            message = NewMessage(
                kind="offer_gone",
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


def call_off_while_sending(database: Database, post: Post) -> None:
    """Send everything; meanwhile cancel of every other visit what is just about to leave."""
    has_begun = threading.Event()
    chance = random.Random(1)  # noqa: S311 - chance, no secret

    def call_off() -> None:
        while (visit_id := _about_to_leave(database, place=chance.randrange(4))) is not None:
            with database.transaction() as session:
                service.cancel(session, subject=("visit", visit_id), now=NOW)
            has_begun.set()

    with ThreadPoolExecutor(1) as pool:
        cancelling = pool.submit(call_off)
        has_begun.wait(10)
        while jobs.deliver_due(post, channel="sms") or states(database)["pending"]:
            pass
        cancelling.result()


def _about_to_leave(database: Database, *, place: int) -> int | None:
    """Return the visit of the message at a place of those that wait; None where none does."""
    waiting = (
        select(Message.subject_id)
        .where(Message.state.in_(("pending", "claimed")), Message.subject_id % 2 == 0)
        .order_by(Message.send_after, Message.id)
        .limit(4)
    )
    with database.reading() as session:
        first = session.scalars(waiting).all()
    return first[min(place, len(first) - 1)] if first else None


def assert_no_cancelled_text_left(database: Database, phones: Phones, *, count: int) -> None:
    """Each was either cancelled and never tried, or tried once."""
    with database.reading() as session:
        tried = set(session.scalars(select(MessageAttempt.message_id)))
        cancelled = set(session.scalars(select(Message.id).where(Message.state == "cancelled")))
    assert tried
    assert cancelled
    assert tried.isdisjoint(cancelled)
    assert len(tried) + len(cancelled) == count
    assert len(phones.sent) == len(tried)


def states(database: Database) -> Counter[str]:
    with database.reading() as session:
        rows = session.execute(select(Message.state, func.count()).group_by(Message.state))
        return Counter(dict(rows.all()))


def through_twilio(database: Database, twilio: TwilioStandIn) -> Post:
    sms = TwilioSms(account_sid=ACCOUNT, auth_token=TOKEN, sender=NUMBER, base_url=twilio.url)
    return fakes.post(database, phones=sms)


def run_for(post: Post, at: Traveller, *, minutes: int) -> None:
    """Let the worker's ticks pass, half a minute at a time, from the present on."""
    for _ in range(2 * minutes):
        at.shift(timedelta(seconds=30))
        jobs.reap(post)
        jobs.look_up_doubts(post)
        jobs.deliver_everything(post)
