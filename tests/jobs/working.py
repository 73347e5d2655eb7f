"""What the tests of the worker's ticks share."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import func, select
from time_machine import Traveller

from outreach import jobs
from outreach.adapters.twilio_sms import TwilioSms
from outreach.db import Database
from outreach.messaging import service
from outreach.messaging.models import Message
from outreach.messaging.service import NewMessage
from outreach.workflows.delivery import Post
from tests import fakes
from tests.builders import NOW, VISIT_AT, ZONE
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
