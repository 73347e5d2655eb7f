"""What a coordinator does about messages that went wrong and texts nobody understood."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.errors import Conflict
from outreach.i18n import lazy
from outreach.messaging.models import InboundMessage, Message
from outreach.workflows import standing

RETRIED = ("failed", "undelivered", "dead")
"""Surely not with the person. "unknown" is looked up at the provider, never sent again blindly."""

TOO_LATE = lazy("It is too late to send this message.")
NO_LONGER_SO = lazy("What this message says is no longer so. Something newer took its place.")
NOT_NOW = lazy("This message is on its way already, or was never sent.")


def retry(session: Session, message: Message, *, by: Actor, now: datetime) -> None:
    """Send a message once more, to the address we have now.

    Raises:
        Conflict: it did not fail, would come too late, or is no longer true.
    """
    if message.expires_at <= now:
        raise Conflict(TOO_LATE)
    if not standing.is_true(session, message, now=now):
        raise Conflict(NO_LONGER_SO)
    again = (
        update(Message)
        .where(
            Message.id == message.id,
            Message.state.in_(RETRIED),
            Message.redacted_at.is_(None),
        )
        .values(
            state="pending",
            state_at=now,
            send_after=now,
            reason="",
            seen_by_id=None,
            # A new call gets a new number from the provider; under the old one it would be lost.
            provider_id=None,
            provider_status="",
            provider_code="",
            checks=0,
        )
        .returning(Message.id)
    )
    if session.scalar(again) is None:
        raise Conflict(NOT_NOW)
    audit.record(session, "message.retry", actor=by, subject=("message", message.id), now=now)


def dismiss(session: Session, message: Message, *, by: Actor, now: datetime) -> None:
    """Note that somebody has looked at a message that went wrong. Twice changes nothing."""
    seen = (
        update(Message)
        .where(Message.id == message.id, Message.seen_by_id.is_(None))
        .values(seen_by_id=by.account_id)
        .returning(Message.id)
    )
    if session.scalar(seen) is not None:
        audit.record(session, "message.dismiss", actor=by, subject=("message", message.id), now=now)


def settle_text(session: Session, text: InboundMessage, *, by: Actor, now: datetime) -> None:
    """Note that somebody has dealt with a text. Twice changes nothing."""
    settled = (
        update(InboundMessage)
        .where(InboundMessage.id == text.id, InboundMessage.settled_at.is_(None))
        .values(settled_at=now)
        .returning(InboundMessage.id)
    )
    if session.scalar(settled) is not None:
        audit.record(
            session, "text.settle", actor=by, subject=("inbound_message", text.id), now=now
        )
