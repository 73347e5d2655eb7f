"""What the demo's phones and mailboxes show: the rows of the console gateway."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes, policy

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.errors import NotFound
from outreach.i18n import lazy
from outreach.messaging.models import ConsoleMessage, InboundMessage
from outreach.speakers.models import Speaker

NOTHING = lazy("There is nothing here.")
NEWEST = 200


@dataclass(frozen=True, slots=True)
class Text:
    """One bubble on a phone."""

    text: str
    at: datetime
    mine: bool


@dataclass(frozen=True, slots=True)
class Phone:
    """A speaker's phone."""

    public_id: str
    name: str
    number: str
    texts: tuple[Text, ...]
    count: int


@dataclass(frozen=True, slots=True)
class MailShown:
    """A mail that left. `text` is its plain part."""

    public_id: str
    to_address: str
    subject: str
    text: str
    kind: str
    at: datetime
    has_invite: bool


def phones(session: Session) -> list[Phone]:
    """Return the phones that got a text, by name; without their texts."""
    texts = select(ConsoleMessage.to_address).where(ConsoleMessage.channel == "sms")
    counts = Counter(session.scalars(texts))
    owners = select(Speaker).where(Speaker.phone.in_(counts)).order_by(Speaker.first_name)
    return [
        Phone(one.public_id, one.first_name, one.phone or "", (), counts[one.phone or ""])
        for one in session.scalars(owners)
    ]


def phone(session: Session, public_id: str) -> Phone:
    """Return a phone with its texts, oldest first. Raises NotFound."""
    owner = session.scalar(select(Speaker).where(Speaker.public_id == public_id))
    if owner is None or owner.phone is None:
        raise NotFound(NOTHING)
    out = select(ConsoleMessage).where(
        ConsoleMessage.channel == "sms", ConsoleMessage.to_address == owner.phone
    )
    back = select(InboundMessage).where(InboundMessage.from_phone == owner.phone)
    texts = [Text(row.text, row.at, mine=False) for row in session.scalars(out)]
    texts += [Text(row.body, row.received_at, mine=True) for row in session.scalars(back)]
    # At the same instant the answer to a text comes after it.
    texts.sort(key=lambda text: (text.at, not text.mine))
    return Phone(owner.public_id, owner.first_name, owner.phone, tuple(texts), len(texts))


def mails(session: Session) -> list[MailShown]:
    """Return the newest mails, newest first."""
    rows = select(ConsoleMessage).where(ConsoleMessage.channel == "mail")
    newest = rows.order_by(ConsoleMessage.id.desc()).limit(NEWEST)
    return [_mail(row) for row in session.scalars(newest)]


def mail(session: Session, public_id: str) -> MailShown:
    """Return one mail. Raises NotFound."""
    return _mail(_row(session, public_id))


def calendar_file(session: Session, public_id: str) -> bytes:
    """Return a mail's calendar part. Raises NotFound where it has none."""
    raw = _row(session, public_id).raw or b""
    for part in message_from_bytes(raw, policy=policy.default).walk():
        if part.get_content_type() == "text/calendar":
            return bytes(part.get_payload(decode=True))
    raise NotFound(NOTHING)


def _row(session: Session, public_id: str) -> ConsoleMessage:
    mine = (ConsoleMessage.public_id == public_id, ConsoleMessage.channel == "mail")
    row = session.scalar(select(ConsoleMessage).where(*mine))
    if row is None:
        raise NotFound(NOTHING)
    return row


def _mail(row: ConsoleMessage) -> MailShown:
    return MailShown(
        public_id=row.public_id,
        to_address=row.to_address,
        subject=row.subject,
        text=row.text,
        kind=row.kind,
        at=row.at,
        has_invite=row.kind.startswith("invite") and row.kind != "invitation",
    )
