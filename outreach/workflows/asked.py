"""Whom we have asked: how often of late, and about which visit."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.directory.models import Affiliate
from outreach.visits.models import Assignment, Offer, Visit
from outreach.workflows.eligibility import Choice

WEEK = timedelta(days=7)


def this_week(session: Session, speaker_ids: Iterable[int], *, now: datetime) -> Counter[int]:
    """Count how often each of these speakers was asked in the last seven days."""
    counted = (
        select(Offer.speaker_id, func.count())
        .where(Offer.offered_at > now - WEEK, Offer.speaker_id.in_(set(speaker_ids)))
        .group_by(Offer.speaker_id)
    )
    return Counter(dict(session.execute(counted).all()))


def within_weekly_cap(
    session: Session, choices: Iterable[Choice], *, visit: Visit, now: datetime
) -> list[Choice]:
    """Leave out who was asked as often this week as the affiliate allows."""
    cap = session.get_one(Affiliate, visit.affiliate_id).offers_per_week
    among = list(choices)
    counts = this_week(session, [choice.speaker_id for choice in among], now=now)
    return [choice for choice in among if counts[choice.speaker_id] < cap]


def before(session: Session, visit: Visit) -> set[int]:
    """Return whom we have asked about this visit, and who has stepped back from it."""
    stepped_back = select(Assignment.speaker_id).where(
        Assignment.visit_id == visit.id, Assignment.ended_because == "cannot_come"
    )
    offered = select(Offer.speaker_id).where(Offer.visit_id == visit.id)
    return {*session.scalars(offered), *session.scalars(stepped_back)}
