"""Proposals: the engine's choice for every open slot, kept until a coordinator decides.

Reading, solving and writing are three steps, so that no transaction waits for the solver:
`read` under `reading()`, `matching.solve` under nothing, `store` under `transaction()`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
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
from outreach.matching import Chosen, Problem, Solution
from outreach.matching.turns import Wanted, refusals_in_turn
from outreach.speakers.models import Speaker
from outreach.visits import service
from outreach.visits.models import Offer, Proposal, Slot, Visit
from outreach.workflows import asked, asking, eligibility, problems, speaker_facts
from outreach.workflows import selection as selections
from outreach.workflows.eligibility import Choice
from outreach.workflows.problems import Held
from outreach.workflows.selection import EVERYTHING, Selection, Waiting

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


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of an affiliate's proposals: how many stayed, and the seats that changed."""

    kept: int
    added: frozenset[Wanted]
    dropped: frozenset[Wanted]

    @property
    def count(self) -> int:
        """How many wait now."""
        return self.kept + len(self.added)


@dataclass(frozen=True, slots=True)
class Search:
    """What a search is asked: to find people for so many `visits` of the problem.

    Its answer may replace the proposals that are `movable` (primary keys).
    """

    problem: Problem
    visits: int
    movable: frozenset[int]


def read(
    session: Session, affiliate: Affiliate, *, selection: Selection = EVERYTHING, now: datetime
) -> Search:
    """Return the problem of an affiliate's open slots, or of those selected."""
    standing = _standing(session, affiliate, now=now)
    chosen = selections.choose(session, affiliate, selection, standing, now=now)
    held = [Held(each.visit.id, each.proposal.speaker_id, each.role) for each in chosen.held]
    problem = problems.build(session, affiliate, chosen.visits, held=held, now=now)
    kept = {each.proposal.id for each in chosen.held}
    movable = frozenset(each.proposal.id for each in standing if each.proposal.id not in kept)
    return Search(problem, len(chosen.visits), movable)


def store(
    session: Session,
    affiliate: Affiliate,
    solution: Solution,
    *,
    movable: Collection[int],
    by: Actor,
    now: datetime,
) -> Stored:
    """Keep a solution as waiting proposals.

    A proposal that was chosen again stays the row it is, and so does every one that is not
    `movable`. Slots that were filled or offered since the problem was read keep what they have.
    """
    chosen = {
        Wanted(plan.visit, each.speaker, each.role): each
        for plan in solution.visits
        for each in plan.speakers
        if not each.fixed
    }
    proposed = waiting(session, affiliate.id, now=now)
    standing = dict(zip(_wanted(session, proposed)[1], proposed, strict=True))
    dropped = {
        seat: each.slot_id
        for seat, each in standing.items()
        if each.id in movable and seat not in chosen
    }
    service.drop_proposals(session, dropped.values(), now=now)
    fresh = {seat: each for seat, each in chosen.items() if seat not in standing}
    added = _add(session, affiliate, fresh, now=now)
    stored = Stored(len(standing) - len(dropped), frozenset(added), frozenset(dropped))
    audit.record(
        session,
        "proposals.store",
        actor=by,
        subject=("affiliate", affiliate.id),
        details={"count": stored.count},
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
        words = asking.ASKED_ENOUGH if often else FITS_NO_MORE
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


def is_unfit(found: Sequence[Objection]) -> bool:
    """Say whether a rule speaks against a proposal for good; a week of many questions passes."""
    return any(objection.code != "asked_enough" for objection in found)


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
    offer = asking.make(
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


def _standing(session: Session, affiliate: Affiliate, *, now: datetime) -> list[Waiting]:
    """Return the waiting proposals, each with whether its speaker still fits beside the others."""
    proposed = waiting(session, affiliate.id, now=now)
    against = objections(session, affiliate, proposed, together=True, now=now)
    slots = _by_id(session, Slot, [proposal.slot_id for proposal in proposed])
    visits = _by_id(session, Visit, [slot.visit_id for slot in slots.values()])
    return [
        Waiting(
            each,
            visits[slots[each.slot_id].visit_id],
            slots[each.slot_id].role,
            fits=not is_unfit(against[each.id]),
        )
        for each in proposed
    ]


def _add(
    session: Session, affiliate: Affiliate, chosen: Mapping[Wanted, Chosen], *, now: datetime
) -> list[Wanted]:
    """Propose these where a slot is still free; return those that were."""
    visits = {v.public_id: v for v in problems.open_visits(session, affiliate.id, now=now)}
    places = _free_slots(session, [visit.id for visit in visits.values()])
    ids = eligibility.speaker_ids(session, [seat.speaker for seat in chosen])
    recent = speaker_facts.recent(session, ids.values(), now=now)
    added: list[Wanted] = []
    for seat, each in chosen.items():
        free = places[visits[seat.visit].id, seat.role] if seat.visit in visits else []
        if free:
            kept = eligibility.choice(each, speaker_id=ids[seat.speaker], recent=recent)
            session.add(_proposal(free.pop(0), kept, now=now))
            added.append(seat)
    session.flush()
    return added


def _free_slots(session: Session, visit_ids: Iterable[int]) -> dict[tuple[int, str], list[Slot]]:
    """Return the slots nobody has, is asked or proposed for, by visit and role."""
    asked = select(Offer.slot_id).where(Offer.state == "open")
    proposed = select(Proposal.slot_id).where(Proposal.state == "waiting")
    free = (
        select(Slot)
        .where(Slot.visit_id.in_(list(visit_ids)), Slot.state == "open")
        .where(Slot.id.not_in(asked), Slot.id.not_in(proposed))
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
