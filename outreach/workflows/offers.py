"""What speakers answer: yes, not this time, and stepping back from a yes."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit, db
from outreach.actor import Actor
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.links import Links
from outreach.speakers.models import Speaker
from outreach.visits import service
from outreach.visits.models import Assignment, Offer, Slot, Visit
from outreach.workflows import asking, eligibility, invites, notices, recipients, reminders, trouble
from outreach.workflows.notices import Cause

GONE = lazy("Another speaker has just taken this visit. Thank you for being ready to help.")
LAPSED = lazy("This visit is no longer open. Thank you for being ready to help.")
CALLED_OFF = lazy("The unit has called this visit off. Thank you for being ready to help.")
NOT_FREE = lazy("This visit is too close to another one you have taken.")
FITS_NO_MORE = lazy("This visit does not fit you any more. Look again at the open visits.")


def accept(
    session: Session, *, offer: Offer, by: Actor, via: str, links: Links, now: datetime
) -> Assignment:
    """Take the slot that was offered. A second tap gives the same assignment.

    Raises:
        Conflict: somebody else was first, the offer is over, or the speaker is not free.
    """
    visit = db.locked(session, Visit, offer.visit_id)
    db.locked(session, Speaker, offer.speaker_id)
    if not service.answer(session, offer, state="accepted", via=via, now=now):
        return _repeated(session, offer)
    slot = session.get_one(Slot, offer.slot_id)
    assignment = _assign(
        session, slot, visit=visit, speaker_id=offer.speaker_id, offer=offer, now=now
    )
    audit.record(session, "offer.accept", actor=by, subject=("offer", offer.id), now=now)
    _after_a_yes(session, assignment, visit, via=via, by=by, links=links, now=now)
    return assignment


def not_this_time(
    session: Session, *, offer: Offer, by: Actor, via: str, links: Links, now: datetime
) -> None:
    """Record "not this time" and ask the next speaker. A second tap changes nothing.

    Raises:
        Conflict: the offer was accepted, or is over.
    """
    visit = db.locked(session, Visit, offer.visit_id)
    if not service.answer(session, offer, state="not_this_time", via=via, now=now):
        session.refresh(offer)
        if offer.state in {"not_this_time", "lapsed", "withdrawn"} or _is_late(offer, now):
            return
        raise Conflict(lazy("You have said yes to this visit. Use “I can't make it” instead."))
    audit.record(session, "offer.not_this_time", actor=by, subject=("offer", offer.id), now=now)
    invites.sync_questions(session, visit, [offer], links=links, by=by, now=now)
    asking.ask_next(session, visit, by=by, links=links, now=now)


def record_yes(
    session: Session,
    slot: Slot,
    *,
    speaker: Speaker,
    by: Actor,
    links: Links,
    now: datetime,
) -> Assignment:
    """Record a yes a coordinator heard on the telephone, asked before or not.

    Raises:
        Conflict: the slot is taken or the speaker has another visit then.
        RuleBroken: a hard rule speaks against it; a coordinator may not overrule it.
    """
    visit = db.locked(session, Visit, slot.visit_id)
    db.locked(session, Speaker, speaker.id)
    asking.refuse_if_closed(session, slot, visit, now=now)
    against = eligibility.refusals(session, visit, slot.role, speaker_id=speaker.id, now=now)
    if against:
        raise RuleBroken(lazy("%(name)s cannot be booked for this visit."), name=speaker.first_name)
    open_offer = asking.open_offer(session, slot, speaker.id)
    if open_offer is not None:
        service.answer(session, open_offer, state="accepted", via="phone", now=now)
    assignment = _assign(
        session, slot, visit=visit, speaker_id=speaker.id, offer=open_offer, now=now
    )
    audit.record(
        session, "assignment.record_yes", actor=by, subject=("assignment", assignment.id), now=now
    )
    _after_a_yes(session, assignment, visit, via="phone", by=by, links=links, now=now)
    return assignment


def volunteer(
    session: Session, slot: Slot, *, speaker: Speaker, by: Actor, links: Links, now: datetime
) -> Assignment:
    """Let a speaker take an open place nobody asked about. A second tap gives the same one.

    Raises:
        Conflict: the slot is taken, or a hard rule speaks against it by now.
    """
    visit = db.locked(session, Visit, slot.visit_id)
    db.locked(session, Speaker, speaker.id)
    mine = (Assignment.slot_id == slot.id, Assignment.speaker_id == speaker.id, Assignment.active)
    held = session.scalar(select(Assignment).where(*mine))
    if held is not None:
        return held
    asking.refuse_if_closed(session, slot, visit, now=now)
    if eligibility.refusals(session, visit, slot.role, speaker_id=speaker.id, now=now):
        raise Conflict(FITS_NO_MORE)
    offer = asking.open_offer(session, slot, speaker.id)
    if offer is not None:
        service.answer(session, offer, state="accepted", via="site", now=now)
    assignment = _assign(session, slot, visit=visit, speaker_id=speaker.id, offer=offer, now=now)
    audit.record(
        session, "assignment.volunteer", actor=by, subject=("assignment", assignment.id), now=now
    )
    _after_a_yes(session, assignment, visit, via="site", by=by, links=links, now=now)
    return assignment


def cannot_come(
    session: Session, assignment: Assignment, *, by: Actor, links: Links, now: datetime
) -> None:
    """Let a speaker step back, no reason asked: the slot is open again and others are asked.

    A second tap changes nothing.

    Raises:
        Conflict: the visit has begun.
    """
    visit = db.locked(session, Visit, assignment.visit_id)
    if visit.starts_at <= now:
        raise Conflict(asking.BEGUN)
    if not service.vacate(session, assignment, because="cannot_come", now=now):
        return
    # The rows were changed in SQL; what is in memory must follow before others read it.
    session.expire_all()
    audit.record(
        session, "assignment.step_back", actor=by, subject=("assignment", assignment.id), now=now
    )
    invites.sync(session, visit, links=links, by=by, now=now)
    reminders.sync(session, visit, now=now)
    ward = recipients.liaison(session, visit)
    if ward is not None and not invites.has_entry(session, visit, ward):
        cause = _ended(assignment, visit)
        notices.tell(session, ward, "reopened", visit=visit, cause=cause, by=by, now=now)
    trouble.tell(session, assignment, visit, by=by, now=now)
    asking.ask_next(session, visit, by=by, links=links, now=now)


def _assign(
    session: Session,
    slot: Slot,
    *,
    visit: Visit,
    speaker_id: int,
    offer: Offer | None,
    now: datetime,
) -> Assignment:
    """Fill the slot under the speaker's lock, after a second look at rest, quota and travel."""
    if visit.called_off_at is not None:
        raise Conflict(CALLED_OFF)
    if eligibility.too_close(session, visit, slot.role, speaker_id=speaker_id, now=now):
        raise Conflict(NOT_FREE)
    return service.fill(
        session,
        slot,
        visit=visit,
        speaker_id=speaker_id,
        offer_id=offer.id if offer else None,
        now=now,
    )


def _after_a_yes(
    session: Session,
    assignment: Assignment,
    visit: Visit,
    *,
    via: str,
    by: Actor,
    links: Links,
    now: datetime,
) -> None:
    slot_id = assignment.slot_id
    session.expire(session.get_one(Slot, slot_id))
    service.drop_proposals(session, [slot_id], now=now)
    others = [o for o in service.open_offers(session, visit.id) if o.slot_id == slot_id]
    asking.tell_gone(session, others, visit=visit, by=by, now=now)
    invites.sync(session, visit, links=links, by=by, now=now)
    invites.confirm(session, assignment, visit, via=via, by=by, now=now)
    reminders.sync(session, visit, now=now)


def _repeated(session: Session, offer: Offer) -> Assignment:
    """Give the assignment of an offer accepted before, or say kindly why there is none."""
    session.refresh(offer)
    if offer.state == "accepted":
        held = select(Assignment).where(Assignment.offer_id == offer.id, Assignment.active)
        assignment = session.scalar(held)
        if assignment is not None:
            return assignment
        raise Conflict(LAPSED)
    visit = session.get_one(Visit, offer.visit_id)
    if visit.called_off_at is not None:
        raise Conflict(CALLED_OFF)
    slot = session.get_one(Slot, offer.slot_id)
    raise Conflict(GONE if slot.state == "filled" else LAPSED)


def _is_late(offer: Offer, now: datetime) -> bool:
    return offer.state == "open" and offer.expires_at <= now


def _ended(assignment: Assignment, visit: Visit) -> Cause:
    return Cause("assignment", assignment.id, visit.revision)
