"""Telling a unit in good time that somebody is still missing: what its pages promise."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.reads import board, units
from outreach.visits.models import Visit
from outreach.workflows import notices
from outreach.workflows.notices import Cause

KIND = "still_looking"
MORNING = 9
"""The hour, where the visit is, from which a unit is told."""


def tell_units(session: Session, *, now: datetime) -> int:
    """Tell the units whose visit lacks somebody at one of `units.MARKS`; return how many visits.

    Each mark is told once: planning the same message again changes nothing. Whoever asked after
    the mark had passed was not promised it.
    """
    lacking = select(Visit).where(
        Visit.called_off_at.is_(None),
        Visit.starts_at > now,
        Visit.starts_at < now + max(units.MARKS) + timedelta(days=1),
        board.lacks_somebody(),
    )
    told = 0
    for visit in session.scalars(lacking.order_by(Visit.starts_at, Visit.id)).all():
        mark = _mark(visit, now=now)
        if mark is not None:
            days = {"mark": str(mark.days)}
            cause = Cause("visit", visit.id, visit.revision)
            notices.tell_liaison(session, KIND, visit=visit, cause=cause, values=days, now=now)
            told += 1
    return told


def _mark(visit: Visit, *, now: datetime) -> timedelta | None:
    """Return the last mark that has been reached since the visit was asked for."""
    zone = ZoneInfo(visit.time_zone)
    here = now.astimezone(zone)
    if here.hour < MORNING:
        return None
    day = visit.starts_at.astimezone(zone).date()
    asked_on = visit.created_at.astimezone(zone).date()
    reached = [mark for mark in units.MARKS if asked_on < day - mark <= here.date()]
    return min(reached, default=None)
