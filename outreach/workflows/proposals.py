"""Proposals: the engine's choice for every open slot, kept until a coordinator decides.

Reading, solving and writing are three steps, so that no transaction waits for the solver:
`problem` under `reading()`, `matching.solve` under nothing, `store` under `transaction()`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.links import Links
from outreach.matching import Problem, Solution
from outreach.matching.turns import Wanted, refusals_in_turn
from outreach.speakers.models import Speaker
from outreach.visits import service
from outreach.visits.models import Offer, Proposal, Slot, Visit
from outreach.workflows import asked, eligibility, offers, problems
from outreach.workflows.eligibility import Choice

Row = TypeVar("Row", Slot, Speaker, Visit)

FITS_NO_MORE = lazy("%(name)s does not fit this visit any more. Look again at who does.")


@dataclass(frozen=True, slots=True)
class Objection:
    """What speaks against asking a proposed speaker now.

    `code` and `params` are those of `matching.Refusal`, or "asked_enough" (count: how often within
    a week) or "asked_already" (about this very visit).
    """

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)


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
    recent = problems.recent(session, ids.values(), now=now)
    stored = 0
    for visit, each in chosen:
        free = places[visit.id, each.role]
        if not free:
            continue
        kept = eligibility.choice(each, speaker_id=ids[each.speaker], recent=recent)
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
        RuleBroken: a hard rule speaks against it by now, or the speaker was asked often enough.
    """
    if proposal.state != "waiting":
        raise Conflict(lazy("This proposal was decided already."))
    speaker = session.get_one(Speaker, proposal.speaker_id)
    affiliate = session.get_one(Affiliate, speaker.affiliate_id)
    found = objections(session, affiliate, [proposal], together=False, now=now)[proposal.id]
    if found:
        often = all(objection.code == "asked_enough" for objection in found)
        words = offers.ASKED_ENOUGH if often else FITS_NO_MORE
        raise RuleBroken(words, name=speaker.first_name)
    return _ask(session, proposal, by=by, links=links, now=now)


def objections(
    session: Session,
    affiliate: Affiliate,
    proposals: Sequence[Proposal],
    *,
    together: bool,
    now: datetime,
) -> dict[int, tuple[Objection, ...]]:
    """Return by primary key what speaks against asking each proposed speaker; empty: nothing.

    A proposal is as old as the last search: training may have ended since, somebody may have taken
    another visit. Where `together`, each is judged as if those before it had been asked. The number
    of queries does not depend on how many there are.
    """
    visits, wanted = _wanted(session, proposals)
    built = problems.build(session, affiliate, visits, now=now)
    refused = refusals_in_turn(built, wanted, together=together)
    on = {(visit.id, seat.speaker) for visit in built.visits for seat in visit.fixed}
    counts = asked.this_week(session, [p.speaker_id for p in proposals], now=now)
    found: dict[int, tuple[Objection, ...]] = {}
    for proposal, seat, refusals in zip(proposals, wanted, refused, strict=True):
        against = [Objection(str(refusal.code), refusal.params) for refusal in refusals]
        count = counts[proposal.speaker_id]
        if (seat.visit, seat.speaker) in on:
            against.append(Objection("asked_already"))
        if count >= affiliate.offers_per_week:
            against.append(Objection("asked_enough", {"count": count}))
        if together and not against:
            on.add((seat.visit, seat.speaker))
            counts[proposal.speaker_id] += 1
        found[proposal.id] = tuple(against)
    return found


def _wanted(session: Session, proposals: Sequence[Proposal]) -> tuple[list[Visit], list[Wanted]]:
    """Return the visits these proposals are for, and each proposal as the engine names it."""
    slots = _by_id(session, Slot, [proposal.slot_id for proposal in proposals])
    visits = _by_id(session, Visit, [slot.visit_id for slot in slots.values()])
    speakers = _by_id(session, Speaker, [proposal.speaker_id for proposal in proposals])
    wanted = [
        Wanted(visits[slot.visit_id].public_id, speakers[each.speaker_id].public_id, slot.role)
        for each, slot in ((proposal, slots[proposal.slot_id]) for proposal in proposals)
    ]
    return list(visits.values()), wanted


def _ask(session: Session, proposal: Proposal, *, by: Actor, links: Links, now: datetime) -> Offer:
    slot = session.get_one(Slot, proposal.slot_id)
    offer = offers.make(
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
    proposal.state, proposal.decided_at = "approved", now
    return offer


def approve_all(
    session: Session, affiliate: Affiliate, *, by: Actor, links: Links, now: datetime
) -> int:
    """Ask everyone proposed against whom nothing speaks; return how many were asked.

    The others' proposals wait on, so that the page can say why.
    """
    count = 0
    proposed = waiting(session, affiliate.id, now=now)
    against = objections(session, affiliate, proposed, together=True, now=now)
    for proposal in proposed:
        if against[proposal.id]:
            continue
        attempt = session.begin_nested()
        try:
            _ask(session, proposal, by=by, links=links, now=now)
        except Conflict:
            # Taken meanwhile: the others are still to be asked.
            attempt.rollback()
            continue
        attempt.commit()
        count += 1
    return count


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


def _by_id(session: Session, model: type[Row], ids: Iterable[int]) -> dict[int, Row]:
    rows = session.scalars(select(model).where(model.id.in_(set(ids))).order_by(model.id))
    return {row.id: row for row in rows}


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


def keep(session: Session, slot: Slot, chosen: Choice, *, now: datetime) -> Proposal:
    """Write a choice down as the proposal that waits for the slot, which has none."""
    proposal = _proposal(slot, chosen, now=now)
    session.add(proposal)
    session.flush()
    return proposal


def _proposal(slot: Slot, chosen: Choice, *, now: datetime) -> Proposal:
    return Proposal(
        slot_id=slot.id,
        speaker_id=chosen.speaker_id,
        reasons=[dict(reason) for reason in chosen.reasons],
        distance_km=chosen.distance_km,
        created_at=now,
    )
