"""Whose turn it is to fetch mail: decided in SQL, so that of any number of workers one does."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach.messaging.models import MailboxRound
from outreach.messaging.once import insert_once

LONGEST: Final = timedelta(minutes=10)
"""After so long a worker that has not come back is given up, and another fetches."""


def is_due(session: Session, mailbox: str, *, now: datetime) -> bool:
    """Say whether a mailbox should be read now. One that never was should."""
    waits = select(MailboxRound.id).where(
        MailboxRound.mailbox == mailbox, MailboxRound.next_at > now
    )
    return session.scalar(waits) is None


def take(session: Session, *, mailbox: str, now: datetime) -> bool:
    """Take the turn for `LONGEST`; False where somebody has it, or has just had it."""
    values = {"mailbox": mailbox, "next_at": now + LONGEST, "trouble": ""}
    if insert_once(session, MailboxRound, unique=("mailbox",), values=values) is not None:
        return True
    taken = (
        update(MailboxRound)
        .where(MailboxRound.mailbox == mailbox, MailboxRound.next_at <= now)
        .values(next_at=now + LONGEST)
        .returning(MailboxRound.id)
    )
    return session.scalar(taken) is not None


def end(session: Session, *, mailbox: str, next_at: datetime, trouble: str, now: datetime) -> bool:
    """Give the turn back: the next is at `next_at`. `trouble` is "" where all was read."""
    changes = {"next_at": next_at, "trouble": trouble} | ({} if trouble else {"read_at": now})
    ended = (
        update(MailboxRound)
        .where(MailboxRound.mailbox == mailbox)
        .values(**changes)
        .returning(MailboxRound.id)
    )
    return session.scalar(ended) is not None


def last(session: Session, mailbox: str) -> MailboxRound | None:
    """Return how a mailbox stands; None where it was never read."""
    return session.scalar(select(MailboxRound).where(MailboxRound.mailbox == mailbox))
