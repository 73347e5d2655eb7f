"""Places by their names: what a person is where, and what a liaison's pages are headed with."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.service import Place
from outreach.actor import Kind
from outreach.directory.models import Affiliate, Hospital, Unit


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A membership, and the name and time zone of its affiliate or hospital."""

    public_id: str
    kind: Kind
    name: str
    time_zone: str


def described(session: Session, places: Sequence[Place]) -> tuple[NamedPlace, ...]:
    """Return the memberships with their places' names, in the order given."""
    affiliates = _by_id(session, Affiliate, [place.affiliate_id for place in places])
    hospitals = _by_id(session, Hospital, [place.hospital_id for place in places])
    return tuple(
        NamedPlace(
            place.public_id,
            place.kind,
            *(hospitals.get(place.hospital_id) or affiliates[place.affiliate_id]),
        )
        for place in places
    )


def with_its_unit(hospital: Hospital, units: Sequence[Unit]) -> str:
    """Return the hospital's name, with the unit's where there is only one."""
    return f"{hospital.name}, {units[0].name}" if len(units) == 1 else hospital.name


def _by_id(
    session: Session, model: type[Affiliate] | type[Hospital], ids: Sequence[int | None]
) -> dict[int | None, tuple[str, str]]:
    rows = session.execute(select(model.id, model.name, model.time_zone).where(model.id.in_(ids)))
    return {row.id: (row.name, row.time_zone) for row in rows}
