"""Units, their hospitals and their liaisons from a sheet. A unit is known by hospital and name.

A blank cell leaves what is there. The hospital's own facts come from its first row in the file;
a later row that says otherwise is warned about. A liaison gets an account and a place at the
hospital; no mail is sent.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from outreach.accounts import service as accounts
from outreach.accounts.models import Membership
from outreach.actor import Kind
from outreach.directory.geography import Place
from outreach.directory.models import (
    ClearanceRequirement,
    Hospital,
    Unit,
    UnitBrief,
    VisitingHours,
)
from outreach.i18n import lazy
from outreach.workflows.imports import cells, importer, places, spans
from outreach.workflows.imports.cells import CellProblem, folded
from outreach.workflows.imports.importer import Context
from outreach.workflows.imports.mapping import UnitsMapping
from outreach.workflows.imports.reader import RowReader, line, prose
from outreach.workflows.imports.spans import Window


@dataclass(frozen=True, slots=True)
class UnitRow:
    """A row that makes sense in itself. `given` holds the unit's columns that are not blank."""

    hospital: str
    name: str
    place: Place
    time_zone: str
    hours: tuple[Window, ...]
    needs: frozenset[str] | None
    liaison_name: str
    liaison_email: str
    arrival_notes: str
    given: Mapping[str, Any]


@dataclass(slots=True)
class UnitsImporter:
    """Writes units into one affiliate."""

    session: Session
    context: Context
    mapping: UnitsMapping
    key_field: str = "unit"
    _seen: dict[str, Hospital] = field(default_factory=dict)
    """The hospitals this file has already spoken of."""

    def read(self, reader: RowReader) -> UnitRow | None:
        """Turn a row into a unit, or note its problems and return None."""
        hospital = reader.need("hospital", line, example="St. Clare Medical Center")
        name = reader.need("unit", line, example="4B")
        place = reader.need("zip", places.place, example="60614")
        reader.need("visiting_hours", str, example=spans.EXAMPLE)
        hours = reader.weekly("visiting_hours")
        groups = self.mapping.age_group_words()
        given = {
            "age_group": reader.need("age_group", groups.find, example="adult"),
            "street": reader.take("street", line, blank=""),
            "contact_name": reader.take("liaison_name", line, blank=""),
            "contact_phone": reader.take("liaison_phone", cells.telephone, blank=None),
            "contact_email": reader.take("liaison_email", cells.email, blank=None),
        }
        zone = reader.take("time_zone", places.time_zone, blank=None)
        needs = reader.take("needs", self._needs, blank=None)
        arrival_notes = reader.take("arrival_notes", prose, blank="")
        if reader.problems:
            return None
        return UnitRow(
            hospital=hospital,
            name=name,
            place=place,
            time_zone=zone or place.time_zone,
            hours=hours,
            needs=needs,
            liaison_name=str(given["contact_name"]),
            liaison_email=str(given["contact_email"] or ""),
            arrival_notes=arrival_notes,
            given={column: value for column, value in given.items() if value},
        )

    def key(self, record: UnitRow) -> Hashable:
        """Return what a unit is known by."""
        return folded(record.hospital), folded(record.name)

    def write(self, record: UnitRow, reader: RowReader) -> bool:
        """Write a unit, its hospital and its liaison; False when everything was so already."""
        self.context.settle_in(record.place)
        hospital, hospital_changed = self._hospital(record, reader)
        unit, unit_changed = self._unit(record, hospital)
        parts_changed = [
            self._set_hours(unit, record.hours),
            self._set_needs(unit, record.needs, is_new=unit_changed is None),
            self._set_brief(unit, record.arrival_notes),
            self._welcome_liaison(record, hospital),
        ]
        changed = unit_changed is not False or any(parts_changed)
        if changed:
            importer.record(self.session, "unit.import", unit, context=self.context)
        return changed or hospital_changed

    def _needs(self, text: str) -> frozenset[str]:
        return frozenset(cells.listed(text, self.mapping.clearance_words()))

    def _hospital(self, record: UnitRow, reader: RowReader) -> tuple[Hospital, bool]:
        """Return the row's hospital, and whether it was made or changed."""
        seen = self._seen.get(folded(record.hospital))
        if seen is not None:
            self._warn_of_difference(seen, record, reader, zip_too=True)
            return seen, False
        known = importer.hospital_words(self.session, self.context.affiliate, only_kept=True)
        place = record.place
        facts = {
            "city": place.city,
            "state": place.state,
            "zip_code": place.zip_code,
            "latitude": place.latitude,
            "longitude": place.longitude,
        }
        if record.hospital in known:
            hospital = known.find(record.hospital)
            self._warn_of_difference(hospital, record, reader, zip_too=False)
            changed = importer.change(hospital, facts)
        else:
            hospital, changed = self._new_hospital(record, facts), True
        if changed:
            importer.record(self.session, "hospital.import", hospital, context=self.context)
        self._seen[folded(record.hospital)] = hospital
        return hospital, changed

    def _new_hospital(self, record: UnitRow, facts: Mapping[str, object]) -> Hospital:
        hospital = Hospital(
            affiliate_id=self.context.affiliate.id,
            name=record.hospital,
            time_zone=record.time_zone,
            created_at=self.context.now,
            **facts,
        )
        self.session.add(hospital)
        self.session.flush()
        return hospital

    def _warn_of_difference(
        self, hospital: Hospital, record: UnitRow, reader: RowReader, *, zip_too: bool
    ) -> None:
        """Keep the hospital as it is. Its zone never changes here: visits would move with it."""
        if record.time_zone != hospital.time_zone:
            message = lazy("This hospital is in %(kept)s already; that was kept.")
            reader.warn("time_zone", CellProblem(message, kept=hospital.time_zone))
        if zip_too and record.place.zip_code != hospital.zip_code:
            message = lazy("This hospital is at ZIP code %(kept)s already; that was kept.")
            reader.warn("zip", CellProblem(message, kept=hospital.zip_code))

    def _unit(self, record: UnitRow, hospital: Hospital) -> tuple[Unit, bool | None]:
        """Return the row's unit, and whether it was changed; None when it is new."""
        rows = self.session.scalars(select(Unit).where(Unit.hospital_id == hospital.id))
        for unit in rows:
            if folded(unit.name) == folded(record.name):
                return unit, importer.change(unit, record.given)
        unit = Unit(
            hospital_id=hospital.id,
            affiliate_id=self.context.affiliate.id,
            name=record.name,
            created_at=self.context.now,
            **record.given,
        )
        self.session.add(unit)
        self.session.flush()
        return unit, None

    def _set_hours(self, unit: Unit, hours: tuple[Window, ...]) -> bool:
        rows = self.session.scalars(select(VisitingHours).where(VisitingHours.unit_id == unit.id))
        if {Window(row.weekday, row.opens, row.closes) for row in rows} == set(hours):
            return False
        self.session.execute(delete(VisitingHours).where(VisitingHours.unit_id == unit.id))
        self.session.add_all(
            VisitingHours(unit_id=unit.id, weekday=w.weekday, opens=w.starts, closes=w.ends)
            for w in hours
        )
        return True

    def _set_needs(self, unit: Unit, needs: frozenset[str] | None, *, is_new: bool) -> bool:
        if needs is None and not is_new:
            return False
        wanted = {*(needs or ()), *self.mapping.needs_always}
        mine = ClearanceRequirement.unit_id == unit.id
        if set(self.session.scalars(select(ClearanceRequirement.kind).where(mine))) == wanted:
            return False
        self.session.execute(delete(ClearanceRequirement).where(mine))
        self.session.add_all(
            ClearanceRequirement(unit_id=unit.id, kind=kind) for kind in sorted(wanted)
        )
        return True

    def _set_brief(self, unit: Unit, text: str) -> bool:
        """Add a version where the text is new; older versions stay."""
        mine = select(UnitBrief).where(UnitBrief.unit_id == unit.id)
        current = self.session.scalars(mine.order_by(UnitBrief.version.desc()).limit(1)).first()
        if not text or (current is not None and current.text == text):
            return False
        version = current.version + 1 if current is not None else 1
        brief = UnitBrief(unit_id=unit.id, version=version, text=text, created_at=self.context.now)
        self.session.add(brief)
        return True

    def _welcome_liaison(self, record: UnitRow, hospital: Hospital) -> bool:
        """Give the liaison an account and a place at the hospital, once. An ended one stays so."""
        if not record.liaison_email:
            return False
        account = accounts.by_email(self.session, record.liaison_email)
        if account is None:
            account = accounts.create(
                self.session,
                email=record.liaison_email,
                name=record.liaison_name or record.name,
                locale="en",
                now=self.context.now,
            )
        place = select(func.count()).where(
            Membership.account_id == account.id,
            Membership.kind == Kind.LIAISON,
            Membership.hospital_id == hospital.id,
        )
        if self.session.scalar(place):
            return False
        membership = Membership(
            account_id=account.id,
            kind=Kind.LIAISON,
            hospital_id=hospital.id,
            starts_at=self.context.now,
        )
        self.session.add(membership)
        importer.record(self.session, "membership.import", membership, context=self.context)
        return True
