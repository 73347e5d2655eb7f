"""What has happened in the demo before one looks: requests, proposals, a yes, an open question."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import matching
from outreach.actor import SYSTEM, Actor, Kind
from outreach.db import Database
from outreach.demo import cast
from outreach.demo.cast import CONVERSATION, STORIES, World
from outreach.directory.models import Affiliate
from outreach.links import Links
from outreach.visits.models import Offer, Proposal, Slot, Visit, VisitRequest
from outreach.workflows import offers, proposals, visits
from outreach.workflows.visits import Wish


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of the demo: when (weekday, weeks ahead, hour), where, which program."""

    weekday: int
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


def tell(database: Database, world: World, *, links: Links, now: datetime) -> None:
    """Play what happened before: everything asked for, the first two visits on their way."""
    ruth = Actor(
        Kind.COORDINATOR,
        account_id=world.memberships["Ruth"].account_id,
        affiliate_id=world.affiliate.id,
    )
    with database.transaction() as session:
        for asked in REQUESTS:
            request(session, world, asked, by=_who_asks(world, asked, ruth), now=now)
    plan(database, world.affiliate, by=ruth, now=now)
    with database.transaction() as session:
        first, second = _soonest(session, world.affiliate.id)[:2]
        for proposal in _waiting(session, first):
            offer = proposals.approve(session, proposal, by=ruth, links=links, now=now)
            offers.accept(session, offer=offer, by=SYSTEM, via="link", links=links, now=now)
        for proposal in _waiting(session, second):
            proposals.approve(session, proposal, by=ruth, links=links, now=now)
        one = session.scalars(
            select(Offer).where(Offer.visit_id == second.id).order_by(Offer.id)
        ).first()
        if one is not None:
            offers.accept(session, offer=one, by=SYSTEM, via="link", links=links, now=now)


def request(
    session: Session, world: World, asked: Asked, *, by: Actor, now: datetime
) -> VisitRequest:
    """Ask for one visit of the demo."""
    return visits.request(
        session,
        unit=world.units[asked.hospital, asked.unit],
        program=world.programs[asked.program],
        wish=Wish(
            day=cast.day_after(now, weekday=asked.weekday, weeks=asked.weeks),
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


def plan(database: Database, affiliate: Affiliate, *, by: Actor, now: datetime) -> int:
    """Find speakers for all open visits, in the three steps a page takes; return how many."""
    with database.reading() as session:
        problem = proposals.problem(session, affiliate, now=now)
    solution = matching.solve(problem)
    with database.transaction() as session:
        return proposals.store(session, affiliate, solution, by=by, now=now)


def _who_asks(world: World, asked: Asked, ruth: Actor) -> Actor:
    first = {"St. Clare Hospital": "Nora", "Mercy North": "Omar"}.get(asked.hospital)
    if first is None:
        return ruth
    member = world.memberships[first]
    return Actor(Kind.LIAISON, account_id=member.account_id, hospital_id=member.hospital_id)


def _soonest(session: Session, affiliate_id: int) -> Sequence[Visit]:
    mine = select(Visit).where(Visit.affiliate_id == affiliate_id)
    return session.scalars(mine.order_by(Visit.starts_at)).all()


def _waiting(session: Session, visit: Visit) -> Sequence[Proposal]:
    return session.scalars(
        select(Proposal)
        .join(Slot, Slot.id == Proposal.slot_id)
        .where(Slot.visit_id == visit.id, Proposal.state == "waiting")
        .order_by(Proposal.id)
    ).all()
