"""A message's row → the mail's bytes: a letter, or an invite with its calendar file."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from outreach.calendars import mime
from outreach.calendars import service as calendars
from outreach.calendars.invite import Answer
from outreach.calendars.models import CalendarItem
from outreach.calendars.service import Person
from outreach.links import Links
from outreach.messaging import letters
from outreach.messaging import service as messaging
from outreach.messaging.models import Message
from outreach.messaging.ports import Mail
from outreach.messaging.templates import Letter, Texts
from outreach.reads import endings

INVITES = frozenset({"invite_offer", "invite", "invite_update", "invite_cancel"})


@dataclass(frozen=True, slots=True)
class Sender:
    """Whom mails come from: a neutral name and address, and the host of message ids."""

    name: str
    address: str
    host: str


def parcel(
    session: Session,
    message: Message,
    *,
    texts: Texts,
    links: Links,
    own: str = "",
    sender: Sender,
    now: datetime,
) -> Mail:
    """Return the mail of a message, the same each time but for its date.

    `own` is the affiliate's passage in it.
    """
    letter = texts.mail(
        message.kind, message.values, to_name=message.to_name, locale=message.locale, own=own
    )
    if message.kind in INVITES:
        item = session.get_one(CalendarItem, message.subject_id)
        # What is sent again is a mail of its own: some programs show one id once only.
        message_id = _message_id(item, item.sequence, copy=messaging.copy_number(message))
        raw = _invite(message, item, letter, message_id=message_id, sender=sender)
    else:
        message_id = f"<{message.public_id}@{sender.host}>"
        raw = letters.compose(
            letter,
            sender=sender.address,
            sender_name=sender.name,
            to=message.to_address,
            to_name=message.to_name,
            message_id=message_id,
            date=now,
            ending=letter.unsubscribe or endings.address(session, message, links=links),
        )
    return Mail(
        to=message.to_address,
        raw=raw,
        message_id=message_id,
        kind=message.kind,
        subject=letter.subject,
        text=letter.text,
    )


def _invite(
    message: Message, item: CalendarItem, letter: Letter, *, message_id: str, sender: Sender
) -> bytes:
    first = _message_id(item, 0)
    shown = calendars.entry(
        item,
        organizer=Person(sender.name, sender.address),
        attendee=Person(message.to_name, message.to_address),
        # The first invite follows the yes; what has changed since nobody has answered yet.
        answer=Answer.ACCEPTED if message.kind == "invite" else Answer.NEEDED,
    )
    mail = mime.compose(
        shown,
        subject=letter.subject,
        plain=letter.text,
        html=letter.html,
        message_id=message_id,
        references=first if message_id != first else None,
    )
    return mail.as_bytes()


def _message_id(item: CalendarItem, sequence: int, *, copy: int = 0) -> str:
    local, _, host = item.uid.rpartition("@")
    number = f"{sequence}.{copy}" if copy else f"{sequence}"
    return f"<{local}.{number}@{host}>"
