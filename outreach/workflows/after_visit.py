"""After a visit: asking its people, and taking what speaker, unit and coordinator tell."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, Select, exists, not_, or_, select, update
from sqlalchemy.orm import Session

from outreach import audit, db
from outreach.actor import Actor
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.messaging.models import Message
from outreach.speakers.models import Speaker
from outreach.visits import afterwards, service, telling
from outreach.visits.models import Assignment, Debrief, Visit
from outreach.visits.telling import HowAreYou, HowWasIt, Outcome, Said, Teller
from outreach.workflows import notices, recipients, screened
from outreach.workflows.notices import Cause

TO_SPEAKERS: Final = "debrief"
TO_UNITS: Final = "they_came"

NOT_OVER = lazy("This visit is not over yet. Please tell us afterwards.")
TOO_LATE = lazy("It is more than two weeks ago. Please call the bureau, and they record it.")
NOT_HELD = lazy("This visit was called off, so there is nothing to tell.")
NOT_GOING = lazy("You were not part of this visit any more, so there is nothing to tell.")
NOT_YOURS = lazy("This is not yours to say.")
WHO_IS_MISSING = lazy("Say who could not attend.")
OUT_OF_BOUNDS = {
    "hours": lazy("Write hours from 0 to 24, like 1.5 or 1:30."),
    "miles": lazy("Write miles from 0 to 1000."),
    "people": lazy("Write a number of people from 0 to 500."),
}


class Told(StrEnum):
    """What became of something that was told."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Debriefing:
    """What a speaker tells. None leaves a number as it is known."""

    how_was_it: HowWasIt
    how_are_you: HowAreYou
    minutes: int | None = None
    miles: int | None = None
    people: int | None = None
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsWord:
    """What a unit tells. `missing` names assignments by public id; of one alone it may be empty."""

    outcome: Outcome
    missing: Collection[str] = ()
    people: int | None = None
    words: str = ""


def ask(session: Session, *, now: datetime) -> int:
    """Ask the people of visits that have ended; return how many visits.

    Each is asked once: what was planned is not planned again, whatever became of it.
    """
    return sum(_ask(session, visit, now=now) for visit in session.scalars(to_ask(now)).all())


def to_ask(now: datetime) -> Select[Visit]:
    """Select the visits that have ended of which somebody was not asked, the earliest first.

    By an index over when visits end: what is long past costs nothing.
    """
    first, last = telling.asked_about(now)
    return (
        select(Visit)
        .where(
            Visit.called_off_at.is_(None),
            Visit.ends_at.between(first, last),
            _somebody_went(),
            or_(_somebody_went(_was_not_asked(TO_SPEAKERS)), not_(_unit_was_asked())),
        )
        .order_by(Visit.ends_at, Visit.id)
    )


def tell(
    session: Session, assignment: Assignment, said: Debriefing, *, by: Actor, now: datetime
) -> Told:
    """Take a speaker's debrief: how it went, how she is, and what it took.

    The same again changes nothing. What a coordinator has recorded stands.

    Raises:
        Conflict: the visit is not over, was over too long ago, or she was not part of it.
        RuleBroken: a number cannot be, or the words hold what identifies somebody; nothing is
            changed.
    """
    teller = _teller(by, Said.DEBRIEF)
    screened.told(said.words, field="words", label=screened.DEBRIEF)
    visit = _over(session, assignment.visit_id, to=teller, now=now)
    _refuse_numbers(minutes=said.minutes, miles=said.miles, people=said.people)
    if not assignment.active:
        raise Conflict(NOT_GOING)
    is_new = afterwards.debrief(session, assignment) is None
    counts = telling.counts_effort(said.how_was_it)
    changes = [
        afterwards.say_debrief(
            session,
            assignment,
            affiliate_id=visit.affiliate_id,
            how_was_it=said.how_was_it,
            how_are_you=said.how_are_you,
            words=said.words,
            now=now,
        ),
        afterwards.say_came(
            session, assignment, _yes_or_no(telling.came(said.how_was_it)), by=teller, now=now
        ),
        afterwards.say_effort(
            session,
            assignment,
            minutes=said.minutes if counts else 0,
            miles=said.miles if counts else 0,
            by=teller,
            now=now,
        ),
        afterwards.say_audience(session, visit, said.people, by=teller, now=now),
    ]
    return _told(
        session,
        "debrief.tell",
        is_new=is_new,
        changes=changes,
        subject=("assignment", assignment.id),
        by=by,
        now=now,
    )


def say_who_came(
    session: Session, visit: Visit, said: UnitsWord, *, by: Actor, now: datetime
) -> Told:
    """Take a unit's word: whether it took place, who came, and how many patients.

    Raises:
        Conflict: the visit is not over, was over too long ago, or was called off.
        RuleBroken: somebody is missing and nobody is named, a number cannot be, or the words hold
            what identifies somebody.
    """
    teller = _teller(by, Said.WARD_REPORT)
    screened.told(said.words, field="words", label=screened.CAME)
    visit = _over(session, visit.id, to=teller, now=now)
    _refuse_numbers(people=said.people)
    went = service.active_assignments(session, visit.id)
    missing = _missing(went, said)
    is_new = afterwards.ward_report(session, visit) is None
    changes = [
        afterwards.say_ward_report(session, visit, outcome=said.outcome, words=said.words, now=now),
        afterwards.say_audience(session, visit, said.people, by=teller, now=now),
    ]
    for assignment in went:
        is_missing = assignment.public_id in missing
        came = telling.came_by_unit(said.outcome, is_missing=is_missing)
        changes.append(
            afterwards.say_came(session, assignment, _yes_or_no(came), by=teller, now=now)
        )
    return _told(
        session,
        "visit.say_who_came",
        is_new=is_new,
        changes=changes,
        subject=("visit", visit.id),
        by=by,
        now=now,
    )


def record_attendance(
    session: Session,
    assignment: Assignment,
    *,
    came: str,
    minutes: int | None,
    miles: int | None,
    by: Actor,
    now: datetime,
) -> Told:
    """Record whether a speaker came ("yes", "no", "unknown") and what it took.

    It stands from then on, whatever others tell.

    Raises:
        Conflict: the visit is not over, or was called off.
        RuleBroken: a number cannot be.
    """
    teller = _teller(by, Said.EFFORT)
    _over(session, assignment.visit_id, to=teller, now=now)
    _refuse_numbers(minutes=minutes, miles=miles)
    is_new = afterwards.attendance(session, assignment) is None
    changes = [
        afterwards.say_came(session, assignment, came, by=teller, now=now),
        afterwards.say_effort(
            session, assignment, minutes=minutes, miles=miles, by=teller, now=now
        ),
    ]
    return _told(
        session,
        "attendance.record",
        is_new=is_new,
        changes=changes,
        subject=("assignment", assignment.id),
        by=by,
        now=now,
    )


def record_audience(
    session: Session, visit: Visit, *, people: int, by: Actor, now: datetime
) -> Told:
    """Record how many patients came.

    Raises:
        Conflict: the visit is not over, or was called off.
        RuleBroken: the number cannot be.
    """
    teller = _teller(by, Said.AUDIENCE)
    visit = _over(session, visit.id, to=teller, now=now)
    _refuse_numbers(people=people)
    is_new = afterwards.audience(session, visit) is None
    changes = [afterwards.say_audience(session, visit, people, by=teller, now=now)]
    return _told(
        session,
        "audience.record",
        is_new=is_new,
        changes=changes,
        subject=("visit", visit.id),
        by=by,
        now=now,
    )


def have_called(session: Session, debrief: Debrief, *, by: Actor, now: datetime) -> None:
    """Note that a coordinator has called who wished for it. Twice changes nothing."""
    called = (
        update(Debrief)
        .where(Debrief.id == debrief.id, Debrief.called_at.is_(None))
        .values(called_at=now, called_by_id=by.account_id)
        .returning(Debrief.id)
    )
    if session.scalar(called) is not None:
        audit.record(session, "debrief.call", actor=by, subject=("debrief", debrief.id), now=now)


def _somebody_went(*conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(Assignment.visit_id == Visit.id, Assignment.active, *conditions)


def _was_not_asked(kind: str) -> ColumnElement[bool]:
    asked = exists().where(
        Message.subject_kind == "assignment",
        Message.subject_id == Assignment.id,
        Message.kind == kind,
    )
    return not_(asked)


def _unit_was_asked() -> ColumnElement[bool]:
    return exists().where(
        Message.subject_kind == "visit", Message.subject_id == Visit.id, Message.kind == TO_UNITS
    )


def _ask(session: Session, visit: Visit, *, now: datetime) -> bool:
    """Plan what is not planned yet; False where the unit has no address and all are asked."""
    until = telling.open_until(visit.ends_at).isoformat()
    waiting = select(Assignment).where(
        Assignment.visit_id == visit.id, Assignment.active, _was_not_asked(TO_SPEAKERS)
    )
    to_ask = session.scalars(waiting.order_by(Assignment.id)).all()
    for assignment in to_ask:
        speaker = session.get_one(Speaker, assignment.speaker_id)
        notices.tell(
            session,
            recipients.speaker(speaker),
            TO_SPEAKERS,
            visit=visit,
            cause=Cause("assignment", assignment.id, visit.revision),
            values={
                "assignment_id": assignment.public_id,
                "speaker_id": speaker.public_id,
                "debrief_until": until,
            },
            channels=("sms",),
            expires_at=telling.ask_until(visit.ends_at),
            now=now,
        )
    unit = recipients.liaison(session, visit)
    if unit is not None:
        notices.tell(
            session,
            unit,
            TO_UNITS,
            visit=visit,
            values={"came_until": until},
            expires_at=telling.ask_until(visit.ends_at),
            now=now,
        )
    return bool(to_ask) or unit is not None


def _teller(by: Actor, what: Said) -> Teller:
    teller = telling.teller(by)
    if not telling.may_say(teller, what):
        raise Conflict(NOT_YOURS)
    return teller


def _over(session: Session, visit_id: int, *, to: Teller, now: datetime) -> Visit:
    """Hold a visit about which something may be told now."""
    visit = db.locked(session, Visit, visit_id)
    if visit.called_off_at is not None:
        raise Conflict(NOT_HELD)
    if now < visit.ends_at:
        raise Conflict(NOT_OVER)
    if not telling.is_open(visit.ends_at, to=to, now=now):
        raise Conflict(TOO_LATE)
    return visit


def _refuse_numbers(
    *, minutes: int | None = None, miles: int | None = None, people: int | None = None
) -> None:
    for field in telling.out_of_bounds(minutes=minutes, miles=miles, people=people):
        raise RuleBroken(OUT_OF_BOUNDS[field], field=field)


def _missing(went: Collection[Assignment], said: UnitsWord) -> set[str]:
    """Return who is missing, of those who went; of one alone nobody need be named."""
    if said.outcome is not Outcome.SOMEONE_MISSING:
        return set()
    everyone = {assignment.public_id for assignment in went}
    named = everyone.intersection(said.missing) if len(everyone) > 1 else everyone
    if not named:
        raise RuleBroken(WHO_IS_MISSING, field="missing")
    return named


def _yes_or_no(came: bool) -> str:  # noqa: FBT001 - the word for it
    return "yes" if came else "no"


def _told(
    session: Session,
    action: str,
    *,
    is_new: bool,
    changes: Collection[bool],
    subject: tuple[str, int],
    by: Actor,
    now: datetime,
) -> Told:
    if not any(changes):
        return Told.SAME
    session.flush()
    audit.record(session, action, actor=by, subject=subject, now=now)
    return Told.NEW if is_new else Told.CHANGED
