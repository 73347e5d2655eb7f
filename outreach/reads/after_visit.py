"""What pages show of telling after a visit: a speaker's debrief, and the unit's word."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import crypto, i18n
from outreach.accounts.models import Account
from outreach.directory.models import Affiliate, Hospital, Unit
from outreach.i18n import gettext as _
from outreach.i18n import ngettext
from outreach.links import Links, id_in
from outreach.reads import agenda, words
from outreach.reads.agenda import VisitView
from outreach.reads.words import Status
from outreach.speakers.models import Speaker
from outreach.visits import afterwards, telling
from outreach.visits.models import (
    Assignment,
    Attendance,
    Debrief,
    Offer,
    Slot,
    Visit,
    VisitRequest,
    WardReport,
)
from outreach.visits.telling import Outcome, Teller

CAME = "came"
"""What is known of a visit of which the unit said nothing, but that somebody came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DebriefPage:
    """What a speaker who tells sees. Numbers are as they are known, or our guess.

    `effort_stands`: a coordinator has recorded hours and miles, so they are only shown.
    """

    assignment_id: str
    locale: str
    first_name: str
    phone: str | None
    visit: VisitView
    until: datetime
    is_told: bool
    how_was_it: str | None
    how_are_you: str | None
    words: str
    minutes: int
    miles: int | None
    people: int | None
    effort_stands: bool

    @property
    def effort(self) -> str:
        """Hours and miles in words."""
        return effort_words(self.minutes, self.miles)


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who was to come, as a unit knows them; `public_id` is the assignment's."""

    public_id: str
    first_name: str
    role: str
    is_missing: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CamePage:
    """What a unit that tells sees."""

    visit_id: str
    locale: str
    phone: str | None
    place: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    until: datetime
    guests: Sequence[Guest]
    outcome: str | None
    words: str
    people: int | None

    @property
    def day(self) -> date:
        """The day, where the visit was."""
        return self.starts_at.astimezone(ZoneInfo(self.zone)).date()

    @property
    def is_told(self) -> bool:
        """Say whether the unit has told already."""
        return self.outcome is not None

    @property
    def who(self) -> str:
        """Who was to come: "Maria and Daniel"."""
        return words.names([guest.first_name for guest in self.guests])


@dataclass(frozen=True, slots=True)
class Year:
    """What a speaker has given this year: visits, minutes, miles."""

    visits: int
    minutes: int
    miles: int

    @property
    def words(self) -> str:
        """All of it in a line: "4 visits, 7 h 30 min, 120 miles"."""
        visits = ngettext("%(num)s visit", "%(num)s visits", self.visits)
        return f"{visits}, {effort_words(self.minutes, self.miles)}"


def debrief_token(assignment_id: str, *, speaker_id: str, ends_at: datetime, links: Links) -> str:
    """Return the token of a speaker's link; the ids are public ids."""
    until = telling.open_until(ends_at)
    return links.debrief_token(assignment_id, speaker_id=speaker_id, expires_at=until)


def came_token(visit: Visit, *, links: Links) -> str:
    """Return the token of a unit's link."""
    return links.came_token(visit.public_id, expires_at=telling.open_until(visit.ends_at))


def assignment_of(
    session: Session, token: str, *, links: Links, now: datetime
) -> Assignment | None:
    """Return what a speaker's link is about; None for one that never was, or is dead."""
    wanted = (
        select(Assignment, Visit, Speaker.public_id)
        .join(Visit, Visit.id == Assignment.visit_id)
        .join(Speaker, Speaker.id == Assignment.speaker_id)
        .where(Assignment.active, Assignment.public_id == id_in(token))
    )
    found = session.execute(wanted).one_or_none()
    if found is None:
        return None
    assignment, visit, speaker_id = found
    right = debrief_token(
        assignment.public_id, speaker_id=speaker_id, ends_at=visit.ends_at, links=links
    )
    return assignment if crypto.equal(token, right) and _is_open(visit, now=now) else None


def visit_of(session: Session, token: str, *, links: Links, now: datetime) -> Visit | None:
    """Return what a unit's link is about; None for one that never was, or is dead."""
    wanted = select(Visit).where(Visit.public_id == id_in(token))
    visit = session.scalars(wanted).one_or_none()
    if visit is None:
        return None
    right = came_token(visit, links=links)
    return visit if crypto.equal(token, right) and _is_open(visit, now=now) else None


def debrief_page(session: Session, assignment: Assignment) -> DebriefPage:
    """Return what a speaker who tells of this assignment sees."""
    speaker = session.get_one(Speaker, assignment.speaker_id)
    visit = session.get_one(Visit, assignment.visit_id)
    role = session.get_one(Slot, assignment.slot_id).role
    told = afterwards.debrief(session, assignment)
    known = afterwards.attendance(session, assignment)
    audience = afterwards.audience(session, visit)
    view = agenda.views(session, {visit.id: role}, speaker_id=speaker.id)[visit.id]
    minutes, miles = _effort(session, assignment, known, view)
    return DebriefPage(
        assignment_id=assignment.public_id,
        locale=speaker.locale,
        first_name=speaker.first_name,
        phone=session.get_one(Affiliate, visit.affiliate_id).phone,
        visit=view,
        until=telling.open_until(visit.ends_at),
        is_told=told is not None,
        how_was_it=told.how_was_it if told else None,
        how_are_you=told.how_are_you if told else None,
        words=told.words if told else "",
        minutes=minutes,
        miles=miles,
        people=audience.people if audience else None,
        effort_stands=known is not None and known.effort_said_by == Teller.COORDINATOR,
    )


def came_page(session: Session, visit: Visit) -> CamePage:
    """Return what a unit that tells of this visit sees."""
    unit = session.get_one(Unit, visit.unit_id)
    hospital = session.get_one(Hospital, unit.hospital_id)
    report = afterwards.ward_report(session, visit)
    audience = afterwards.audience(session, visit)
    asker = (
        select(Account.locale)
        .join(VisitRequest, VisitRequest.requested_by_id == Account.id)
        .where(VisitRequest.id == visit.request_id)
    )
    return CamePage(
        visit_id=visit.public_id,
        locale=session.scalar(asker) or i18n.DEFAULT,
        phone=session.get_one(Affiliate, visit.affiliate_id).phone,
        place=f"{hospital.name}, {unit.name}",
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        zone=visit.time_zone,
        until=telling.open_until(visit.ends_at),
        guests=_guests(session, visit),
        outcome=report.outcome if report else None,
        words=report.words if report else "",
        people=audience.people if audience else None,
    )


def to_tell(session: Session, assignment_ids: Collection[str], *, now: datetime) -> dict[str, bool]:
    """Say of a speaker's past assignments, by public id, which are open and told already.

    What is not open any more is left out. One query, however many.
    """
    rows = session.execute(
        select(Assignment.public_id, Assignment.ends_at, Debrief.id)
        .outerjoin(Debrief, Debrief.assignment_id == Assignment.id)
        .where(Assignment.public_id.in_(assignment_ids), Assignment.active)
    )
    return {
        public_id: debrief_id is not None
        for public_id, ends_at, debrief_id in rows
        if telling.is_open(ends_at, to=Teller.SPEAKER, now=now)
    }


def year(session: Session, speaker: Speaker, *, now: datetime) -> Year:
    """Return what a speaker has given since January 1, where the speaker lives."""
    zone = ZoneInfo(speaker.time_zone)
    begins = datetime(now.astimezone(zone).year, 1, 1, tzinfo=zone)
    given = (
        select(
            func.count().filter(Attendance.came == "yes"),
            func.sum(Attendance.minutes),
            func.sum(Attendance.miles),
        )
        .join(Assignment, Assignment.id == Attendance.assignment_id)
        .where(
            Assignment.speaker_id == speaker.id,
            Assignment.active,
            Assignment.starts_at >= begins,
        )
    )
    visits, minutes, miles = session.execute(given).one()
    return Year(visits, minutes or 0, miles or 0)


def effort_words(minutes: int | None, miles: int | None) -> str:
    """Return "1 h 30 min, 12 miles"; what is not known is left out."""
    said = [] if minutes is None else [duration(minutes)]
    if miles is not None:
        said.append(ngettext("%(num)s mile", "%(num)s miles", miles))
    return ", ".join(said)


def duration(minutes: int) -> str:
    """Return "1 h 30 min", the same in both languages."""
    hours, rest = divmod(minutes, 60)
    said = [f"{hours}{i18n.NBSP}h"] if hours else []
    return " ".join([*said, f"{rest}{i18n.NBSP}min"] if rest or not hours else said)


def outcome_words(outcome: str) -> str:
    """Say what the unit told of a visit."""
    said = {
        "all_came": _("Everyone came"),
        "someone_missing": _("Someone could not attend"),
        "not_held": _("It did not take place"),
    }
    return said[outcome]


def known(session: Session, visit_ids: Sequence[int]) -> Mapping[int, str]:
    """Return what is known of visits that are over: the unit's word, else that somebody came.

    "" where nobody has told; how_it_was says it in words.
    """
    if not visit_ids:
        return defaultdict(str)
    came = (
        select(Assignment.visit_id)
        .join(Attendance, Attendance.assignment_id == Assignment.id)
        .where(Assignment.visit_id.in_(visit_ids), Attendance.came == "yes")
    )
    said = select(WardReport.visit_id, WardReport.outcome).where(WardReport.visit_id.in_(visit_ids))
    found = defaultdict(str, dict.fromkeys(session.scalars(came), CAME))
    return found | {row[0]: row[1] for row in session.execute(said)}


def how_it_was(told: str) -> Status:
    """Say what came of a visit that is over and had somebody to come."""
    if told == CAME:
        return Status("settled", _("It took place"))
    if not told:
        return Status("waiting", _("Nobody has told yet"))
    kinds = {Outcome.ALL_CAME: "settled", Outcome.SOMEONE_MISSING: "half", Outcome.NOT_HELD: "off"}
    return Status(kinds[Outcome(told)], outcome_words(told))


def _is_open(visit: Visit, *, now: datetime) -> bool:
    return visit.called_off_at is None and telling.is_open(
        visit.ends_at, to=Teller.LIAISON, now=now
    )


def _effort(
    session: Session, assignment: Assignment, known: Attendance | None, view: VisitView
) -> tuple[int, int | None]:
    """Return minutes and miles as known, else the visit's length and the way as the crow flies."""
    minutes = round((view.ends_at - view.starts_at).total_seconds() / 60)
    offer = session.get(Offer, assignment.offer_id) if assignment.offer_id else None
    miles = round(2 * offer.distance_km / words.KM_PER_MILE) if offer else None
    if view.by_video:
        miles = 0
    if known is None:
        return minutes, miles
    return (
        minutes if known.minutes is None else known.minutes,
        miles if known.miles is None else known.miles,
    )


def _guests(session: Session, visit: Visit) -> list[Guest]:
    went = (
        select(Assignment.public_id, Speaker.first_name, Slot.role, Attendance.came)
        .join(Speaker, Speaker.id == Assignment.speaker_id)
        .join(Slot, Slot.id == Assignment.slot_id)
        .outerjoin(Attendance, Attendance.assignment_id == Assignment.id)
        .where(Assignment.visit_id == visit.id, Assignment.active)
        .order_by(Slot.id)
    )
    return [
        Guest(public_id, name, words.role_name(role), is_missing=came == "no")
        for public_id, name, role, came in session.execute(went)
    ]
