"""What the tests of the outbox share: each step in a transaction of its own."""

import random
from datetime import datetime, timedelta

from sqlalchemy import select

from outreach.db import Database
from outreach.messaging import outbox, reconcile
from outreach.messaging.models import Message, MessageAttempt
from outreach.messaging.outbox import Claimed
from outreach.messaging.ports import Result
from tests.builders import NOW

RNG = random.Random(1)  # noqa: S311 - the same waits each time
LATER = NOW + timedelta(seconds=outbox.LEASE_S)


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


def reap(database: Database, *, now: datetime) -> int:
    with database.transaction() as session:
        return reconcile.reap(session, now=now)
