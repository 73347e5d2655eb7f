"""A message's row → the mail's bytes: a letter, or an invite with its calendar file."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from outreach.calendars import mime
from outreach.calendars import service as calendars
from outreach.calendars.invite import Answer, Entry
from outreach.calendars.models import CalendarItem
from outreach.calendars.service import Person
from outreach.links import Links
from outreach.messaging import kinds, letters
from outreach.messaging import service as messaging
from outreach.messaging.models import Message
from outreach.messaging.ports import Mail
from outreach.messaging.templates import Letter, Texts
from outreach.reads import endings
from outreach.workflows import entries, invite_mails


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
    if message.kind in kinds.CALENDAR:
        item = session.get_one(CalendarItem, message.subject_id)
        # What is sent again is a mail of its own: some programs show one id once only.
        shown = _shown(message, item, sender=sender)
        message_id = _message_id(item, shown.sequence, copy=messaging.copy_number(message))
        raw = _invite(shown, item, letter, message_id=message_id)
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


def _shown(message: Message, item: CalendarItem, *, sender: Sender) -> Entry:
    """Return what the mail does to the reader's calendar."""
    organizer = Person(sender.name, sender.address)
    attendee = Person(message.to_name, message.to_address)
    if message.kind == "invite_elsewhere":
        return calendars.farewell(
            item,
            organizer=organizer,
            attendee=attendee,
            sequence=message.subject_revision,
            stamped_at=datetime.fromisoformat(message.values["stamped_at"]),
            starts_at=datetime.fromisoformat(message.values["starts_at"]),
            ends_at=datetime.fromisoformat(message.values["ends_at"]),
            summary=entries.without_place(message.locale).summary,
        )
    stands = message.values.get(invite_mails.STANDS)
    answer = Answer.ACCEPTED if stands else Answer.NEEDED
    return calendars.entry(item, organizer=organizer, attendee=attendee, answer=answer)


def _invite(shown: Entry, item: CalendarItem, letter: Letter, *, message_id: str) -> bytes:
    first = _message_id(item, 0)
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
