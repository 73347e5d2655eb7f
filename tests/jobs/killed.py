"""Workers that are killed: processes that send texts until somebody ends them with SIGKILL.

Leases and waits are shortened in them, never the order of steps. `run` begins them, kills one after
another, and goes on until every message is at its end.
"""

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess

from sqlalchemy import func, select, update

from outreach import clock, jobs
from outreach.actor import SYSTEM
from outreach.adapters.twilio_sms import TwilioSms
from outreach.db import Database
from outreach.messaging import outbox, rules, service
from outreach.messaging.models import Message
from outreach.messaging.service import NewMessage
from outreach.workflows.delivery import Post
from tests import builders, fakes
from tests.builders import AUDIT_KEY, ZONE, Person
from tests.twilio_standin import ACCOUNT, NUMBER, TOKEN, TwilioStandIn

WORKERS = 2
A_NUMBER = 10
"""Texts to one number: the provider's list shows fifty."""

LIMIT_S = 240
_LEASE_S = 6


@dataclass(frozen=True)
class Ended:
    """What became of it all: texts that never left, and copies too many at the provider."""

    lost: int
    doubled: int


def plan(database: Database, *, count: int) -> None:
    """Plan texts that are due now, ten to each number, no two with the same words."""
    now = datetime.now(UTC)
    with database.transaction() as session:
        affiliate = builders.affiliate(session)
        for index in range(-(-count // A_NUMBER)):
            phone = f"+1313{5_550_000 + index:07}"
            speaker = builders.speaker(session, affiliate, Person(f"P{index}", "Lee"), phone=phone)
            service.record_consent(
                session,
                phone=phone,
                event="opt_in",
                source="form",
                actor=SYSTEM,
                speaker_id=speaker.id,
                now=now,
            )
            for number in range(min(A_NUMBER, count - index * A_NUMBER)):
                starts_at = now + timedelta(days=7, minutes=number)
                text = NewMessage(
                    kind="offer_gone",
                    channel="sms",
                    affiliate_id=affiliate.id,
                    recipient_kind="speaker",
                    recipient_id=speaker.id,
                    to_address=phone,
                    subject=("visit", index * A_NUMBER + number + 1, 1),
                    values={
                        "starts_at": starts_at.isoformat(),
                        "ends_at": starts_at.isoformat(),
                        "zone": ZONE,
                    },
                    time_zone=ZONE,
                    send_after=now,
                    expires_at=now + timedelta(days=7),
                    # Whatever the hour is where the tests run.
                    urgent=True,
                )
                service.plan(session, text, now=now)


def run(database: Database, twilio: TwilioStandIn, *, kills: int, reconciles: bool = True) -> Ended:
    """Let two workers send, kill one of them `kills` times, and wait for the end of it all."""
    chance = random.Random(11)  # noqa: S311 - the same kills each time
    context = get_context("spawn")
    url = database.url.render_as_string(hide_password=False)

    def begin() -> BaseProcess:
        process = context.Process(target=work, args=(url, twilio.url, reconciles), daemon=True)
        process.start()
        return process

    team = [begin() for _ in range(WORKERS)]
    until = time.monotonic() + LIMIT_S
    try:
        while (left := _left(database)) and time.monotonic() < until:
            time.sleep(0.1)
            has_begun = len(twilio.taken) > 0
            if kills and has_begun and chance.random() < 0.5:
                place = chance.randrange(WORKERS)
                team[place].kill()
                team[place].join()
                team[place] = begin()
                kills -= 1
    finally:
        for process in team:
            process.kill()
            process.join()
    if kills:
        raise AssertionError(f"{kills} kills were still to come when everything had left.")
    return Ended(lost=left, doubled=_doubled(twilio))


def work(url: str, twilio_url: str, reconciles: bool) -> None:
    """Send until killed. Without `reconciles` what is in doubt is sent again blindly."""
    outbox.LEASE_S, outbox.CALL_S = _LEASE_S, 2
    outbox.claim = partial(outbox.claim, lease_s=_LEASE_S)
    outbox.PAUSE = timedelta(milliseconds=200)
    rules.SETTLE = timedelta(seconds=1)  # type: ignore[misc]
    rules.RETRY_BASE = timedelta(milliseconds=20)  # type: ignore[misc]
    rules.RETRY_CAP = timedelta(seconds=1)  # type: ignore[misc]
    phones = TwilioSms(account_sid=ACCOUNT, auth_token=TOKEN, sender=NUMBER, base_url=twilio_url)
    post = fakes.post(Database(url, audit_key=AUDIT_KEY), phones=phones)
    while True:
        jobs.deliver_due(post, channel="sms")
        jobs.reap(post)
        if reconciles:
            jobs.look_up_doubts(post)
        else:
            _send_again(post)
        time.sleep(0.05)


def _send_again(post: Post) -> None:
    with post.db.transaction() as session:
        doubts = update(Message).where(Message.state == "unknown")
        session.execute(doubts.values(state="pending", send_after=clock.now(), next_check_at=None))


def _left(database: Database) -> int:
    """Count what is not with the provider yet."""
    waiting = select(func.count()).where(Message.state != "accepted")
    with database.reading() as session:
        return session.scalar(waiting) or 0


def _doubled(twilio: TwilioStandIn) -> int:
    told = [(text.to, text.body) for text in twilio.taken]
    return len(told) - len(set(told))
