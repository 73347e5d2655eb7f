"""What was done a moment ago and may still be taken back, for the pages of who may do so."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from outreach import i18n
from outreach.actor import Kind
from outreach.audit import AuditEvent
from outreach.directory.models import Affiliate
from outreach.i18n import gettext as _
from outreach.speakers.models import Speaker
from outreach.visits import rules
from outreach.visits.models import Assignment, Offer, Visit

LONGEST = timedelta(minutes=60)
"""What an affiliate may set at most."""

CALL_OFF, PHONED_YES, STEP_BACK = "visit.call_off", "assignment.record_yes", "assignment.step_back"
"""What the audit log calls what may be taken back."""


class Done(StrEnum):
    """What was done; pages know where each is taken back."""

    YES = "yes"
    NO = "no"
    STEPPED_BACK = "stepped_back"
    CALLED_OFF = "called_off"


@dataclass(frozen=True, slots=True)
class Undoable:
    """One thing that may be taken back until then. `public_id` is its row's."""

    done: Done
    public_id: str
    until: datetime
    zone: str
    words: str


def until(session: Session, visit: Visit, done_at: datetime | None) -> datetime | None:
    """Return up to when what was done then may be taken back; None where nothing was done."""
    if done_at is None:
        return None
    minutes = session.get_one(Affiliate, visit.affiliate_id).undo_minutes
    return rules.undo_until(done_at, minutes=minutes, starts_at=visit.starts_at)


def was_done_by(session: Session, who: Kind, action: str, *, subject: tuple[str, int]) -> bool:
    """Say whether somebody of this kind did something to a row last.

    What one side has done is not for the other to take back: a unit that calls a visit off has its
    reasons, and so has a speaker who cannot come.
    """
    done = select(AuditEvent.actor).where(
        AuditEvent.action == action,
        AuditEvent.subject_kind == subject[0],
        AuditEvent.subject_id == subject[1],
    )
    actor = session.scalar(done.order_by(AuditEvent.id.desc()).limit(1))
    return actor is not None and actor.partition(":")[0] == who


def of_a_call_off(session: Session, visit: Visit, *, by: Kind, now: datetime) -> list[Undoable]:
    """Return that the visit was called off, while these may take that back: who did it."""
    last = until(session, visit, visit.called_off_at)
    if last is None or last <= now:
        return []
    if not was_done_by(session, by, CALL_OFF, subject=("visit", visit.id)):
        return []
    words = _("The visit was called off.")
    return [Undoable(Done.CALLED_OFF, visit.public_id, last, visit.time_zone, words)]


def of_a_visit(session: Session, visit: Visit, *, now: datetime) -> list[Undoable]:
    """Return what a coordinator may take back of a visit: what a coordinator has entered.

    That it is off, a phoned yes, and that somebody can't come.
    """
    if visit.called_off_at is not None:
        return of_a_call_off(session, visit, by=Kind.COORDINATOR, now=now)
    lately = (
        select(Assignment, Speaker.first_name)
        .join(Speaker, Speaker.id == Assignment.speaker_id)
        .where(Assignment.visit_id == visit.id, _is_recent(now))
        .order_by(Assignment.id)
    )
    found = []
    for assignment, name in session.execute(lately):
        action = PHONED_YES if assignment.active else STEP_BACK
        subject = ("assignment", assignment.id)
        if not was_done_by(session, Kind.COORDINATOR, action, subject=subject):
            continue
        words = (
            _("%(name)s said yes.", name=name)
            if assignment.active
            else _("%(name)s can’t come.", name=name)
        )
        found.append(_of_assignment(session, assignment, visit, words))
    return _still(found, now=now)


def of_a_speaker(session: Session, speaker_id: int, *, now: datetime) -> list[Undoable]:
    """Return what a speaker has answered just now, the latest first."""
    taken = (
        select(Assignment, Visit, Affiliate)  # the affiliate beside it, so that none is looked up
        .join(Visit, Visit.id == Assignment.visit_id)
        .join(Affiliate, Affiliate.id == Visit.affiliate_id)
        .where(Assignment.speaker_id == speaker_id, _is_recent(now), Visit.starts_at > now)
        .order_by(Assignment.id.desc())
    )
    found = []
    for assignment, visit, _affiliate in session.execute(taken):
        words = (
            _("You said yes to the visit on %(day)s.", day=_day(visit))
            if assignment.active
            else _("You said that you can’t make the visit on %(day)s.", day=_day(visit))
        )
        found.append(_of_assignment(session, assignment, visit, words))
    refused = (
        select(Offer, Visit, Affiliate)
        .join(Visit, Visit.id == Offer.visit_id)
        .join(Affiliate, Affiliate.id == Visit.affiliate_id)
        .where(
            Offer.speaker_id == speaker_id,
            Offer.state == "not_this_time",
            Offer.answered_at > now - LONGEST,
            Offer.answered_by != "pause",
            Offer.expires_at > now,
            Visit.called_off_at.is_(None),
        )
        .order_by(Offer.answered_at.desc())
    )
    for offer, visit, _affiliate in session.execute(refused):
        last = until(session, visit, offer.answered_at)
        if last is not None:
            words = _("You said “not this time” to the visit on %(day)s.", day=_day(visit))
            found.append(Undoable(Done.NO, offer.public_id, last, visit.time_zone, words))
    return _still(found, now=now)


def _is_recent(now: datetime) -> ColumnElement[bool]:
    ended = (Assignment.ended_because == "cannot_come", Assignment.ended_at > now - LONGEST)
    return or_(
        and_(Assignment.active, Assignment.created_at > now - LONGEST),
        and_(*ended),
    )


def _of_assignment(
    session: Session, assignment: Assignment, visit: Visit, words: str
) -> Undoable | None:
    done_at = assignment.created_at if assignment.active else assignment.ended_at
    last = until(session, visit, done_at)
    if last is None:
        return None
    done = Done.YES if assignment.active else Done.STEPPED_BACK
    return Undoable(done, assignment.public_id, last, visit.time_zone, words)


def _still(found: Iterable[Undoable | None], *, now: datetime) -> list[Undoable]:
    return [each for each in found if each is not None and each.until > now]


def _day(visit: Visit) -> str:
    return i18n.day(visit.starts_at.astimezone(ZoneInfo(visit.time_zone)))
