"""The board of visits: rows for lists and calendars, with filters; a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, exists, func, not_, select
from sqlalchemy.orm import Session

from outreach import access
from outreach.actor import Actor
from outreach.directory.models import Hospital, Program, Unit
from outreach.reads import words
from outreach.reads.paging import Page
from outreach.reads.words import Status
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Proposal, Slot, Visit
from outreach.visits.rules import Staffing, staffing

PAGE_SIZE = 25
SPANS = {"2weeks": timedelta(weeks=2), "4weeks": timedelta(weeks=4)}

WHEN = ("2weeks", "4weeks", "coming", "past")
STATUSES = ("open", "nobody", "waiting", "settled", "off")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What a board shows. Empty means everything; `hospital` and `program` are public ids."""

    when: str = "4weeks"
    status: str = ""
    hospital: str = ""
    program: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRow:
    """One visit, as lists show it. `ended` counts the offers that are over."""

    id: int
    public_id: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    unit: str
    hospital: str
    city: str
    program: str
    language: str
    critical: bool
    called_off: bool
    is_over: bool
    slots: int = 0
    open_roles: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    whom_asked: tuple[str, ...] = ()
    ended: int = 0
    proposed: int = 0
    warnings: tuple[str, ...] = ()

    @property
    def asked(self) -> int:
        """How many offers wait for an answer."""
        return len(self.whom_asked)

    @property
    def filled(self) -> int:
        """How many places somebody has taken."""
        return self.slots - len(self.open_roles)

    @property
    def staffing(self) -> Staffing:
        """How far the visit is with its people."""
        return staffing(filled=self.filled, slots=self.slots, called_off=self.called_off)

    @property
    def status(self) -> Status:
        """How it stands, in words."""
        return words.staffing(
            self.staffing,
            slots=self.slots,
            filled=self.filled,
            open_roles=self.open_roles,
            asked=self.asked,
            is_over=self.is_over,
        )

    @property
    def who_comes(self) -> str:
        """Who comes, else who is asked, in words; "" where nobody is."""
        return words.who_comes(self.who, asked=self.whom_asked, proposed=self.proposed)

    @property
    def is_open(self) -> bool:
        """Say whether somebody is still needed."""
        return bool(self.open_roles) and not self.called_off and not self.is_over

    @property
    def day(self) -> date:
        """The day, where the visit is."""
        return self.starts_at.astimezone(ZoneInfo(self.zone)).date()


@dataclass(frozen=True, slots=True)
class Choice:
    """Something a filter may be set to."""

    public_id: str
    name: str


@dataclass(slots=True)
class _Crew:
    """Slots and people of one visit, while they are gathered."""

    slots: int = 0
    open_roles: list[str] = field(default_factory=list)
    who: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    ended: int = 0
    proposed: int = 0


def page(
    session: Session, actor: Actor, filters: Filters, *, number: int = 1, now: datetime
) -> Page[VisitRow]:
    """Return one page of the visits the actor can reach, soonest first (past: latest first)."""
    wanted = access.scope(actor, Visit).where(*_conditions(filters, now=now))
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    order = Visit.starts_at.desc() if filters.when == "past" else Visit.starts_at
    offset = (number - 1) * PAGE_SIZE
    return Page(
        rows(session, wanted.order_by(order, Visit.id).offset(offset).limit(PAGE_SIZE), now=now),
        total,
        number,
        PAGE_SIZE,
    )


def narrowed(actor: Actor, filters: Filters) -> Select[Visit]:
    """Return a SELECT of the visits the actor can reach, narrowed by all filters but `when`."""
    return access.scope(actor, Visit).where(*_narrowing(filters))


def rows(session: Session, wanted: Select[Visit], *, now: datetime) -> list[VisitRow]:
    """Return the rows of a SELECT of visits, in its order. Five queries, however many there are."""
    places = (
        wanted.add_columns(Unit, Hospital, Program.name)
        .join(Unit, Unit.id == Visit.unit_id)
        .join(Hospital, Hospital.id == Unit.hospital_id)
        .join(Program, Program.id == Visit.program_id)
    )
    found = session.execute(places).all()
    crews = _crews(session, [visit.id for visit, *_ in found])
    return [
        _row(visit, unit, hospital, program, crews[visit.id], now=now)
        for visit, unit, hospital, program in found
    ]


def hospitals(session: Session, actor: Actor) -> list[Choice]:
    """Return the hospitals a filter may be set to."""
    mine = access.scope(actor, Hospital).where(Hospital.archived_at.is_(None))
    return [Choice(h.public_id, h.name) for h in session.scalars(mine.order_by(Hospital.name))]


def programs(session: Session, actor: Actor) -> list[Choice]:
    """Return the programs a filter may be set to."""
    mine = access.scope(actor, Program).order_by(Program.name)
    return [Choice(p.public_id, p.name) for p in session.scalars(mine)]


def lacks_somebody() -> ColumnElement[bool]:
    """Return the condition that a visit has an open place."""
    return exists().where(Slot.visit_id == Visit.id, Slot.state == "open")


def has_open_offer() -> ColumnElement[bool]:
    """Return the condition that somebody is being asked."""
    return exists().where(Offer.visit_id == Visit.id, Offer.state == "open")


def has_proposal() -> ColumnElement[bool]:
    """Return the condition that a proposal for an open place waits for a decision."""
    return exists().where(
        Slot.visit_id == Visit.id,
        Slot.state == "open",
        Proposal.slot_id == Slot.id,
        Proposal.state == "waiting",
    )


def _conditions(filters: Filters, *, now: datetime) -> list[ColumnElement[bool]]:
    found = _narrowing(filters)
    match filters.when:
        case "past":
            found.append(Visit.starts_at < now)
        case "coming":
            found.append(Visit.starts_at >= now)
        case span:
            found += [Visit.starts_at >= now, Visit.starts_at < now + SPANS[span]]
    return found


def _narrowing(filters: Filters) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if filters.status:
        found += _in_state(filters.status)
    if filters.hospital:
        units = select(Unit.id).join(Hospital, Hospital.id == Unit.hospital_id)
        found.append(Visit.unit_id.in_(units.where(Hospital.public_id == filters.hospital)))
    if filters.program:
        programs = select(Program.id).where(Program.public_id == filters.program)
        found.append(Visit.program_id.in_(programs))
    if filters.language:
        found.append(Visit.language == filters.language)
    return found


def _in_state(status: str) -> list[ColumnElement[bool]]:
    on, off = Visit.called_off_at.is_(None), Visit.called_off_at.is_not(None)
    taken = exists().where(Slot.visit_id == Visit.id, Slot.state == "filled")
    states: dict[str, list[ColumnElement[bool]]] = {
        "open": [on, lacks_somebody()],
        "nobody": [on, not_(taken), not_(has_open_offer())],
        "waiting": [on, has_open_offer()],
        "settled": [on, not_(lacks_somebody())],
        "off": [off],
    }
    return states.get(status, [])


def _crews(session: Session, visit_ids: Sequence[int]) -> dict[int, _Crew]:
    crews: dict[int, _Crew] = defaultdict(_Crew)
    slots = select(Slot.visit_id, Slot.role, Slot.state).where(Slot.visit_id.in_(visit_ids))
    for visit_id, role, state in session.execute(slots.order_by(Slot.id)):
        crews[visit_id].slots += 1
        if state == "open":
            crews[visit_id].open_roles.append(role)
    coming = (
        select(Assignment.visit_id, Speaker.first_name)
        .join(Speaker, Speaker.id == Assignment.speaker_id)
        .where(Assignment.visit_id.in_(visit_ids), Assignment.active)
        .order_by(Assignment.slot_id)
    )
    for visit_id, name in session.execute(coming):
        crews[visit_id].who.append(name)
    asked = (
        select(Offer.visit_id, Offer.state, Speaker.first_name)
        .join(Speaker, Speaker.id == Offer.speaker_id)
        .where(Offer.visit_id.in_(visit_ids), Offer.state.in_(("open", "not_this_time", "lapsed")))
        .order_by(Offer.id)
    )
    for visit_id, state, name in session.execute(asked):
        if state == "open":
            crews[visit_id].asked.append(name)
        else:
            crews[visit_id].ended += 1
    _count_proposals(session, visit_ids, crews)
    return crews


def _count_proposals(session: Session, visit_ids: Iterable[int], crews: dict[int, _Crew]) -> None:
    waiting = (
        select(Slot.visit_id, func.count())
        .join(Proposal, Proposal.slot_id == Slot.id)
        .where(
            Slot.visit_id.in_(list(visit_ids)), Slot.state == "open", Proposal.state == "waiting"
        )
        .group_by(Slot.visit_id)
    )
    for visit_id, count in session.execute(waiting):
        crews[visit_id].proposed = count


def _row(
    visit: Visit, unit: Unit, hospital: Hospital, program: str, crew: _Crew, *, now: datetime
) -> VisitRow:
    return VisitRow(
        id=visit.id,
        public_id=visit.public_id,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        zone=visit.time_zone,
        unit=unit.name,
        hospital=hospital.name,
        city=hospital.city,
        program=program,
        language=visit.language,
        critical=visit.critical,
        called_off=visit.called_off_at is not None,
        is_over=visit.starts_at <= now,
        slots=crew.slots,
        open_roles=tuple(crew.open_roles),
        who=tuple(crew.who),
        whom_asked=tuple(crew.asked),
        ended=crew.ended,
        proposed=crew.proposed,
        warnings=tuple(visit.warnings),
    )
