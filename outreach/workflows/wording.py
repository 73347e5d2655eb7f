"""An affiliate's own wording of messages: kept after every check, chosen when a message leaves."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.errors import RuleBroken
from outreach.messaging import own_words, wordings
from outreach.messaging.models import Message, MessageAttempt, OwnWording
from outreach.messaging.templates import Texts
from outreach.messaging.wordings import Place
from outreach.reads import wording as reads


def keep(
    session: Session,
    affiliate: Affiliate,
    place: Place,
    text: str,
    *,
    texts: Texts,
    by: Actor,
    now: datetime,
) -> tuple[RuleBroken, ...]:
    """Put a wording in force; return every reason why not, and change nothing where there is one.

    It is for messages that were not yet rendered; those on their way keep their words.
    """
    text = own_words.normal(text, channel=place[1])
    found = reads.problems(place, text, names=reads.names(session, affiliate), texts=texts)
    if not found:
        _put_in_force(session, affiliate, place, text, by=by, now=now)
    return found


def drop(session: Session, affiliate: Affiliate, place: Place, *, by: Actor, now: datetime) -> bool:
    """Go back to our words; False where they are in force already."""
    return _put_in_force(session, affiliate, place, "", by=by, now=now)


def choose(session: Session, message: Message) -> str:
    """Choose the wording a message leaves in, and remember it; "" for ours.

    What was handed over once keeps its words, as they are how a text is found again; unless the
    recipient has changed the language since.
    """
    if message.affiliate_id is None or own_words.room(message.kind, message.channel) is None:
        return ""
    if message.attempts and _was_handed_over(session, message):
        row = _remembered(session, message)
        if row is None or row.locale == message.locale:
            return row.text if row else ""
    place = (message.kind, message.channel, message.locale)
    row = wordings.in_force(session, message.affiliate_id, place)
    message.wording_id = row.id if row else None
    return row.text if row else ""


def chosen(session: Session, message: Message) -> str:
    """Return the wording a message left in; "" for ours."""
    row = _remembered(session, message)
    return row.text if row else ""


def _remembered(session: Session, message: Message) -> OwnWording | None:
    return None if message.wording_id is None else session.get(OwnWording, message.wording_id)


def _was_handed_over(session: Session, message: Message) -> bool:
    tried = select(MessageAttempt.id).where(MessageAttempt.message_id == message.id)
    return session.scalar(tried.limit(1)) is not None


def _put_in_force(
    session: Session, affiliate: Affiliate, place: Place, text: str, *, by: Actor, now: datetime
) -> bool:
    before = wordings.in_force(session, affiliate.id, place)
    if text == (before.text if before else ""):
        return False
    row = wordings.add(session, affiliate.id, place, text=text, account_id=by.account_id, now=now)
    kind, channel, locale = place
    audit.record(
        session,
        "wording.change" if text else "wording.reset",
        actor=by,
        subject=("own_wording", row.id),
        now=now,
        details={"kind": kind, "channel": channel, "locale": locale},
    )
    return True
