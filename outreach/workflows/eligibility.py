"""Who may take a slot, and who should be asked first: the engine's rules on one visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import matching
from outreach.directory.models import Affiliate
from outreach.matching import Chosen, Problem, ReasonCode, Refusal, RefusalCode
from outreach.speakers.models import Speaker
from outreach.visits.models import Offer, Slot, Visit
from outreach.workflows import problems, speaker_facts

TOO_CLOSE = frozenset({RefusalCode.QUOTA, RefusalCode.REST, RefusalCode.OVERLAP})
"""What another visit may have changed since the speaker was asked."""

LOOKED_AT = 150
"""Open visits looked at for a speaker's own list: some weeks of a large affiliate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A speaker to ask, and why: reasons are {"code", "params"} as the engine gave them."""

    speaker_id: int
    reasons: Sequence[Mapping[str, Any]]
    distance_km: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A place nobody has and nobody is being asked for, and why it fits the speaker."""

    slot: Slot
    visit: Visit
    choice: Choice


def openings(session: Session, speaker: Speaker, *, limit: int, now: datetime) -> list[Opening]:
    """Return at most `limit` places this speaker could take now, soonest first, one for each visit.

    Only the soonest open visits are looked at. Left out are visits the speaker is being asked
    about: they wait for an answer, not for a volunteer. The number of queries does not depend on
    how many visits there are.
    """
    affiliate = session.get_one(Affiliate, speaker.affiliate_id)
    visits = problems.open_visits(session, affiliate.id, now=now, limit=LOOKED_AT)
    problem = problems.about(
        session, affiliate, visits, now=now, without_offers_to=speaker.id, only=speaker.id
    )
    if not problem.speakers:
        return []
    free = _free_slots(session, visits, but_asked=speaker.id)
    by_id = {visit.public_id: visit for visit in visits}
    recent = speaker_facts.recent(session, [speaker.id], now=now)
    found: dict[str, Opening] = {}
    for visit_id, chosen in matching.open_to(problem, speaker.public_id):
        visit = by_id.get(visit_id)
        slot = free.get((visit.id, chosen.role)) if visit else None
        if visit and slot and visit_id not in found:
            mine = choice(chosen, speaker_id=speaker.id, recent=recent)
            found[visit_id] = Opening(slot=slot, visit=visit, choice=mine)
        if len(found) >= limit:
            break
    return list(found.values())


def ranking(session: Session, visit: Visit, role: str, *, now: datetime) -> list[Choice]:
    """Return who could take the role, best first: least burdened, then nearest."""
    problem = _problem(session, visit, now=now)
    ranked = matching.ranking(problem, None, visit.public_id, role)
    ids = speaker_ids(session, [chosen.speaker for chosen in ranked])
    recent = speaker_facts.recent(session, ids.values(), now=now)
    return [choice(chosen, speaker_id=ids[chosen.speaker], recent=recent) for chosen in ranked]


def refusals(
    session: Session, visit: Visit, role: str, *, speaker_id: int, now: datetime
) -> tuple[Refusal, ...]:
    """Return every hard rule against the speaker in this role; empty means none."""
    # A yes by telephone may follow a "not this time".
    problem = _problem(session, visit, now=now, without_offers_to=speaker_id, once_more=True)
    everyone = matching.refusals_for(problem, None, visit.public_id, role=role)
    return everyone.get(session.get_one(Speaker, speaker_id).public_id, ())


def too_close(session: Session, visit: Visit, role: str, *, speaker_id: int, now: datetime) -> bool:
    """Say whether what the speaker took meanwhile leaves no room: quota, rest, travel."""
    found = refusals(session, visit, role, speaker_id=speaker_id, now=now)
    return any(refusal.code in TOO_CLOSE for refusal in found)


def choice(chosen: Chosen, *, speaker_id: int, recent: Mapping[int, int]) -> Choice:
    """Turn the engine's words into what an offer or a proposal keeps.

    `recent` is what `speaker_facts.recent` says: it takes the place of the engine's own count.
    """
    reasons = [as_json(reason) for reason in chosen.reasons]
    for reason in reasons:
        if reason["code"] == ReasonCode.RECENT:
            reason["params"] = {"visits": recent.get(speaker_id, 0)}
    return Choice(
        speaker_id=speaker_id,
        reasons=reasons,
        distance_km=chosen.distance_km,
    )


def as_json(reason: matching.Reason | Refusal) -> dict[str, Any]:
    """Return a reason as {"code", "params"}; dates as ISO text."""
    params = {
        key: value.isoformat() if isinstance(value, date) else value
        for key, value in reason.params.items()
    }
    return {"code": str(reason.code), "params": params}


def speaker_ids(session: Session, public_ids: Sequence[str]) -> dict[str, int]:
    """Return primary keys by public id."""
    rows = select(Speaker.public_id, Speaker.id).where(Speaker.public_id.in_(public_ids))
    return dict(session.execute(rows).all())


def _free_slots(
    session: Session, visits: Sequence[Visit], *, but_asked: int
) -> dict[tuple[int, str], Slot]:
    """Return an open slot by visit and role that waits for nobody's answer.

    Visits about which the speaker `but_asked` is being asked are left out.
    """
    ids = [visit.id for visit in visits]
    asked = session.execute(
        select(Offer.slot_id, Offer.visit_id, Offer.speaker_id).where(
            Offer.visit_id.in_(ids), Offer.state == "open"
        )
    ).all()
    waiting = {slot_id for slot_id, _visit, _speaker in asked}
    mine = {visit_id for _slot, visit_id, speaker_id in asked if speaker_id == but_asked}
    open_ones = select(Slot).where(Slot.visit_id.in_(ids), Slot.state == "open")
    free: dict[tuple[int, str], Slot] = {}
    for slot in session.scalars(open_ones.order_by(Slot.id)):
        if slot.id not in waiting and slot.visit_id not in mine:
            free.setdefault((slot.visit_id, slot.role), slot)
    return free


def _problem(
    session: Session,
    visit: Visit,
    *,
    now: datetime,
    without_offers_to: int | None = None,
    once_more: bool = False,
) -> Problem:
    session.flush()
    affiliate = session.get_one(Affiliate, visit.affiliate_id)
    return problems.about(
        session,
        affiliate,
        [visit],
        now=now,
        without_offers_to=without_offers_to,
        once_more=once_more,
    )
