"""Forgetting: some time after its end a message loses its values and address, here and there.

Ours go first, in one transaction; the provider is asked after that, again and again until it has
forgotten. Kind, times and state stay, and so does the key that keeps a message from being planned
a second time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, TypeAlias

from sqlalchemy import delete, or_, select, text, update
from sqlalchemy.orm import Session

from outreach.messaging import kinds
from outreach.messaging.models import (
    SETTLED,
    Broadcast,
    ConsoleMessage,
    InboundMail,
    InboundMessage,
    Message,
)

BATCH: Final = 200
ASKING: Final = timedelta(hours=1)
"""For this long the texts one worker took are its own to ask the provider about."""
REFUSED: Final = timedelta(days=1)
KEPT: Final = ("starts_at", "ends_at", "zone")
"""Of a message's values only when the visit was: a calendar entry that was mailed out is taken back
by it, however long ago that was."""

Table: TypeAlias = type[Message] | type[InboundMessage]


@dataclass(frozen=True, slots=True)
class ToForget:
    """A text that the provider still has: the table, primary key, and the provider's id."""

    table: Table
    row_id: int
    provider_id: str


def redact_messages(
    session: Session, *, before: datetime, asks_provider: bool, now: datetime
) -> int:
    """Empty what had its end before then, at most 200; return how many.

    What a calendar was mailed stays while the visit is to come: by it changes find the same
    calendar. A text with a provider's id is to be forgotten there too, where there is one to be
    asked.
    """
    due = (
        select(Message)
        .where(
            Message.redacted_at.is_(None),
            Message.state_at < before,
            or_(Message.kind.not_in(kinds.CALENDAR), Message.expires_at < now),
            text(f"({SETTLED})"),
        )
        .order_by(Message.state_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    rows = session.scalars(due).all()
    for row in rows:
        row.values = _times(row.values)
        row.to_address = row.to_name = ""
        row.redacted_at = now
        is_there = asks_provider and row.channel == "sms" and row.provider_id is not None
        row.redact_after = now if is_there else None
    session.flush()
    return len(rows)


def redact_broadcasts(session: Session, *, before: datetime, now: datetime) -> int:
    """Empty the notes all of whose messages are emptied, at most 200; return how many."""
    kept = (
        select(Message.id)
        .where(
            Message.subject_kind == "broadcast",
            Message.subject_id == Broadcast.id,
            Message.redacted_at.is_(None),
        )
        .exists()
    )
    due = (
        select(Broadcast.id)
        .where(Broadcast.redacted_at.is_(None), Broadcast.created_at < before, ~kept)
        .order_by(Broadcast.created_at)
        .limit(BATCH)
    )
    done = session.scalars(
        update(Broadcast)
        .where(Broadcast.id.in_(due), Broadcast.redacted_at.is_(None))
        .values(audience="", text="", text_es="", redacted_at=now)
        .returning(Broadcast.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


def redact_inbound(
    session: Session, *, before: datetime, asks_provider: bool, now: datetime
) -> int:
    """Empty texts that came in and were settled before then, at most 200; return how many."""
    due = (
        select(InboundMessage.id)
        .where(InboundMessage.redacted_at.is_(None), InboundMessage.settled_at < before)
        .order_by(InboundMessage.settled_at)
        .limit(BATCH)
    )
    done = session.scalars(
        update(InboundMessage)
        .where(InboundMessage.id.in_(due), InboundMessage.redacted_at.is_(None))
        .values(
            body="", from_phone="", redacted_at=now, redact_after=now if asks_provider else None
        )
        .returning(InboundMessage.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


def redact_mail(session: Session, *, before: datetime, now: datetime) -> int:
    """Empty mails that came in and were settled before then, at most 200; return how many.

    The Message-ID stays, so that the same mail is not filed a second time.
    """
    due = (
        select(InboundMail.id)
        .where(InboundMail.redacted_at.is_(None), InboundMail.settled_at < before)
        .order_by(InboundMail.settled_at)
        .limit(BATCH)
    )
    done = session.scalars(
        update(InboundMail)
        .where(InboundMail.id.in_(due), InboundMail.redacted_at.is_(None))
        .values(subject="", body="", from_address="", redacted_at=now)
        .returning(InboundMail.id)
        .execution_options(synchronize_session=False)
    )
    return len(done.all())


def drop_console(session: Session, *, before: datetime) -> int:
    """Remove what the console gateways kept before then, at most 200; return how many."""
    due = select(ConsoleMessage.id).where(ConsoleMessage.at < before)
    gone = session.scalars(
        delete(ConsoleMessage)
        .where(ConsoleMessage.id.in_(due.order_by(ConsoleMessage.id).limit(BATCH)))
        .returning(ConsoleMessage.id)
        .execution_options(synchronize_session=False)
    )
    return len(gone.all())


def take_to_forget(session: Session, *, now: datetime) -> list[ToForget]:
    """Take texts the provider is to forget, at most 200, for this worker alone."""
    taken = _take(session, Message, limit=BATCH, now=now)
    return taken + _take(session, InboundMessage, limit=BATCH - len(taken), now=now)


def forgotten(session: Session, asked: ToForget, *, done: bool, now: datetime) -> None:
    """Note that the provider has forgotten a text, or is to be asked again tomorrow."""
    session.execute(
        update(asked.table)
        .where(asked.table.id == asked.row_id)
        .values(redact_after=None if done else now + REFUSED)
        .execution_options(synchronize_session=False)
    )


def _take(session: Session, table: Table, *, limit: int, now: datetime) -> list[ToForget]:
    due = (
        select(table.id)
        .where(table.redact_after <= now)
        .order_by(table.redact_after)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = session.execute(
        update(table)
        .where(table.id.in_(select(due.c.id)))
        .values(redact_after=now + ASKING)
        .returning(table.id, table.provider_id)
        .execution_options(synchronize_session=False)
    )
    return [ToForget(table, row_id, provider_id or "") for row_id, provider_id in sorted(taken)]


def _times(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in KEPT if name in values}
