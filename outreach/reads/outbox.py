"""Messages that left, wait or went wrong, and texts that came in, as a coordinator may see them.

The person is named, never the address or number, and never the text itself: it may hold a link
that answers for somebody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from outreach import access
from outreach.actor import Actor
from outreach.calendars.models import CalendarItem
from outreach.i18n import gettext as _
from outreach.messaging import kinds, mail_trouble, rules, service
from outreach.messaging.models import (
    Broadcast,
    InboundMail,
    InboundMessage,
    Message,
    MessageAttempt,
    Sender,
    WorkerHeartbeat,
)
from outreach.reads import calendar_mail, code_words, outbox_words, words
from outreach.reads.paging import Page
from outreach.reads.words import Status
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Visit

PAGE_SIZE = 25
SHOWN_OF_TEXT = 80
MOST_MAILS = 100

SILENT_AFTER = timedelta(minutes=5)
"""A worker says every ten seconds that it lives; a busy or restarted one is late, not dead."""

STUCK_AFTER = timedelta(minutes=15)
"""Shorter trouble passes by itself; nobody need hear of it."""

TROUBLE = ("failed", "undelivered", "dead", "unknown", "expired")
STATES = {
    "trouble": TROUBLE,
    "waiting": ("pending", "claimed", "sending"),
    "sent": ("accepted",),
    "delivered": ("delivered",),
    "failed": ("failed", "undelivered", "dead", "expired"),
    "unknown": ("unknown",),
    "off": ("cancelled",),
}
"""The filters of the list."""


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message in the list. `problem` is "" where nothing went wrong."""

    public_id: str
    what: str
    to: str
    channel: str
    status: Status
    planned_at: datetime
    zone: str
    problem: str
    seen: bool


@dataclass(frozen=True, slots=True)
class MessageDetails:
    """One message with its tries and the visit it is about."""

    row: MessageRow
    visit_id: str | None
    provider_words: str
    tries: Sequence[tuple[datetime, str]]
    can_retry: bool
    can_dismiss: bool
    can_cancel: bool
    can_send_again: bool
    speaker_id: str | None
    address_is_marked: bool


@dataclass(frozen=True, slots=True)
class TextRow:
    """A text that came in."""

    public_id: str
    body: str
    sender: str
    speaker_id: str | None
    received_at: datetime


@dataclass(frozen=True, slots=True)
class MailRow:
    """A mail that came in. `sender` is whom we take it to be from: anybody can write that.

    `calendar` is there where a calendar program wrote it.
    """

    public_id: str
    subject: str
    body: str
    sender: str
    speaker_id: str | None
    received_at: datetime
    calendar: calendar_mail.Waiting | None


def needs_somebody() -> ColumnElement[bool]:
    """Return the condition that a message went wrong and nobody has looked at it."""
    return and_(Message.state.in_(TROUBLE), Message.seen_by_id.is_(None))


def silent_since(session: Session, actor: Actor, *, now: datetime) -> datetime | None:
    """Return since when nothing is sent, because no worker is alive; None while one is.

    Where none ever was, it is the time at which the first message should have left.
    """
    last = session.scalar(select(func.max(WorkerHeartbeat.seen_at)))
    if last is None:
        waiting = access.scope(actor, Message).where(Message.state == "pending")
        last = session.scalar(waiting.with_only_columns(func.min(Message.send_after)))
    return last if last is not None and last < now - SILENT_AFTER else None


def stuck(actor: Actor, *, now: datetime) -> Select[Sender]:
    """Select the channels on which nothing gets through for a while, and something waits."""
    waits = (
        access.scope(actor, Message)
        .where(
            Message.state == "pending",
            Message.channel == Sender.channel,
            Message.send_after <= now + rules.RETRY_CAP,
        )
        .exists()
    )
    long = Sender.troubled_since <= now - STUCK_AFTER
    return select(Sender).where(long, waits).order_by(Sender.channel)


def not_understood(actor: Actor) -> Select[InboundMessage]:
    """Select the texts that nobody understood and nobody has settled, oldest first."""
    return (
        access.scope(actor, InboundMessage)
        .where(InboundMessage.meaning == "", InboundMessage.settled_at.is_(None))
        .order_by(InboundMessage.received_at, InboundMessage.id)
    )


def unread_mails(actor: Actor) -> Select[InboundMail]:
    """Select the mails that people wrote and nobody has settled, oldest first."""
    return (
        access.scope(actor, InboundMail)
        .where(InboundMail.settled_at.is_(None))
        .order_by(InboundMail.received_at, InboundMail.id)
    )


def shortened(body: str) -> str:
    """Return the beginning of a text in quotation marks; that there is none, of an empty one."""
    line = " ".join(body.split())
    if not line:
        return _("It has no words.")
    if len(line) > SHOWN_OF_TEXT:
        line = line[:SHOWN_OF_TEXT].rstrip() + "…"
    return f"“{line}”"


def page(
    session: Session,
    actor: Actor,
    *,
    state: str = "",
    channel: str = "",
    name: str = "",
    speaker: Speaker | None = None,
    note: Broadcast | None = None,
    number: int = 1,
) -> Page[MessageRow]:
    """Return one page of the messages, the latest first.

    `name` finds those to people with each of its words in their name; `speaker` those to one;
    `note` those of one note to many.
    """
    wanted = access.scope(actor, Message).where(*_to(actor, name))
    if speaker is not None:
        wanted = wanted.where(
            Message.recipient_kind == "speaker", Message.recipient_id == speaker.id
        )
    if note is not None:
        wanted = wanted.where(Message.subject_kind == "broadcast", Message.subject_id == note.id)
    if state in STATES:
        wanted = wanted.where(Message.state.in_(STATES[state]))
    if state == "trouble":
        wanted = wanted.where(Message.seen_by_id.is_(None))
    if channel:
        wanted = wanted.where(Message.channel == channel)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    found = session.scalars(
        wanted.order_by(Message.send_after.desc(), Message.id.desc())
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return Page([row_of(message) for message in found], total, number, PAGE_SIZE)


def details(session: Session, message: Message, *, now: datetime) -> MessageDetails:
    """Return everything one message's page shows."""
    tries = session.execute(
        select(MessageAttempt.started_at, MessageAttempt.outcome)
        .where(MessageAttempt.message_id == message.id)
        .order_by(MessageAttempt.number)
    )
    in_trouble = message.state in TROUBLE
    return MessageDetails(
        row=row_of(message),
        visit_id=_visit_of(session, message),
        provider_words=_provider_words(message),
        tries=[(at, outbox_words.outcome(outcome)) for at, outcome in tries],
        can_retry=message.state in {"failed", "undelivered", "dead"}
        and message.expires_at > now
        and message.redacted_at is None,
        can_dismiss=in_trouble and message.seen_by_id is None,
        can_cancel=message.state in service.WAITING,
        can_send_again=(
            message.state in {"accepted", "delivered"}
            and message.expires_at > now
            and message.kind not in kinds.ANSWERS
        ),
        speaker_id=_speaker_of(session, message),
        address_is_marked=message.channel == "mail"
        and mail_trouble.stands(session, message.to_address),
    )


def texts(session: Session, actor: Actor) -> list[TextRow]:
    """Return the texts that wait for somebody, oldest first."""
    found = (
        not_understood(actor)
        .add_columns(Speaker)
        .outerjoin(Speaker, Speaker.id == InboundMessage.speaker_id)
    )
    return [text_row(text, speaker) for text, speaker in session.execute(found)]


def text_row(text: InboundMessage, speaker: Speaker | None) -> TextRow:
    """Return a text as a page shows it."""
    sender = f"{speaker.first_name} {speaker.last_name}" if speaker else _("A number we don’t know")
    return TextRow(
        text.public_id,
        text.body,
        sender,
        speaker.public_id if speaker else None,
        text.received_at,
    )


def mails(session: Session, actor: Actor) -> list[MailRow]:
    """Return the mails that wait for somebody, oldest first, at most `MOST_MAILS`."""
    found = (
        unread_mails(actor)
        .add_columns(Speaker)
        .outerjoin(Speaker, Speaker.id == InboundMail.speaker_id)
        .limit(MOST_MAILS)
    )
    rows = session.execute(found).all()
    calendars = calendar_mail.waiting(session, [mail.id for mail, _speaker in rows])
    return [_mail_row(mail, speaker, calendars.get(mail.id)) for mail, speaker in rows]


def _mail_row(
    mail: InboundMail, speaker: Speaker | None, calendar: calendar_mail.Waiting | None
) -> MailRow:
    sender = f"{speaker.first_name} {speaker.last_name}" if speaker else mail.from_address
    return MailRow(
        mail.public_id,
        mail.subject,
        mail.body,
        sender or _("Somebody who gave no address"),
        speaker.public_id if speaker else None,
        mail.received_at,
        calendar,
    )


def row_of(message: Message) -> MessageRow:
    """Return a message as the list shows it."""
    return MessageRow(
        public_id=message.public_id,
        what=words.message_kind(message.kind),
        to=message.to_name or _("somebody"),
        channel=words.channel(message.channel),
        status=outbox_words.status(message),
        planned_at=message.send_after,
        zone=message.time_zone,
        problem=outbox_words.why(message),
        seen=message.seen_by_id is not None,
    )


def _to(actor: Actor, name: str) -> list[ColumnElement[bool]]:
    """Return the conditions that a message is to somebody of this name, one for each word."""
    found: list[ColumnElement[bool]] = []
    for word in name.lower().split():
        whole = func.lower(Speaker.first_name + " " + Speaker.last_name)
        speakers = (
            access.scope(actor, Speaker)
            .with_only_columns(Speaker.id)
            .where(whole.contains(word, autoescape=True))
        )
        found.append(
            or_(
                func.lower(Message.to_name).contains(word, autoescape=True),
                and_(Message.recipient_kind == "speaker", Message.recipient_id.in_(speakers)),
            )
        )
    return found


def _speaker_of(session: Session, message: Message) -> str | None:
    if message.recipient_kind != "speaker":
        return None
    return session.scalar(select(Speaker.public_id).where(Speaker.id == message.recipient_id))


def _provider_words(message: Message) -> str:
    """Return what the code a provider gave for a text means; "" where there is none we know."""
    if message.channel != "sms" or message.state in outbox_words.SETTLED:
        return ""
    return code_words.sentence(message.provider_code or message.reason)


def _visit_of(session: Session, message: Message) -> str | None:
    """Return the public id of the visit a message is about, by the row that caused it."""
    of_an_entry = (
        select(Visit.public_id)
        .join(CalendarItem, CalendarItem.visit_id == Visit.id)
        .where(CalendarItem.id == message.subject_id)
    )
    ways: dict[str, Select[str]] = {
        "visit": select(Visit.public_id).where(Visit.id == message.subject_id),
        "offer": select(Visit.public_id)
        .join(Offer, Offer.visit_id == Visit.id)
        .where(Offer.id == message.subject_id),
        "assignment": select(Visit.public_id)
        .join(Assignment, Assignment.visit_id == Visit.id)
        .where(Assignment.id == message.subject_id),
        "calendar_item": of_an_entry,
        "former_mailbox": of_an_entry,
    }
    way = ways.get(message.subject_kind)
    return session.scalar(way) if way is not None else None
