"""One visit as its coordinator sees it: who comes, who is asked, the unit, what happened."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import i18n, phone
from outreach.accounts.models import Account
from outreach.audit import AuditEvent
from outreach.directory.models import ClearanceRequirement, Hospital, Unit
from outreach.i18n import gettext as _
from outreach.reads import board, calendar_mail, words
from outreach.reads.board import VisitRow
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Slot, Visit, VisitRequest

CLOSE = frozenset({"too_far", "language", "unit_type", "not_certified"})
"""Whoever has none of these against them comes close to fitting."""


@dataclass(frozen=True, slots=True)
class Person:
    """A speaker, as a visit names one."""

    public_id: str
    first_name: str
    name: str
    prefers_calls: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """An offer that waits for an answer."""

    public_id: str
    person: Person
    offered_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """One slot: who has it, or who is being asked. `calendar` is what that person's calendar says.

    "" where it has said nothing of the visit as it is now.
    """

    public_id: str
    role: str
    is_open: bool
    person: Person | None
    assignment_id: str | None
    since: datetime | None
    calendar: str
    asked: Sequence[Asked]


@dataclass(frozen=True, slots=True)
class Happened:
    """One line of what happened."""

    at: datetime
    words: str


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """What the page says of the unit."""

    public_id: str
    contact: str
    phone: str | None
    street: str
    clearances: Sequence[str]


@dataclass(frozen=True, slots=True)
class VisitPage:
    """Everything the page shows beside who fits."""

    row: VisitRow
    minutes: int
    places: Sequence[Place]
    unit: UnitFacts
    request: VisitRequest
    happened: Sequence[Happened]

    @property
    def language(self) -> str:
        """The language of the visit, in words."""
        return words.language(self.row.language)

    @property
    def warnings(self) -> list[str]:
        """The soft rules that were set aside, in words."""
        return [words.warning(code) for code in self.row.warnings]

    @property
    def timeline(self) -> list[tuple[str, str, bool]]:
        """What happened, as the page draws it: the latest first, and only that one filled."""
        zone = ZoneInfo(self.row.zone)
        return [
            (words.capital(i18n.short_day(each.at.astimezone(zone))), each.words, index == 0)
            for index, each in enumerate(self.happened)
        ]


@dataclass(frozen=True, slots=True)
class Against:
    """A speaker who does not fit, what stands in the way, and what would help."""

    person: Person
    stands: Sequence[str]
    helps: str
    comes_close: bool


def page(session: Session, visit: Visit, *, now: datetime) -> VisitPage:
    """Return what the page shows."""
    row = board.rows(session, select(Visit).where(Visit.id == visit.id), now=now)[0]
    unit = session.get_one(Unit, visit.unit_id)
    request = session.get_one(VisitRequest, visit.request_id)
    assignments = _assignments(session, visit)
    offers = _offers(session, visit)
    return VisitPage(
        row=row,
        minutes=int((visit.ends_at - visit.starts_at).total_seconds() // 60),
        places=_places(session, visit, assignments, offers),
        unit=_unit(session, unit),
        request=request,
        happened=_latest_first(_happened(session, visit, request, assignments, offers)),
    )


def people(session: Session, speaker_ids: Iterable[int]) -> dict[int, Person]:
    """Return speakers by primary key."""
    # Columns, not entities: a visit's page names everyone of an affiliate.
    found = select(
        Speaker.id, Speaker.public_id, Speaker.first_name, Speaker.last_name, Speaker.channel
    ).where(Speaker.id.in_(list(speaker_ids)))
    return {
        pk: _person(public_id, first, last, channel=channel)
        for pk, public_id, first, last, channel in session.execute(found)
    }


def person(speaker: Speaker) -> Person:
    """Return a speaker as a visit names one."""
    return _person(
        speaker.public_id, speaker.first_name, speaker.last_name, channel=speaker.channel
    )


def against(
    session: Session, refusals: Mapping[int, Sequence[Any]], *, hospital: str
) -> list[Against]:
    """Put into words why each of these speakers does not fit, those who come close first.

    `refusals` is by primary key, as the engine gave them. The order depends on nothing that
    could tell an exclusion from an ordinary unavailability.
    """
    known = people(session, refusals)
    wording = _Wording(hospital, blocking(session, refusals))
    rows = [
        _against(known[speaker_id], found, wording)
        for speaker_id, found in refusals.items()
        if speaker_id in known and found
    ]
    return sorted(rows, key=lambda r: (not r.comes_close, len(r.stands), r.person.name))


def _assignments(session: Session, visit: Visit) -> list[tuple[Assignment, Speaker]]:
    found = (
        select(Assignment, Speaker)
        .join(Speaker, Speaker.id == Assignment.speaker_id)
        .where(Assignment.visit_id == visit.id)
        .order_by(Assignment.id)
    )
    return list(session.execute(found))


def _offers(session: Session, visit: Visit) -> list[tuple[Offer, Speaker]]:
    found = (
        select(Offer, Speaker)
        .join(Speaker, Speaker.id == Offer.speaker_id)
        .where(Offer.visit_id == visit.id)
        .order_by(Offer.id)
    )
    return list(session.execute(found))


def _places(
    session: Session,
    visit: Visit,
    assignments: Sequence[tuple[Assignment, Speaker]],
    offers: Sequence[tuple[Offer, Speaker]],
) -> list[Place]:
    taken = {a.slot_id: (a, person(speaker)) for a, speaker in assignments if a.active}
    asked: dict[int, list[Asked]] = {}
    for offer, speaker in offers:
        if offer.state == "open":
            asked.setdefault(offer.slot_id, []).append(
                Asked(offer.public_id, person(speaker), offer.offered_at, offer.expires_at)
            )
    slots = session.scalars(select(Slot).where(Slot.visit_id == visit.id)).all()
    ordered = sorted(slots, key=lambda slot: (slot.role != "lead", slot.role, slot.position))
    said = calendar_mail.said_of(session, visit)
    return [_place(slot, taken.get(slot.id), asked.get(slot.id, []), said) for slot in ordered]


def _place(
    slot: Slot,
    taken: tuple[Assignment, Person] | None,
    asked: Sequence[Asked],
    said: Mapping[int, str],
) -> Place:
    assignment, who = taken or (None, None)
    return Place(
        public_id=slot.public_id,
        role=words.role_name(slot.role),
        is_open=slot.state == "open",
        person=who,
        assignment_id=assignment.public_id if assignment else None,
        since=assignment.created_at if assignment else None,
        calendar=said.get(assignment.speaker_id, "") if assignment else "",
        asked=asked,
    )


def _unit(session: Session, unit: Unit) -> UnitFacts:
    needs = select(ClearanceRequirement.kind).where(ClearanceRequirement.unit_id == unit.id)
    return UnitFacts(
        public_id=unit.public_id,
        contact=unit.contact_name,
        phone=phone.display(unit.contact_phone) if unit.contact_phone else None,
        street=unit.street,
        clearances=[words.clearance(kind) for kind in session.scalars(needs)],
    )


def _happened(
    session: Session,
    visit: Visit,
    request: VisitRequest,
    assignments: Sequence[tuple[Assignment, Speaker]],
    offers: Sequence[tuple[Offer, Speaker]],
) -> Iterator[Happened]:
    yield Happened(request.created_at, _asked_for(session, request))
    for offer, speaker in offers:
        yield from _of_offer(offer, speaker.first_name)
    for assignment, speaker in assignments:
        yield from _of_assignment(assignment, speaker.first_name)
    moved = select(AuditEvent.at).where(
        AuditEvent.subject_kind == "visit",
        AuditEvent.subject_id == visit.id,
        AuditEvent.action == "visit.move",
    )
    for at in session.scalars(moved):
        yield Happened(at, _("The time was changed"))
    if visit.called_off_at is not None:
        yield Happened(visit.called_off_at, _("Called off; everyone was told"))


def _latest_first(happened: Iterable[Happened]) -> list[Happened]:
    """Order by time; of what happened at one instant, what was told last comes first."""
    return sorted(happened, key=lambda each: each.at)[::-1]


def _asked_for(session: Session, request: VisitRequest) -> str:
    if request.requested_by_id is None:
        return _("Asked for")
    name = session.get_one(Account, request.requested_by_id).name
    return _("Asked for by %(name)s", name=name)


def _of_offer(offer: Offer, name: str) -> Iterator[Happened]:
    yield Happened(offer.offered_at, _("%(name)s was asked", name=name))
    if offer.state == "not_this_time" and offer.answered_at:
        yield Happened(offer.answered_at, _("%(name)s: not this time", name=name))
    elif offer.state == "withdrawn" and offer.answered_at:
        yield Happened(offer.answered_at, _("The question to %(name)s was taken back", name=name))
    elif offer.state == "lapsed":
        yield Happened(offer.expires_at, _("%(name)s gave no answer in time", name=name))


def _of_assignment(assignment: Assignment, name: str) -> Iterator[Happened]:
    yield Happened(assignment.created_at, _("%(name)s said yes", name=name))
    if assignment.ended_at is None:
        return
    said = {
        "cannot_come": _("%(name)s stepped back; the place is open again", name=name),
        "moved": _("%(name)s could not come at the new time", name=name),
    }
    if assignment.ended_because in said:
        yield Happened(assignment.ended_at, said[assignment.ended_because])


class _Wording:
    """Puts refusals into words; among hundreds of people few differ, so each is worded once."""

    def __init__(self, hospital: str, blocking: Mapping[str, str]) -> None:
        self._hospital = hospital
        self._blocking = blocking
        self._known: dict[tuple[Any, ...], tuple[str, str]] = {}

    def of(self, found: Any) -> tuple[str, str]:  # noqa: ANN401 - a refusal, as the engine gave it
        key = (found.code, *found.params.items())
        if key not in self._known:
            self._known[key] = words.refusal(
                str(found.code), found.params, hospital=self._hospital, blocking=self._blocking
            )
        return self._known[key]


def _person(public_id: str, first: str, last: str, *, channel: str) -> Person:
    return Person(public_id, first, f"{first} {last}", prefers_calls=channel == "call")


def _against(who: Person, found: Sequence[Any], wording: _Wording) -> Against:
    codes = {str(refusal.code) for refusal in found}
    pairs = [wording.of(refusal) for refusal in found]
    return Against(
        person=who,
        stands=list(dict.fromkeys(stands for stands, _helps in pairs)),
        # Nothing helps while one thing stands against which there is no help.
        helps="–"
        if any(h == "–" for _s, h in pairs)
        else "; ".join(dict.fromkeys(h for _s, h in pairs)),
        comes_close=not codes & CLOSE,
    )


def blocking(session: Session, refusals: Mapping[int, Sequence[Any]]) -> dict[str, str]:
    """Return "St. Clare, December 3" for each visit that stands in somebody's way."""
    ids = {r.params["visit"] for found in refusals.values() for r in found if "visit" in r.params}
    return named(session, ids)


def named(session: Session, public_ids: Iterable[str]) -> dict[str, str]:
    """Return "St. Clare, December 3" for visits, by public id."""
    rows = (
        select(Visit.public_id, Visit.starts_at, Visit.time_zone, Hospital.name)
        .join(Unit, Unit.id == Visit.unit_id)
        .join(Hospital, Hospital.id == Unit.hospital_id)
        .where(Visit.public_id.in_(list(public_ids)))
    )
    return {
        public_id: f"{hospital}, {i18n.day(starts_at.astimezone(ZoneInfo(zone)), weekday=False)}"
        for public_id, starts_at, zone, hospital in session.execute(rows)
    }
