"""The affiliates a coordinator looks after: her own bureau, and those that only receive."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import access
from outreach.actor import Actor
from outreach.directory.models import Affiliate, ClosedDay, CountyServed
from outreach.i18n import gettext as _
from outreach.reads import words
from outreach.reads.serving import CAPACITIES, INTAKES
from outreach.visits.rules import Hours

FEW = 3
"""How many counties of one affiliate the list names."""


@dataclass(frozen=True, slots=True)
class AffiliateRow:
    """One affiliate in the list. `is_own` is the bureau the coordinator works for."""

    public_id: str
    name: str
    is_own: bool
    receives: bool
    has_room: bool
    room: str
    intake: str
    person: str
    phone: str | None
    counties: str


@dataclass(frozen=True, slots=True)
class AffiliateDetails:
    """Everything an affiliate's page shows."""

    affiliate: Affiliate
    is_own: bool
    counties: Sequence[tuple[str, tuple[str, ...]]]
    """Each state with the names of its counties."""
    hours: Sequence[str]
    closed_days: Sequence[ClosedDay]


def affiliates(session: Session, actor: Actor) -> list[AffiliateRow]:
    """Return the own bureau first, then those it keeps, by name. Two queries."""
    own_first = access.scope(actor, Affiliate).order_by(
        Affiliate.kept_by_id.is_not(None), Affiliate.name
    )
    rows = session.scalars(own_first).all()
    served = _served(session, [each.id for each in rows])
    return [
        AffiliateRow(
            public_id=each.public_id,
            name=each.name,
            is_own=each.id == actor.affiliate_id,
            receives=each.receives_referrals,
            has_room=each.capacity != "no_capacity",
            room=_(CAPACITIES[each.capacity]),
            intake=_(INTAKES[each.intake_by]),
            person=each.intake_name,
            phone=each.intake_phone,
            counties=_few([county for _state, county in served.get(each.id, [])]),
        )
        for each in rows
    ]


def details(session: Session, actor: Actor, affiliate: Affiliate) -> AffiliateDetails:
    """Return everything an affiliate's page shows."""
    by_state: dict[str, list[str]] = {}
    for state, county in _served(session, [affiliate.id]).get(affiliate.id, []):
        by_state.setdefault(state, []).append(county)
    closed = select(ClosedDay).where(ClosedDay.affiliate_id == affiliate.id)
    return AffiliateDetails(
        affiliate=affiliate,
        is_own=affiliate.id == actor.affiliate_id,
        counties=[(state, tuple(names)) for state, names in by_state.items()],
        hours=words.visiting_hours(
            Hours(day, affiliate.opens, affiliate.closes) for day in affiliate.business_days
        ),
        closed_days=session.scalars(closed.order_by(ClosedDay.closed_on)).all(),
    )


def _served(session: Session, affiliate_ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    rows = session.scalars(
        select(CountyServed)
        .where(CountyServed.affiliate_id.in_(list(affiliate_ids)))
        .order_by(CountyServed.state, CountyServed.county)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for row in rows:
        found.setdefault(row.affiliate_id, []).append((row.state, row.county))
    return found


def _few(names: Sequence[str]) -> str:
    if len(names) <= FEW:
        return ", ".join(names)
    shown = ", ".join(names[: FEW - 1])
    return _("%(names)s and %(count)s more", names=shown, count=len(names) - FEW + 1)
