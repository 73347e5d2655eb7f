"""An affiliate's own wording of messages: kept after every check, chosen when a message leaves."""

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.directory.models import Affiliate, Hospital, Unit
from outreach.errors import RuleBroken
from outreach.messaging import own_words, samples, wordings
from outreach.messaging.models import Message, MessageAttempt, OwnWording
from outreach.messaging.templates import Texts
from outreach.messaging.wordings import Place


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
    kind, channel, locale = place
    text = own_words.normal(text, channel=channel)
    found = own_words.problems(
        text,
        kind=kind,
        channel=channel,
        locale=locale,
        names=names(session, affiliate),
        longest=lambda own: samples.longest_text(texts, kind, locale=locale, own=own),
    )
    if not found:
        _put_in_force(session, affiliate, place, text, by=by, now=now)
    return found


def drop(session: Session, affiliate: Affiliate, place: Place, *, by: Actor, now: datetime) -> bool:
    """Go back to our words; False where they are in force already."""
    return _put_in_force(session, affiliate, place, "", by=by, now=now)


def names(session: Session, affiliate: Affiliate) -> list[str]:
    """Return the places that no wording may name, the longest first; also those of the past."""
    mine = select(Unit.hospital_id).where(Unit.affiliate_id == affiliate.id)
    near = or_(Hospital.affiliate_id == affiliate.id, Hospital.id.in_(mine))
    found = {affiliate.name}
    for hospital, city, unit in session.execute(
        select(Hospital.name, Hospital.city, Unit.name)
        .outerjoin(Unit, Unit.hospital_id == Hospital.id)
        .where(near)
    ):
        found |= {hospital, city, unit or ""}
    return sorted(found - {""}, key=lambda name: (-len(name), name))


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
