"""Calls a coordinator makes: to who prefers them, and where a text may not leave in time.

A call is a message of the outbox whose provider is a person. So what changes supersedes it, what is
no longer true is taken off the list, and what nobody made in time shows as trouble.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.errors import Conflict
from outreach.i18n import lazy
from outreach.messaging import kinds
from outreach.messaging.models import Message, MessageAttempt
from outreach.messaging.reasons import Reason
from outreach.workflows import standing

AGAIN_AFTER: Final = timedelta(hours=2)
"""How long a call nobody answered rests."""

REACHED: Final = "reached"
NO_ANSWER: Final = "no_answer"

NOT_WAITING = lazy("This call was made already, or is no longer needed.")


def tidy(session: Session, *, now: datetime) -> int:
    """Take calls off the list that are no longer true, or to nobody; return how many."""
    waiting = select(Message).where(
        Message.channel == kinds.CALL, Message.state == "pending", Message.send_after <= now
    )
    gone = [
        message.id
        for message in session.scalars(waiting).all()
        if not standing.is_true(session, message, now=now)
        or standing.address(session, message) is None
    ]
    session.execute(
        update(Message)
        .where(Message.id.in_(gone), Message.state == "pending")
        .values(state="cancelled", reason=Reason.SUPERSEDED, state_at=now)
    )
    return len(gone)


def reached(session: Session, call: Message, *, by: Actor, now: datetime) -> None:
    """Note that the person was reached and heard it.

    Raises:
        Conflict: somebody has made the call, or it is no longer needed.
    """
    done = {"state": "delivered", "provider_status": REACHED, "seen_by_id": by.account_id}
    _note(session, call, REACHED, changes=done, by=by, now=now)


def nobody_answered(session: Session, call: Message, *, by: Actor, now: datetime) -> None:
    """Note a call nobody answered; it is on the list again in two hours, or when time is short.

    Raises:
        Conflict: somebody has made the call, or it is no longer needed.
    """
    again = min(now + AGAIN_AFTER, now + (call.expires_at - now) / 2)
    _note(session, call, NO_ANSWER, changes={"send_after": again}, by=by, now=now)


def _note(
    session: Session,
    call: Message,
    outcome: str,
    *,
    changes: Mapping[str, Any],
    by: Actor,
    now: datetime,
) -> None:
    noted = (
        update(Message)
        .where(Message.id == call.id, Message.channel == kinds.CALL, Message.state == "pending")
        .values(state_at=now, attempts=Message.attempts + 1, **changes)
        .returning(Message.id)
    )
    if session.scalar(noted) is None:
        raise Conflict(NOT_WAITING)
    last = select(func.max(MessageAttempt.number)).where(MessageAttempt.message_id == call.id)
    session.add(
        MessageAttempt(
            message_id=call.id,
            number=(session.scalar(last) or 0) + 1,
            started_at=now,
            finished_at=now,
            outcome=outcome,
        )
    )
    audit.record(session, f"call.{outcome}", actor=by, subject=("message", call.id), now=now)
