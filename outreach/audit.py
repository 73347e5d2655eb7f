"""The audit log: who did what to which row, in the transaction of the change, chained by HMAC.

Each row's hash covers its own content and the hash before it, so a changed, removed or inserted
row breaks the chain from there on. Update and delete are refused by triggers in the database.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from outreach.actor import Actor
from outreach.db import Base

GENESIS = "0" * 64
_LOCK = 0x0A0D17
"""The advisory lock under which PostgreSQL's writers append one after the other."""


class AuditEvent(Base):
    """One thing that was done. `details` holds ids, kinds and counts, never a person's data."""

    __tablename__ = "audit_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str] = mapped_column(index=True)
    subject_kind: Mapped[str]
    subject_id: Mapped[int]
    details: Mapped[dict[str, Any]]
    previous_hash: Mapped[str] = mapped_column(unique=True)
    hash: Mapped[str] = mapped_column(unique=True)


@dataclass(frozen=True, slots=True)
class Broken:
    """The first entry at which the chain does not hold."""

    event_id: int


def record(
    session: Session,
    action: str,
    *,
    actor: Actor,
    subject: tuple[str, int],
    now: datetime,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append an event to the chain, in this transaction.

    `action` is `noun.verb` ("visit.requested"), `subject` the table and primary key of the row.
    Where a member acts, `details` also tell for which affiliate or hospital.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    session.flush()
    last = select(AuditEvent.hash).order_by(AuditEvent.id.desc()).limit(1)
    event = AuditEvent(
        at=now,
        actor=actor.label,
        action=action,
        subject_kind=subject[0],
        subject_id=subject[1],
        details=dict(details or {}) | _for_whom(actor),
        previous_hash=session.scalar(last) or GENESIS,
    )
    event.hash = _hash(event, key=_key(session))
    session.add(event)
    session.flush()


def verify(session: Session) -> Broken | None:
    """Walk the chain from its first row; return the first broken entry, or None when it holds."""
    previous, key = GENESIS, _key(session)
    for event in session.scalars(select(AuditEvent).order_by(AuditEvent.id)):
        if event.previous_hash != previous or event.hash != _hash(event, key=key):
            return Broken(event.id)
        previous = event.hash
    return None


def _for_whom(actor: Actor) -> dict[str, int]:
    """Return where the actor is a member: the same person may act for another affiliate as well.

    Not for speakers, who are of one affiliate: their lines stay as short as can be.
    """
    if actor.speaker_id is not None:
        return {}
    places = {"by_affiliate": actor.affiliate_id, "by_hospital": actor.hospital_id}
    return {name: place for name, place in places.items() if place is not None}


def _key(session: Session) -> bytes:
    key: bytes = session.info["audit_key"]
    return key


def _hash(event: AuditEvent, *, key: bytes) -> str:
    content = json.dumps(
        [
            event.previous_hash,
            event.at.astimezone(UTC).isoformat(),
            event.actor,
            event.action,
            event.subject_kind,
            event.subject_id,
            event.details,
        ],
        sort_keys=True,
    )
    return hmac.new(key, content.encode(), hashlib.sha256).hexdigest()
