"""Sending one message: checked and written down, then the call, then its result.

`prepare` and `conclude` each run in a transaction of their own; `hand_over` runs in none.
"""

import random
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from sqlalchemy.orm import Session

from outreach import logs
from outreach.actor import SYSTEM
from outreach.db import Database
from outreach.links import Links
from outreach.messaging import (
    kinds,
    mail_trouble,
    outbox,
    reconcile,
    returned,
    rules,
    segments,
    service,
)
from outreach.messaging.codes import Action
from outreach.messaging.models import Message
from outreach.messaging.outbox import Claimed, Outcome
from outreach.messaging.ports import Mail, MailGateway, Result, Retry, Sms, SmsGateway, Standing
from outreach.messaging.reasons import Reason
from outreach.messaging.reconcile import Silent
from outreach.messaging.service import NewMessage
from outreach.messaging.templates import Texts
from outreach.speakers.models import Speaker
from outreach.workflows import choices, mailing, sms_budget, standing, wording

log = logs.get(__name__)

SHORTEST_VALIDITY_S: Final = 60
LONGEST_VALIDITY_S: Final = 36_000
"""What Twilio takes as a text's time in its queue; less than a minute is hardly ever kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """All that sending needs.

    `sms` is None where texts are off. `sms_per_second` counts segments; None is without limit.
    `sms_price_cents` is what one segment costs; 0 where that is not known.
    """

    db: Database
    links: Links
    texts: Texts
    mail: MailGateway
    sms: SmsGateway | None
    sms_per_second: float | None
    sender: mailing.Sender
    sms_price_cents: float = 0.0
    rng: random.Random = field(default_factory=random.SystemRandom)


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message whose attempt is written: what to hand over, and where the result belongs.

    From `call_before` on its lease is as good as over, and another worker may look for it.
    """

    claimed: Claimed
    attempt_id: int
    parcel: Sms | Mail
    call_before: datetime


_MAIL_STANDS_IN: Final = {Reason.NO_CONSENT, Reason.SMS_OFF, Reason.NIGHT, Reason.BUDGET}


class Skipped(Enum):
    """Why nothing is to be handed over."""

    SETTLED = "settled"
    """This one needs nothing more: cancelled, expired, put off."""
    WAIT = "wait"
    """The sender's rate is used up: the rest of the batch must wait as well."""


@dataclass(frozen=True, slots=True)
class _Obstacle:
    """Why a message does not leave now: its next state, and when to try again."""

    state: str
    reason: Reason
    send_after: datetime | None = None


def prepare(session: Session, claimed: Claimed, *, post: Post, now: datetime) -> Prepared | Skipped:
    """Look at everything once more, render, and write the attempt; the caller commits.

    What is no longer true is cancelled, what is too late expires, what may not be texted goes by
    mail instead, what is not allowed at this hour waits. Language and places are as the person
    wants them today, whatever they were when the message was planned.
    """
    message = outbox.held(session, claimed, now=now)
    if message is None:
        return Skipped.SETTLED
    obstacle = _obstacle(session, message, post=post, now=now)
    if obstacle is not None:
        outbox.let_go(
            session,
            claimed,
            state=obstacle.state,
            reason=obstacle.reason,
            send_after=obstacle.send_after,
            now=now,
        )
        if obstacle.reason in _MAIL_STANDS_IN:
            _mail_instead(session, message, now=now)
        return Skipped.SETTLED
    choices.follow(session, message)
    if message.channel == kinds.SMS:
        return _prepare_sms(session, message, claimed, post=post, now=now)
    return _prepare_mail(session, message, claimed, post=post, now=now)


def hand_over(prepared: Prepared, *, post: Post, now: datetime) -> Result:
    """Call the provider. Outside any transaction.

    Not where this worker stood still since the attempt was written (a stopped process, a suspended
    machine): by then another may have sent it. What stands still inside the call itself is left to
    the provider's list and callbacks.
    """
    if now >= prepared.call_before:
        return Retry(Reason.HELD_UP, pauses=False)
    if isinstance(prepared.parcel, Mail):
        return post.mail.send(prepared.parcel)
    if post.sms is None:
        return Retry(Reason.SMS_OFF)
    return post.sms.send(prepared.parcel)


def conclude(
    session: Session, prepared: Prepared, result: Result, *, post: Post, now: datetime
) -> Outcome:
    """Write down what a call gave, and draw the consequences."""
    outcome = outbox.finish(
        session,
        prepared.claimed,
        attempt_id=prepared.attempt_id,
        result=result,
        now=now,
        rng=post.rng,
    )
    message = session.get_one(Message, prepared.claimed.id)
    _follow_up(session, message, outcome, now=now)
    return outcome


def provider_said(
    session: Session, *, attempt: str, provider_id: str, status: str, code: str, now: datetime
) -> None:
    """Take a provider's callback on an attempt; repeated and late ones change nothing."""
    followed = reconcile.record_event(
        session, attempt=attempt, provider_id=provider_id, status=status, code=code, now=now
    )
    if followed is not None:
        message, outcome = followed
        _follow_up(session, message, outcome, now=now)


def provider_answered(
    session: Session, silent: Silent, standing: Standing | None, *, now: datetime
) -> None:
    """Take what the provider says of a text it had said nothing about."""
    followed = reconcile.asked(session, silent, standing, now=now)
    if followed is not None:
        message, outcome = followed
        _follow_up(session, message, outcome, now=now)


def body_of(session: Session, message_id: int, *, post: Post) -> str:
    """Render a text again, word for word, to find it in the provider's list."""
    message = session.get_one(Message, message_id)
    return _body(message, post=post, own=wording.chosen(session, message))


def stop_texts(session: Session, phone: str, *, now: datetime) -> int:
    """Cancel every text that waits for a number, and mail what can be mailed; return how many."""
    stopped = service.cancel_texts(session, phone, now=now)
    for message in stopped:
        _mail_instead(session, message, now=now)
    return len(stopped)


def _prepare_sms(
    session: Session, message: Message, claimed: Claimed, *, post: Post, now: datetime
) -> Prepared | Skipped:
    body = _body(message, post=post, own=wording.choose(session, message))
    units = segments.count(body)
    if units > rules.MAX_SEGMENTS:
        message.segments = units
        outbox.let_go(session, claimed, state="failed", reason=Reason.TOO_LONG, now=now)
        _mail_instead(session, message, now=now)
        return Skipped.SETTLED
    if post.sms_per_second is not None and not outbox.take_slot(
        session, kinds.SMS, units=units, per_second=post.sms_per_second, now=now
    ):
        outbox.let_go(session, claimed, state="pending", now=now)
        return Skipped.WAIT
    attempt = outbox.begin_attempt(session, claimed, segments=units, now=now)
    if attempt is None:
        return Skipped.SETTLED
    sms_budget.tell(session, message.affiliate_id, price_cents=post.sms_price_cents, now=now)
    parcel = Sms(
        to=message.to_address,
        body=body,
        kind=message.kind,
        callback_url=post.links.to(f"/hooks/twilio/status/{attempt.public_id}"),
        valid_for_s=_valid_for_s(session, message, now=now),
    )
    return Prepared(claimed, attempt.id, parcel, _call_before(now))


def _prepare_mail(
    session: Session, message: Message, claimed: Claimed, *, post: Post, now: datetime
) -> Prepared | Skipped:
    own = wording.choose(session, message)
    parcel = mailing.parcel(
        session,
        message,
        texts=post.texts,
        links=post.links,
        own=own,
        sender=post.sender,
        now=now,
    )
    attempt = outbox.begin_attempt(session, claimed, now=now)
    if attempt is None:
        return Skipped.SETTLED
    # A bounce returns the headers, and by this one it is believed (returned.py).
    mark = f"{returned.ATTEMPT}: {attempt.public_id}\r\n".encode()
    marked = replace(parcel, raw=mark + parcel.raw)
    return Prepared(claimed, attempt.id, marked, _call_before(now))


def _call_before(now: datetime) -> datetime:
    return now + timedelta(seconds=outbox.LEASE_S - outbox.CALL_S)


def _obstacle(session: Session, message: Message, *, post: Post, now: datetime) -> _Obstacle | None:
    if message.expires_at <= now:
        return _Obstacle("expired", Reason.EXPIRED)
    if not standing.is_true(session, message, now=now):
        return _Obstacle("cancelled", Reason.SUPERSEDED)
    address = standing.address(session, message)
    if address is None:
        return _Obstacle("cancelled", Reason.NO_ADDRESS)
    if message.channel == kinds.MAIL:
        message.to_address = address
        if message.kind not in kinds.ASKED_FOR and mail_trouble.stands(session, address):
            return _Obstacle("failed", Reason.BAD_ADDRESS)
        return None
    return _obstacle_to_text(session, message, phone=address, post=post, now=now)


def _obstacle_to_text(
    session: Session, message: Message, *, phone: str, post: Post, now: datetime
) -> _Obstacle | None:
    if post.sms is None:
        return _Obstacle("cancelled", Reason.SMS_OFF)
    if not _may_be_texted(session, message, phone=phone):
        return _Obstacle("cancelled", Reason.NO_CONSENT)
    window = standing.window(session, message)
    if message.urgent or rules.is_allowed(now, zone=message.time_zone, window=window):
        return _obstacle_of_budget(session, message, post=post, now=now)
    morning = rules.next_allowed(now, zone=message.time_zone, window=window)
    if morning >= message.expires_at:
        return _Obstacle("cancelled", Reason.NIGHT)
    return _Obstacle("pending", Reason.QUIET_HOURS, send_after=morning)


def _obstacle_of_budget(
    session: Session, message: Message, *, post: Post, now: datetime
) -> _Obstacle | None:
    if message.kind not in sms_budget.GO_BY_MAIL:
        return None
    price_cents = post.sms_price_cents
    if sms_budget.is_used_up(session, message.affiliate_id, price_cents=price_cents, now=now):
        return _Obstacle("cancelled", Reason.BUDGET)
    return None


def _body(message: Message, *, post: Post, own: str) -> str:
    return post.texts.sms(
        message.kind, message.values, locale=message.locale, to_name=message.to_name, own=own
    )


def _may_be_texted(session: Session, message: Message, *, phone: str) -> bool:
    if phone != message.to_address:
        return False
    if message.kind in kinds.KEYWORD_REPLIES:
        return True
    speaker_id = message.recipient_id if message.recipient_kind == "speaker" else None
    return service.agreed(session, phone, speaker_id=speaker_id)


def _valid_for_s(session: Session, message: Message, *, now: datetime) -> int:
    until = message.expires_at
    if not message.urgent:
        window = standing.window(session, message)
        until = min(until, rules.closing(now, zone=message.time_zone, window=window))
    left = int((until - now).total_seconds())
    return max(SHORTEST_VALIDITY_S, min(left, LONGEST_VALIDITY_S))


def _follow_up(session: Session, message: Message, outcome: Outcome, *, now: datetime) -> None:
    if message.redacted_at is not None:
        # A word this late finds nobody's number here any more, and nothing to say to anybody.
        return
    if outcome.action in {Action.BAD_NUMBER, Action.OPT_OUT}:
        service.record_consent(
            session,
            phone=message.to_address,
            event=str(outcome.action),
            source="provider",
            actor=SYSTEM,
            evidence=outcome.code,
            now=now,
        )
        stop_texts(session, message.to_address, now=now)
        _mail_instead(session, message, now=now)
    elif outcome.action is Action.LATER:
        _once_more(session, message, now=now)
    if outcome.state in {"failed", "undelivered", "dead"}:
        log.warning("message.failed", message=message.id, kind=message.kind, code=outcome.code)


def _once_more(session: Session, message: Message, *, now: datetime) -> None:
    at = now + rules.LATER
    if at < message.expires_at:
        service.plan(session, replace(NewMessage.like(message), send_after=at, again=True), now=now)


def _mail_instead(session: Session, message: Message, *, now: datetime) -> None:
    """Plan the mail that stands in for a text; nothing where one is planned or cannot be."""
    if message.recipient_kind != "speaker" or not kinds.has_mail(message.kind):
        return
    speaker = session.get(Speaker, message.recipient_id)
    if speaker is None or speaker.archived_at is not None:
        return
    mail = replace(
        NewMessage.like(message),
        channel=kinds.MAIL,
        to_address=speaker.email,
        send_after=max(now, message.send_after),
    )
    service.plan(session, mail, now=now)
