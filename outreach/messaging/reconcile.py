"""What is in doubt, and what providers say afterwards: leases that ended, callbacks, lookups."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach import logs
from outreach.messaging import codes, rules, segments
from outreach.messaging.models import Message, MessageAttempt, ProviderEvent
from outreach.messaging.once import insert_once
from outreach.messaging.outbox import Outcome, adopt
from outreach.messaging.ports import Seen, Standing
from outreach.messaging.reasons import Reason

log = logs.get(__name__)

DOUBTS = 20
"""How many texts in doubt are taken at a time."""

_FINAL = {"delivered", "undelivered", "failed"}
_LOOK_BACK = rules.SETTLE
"""The provider's clock may be behind ours by this much."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A text that may or may not have been sent: since when, and by which last attempt."""

    message_id: int
    attempt_id: int
    phone: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Silent:
    """A text that was accepted, and of which the provider has not said what became of it."""

    message_id: int
    provider_id: str


def reap(session: Session, *, now: datetime) -> int:
    """Settle what dead workers left and what is past its time; return how many rows.

    Claimed past the lease: pending again, for nobody was called. In flight past the lease: in
    doubt; a mail goes out again under the same Message-ID. Past its expiry: expired, or dead where
    it is in doubt, for a coordinator to see.
    """
    over = (Message.lease_until <= now,)
    free = {"state_at": now, "lease_token": None, "lease_until": None}
    crashed = select(Message.id).where(Message.state == "sending", *over)
    session.execute(
        update(MessageAttempt)
        .where(MessageAttempt.message_id.in_(crashed), MessageAttempt.finished_at.is_(None))
        .values(outcome="crashed", finished_at=now)
        .execution_options(synchronize_session=False)
    )
    steps = (
        update(Message).where(Message.state == "claimed", *over).values(state="pending", **free),
        update(Message)
        .where(Message.state == "sending", Message.channel == "sms", *over)
        .values(state="unknown", reason=Reason.CRASHED, next_check_at=now, **free),
        update(Message)
        .where(Message.state == "sending", Message.attempts >= rules.MAX_ATTEMPTS, *over)
        .values(state="dead", reason=Reason.CRASHED, **free),
        update(Message)
        .where(Message.state == "sending", *over)
        .values(state="pending", reason=Reason.CRASHED, **free),
        update(Message)
        .where(Message.state == "pending", Message.expires_at <= now)
        .values(state="expired", reason=Reason.EXPIRED, state_at=now),
        update(Message)
        .where(Message.state == "unknown", Message.expires_at <= now)
        .values(state="dead", reason=Reason.IN_DOUBT, state_at=now, next_check_at=None),
    )
    found = 0
    for step in steps:
        rows = session.scalars(
            step.returning(Message.id).execution_options(synchronize_session=False)
        )
        found += len(rows.all())
    return found


def take_doubts(session: Session, *, now: datetime, limit: int = DOUBTS) -> list[Doubt]:
    """Take the texts in doubt that are due for a look, for this worker alone."""
    taken = _take(session, "unknown", again_at=now + rules.SETTLE, limit=limit, now=now)
    return [_doubt(session, message_id) for message_id, _ in taken]


def looked(
    session: Session, doubt: Doubt, *, body: str, seen: Sequence[Seen], now: datetime
) -> str:
    """Draw the conclusion from a clean look at the provider's list; return the message's state.

    A text with the same words, not yet known as another message's, is the one. Without one the
    message waits for the second look, and after that is sent once more. After six tries that all
    came to this it is given up, or goes on a quarter of an hour apart where since the first of them
    nobody else's got through either: then it is the provider that is down (0035).
    """
    found = [text for text in seen if _is_same(text.body, body) and not _is_ours(session, text)]
    if len(found) > 1:
        log.error("message.doubled", message=doubt.message_id, copies=len(found))
    if found:
        first = min(found, key=lambda text: text.created_at)
        adopt(
            session,
            doubt.message_id,
            provider_id=first.provider_id,
            status=first.status,
            now=now,
        )
        return "accepted"
    attempt = session.get_one(MessageAttempt, doubt.attempt_id)
    attempt.looks += 1
    session.flush()
    if attempt.looks < rules.LOOKS:
        return "unknown"
    attempt.segments = 0
    message = session.get_one(Message, doubt.message_id, populate_existing=True)
    changes: dict[str, object]
    has_tried_enough = message.attempts >= rules.MAX_ATTEMPTS
    if has_tried_enough and _others_got_through(session, message):
        state, changes = "dead", {"reason": Reason.IN_DOUBT}
    else:
        wait = rules.RETRY_CAP if has_tried_enough else timedelta(0)
        state, changes = "pending", {"send_after": now + wait}
    settled = (
        update(Message)
        .where(Message.id == doubt.message_id, Message.state == "unknown")
        .values(state=state, state_at=now, next_check_at=None, **changes)
    )
    session.execute(settled)
    return state


def take_silent(session: Session, *, now: datetime, limit: int = 20) -> list[Silent]:
    """Take texts the provider has said nothing final about, for this worker alone."""
    taken = _take(session, "accepted", again_at=now + rules.ASK_AGAIN, limit=limit, now=now)
    return [Silent(message_id, provider_id or "") for message_id, provider_id in taken]


def asked(
    session: Session, silent: Silent, standing: Standing | None, *, now: datetime
) -> tuple[Message, Outcome] | None:
    """Take the provider's answer about a silent text; None from it: it knows no such text.

    Returns the message and what follows from a final state, else None. After the last look it
    stays accepted, unconfirmed: it is never sent again.
    """
    message = session.get_one(Message, silent.message_id, populate_existing=True)
    if message.state != "accepted" or message.provider_id != silent.provider_id:
        return None
    message.checks += 1
    message.next_check_at = rules.next_poll(message.state_at, checks=message.checks)
    session.flush()
    if standing is None:
        return None
    return _follow(
        session,
        message.id,
        provider_id=silent.provider_id,
        status=standing.status,
        code=standing.code,
        now=now,
    )


def record_event(
    session: Session, *, attempt: str, provider_id: str, status: str, code: str, now: datetime
) -> tuple[Message, Outcome] | None:
    """Take a provider's word on a message; `attempt` is the public id in the callback's address.

    The first callback of an attempt tells the provider's id, which settles a doubt. Repeated and
    late callbacks change nothing: a final state stays. Returns the message and what follows from
    a final state, else None.
    """
    row = session.scalar(select(MessageAttempt).where(MessageAttempt.public_id == attempt))
    if row is None:
        return None
    new = insert_once(
        session,
        ProviderEvent,
        unique=("provider_id", "status"),
        values={
            "provider_id": provider_id,
            "status": status,
            "code": code,
            "attempt_id": row.id,
            "received_at": now,
        },
    )
    if new is None:
        return None
    row.provider_id = row.provider_id or provider_id
    session.flush()
    adopt(session, row.message_id, provider_id=provider_id, status="accepted", now=now)
    return _follow(
        session, row.message_id, provider_id=provider_id, status=status, code=code, now=now
    )


def _follow(
    session: Session, message_id: int, *, provider_id: str, status: str, code: str, now: datetime
) -> tuple[Message, Outcome] | None:
    state = codes.state(status)
    if state is None:
        return None
    moved = session.scalar(
        update(Message)
        .where(
            Message.id == message_id,
            Message.provider_id == provider_id,
            Message.state == "accepted",
        )
        .values(
            state=state,
            state_at=now if state in _FINAL else Message.state_at,
            next_check_at=None if state in _FINAL else Message.next_check_at,
            provider_status=status,
            provider_code=code,
            reason=code if state in {"undelivered", "failed"} else "",
        )
        .returning(Message.id)
    )
    if moved is None or state not in _FINAL:
        return None
    message = session.get_one(Message, message_id, populate_existing=True)
    action = codes.action(code) if code else None
    return message, Outcome(state, action, code)


def _take(
    session: Session, state: str, *, again_at: datetime, limit: int, now: datetime
) -> list[tuple[int, str | None]]:
    """Take what the provider is to be asked about now; others take it from `again_at` on."""
    due = (
        select(Message.id)
        .where(Message.state == state, Message.next_check_at <= now)
        .order_by(Message.next_check_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = session.execute(
        update(Message)
        .where(Message.id.in_(select(due.c.id)))
        .values(next_check_at=again_at)
        .returning(Message.id, Message.provider_id)
        .execution_options(synchronize_session=False)
    )
    return sorted((message_id, provider_id) for message_id, provider_id in taken)


def _others_got_through(session: Session, message: Message) -> bool:
    """Say whether the provider took anything on this channel since the first try."""
    first = select(func.min(MessageAttempt.started_at)).where(
        MessageAttempt.message_id == message.id
    )
    taken = (
        select(Message.id)
        .join(MessageAttempt, MessageAttempt.message_id == Message.id)
        .where(
            Message.channel == message.channel,
            MessageAttempt.outcome == "ok",
            MessageAttempt.finished_at >= first.scalar_subquery(),
        )
    )
    return session.scalar(taken.limit(1)) is not None


def _doubt(session: Session, message_id: int) -> Doubt:
    message = session.get_one(Message, message_id)
    mine = select(MessageAttempt).where(MessageAttempt.message_id == message_id)
    attempts = session.scalars(mine.order_by(MessageAttempt.number)).all()
    since = attempts[0].started_at - _LOOK_BACK
    return Doubt(message_id, attempts[-1].id, message.to_address, since)


def _is_same(theirs: str, ours: str) -> bool:
    # A trial account puts a sentence before every text.
    left, right = (" ".join(segments.folded(text).split()) for text in (theirs, ours))
    return left == right or left.endswith(f" {right}")


def _is_ours(session: Session, seen: Seen) -> bool:
    """Say whether the provider's text is known already, as a message's or an attempt's."""
    messages = select(Message.id).where(Message.provider_id == seen.provider_id)
    attempts = select(MessageAttempt.id).where(MessageAttempt.provider_id == seen.provider_id)
    return any(session.scalar(known.limit(1)) is not None for known in (messages, attempts))
