"""Reads and writes of the visits' own tables. Who wins a slot is decided by conditional updates."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach.errors import Conflict
from outreach.i18n import lazy
from outreach.visits.models import Assignment, Offer, Proposal, Slot, Visit, VisitRequest

TAKEN = lazy("Another speaker has already taken this visit.")
BUSY = lazy("You already have a visit at that time.")


def lay_out(
    session: Session,
    request: VisitRequest,
    *,
    starts_at: datetime,
    time_zone: str,
    roles: Mapping[str, int],
    warnings: Iterable[str],
    now: datetime,
) -> Visit:
    """Make one visit of a request, with a slot for each person and role.

    Raises:
        Conflict: the unit has this program at that time already.
    """
    visit = Visit(
        request_id=request.id,
        affiliate_id=request.affiliate_id,
        unit_id=request.unit_id,
        program_id=request.program_id,
        starts_at=starts_at,
        ends_at=starts_at + timedelta(minutes=request.minutes),
        time_zone=time_zone,
        language=request.language,
        critical=request.critical,
        warnings=list(warnings),
        created_at=now,
    )
    session.add(visit)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(lazy("This unit already has this program at that time.")) from error
    for role, count in roles.items():
        for position in range(1, count + 1):
            session.add(Slot(visit_id=visit.id, role=role, position=position))
    session.flush()
    return visit


def slots(session: Session, visit_id: int) -> list[Slot]:
    """Return a visit's slots, leads first."""
    found = session.scalars(select(Slot).where(Slot.visit_id == visit_id)).all()
    return sorted(found, key=lambda slot: (slot.role != "lead", slot.role, slot.position))


def active_assignments(session: Session, visit_id: int) -> list[Assignment]:
    """Return who comes, in the order they said yes."""
    mine = (Assignment.visit_id == visit_id, Assignment.active)
    return list(session.scalars(select(Assignment).where(*mine).order_by(Assignment.id)))


def open_offers(session: Session, visit_id: int) -> list[Offer]:
    """Return the offers of a visit that wait for an answer."""
    waiting = (Offer.visit_id == visit_id, Offer.state == "open")
    return list(session.scalars(select(Offer).where(*waiting).order_by(Offer.id)))


def fill(
    session: Session,
    slot: Slot,
    *,
    visit: Visit,
    speaker_id: int,
    offer_id: int | None,
    now: datetime,
) -> Assignment:
    """Give the slot to the speaker, once.

    Raises:
        Conflict: the slot is taken, or the speaker has another visit in that span.
    """
    claim = (
        update(Slot)
        .where(Slot.id == slot.id, Slot.state == "open")
        .values(state="filled")
        .returning(Slot.id)
    )
    if session.scalar(claim) is None:
        raise Conflict(TAKEN)
    assignment = Assignment(
        slot_id=slot.id,
        visit_id=visit.id,
        speaker_id=speaker_id,
        offer_id=offer_id,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        created_at=now,
    )
    session.add(assignment)
    try:
        session.flush()
    except IntegrityError as error:
        raise Conflict(BUSY) from error
    return assignment


def vacate(session: Session, assignment: Assignment, *, because: str, now: datetime) -> bool:
    """End an assignment and open its slot again; False when it had ended already."""
    ended = (
        update(Assignment)
        .where(Assignment.id == assignment.id, Assignment.active)
        .values(active=False, ended_at=now, ended_because=because)
        .returning(Assignment.id)
    )
    if session.scalar(ended) is None:
        return False
    session.execute(update(Slot).where(Slot.id == assignment.slot_id).values(state="open"))
    return True


def answer(session: Session, offer: Offer, *, state: str, via: str, now: datetime) -> bool:
    """Move an open, unexpired offer to its answer; False when it is not open any more."""
    claim = (
        update(Offer)
        .where(Offer.id == offer.id, Offer.state == "open", Offer.expires_at > now)
        .values(state=state, answered_at=now, answered_by=via)
        .returning(Offer.id)
    )
    return session.scalar(claim) is not None


def with_lapsing_offers(session: Session, *, now: datetime, limit: int = 200) -> set[int]:
    """Return the visits of the offers whose time has been over for longest."""
    due = (
        select(Offer.visit_id)
        .where(Offer.state == "open", Offer.expires_at <= now)
        .order_by(Offer.expires_at)
        .limit(limit)
    )
    return set(session.scalars(due))


def lapse(session: Session, visit_ids: Iterable[int], *, now: datetime) -> list[Offer]:
    """Close offers of these visits whose time is over; return those this call closed."""
    closed = session.scalars(
        update(Offer)
        .where(Offer.visit_id.in_(list(visit_ids)), Offer.state == "open", Offer.expires_at <= now)
        .values(state="lapsed")
        .returning(Offer.id)
    ).all()
    return list(session.scalars(select(Offer).where(Offer.id.in_(closed)).order_by(Offer.id)))


def withdraw(session: Session, offers: Iterable[Offer], *, now: datetime) -> list[Offer]:
    """Take back offers that nobody answered; return those this call took back."""
    offers = list(offers)
    ids = [offer.id for offer in offers]
    taken = session.scalars(
        update(Offer)
        .where(Offer.id.in_(ids), Offer.state == "open")
        .values(state="withdrawn", answered_at=now)
        .returning(Offer.id)
    ).all()
    return [offer for offer in offers if offer.id in set(taken)]


def said_yes_at(session: Session, assignment: Assignment) -> datetime:
    """Return when the speaker said yes: a place given up and taken back is held since the first.

    A yes that was itself taken back is none.
    """
    if assignment.offer_id is None:
        return assignment.created_at
    first = select(func.min(Assignment.created_at)).where(
        Assignment.offer_id == assignment.offer_id,
        Assignment.visit_id == assignment.visit_id,
        Assignment.speaker_id == assignment.speaker_id,
        Assignment.ended_because.is_distinct_from("undone"),
    )
    return session.scalar(first) or assignment.created_at


def drop_proposals(session: Session, slot_ids: Iterable[int], *, now: datetime) -> None:
    """Put aside the waiting proposals of these slots."""
    session.execute(
        update(Proposal)
        .where(Proposal.slot_id.in_(list(slot_ids)), Proposal.state == "waiting")
        .values(state="dropped", decided_at=now)
    )
