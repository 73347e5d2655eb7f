"""What each person's calendar shows of a visit: who comes, who is asked, the ward, the bureau."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.directory.models import Hospital, Program, Unit, UnitBrief
from outreach.i18n import gettext, speaking, when
from outreach.speakers.models import Speaker
from outreach.visits import service as visits
from outreach.visits.models import Assignment, Offer, Slot, Visit, VisitRequest
from outreach.workflows import notices, recipients
from outreach.workflows.recipients import Recipient

SEEN: Final = "seen"
"""The value in which a calendar mail keeps the fingerprint of what it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What one person's calendar shows of the visit. A question has what its mail is made of."""

    summary: str
    location: str
    description: str
    tentative: bool = False
    asks: Mapping[str, Any] | None = None


def wanted(
    session: Session, visit: Visit, *, known: set[tuple[str, int]]
) -> Iterator[tuple[Recipient, Shown]]:
    """Give everyone whose calendar is to show the visit, and what it shows.

    `known` are the owners whose calendars have it: by kind and primary key.
    """
    if visit.called_off_at is not None:
        return
    assignments = visits.active_assignments(session, visit.id)
    ids = [a.speaker_id for a in assignments]
    speakers = {s.id: s for s in session.scalars(select(Speaker).where(Speaker.id.in_(ids)))}
    for assignment in assignments:
        to = recipients.speaker(speakers[assignment.speaker_id])
        shown = _for_speaker(session, visit, to)
        told = [shown.description, *_news(session, visit, to, assignment=assignment)]
        yield to, replace(shown, description="\n".join(told))
    yield from _asked(session, visit, coming=speakers.keys())
    names = {a.slot_id: speakers[a.speaker_id].first_name for a in assignments}
    bureau = recipients.bureau(visit)
    yield bureau, _for_bureau(session, visit, bureau, names)
    ward = recipients.liaison(session, visit)
    # Once the ward knows of the visit it keeps it, also while a substitute is being found.
    if ward is not None and (assignments or ward.key in known):
        yield ward, _for_ward(session, visit, ward, names)


def _asked(
    session: Session, visit: Visit, *, coming: Collection[int]
) -> Iterator[tuple[Recipient, Shown]]:
    """Give who waits to be answered in the calendar, and what the question is made of."""
    waiting = (
        select(Offer, Speaker, Slot.role)
        .join(Speaker, Speaker.id == Offer.speaker_id)
        .join(Slot, Slot.id == Offer.slot_id)
        .where(Offer.visit_id == visit.id, Offer.state == "open", Speaker.asked_by_calendar)
    )
    for offer, speaker, role in session.execute(waiting):
        if speaker.id in coming:
            continue
        to = recipients.speaker(speaker)
        asks = notices.question(offer, speaker.public_id, role=role)
        with speaking(to.locale):
            summary = gettext("Outreach visit?")
            details = gettext("Can you go? Answer here, or by the link in our message.")
        shown = _for_speaker(session, visit, to)
        shown = replace(shown, summary=summary, description=details, tentative=True, asks=asks)
        yield to, shown


def without_place(locale: str) -> Shown:
    """Return what the calendar shows of somebody who lets no place be seen."""
    with speaking(locale):
        return Shown(
            summary=gettext("Outreach visit"),
            location="",
            description=gettext("Everything about this visit is on your page, My visits."),
        )


def _for_speaker(session: Session, visit: Visit, to: Recipient) -> Shown:
    shown = without_place(to.locale)
    if not to.sees_places:
        return shown
    unit = session.get_one(Unit, visit.unit_id)
    hospital = session.get_one(Hospital, unit.hospital_id)
    summary = f"{shown.summary}: {hospital.name}, {unit.name}"
    return replace(shown, summary=summary, location=_address(session, visit, unit, hospital))


def _news(session: Session, visit: Visit, to: Recipient, *, assignment: Assignment) -> list[str]:
    """Return word that what to expect on the unit was written anew since the speaker's yes.

    Not the text itself: it may name people and their numbers, which no calendar is to show.
    """
    newest = select(func.max(UnitBrief.created_at)).where(UnitBrief.unit_id == visit.unit_id)
    written = session.scalar(newest)
    if written is None or written <= visits.said_yes_at(session, assignment):
        return []
    with speaking(to.locale):
        since_when = when(written, zone=visit.time_zone)
        return [gettext("What to expect there was changed on %(when)s.", when=since_when)]


def _for_ward(session: Session, visit: Visit, to: Recipient, names: dict[int, str]) -> Shown:
    unit = session.get_one(Unit, visit.unit_id)
    program = session.get_one(Program, visit.program_id)
    with speaking(to.locale):
        lines = [_who(slot, names.get(slot.id)) for slot in visits.slots(session, visit.id)]
        summary = gettext("Peer speaker visit, %(unit)s", unit=unit.name)
    return Shown(summary=summary, location=unit.name, description="\n".join([program.name, *lines]))


def _for_bureau(session: Session, visit: Visit, to: Recipient, names: dict[int, str]) -> Shown:
    """Give what coordinators see: where it is, and who comes; not certain until all are found."""
    unit = session.get_one(Unit, visit.unit_id)
    hospital = session.get_one(Hospital, unit.hospital_id)
    shown = _for_ward(session, visit, to, names)
    return replace(
        shown,
        summary=f"{hospital.name}, {unit.name}",
        location=_address(session, visit, unit, hospital),
        tentative=any(slot.id not in names for slot in visits.slots(session, visit.id)),
    )


def _address(session: Session, visit: Visit, unit: Unit, hospital: Hospital) -> str:
    """Return where people go; a visit by video is nowhere."""
    if session.get_one(VisitRequest, visit.request_id).by_video:
        return ""
    return ", ".join(part for part in (unit.street, hospital.city) if part)


def _who(slot: Slot, name: str | None) -> str:
    role = gettext(slot.role)
    if name is None:
        return gettext("%(role)s: still being found", role=role)
    return gettext("%(role)s: %(name)s", role=role, name=name)
