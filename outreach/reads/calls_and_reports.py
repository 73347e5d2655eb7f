"""What waits for a coordinator after visits: people to call, and incident reports to settle."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from sqlalchemy import BindParameter, Select, bindparam
from sqlalchemy.orm import Session

from outreach import access, i18n, phone
from outreach.actor import Actor
from outreach.directory.models import Hospital, Unit
from outreach.i18n import gettext as _
from outreach.reads import words
from outreach.reads.needs import Group, Need, Step
from outreach.reads.words import Status
from outreach.speakers.models import Speaker
from outreach.visits import telling
from outreach.visits.models import Assignment, Debrief, IncidentReport, Visit
from outreach.visits.telling import HowAreYou

_WAITS = [str(word) for word in HowAreYou if word in telling.WAITS_FOR_A_CALL]
"""In the order of the index's condition."""


def needs(session: Session, actor: Actor) -> Iterator[Need]:
    """Give everyone who waits for a call, then every report; the longest waiting first."""
    yield from _calls(session, actor)
    yield from _reports(session, actor)


def waiting(actor: Actor) -> tuple[Select[int], Select[int]]:
    """Return selects of what `needs` gives, to be counted."""
    return (
        _to_call(actor).with_only_columns(Debrief.id),
        _open_reports(actor).with_only_columns(IncidentReport.id),
    )


def _calls(session: Session, actor: Actor) -> Iterator[Need]:
    rows = (
        _to_call(actor)
        .add_columns(Speaker, Visit)
        .join(Assignment, Assignment.id == Debrief.assignment_id)
        .join(Speaker, Speaker.id == Assignment.speaker_id)
        .join(Visit, Visit.id == Assignment.visit_id)
        .order_by(Debrief.said_at, Debrief.id)
    )
    for debrief, speaker, visit in session.execute(rows):
        wishes = debrief.how_are_you == HowAreYou.CALL
        number = phone.display(speaker.phone) if speaker.phone else speaker.email
        yield Need(
            group=Group.FIRST,
            status=Status("needs", _("Would like a call") if wishes else _("Is not so well")),
            title=f"{speaker.first_name} {speaker.last_name}",
            text=_(
                "After the visit on %(day)s. %(reached)s",
                day=_day(visit),
                reached=number,
            ),
            step=Step.HAVE_CALLED,
            target=debrief.public_id,
            visit=visit.public_id,
        )


def _reports(session: Session, actor: Actor) -> Iterator[Need]:
    rows = (
        _open_reports(actor)
        .add_columns(Visit, Unit.name, Hospital.name)
        .join(Visit, Visit.id == IncidentReport.visit_id)
        .join(Unit, Unit.id == Visit.unit_id)
        .join(Hospital, Hospital.id == Unit.hospital_id)
        .order_by(IncidentReport.said_at, IncidentReport.id)
    )
    for report, visit, unit, hospital in session.execute(rows):
        yield Need(
            group=Group.FIRST,
            status=Status("needs", _("Incident report")),
            title=f"{words.capital(_day(visit))}, {hospital}, {unit}",
            text=said_by(report.said_by),
            step=Step.SETTLE_REPORT,
            target=report.public_id,
            visit=visit.public_id,
        )


def said_by(teller: str) -> str:
    """Say who reported something."""
    said = {
        "speaker": _("Reported by a speaker."),
        "liaison": _("Reported by the unit."),
        "coordinator": _("Reported by a coordinator."),
    }
    return said[teller]


def _to_call(actor: Actor) -> Select[Debrief]:
    # The words stand in the statement itself, or SQLite could not see that its index holds these
    # rows and no others.
    waits: BindParameter[list[str]] = bindparam(
        "waits", _WAITS, expanding=True, literal_execute=True
    )
    return access.scope(actor, Debrief).where(
        Debrief.called_at.is_(None), Debrief.how_are_you.in_(waits)
    )


def _open_reports(actor: Actor) -> Select[IncidentReport]:
    return access.scope(actor, IncidentReport).where(IncidentReport.settled_at.is_(None))


def _day(visit: Visit) -> str:
    return i18n.day(visit.starts_at.astimezone(ZoneInfo(visit.time_zone)))
