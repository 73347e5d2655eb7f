"""A mail that came in, whichever way: filed once, believed in nothing, answered never.

A bounce counts only when it shows an attempt of ours and names the address that very mail went to.
Whoever a mail claims to come from decides who reads it, and nothing else.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from outreach import audit, logs
from outreach.accounts.models import Account, Membership
from outreach.actor import SYSTEM
from outreach.directory.models import Unit
from outreach.links import Links
from outreach.messaging import inbox, kinds, mail_trouble
from outreach.messaging.inbox import Incoming, Sort
from outreach.messaging.models import InboundMail, Message, MessageAttempt
from outreach.messaging.once import insert_once
from outreach.messaging.reasons import Reason
from outreach.messaging.returned import Bounce
from outreach.speakers.models import Speaker
from outreach.workflows import calendar_replies

log = logs.get(__name__)

SILENT = frozenset({Sort.BOUNCE, Sort.AUTOMATIC})
"""What machines wrote: nobody has to read it, and its text is not kept."""


@dataclass(frozen=True, slots=True)
class Filed:
    """What was made of a mail. `is_new` is False for one that came before; `bounced` counts."""

    sort: Sort
    is_new: bool
    bounced: int = 0


@dataclass(frozen=True, slots=True)
class _Hint:
    """Whom a mail seems to come from."""

    affiliate_id: int | None = None
    speaker_id: int | None = None


def process_inbound(session: Session, raw: bytes, *, links: Links, now: datetime) -> Filed:
    """File a mail and do what it says. The same mail again changes nothing.

    Bounces settle the mails that came back. What machines wrote besides is filed in silence. What
    a calendar answered is done where it counts. What people wrote waits for a coordinator.
    """
    mail = inbox.read(raw)
    about = _answered_message(session, mail)
    hint = _hint(session, mail, about, now=now)
    is_silent = mail.sort in SILENT
    row_id = insert_once(
        session,
        InboundMail,
        unique=("message_key",),
        values={
            "message_key": mail.key,
            "sort": str(mail.sort),
            "from_address": mail.sender,
            "subject": "" if is_silent else mail.subject,
            "body": "" if is_silent else mail.text,
            "affiliate_id": hint.affiliate_id,
            "speaker_id": hint.speaker_id,
            "about_id": about.id if about is not None else None,
            "received_at": now,
            "settled_at": now if is_silent else None,
        },
    )
    if row_id is None:
        return Filed(mail.sort, is_new=False)
    bounced = 0
    if mail.sort is Sort.BOUNCE:
        bounced = _settle_bounces(session, mail, row_id, now=now)
    if mail.sort is Sort.CALENDAR:
        row = session.get_one(InboundMail, row_id)
        if _answered_by_calendar(session, mail, row, links=links, now=now):
            row.subject, row.body, row.settled_at = "", "", now
            session.flush()
    log.info("mail.filed", mail=row_id, sort=str(mail.sort), bounced=bounced)
    return Filed(mail.sort, is_new=True, bounced=bounced)


def _answered_by_calendar(
    session: Session, mail: Incoming, row: InboundMail, *, links: Links, now: datetime
) -> bool:
    """Do what a calendar answers; what nobody foresaw waits for a person, and keeps no mail out."""
    try:
        with session.begin_nested():
            return calendar_replies.take(session, mail, row, links=links, now=now)
    except DBAPIError:
        raise  # tried again as a whole
    except Exception as error:
        log.exception("calendar.cannot_answer", mail=row.id, error=type(error).__name__)
        return False


# --- bounces


def _settle_bounces(session: Session, mail: Incoming, row_id: int, *, now: datetime) -> int:
    message = _sent(session, mail.attempt)
    if message is None:
        return 0
    for bounce in mail.bounces:
        if bounce.recipient == message.to_address.lower():
            session.get_one(InboundMail, row_id).about_id = message.id
            session.flush()
            return int(bounce.final and _came_back(session, message, bounce, now=now))
    return 0


def _came_back(session: Session, message: Message, bounce: Bounce, *, now: datetime) -> bool:
    """Note that a mail did not arrive; return whether that is news."""
    sent_at = message.state_at
    back = (
        update(Message)
        .where(Message.id == message.id, Message.state.in_(("accepted", "delivered")))
        .values(
            state="undelivered",
            state_at=now,
            reason=_reason(bounce),
            provider_code=bounce.code,
            seen_by_id=None,
        )
        .returning(Message.id)
    )
    if session.scalar(back) is None:
        return False
    session.refresh(message)
    if bounce.is_address:
        mail_trouble.mark(session, message, code=bounce.code, sent_at=sent_at, now=now)
    audit.record(session, "mail.bounced", actor=SYSTEM, subject=("message", message.id), now=now)
    log.warning("message.bounced", message=message.id, kind=message.kind, code=bounce.code)
    return True


def _reason(bounce: Bounce) -> str:
    if bounce.is_full:
        return Reason.MAILBOX_FULL
    return Reason.BAD_ADDRESS if bounce.is_address else bounce.code


def _sent(session: Session, attempt: str) -> Message | None:
    """Return the mail of an attempt, where that was its last one and a server took it.

    An earlier one may have gone to another address, whose reader could then speak for this one.
    """
    if not attempt:
        return None
    found = session.scalar(
        select(MessageAttempt).where(
            MessageAttempt.public_id == attempt, MessageAttempt.provider_id.is_not(None)
        )
    )
    if found is None:
        return None
    last = select(func.max(MessageAttempt.number)).where(
        MessageAttempt.message_id == found.message_id
    )
    message = session.get_one(Message, found.message_id)
    is_last = session.scalar(last) == found.number
    return message if is_last and message.channel == kinds.MAIL else None


# --- who wrote


def _answered_message(session: Session, mail: Incoming) -> Message | None:
    """Return the mail of ours that this one says it answers; the last where it names several."""
    if not mail.answers:
        return None
    named = select(Message).where(
        Message.provider_id.in_(mail.answers), Message.channel == kinds.MAIL
    )
    return session.scalars(named.order_by(Message.id.desc()).limit(1)).first()


def _hint(session: Session, mail: Incoming, about: Message | None, *, now: datetime) -> _Hint:
    """Guess who wrote: by From, else by the mail it answers. A stranger's goes to the first bureau.

    Not to nobody: what no bureau is shown, no person reads.
    """
    speakers = session.scalars(
        select(Speaker)
        .where(Speaker.email == mail.sender, Speaker.archived_at.is_(None))
        .order_by(Speaker.id)
        .limit(2)
    ).all()
    if speakers and about is not None:
        # Known to several bureaus: they answer the one whose mail they answer.
        speakers = [s for s in speakers if s.affiliate_id == about.affiliate_id] or speakers
    if speakers:
        return _Hint(speakers[0].affiliate_id, speakers[0].id if len(speakers) == 1 else None)
    if about is not None and about.affiliate_id is not None:
        return _Hint(about.affiliate_id)
    known = _of_account(session, mail) or _of_unit(session, mail)
    return _Hint(known or _first_bureau(session, now=now))


def _of_account(session: Session, mail: Incoming) -> int | None:
    found = (
        select(Membership.affiliate_id)
        .join(Account, Account.id == Membership.account_id)
        .where(Account.email == mail.sender, Membership.affiliate_id.is_not(None))
    )
    return session.scalar(found.order_by(Membership.id).limit(1))


def _of_unit(session: Session, mail: Incoming) -> int | None:
    """Return the bureau that last wrote to a unit's mailbox."""
    if not mail.sender:
        return None
    found = (
        select(Message.affiliate_id)
        .join(Unit, Unit.id == Message.recipient_id)
        .where(Message.recipient_kind == "unit", Unit.contact_email == mail.sender)
    )
    return session.scalar(found.order_by(Message.id.desc()).limit(1))


def _first_bureau(session: Session, *, now: datetime) -> int | None:
    """Return the bureau that has had a coordinator for longest."""
    found = select(Membership.affiliate_id).where(
        Membership.kind == "coordinator",
        or_(Membership.ends_at.is_(None), Membership.ends_at > now),
    )
    return session.scalar(found.order_by(Membership.id).limit(1))
