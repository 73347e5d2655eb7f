"""What a coordinator does about messages that went wrong and texts nobody understood."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.errors import Conflict
from outreach.i18n import lazy
from outreach.messaging import kinds, mail_trouble, service
from outreach.messaging.models import InboundMail, InboundMessage, Message
from outreach.messaging.reasons import Reason
from outreach.messaging.service import NewMessage
from outreach.workflows import standing

RETRIED = ("failed", "undelivered", "dead")
"""Surely not with the person. "unknown" is looked up at the provider, never sent again blindly."""

ENDED_UNSENT = ("cancelled", "expired", "failed", "undelivered", "dead")

REPEATED = ("accepted", "delivered")
"""Left our house for sure: somebody may still ask for it again."""

MOST_COPIES: Final = 5

TOO_LATE = lazy("It is too late to send this message.")
NO_LONGER_SO = lazy("What this message says is no longer so. Something newer took its place.")
NOT_NOW = lazy("This message is on its way already, or was never sent.")

ON_ITS_WAY = lazy("It is too late to take this message back: it is on its way.")
IS_OVER = lazy("This message does not wait any more, so there is nothing to take back.")
NOT_SENT_YET = lazy("Only a message that was sent can be sent again.")
AN_ANSWER = lazy("This was the answer to a text of theirs. It cannot be sent again.")
NOBODY_THERE = lazy("Nobody is there to get it any more. Look whether they have an address.")
ENOUGH = lazy("This message was sent again as often as is sensible. Please call the person.")
AGAIN_ALREADY = lazy("This message was sent again just now.")


def cancel(session: Session, message: Message, *, by: Actor, now: datetime) -> None:
    """Take back a message that has not left.

    The condition in the UPDATE decides between this and the worker's call.

    Raises:
        Conflict: its call has begun, or it does not wait any more.
    """
    stop = service.cancelling(Reason.TAKEN_BACK, now=now).where(Message.id == message.id)
    if session.scalar(stop) is None:
        state = session.scalar(select(Message.state).where(Message.id == message.id))
        raise Conflict(IS_OVER if state in ENDED_UNSENT else ON_ITS_WAY)
    audit.record(session, "message.cancel", actor=by, subject=("message", message.id), now=now)


def next_copy(session: Session, message: Message, *, now: datetime) -> int:
    """Return the number of the copy that would be sent now, from 1.

    Raises:
        Conflict: it was not sent, answers a text, would come too late, is no longer true, nobody
            is there, or it was sent again five times.
    """
    if message.state not in REPEATED:
        raise Conflict(NOT_SENT_YET)
    if message.kind in kinds.ANSWERS:
        raise Conflict(AN_ANSWER)
    if message.expires_at <= now:
        raise Conflict(TOO_LATE)
    if not standing.is_true(session, message, now=now):
        raise Conflict(NO_LONGER_SO)
    if not standing.address(session, message):
        raise Conflict(NOBODY_THERE)
    same = NewMessage.like(message).dedupe_key
    copies = select(func.count()).where(
        Message.dedupe_key.startswith(f"{same}{service.COPY}", autoescape=True),
        Message.subject_kind == message.subject_kind,
        Message.subject_id == message.subject_id,
    )
    number = (session.scalar(copies) or 0) + 1
    if number > MOST_COPIES:
        raise Conflict(ENOUGH)
    return number


def send_again(session: Session, message: Message, *, copy: int, by: Actor, now: datetime) -> None:
    """Send once more what was sent: a new message of the same kind and values.

    `copy` is the number that was shown with the question, so that a double press sends one.

    Raises:
        Conflict: as `next_copy`, or that copy is there already.
    """
    if copy != next_copy(session, message, now=now):
        raise Conflict(AGAIN_ALREADY)
    new = replace(
        NewMessage.like(message),
        copy=copy,
        to_address=standing.address(session, message) or "",
        window=standing.window(session, message),
        send_after=now,
    )
    if not service.plan(session, new, now=now):
        raise Conflict(AGAIN_ALREADY)
    details = {"copy": copy}
    audit.record(
        session,
        "message.again",
        actor=by,
        subject=("message", message.id),
        details=details,
        now=now,
    )


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
    if message.channel == "mail":
        # Whoever sends it once more wants it sent; should it come back, the mark does as well.
        mail_trouble.clear(session, standing.address(session, message) or "", now=now)
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


def settle_mail(session: Session, mail: InboundMail, *, by: Actor, now: datetime) -> None:
    """Note that somebody has dealt with a mail that came in. Twice changes nothing."""
    settled = (
        update(InboundMail)
        .where(InboundMail.id == mail.id, InboundMail.settled_at.is_(None))
        .values(settled_at=now)
        .returning(InboundMail.id)
    )
    if session.scalar(settled) is not None:
        audit.record(session, "mail.settle", actor=by, subject=("inbound_mail", mail.id), now=now)


def address_works(session: Session, message: Message, *, by: Actor, now: datetime) -> None:
    """Note that a message's address takes mail again. Twice changes nothing."""
    if mail_trouble.clear(session, message.to_address, now=now):
        audit.record(
            session, "mail.address_works", actor=by, subject=("message", message.id), now=now
        )
