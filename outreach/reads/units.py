"""A hospital's visits and units as its liaisons see them: first names, and what happens next."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from outreach import access, i18n
from outreach.accounts.models import Account, Membership
from outreach.actor import Actor
from outreach.directory.models import (
    ClearanceRequirement,
    Hospital,
    Unit,
    UnitBrief,
    UnitPause,
    VisitingHours,
)
from outreach.i18n import gettext as _
from outreach.i18n import ngettext
from outreach.reads import after_visit, board, places, words
from outreach.reads.board import VisitRow
from outreach.reads.words import Status
from outreach.speakers.models import Clearance
from outreach.visits.models import Assignment, Visit, VisitRequest
from outreach.visits.rules import Hours, Staffing

PAGE_SIZE = 25

MARKS = (timedelta(days=7), timedelta(days=2))
"""How long before a visit its liaison is told when somebody is still missing."""


@dataclass(frozen=True, slots=True)
class Line:
    """A visit in a liaison's list."""

    row: VisitRow
    status: Status
    next: str

    @property
    def who(self) -> str:
        """Who comes: "Daniel and Maria"; empty when nobody does yet."""
        return words.names(self.row.who)


@dataclass(frozen=True, slots=True)
class Home:
    """The visits of a hospital. `next` is the card of the first page; `lines` are the others.

    `cleared` and `room` are of the next visit; empty where nothing is to be said.
    """

    hospital: Hospital
    units: Sequence[Unit]
    next: Line | None
    cleared: str
    room: str
    lines: Sequence[Line]
    page: int
    has_more: bool
    planned: int
    looking: int

    @property
    def title(self) -> str:
        """The hospital's name, with the unit's where there is only one."""
        return places.with_its_unit(self.hospital, self.units)

    @property
    def lead(self) -> str:
        """How many visits are planned, and how many of them lack somebody; empty without any."""
        if not self.planned:
            return ""
        said = ngettext(
            "One visit is planned.",
            "%(num)s visits are planned.",
            self.planned,
            num=words.capital(words.number(self.planned)),
        )
        if not self.looking:
            return said
        lacking = ngettext(
            "One still looks for speakers.",
            "%(num)s still look for speakers.",
            self.looking,
            num=words.capital(words.number(self.looking)),
        )
        return f"{said} {lacking}"


@dataclass(frozen=True, slots=True)
class PauseLine:
    """Days without visits."""

    public_id: str
    starts_on: date
    ends_on: date | None
    is_running: bool


@dataclass(frozen=True, slots=True)
class UnitCard:
    """A unit as its hospital sees it; `hours` empty means visits at any hour."""

    unit: Unit
    age_group: str
    hours: Sequence[str]
    clearances: Sequence[str]
    brief: UnitBrief | None
    pauses: Sequence[PauseLine]


def home(
    session: Session, actor: Actor, hospital: Hospital, *, past: bool, number: int, now: datetime
) -> Home:
    """Return a page of the hospital's visits: those to come, soonest first; past: latest first.

    A visit that goes on now is still to come. The number of queries does not depend on the rows.
    """
    mine = access.scope(actor, Visit)
    coming = mine.where(Visit.ends_at > now)
    wanted = _past(mine, now=now) if past else coming.order_by(Visit.starts_at, Visit.id)
    some = wanted.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE + 1)
    found = _lines(session, board.rows(session, some, now=now), now=now)
    shown = found[:PAGE_SIZE]
    first = None
    if not past and number == 1:
        first = next((line for line in shown if not line.row.called_off), None)
    on = coming.where(Visit.called_off_at.is_(None))
    return Home(
        hospital=hospital,
        units=own_units(session, actor),
        next=first,
        cleared=_cleared(session, first, hospital) if first else "",
        room=_room(session, first) if first else "",
        lines=[line for line in shown if line is not first],
        page=number,
        has_more=len(found) > PAGE_SIZE,
        planned=_count(session, on),
        looking=_count(session, on.where(board.lacks_somebody())),
    )


def own_hospital(session: Session, actor: Actor) -> Hospital:
    """Return the liaison's hospital."""
    return session.scalars(access.scope(actor, Hospital)).one()


def own_units(session: Session, actor: Actor) -> list[Unit]:
    """Return the liaison's units by name, without those that were put aside."""
    mine = access.scope(actor, Unit).where(Unit.archived_at.is_(None))
    return list(session.scalars(mine.order_by(Unit.name)))


def cards(session: Session, actor: Actor, hospital: Hospital, *, now: datetime) -> list[UnitCard]:
    """Return the liaison's units by name. Five queries, however many there are."""
    units = own_units(session, actor)
    ids = [unit.id for unit in units]
    today = local_day(now, hospital)
    hours, needs, briefs = _hours(session, ids), _needs(session, ids), _briefs(session, ids)
    pauses = _pauses(session, ids, today=today)
    return [
        UnitCard(
            unit=unit,
            age_group=words.age_group(unit.age_group),
            hours=words.visiting_hours(hours[unit.id]),
            clearances=[words.clearance(kind) for kind in needs[unit.id]],
            brief=briefs.get(unit.id),
            pauses=pauses[unit.id],
        )
        for unit in units
    ]


def brief(session: Session, unit_id: int) -> UnitBrief | None:
    """Return what visitors of a unit must know, as it is now."""
    return _briefs(session, [unit_id]).get(unit_id)


def colleagues(session: Session, hospital: Hospital) -> list[str]:
    """Return the names of those who may ask for visits, in order."""
    names = (
        select(Account.name)
        .join(Membership, Membership.account_id == Account.id)
        .where(
            Membership.kind == "liaison",
            Membership.hospital_id == hospital.id,
            Membership.ends_at.is_(None),
            Account.disabled_at.is_(None),
        )
    )
    return list(session.scalars(names.order_by(Account.name)))


def local_day(now: datetime, hospital: Hospital) -> date:
    """Return the hospital's date."""
    return local_day_in(now, hospital.time_zone)


def local_day_in(at: datetime, zone: str) -> date:
    """Return the date of an instant in a zone."""
    return at.astimezone(ZoneInfo(zone)).date()


def line(session: Session, visit: Visit, *, now: datetime) -> Line:
    """Return one visit as lists show it."""
    return lines(session, [visit], now=now)[0]


def lines(session: Session, visits: Sequence[Visit], *, now: datetime) -> list[Line]:
    """Return visits as lists show them, soonest first."""
    these = select(Visit).where(Visit.id.in_([visit.id for visit in visits]))
    rows = board.rows(session, these.order_by(Visit.starts_at, Visit.id), now=now)
    return _lines(session, rows, now=now)


def tell_by(row: VisitRow, *, now: datetime) -> date | None:
    """Return the next day on which a liaison is told that somebody is missing; None: no more."""
    today = local_day_in(now, row.zone)
    return next((row.day - mark for mark in MARKS if row.day - mark > today), None)


def how_it_stands(row: VisitRow, told: str, *, now: datetime) -> Status:
    """Say how a visit stands, to the hospital; `told` of one that is over, or ""."""
    if row.called_off:
        return Status("off", _("Called off"))
    if row.is_over and (row.filled or told):
        return after_visit.how_it_was(told)
    if row.staffing is Staffing.FULL:
        return Status("settled", _confirmed(row.slots))
    if row.filled:
        found = words.capital(words.number_alone(row.filled))
        needed = words.number(row.slots)
        said = _("%(found)s of %(needed)s speakers found", found=found, needed=needed)
        return Status("half", said)
    return _with_nobody(row, now=now)


def what_happens_next(row: VisitRow, *, now: datetime) -> str:
    """Say what the hospital may expect; empty when nothing is to come."""
    if row.called_off or row.is_over:
        return ""
    if row.staffing is Staffing.FULL:
        return _("We remind them. You need do nothing more.")
    day = tell_by(row, now=now)
    if day is None:
        return _("We go on looking, and tell you as soon as somebody is found.")
    on = i18n.day(day, weekday=False)
    if row.filled:
        return _("We tell you by %(day)s if nobody else is found.", day=on)
    return _("We tell you by %(day)s if nobody is found.", day=on)


def cleared_until(
    session: Session, visit: Visit, unit: Unit, hospital: Hospital
) -> tuple[bool, date | None]:
    """Say whether everyone who comes holds what the unit demands on the day, and until when.

    The date is the last day on which all of them still do; None means without an end.
    """
    kinds = set(
        session.scalars(
            select(ClearanceRequirement.kind).where(ClearanceRequirement.unit_id == unit.id)
        )
    )
    coming = select(Assignment.speaker_id).where(Assignment.visit_id == visit.id, Assignment.active)
    speakers = set(session.scalars(coming))
    day = local_day_in(visit.starts_at, visit.time_zone)
    held: dict[tuple[int, str], date] = {}
    given = select(Clearance).where(
        Clearance.speaker_id.in_(speakers),
        Clearance.kind.in_(kinds),
        or_(Clearance.hospital_id.is_(None), Clearance.hospital_id == hospital.id),
        Clearance.starts_on <= day,
        or_(Clearance.ends_on.is_(None), Clearance.ends_on >= day),
    )
    for each in session.scalars(given):
        key = (each.speaker_id, each.kind)
        held[key] = max(held.get(key, date.min), each.ends_on or date.max)
    last = min(held.values(), default=date.max)
    return len(held) == len(kinds) * len(speakers), None if last == date.max else last


def _cleared(session: Session, line: Line, hospital: Hospital) -> str:
    """Say whether those who come are cleared; empty when nobody comes yet."""
    if not line.row.who:
        return ""
    visit = session.get_one(Visit, line.row.id)
    return cleared_words(session, visit, session.get_one(Unit, visit.unit_id), hospital)


def _room(session: Session, line: Line) -> str:
    asked = select(VisitRequest).join(Visit, Visit.request_id == VisitRequest.id)
    return room_words(session.scalars(asked.where(Visit.id == line.row.id)).one())


def room_words(request: VisitRequest) -> str:
    """Return "Day room, with a screen"; empty when neither was said."""
    if not request.screen:
        return request.room
    return _("%(room)s, with a screen", room=request.room) if request.room else _("With a screen")


def cleared_words(session: Session, visit: Visit, unit: Unit, hospital: Hospital) -> str:
    """Say whether those who come are cleared, and until when."""
    everyone, last = cleared_until(session, visit, unit, hospital)
    if not everyone:
        return _("The bureau is checking")
    if last is None or last.year >= words.FOREVER:
        return _("Yes")
    return _("Yes, until %(day)s", day=i18n.day(last, year=True, weekday=False))


def _past(mine: Select[Visit], *, now: datetime) -> Select[Visit]:
    return mine.where(Visit.ends_at <= now).order_by(Visit.starts_at.desc(), Visit.id)


def _lines(session: Session, rows: Sequence[VisitRow], *, now: datetime) -> list[Line]:
    told = after_visit.known(session, [row.id for row in rows if row.is_over])
    return [
        Line(row, how_it_stands(row, told[row.id], now=now), what_happens_next(row, now=now))
        for row in rows
    ]


def _count(session: Session, wanted: Select[Visit]) -> int:
    return session.scalar(select(func.count()).select_from(wanted.subquery())) or 0


def _with_nobody(row: VisitRow, *, now: datetime) -> Status:
    if row.is_over:
        return Status("off", _("Nobody was found"))
    if row.asked:
        return Status("waiting", _("Asking speakers"))
    if row.day - MARKS[0] > local_day_in(now, row.zone):
        return Status("waiting", _("Looking for speakers"))
    return Status("needs", _("Nobody yet"))


def _confirmed(slots: int) -> str:
    if slots == 1:
        return _("Speaker confirmed")
    if slots == 2:  # noqa: PLR2004 - a pair
        return _("Both speakers confirmed")
    return _("All %(count)s speakers confirmed", count=words.number(slots))


def _hours(session: Session, unit_ids: Sequence[int]) -> Mapping[int, list[Hours]]:
    found: dict[int, list[Hours]] = defaultdict(list)
    spans = select(VisitingHours).where(VisitingHours.unit_id.in_(unit_ids))
    for span in session.scalars(spans):
        found[span.unit_id].append(Hours(span.weekday, span.opens, span.closes))
    return found


def _needs(session: Session, unit_ids: Sequence[int]) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    needs = select(ClearanceRequirement).where(ClearanceRequirement.unit_id.in_(unit_ids))
    for need in session.scalars(needs.order_by(ClearanceRequirement.kind)):
        found[need.unit_id].append(need.kind)
    return found


def _briefs(session: Session, unit_ids: Sequence[int]) -> Mapping[int, UnitBrief]:
    newest = (
        select(UnitBrief.unit_id, func.max(UnitBrief.version).label("version"))
        .where(UnitBrief.unit_id.in_(unit_ids))
        .group_by(UnitBrief.unit_id)
        .subquery()
    )
    current = select(UnitBrief).join(
        newest,
        (UnitBrief.unit_id == newest.c.unit_id) & (UnitBrief.version == newest.c.version),
    )
    return {each.unit_id: each for each in session.scalars(current)}


def _pauses(
    session: Session, unit_ids: Sequence[int], *, today: date
) -> Mapping[int, list[PauseLine]]:
    found: dict[int, list[PauseLine]] = defaultdict(list)
    current = select(UnitPause).where(
        UnitPause.unit_id.in_(unit_ids),
        or_(UnitPause.ends_on.is_(None), UnitPause.ends_on >= today),
    )
    for each in session.scalars(current.order_by(UnitPause.starts_on)):
        found[each.unit_id].append(
            PauseLine(each.public_id, each.starts_on, each.ends_on, each.starts_on <= today)
        )
    return found
