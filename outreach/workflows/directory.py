"""Changing hospitals and units; calendars follow, and whoever comes hears of another address."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, select
from sqlalchemy.orm import Session

from outreach import db
from outreach.actor import SYSTEM, Actor
from outreach.directory import service
from outreach.directory.geography import Place
from outreach.directory.models import Hospital, Unit, UnitBrief
from outreach.directory.rules import Span
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.links import Links
from outreach.visits.models import Visit
from outreach.workflows import invites, other_places

OTHER_ZONE = lazy("Visits are planned there in the old time zone. Call them off or let them pass.")
VISITS_TO_COME = lazy("Visits are still to come there. Call them off or let them pass first.")


def change_hospital(
    session: Session,
    hospital: Hospital,
    *,
    name: str,
    place: Place,
    by: Actor,
    links: Links,
    now: datetime,
) -> None:
    """Give a hospital another name or place; calendars of coming visits follow.

    Whoever comes hears of another place.

    Raises:
        RuleBroken: the name is taken, or visits are planned and the new place has another zone.
    """
    there = Unit.hospital_id == hospital.id
    if place.time_zone != hospital.time_zone and _are_to_come(session, there, now=now):
        raise RuleBroken(OTHER_ZONE, field="zip_code")
    with followed(session, there, by=by, links=links, now=now):
        service.change_hospital(session, hospital, name=name, place=place, by=by, now=now)


def keep_unit(
    session: Session,
    hospital: Hospital,
    facts: Mapping[str, Any],
    *,
    unit: Unit | None = None,
    hours: Iterable[Span],
    requirements: Iterable[str],
    by: Actor,
    links: Links,
    now: datetime,
) -> Unit:
    """Add a unit, or change `unit`, with its visiting hours and the clearances it demands.

    Visits that are planned stay, whatever the new hours; calendars follow a new name or street,
    and whoever comes hears of a street.

    Raises:
        RuleBroken: the hospital has another unit of this name.
    """
    this = Unit.id == (unit.id if unit else None)
    with followed(session, this, by=by, links=links, now=now):
        if unit is None:
            unit = service.add_unit(session, hospital, facts, by=by, now=now)
        else:
            service.change_unit(session, unit, facts, by=by, now=now)
        service.set_hours(session, unit, hours)
        service.set_requirements(session, unit, requirements)
    return unit


def set_archived(
    session: Session, row: Hospital | Unit, *, archived: bool, by: Actor, now: datetime
) -> None:
    """Put a hospital or unit aside, or take it back.

    Raises:
        RuleBroken: visits are still to come there.
    """
    where = Unit.hospital_id == row.id if isinstance(row, Hospital) else Unit.id == row.id
    if archived and _are_to_come(session, where, now=now):
        raise RuleBroken(VISITS_TO_COME)
    service.set_archived(session, row, archived=archived, by=by, now=now)


def write_brief(
    session: Session, unit: Unit, text: str, *, by: Actor, links: Links, now: datetime
) -> bool:
    """Keep a new version of what visitors must know; calendars of coming visits say that it is new.

    False when nothing is different.
    """
    with followed(session, Unit.id == unit.id, links=links, by=by, now=now):
        return service.write_brief(session, unit, text, by=by, now=now)


def change_contact(
    session: Session,
    unit: Unit,
    *,
    name: str,
    phone: str | None,
    email: str | None,
    by: Actor,
    links: Links,
    now: datetime,
) -> None:
    """Say whom visitors ask for on the day, and where the ward reads its mail and calendar."""
    with followed(session, Unit.id == unit.id, links=links, now=now):
        service.change_contact(session, unit, name=name, phone=phone, email=email, by=by, now=now)


@contextmanager
def followed(
    session: Session,
    *where: ColumnElement[bool],
    by: Actor = SYSTEM,
    links: Links,
    now: datetime,
) -> Iterator[None]:
    """Let calendars, and whoever comes, follow what changes inside at these units.

    Only the visits to come are looked at again whose unit or hospital is no longer what it was.
    Hospitals, units and visits are read afresh and held, in this order. `by` is who makes the
    change, as in `notices.tell`.
    """
    places = session.execute(select(Unit.id, Unit.hospital_id).where(*where)).all()
    # Else what calendars say of a hospital could be from before the change that we waited for.
    db.locked_all(session, Hospital, (hospital_id for _, hospital_id in places))
    units = db.locked_all(session, Unit, (unit_id for unit_id, _ in places))
    to_come = _to_come(Unit.id.in_([unit.id for unit in units]), now=now)
    coming = db.locked_all(session, Visit, session.scalars(to_come).all())
    seen, were = _seen(session, coming), other_places.addresses(session, coming)
    yield
    session.flush()
    are = _seen(session, coming)
    changed = [visit for visit in coming if are[visit.unit_id] != seen[visit.unit_id]]
    for visit in changed:
        invites.sync(session, visit, links=links, by=by, now=now)
    other_places.tell(session, changed, were=were, by=by, now=now)


def _seen(session: Session, visits: Iterable[Visit]) -> dict[int, Row[Any]]:
    """Return by unit what calendars and messages are made of."""
    brief = select(func.max(UnitBrief.version)).where(UnitBrief.unit_id == Unit.id)
    shown = (
        select(
            Unit.id,
            Unit.name,
            Unit.street,
            Unit.contact_email,
            Hospital.name,
            Hospital.city,
            brief.scalar_subquery(),
        )
        .join(Hospital, Hospital.id == Unit.hospital_id)
        .where(Unit.id.in_({visit.unit_id for visit in visits}))
    )
    return {row[0]: row for row in session.execute(shown)}


def _are_to_come(session: Session, *where: ColumnElement[bool], now: datetime) -> bool:
    return session.scalar(_to_come(*where, now=now).limit(1)) is not None


def _to_come(*where: ColumnElement[bool], now: datetime) -> Select[int]:
    return (
        select(Visit.id)
        .join(Unit, Unit.id == Visit.unit_id)
        .where(*where, Visit.starts_at > now, Visit.called_off_at.is_(None))
        .order_by(Visit.id)
    )
