"""Who fits a visit, who does not and why; and asking those who do, in an order people can see."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import db
from outreach.actor import Actor
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.links import Links
from outreach.matching import Explainer, Refusal
from outreach.speakers.models import Speaker
from outreach.visits import rules, service
from outreach.visits.models import Offer, Proposal, Slot, Visit
from outreach.workflows import asked, asking, eligibility, problems, proposals, speaker_facts
from outreach.workflows.eligibility import Choice

Explaining: TypeAlias = Callable[[], Explainer]

DOES_NOT_FIT = lazy("%(name)s does not fit this visit any more. Look again at who does.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Who could take one open slot, best first, and everyone else with what stands in the way.

    The proposed speaker, where a proposal waits, comes first. `refusals` is by primary key.
    """

    slot: Slot
    choices: Sequence[Choice]
    refusals: Mapping[int, Sequence[Refusal]]
    proposal: Proposal | None = None


def who_fits(
    session: Session, visit: Visit, *, now: datetime, explainer: Explaining | None = None
) -> list[Fit]:
    """Return a Fit for each role with a slot nobody is being asked for, in the slots' order.

    `explainer` gives the visit's (`problems.explainer`), where somebody else needs it as well. It
    is not asked for where there is no such slot.
    """
    return _fits(session, visit, _free_slots(session, visit), now=now, explainer=explainer)


def who_could(session: Session, visit: Visit, *, now: datetime) -> list[Fit]:
    """Return a Fit for each role with an open slot, being asked for or not."""
    slots = [slot for slot in service.slots(session, visit.id) if slot.state == "open"]
    return _fits(session, visit, slots, now=now)


def ask(
    session: Session, slot: Slot, speaker: Speaker, *, by: Actor, links: Links, now: datetime
) -> Offer:
    """Offer the slot to one speaker of those who fit; another proposal for it is put aside.

    Raises:
        RuleBroken: a hard rule speaks against it by now.
        Conflict: the slot is taken, or the speaker has been asked already.
    """
    visit = db.locked(session, Visit, slot.visit_id)
    fits = _fits(session, visit, [slot], now=now) if slot.state == "open" else []
    choices = fits[0].choices if fits else ()
    choice = next((c for c in choices if c.speaker_id == speaker.id), None)
    if choice is None:
        raise RuleBroken(DOES_NOT_FIT, name=speaker.first_name)
    return _ask(session, slot, choice, visit=visit, by=by, links=links, now=now)


def ask_in_order(
    session: Session, slot: Slot, *, by: Actor, links: Links, now: datetime
) -> list[Offer]:
    """Ask the first wave of those who fit the slot; the others follow when it is answered.

    How many that is depends on the lead time (`rules.wave`). Who was asked as often this week as
    the affiliate allows is left out, so the answer may be empty.
    """
    visit = db.locked(session, Visit, slot.visit_id)
    fit = next((f for f in who_fits(session, visit, now=now) if f.slot.id == slot.id), None)
    if fit is None:
        return []
    size = rules.wave(starts_at=visit.starts_at, now=now).size
    allowed = asked.within_weekly_cap(session, fit.choices, visit=visit, now=now)
    return [
        _ask(session, slot, choice, visit=visit, by=by, links=links, now=now)
        for choice in allowed[:size]
    ]


def _ask(
    session: Session,
    slot: Slot,
    choice: Choice,
    *,
    visit: Visit,
    by: Actor,
    links: Links,
    now: datetime,
) -> Offer:
    proposal = _waiting(session, [slot.id]).get(slot.id)
    if proposal is not None and proposal.speaker_id == choice.speaker_id:
        return proposals.approve(session, proposal, by=by, links=links, now=now)
    if proposal is not None:
        proposals.drop(session, proposal, by=by, now=now)
    return asking.make(session, slot, choice, visit=visit, by=by, links=links, now=now)


def _free_slots(session: Session, visit: Visit) -> list[Slot]:
    """Return open slots without an open offer, one for each role."""
    asked = {offer.slot_id for offer in service.open_offers(session, visit.id)}
    free = (s for s in service.slots(session, visit.id) if s.state == "open" and s.id not in asked)
    return list({slot.role: slot for slot in reversed(list(free))}.values())[::-1]


def _fits(
    session: Session,
    visit: Visit,
    slots: Sequence[Slot],
    *,
    now: datetime,
    explainer: Explaining | None = None,
) -> list[Fit]:
    if not slots:
        return []
    # Who is proposed must be seen to fit by the rules of now, like anyone.
    rules_here = explainer() if explainer else problems.explainer(session, visit, now=now)
    names = [speaker.id for speaker in rules_here.problem.speakers]
    ids = eligibility.speaker_ids(session, names)
    recent = speaker_facts.recent(session, ids.values(), now=now)
    waiting = _waiting(session, [slot.id for slot in slots])
    elsewhere = {p.speaker_id for p in waiting.values()}
    fits: list[Fit] = []
    for slot in slots:
        proposal = waiting.get(slot.id)
        first = proposal.speaker_id if proposal else None
        ranked = rules_here.ranking(visit.public_id, slot.role)
        choices = [eligibility.choice(c, speaker_id=ids[c.speaker], recent=recent) for c in ranked]
        # The proposed one first; who is proposed for the other place of this visit last.
        choices.sort(key=lambda c: (c.speaker_id != first, c.speaker_id in elsewhere - {first}))
        able = {c.speaker_id for c in choices}
        against = rules_here.refusals_for(visit.public_id, role=slot.role)
        fits.append(
            Fit(
                slot=slot,
                choices=choices,
                refusals={ids[s]: found for s, found in against.items() if ids[s] not in able},
                proposal=proposal,
            )
        )
    return fits


def _waiting(session: Session, slot_ids: Sequence[int]) -> dict[int, Proposal]:
    found = select(Proposal).where(Proposal.slot_id.in_(slot_ids), Proposal.state == "waiting")
    return {proposal.slot_id: proposal for proposal in session.scalars(found)}
