"""What left through the console: rows that the demo's phones and mailboxes show."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.crypto import public_id
from outreach.messaging.models import ConsoleMessage


def keep(
    session: Session,
    *,
    channel: str,
    to_address: str,
    kind: str,
    text: str,
    subject: str = "",
    raw: bytes | None = None,
    at: datetime,
) -> str:
    """Keep a message; return its public id, which stands for a provider's."""
    row = ConsoleMessage(
        public_id=public_id(),
        channel=channel,
        to_address=to_address,
        kind=kind,
        subject=subject,
        text=text,
        raw=raw,
        at=at,
    )
    session.add(row)
    session.flush()
    return row.public_id


def texts_to(session: Session, phone: str, *, since: datetime) -> Sequence[ConsoleMessage]:
    """Return the texts kept for a number from `since` on, the oldest first."""
    mine = (
        ConsoleMessage.channel == "sms",
        ConsoleMessage.to_address == phone,
        ConsoleMessage.at >= since,
    )
    return session.scalars(select(ConsoleMessage).where(*mine).order_by(ConsoleMessage.id)).all()


def is_kept(session: Session, public_id: str) -> bool:
    """Say whether a message of this id is kept."""
    found = select(ConsoleMessage.id).where(ConsoleMessage.public_id == public_id)
    return session.scalar(found) is not None
