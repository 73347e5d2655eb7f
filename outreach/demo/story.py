"""What has happened in the demo before one looks: requests, proposals, a yes, an open question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import clock, jobs
from outreach.actor import SYSTEM, Actor, Kind
from outreach.db import Database
from outreach.demo import cast
from outreach.demo.cast import CONVERSATION, STORIES, World
from outreach.directory.models import Affiliate
from outreach.links import Links
from outreach.speakers.models import Speaker
from outreach.visits.models import Proposal, Slot, Visit, VisitRequest
from outreach.visits.telling import ASK_AFTER
from outreach.wiring import Wiring
from outreach.workflows import fit, inbound, matching_runs, offers, proposals, visits
from outreach.workflows.matching_runs import Outcome
from outreach.workflows.visits import Wish


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the demo: when (weekday, weeks ahead, hour), where, which program.

    The first such weekday is four to ten days ahead; without a weekday it is in three days.
    """

    weekday: int | None
    weeks: int
    at: time
    hospital: str
    unit: str
    program: str
    minutes: int
    language: str = "en"
    critical: bool = False


REQUESTS = (
    Asked(1, 0, time(10), "St. Clare Hospital", "Unit 4B", STORIES, 60),
    Asked(2, 0, time(14), "Mercy North", "Unit 2", STORIES, 60, critical=True),
    Asked(3, 0, time(10, 30), "St. Clare Hospital", "Unit 6", CONVERSATION, 45),
    Asked(0, 1, time(16), "Lakeshore Medical Center", "Unit 5", STORIES, 90),
    Asked(1, 1, time(10), "Mercy North", "Garden House", CONVERSATION, 45),
    Asked(2, 1, time(11), "St. Clare Hospital", "Unit 4B", STORIES, 60, language="es"),
    Asked(4, 1, time(15), "Mercy North", "Unit 2", CONVERSATION, 60),
    Asked(1, 2, time(10), "St. Clare Hospital", "Unit 4B", STORIES, 60),
    Asked(3, 2, time(17), "Lakeshore Medical Center", "Unit 5", STORIES, 60),
    Asked(5, 2, time(10), "St. Clare Hospital", "Unit 6", CONVERSATION, 45),
    Asked(2, 3, time(14), "Mercy North", "Unit 2", STORIES, 60),
)


PAST = (
    Asked(1, 0, time(10), "St. Clare Hospital", "Unit 4B", STORIES, 60),
    Asked(3, 0, time(14), "Mercy North", "Unit 2", STORIES, 60),
    Asked(2, 1, time(11), "St. Clare Hospital", "Unit 6", CONVERSATION, 45),
)
"""What took place already, counted from five weeks ago."""

YESTERDAY = Asked(None, 0, time(14), "St. Clare Hospital", "Unit 6", STORIES, 60)
"""Asked for four days ago, so it was yesterday. Nobody has said yet how it went or who came."""
CAME_YESTERDAY = ("Ana", "Maria")
"""Lead and co-presenter. Both are free every day of the week, and one can look as either."""

PLANNING_S = 60.0

NOBODY_FITS = Asked(None, 0, time(15), "Mercy North", "Garden House", STORIES, 60, language="es")
"""Soon, for adolescents and in Spanish: nobody of the cast is trained, cleared and free for it."""


def tell(wired: Wiring, world: World, *, now: datetime) -> None:
    """Play what happened before one looks: past visits, new requests, a yes, an open question."""
    ruth = Actor(
        Kind.COORDINATOR,
        account_id=world.memberships["Ruth"].account_id,
        affiliate_id=world.affiliate.id,
    )
    _tell_the_past(wired, world, ruth=ruth, now=now - timedelta(weeks=5))
    _tell_of_yesterday(wired, world, ruth=ruth, now=now - timedelta(days=4))
    with wired.db.transaction() as session:
        for asked in (NOBODY_FITS, *REQUESTS):
            request(session, world, asked, by=_who_asks(world, asked, ruth), now=now)
    plan(wired.db, world.affiliate, by=ruth, links=wired.links, now=now)
    with wired.db.transaction() as session:
        soonest = _staffable(session, world.affiliate.id, now=now)
        _fill(session, soonest[0], yes=2, by=ruth, links=wired.links, now=now)
        _fill(session, soonest[1], yes=1, by=ruth, links=wired.links, now=now)
        inbound.receive_sms(
            session,
            provider_id="demo-parking",
            from_phone=world.speakers["Grace"].phone or "",
            body="Is there parking at the hospital?",
            links=wired.links,
            now=now,
        )


def _tell_the_past(wired: Wiring, world: World, *, ruth: Actor, now: datetime) -> None:
    """Play visits from request to reminder, on the clock of their time."""
    with clock.at(now):
        with wired.db.transaction() as session:
            for asked in PAST:
                request(session, world, asked, by=_who_asks(world, asked, ruth), now=now)
        plan(wired.db, world.affiliate, by=ruth, links=wired.links, now=now)
        with wired.db.transaction() as session:
            for visit in _staffable(session, world.affiliate.id, now=now):
                _fill(session, visit, yes=2, by=ruth, links=wired.links, now=now)
        jobs.deliver_everything(wired.post)
    with wired.db.reading() as session:
        starts = [visit.starts_at for visit in _staffable(session, world.affiliate.id, now=now)]
    for starts_at in starts:
        _remind(wired, starts_at, days=7)


def _tell_of_yesterday(wired: Wiring, world: World, *, ruth: Actor, now: datetime) -> None:
    """Play the visit of yesterday, until its people are asked how it went and who came."""
    with clock.at(now):
        with wired.db.transaction() as session:
            asked_for = request(
                session, world, YESTERDAY, by=_who_asks(world, YESTERDAY, ruth), now=now
            )
            visit = session.scalars(select(Visit).where(Visit.request_id == asked_for.id)).one()
            for each, name in zip(
                fit.who_fits(session, visit, now=now), CAME_YESTERDAY, strict=True
            ):
                speaker = session.get_one(Speaker, world.speakers[name].id)
                offer = fit.ask(session, each.slot, speaker, by=ruth, links=wired.links, now=now)
                offers.accept(
                    session, offer=offer, by=SYSTEM, via="link", links=wired.links, now=now
                )
        jobs.deliver_everything(wired.post)
    _remind(wired, visit.starts_at, days=2)
    with clock.at(visit.ends_at + ASK_AFTER + timedelta(minutes=1)):
        jobs.ask_afterwards(wired.db)
        jobs.deliver_everything(wired.post)


def _remind(wired: Wiring, starts_at: datetime, *, days: int) -> None:
    """Let the reminders of a visit leave, from so many days before it."""
    # The last look is after quiet hours have ended, for reminders that waited for the morning.
    lead_times = (timedelta(days=7), timedelta(days=2), timedelta(hours=3), timedelta(hours=1))
    for before in lead_times:
        if before <= timedelta(days=days):
            with clock.at(starts_at - before + timedelta(minutes=1)):
                jobs.deliver_everything(wired.post)


def _fill(
    session: Session, visit: Visit, *, yes: int, by: Actor, links: Links, now: datetime
) -> None:
    """Ask everyone proposed for a visit; the first `yes` of them say so."""
    asked = [
        proposals.approve(session, proposal, by=by, links=links, now=now)
        for proposal in _waiting(session, visit)
    ]
    for offer in asked[:yes]:
        offers.accept(session, offer=offer, by=SYSTEM, via="link", links=links, now=now)


def request(
    session: Session, world: World, asked: Asked, *, by: Actor, now: datetime
) -> VisitRequest:
    """Ask for one visit of the demo."""
    return visits.request(
        session,
        unit=world.units[asked.hospital, asked.unit],
        program=world.programs[asked.program],
        wish=Wish(
            day=day_of(asked, now=now),
            at=asked.at,
            minutes=asked.minutes,
            language=asked.language,
            critical=asked.critical,
            group_size=10,
            room="Day room",
        ),
        by=by,
        overrule=True,
        now=now,
    )


def day_of(asked: Asked, *, now: datetime) -> date:
    """Return the day of a request of the demo."""
    if asked.weekday is None:
        return now.astimezone(ZoneInfo(cast.ZONE)).date() + timedelta(days=3)
    return cast.day_after(now, weekday=asked.weekday, weeks=asked.weeks)


def plan(
    database: Database, affiliate: Affiliate, *, by: Actor, links: Links, now: datetime
) -> Outcome:
    """Find speakers for all open visits, as the worker does when a page asks for it."""
    with database.transaction() as session:
        claimed = matching_runs.begin(session, affiliate, by=by, now=now)
    outcome = matching_runs.carry_out(
        database, claimed, links=links, time_limit_s=PLANNING_S, now=now
    )
    if outcome is None:
        raise LookupError("Somebody else carried out the search of the demo.")
    return outcome


def _who_asks(world: World, asked: Asked, ruth: Actor) -> Actor:
    first = {"St. Clare Hospital": "Nora", "Mercy North": "Omar"}.get(asked.hospital)
    if first is None:
        return ruth
    member = world.memberships[first]
    return Actor(Kind.LIAISON, account_id=member.account_id, hospital_id=member.hospital_id)


def _staffable(session: Session, affiliate_id: int, *, now: datetime) -> Sequence[Visit]:
    """Return the coming visits somebody is proposed for or comes to, soonest first."""
    proposed = select(Slot.visit_id).join(Proposal, Proposal.slot_id == Slot.id)
    return session.scalars(
        select(Visit)
        .where(Visit.affiliate_id == affiliate_id, Visit.starts_at > now, Visit.id.in_(proposed))
        .order_by(Visit.starts_at)
    ).all()


def _waiting(session: Session, visit: Visit) -> Sequence[Proposal]:
    return session.scalars(
        select(Proposal)
        .join(Slot, Slot.id == Proposal.slot_id)
        .where(Slot.visit_id == visit.id, Proposal.state == "waiting")
        .order_by(Proposal.id)
    ).all()
