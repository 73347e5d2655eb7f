"""Addresses that mail came back from. A mark belongs to the address: a new address has none."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach.messaging.models import MailAddressTrouble, Message
from outreach.messaging.once import insert_once


def mark(
    session: Session, message: Message, *, code: str, sent_at: datetime, now: datetime
) -> None:
    """Mark the address of a mail that came back. Twice changes nothing.

    Where a coordinator has said since that the address works, only a mail sent after that counts.
    """
    address = message.to_address.lower()
    values = {"address": address, "since": now, "code": code, "message_id": message.id}
    if insert_once(session, MailAddressTrouble, unique=("address",), values=values) is not None:
        return
    session.execute(
        update(MailAddressTrouble)
        .where(MailAddressTrouble.address == address, MailAddressTrouble.cleared_at <= sent_at)
        .values(since=now, code=code, message_id=message.id, cleared_at=None)
    )


def stands(session: Session, address: str) -> bool:
    """Say whether mail to an address is known to come back."""
    marked = select(MailAddressTrouble.id).where(
        MailAddressTrouble.address == address.lower(), MailAddressTrouble.cleared_at.is_(None)
    )
    return session.scalar(marked) is not None


def clear(session: Session, address: str, *, now: datetime) -> bool:
    """Note that an address takes mail again; return whether it was marked."""
    cleared = (
        update(MailAddressTrouble)
        .where(
            MailAddressTrouble.address == address.lower(), MailAddressTrouble.cleared_at.is_(None)
        )
        .values(cleared_at=now)
        .returning(MailAddressTrouble.id)
    )
    return session.scalar(cleared) is not None
