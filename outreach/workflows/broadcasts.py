"""Notes to many: sent once as they were looked at (`drafts`), taken back while they wait.

Each message then goes the way of all others: agreement, hours, budget and what the person
chose are looked at again before it leaves (`delivery`).
"""

from datetime import datetime
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from outreach import access, audit, crypto
from outreach.actor import Actor
from outreach.errors import Conflict
from outreach.i18n import lazy
from outreach.messaging import kinds, many, notes
from outreach.messaging.models import Broadcast
from outreach.messaging.once import insert_once
from outreach.messaging.service import NewMessage
from outreach.workflows import drafts
from outreach.workflows.audiences import Audience
from outreach.workflows.delivery import Post
from outreach.workflows.drafts import Desk, Draft, Look

CHANGED: Final = lazy("The list or the way to somebody has changed since you looked.")
HAS_LEFT: Final = lazy("Nothing of this note waits any more, so there is nothing to take back.")


def find(session: Session, by: Actor, once: str) -> Broadcast | None:
    """Return the note that a form has sent already; None when it has not."""
    sent = access.scope(by, Broadcast).where(Broadcast.once_key == once)
    return session.scalars(sent).one_or_none()


def send(
    session: Session,
    audience: Audience,
    draft: Draft,
    *,
    once: str,
    seen: str,
    by: Actor,
    post: Post,
    now: datetime,
) -> Broadcast:
    """Send a note as it was looked at, once: the same form again returns what it has sent.

    Raises:
        RuleBroken: something is wrong with it; `look` has every reason.
        Conflict: it is not as it was looked at.
    """
    known = find(session, by, once)
    if known is not None:
        return known
    desk = Desk(session, audience, by=by, post=post, now=now)
    found = drafts.found_at(desk, draft)
    if found.problems:
        raise found.problems[0]
    if found.seen != seen:
        raise Conflict(CHANGED)
    new = insert_once(
        session,
        Broadcast,
        unique=("affiliate_id", "once_key"),
        values={
            "affiliate_id": desk.affiliate.id,
            "once_key": once,
            "audience": found.audience,
            "way": draft.way,
            "text": notes.normal(draft.text),
            "text_es": notes.normal(draft.text_es),
            "by_text": found.by_text,
            "by_mail": found.by_mail,
            "by_call": found.by_call,
            "nobody": found.nobody,
            "written_by_id": by.account_id,
            "created_at": now,
        },
    )
    if new is None:
        # The same form at the same moment: the other was first, and has committed.
        return session.scalars(access.scope(by, Broadcast).where(Broadcast.once_key == once)).one()
    many.plan_new(session, _messages(desk, draft, found, about=new), now=now)
    counts = {
        "by_text": found.by_text,
        "by_mail": found.by_mail,
        "by_call": found.by_call,
        "nobody": found.nobody,
    }
    audit.record(
        session, "note.send", actor=by, subject=("broadcast", new), details=counts, now=now
    )
    return session.get_one(Broadcast, new)


def take_back(session: Session, sent: Broadcast, *, by: Actor, now: datetime) -> int:
    """Take back what waits of a note; return how many messages. What has left stays as it is.

    Raises:
        Conflict: nothing waits any more.
    """
    first = (
        update(Broadcast)
        .where(Broadcast.id == sent.id, Broadcast.taken_back_at.is_(None))
        .values(taken_back_at=now)
        .returning(Broadcast.id)
    )
    if session.scalar(first) is None:
        raise Conflict(HAS_LEFT)
    stopped = many.take_back(session, subject=("broadcast", sent.id), now=now)
    if not stopped:
        raise Conflict(HAS_LEFT)
    audit.record(
        session,
        "note.take_back",
        actor=by,
        subject=("broadcast", sent.id),
        details={"messages": stopped},
        now=now,
    )
    return stopped


def _messages(desk: Desk, draft: Draft, found: Look, *, about: int) -> list[NewMessage]:
    return [
        NewMessage(
            kind=notes.KIND,
            channel=channel,
            affiliate_id=desk.affiliate.id,
            recipient_kind=each.to.kind,
            recipient_id=each.to.id,
            to_address=each.to.email if channel == kinds.MAIL else each.to.phone or "",
            to_name=each.to.name,
            locale=each.to.locale,
            subject=("broadcast", about, 1),
            values=desk.values(draft, names_bureau=each.to.sees_places, stop_id=crypto.public_id()),
            time_zone=each.to.time_zone,
            window=desk.window,
            send_after=desk.now,
            expires_at=desk.expires_at,
        )
        for each in found.reached
        for channel in each.channels
    ]
