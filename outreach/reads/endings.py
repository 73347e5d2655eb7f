"""Mails one may end for oneself, and the links in their headers with which one does.

A link is for one person and one sort of mail, needs no sign-in (RFC 8058 has mail programs post to
it), and does the least: reminders and the morning mail can be had again on one's own pages.
"""

from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts.models import Account
from outreach.links import Links, id_in
from outreach.messaging.models import Message
from outreach.speakers.models import Speaker

Sort = Literal["reminders", "morning"]
SORTS: Final[dict[str, Sort]] = {"reminder": "reminders", "digest": "morning"}
"""Message kind → what of it can be ended."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What a link is about: whose mails, of which sort, and whether they still come."""

    sort: Sort
    whose: Speaker | Account
    comes: bool


def address(session: Session, message: Message, *, links: Links) -> str:
    """Return the address that ends mails like this one; "" where nobody chose to get them."""
    sort = SORTS.get(message.kind)
    if sort is None:
        return ""
    model = Speaker if sort == "reminders" else Account
    public_id = session.scalar(select(model.public_id).where(model.id == message.recipient_id))
    return links.ending(sort, links.ending_token(sort, public_id)) if public_id else ""


def find(session: Session, sort: str, token: str, *, links: Links) -> Ending | None:
    """Return what a link is about; None for one there never was."""
    public_id = id_in(token)
    if not crypto.equal(token, links.ending_token(sort, public_id)):
        return None
    if sort == "morning":
        known = select(Account).where(Account.public_id == public_id)
        account = session.scalars(known).one_or_none()
        return Ending("morning", account, comes=account.morning_mail) if account else None
    here = select(Speaker).where(Speaker.public_id == public_id, Speaker.archived_at.is_(None))
    speaker = session.scalars(here).one_or_none()
    return Ending("reminders", speaker, comes=speaker.most_reminders != 0) if speaker else None
