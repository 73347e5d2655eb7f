"""Writes of what is told after a visit. Each answers whether it changed anything.

The caller holds the visit's lock, so that two words on one thing come one after the other. The
same word again changes nothing, and a coordinator's record stands (`telling.prevails`).
"""

from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.db import Base
from outreach.visits import telling
from outreach.visits.models import Assignment, Attendance, Audience, Debrief, Visit, WardReport
from outreach.visits.telling import HowAreYou, HowWasIt, Outcome, Teller

M = TypeVar("M", bound=Base)


def attendance(session: Session, assignment: Assignment) -> Attendance | None:
    """Return what is known of one speaker's coming."""
    return _of(session, Attendance, assignment_id=assignment.id)


def debrief(session: Session, assignment: Assignment) -> Debrief | None:
    """Return what one speaker told."""
    return _of(session, Debrief, assignment_id=assignment.id)


def ward_report(session: Session, visit: Visit) -> WardReport | None:
    """Return what the unit told."""
    return _of(session, WardReport, visit_id=visit.id)


def audience(session: Session, visit: Visit) -> Audience | None:
    """Return how many patients came, where somebody said so."""
    return _of(session, Audience, visit_id=visit.id)


def say_came(
    session: Session, assignment: Assignment, came: str, *, by: Teller, now: datetime
) -> bool:
    """Keep whether a speaker came: "yes", "no" or "unknown"."""
    row = attendance(session, assignment) or _no_word(assignment)
    if row.came == came or not telling.prevails(by, over=_teller(row.came_said_by)):
        return False
    session.add(row)
    row.came, row.came_said_by, row.came_said_at = came, by, now
    return True


def say_effort(
    session: Session,
    assignment: Assignment,
    *,
    minutes: int | None,
    miles: int | None,
    by: Teller,
    now: datetime,
) -> bool:
    """Keep the time and miles a visit took; None leaves what is there."""
    row = attendance(session, assignment) or _no_word(assignment)
    known = (row.minutes, row.miles)
    said = (
        row.minutes if minutes is None else minutes,
        row.miles if miles is None else miles,
    )
    if said == known or not telling.prevails(by, over=_teller(row.effort_said_by)):
        return False
    session.add(row)
    (row.minutes, row.miles), row.effort_said_by, row.effort_said_at = said, by, now
    return True


def say_audience(
    session: Session, visit: Visit, people: int | None, *, by: Teller, now: datetime
) -> bool:
    """Keep how many patients came; None leaves what is there."""
    row = audience(session, visit)
    if people is None or (row is not None and row.people == people):
        return False
    if row is None:
        session.add(Audience(visit_id=visit.id, people=people, said_by=by, said_at=now))
        return True
    if not telling.prevails(by, over=_teller(row.said_by)):
        return False
    row.people, row.said_by, row.said_at = people, by, now
    return True


def say_ward_report(
    session: Session, visit: Visit, *, outcome: Outcome, words: str, now: datetime
) -> bool:
    """Keep the unit's word on the visit."""
    row = ward_report(session, visit)
    if row is None:
        row = WardReport(visit_id=visit.id, outcome="", words="")
        session.add(row)
    if (row.outcome, row.words) == (outcome, words):
        return False
    row.outcome, row.words, row.said_at = outcome, words, now
    return True


def say_debrief(
    session: Session,
    assignment: Assignment,
    *,
    affiliate_id: int,
    how_was_it: HowWasIt,
    how_are_you: HowAreYou,
    words: str,
    now: datetime,
) -> bool:
    """Keep a speaker's debrief. Another answer to "how are you?" asks for a call anew."""
    row = debrief(session, assignment)
    if row is None:
        row = Debrief(
            affiliate_id=affiliate_id,
            assignment_id=assignment.id,
            how_was_it="",
            how_are_you="",
            words="",
        )
        session.add(row)
    if (row.how_was_it, row.how_are_you, row.words) == (how_was_it, how_are_you, words):
        return False
    if row.how_are_you != how_are_you and how_are_you in telling.WAITS_FOR_A_CALL:
        row.called_at, row.called_by_id = None, None
    row.how_was_it, row.how_are_you, row.words = how_was_it, how_are_you, words
    row.said_at = now
    return True


def _no_word(assignment: Assignment) -> Attendance:
    return Attendance(assignment_id=assignment.id, came="unknown", minutes=None, miles=None)


def _teller(name: str | None) -> Teller | None:
    return Teller(name) if name else None


def _of(session: Session, model: type[M], **key: int) -> M | None:
    return session.scalars(select(model).filter_by(**key)).one_or_none()
