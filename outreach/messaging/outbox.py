"""From pending to the provider and back: claims with a lease, attempts, results.

A message is claimed under a lease, an attempt is written and committed before the provider is
called, and the result is set only by whoever holds the lease. So a crash leaves just the calls in
flight in doubt, and those are looked up (`reconcile`), never sent again blindly.
"""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, literal, null, select, update
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.db import UTCDateTime
from outreach.messaging import codes, rules
from outreach.messaging.codes import Action
from outreach.messaging.models import Message, MessageAttempt, Sender
from outreach.messaging.once import insert_once
from outreach.messaging.ports import Accepted, Ambiguous, Rejected, Result, Retry
from outreach.messaging.reasons import Reason

LEASE_S = 120
CALL_S = 20
"""A call takes at most this long; a lease with less left is not used for one."""

BATCH = 16
BURST = timedelta(seconds=2)
"""How far ahead of its rate a sender may run: what one tick sends at once."""

PAUSE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message held under a lease."""

    id: int
    lease_token: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call. `action` follows from the provider's code, where it gave one."""

    state: str
    action: Action | None = None
    code: str = ""

    @property
    def is_shared_trouble(self) -> bool:
        """Say whether other messages would fare no better now."""
        return self.action in {Action.PAUSE, Action.CHANNEL}


def claim(
    session: Session, *, channel: str, now: datetime, limit: int = BATCH, lease_s: int = LEASE_S
) -> list[Claimed]:
    """Take the messages that are due, the earliest first, for this worker alone.

    One statement: PostgreSQL skips rows another worker is claiming, SQLite has one writer.
    Nothing while the channel is paused.
    """
    if is_paused(session, channel, now=now):
        return []
    token = crypto.token()
    due = (
        select(Message.id)
        .where(Message.state == "pending", Message.channel == channel, Message.send_after <= now)
        .order_by(Message.send_after, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    rows = session.execute(
        update(Message)
        .where(Message.id.in_(select(due.c.id)))
        .values(
            state="claimed",
            state_at=now,
            lease_token=token,
            lease_until=now + timedelta(seconds=lease_s),
        )
        .returning(Message.id, Message.send_after),
        execution_options={"synchronize_session": False},
    )
    # RETURNING promises no order.
    ordered = sorted(rows.all(), key=lambda row: (row[1], row[0]))
    return [Claimed(message_id, token) for message_id, _ in ordered]


def held(session: Session, claimed: Claimed, *, now: datetime) -> Message | None:
    """Return the claimed message; None when it was cancelled, or the lease is (almost) over."""
    return session.scalar(
        select(Message)
        .where(
            Message.id == claimed.id,
            Message.state == "claimed",
            Message.lease_token == claimed.lease_token,
            Message.lease_until > now + timedelta(seconds=CALL_S),
        )
        .execution_options(populate_existing=True)
    )


def let_go(
    session: Session,
    claimed: Claimed,
    *,
    state: str,
    reason: Reason | None = None,
    send_after: datetime | None = None,
    now: datetime,
) -> bool:
    """Give a claimed message back unsent: "pending" again, or at its end. False when not held."""
    changes = {"state": state, "state_at": now, "lease_token": None, "lease_until": None}
    if send_after is not None:
        changes["send_after"] = send_after
    released = (
        update(Message)
        .where(
            Message.id == claimed.id,
            Message.state == "claimed",
            Message.lease_token == claimed.lease_token,
        )
        .values(**changes, reason=reason or "")
        .returning(Message.id)
    )
    return session.scalar(released) is not None


def stumbled(session: Session, claimed: Claimed, *, now: datetime, rng: random.Random) -> None:
    """Put back a message whose preparing raised: later, and after six times never."""
    message = held(session, claimed, now=now)
    if message is None:
        return
    message.attempts += 1
    session.flush()
    if message.attempts >= rules.MAX_ATTEMPTS:
        let_go(session, claimed, state="dead", reason=Reason.CANNOT_PREPARE, now=now)
    else:
        wait = rules.backoff(message.attempts, rng=rng)
        let_go(
            session,
            claimed,
            state="pending",
            reason=Reason.CANNOT_PREPARE,
            send_after=now + wait,
            now=now,
        )


def is_paused(session: Session, channel: str, *, now: datetime) -> bool:
    """Say whether nobody may send on this channel now."""
    until = session.scalar(select(Sender.paused_until).where(Sender.channel == channel))
    return until is not None and until > now


def take_slot(
    session: Session, channel: str, *, units: int, per_second: float, now: datetime
) -> bool:
    """Take the next place in the sender's rate for `units` segments; False when there is none yet.

    The row's lock makes it hold across workers.
    """
    sender = _sender(session, channel, now=now)
    if sender.next_free_at > now + BURST:
        return False
    spent = timedelta(seconds=units / per_second)
    sender.next_free_at = max(sender.next_free_at, now) + spent
    session.flush()
    return True


def pause(session: Session, channel: str, *, until: datetime, now: datetime) -> None:
    """Stop the channel for every worker until then; a longer pause stands."""
    sender = _sender(session, channel, now=now)
    sender.troubled_since = sender.troubled_since or now
    if sender.paused_until is None or sender.paused_until < until:
        sender.paused_until = until
    session.flush()


def _got_through(session: Session, channel: str) -> None:
    """Note that a channel works: one UPDATE, which mostly finds nothing to change."""
    session.execute(
        update(Sender)
        .where(Sender.channel == channel, Sender.troubled_since.is_not(None))
        .values(troubled_since=None)
    )


def begin_attempt(
    session: Session, claimed: Claimed, *, segments: int = 0, now: datetime
) -> MessageAttempt | None:
    """Write that a provider is about to be called; None when the message is no longer ours.

    Commit before calling: from here on a crash leaves the message in doubt.
    """
    begun = (
        update(Message)
        .where(
            Message.id == claimed.id,
            Message.state == "claimed",
            Message.lease_token == claimed.lease_token,
        )
        .values(
            state="sending",
            state_at=now,
            reason="",
            attempts=Message.attempts + 1,
            segments=segments,
            lease_until=now + timedelta(seconds=LEASE_S),
        )
        .returning(Message.affiliate_id)
    )
    held = session.execute(begun).one_or_none()
    if held is None:
        return None
    last = select(MessageAttempt.number).where(MessageAttempt.message_id == claimed.id)
    number = session.scalar(last.order_by(MessageAttempt.number.desc()).limit(1)) or 0
    attempt = MessageAttempt(
        message_id=claimed.id,
        number=number + 1,
        started_at=now,
        affiliate_id=held.affiliate_id,
        segments=segments,
    )
    session.add(attempt)
    session.flush()
    return attempt


def finish(
    session: Session,
    claimed: Claimed,
    *,
    attempt_id: int,
    result: Result,
    now: datetime,
    rng: random.Random,
) -> Outcome:
    """Write down what a call gave. Who lost the lease meanwhile changes only the attempt's row."""
    message = session.get_one(Message, claimed.id, populate_existing=True)
    attempt = session.get_one(MessageAttempt, attempt_id)
    attempt.finished_at = now
    attempt.outcome = _OUTCOMES[type(result)]
    if isinstance(result, Accepted):
        attempt.provider_id = result.provider_id
        adopt(session, message.id, provider_id=result.provider_id, status=result.status, now=now)
        _got_through(session, message.channel)
        return Outcome("accepted")
    attempt.code = result.code
    if not isinstance(result, Ambiguous):
        attempt.segments = 0  # Surely not sent, so nobody pays for it.
    outcome, changes = _after(message, result, now=now, rng=rng)
    settled = (
        update(Message)
        .where(
            Message.id == claimed.id,
            Message.state == "sending",
            Message.lease_token == claimed.lease_token,
        )
        .values(state_at=now, lease_token=None, lease_until=None, **changes)
    )
    session.execute(settled)
    if outcome.is_shared_trouble:
        length = rules.CHANNEL_PAUSE if outcome.action is Action.CHANNEL else PAUSE
        until = now + length * rng.uniform(0.5, 1)
        pause(session, message.channel, until=until, now=now)
    return outcome


def adopt(
    session: Session, message_id: int, *, provider_id: str, status: str, now: datetime
) -> bool:
    """Take the provider's id for a message that has none; False when it has one, or is over.

    About a text that is not at its end yet the provider is asked by and by (`rules.POLLS`).
    """
    state = codes.state(status) or "accepted"
    ask_at = rules.next_poll(now, checks=0) if state == "accepted" else None
    taken = (
        update(Message)
        .where(
            Message.id == message_id,
            Message.provider_id.is_(None),
            Message.state.in_(("sending", "unknown", "pending", "claimed", "dead")),
        )
        .values(
            provider_id=provider_id,
            provider_status=status,
            state=state,
            state_at=now,
            reason="",
            lease_token=None,
            lease_until=None,
            next_check_at=case(
                (Message.channel == "sms", literal(ask_at, UTCDateTime())), else_=null()
            ),
            checks=0,
        )
        .returning(Message.id)
    )
    return session.scalar(taken) is not None


_REASONS = {
    Action.BAD_NUMBER: Reason.BAD_NUMBER,
    Action.OPT_OUT: Reason.OPTED_OUT,
    Action.EXPIRED: Reason.EXPIRED,
}
_BAD_MAILBOX = {"550", "551", "553", "556"}
"""No such mailbox, it is elsewhere, its name is wrong, it takes no mail (RFC 5321, 7504)."""

_OUTCOMES = {Accepted: "ok", Retry: "retry", Ambiguous: "ambiguous", Rejected: "rejected"}


def _after(
    message: Message, result: Retry | Ambiguous | Rejected, *, now: datetime, rng: random.Random
) -> tuple[Outcome, dict[str, object]]:
    """Return the outcome of a call that was not accepted, and what it changes on the message."""
    code = result.code
    if isinstance(result, Ambiguous):
        if message.channel == "sms":
            return Outcome("unknown", code=code), {
                "state": "unknown",
                "reason": code,
                "next_check_at": now + rules.SETTLE,
            }
        # A mail goes out again under the same Message-ID.
        return _again(message, code, None, now=now, rng=rng)
    if isinstance(result, Retry):
        action = Action.PAUSE if result.pauses else None
        return _again(message, code, action, now=now, rng=rng)
    action = codes.action(code) if message.channel == "sms" else Action.FAIL
    if action in {Action.PAUSE, Action.CHANNEL}:
        return _again(message, code, action, now=now, rng=rng)
    state = "expired" if action is Action.EXPIRED else "failed"
    is_gone = message.channel == "mail" and code in _BAD_MAILBOX
    return Outcome(state, action, code), {
        "state": state,
        "reason": Reason.BAD_ADDRESS if is_gone else _REASONS.get(action, code),
        "provider_code": code,
    }


def _again(
    message: Message, code: str, action: Action | None, *, now: datetime, rng: random.Random
) -> tuple[Outcome, dict[str, object]]:
    wait = rules.backoff(message.attempts, rng=rng)
    later: dict[str, object] = {"state": "pending", "reason": code, "send_after": now + wait}
    outcome = Outcome("pending", action, code)
    if outcome.is_shared_trouble:
        # No fault of this one's: an outage of hours must not use up its tries (0035).
        return outcome, later | {"attempts": message.attempts - 1}
    if message.attempts >= rules.MAX_ATTEMPTS:
        return Outcome("dead", action, code), {"state": "dead", "reason": code}
    return outcome, later


def _sender(session: Session, channel: str, *, now: datetime) -> Sender:
    find = select(Sender).where(Sender.channel == channel).with_for_update()
    sender = session.scalar(find.execution_options(populate_existing=True))
    if sender is None:
        insert_once(
            session,
            Sender,
            unique=("channel",),
            values={"channel": channel, "next_free_at": now},
        )
        sender = session.scalars(find).one()
    return sender
