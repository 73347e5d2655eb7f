"""What is on record of a visit that is over, as its coordinator and its unit see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, not_, select
from sqlalchemy.orm import Session

from outreach import access, i18n
from outreach.accounts.models import Account
from outreach.actor import Actor
from outreach.directory.models import Unit
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import after_visit, calls_and_reports
from outreach.reads.words import Status
from outreach.speakers.models import Speaker
from outreach.visits import afterwards, telling
from outreach.visits.models import (
    Assignment,
    Attendance,
    Audience,
    Debrief,
    IncidentReport,
    Slot,
    Visit,
    WardReport,
)
from outreach.visits.telling import HowAreYou, HowWasIt, Incident

HOW_WAS_IT = {
    HowWasIt.WELL: lazy("It went well"),
    HowWasIt.MIXED: lazy("Some of it was hard"),
    HowWasIt.HARD: lazy("It was hard"),
    HowWasIt.NOT_THERE: lazy("Could not be there"),
    HowWasIt.NOT_HELD: lazy("It did not take place"),
}
HOW_ARE_YOU = {
    HowAreYou.WELL: lazy("Is well"),
    HowAreYou.ALL_RIGHT: lazy("Is all right"),
    HowAreYou.NOT_SO_WELL: lazy("Is not so well"),
    HowAreYou.CALL: lazy("Would like a call"),
}
INCIDENTS = {
    Incident.HURT: lazy("Somebody was hurt, or in danger"),
    Incident.DISTRESS: lazy("Somebody was in distress"),
    Incident.BOUNDARY: lazy("A boundary was crossed"),
    Incident.PRIVACY: lazy("Something private became known"),
    Incident.OTHER: lazy("Something else"),
}
MOST_UNTOLD = 5
"""How many visits a unit is asked about at once on its page."""

_SAID_BY = {
    "speaker": lazy("the speaker says"),
    "liaison": lazy("the unit says"),
    "coordinator": lazy("recorded by a coordinator"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """What one speaker told, as her coordinators see it. `waits` for a call."""

    public_id: str
    how_was_it: str
    how_are_you: str
    words: str
    said_at: datetime
    waits: bool


@dataclass(frozen=True, slots=True)
class Person:
    """One speaker of a visit; `public_id` is the assignment's."""

    public_id: str
    speaker_id: str
    first_name: str
    name: str
    came: Status
    effort: str
    told: Told | None


@dataclass(frozen=True, slots=True)
class Report:
    """One incident report."""

    public_id: str
    kind: str
    words: str
    said_by: str
    said_at: datetime
    settled_at: datetime | None
    settled_by: str
    note: str


@dataclass(frozen=True, slots=True)
class Record:
    """All that is on record of a visit; texts are empty where nothing was told."""

    people: Sequence[Person]
    audience: str
    unit: str
    unit_words: str
    reports: Sequence[Report]


@dataclass(frozen=True, slots=True)
class OfUnit:
    """What a unit sees of it: its own word and the number of patients."""

    outcome: str
    words: str
    audience: int | None
    is_open: bool
    until: datetime


@dataclass(frozen=True, slots=True)
class Untold:
    """A visit of which the unit has not told who came."""

    public_id: str
    starts_at: datetime
    zone: str
    unit: str


def untold(session: Session, actor: Actor, *, now: datetime) -> list[Untold]:
    """Return the visits of a liaison's units that wait for the unit's word, the latest first."""
    went = exists().where(Assignment.visit_id == Visit.id, Assignment.active)
    told = exists().where(WardReport.visit_id == Visit.id)
    waiting = (
        access.scope(actor, Visit)
        .add_columns(Unit.name)
        .join(Unit, Unit.id == Visit.unit_id)
        .where(
            Visit.called_off_at.is_(None),
            Visit.ends_at <= now,
            Visit.ends_at > now - telling.OPEN_FOR,
            # For the index of a unit's visits; none is as long as a day.
            Visit.starts_at > now - telling.OPEN_FOR - timedelta(days=1),
            went,
            not_(told),
        )
        .order_by(Visit.ends_at.desc(), Visit.id)
        .limit(MOST_UNTOLD)
    )
    return [
        Untold(visit.public_id, visit.starts_at, visit.time_zone, unit)
        for visit, unit in session.execute(waiting)
    ]


def record(session: Session, visit: Visit) -> Record:
    """Return all that is on record. The number of queries does not depend on how much."""
    report = afterwards.ward_report(session, visit)
    return Record(
        people=_people(session, visit),
        audience=_audience(afterwards.audience(session, visit)),
        unit=after_visit.outcome_words(report.outcome) if report else "",
        unit_words=report.words if report else "",
        reports=reports(session, visit),
    )


def of_unit(session: Session, visit: Visit, *, now: datetime) -> OfUnit:
    """Return what the unit sees of it."""
    report: WardReport | None = afterwards.ward_report(session, visit)
    audience = afterwards.audience(session, visit)
    return OfUnit(
        outcome=after_visit.outcome_words(report.outcome) if report else "",
        words=report.words if report else "",
        audience=audience.people if audience else None,
        is_open=telling.is_open(visit.ends_at, to=telling.Teller.LIAISON, now=now),
        until=telling.open_until(visit.ends_at),
    )


def reports(session: Session, visit: Visit) -> list[Report]:
    """Return the incident reports of a visit, the latest first."""
    found = (
        select(IncidentReport, Account.name)
        .outerjoin(Account, Account.id == IncidentReport.settled_by_id)
        .where(IncidentReport.visit_id == visit.id)
        .order_by(IncidentReport.said_at.desc(), IncidentReport.id.desc())
    )
    return [
        Report(
            public_id=row.public_id,
            kind=_(INCIDENTS[Incident(row.kind)]),
            words=row.words,
            said_by=calls_and_reports.said_by(row.said_by),
            said_at=row.said_at,
            settled_at=row.settled_at,
            settled_by=name or "",
            note=row.note,
        )
        for row, name in session.execute(found)
    ]


def _people(session: Session, visit: Visit) -> list[Person]:
    went = (
        select(Assignment, Speaker, Attendance, Debrief)
        .join(Speaker, Speaker.id == Assignment.speaker_id)
        .join(Slot, Slot.id == Assignment.slot_id)
        .outerjoin(Attendance, Attendance.assignment_id == Assignment.id)
        .outerjoin(Debrief, Debrief.assignment_id == Assignment.id)
        .where(Assignment.visit_id == visit.id, Assignment.active)
        .order_by(Slot.id)
    )
    return [
        Person(
            public_id=assignment.public_id,
            speaker_id=speaker.public_id,
            first_name=speaker.first_name,
            name=f"{speaker.first_name} {speaker.last_name}",
            came=_came(attendance),
            effort=_effort(attendance),
            told=_told(debrief),
        )
        for assignment, speaker, attendance, debrief in session.execute(went)
    ]


def _came(row: Attendance | None) -> Status:
    if row is None or row.came == "unknown" or row.came_said_by is None:
        return Status("waiting", _("Not known yet"))
    by = _(_SAID_BY[row.came_said_by])
    if row.came == "yes":
        return Status("settled", _("Came (%(by)s)", by=by))
    return Status("off", _("Could not attend (%(by)s)", by=by))


def _effort(row: Attendance | None) -> str:
    if row is None or row.effort_said_by is None:
        return ""
    effort = after_visit.effort_words(row.minutes, row.miles)
    return _("%(effort)s (%(by)s)", effort=effort, by=_(_SAID_BY[row.effort_said_by]))


def _audience(row: Audience | None) -> str:
    if row is None:
        return ""
    people = i18n.ngettext("%(num)s patient", "%(num)s patients", row.people)
    return _("%(people)s (%(by)s)", people=people, by=_(_SAID_BY[row.said_by]))


def _told(row: Debrief | None) -> Told | None:
    if row is None:
        return None
    return Told(
        public_id=row.public_id,
        how_was_it=_(HOW_WAS_IT[HowWasIt(row.how_was_it)]),
        how_are_you=_(HOW_ARE_YOU[HowAreYou(row.how_are_you)]),
        words=row.words,
        said_at=row.said_at,
        waits=row.called_at is None and row.how_are_you in telling.WAITS_FOR_A_CALL,
    )
