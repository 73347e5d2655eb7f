"""The mails that keep an entry in a calendar right: which is due, and what has left."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.actor import Actor
from outreach.calendars import rules
from outreach.calendars.models import BUREAU, CalendarItem
from outreach.calendars.rules import Revision
from outreach.errors import Conflict
from outreach.messaging import mail_trouble
from outreach.messaging import service as messaging
from outreach.messaging.models import Message
from outreach.speakers.models import Speaker
from outreach.visits.models import Visit
from outreach.workflows import notices, recipients, settling
from outreach.workflows.entries import SEEN
from outreach.workflows.notices import Cause
from outreach.workflows.recipients import Recipient

FORMER: Final = "former_mailbox"
"""What a mail is about that ends an entry at an address its owner has no more."""
STANDS: Final = "stands"
"""The value in which a calendar mail keeps whether a yes stands, so that nobody is asked again."""


def tell(
    session: Session,
    item: CalendarItem,
    to: Recipient | None,
    kind: str,
    *,
    asks: Mapping[str, Any] | None = None,
    revision: Revision,
    visit: Visit,
    by: Actor,
    now: datetime,
) -> None:
    """Bring an entry to a revision, and mail it where its reader's calendar does not show it yet.

    `kind` is "invite", "invite_update" or "invite_cancel" by what has become of the entry; which
    of them leaves goes by what the reader's calendar knows. With `asks` it is a question.
    """
    item.sequence, item.stamped_at = revision.sequence, revision.dtstamp
    item.fingerprint = revision.fingerprint
    session.flush()
    cause = Cause("calendar_item", item.id, item.sequence)
    # An earlier state that has not left yet must not: only the newest is right.
    notices.forget(session, cause, now=now)
    if to is None or not goes_by_mail(session, item, to):
        return
    known = mailed(session, item, to)
    if asks is None and known is not None and still_says(known, item):
        return
    values = _words_beside(item, to) | dict(asks or {}) | _marks(item)
    if asks is not None:
        kind = "invite_offer"
    elif known is None:
        # No calendar shows this entry: its first mail is an invite, and no end of it is news.
        if kind == "invite_cancel":
            return
        kind = "invite"
    elif kind == "invite_cancel":
        # It ends at the time its reader knows, which a change that never left may have altered.
        told = {"starts_at", "ends_at", "number"} & known.values.keys()
        values |= {name: known.values[name] for name in told}
    elif known.kind == "invite_offer":
        kind = "invite"
    expires_at = datetime.fromisoformat(values["expires_at"]) if asks is not None else None
    notices.tell(
        session,
        to,
        kind,
        visit=visit,
        cause=cause,
        values=values,
        expires_at=expires_at,
        by=by,
        now=now,
    )


def invite_late(
    session: Session, item: CalendarItem, to: Recipient, *, visit: Visit, by: Actor, now: datetime
) -> None:
    """Mail an entry that stands to somebody who has chosen calendar mails since it was made."""
    if item.tentative:
        return
    if mailed(session, item, to) is None and goes_by_mail(session, item, to):
        cause = Cause("calendar_item", item.id, item.sequence)
        values = _words_beside(item, to) | _marks(item)
        notices.tell(session, to, "invite", visit=visit, cause=cause, values=values, by=by, now=now)


def _words_beside(item: CalendarItem, to: Recipient) -> dict[str, Any]:
    """Return what the mail says beside time and place: to a ward who comes, to a speaker news.

    A speaker's says nothing of others, and has a button in place of the first line.
    """
    lines = item.description.splitlines()
    return {"beside": lines[1:] if to.kind == "speaker" else lines}


def _marks(item: CalendarItem) -> dict[str, str | bool]:
    return {SEEN: item.fingerprint, STANDS: item.agreed_to == time_and_place(item)}


def time_and_place(item: CalendarItem) -> str:
    """Return a hash of what a yes is to."""
    found = (item.starts_at.timestamp(), item.ends_at.timestamp(), item.location)
    return crypto.digest(repr(found))


def goes_by_mail(session: Session, item: CalendarItem, to: Recipient) -> bool:
    """Say whether an entry is kept right by mail: by choice, or because a mail put it there.

    Or took it away: where that was taken back, the reader must hear of it the same way.
    """
    if to.kind == BUREAU:
        return False
    if to.kind != "speaker" or session.get_one(Speaker, to.id).calendar != "feed":
        return True
    last = _last(session, item)
    return last is not None and _went_to(last, to)


def mailed(session: Session, item: CalendarItem, to: Recipient) -> Message | None:
    """Return the mail that put the entry into the reader's calendar as it is there now."""
    last = left(session, item)
    return last if last is not None and _went_to(last, to) else None


def left(session: Session, item: CalendarItem) -> Message | None:
    """Return the mail that put the entry into a calendar, at whatever address."""
    last = _last(session, item)
    return last if last is not None and last.kind != "invite_cancel" else None


def _last(session: Session, item: CalendarItem) -> Message | None:
    return messaging.last_left(session, subject=("calendar_item", item.id))


def _went_to(message: Message, to: Recipient) -> bool:
    return message.to_address.lower() == to.email.lower()


def again(session: Session, item: CalendarItem, *, by: Actor, now: datetime) -> None:
    """Mail once more what the calendar is to show, a few times at most: machines ask machines.

    Not where something newer waits to leave anyway.
    """
    last = _last(session, item)
    if last is None:
        return
    try:
        copy = settling.next_copy(session, last, now=now)
        settling.send_again(session, last, copy=copy, by=by, now=now)
    except Conflict:
        return


def leave_mailbox(
    session: Session,
    item: CalendarItem,
    to: Recipient | None,
    *,
    visit: Visit,
    revision: Revision,
    now: datetime,
) -> Revision:
    """Take the entry out of a calendar whose address its owner has no more.

    Return the revision for the new address: a later one where `revision` was used for that, so
    that the entry stays where both addresses lead to one calendar.
    """
    last = left(session, item)
    if last is None or not last.to_address or (to and _went_to(last, to)):
        return revision
    if mail_trouble.stands(session, last.to_address) or _has_left_mailbox(session, item, last):
        return revision
    former = recipients.former(last.to_address, item.id, name=last.to_name, locale=last.locale)
    told = {name: last.values[name] for name in ("starts_at", "ends_at") if name in last.values}
    notices.tell(
        session,
        former,
        "invite_elsewhere",
        visit=visit,
        cause=Cause(FORMER, item.id, revision.sequence),
        values=told | {"stamped_at": revision.dtstamp.isoformat()},
        now=now,
    )
    # Should the address come back, its calendar does not show the entry any more.
    last.values = {name: value for name, value in last.values.items() if name != SEEN}
    used = replace(revision, fingerprint="")
    return rules.next_revision(used, fingerprint=revision.fingerprint, now=now) or revision


def _has_left_mailbox(session: Session, item: CalendarItem, last: Message) -> bool:
    """Say whether word is out, or waits, that ends what this mail put into a calendar."""
    farewells = select(Message.id).where(
        Message.subject_kind == FORMER,
        Message.subject_id == item.id,
        Message.to_address == last.to_address,
        Message.id > last.id,
        Message.state != "cancelled",
    )
    return session.scalar(farewells.limit(1)) is not None


def still_says(known: Message, item: CalendarItem) -> bool:
    """Say whether the reader's calendar surely shows the entry as it is."""
    return known.state in {"accepted", "delivered"} and known.values.get(SEEN) == item.fingerprint
