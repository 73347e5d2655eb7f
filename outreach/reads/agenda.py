"""A speaker's own visits: what to know to get there, who comes along, what is asked of whom."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from outreach import i18n
from outreach.directory.models import Hospital, Program, Unit, UnitBrief
from outreach.i18n import gettext as _
from outreach.i18n import ngettext
from outreach.matching import Settings
from outreach.reads import words
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Slot, Visit, VisitRequest

MAPS = "https://www.google.com/maps/search/"
PAST_SHOWN = 5
ROAD_SPEED_KM_H = Settings().travel_speed_km_h


@dataclass(frozen=True, slots=True)
class Partner:
    """Somebody who comes along: a first name and a role's code."""

    first_name: str
    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitView:
    """A visit as the speaker who goes there, or is asked to, may see it."""

    public_id: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    called_off: bool
    program: str
    hospital: str
    unit: str
    street: str
    city: str
    state: str
    zip_code: str
    by_video: bool
    room: str
    notes: str
    contact_name: str
    contact_phone: str | None
    role: str
    places: int
    partners: tuple[Partner, ...]
    brief: tuple[str, ...]

    @property
    def day(self) -> date:
        """The day, where the visit is."""
        return self.starts_at.astimezone(ZoneInfo(self.zone)).date()

    @property
    def weekday(self) -> str:
        """The weekday's short name, for a date block."""
        return words.capital(i18n.short_day(self.day).split(",", maxsplit=1)[0])

    @property
    def is_full(self) -> bool:
        """Say whether everyone has been found, this speaker included."""
        return len(self.partners) + 1 >= self.places

    @property
    def place(self) -> str:
        """Hospital and unit in one line."""
        return f"{self.hospital}, {self.unit}"

    @property
    def address(self) -> str:
        """Where to go; empty when the visit is by video."""
        if self.by_video:
            return ""
        town = f"{self.city}, {self.state} {self.zip_code}"
        return f"{self.street}, {town}" if self.street else town

    @property
    def directions(self) -> str:
        """A map's https address; empty when the visit is by video."""
        if self.by_video:
            return ""
        goal = self.address if self.street else f"{self.hospital}, {self.address}"
        return f"{MAPS}?{urlencode({'api': 1, 'query': goal})}"

    @property
    def company(self) -> str:
        """Who comes along, in words: "You and Daniel are set"."""
        if self.partners:
            people = words.names([partner.first_name for partner in self.partners])
            if self.is_full:
                return _("You and %(names)s are set", names=people)
            return _("You and %(names)s come; one more is being found", names=people)
        return _("You are set") if self.is_full else _("Your partner is being found")

    @property
    def part(self) -> str:
        """The speaker's part, in words: "Co-presenter, with Daniel as lead"."""
        mine = words.role_name(self.role)
        if self.partners:
            others = words.names(
                [
                    _("%(name)s as %(role)s", name=p.first_name, role=words.role(p.role))
                    for p in self.partners
                ]
            )
            return _("%(part)s, with %(names)s", part=mine, names=others)
        if self.places > 1:
            return _("%(part)s. Your partner is still being found.", part=mine)
        return mine


@dataclass(frozen=True, slots=True)
class Going:
    """A visit the speaker has taken; `public_id` is the assignment's."""

    public_id: str
    visit: VisitView


@dataclass(frozen=True, slots=True)
class Question:
    """An offer that waits for the speaker's answer; `public_id` is the offer's."""

    public_id: str
    expires_at: datetime
    away: str
    why: str
    visit: VisitView

    @property
    def until(self) -> str:
        """Until when an answer helps: "Wednesday evening"."""
        return part_of_day(self.expires_at, zone=self.visit.zone)


@dataclass(frozen=True, slots=True)
class Agenda:
    """What a speaker's first page shows."""

    coming: Sequence[Going]
    past: Sequence[Going]
    questions: Sequence[Question]


def agenda(session: Session, speaker_id: int, *, now: datetime) -> Agenda:
    """Return a speaker's visits, soonest first, and open questions; past ones latest first.

    The number of queries does not depend on how many there are.
    """
    mine = (
        select(Assignment, Slot.role)
        .join(Slot, Slot.id == Assignment.slot_id)
        .where(Assignment.speaker_id == speaker_id, Assignment.active)
    )
    ahead = mine.where(Assignment.ends_at > now).order_by(Assignment.starts_at)
    behind = mine.where(Assignment.ends_at <= now).order_by(Assignment.starts_at.desc())
    coming = session.execute(ahead).all()
    past = session.execute(behind.limit(PAST_SHOWN)).all()
    asked = open_offers(session, speaker_id, now=now)
    seats = {a.visit_id: role for a, role in (*past, *coming)}
    shown = views(session, {**seats, **_seats(asked)}, speaker_id=speaker_id)
    return Agenda(
        coming=[Going(a.public_id, shown[a.visit_id]) for a, _role in coming],
        past=[Going(a.public_id, shown[a.visit_id]) for a, _role in past],
        questions=[_question(offer, shown[offer.visit_id]) for offer, _role in asked],
    )


def open_offers(session: Session, speaker_id: int, *, now: datetime) -> list[tuple[Offer, str]]:
    """Return the offers that wait for this speaker's answer, each with its role."""
    waiting = _waiting(speaker_id, now=now).order_by(Visit.starts_at, Offer.id)
    return list(session.execute(waiting))


def _waiting(speaker_id: int, *, now: datetime) -> Select[Offer, str]:
    return (
        select(Offer, Slot.role)
        .join(Slot, Slot.id == Offer.slot_id)
        .join(Visit, Visit.id == Offer.visit_id)
        .where(
            Offer.speaker_id == speaker_id,
            Offer.state == "open",
            Offer.expires_at > now,
            Slot.state == "open",
        )
    )


def questions(session: Session, speaker_id: int, *, now: datetime) -> list[Question]:
    """Return what the speaker is being asked, the soonest visit first."""
    asked = open_offers(session, speaker_id, now=now)
    shown = views(session, _seats(asked), speaker_id=speaker_id)
    return [_question(offer, shown[offer.visit_id]) for offer, _role in asked]


def views(session: Session, roles: Mapping[int, str], *, speaker_id: int) -> dict[int, VisitView]:
    """Return visits by primary key. `roles` gives the speaker's own part in each.

    Four queries, however many visits.
    """
    rows = session.execute(
        select(Visit, Unit, Hospital, Program.name, VisitRequest)
        .join(Unit, Unit.id == Visit.unit_id)
        .join(Hospital, Hospital.id == Unit.hospital_id)
        .join(Program, Program.id == Visit.program_id)
        .join(VisitRequest, VisitRequest.id == Visit.request_id)
        .where(Visit.id.in_(roles))
    )
    partners = _partners(session, roles, but=speaker_id)
    places = _places(session, roles)
    found = list(rows)
    briefs = _briefs(session, {unit.id for _visit, unit, *_rest in found})
    return {
        visit.id: VisitView(
            public_id=visit.public_id,
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
            zone=visit.time_zone,
            called_off=visit.called_off_at is not None,
            program=program,
            hospital=hospital.name,
            unit=unit.name,
            street=unit.street,
            city=hospital.city,
            state=hospital.state,
            zip_code=hospital.zip_code,
            by_video=request.by_video,
            room=request.room,
            notes=request.notes,
            contact_name=unit.contact_name,
            contact_phone=unit.contact_phone,
            role=roles[visit.id],
            places=places.get(visit.id, 0),
            partners=tuple(partners.get(visit.id, ())),
            brief=briefs.get(unit.id, ()),
        )
        for visit, unit, hospital, program, request in found
    }


def why_you(given: Iterable[Mapping[str, object]]) -> str:
    """Say in one sentence why this speaker was thought of; empty when nothing was kept."""
    said = {str(each["code"]): each.get("params") for each in given}
    parts = [
        clause
        for code, clause in (
            ("usual", _("come to this unit often")),
            ("certified", _("are trained for this")),
            ("free", _("are free at that time")),
        )
        if code in said
    ]
    recent = said.get("recent")
    if isinstance(recent, Mapping):
        parts.append(_lately(int(recent["visits"])))
    return _("You %(reasons)s.", reasons=words.names(parts)) if parts else ""


def why_taken(session: Session, assignment_id: str) -> str:
    """Say why this speaker was asked for a visit they took (public id); empty if nobody asked."""
    reasons = session.scalar(
        select(Offer.reasons)
        .join(Assignment, Assignment.offer_id == Offer.id)
        .where(Assignment.public_id == assignment_id)
    )
    return why_you(reasons or ())


def way_in(
    session: Session, visit_id: int, *, speaker_id: int, now: datetime
) -> tuple[str, str] | None:
    """Return what leads a speaker to a visit: "question" or "going", and the public id of it.

    That is an offer that waits for the answer, or else the last assignment. Neither is there when
    an offer has ended, or is overdue.
    """
    asked = _waiting(speaker_id, now=now).where(Offer.visit_id == visit_id)
    if (question := session.scalars(asked.limit(1)).first()) is not None:
        return "question", question.public_id
    went = select(Assignment.public_id).where(
        Assignment.visit_id == visit_id, Assignment.speaker_id == speaker_id
    )
    going = session.scalars(went.order_by(Assignment.id.desc()).limit(1)).first()
    return None if going is None else ("going", going)


def was_asked(session: Session, visit_id: str, *, speaker_id: int) -> bool:
    """Say whether a speaker was ever asked for a visit (public id), however that ended."""
    mine = (Visit.public_id == visit_id, Offer.speaker_id == speaker_id)
    asked = select(Offer.id).join(Visit, Visit.id == Offer.visit_id).where(*mine)
    return session.scalar(asked.limit(1)) is not None


def how_far(distance_km: float) -> str:
    """Say how long the way is: "about 12 minutes from you (4 miles)"."""
    # The line is straight and roads are not; the speed allows for that.
    minutes = max(5, round(distance_km / ROAD_SPEED_KM_H * 60))
    miles = round(distance_km / words.KM_PER_MILE)
    if miles < 1:
        return _("about %(minutes)s minutes from you", minutes=minutes)
    return ngettext(
        "about %(minutes)s minutes from you (%(num)s mile)",
        "about %(minutes)s minutes from you (%(num)s miles)",
        miles,
        minutes=minutes,
    )


def part_of_day(instant: datetime, *, zone: str) -> str:
    """Say roughly when: "Wednesday evening". The night belongs to the day before it."""
    local = instant.astimezone(ZoneInfo(zone))
    night_ends, noon, evening, night = 5, 12, 17, 22
    day = local.date() - timedelta(days=1) if local.hour < night_ends else local.date()
    weekday = words.weekday(day.weekday())
    if i18n.locale() == "es":
        weekday = weekday.lower()
    if local.hour < night_ends or local.hour >= night:
        return _("%(weekday)s night", weekday=weekday)
    if local.hour < noon:
        return _("%(weekday)s morning", weekday=weekday)
    if local.hour < evening:
        return _("%(weekday)s afternoon", weekday=weekday)
    return _("%(weekday)s evening", weekday=weekday)


def _question(offer: Offer, visit: VisitView) -> Question:
    return Question(
        public_id=offer.public_id,
        expires_at=offer.expires_at,
        away=_("by video") if visit.by_video else how_far(offer.distance_km),
        why=why_you(offer.reasons),
        visit=visit,
    )


def _seats(asked: Iterable[tuple[Offer, str]]) -> dict[int, str]:
    return {offer.visit_id: role for offer, role in asked}


def _lately(visits: int) -> str:
    if not visits:
        return _("had no visit in the last 90 days")
    return ngettext(
        "had %(num)s visit in the last 90 days",
        "had %(num)s visits in the last 90 days",
        visits,
    )


def _partners(session: Session, visit_ids: Iterable[int], *, but: int) -> dict[int, list[Partner]]:
    others = (
        select(Assignment.visit_id, Speaker.first_name, Slot.role)
        .join(Speaker, Speaker.id == Assignment.speaker_id)
        .join(Slot, Slot.id == Assignment.slot_id)
        .where(
            Assignment.visit_id.in_(list(visit_ids)),
            Assignment.active,
            Assignment.speaker_id != but,
        )
        .order_by(Assignment.id)
    )
    found: dict[int, list[Partner]] = {}
    for visit_id, first_name, role in session.execute(others):
        found.setdefault(visit_id, []).append(Partner(first_name, role))
    return found


def _places(session: Session, visit_ids: Iterable[int]) -> dict[int, int]:
    counted = (
        select(Slot.visit_id, func.count())
        .where(Slot.visit_id.in_(list(visit_ids)))
        .group_by(Slot.visit_id)
    )
    return dict(session.execute(counted).all())


def _briefs(session: Session, unit_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """Return the newest brief of each unit, line by line."""
    versions = select(UnitBrief).where(UnitBrief.unit_id.in_(list(unit_ids)))
    newest = {
        brief.unit_id: brief.text for brief in session.scalars(versions.order_by(UnitBrief.version))
    }
    return {
        unit_id: tuple(line.strip() for line in text.splitlines() if line.strip())
        for unit_id, text in newest.items()
    }
