"""What a person is, where, in names: for choosing among one's memberships."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.service import Place
from outreach.actor import Kind
from outreach.directory.models import Affiliate, Hospital


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A membership and the name of its affiliate or hospital."""

    public_id: str
    kind: Kind
    name: str


def described(session: Session, places: Sequence[Place]) -> tuple[NamedPlace, ...]:
    """Return the memberships with their places' names, in the order given."""
    affiliates = _names(session, Affiliate, [place.affiliate_id for place in places])
    hospitals = _names(session, Hospital, [place.hospital_id for place in places])
    return tuple(
        NamedPlace(
            place.public_id,
            place.kind,
            hospitals.get(place.hospital_id) or affiliates.get(place.affiliate_id) or "",
        )
        for place in places
    )


def _names(
    session: Session, model: type[Affiliate] | type[Hospital], ids: Sequence[int | None]
) -> dict[int | None, str]:
    rows = session.execute(select(model.id, model.name).where(model.id.in_(ids)))
    return {row.id: row.name for row in rows}
