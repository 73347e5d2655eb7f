"""The outbox as workflows see it: planning, cancelling, and who agreed to be texted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate

from outreach.actor import Actor
from outreach.messaging import kinds as known
from outreach.messaging import rules
from outreach.messaging.models import Consent, Message, MessageAttempt
from outreach.messaging.once import insert_once
from outreach.messaging.reasons import Reason
from outreach.messaging.rules import Window

WAITING = ("pending", "claimed")
"""States in which a message can still be stopped: no provider is being called."""

IN_DOUBT = ("ambiguous", "crashed")
"""Attempts after which a message may be with its reader, whatever becomes of it afterwards."""


COPY = ":copy-"
"""Parts the number of a copy from the key of the first (`copy_number`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message to plan.

    `subject` is the cause: its kind, primary key and revision. `time_zone` and `window` are the
    recipient's: a text waits for the window's hours unless it is `urgent`. What has not left by
    `expires_at` never leaves. `again` is the one repeat after a passing trouble, `copy` the number
    of the copy that somebody asked for (0: the message itself). Texts that are `spread` keep a few
    minutes from the others of their moment.
    """

    kind: str
    channel: str
    affiliate_id: int | None
    recipient_kind: str
    recipient_id: int
    to_address: str
    to_name: str = ""
    locale: str = "en"
    subject: tuple[str, int, int]
    values: Mapping[str, Any]
    time_zone: str
    window: Window = rules.DAY
    send_after: datetime
    expires_at: datetime
    urgent: bool = False
    again: bool = False
    spread: bool = False
    copy: int = 0

    @classmethod
    def like(cls, message: Message) -> "NewMessage":
        """Return a planned message as it would be planned: to be changed, and planned again."""
        return cls(
            kind=message.kind,
            channel=message.channel,
            affiliate_id=message.affiliate_id,
            recipient_kind=message.recipient_kind,
            recipient_id=message.recipient_id,
            to_address=message.to_address,
            to_name=message.to_name,
            locale=message.locale,
            subject=(message.subject_kind, message.subject_id, message.subject_revision),
            values=message.values,
            time_zone=message.time_zone,
            send_after=message.send_after,
            expires_at=message.expires_at,
            urgent=message.urgent,
        )

    @property
    def dedupe_key(self) -> str:
        """What makes planning it twice one message."""
        kind, row, revision = self.subject
        told_apart = known.occasion(self.kind, self.values)
        recipient = f"{self.recipient_kind}:{self.recipient_id}"
        parts = (kind, row, recipient, self.kind, told_apart, revision, self.channel)
        more = ("again",) if self.again else ()
        copy = f"{COPY}{self.copy}" if self.copy else ""
        return ":".join(map(str, (*parts, *more))) + copy


def copy_number(message: Message) -> int:
    """Return which copy of a message this is; 0 for the first that was sent."""
    _, _, number = message.dedupe_key.partition(COPY)
    return int(number or 0)


def plan(session: Session, message: NewMessage, *, now: datetime) -> bool:
    """Put a message into the outbox; False when the same one is there already.

    One that was cancelled because it was no longer so, and never left, waits again: it is so
    again. What waits of the same kind about earlier revisions of its subject is cancelled.

    Raises:
        ValueError: the kind does not exist on that channel, or a value is missing.
    """
    row = row_of(message, now=now)
    leaves_at = row["send_after"]
    new = insert_once(session, Message, unique=("dedupe_key",), values=row)
    is_new = new is not None or _revive(session, message, leaves_at=leaves_at, now=now)
    if is_new:
        _supersede(session, message, now=now)
    return is_new


def row_of(message: NewMessage, *, now: datetime) -> dict[str, Any]:
    """Return a new message as a row of the outbox.

    Raises:
        ValueError: the kind does not exist on that channel, or a value is missing.
    """
    known.check(message.kind, channel=message.channel, values=message.values)
    leaves_at = _leaves_at(message, now=now)
    return {
        "dedupe_key": message.dedupe_key,
        "affiliate_id": message.affiliate_id,
        "kind": message.kind,
        "channel": message.channel,
        "recipient_kind": message.recipient_kind,
        "recipient_id": message.recipient_id,
        "to_address": message.to_address,
        "to_name": message.to_name,
        "locale": message.locale,
        "subject_kind": message.subject[0],
        "subject_id": message.subject[1],
        "subject_revision": message.subject[2],
        "values": dict(message.values),
        "time_zone": message.time_zone,
        "planned_wall": _wall(leaves_at, zone=message.time_zone),
        "urgent": message.urgent,
        "send_after": leaves_at,
        "expires_at": message.expires_at,
        "state_at": now,
        "created_at": now,
    }


def cancel(
    session: Session,
    *,
    subject: tuple[str, int],
    kinds: tuple[str, ...] = (),
    before: int | None = None,
    now: datetime,
) -> int:
    """Cancel what waits to be said about a row, of these kinds or of all; return how many.

    `before` spares that revision of the row and later ones. What has left already is not
    touched: it needs a correction, which is the caller's to plan.
    """
    stop = cancelling(Reason.SUPERSEDED, now=now).where(
        Message.subject_kind == subject[0], Message.subject_id == subject[1]
    )
    if kinds:
        stop = stop.where(Message.kind.in_(kinds))
    if before is not None:
        stop = stop.where(Message.subject_revision < before)
    return len(session.scalars(stop).all())


def last_left(session: Session, *, subject: tuple[str, int]) -> Message | None:
    """Return the last message about a row that has left, or may have; None when nothing has."""
    taken_without_a_word = select(MessageAttempt.id).where(
        MessageAttempt.message_id == Message.id, MessageAttempt.outcome.in_(IN_DOUBT)
    )
    gone = select(Message).where(
        Message.subject_kind == subject[0],
        Message.subject_id == subject[1],
        or_(
            Message.state.not_in((*WAITING, "cancelled", "expired")),
            taken_without_a_word.exists(),
        ),
    )
    return session.scalars(gone.order_by(Message.id.desc()).limit(1)).first()


def who_got(session: Session, *, subject: tuple[str, int], kind: str) -> list[tuple[str, int]]:
    """Return the recipients whom a message of a kind about a row has reached, or may have."""
    gone = select(Message.recipient_kind, Message.recipient_id).where(
        Message.subject_kind == subject[0],
        Message.subject_id == subject[1],
        Message.kind == kind,
        Message.state.not_in((*WAITING, "cancelled", "expired")),
    )
    return [(each, row_id) for each, row_id in session.execute(gone.distinct())]


def last_waiting(
    session: Session, *, subject: tuple[str, int], kind: str, recipient: tuple[str, int]
) -> Message | None:
    """Return the last message of a kind about a row that still waits for this recipient."""
    waiting = select(Message).where(
        Message.subject_kind == subject[0],
        Message.subject_id == subject[1],
        Message.kind == kind,
        Message.recipient_kind == recipient[0],
        Message.recipient_id == recipient[1],
        Message.state.in_(WAITING),
    )
    return session.scalars(waiting.order_by(Message.id.desc()).limit(1)).first()


def cancel_texts(session: Session, phone: str, *, now: datetime) -> list[Message]:
    """Cancel every text that waits for a number; return them, so that mails can stand in."""
    stop = cancelling(Reason.NO_CONSENT, now=now).where(
        Message.channel == known.SMS, Message.to_address == phone
    )
    ids = session.scalars(stop).all()
    return list(session.scalars(select(Message).where(Message.id.in_(ids)).order_by(Message.id)))


def agreed(session: Session, phone: str, *, speaker_id: int | None = None) -> bool:
    """Say whether the ledger allows texting this number.

    Its last event counts: an agreement of this speaker (where given), or a stop, whoever of those
    who share the number sent it. A changed number has no events, so consent does not carry over.
    """
    events = select(Consent.event).where(Consent.phone == phone)
    if speaker_id is not None:
        events = events.where(or_(Consent.event != "opt_in", Consent.speaker_id == speaker_id))
    return session.scalar(events.order_by(Consent.id.desc()).limit(1)) == "opt_in"


def has_stopped(session: Session, phone: str) -> bool:
    """Say whether a number said STOP, and nobody under it has agreed since."""
    events = select(Consent.event).where(
        Consent.phone == phone, Consent.event.in_(("opt_in", "opt_out"))
    )
    return session.scalar(events.order_by(Consent.id.desc()).limit(1)) == "opt_out"


def record_consent(
    session: Session,
    *,
    phone: str,
    event: str,
    source: str,
    actor: Actor,
    speaker_id: int | None = None,
    wording: str = "",
    evidence: str = "",
    now: datetime,
) -> None:
    """Append to the ledger: "opt_in", "opt_out" or "bad_number", for a number in E.164.

    `source` says how it came ("form", "inbound", "provider", "import"), `wording` which version
    of the question was answered, `evidence` the provider's id of the text or the code it gave.
    """
    session.add(
        Consent(
            phone=phone,
            speaker_id=speaker_id,
            event=event,
            source=source,
            wording=wording,
            actor=actor.label,
            evidence=evidence,
            at=now,
        )
    )
    session.flush()


def agreed_once(session: Session, phone: str) -> tuple[int | None, ...]:
    """Return who ever agreed under this number: speakers' primary keys, in order of the ledger."""
    given = select(Consent.speaker_id).where(Consent.phone == phone, Consent.event == "opt_in")
    return tuple(dict.fromkeys(session.scalars(given.order_by(Consent.id))))


def _leaves_at(message: NewMessage, *, now: datetime) -> datetime:
    if message.channel != known.SMS or message.urgent:
        return message.send_after
    return rules.sending_time(
        message.send_after,
        zone=message.time_zone,
        window=message.window,
        expires_at=message.expires_at,
        now=now,
        apart=rules.spread(message.dedupe_key) if message.spread else timedelta(0),
    )


def _revive(session: Session, message: NewMessage, *, leaves_at: datetime, now: datetime) -> bool:
    again = (
        update(Message)
        .where(
            Message.dedupe_key == message.dedupe_key,
            Message.state == "cancelled",
            Message.reason == Reason.SUPERSEDED,
            Message.attempts == 0,
        )
        .values(
            state="pending",
            state_at=now,
            reason="",
            values=dict(message.values),
            planned_wall=_wall(leaves_at, zone=message.time_zone),
            send_after=leaves_at,
            expires_at=message.expires_at,
            urgent=message.urgent,
        )
        .returning(Message.id)
    )
    return session.scalar(again) is not None


def _supersede(session: Session, message: NewMessage, *, now: datetime) -> None:
    kind, row, revision = message.subject
    older = cancelling(Reason.SUPERSEDED, now=now).where(
        Message.subject_kind == kind,
        Message.subject_id == row,
        Message.subject_revision < revision,
        Message.kind == message.kind,
        Message.recipient_kind == message.recipient_kind,
        Message.recipient_id == message.recipient_id,
    )
    session.execute(older)


def cancelling(reason: Reason, *, now: datetime) -> ReturningUpdate[tuple[int]]:
    """Return what cancels messages that wait, for the caller to say which; it returns their keys.

    The condition in the UPDATE decides between it and a worker's call.
    """
    return (
        update(Message)
        .where(Message.state.in_(WAITING))
        .values(state="cancelled", reason=reason, state_at=now, lease_token=None, lease_until=None)
        .returning(Message.id)
    )


def _wall(instant: datetime, *, zone: str) -> str:
    return instant.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%dT%H:%M")
