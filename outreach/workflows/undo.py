"""Taking back an answer or a cancellation while its minutes run.

What was done counted at once; the others have not heard of it yet (`notices.tell`). So what waits
is cancelled, what has left is corrected, and who was let go has the visit again.
"""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach import audit, db
from outreach.actor import SYSTEM, Actor, Kind
from outreach.errors import Conflict
from outreach.i18n import lazy
from outreach.links import Links
from outreach.messaging import service as messaging
from outreach.reads import undo as undoable
from outreach.speakers.models import Speaker
from outreach.visits import service
from outreach.visits.models import Assignment, Offer, Slot, Visit
from outreach.workflows import (
    asking,
    eligibility,
    invites,
    news,
    notices,
    other_places,
    recipients,
    reminders,
)
from outreach.workflows.notices import Cause

TOO_LATE = lazy("It is too late to take this back. Call your coordinator, who can help.")
NOT_YOURS = lazy("Somebody else has done this, so it is not yours to take back. Please call them.")
AT_THAT_TIME = lazy("The unit has another visit at that time by now, so this one stays off.")
TAKEN = lazy("Somebody else has taken the visit meanwhile. Thank you for being ready to help.")


def a_yes(
    session: Session, assignment: Assignment, *, by: Actor, links: Links, now: datetime
) -> None:
    """Take back a yes: the question is open again, and so it is for those who lost it to the yes.

    A second tap changes nothing.

    Raises:
        Conflict: its minutes are over, or a coordinator would take back what a speaker said.
    """
    visit = db.locked(session, Visit, assignment.visit_id)
    _refuse_if_late(session, visit, assignment.created_at, now=now)
    _refuse_if_anothers(session, by, undoable.PHONED_YES, subject=("assignment", assignment.id))
    if not service.vacate(session, assignment, because="undone", now=now):
        return
    session.expire_all()
    offer = session.get(Offer, assignment.offer_id) if assignment.offer_id else None
    if offer is not None:
        asking.reopen(session, offer, visit=visit, now=now)
    _ask_again(
        session, visit, withdrawn_at=assignment.created_at, slot_id=assignment.slot_id, now=now
    )
    _say_it_is_not_theirs(session, visit, assignment, by=by, now=now)
    _settle(session, visit, by=by, links=links, now=now)
    asking.ask_next(session, visit, links=links, now=now)
    audit.record(session, "undo.yes", actor=by, subject=("assignment", assignment.id), now=now)


def a_no(session: Session, offer: Offer, *, by: Actor, links: Links, now: datetime) -> None:
    """Take back a "not this time": the question is open again, and who was asked instead is not.

    A second tap changes nothing.

    Raises:
        Conflict: its minutes are over, or somebody has taken the visit.
    """
    visit = db.locked(session, Visit, offer.visit_id)
    session.refresh(offer)
    if offer.state == "open":
        return
    if offer.state != "not_this_time":
        raise Conflict(TOO_LATE)
    answered_at = offer.answered_at
    _refuse_if_late(session, visit, answered_at, now=now)
    slot = session.get_one(Slot, offer.slot_id)
    if slot.state != "open" or offer.expires_at <= now:
        raise Conflict(TAKEN)
    _take_back_questions(session, visit, slot.id, since=answered_at, now=now)
    asking.reopen(session, offer, visit=visit, now=now)
    invites.sync_questions(session, visit, [offer], links=links, by=by, now=now)
    audit.record(session, "undo.no", actor=by, subject=("offer", offer.id), now=now)


def a_step_back(
    session: Session, assignment: Assignment, *, by: Actor, links: Links, now: datetime
) -> Assignment:
    """Give the visit back to who stepped back from it. A second tap gives the same assignment.

    Raises:
        Conflict: its minutes are over, somebody has taken the visit, the person is not free, or
            a coordinator would take back what a speaker said.
    """
    visit = db.locked(session, Visit, assignment.visit_id)
    db.locked(session, Speaker, assignment.speaker_id)
    session.refresh(assignment)
    held = _held(session, assignment)
    if held is not None:
        return held
    if assignment.ended_because != "cannot_come":
        raise Conflict(TOO_LATE)
    _refuse_if_late(session, visit, assignment.ended_at, now=now)
    _refuse_if_anothers(session, by, undoable.STEP_BACK, subject=("assignment", assignment.id))
    again = _seat_again(session, visit, assignment, now=now)
    _take_back_questions(session, visit, again.slot_id, since=assignment.ended_at, now=now)
    cause = Cause("assignment", assignment.id, visit.revision)
    notices.forget(session, cause, kinds=("reopened", "late_trouble"), now=now)
    _settle(session, visit, by=by, links=links, now=now)
    audit.record(session, "undo.step_back", actor=by, subject=("assignment", again.id), now=now)
    return again


def a_call_off(session: Session, visit: Visit, *, by: Actor, links: Links, now: datetime) -> None:
    """Let a visit take place after all, with those who meant to come. Twice changes nothing.

    Who has heard already that it is off hears that it is on; who has meanwhile taken another visit
    at that time is not in the slot again, and it is open.

    Raises:
        Conflict: its minutes are over, the other side called it off, or the unit has another
            visit at that time by now.
    """
    visit = db.locked(session, Visit, visit.id)
    called_off_at = visit.called_off_at
    if called_off_at is None:
        return
    _refuse_if_late(session, visit, called_off_at, now=now)
    _refuse_if_anothers(session, by, undoable.CALL_OFF, subject=("visit", visit.id))
    heard = news.who_heard_of_the_end(session, visit)
    visit.called_off_at = None
    visit.revision += 1
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(AT_THAT_TIME) from error
    session.execute(
        update(Slot).where(Slot.visit_id == visit.id, Slot.state == "closed").values(state="open")
    )
    session.flush()
    session.expire_all()
    ended = select(Assignment).where(
        Assignment.visit_id == visit.id,
        Assignment.ended_because == "called_off",
        Assignment.ended_at == called_off_at,
    )
    for assignment in session.scalars(ended.order_by(Assignment.id)).all():
        db.locked(session, Speaker, assignment.speaker_id)
        if _is_free(session, visit, assignment, now=now):
            _seat_again(session, visit, assignment, now=now)
    _ask_again(session, visit, withdrawn_at=called_off_at, now=now)
    news.of_the_return(session, visit, to=heard, now=now)
    _settle(session, visit, by=by, links=links, now=now)
    audit.record(session, "undo.call_off", actor=by, subject=("visit", visit.id), now=now)


def _refuse_if_late(
    session: Session, visit: Visit, done_at: datetime | None, *, now: datetime
) -> None:
    last = undoable.until(session, visit, done_at)
    if last is None or last <= now:
        raise Conflict(TOO_LATE)


def _refuse_if_anothers(
    session: Session, by: Actor, action: str, *, subject: tuple[str, int]
) -> None:
    """Let speakers take back what is theirs, coordinators and liaisons what their side did."""
    if by.kind not in {Kind.COORDINATOR, Kind.LIAISON}:
        return
    if not undoable.was_done_by(session, by.kind, action, subject=subject):
        raise Conflict(NOT_YOURS)


def _settle(session: Session, visit: Visit, *, by: Actor, links: Links, now: datetime) -> None:
    session.flush()
    session.expire_all()
    invites.sync(session, visit, links=links, by=by, taken_back=True, now=now)
    reminders.sync(session, visit, now=now)


def _held(session: Session, assignment: Assignment) -> Assignment | None:
    return session.scalar(
        select(Assignment).where(
            Assignment.slot_id == assignment.slot_id,
            Assignment.speaker_id == assignment.speaker_id,
            Assignment.active,
        )
    )


def _is_free(session: Session, visit: Visit, assignment: Assignment, *, now: datetime) -> bool:
    slot = session.get_one(Slot, assignment.slot_id)
    return not eligibility.too_close(
        session, visit, slot.role, speaker_id=assignment.speaker_id, now=now
    )


def _seat_again(
    session: Session, visit: Visit, assignment: Assignment, *, now: datetime
) -> Assignment:
    if not _is_free(session, visit, assignment, now=now):
        raise Conflict(TAKEN)
    again = service.fill(
        session,
        session.get_one(Slot, assignment.slot_id),
        visit=visit,
        speaker_id=assignment.speaker_id,
        offer_id=assignment.offer_id,
        now=now,
    )
    other_places.tell_anew(session, visit, again, since=assignment, now=now)
    return again


def _take_back_questions(
    session: Session,
    visit: Visit,
    slot_id: int,
    *,
    since: datetime | None,
    now: datetime,
) -> None:
    """Withdraw what others were asked for the slot since then; mostly they have not heard of it."""
    instead = [
        offer
        for offer in service.open_offers(session, visit.id)
        if offer.slot_id == slot_id and since is not None and offer.offered_at >= since
    ]
    asking.tell_gone(session, instead, visit=visit, by=SYSTEM, now=now)


def _ask_again(
    session: Session,
    visit: Visit,
    *,
    withdrawn_at: datetime,
    slot_id: int | None = None,
    now: datetime,
) -> None:
    """Open the questions again that were taken back then, but to nobody who heard of that."""
    lost = select(Offer).where(
        Offer.visit_id == visit.id,
        Offer.state == "withdrawn",
        Offer.answered_at == withdrawn_at,
        Offer.expires_at > now,
    )
    if slot_id is not None:
        lost = lost.where(Offer.slot_id == slot_id)
    for offer in session.scalars(lost.order_by(Offer.id)).all():
        heard = messaging.last_left(session, subject=("offer", offer.id))
        if heard is None or heard.kind == "offer":
            asking.reopen(session, offer, visit=visit, now=now)


def _say_it_is_not_theirs(
    session: Session, visit: Visit, assignment: Assignment, *, by: Actor, now: datetime
) -> None:
    """Tell a speaker whom another's mistake had booked, if that has reached them already."""
    cause = Cause("assignment", assignment.id, visit.revision)
    left = messaging.last_left(session, subject=("assignment", assignment.id))
    notices.forget(session, cause, now=now)
    if left is None or left.kind != "confirmed" or by.speaker_id == assignment.speaker_id:
        return
    to = recipients.speaker_by_id(session, assignment.speaker_id)
    notices.tell(session, to, "taken_back", visit=visit, cause=cause, channels=("sms",), now=now)
