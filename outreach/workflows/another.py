"""Somebody else for a place: what stands in the way, what it would cost, and proposing them.

As with a search, reading, solving and writing are three steps: `question` under `reading()`,
`answer` under nothing, `propose` under `transaction()`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit, db, matching
from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.matching import Problem, RefusalCode, WhatIf
from outreach.speakers.models import Speaker
from outreach.visits import service
from outreach.visits.models import Offer, Proposal, Slot, Visit
from outreach.workflows import fit, problems, proposals

TIME_LIMIT_S = 4.0
"""For each of the two plans that are compared: somebody waits for the page."""

TAKEN = lazy("This place is taken, or somebody is being asked for it.")
_OF_TWO_VISITS = frozenset({RefusalCode.QUOTA, RefusalCode.REST, RefusalCode.OVERLAP})


@dataclass(frozen=True, slots=True)
class Question:
    """Would this speaker do for the place? Ids are public ids; `problem` is the affiliate's."""

    problem: Problem
    visit: str
    speaker: str
    role: str
    instead_of: str | None


def choices(session: Session, visit: Visit) -> Sequence[Speaker]:
    """Return whom one may think of: the affiliate's speakers who have no part in the visit yet."""
    there = {each.speaker_id for each in service.active_assignments(session, visit.id)}
    there |= {offer.speaker_id for offer in service.open_offers(session, visit.id)}
    return session.scalars(
        select(Speaker)
        .where(
            Speaker.affiliate_id == visit.affiliate_id,
            Speaker.archived_at.is_(None),
            Speaker.id.not_in(there),
        )
        .order_by(Speaker.first_name, Speaker.last_name, Speaker.id)
    ).all()


def proposed(session: Session, slot: Slot) -> Proposal | None:
    """Return the proposal that waits for the place, if any."""
    waiting = select(Proposal).where(Proposal.slot_id == slot.id, Proposal.state == "waiting")
    return session.scalars(waiting).one_or_none()


def question(session: Session, slot: Slot, speaker: Speaker, *, now: datetime) -> Question:
    """Return what the engine is asked about this speaker, beside all open visits.

    Raises:
        Conflict: the place is not open any more, or the speaker has a part in the visit.
    """
    visit = session.get_one(Visit, slot.visit_id)
    _refuse_if_taken(session, slot, visit, now=now)
    if speaker.id not in {each.id for each in choices(session, visit)}:
        raise Conflict(
            lazy("%(name)s comes to this visit or is being asked already."),
            name=speaker.first_name,
        )
    affiliate = session.get_one(Affiliate, visit.affiliate_id)
    visits = problems.open_visits(session, affiliate.id, now=now)
    waiting = proposed(session, slot)
    held_by = session.get_one(Speaker, waiting.speaker_id).public_id if waiting else None
    return Question(
        problem=problems.build(session, affiliate, visits, now=now),
        visit=visit.public_id,
        speaker=speaker.public_id,
        role=slot.role,
        instead_of=held_by if held_by != speaker.public_id else None,
    )


def answer(asked: Question) -> WhatIf:
    """Compare the best plan as it is with the best one that has the speaker there.

    Not with the proposals as they lie: a visit that was asked for since the last search would
    count as a gain of having this speaker.
    """
    return matching.what_if(
        asked.problem,
        matching.solve(asked.problem, time_limit_s=TIME_LIMIT_S),
        asked.visit,
        asked.speaker,
        asked.role,
        instead_of=asked.instead_of,
        time_limit_s=TIME_LIMIT_S,
    )


def propose(session: Session, slot: Slot, speaker: Speaker, *, by: Actor, now: datetime) -> None:
    """Propose the speaker in place of whoever is; nobody is asked yet. Twice is once.

    Their own proposals for other visits that do not go with this one are put aside.

    Raises:
        Conflict: the place is not open any more.
        RuleBroken: a hard rule speaks against it by now.
    """
    visit = db.locked(session, Visit, slot.visit_id)
    _refuse_if_taken(session, slot, visit, now=now)
    waiting = proposed(session, slot)
    if waiting is not None and waiting.speaker_id == speaker.id:
        return
    fits = [each for each in fit.who_could(session, visit, now=now) if each.slot.role == slot.role]
    chosen = [c for each in fits for c in each.choices if c.speaker_id == speaker.id]
    if not chosen:
        raise RuleBroken(fit.DOES_NOT_FIT, name=speaker.first_name)
    if waiting is not None:
        proposals.drop(session, waiting, by=by, now=now)
    made = proposals.keep(session, slot, chosen[0], now=now)
    _put_aside_what_clashes(session, visit, made, by=by, now=now)
    audit.record(session, "proposal.choose", actor=by, subject=("proposal", made.id), now=now)


def _refuse_if_taken(session: Session, slot: Slot, visit: Visit, *, now: datetime) -> None:
    asked = select(Offer.id).where(Offer.slot_id == slot.id, Offer.state == "open").limit(1)
    over = visit.called_off_at is not None or visit.starts_at <= now
    if over or slot.state != "open" or session.scalar(asked) is not None:
        raise Conflict(TAKEN)


def _put_aside_what_clashes(
    session: Session, visit: Visit, made: Proposal, *, by: Actor, now: datetime
) -> None:
    affiliate = session.get_one(Affiliate, visit.affiliate_id)
    others = [
        each
        for each in proposals.waiting(session, affiliate.id, now=now)
        if each.speaker_id == made.speaker_id and each.id != made.id
    ]
    # As if she were asked for this visit first: then what does not go with it shows.
    found = proposals.objections(session, affiliate, [made, *others], together=True, now=now)
    for each in others:
        here = session.get_one(Slot, each.slot_id).visit_id == visit.id
        if here or any(objection.code in _OF_TWO_VISITS for objection in found[each.id]):
            proposals.drop(session, each, by=by, now=now)
