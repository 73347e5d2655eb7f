"""Who may take a slot, and who should be asked first: the engine's rules on one visit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import matching
from outreach.directory.models import Affiliate
from outreach.matching import Chosen, Problem, Refusal, RefusalCode
from outreach.speakers.models import Speaker
from outreach.visits.models import Visit
from outreach.workflows import problems

TOO_CLOSE = frozenset({RefusalCode.QUOTA, RefusalCode.REST, RefusalCode.OVERLAP})
"""What another visit may have changed since the speaker was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A speaker to ask, and why: reasons are {"code", "params"} as the engine gave them."""

    speaker_id: int
    reasons: Sequence[Mapping[str, Any]]
    distance_km: float


def ranking(session: Session, visit: Visit, role: str, *, now: datetime) -> list[Choice]:
    """Return who could take the role, best first: least burdened, then nearest."""
    problem = _problem(session, visit, now=now)
    ranked = matching.ranking(problem, matching.as_it_stands(problem), visit.public_id, role)
    ids = speaker_ids(session, [chosen.speaker for chosen in ranked])
    return [choice(chosen, speaker_id=ids[chosen.speaker]) for chosen in ranked]


def refusals(
    session: Session, visit: Visit, role: str, *, speaker_id: int, now: datetime
) -> tuple[Refusal, ...]:
    """Return every hard rule against the speaker in this role; empty means none."""
    problem = _problem(session, visit, now=now, without_offers_to=speaker_id)
    everyone = matching.refusals_for(
        problem, matching.as_it_stands(problem), visit.public_id, role=role
    )
    return everyone.get(session.get_one(Speaker, speaker_id).public_id, ())


def too_close(session: Session, visit: Visit, role: str, *, speaker_id: int, now: datetime) -> bool:
    """Say whether what the speaker took meanwhile leaves no room: quota, rest, travel."""
    found = refusals(session, visit, role, speaker_id=speaker_id, now=now)
    return any(refusal.code in TOO_CLOSE for refusal in found)


def choice(chosen: Chosen, *, speaker_id: int) -> Choice:
    """Turn the engine's words into what an offer or a proposal keeps."""
    return Choice(
        speaker_id=speaker_id,
        reasons=[as_json(reason) for reason in chosen.reasons],
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


def _problem(
    session: Session, visit: Visit, *, now: datetime, without_offers_to: int | None = None
) -> Problem:
    session.flush()
    affiliate = session.get_one(Affiliate, visit.affiliate_id)
    return problems.build(session, affiliate, [visit], now=now, without_offers_to=without_offers_to)
