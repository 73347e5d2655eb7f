"""Reads and writes of the directory's own tables, each change with its line in the audit log."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from outreach import audit, db
from outreach.actor import Actor
from outreach.directory.geography import Place
from outreach.directory.models import (
    Affiliate,
    ClearanceRequirement,
    Hospital,
    Program,
    ProgramRole,
    Unit,
    UnitBrief,
    VisitingHours,
)
from outreach.directory.rules import Span
from outreach.errors import RuleBroken
from outreach.i18n import lazy

Row = TypeVar("Row", bound=Hospital | Unit | Program)

NAME_TAKEN = lazy("There is one of this name already.")


def add_hospital(
    session: Session, affiliate_id: int, *, name: str, place: Place, by: Actor, now: datetime
) -> Hospital:
    """Add a hospital where its ZIP code is.

    Raises:
        RuleBroken: the affiliate has one of this name.
    """
    _refuse_same_name(session, Hospital, name, Hospital.affiliate_id == affiliate_id)
    hospital = Hospital(affiliate_id=affiliate_id, name=name, created_at=now)
    _move(hospital, place)
    return _added(session, hospital, "hospital.add", by=by, now=now)


def change_hospital(
    session: Session, hospital: Hospital, *, name: str, place: Place, by: Actor, now: datetime
) -> None:
    """Give a hospital another name or place.

    Raises:
        RuleBroken: the affiliate has another one of this name.
    """
    _refuse_same_name(
        session,
        Hospital,
        name,
        Hospital.affiliate_id == hospital.affiliate_id,
        Hospital.id != hospital.id,
    )
    hospital.name = name
    if hospital.zip_code != place.zip_code:
        _move(hospital, place)
    _changed(session, hospital, "hospital.change", by=by, now=now)


def add_unit(
    session: Session, hospital: Hospital, facts: Mapping[str, Any], *, by: Actor, now: datetime
) -> Unit:
    """Add a unit; `facts` are its columns by name.

    Raises:
        RuleBroken: the hospital has one of this name.
    """
    _refuse_same_name(session, Unit, facts["name"], Unit.hospital_id == hospital.id)
    unit = Unit(
        hospital_id=hospital.id, affiliate_id=hospital.affiliate_id, created_at=now, **facts
    )
    return _added(session, unit, "unit.add", by=by, now=now)


def change_unit(
    session: Session, unit: Unit, facts: Mapping[str, Any], *, by: Actor, now: datetime
) -> None:
    """Change a unit's columns.

    Raises:
        RuleBroken: the hospital has another one of this name.
    """
    _refuse_same_name(
        session, Unit, facts["name"], Unit.hospital_id == unit.hospital_id, Unit.id != unit.id
    )
    for name, value in facts.items():
        setattr(unit, name, value)
    _changed(session, unit, "unit.change", by=by, now=now)


def set_archived(
    session: Session, row: Hospital | Unit, *, archived: bool, by: Actor, now: datetime
) -> None:
    """Put a hospital or unit aside, or take it back. Twice changes nothing."""
    if (row.archived_at is not None) == archived:
        return
    row.archived_at = now if archived else None
    verb = "archive" if archived else "restore"
    _changed(session, row, f"{row.__tablename__}.{verb}", by=by, now=now)


def set_hours(session: Session, unit: Unit, spans: Iterable[Span]) -> None:
    """Replace a unit's visiting hours; none means visits at any hour."""
    session.execute(delete(VisitingHours).where(VisitingHours.unit_id == unit.id))
    session.add_all(
        VisitingHours(unit_id=unit.id, weekday=s.weekday, opens=s.opens, closes=s.closes)
        for s in spans
    )
    session.flush()


def set_requirements(session: Session, unit: Unit, kinds: Iterable[str]) -> None:
    """Replace the clearances a unit demands."""
    session.execute(delete(ClearanceRequirement).where(ClearanceRequirement.unit_id == unit.id))
    session.add_all(ClearanceRequirement(unit_id=unit.id, kind=kind) for kind in sorted(set(kinds)))
    session.flush()


def write_brief(session: Session, unit: Unit, text: str, *, by: Actor, now: datetime) -> bool:
    """Keep a new version of what visitors must know; False when nothing is different."""
    db.locked(session, Unit, unit.id)
    newest = session.execute(
        select(UnitBrief.version, UnitBrief.text)
        .where(UnitBrief.unit_id == unit.id)
        .order_by(UnitBrief.version.desc())
        .limit(1)
    ).one_or_none()
    version, before = newest or (0, "")
    if text == before:
        return False
    session.add(UnitBrief(unit_id=unit.id, version=version + 1, text=text, created_at=now))
    audit.record(
        session,
        "unit.write_brief",
        actor=by,
        subject=("unit", unit.id),
        details={"version": version + 1},
        now=now,
    )
    return True


def change_contact(
    session: Session,
    unit: Unit,
    *,
    name: str,
    phone: str | None,
    email: str | None,
    by: Actor,
    now: datetime,
) -> bool:
    """Keep whom visitors ask for, and the ward's mailbox; False when nothing is different."""
    unit = db.locked(session, Unit, unit.id)
    if (unit.contact_name, unit.contact_phone, unit.contact_email) == (name, phone, email):
        return False
    unit.contact_name, unit.contact_phone, unit.contact_email = name, phone, email
    _changed(session, unit, "unit.change_contact", by=by, now=now)
    return True


def add_program(
    session: Session,
    affiliate_id: int,
    *,
    name: str,
    minutes: Sequence[int],
    roles: Mapping[str, int],
    by: Actor,
    now: datetime,
) -> Program:
    """Add a program with the people it needs.

    Raises:
        RuleBroken: the affiliate has one of this name.
    """
    _refuse_same_name(session, Program, name, Program.affiliate_id == affiliate_id)
    program = Program(affiliate_id=affiliate_id, name=name, minutes=list(minutes))
    _added(session, program, "program.add", by=by, now=now)
    _set_roles(session, program, roles)
    return program


def change_program(
    session: Session,
    program: Program,
    *,
    name: str,
    minutes: Sequence[int],
    roles: Mapping[str, int],
    by: Actor,
    now: datetime,
) -> None:
    """Change a program; visits that are laid out keep the people they were asked for with.

    Raises:
        RuleBroken: the affiliate has another one of this name.
    """
    _refuse_same_name(
        session,
        Program,
        name,
        Program.affiliate_id == program.affiliate_id,
        Program.id != program.id,
    )
    program.name, program.minutes = name, list(minutes)
    _set_roles(session, program, roles)
    _changed(session, program, "program.change", by=by, now=now)


def roles(session: Session, program_id: int) -> dict[str, int]:
    """Return how many people a program needs in each role."""
    needs = select(ProgramRole).where(ProgramRole.program_id == program_id).order_by(ProgramRole.id)
    return {need.role: need.count for need in session.scalars(needs)}


def change_settings(
    session: Session,
    affiliate: Affiliate,
    settings: Mapping[str, Any],
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Change an affiliate's settings; the audit log keeps which, not their values.

    Raises:
        RuleBroken: another affiliate has this name.
    """
    _refuse_same_name(
        session, Affiliate, settings.get("name", affiliate.name), Affiliate.id != affiliate.id
    )
    different = [name for name, value in settings.items() if getattr(affiliate, name) != value]
    if not different:
        return
    for name in different:
        setattr(affiliate, name, settings[name])
    affiliate.revision += 1
    session.flush()
    audit.record(
        session,
        "settings.change",
        actor=by,
        subject=("affiliate", affiliate.id),
        details={"fields": sorted(different)},
        now=now,
    )


def _set_roles(session: Session, program: Program, roles: Mapping[str, int]) -> None:
    session.execute(delete(ProgramRole).where(ProgramRole.program_id == program.id))
    session.add_all(
        ProgramRole(program_id=program.id, role=role, count=count) for role, count in roles.items()
    )
    session.flush()


def _move(hospital: Hospital, place: Place) -> None:
    hospital.zip_code, hospital.city, hospital.state = place.zip_code, place.city, place.state
    hospital.latitude, hospital.longitude = place.latitude, place.longitude
    hospital.time_zone = place.time_zone


def _refuse_same_name(session: Session, model: Any, name: str, *among: Any) -> None:  # noqa: ANN401 - any table of names
    same = select(model.id).where(func.lower(model.name) == name.lower(), *among)
    if session.scalar(same.limit(1)) is not None:
        raise RuleBroken(NAME_TAKEN, field="name")


def _added(session: Session, row: Row, action: str, *, by: Actor, now: datetime) -> Row:
    session.add(row)
    _changed(session, row, action, by=by, now=now)
    return row


def _changed(session: Session, row: Row, action: str, *, by: Actor, now: datetime) -> None:
    session.flush()
    audit.record(session, action, actor=by, subject=(row.__tablename__, row.id), now=now)
