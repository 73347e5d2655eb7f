"""Changing hospitals and units; calendars follow, and whoever comes hears of another address."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.actor import Actor
from outreach.directory import service
from outreach.directory.geography import Place
from outreach.directory.models import Hospital, Unit
from outreach.directory.rules import Span
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.links import Links
from outreach.visits.models import Visit
from outreach.workflows import invites, other_places
from outreach.workflows.other_places import Where

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
    coming = _coming(session, Unit.hospital_id == hospital.id, now=now)
    if coming and place.time_zone != hospital.time_zone:
        raise RuleBroken(OTHER_ZONE, field="zip_code")
    were = other_places.addresses(session, coming)
    service.change_hospital(session, hospital, name=name, place=place, by=by, now=now)
    _follow(session, coming, were=were, links=links, now=now)


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
    coming = _coming(session, Unit.id == unit.id, now=now) if unit is not None else ()
    were = other_places.addresses(session, coming)
    if unit is None:
        unit = service.add_unit(session, hospital, facts, by=by, now=now)
    else:
        service.change_unit(session, unit, facts, by=by, now=now)
    service.set_hours(session, unit, hours)
    service.set_requirements(session, unit, requirements)
    _follow(session, coming, were=were, links=links, now=now)
    return unit


def set_archived(
    session: Session, row: Hospital | Unit, *, archived: bool, by: Actor, now: datetime
) -> None:
    """Put a hospital or unit aside, or take it back.

    Raises:
        RuleBroken: visits are still to come there.
    """
    where = Unit.hospital_id == row.id if isinstance(row, Hospital) else Unit.id == row.id
    if archived and _coming(session, where, now=now):
        raise RuleBroken(VISITS_TO_COME)
    service.set_archived(session, row, archived=archived, by=by, now=now)


def _coming(session: Session, *where: Any, now: datetime) -> Sequence[Visit]:  # noqa: ANN401 - conditions
    coming = (
        select(Visit)
        .join(Unit, Unit.id == Visit.unit_id)
        .where(*where, Visit.starts_at > now, Visit.called_off_at.is_(None))
        .order_by(Visit.id)
    )
    return session.scalars(coming).all()


def _follow(
    session: Session,
    coming: Sequence[Visit],
    *,
    were: Mapping[int, Where],
    links: Links,
    now: datetime,
) -> None:
    for visit in coming:
        invites.sync(session, visit, links=links, now=now)
    other_places.tell(session, coming, were=were, now=now)
