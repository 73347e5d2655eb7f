"""Asking for a visit, moving it, calling it off."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit, db
from outreach.actor import SYSTEM, Actor
from outreach.directory.models import (
    Affiliate,
    Hospital,
    Program,
    ProgramRole,
    Unit,
    UnitPause,
    VisitingHours,
)
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.links import Links
from outreach.visits import rules, service
from outreach.visits.models import Assignment, Visit, VisitRequest
from outreach.visits.rules import Hours, Pause, Refusal, SlotFacts, UnitFacts
from outreach.workflows import asking, invites, news, notices, reminders
from outreach.workflows.notices import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks for: a wall-clock start in the hospital's zone, and the needs."""

    day: date
    at: time
    minutes: int
    language: str = "en"
    repeats: str = ""
    critical: bool = False
    group_size: int | None = None
    room: str = ""
    screen: bool = False
    by_video: bool = False
    access_needs: str = ""
    notes: str = ""


class AgainstTheRules(RuleBroken):
    """A visit cannot be then. `refusals` holds every reason; pages put each beside its field."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__(lazy("The visit cannot be at that time."), field=refusals[0].field)
        self.refusals = tuple(refusals)


def check(
    session: Session, *, unit: Unit, program: Program, wish: Wish, now: datetime
) -> tuple[Refusal, ...]:
    """Return every reason against the wish, hard and soft; empty means it may be asked for."""
    facts = unit_facts(session, unit, program=program, now=now)
    starts_at = rules.instant(wish.day, wish.at, zone=facts.time_zone)
    if isinstance(starts_at, Refusal):
        return (starts_at,)
    return rules.refusals(starts_at, minutes=wish.minutes, unit=facts, now=now)


def request(
    session: Session,
    *,
    unit: Unit,
    program: Program,
    wish: Wish,
    by: Actor,
    overrule: bool = False,
    now: datetime,
) -> VisitRequest:
    """Take a request for one date and lay out its visit.

    `overrule` lets a coordinator set soft rules aside; they stay on the visit as warnings.

    Raises:
        AgainstTheRules: a hard rule speaks against it, or a soft one that is not overruled.
        Conflict: the same was asked for already.
    """
    found = check(session, unit=unit, program=program, wish=wish, now=now)
    against = [r for r in found if not (overrule and r.is_soft)]
    if against:
        raise AgainstTheRules(against)
    asked = record_request(session, unit=unit, program=program, wish=wish, by=by, now=now)
    lay_out(
        session,
        asked,
        days=[asked.first_starts_at],
        warnings={asked.first_starts_at: [str(r.code) for r in found]},
        now=now,
    )
    notices_of_request(session, asked, now=now)
    return asked


def record_request(
    session: Session, *, unit: Unit, program: Program, wish: Wish, by: Actor, now: datetime
) -> VisitRequest:
    """Write the request itself, without visits. The time must exist (`check` says so).

    Raises:
        Conflict: this unit asked for this program at that time already.
    """
    zone = session.get_one(Hospital, unit.hospital_id).time_zone
    starts_at = rules.instant(wish.day, wish.at, zone=zone)
    if isinstance(starts_at, Refusal):
        raise AgainstTheRules([starts_at])
    same = select(VisitRequest.id).where(
        VisitRequest.unit_id == unit.id,
        VisitRequest.program_id == program.id,
        VisitRequest.first_starts_at == starts_at,
    )
    if session.scalar(same) is not None:
        raise Conflict(lazy("This unit has already asked for this program at that time."))
    asked = VisitRequest(
        affiliate_id=unit.affiliate_id,
        unit_id=unit.id,
        program_id=program.id,
        requested_by_id=by.account_id,
        first_starts_at=starts_at,
        minutes=wish.minutes,
        repeats=wish.repeats,
        language=wish.language,
        critical=wish.critical,
        group_size=wish.group_size,
        room=wish.room,
        screen=wish.screen,
        by_video=wish.by_video,
        access_needs=wish.access_needs,
        notes=wish.notes,
        created_at=now,
    )
    session.add(asked)
    session.flush()
    audit.record(session, "visit.request", actor=by, subject=("visit_request", asked.id), now=now)
    return asked


def lay_out(
    session: Session,
    asked: VisitRequest,
    *,
    days: Iterable[datetime],
    warnings: dict[datetime, list[str]],
    now: datetime,
) -> list[Visit]:
    """Make the visits of a request, one for each start in `days` (aware instants)."""
    unit = session.get_one(Unit, asked.unit_id)
    zone = session.get_one(Hospital, unit.hospital_id).time_zone
    roles = program_roles(session, asked.program_id)
    return [
        service.lay_out(
            session,
            asked,
            starts_at=starts_at,
            time_zone=zone,
            roles=roles,
            warnings=warnings.get(starts_at, []),
            now=now,
        )
        for starts_at in days
    ]


def notices_of_request(session: Session, asked: VisitRequest, *, now: datetime) -> None:
    """Tell whoever asked that the request arrived."""
    visit = session.scalars(
        select(Visit).where(Visit.request_id == asked.id).order_by(Visit.starts_at).limit(1)
    ).one()
    notices.tell_liaison(session, "request_received", visit=visit, now=now)


def move(
    session: Session,
    visit: Visit,
    *,
    day: date,
    at: time,
    minutes: int,
    by: Actor,
    overrule: bool = False,
    links: Links,
    now: datetime,
) -> None:
    """Give a visit another time; everyone concerned gets one correct update.

    Whoever has another visit then is let go kindly and the slot is open again; waiting offers
    named the old time and are taken back.

    Raises:
        AgainstTheRules: a rule speaks against the new time.
        Conflict: the visit was called off or has begun.
    """
    visit = db.locked(session, Visit, visit.id)
    _refuse_if_over(visit, now=now)
    unit = session.get_one(Unit, visit.unit_id)
    program = session.get_one(Program, visit.program_id)
    starts_at = _checked(
        session,
        unit,
        program,
        Wish(day=day, at=at, minutes=minutes),
        except_visit=visit.id,
        overrule=overrule,
        now=now,
    )
    if starts_at == visit.starts_at and visit.ends_at == starts_at + timedelta(minutes=minutes):
        return
    was = news.span(visit)
    _set_time(visit, starts_at, lasts=timedelta(minutes=minutes))
    session.flush()
    asking.withdraw_open(session, visit, by=by, now=now)
    stay, leave = _carry_over(session, visit, now=now)
    news.of_a_move(session, visit, was=was, stay=stay, leave=leave, by=by, now=now)
    invites.sync(session, visit, links=links, by=by, now=now)
    reminders.sync(session, visit, now=now)
    audit.record(session, "visit.move", actor=by, subject=("visit", visit.id), now=now)


def keep_wall_time(session: Session, visit: Visit, *, links: Links, now: datetime) -> bool:
    """Follow a new law on the clocks of the visit's zone; False where nothing is to be done.

    The clock on the ward shows what it was to show, at another instant: calendars get a new entry,
    reminders another moment, and nobody hears of a move. Whoever has another visit then is let go.
    """
    visit = db.locked(session, Visit, visit.id)
    starts_at = rules.same_wall_time(
        visit.starts_at, offset_s=visit.utc_offset_s, zone=visit.time_zone
    )
    is_over = visit.called_off_at is not None or visit.starts_at <= now
    if is_over or starts_at is None or starts_at == visit.starts_at:
        return False
    was = news.span(visit)
    _set_time(visit, starts_at, lasts=visit.ends_at - visit.starts_at)
    session.flush()
    for offer in service.open_offers(session, visit.id):
        # What still waits would name the old instant.
        notices.forget(session, Cause("offer", offer.id, 1), kinds=("offer",), now=now)
        asking.reopen(session, offer, visit=visit, now=now)
    _, leave = _carry_over(session, visit, now=now)
    news.of_a_release(session, visit, was=was, leave=leave, now=now)
    invites.sync(session, visit, links=links, now=now)
    reminders.sync(session, visit, now=now)
    audit.record(session, "visit.follow_clocks", actor=SYSTEM, subject=("visit", visit.id), now=now)
    return True


def call_off(session: Session, visit: Visit, *, by: Actor, links: Links, now: datetime) -> None:
    """Call a visit off: everyone is told once, calendars are cleared, nothing more is sent.

    Raises:
        Conflict: it was called off already, or has begun.
    """
    visit = db.locked(session, Visit, visit.id)
    _refuse_if_over(visit, now=now)
    visit.called_off_at = now
    visit.revision += 1
    session.flush()
    asking.withdraw_open(session, visit, by=by, now=now)
    slots = service.slots(session, visit.id)
    service.drop_proposals(session, [slot.id for slot in slots], now=now)
    coming = service.active_assignments(session, visit.id)
    for assignment in coming:
        service.vacate(session, assignment, because="called_off", now=now)
    for slot in slots:
        slot.state = "closed"
    news.of_the_end(session, visit, who=coming, by=by, now=now)
    session.flush()
    session.expire_all()
    invites.sync(session, visit, links=links, by=by, now=now)
    reminders.sync(session, visit, now=now)
    audit.record(session, "visit.call_off", actor=by, subject=("visit", visit.id), now=now)


def with_other_clocks(session: Session, *, now: datetime) -> list[int]:
    """Return the visits to come whose time on the wall is at another instant by today's law.

    Those that come later than they did are last first, so that none lands on one yet to move.
    """
    coming = select(Visit).where(Visit.called_off_at.is_(None), Visit.starts_at > now)
    earlier: list[int] = []
    later: list[int] = []
    for visit in session.scalars(coming.order_by(Visit.starts_at, Visit.id)):
        starts_at = rules.same_wall_time(
            visit.starts_at, offset_s=visit.utc_offset_s, zone=visit.time_zone
        )
        if starts_at is not None and starts_at != visit.starts_at:
            (earlier if starts_at < visit.starts_at else later).append(visit.id)
    return [*earlier, *reversed(later)]


def unit_facts(
    session: Session,
    unit: Unit,
    *,
    now: datetime,
    program: Program | None = None,
    except_visit: int | None = None,
) -> UnitFacts:
    """Return what the rules must know of a unit; visits that are over are in nobody's way."""
    affiliate = session.get_one(Affiliate, unit.affiliate_id)
    hours = session.scalars(select(VisitingHours).where(VisitingHours.unit_id == unit.id))
    pauses = session.scalars(select(UnitPause).where(UnitPause.unit_id == unit.id))
    booked = session.execute(
        select(Visit.starts_at, Visit.ends_at).where(
            Visit.unit_id == unit.id,
            Visit.called_off_at.is_(None),
            Visit.ends_at > now,
            Visit.id != (except_visit or 0),
        )
    )
    return UnitFacts(
        time_zone=session.get_one(Hospital, unit.hospital_id).time_zone,
        lead_days=affiliate.lead_days,
        horizon_days=affiliate.horizon_days,
        hours=tuple(Hours(h.weekday, h.opens, h.closes) for h in hours),
        pauses=tuple(Pause(p.starts_on, p.ends_on) for p in pauses),
        booked=tuple(SlotFacts(starts, ends) for starts, ends in booked),
        lengths=tuple(program.minutes) if program else (),
    )


def program_roles(session: Session, program_id: int) -> dict[str, int]:
    """Return how many people a program needs in each role."""
    needs = select(ProgramRole).where(ProgramRole.program_id == program_id).order_by(ProgramRole.id)
    return {need.role: need.count for need in session.scalars(needs)}


def _checked(
    session: Session,
    unit: Unit,
    program: Program,
    wish: Wish,
    *,
    except_visit: int,
    overrule: bool,
    now: datetime,
) -> datetime:
    facts = unit_facts(session, unit, program=program, except_visit=except_visit, now=now)
    starts_at = rules.instant(wish.day, wish.at, zone=facts.time_zone)
    if isinstance(starts_at, Refusal):
        raise AgainstTheRules([starts_at])
    found = rules.refusals(starts_at, minutes=wish.minutes, unit=facts, now=now)
    against = [r for r in found if not (overrule and r.is_soft)]
    if against:
        raise AgainstTheRules(against)
    return starts_at


def _set_time(visit: Visit, starts_at: datetime, *, lasts: timedelta) -> None:
    visit.starts_at, visit.ends_at = starts_at, starts_at + lasts
    visit.utc_offset_s = rules.utc_offset_s(starts_at, zone=visit.time_zone)
    visit.revision += 1


def _refuse_if_over(visit: Visit, *, now: datetime) -> None:
    if visit.called_off_at is not None:
        raise Conflict(lazy("This visit was called off already."))
    if visit.starts_at <= now:
        raise Conflict(lazy("This visit has begun already."))


def _carry_over(
    session: Session, visit: Visit, *, now: datetime
) -> tuple[list[Assignment], list[Assignment]]:
    """Take assignments along to the visit's new span; return those that stay and those let go."""
    stay, leave = [], []
    for assignment in service.active_assignments(session, visit.id):
        busy = select(Assignment.id).where(
            Assignment.speaker_id == assignment.speaker_id,
            Assignment.active,
            Assignment.id != assignment.id,
            Assignment.starts_at < visit.ends_at,
            Assignment.ends_at > visit.starts_at,
        )
        if session.scalar(busy.limit(1)) is not None:
            service.vacate(session, assignment, because="moved", now=now)
            leave.append(assignment)
            continue
        assignment.starts_at, assignment.ends_at = visit.starts_at, visit.ends_at
        stay.append(assignment)
    session.flush()
    return stay, leave
