"""One visit as the hospital's liaison sees it: who comes, what they need, what happens next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import i18n
from outreach.accounts.models import Account
from outreach.directory.models import Hospital, Unit, UnitBrief
from outreach.i18n import gettext as _
from outreach.i18n import ngettext
from outreach.reads import units, words
from outreach.reads.board import VisitRow
from outreach.reads.units import Line
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Slot, Visit, VisitRequest


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who comes: the first name, the role in words, and since when."""

    first_name: str
    role: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the timeline; `is_done` also when it is happening now."""

    when: str
    words: str
    is_done: bool


@dataclass(frozen=True, slots=True)
class VisitPage:
    """Everything the pages of one visit show."""

    line: Line
    unit: Unit
    hospital: Hospital
    guests: Sequence[Guest]
    cleared: str
    needs: Sequence[tuple[str, str]]
    timeline: Sequence[Moment]
    brief: UnitBrief | None
    may_change: bool

    @property
    def row(self) -> VisitRow:
        """The visit as lists show it."""
        return self.line.row

    @property
    def open_roles(self) -> list[str]:
        """The roles nobody has yet, while somebody is looked for."""
        return [words.role_name(role) for role in self.row.open_roles] if self.may_change else []

    @property
    def asked(self) -> int:
        """How many people are being asked now."""
        return self.row.asked


def page(session: Session, visit: Visit, *, now: datetime) -> VisitPage:
    """Return what the pages of a visit show. The number of queries does not depend on its rows."""
    line = units.line(session, visit, now=now)
    unit = session.get_one(Unit, visit.unit_id)
    hospital = session.get_one(Hospital, unit.hospital_id)
    request = session.get_one(VisitRequest, visit.request_id)
    guests = _guests(session, visit)
    return VisitPage(
        line=line,
        unit=unit,
        hospital=hospital,
        guests=guests,
        cleared=units.cleared_words(session, visit, unit, hospital) if guests else "",
        needs=_needs(request, line.row),
        timeline=list(_timeline(session, visit, request, line, guests)),
        brief=units.brief(session, unit.id),
        may_change=visit.called_off_at is None and visit.starts_at > now,
    )


def _guests(session: Session, visit: Visit) -> list[Guest]:
    coming = (
        select(Speaker.first_name, Slot.role, Assignment.created_at)
        .join(Assignment, Assignment.speaker_id == Speaker.id)
        .join(Slot, Slot.id == Assignment.slot_id)
        .where(Assignment.visit_id == visit.id, Assignment.active)
        .order_by(Slot.id)
    )
    return [
        Guest(name, words.role_name(role), since) for name, role, since in session.execute(coming)
    ]


def _needs(request: VisitRequest, row: VisitRow) -> list[tuple[str, str]]:
    """Return (label, value) of what was asked for; what was left empty is left out."""
    count = request.group_size
    found = [
        (_("Kind of visit"), row.program),
        (_("Language of the visit"), words.language(row.language)),
        (_("Group"), ngettext("About %(num)s person", "About %(num)s people", count or 0)),
        (_("How they come"), _("By video") if request.by_video else _("In person")),
        (_("Room"), units.room_words(request)),
        (_("Access needs"), request.access_needs),
        (_("Notes for the speakers"), request.notes),
    ]
    return [(label, value) for label, value in found if value and (count or label != _("Group"))]


def _timeline(
    session: Session, visit: Visit, request: VisitRequest, line: Line, guests: Sequence[Guest]
) -> Iterator[Moment]:
    row = line.row
    yield Moment(_on(request.created_at, row), _asked_by(session, request), is_done=True)
    for guest in guests:
        said = _("%(name)s said yes.", name=guest.first_name)
        yield Moment(_on(guest.since, row), said, is_done=True)
    if visit.called_off_at is not None:
        yield Moment(_on(visit.called_off_at, row), _("The visit was called off."), is_done=True)
        return
    if line.next:
        yield Moment(_("Until then"), line.next, is_done=False)
    starts = f"{_on(row.starts_at, row)}, {i18n.clock_time(row.starts_at, zone=row.zone)}"
    yield Moment(starts, _the_day(session.get_one(Unit, visit.unit_id)), is_done=row.is_over)


def _asked_by(session: Session, request: VisitRequest) -> str:
    name = session.scalar(select(Account.name).where(Account.id == request.requested_by_id))
    return _("%(name)s asked for this visit.", name=name) if name else _("The visit was asked for.")


def _the_day(unit: Unit) -> str:
    if not unit.contact_name:
        return _("The visit begins.")
    return _("The visit begins. Visitors ask for: %(contact)s.", contact=unit.contact_name)


def _on(at: datetime, row: VisitRow) -> str:
    return i18n.day(units.local_day_in(at, row.zone), weekday=False)
