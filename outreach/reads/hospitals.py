"""Hospitals and units as coordinators see them, and the units one may ask a visit for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from outreach import access
from outreach.actor import Actor
from outreach.directory.models import (
    Affiliate,
    ClearanceRequirement,
    Hospital,
    Program,
    ProgramRole,
    Unit,
    UnitBrief,
    UnitPause,
    VisitingHours,
)
from outreach.reads import words
from outreach.visits.models import Visit
from outreach.visits.rules import Hours


@dataclass(frozen=True, slots=True)
class UnitChoice:
    """A unit one may ask a visit for, with what its program list depends on."""

    public_id: str
    label: str
    affiliate_id: int
    time_zone: str


@dataclass(frozen=True, slots=True)
class ProgramChoice:
    """A program one may ask for: its lengths in minutes, and the people it needs in words."""

    public_id: str
    name: str
    affiliate_id: int
    minutes: tuple[int, ...]
    people: str


@dataclass(frozen=True, slots=True)
class HospitalRow:
    """One hospital in the list."""

    public_id: str
    name: str
    city: str
    state: str
    units: int
    coming: int
    archived: bool


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit on its hospital's page."""

    public_id: str
    name: str
    age_group: str
    hours: list[str]
    clearances: list[str]
    paused: str
    archived: bool


@dataclass(frozen=True, slots=True)
class PauseRow:
    """Days on which a unit takes no visits."""

    public_id: str
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class UnitDetails:
    """Everything a unit's page shows."""

    unit: Unit
    hospital: Hospital
    hours: list[VisitingHours]
    clearances: list[str]
    brief: UnitBrief | None
    pauses: list[PauseRow]


def unit_choices(session: Session, actor: Actor) -> list[UnitChoice]:
    """Return the units the actor can ask visits for, by hospital and name."""
    mine = (
        access.scope(actor, Unit)
        .add_columns(Hospital.name, Hospital.time_zone)
        .join(Hospital, Hospital.id == Unit.hospital_id)
        .where(Unit.archived_at.is_(None), Hospital.archived_at.is_(None))
        .order_by(Hospital.name, Unit.name)
    )
    return [
        UnitChoice(unit.public_id, f"{hospital}, {unit.name}", unit.affiliate_id, zone)
        for unit, hospital, zone in session.execute(mine)
    ]


def program_choices(session: Session, actor: Actor) -> list[ProgramChoice]:
    """Return the programs the actor can ask for, by name; without roles it cannot be asked for."""
    mine = session.scalars(access.scope(actor, Program).order_by(Program.name)).all()
    roles = roles_of(session, [program.id for program in mine])
    return [
        ProgramChoice(p.public_id, p.name, p.affiliate_id, tuple(p.minutes), roles[p.id])
        for p in mine
        if p.id in roles
    ]


def roles_of(session: Session, program_ids: Sequence[int]) -> dict[int, str]:
    """Return whom each program needs, in words: "lead, co-presenter"."""
    needs = (
        select(ProgramRole).where(ProgramRole.program_id.in_(program_ids)).order_by(ProgramRole.id)
    )
    found: dict[int, list[str]] = {}
    for need in session.scalars(needs):
        name = words.role(need.role)
        found.setdefault(need.program_id, []).append(
            name if need.count == 1 else f"{need.count} × {name}"
        )
    return {program_id: ", ".join(names) for program_id, names in found.items()}


def hours_of(session: Session, unit_id: int) -> list[str]:
    """Return a unit's visiting hours in words; empty means at any hour."""
    found = session.scalars(select(VisitingHours).where(VisitingHours.unit_id == unit_id))
    return words.visiting_hours(Hours(h.weekday, h.opens, h.closes) for h in found)


def hospitals(session: Session, actor: Actor, *, now: datetime) -> list[HospitalRow]:
    """Return the actor's hospitals by name, those that were put aside last."""
    units = (
        select(Unit.hospital_id, func.count())
        .where(Unit.archived_at.is_(None))
        .group_by(Unit.hospital_id)
    )
    coming = (
        select(Unit.hospital_id, func.count())
        .join(Visit, Visit.unit_id == Unit.id)
        .where(Visit.starts_at > now, Visit.called_off_at.is_(None))
        .group_by(Unit.hospital_id)
    )
    unit_counts = dict(session.execute(units).all())
    coming_counts = dict(session.execute(coming).all())
    mine = access.scope(actor, Hospital)
    return [
        HospitalRow(
            public_id=each.public_id,
            name=each.name,
            city=each.city,
            state=each.state,
            units=unit_counts.get(each.id, 0),
            coming=coming_counts.get(each.id, 0),
            archived=each.archived_at is not None,
        )
        for each in session.scalars(mine.order_by(Hospital.archived_at.is_not(None), Hospital.name))
    ]


def units(session: Session, actor: Actor, hospital: Hospital, *, now: datetime) -> list[UnitRow]:
    """Return the actor's units of a hospital by name. Four queries, however many there are."""
    today = now.astimezone(ZoneInfo(hospital.time_zone)).date()
    mine = access.scope(actor, Unit).where(Unit.hospital_id == hospital.id)
    found = session.scalars(mine.order_by(Unit.archived_at.is_not(None), Unit.name)).all()
    ids = [unit.id for unit in found]
    hours: dict[int, list[Hours]] = {}
    for span in session.scalars(select(VisitingHours).where(VisitingHours.unit_id.in_(ids))):
        hours.setdefault(span.unit_id, []).append(Hours(span.weekday, span.opens, span.closes))
    needs = _requirements(session, ids)
    paused = _paused(session, ids, today=today)
    return [
        UnitRow(
            public_id=unit.public_id,
            name=unit.name,
            age_group=words.age_group(unit.age_group),
            hours=words.visiting_hours(hours.get(unit.id, [])),
            clearances=needs.get(unit.id, []),
            paused=paused.get(unit.id, ""),
            archived=unit.archived_at is not None,
        )
        for unit in found
    ]


def unit_details(session: Session, unit: Unit, *, now: datetime) -> UnitDetails:
    """Return everything a unit's page shows; pauses that are over are left out."""
    hospital = session.get_one(Hospital, unit.hospital_id)
    today = now.astimezone(ZoneInfo(hospital.time_zone)).date()
    hours = select(VisitingHours).where(VisitingHours.unit_id == unit.id)
    pauses = select(UnitPause).where(
        UnitPause.unit_id == unit.id, or_(UnitPause.ends_on.is_(None), UnitPause.ends_on >= today)
    )
    return UnitDetails(
        unit=unit,
        hospital=hospital,
        hours=list(session.scalars(hours.order_by(VisitingHours.weekday, VisitingHours.opens))),
        clearances=requirements(session, unit.id),
        brief=current_brief(session, unit.id),
        pauses=[
            PauseRow(p.public_id, p.starts_on, p.ends_on)
            for p in session.scalars(pauses.order_by(UnitPause.starts_on))
        ],
    )


def requirements(session: Session, unit_id: int) -> list[str]:
    """Return the kinds of clearance a unit demands."""
    needs = select(ClearanceRequirement.kind).where(ClearanceRequirement.unit_id == unit_id)
    return list(session.scalars(needs.order_by(ClearanceRequirement.kind)))


def current_brief(session: Session, unit_id: int) -> UnitBrief | None:
    """Return the newest version of what visitors must know."""
    newest = select(UnitBrief).where(UnitBrief.unit_id == unit_id)
    return session.scalar(newest.order_by(UnitBrief.version.desc()).limit(1))


def affiliate(session: Session, actor: Actor) -> Affiliate:
    """Return the actor's affiliate."""
    return access.own_affiliate(session, actor)


def _requirements(session: Session, unit_ids: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    needs = select(ClearanceRequirement).where(ClearanceRequirement.unit_id.in_(unit_ids))
    for need in session.scalars(needs.order_by(ClearanceRequirement.kind)):
        found.setdefault(need.unit_id, []).append(words.clearance(need.kind))
    return found


def _paused(session: Session, unit_ids: Sequence[int], *, today: date) -> dict[int, str]:
    running = select(UnitPause).where(
        UnitPause.unit_id.in_(unit_ids),
        UnitPause.starts_on <= today,
        or_(UnitPause.ends_on.is_(None), UnitPause.ends_on >= today),
    )
    return {pause.unit_id: words.paused(pause.ends_on) for pause in session.scalars(running)}
