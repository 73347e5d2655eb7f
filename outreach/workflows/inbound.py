"""A text somebody sent us: opt-outs, help, answers to offers. One transaction, once per text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from outreach import audit, phone
from outreach.actor import Actor, Kind
from outreach.errors import Conflict, RuleBroken
from outreach.links import Links
from outreach.messaging import kinds, words
from outreach.messaging import service as messaging
from outreach.messaging.models import InboundMessage
from outreach.messaging.once import insert_once
from outreach.messaging.service import NewMessage
from outreach.messaging.words import Heard, Meaning
from outreach.speakers.models import Speaker
from outreach.visits.models import Offer, Visit
from outreach.workflows import delivery, notices, offers

_KEYWORDS: Final = {
    Meaning.STOP: "stop_reply",
    Meaning.START: "start_reply",
    Meaning.HELP: "help_reply",
}
REPLY_LASTS: Final = timedelta(hours=12)
QUIET_FOR: Final = timedelta(hours=12)
"""Who was told how to answer is not told again for this long: machines answer machines."""


@dataclass(frozen=True, slots=True)
class Received:
    """What was made of a text. `reply` is the kind of the answer; "" where we keep silent."""

    meaning: Meaning
    reply: str
    locale: str


@dataclass(frozen=True, slots=True)
class _Text:
    """A text that has arrived, and who may have sent it."""

    row_id: int
    phone: str
    heard: Heard
    senders: Sequence[Speaker]
    provider_id: str

    @property
    def speaker(self) -> Speaker | None:
        """The one speaker with this number; None when there is none or several."""
        return self.senders[0] if len(self.senders) == 1 else None

    @property
    def locale(self) -> str:
        """The language to answer in."""
        return self.senders[0].locale if self.senders else "en"


def receive_sms(
    session: Session,
    *,
    provider_id: str,
    from_phone: str,
    body: str,
    links: Links,
    now: datetime,
    replies_to_keywords: bool = True,
) -> Received:
    """Take a text and do what it says. The same `provider_id` again changes nothing.

    A stop, a start and a call for help count in this transaction. A yes or a no answers the offer
    whose number it names, or the only open one. Whatever else it is waits for a coordinator.
    Answers go into the outbox; with `replies_to_keywords` off those to STOP, START and HELP are
    only returned, for a webhook that says them itself.
    """
    heard = words.hear(body)
    number = _normal(from_phone)
    senders = _speakers(session, number)
    row_id = insert_once(
        session,
        InboundMessage,
        unique=("provider_id",),
        values={
            "provider_id": provider_id,
            "from_phone": number,
            "body": body,
            "meaning": str(heard.meaning),
            "affiliate_id": senders[0].affiliate_id if senders else None,
            "speaker_id": senders[0].id if len(senders) == 1 else None,
            "received_at": now,
        },
    )
    if row_id is None:
        return _again(session, provider_id, locale=senders[0].locale if senders else "en")
    text = _Text(row_id, number, heard, senders, provider_id)
    reply = _act(session, text, links=links, now=now)
    if replies_to_keywords and reply in kinds.KEYWORD_REPLIES:
        _reply(session, text, reply, now=now)
    return Received(heard.meaning, reply, text.locale)


def _act(session: Session, text: _Text, *, links: Links, now: datetime) -> str:
    """Do what the text asks; return the kind of the answer."""
    if text.heard.meaning is Meaning.STOP:
        return _stop(session, text, now=now)
    if text.heard.meaning is Meaning.START:
        return _start(session, text, now=now)
    if text.heard.meaning is Meaning.HELP:
        _settle(session, text, now=now)
        return "help_reply"
    offer = _offer_meant(session, text, now=now)
    if text.heard.meaning is Meaning.UNCLEAR or offer is None:
        return _pass_on(session, text, now=now)
    if text.heard.meaning is Meaning.YES:
        return _yes(session, text, offer, links=links, now=now)
    return _no(session, text, offer, links=links, now=now)


def _stop(session: Session, text: _Text, *, now: datetime) -> str:
    _record(session, text, event="opt_out", speaker=text.speaker, now=now)
    delivery.stop_texts(session, text.phone, now=now)
    _settle(session, text, now=now)
    return "stop_reply"


def _start(session: Session, text: _Text, *, now: datetime) -> str:
    """Turn texts on again for those who had agreed before; for others it is no consent."""
    before = messaging.agreed_once(session, text.phone)
    again = [speaker for speaker in text.senders if speaker.id in before]
    for speaker in again:
        _record(session, text, event="opt_in", speaker=speaker, now=now)
    _settle(session, text, now=now)
    return "start_reply" if again else "help_reply"


def _yes(session: Session, text: _Text, offer: Offer, *, links: Links, now: datetime) -> str:
    by = _actor(session, offer)
    try:
        # What the workflow has written is taken back when it finds the place gone.
        with session.begin_nested():
            offers.accept(session, offer=offer, by=by, via="sms", links=links, now=now)
    except (Conflict, RuleBroken):
        return _answered(session, text, offer, "too_late_reply", now=now)
    return _answered(session, text, offer, "yes_reply", now=now)


def _no(session: Session, text: _Text, offer: Offer, *, links: Links, now: datetime) -> str:
    by = _actor(session, offer)
    try:
        with session.begin_nested():
            offers.not_this_time(session, offer=offer, by=by, via="sms", links=links, now=now)
    except (Conflict, RuleBroken):
        # A no after a yes: perhaps they cannot come. That is for a person to read.
        return _pass_on(session, text, now=now)
    return _answered(session, text, offer, "no_reply", now=now)


def _pass_on(session: Session, text: _Text, *, now: datetime) -> str:
    """Leave the text to a coordinator; tell the sender once how to answer."""
    told_lately = _was_unclear_lately(session, text, now=now)
    row = session.get_one(InboundMessage, text.row_id)
    row.meaning = ""
    session.flush()
    if told_lately or text.speaker is None:
        return ""
    return _reply(session, text, "unclear_reply", now=now)


def _answered(session: Session, text: _Text, offer: Offer, kind: str, *, now: datetime) -> str:
    _settle(session, text, now=now)
    visit = session.get_one(Visit, offer.visit_id)
    speaker = session.get_one(Speaker, offer.speaker_id)
    values = {
        **notices.link_values(offer.public_id, speaker.public_id, offer.expires_at),
        "starts_at": visit.starts_at.isoformat(),
        "ends_at": visit.ends_at.isoformat(),
        "zone": visit.time_zone,
    }
    return _reply(session, text, kind, to=speaker, values=values, now=now)


def _reply(
    session: Session,
    text: _Text,
    kind: str,
    *,
    to: Speaker | None = None,
    values: dict[str, Any] | None = None,
    now: datetime,
) -> str:
    """Plan the answer, at whatever hour: they have just written. Return its kind."""
    speaker = to or (text.senders[0] if text.senders else None)
    message = NewMessage(
        kind=kind,
        channel="sms",
        affiliate_id=speaker.affiliate_id if speaker else None,
        recipient_kind="speaker" if speaker else "phone",
        recipient_id=speaker.id if speaker else text.row_id,
        to_address=text.phone,
        to_name=speaker.first_name if speaker else "",
        locale=text.locale,
        subject=("inbound", text.row_id, 1),
        values=values or {},
        time_zone=speaker.time_zone if speaker else "UTC",
        send_after=now,
        expires_at=now + REPLY_LASTS,
        urgent=True,
    )
    messaging.plan(session, message, now=now)
    return kind


def _offer_meant(session: Session, text: _Text, *, now: datetime) -> Offer | None:
    """Return the offer a text answers; None if that is not clear.

    By its number, else the only open one; where none is open, the last one about a visit to come,
    so that an answer after the fact is told the truth.
    """
    ids = [speaker.id for speaker in text.senders]
    mine = select(Offer).where(Offer.speaker_id.in_(ids))
    if text.heard.number is None:
        waiting = session.scalars(mine.where(Offer.state == "open").limit(2)).all()
        if not waiting:
            return _last_of_a_visit_to_come(session, mine, now=now)
        return waiting[0] if len(waiting) == 1 else None
    named = mine.where(Offer.number == text.heard.number)
    waiting = session.scalars(named.where(Offer.state == "open").limit(2)).all()
    if waiting:
        return waiting[0] if len(waiting) == 1 else None
    return session.scalar(named.order_by(Offer.offered_at.desc()).limit(1))


def _last_of_a_visit_to_come(
    session: Session, mine: Select[Offer], *, now: datetime
) -> Offer | None:
    to_come = mine.join(Visit, Visit.id == Offer.visit_id).where(Visit.starts_at > now)
    return session.scalar(to_come.order_by(Offer.offered_at.desc(), Offer.id.desc()).limit(1))


def _actor(session: Session, offer: Offer) -> Actor:
    speaker = session.get_one(Speaker, offer.speaker_id)
    return Actor(Kind.SPEAKER, affiliate_id=speaker.affiliate_id, speaker_id=speaker.id)


def _record(
    session: Session, text: _Text, *, event: str, speaker: Speaker | None, now: datetime
) -> None:
    by = Actor(Kind.SPEAKER, speaker_id=speaker.id) if speaker else Actor(Kind.ANONYMOUS)
    messaging.record_consent(
        session,
        phone=text.phone,
        event=event,
        source="inbound",
        actor=by,
        speaker_id=speaker.id if speaker else None,
        evidence=text.provider_id,
        now=now,
    )
    audit.record(
        session,
        f"consent.{event}",
        actor=by,
        subject=("inbound_message", text.row_id),
        now=now,
    )


def _settle(session: Session, text: _Text, *, now: datetime) -> None:
    session.get_one(InboundMessage, text.row_id).settled_at = now
    session.flush()


def _was_unclear_lately(session: Session, text: _Text, *, now: datetime) -> bool:
    lately = select(InboundMessage.id).where(
        InboundMessage.from_phone == text.phone,
        InboundMessage.meaning == "",
        InboundMessage.received_at > now - QUIET_FOR,
        InboundMessage.id != text.row_id,
    )
    return session.scalar(lately.limit(1)) is not None


def _again(session: Session, provider_id: str, *, locale: str) -> Received:
    """Return what was made of a text the first time: a provider that repeats it heard no answer."""
    found = select(InboundMessage).where(InboundMessage.provider_id == provider_id)
    meaning = Meaning(session.scalars(found).one().meaning)
    return Received(meaning, _KEYWORDS.get(meaning, ""), locale)


def _speakers(session: Session, number: str) -> Sequence[Speaker]:
    found = select(Speaker).where(Speaker.phone == number, Speaker.archived_at.is_(None))
    return session.scalars(found.order_by(Speaker.id)).all()


def _normal(number: str) -> str:
    try:
        return phone.parse(number)
    except RuleBroken:
        return number
