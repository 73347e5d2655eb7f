"""Late trouble: somebody steps back shortly before a visit. One coordinator hears of it at once.

What is earlier stands in the morning's digest (`workflows.digests`).
"""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.messaging.models import Message
from outreach.reads import duty
from outreach.reads.duty import Colleague
from outreach.visits.models import Assignment, Visit
from outreach.workflows import notices
from outreach.workflows.notices import Cause
from outreach.workflows.recipients import Recipient

KIND: Final = "late_trouble"
LATE: Final = timedelta(hours=72)
"""From here on a place that opens again cannot wait for the next morning."""

WAIT_FOR_A_SIGN: Final = timedelta(minutes=30)


def tell(
    session: Session, assignment: Assignment, visit: Visit, *, by: Actor, now: datetime
) -> None:
    """Tell who is on duty at once, and her deputy after 30 minutes without a sign.

    A sign is that the place is filled, or that a coordinator says she sees to it (`take_on`); who
    recorded the step back herself knows.
    """
    if visit.starts_at - now > LATE:
        return
    affiliate = session.get_one(Affiliate, visit.affiliate_id)
    found = duty.duty(session, affiliate, now=now)
    if by.account_id is not None and by.account_id in {each.account_id for each in found.first}:
        return
    cause = Cause("assignment", assignment.id, visit.revision)
    for who in found.first:
        to = _recipient(who, zone=affiliate.time_zone)
        notices.tell(session, to, KIND, visit=visit, cause=cause, by=by, now=now)
    later = now + WAIT_FOR_A_SIGN
    for who in found.second:
        to = _recipient(who, zone=affiliate.time_zone)
        notices.tell(session, to, KIND, visit=visit, cause=cause, send_after=later, now=now)


def waits(session: Session, visit: Visit) -> bool:
    """Say whether a coordinator was told of trouble with this visit and nobody has said a word."""
    return session.scalar(_unseen(visit).limit(1)) is not None


def take_on(session: Session, visit: Visit, *, by: Actor, now: datetime) -> None:
    """Note that a coordinator sees to it, so that nobody else is called. Twice changes nothing."""
    seen = (
        update(Message)
        .where(Message.id.in_(_unseen(visit)))
        .values(seen_by_id=by.account_id)
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    if session.scalars(seen).all():
        audit.record(session, "trouble.take_on", actor=by, subject=("visit", visit.id), now=now)


def _unseen(visit: Visit) -> Select[int]:
    mine = select(Assignment.id).where(Assignment.visit_id == visit.id)
    return select(Message.id).where(
        Message.kind == KIND,
        Message.subject_kind == "assignment",
        Message.subject_id.in_(mine),
        Message.seen_by_id.is_(None),
        Message.state != "cancelled",
    )


def _recipient(who: Colleague, *, zone: str) -> Recipient:
    # Places are named inside, after signing in.
    return Recipient(
        "account", who.account_id, who.email, who.name, who.locale, zone, sees_places=False
    )
