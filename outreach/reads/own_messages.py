"""What was sent to a person in the last twelve months, as that person may read it.

Never the text: it may hold a link that answers in their name. What it was about is said instead.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from outreach import i18n
from outreach.actor import Actor
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.messaging.models import Message
from outreach.reads import words
from outreach.reads.paging import Page
from outreach.reads.words import Status

PAGE_SIZE = 25
SINCE: Final = timedelta(days=365)

WHAT: Final[Mapping[str, str]] = {
    "offer": lazy("A question whether you can come on a visit"),
    "offer_gone": lazy("Word that somebody else goes on a visit"),
    "confirmed": lazy("Word that you are expected on a visit"),
    "invite_offer": lazy("A question for your calendar"),
    "invite": lazy("An entry for your calendar"),
    "invite_update": lazy("A change of an entry in your calendar"),
    "invite_cancel": lazy("Word that takes an entry out of your calendar"),
    "invite_elsewhere": lazy("Word that takes an entry out of the calendar of an earlier address"),
    "reminder": lazy("A reminder of a visit"),
    "moved": lazy("Word that a visit has another time"),
    "other_place": lazy("Word that a visit has another address"),
    "released": lazy("Word that you need not come on a visit"),
    "called_off": lazy("Word that a visit does not take place"),
    "note": lazy("A note from your coordinator"),
    "renewal": lazy("A request to renew a paper of yours"),
    "debrief": lazy("A question how a visit went"),
    "they_came": lazy("A question who came on a visit"),
    "request_received": lazy("A receipt of your request for a visit"),
    "reopened": lazy("Word that we look for somebody once more"),
    "still_looking": lazy("Word that we still look for somebody"),
    "other_time": lazy("A question whether another time would do"),
    "sign_in_code": lazy("A code to sign in"),
    "invitation": lazy("An invitation to sign in"),
    "sign_in_changed": lazy("Word that your way of signing in was changed"),
    "sign_in_tries": lazy("Word that somebody tried to sign in as you"),
    "address_changed": lazy("Word that your mail address was changed"),
    "referring": lazy("Word whether you may refer people"),
}
"""Kinds of message in words for the one who got it; another kind has `words.message_kind`."""
ANSWER: Final = lazy("An answer to a text of yours")


@dataclass(frozen=True, slots=True)
class Sent:
    """One message to the reader: what it was, about which visit ("" where about none)."""

    what: str
    about: str
    channel: str
    at: datetime
    zone: str
    status: Status


def page(session: Session, actor: Actor, *, number: int = 1, now: datetime) -> Page[Sent]:
    """Return one page of what was sent to the actor, the latest first. Two queries."""
    mine = [
        and_(Message.recipient_kind == kind, Message.recipient_id == row_id)
        for kind, row_id in _recipients(actor)
    ]
    wanted = select(Message).where(or_(*mine), Message.created_at > now - SINCE)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    found = session.scalars(
        wanted.order_by(Message.send_after.desc(), Message.id.desc())
        .offset((number - 1) * PAGE_SIZE)
        .limit(PAGE_SIZE)
    )
    return Page([_sent(message) for message in found], total, number, PAGE_SIZE)


def _recipients(actor: Actor) -> Collection[tuple[str, int]]:
    """Return as what the outbox knows the actor: an account, and a speaker where it is one."""
    known = {"account": actor.account_id, "speaker": actor.speaker_id}
    return [(kind, row_id) for kind, row_id in known.items() if row_id is not None]


def _sent(message: Message) -> Sent:
    status = words.message_state(message.state)
    # What did not arrive is for a coordinator to mend: nothing here needs the reader.
    kind = "off" if status.kind == "needs" else status.kind
    return Sent(
        what=_what(message.kind),
        about=_about(message),
        channel=words.channel(message.channel),
        at=message.send_after,
        zone=message.time_zone,
        status=Status(kind, status.words),
    )


def _what(kind: str) -> str:
    if kind in WHAT:
        return _(WHAT[kind])
    return _(ANSWER) if kind.endswith("_reply") else words.message_kind(kind)


def _about(message: Message) -> str:
    """Say which visit it was about, by its day; values are deleted some weeks after sending."""
    starts_at, zone = message.values.get("starts_at"), message.values.get("zone")
    if not starts_at or not zone:
        return ""
    day = datetime.fromisoformat(starts_at).astimezone(ZoneInfo(zone))
    return _("The visit on %(day)s", day=i18n.day(day, year=True))
