"""Proposals: the engine's choice for every open slot, kept until a coordinator decides.

Reading, solving and writing are three steps, so that no transaction waits for the solver:
`problem` under `reading()`, `matching.solve` under nothing, `store` under `transaction()`.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.errors import Conflict
from outreach.i18n import lazy
from outreach.links import Links
from outreach.matching import Problem, Solution
from outreach.visits import service
from outreach.visits.models import Offer, Proposal, Slot, Visit
from outreach.workflows import eligibility, offers, problems
from outreach.workflows.eligibility import Choice


def problem(session: Session, affiliate: Affiliate, *, now: datetime) -> Problem:
    """Return the problem of all open slots of an affiliate."""
    visits = problems.open_visits(session, affiliate.id, now=now)
    return problems.build(session, affiliate, visits, now=now)


def store(
    session: Session, affiliate: Affiliate, solution: Solution, *, by: Actor, now: datetime
) -> int:
    """Keep a solution as waiting proposals, in place of the last ones; return how many.

    Slots that were filled or offered since the problem was read keep what they have.
    """
    visits = {v.public_id: v for v in problems.open_visits(session, affiliate.id, now=now)}
    places = _open_slots(session, [visit.id for visit in visits.values()])
    service.drop_proposals(
        session, [slot.id for slots in places.values() for slot in slots], now=now
    )
    chosen = [
        (visits[plan.visit], each)
        for plan in solution.visits
        if plan.visit in visits
        for each in plan.speakers
        if not each.fixed
    ]
    ids = eligibility.speaker_ids(session, [each.speaker for _, each in chosen])
    stored = 0
    for visit, each in chosen:
        free = places[visit.id, each.role]
        if not free:
            continue
        kept = eligibility.choice(each, speaker_id=ids[each.speaker])
        session.add(_proposal(free.pop(0), kept, now=now))
        stored += 1
    session.flush()
    audit.record(
        session,
        "proposals.store",
        actor=by,
        subject=("affiliate", affiliate.id),
        details={"count": stored},
        now=now,
    )
    return stored


def approve(
    session: Session, proposal: Proposal, *, by: Actor, links: Links, now: datetime
) -> Offer:
    """Ask the proposed speaker.

    Raises:
        Conflict: the proposal was decided already, or its slot is taken.
    """
    if proposal.state != "waiting":
        raise Conflict(lazy("This proposal was decided already."))
    slot = session.get_one(Slot, proposal.slot_id)
    proposal.state, proposal.decided_at = "approved", now
    return offers.make(
        session,
        slot,
        Choice(
            speaker_id=proposal.speaker_id,
            reasons=proposal.reasons,
            distance_km=proposal.distance_km,
        ),
        visit=session.get_one(Visit, slot.visit_id),
        by=by,
        links=links,
        now=now,
    )


def approve_all(
    session: Session, affiliate: Affiliate, *, by: Actor, links: Links, now: datetime
) -> int:
    """Ask everyone proposed for the affiliate's coming visits; return how many were asked."""
    asked = 0
    for proposal in waiting(session, affiliate.id, now=now):
        attempt = session.begin_nested()
        try:
            approve(session, proposal, by=by, links=links, now=now)
        except Conflict:
            # Taken meanwhile: the others are still to be asked.
            attempt.rollback()
            continue
        attempt.commit()
        asked += 1
    return asked


def ask_by_itself(
    session: Session, affiliate: Affiliate, *, by: Actor, links: Links, now: datetime
) -> int:
    """Ask everyone proposed where the affiliate wants nobody to look first; return how many."""
    if affiliate.approval != "automatic":
        return 0
    return approve_all(session, affiliate, by=by, links=links, now=now)


def drop(session: Session, proposal: Proposal, *, by: Actor, now: datetime) -> None:
    """Put a proposal aside without asking anybody. A second time changes nothing."""
    if proposal.state == "waiting":
        proposal.state, proposal.decided_at = "dropped", now
        session.flush()
        audit.record(session, "proposal.drop", actor=by, subject=("proposal", proposal.id), now=now)


def waiting(session: Session, affiliate_id: int, *, now: datetime) -> list[Proposal]:
    """Return the proposals that wait for a decision, soonest visit first."""
    return list(
        session.scalars(
            select(Proposal)
            .join(Slot, Slot.id == Proposal.slot_id)
            .join(Visit, Visit.id == Slot.visit_id)
            .where(
                Visit.affiliate_id == affiliate_id,
                Visit.called_off_at.is_(None),
                Visit.starts_at > now,
                Proposal.state == "waiting",
                Slot.state == "open",
            )
            .order_by(Visit.starts_at, Visit.id, Slot.role.desc(), Slot.position)
        )
    )


def _open_slots(session: Session, visit_ids: Iterable[int]) -> dict[tuple[int, str], list[Slot]]:
    """Return the slots nobody has or is being asked for, by visit and role."""
    asked = select(Offer.slot_id).where(Offer.state == "open")
    free = (
        select(Slot)
        .where(Slot.visit_id.in_(list(visit_ids)), Slot.state == "open", Slot.id.not_in(asked))
        .order_by(Slot.position)
    )
    places: dict[tuple[int, str], list[Slot]] = defaultdict(list)
    for slot in session.scalars(free):
        places[slot.visit_id, slot.role].append(slot)
    return places


def _proposal(slot: Slot, chosen: Choice, *, now: datetime) -> Proposal:
    return Proposal(
        slot_id=slot.id,
        speaker_id=chosen.speaker_id,
        reasons=[dict(reason) for reason in chosen.reasons],
        distance_km=chosen.distance_km,
        created_at=now,
    )
