"""A new law on clocks: the visit keeps its time on the wall, and calendars follow."""

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach import zone_jobs
from outreach.actor import SYSTEM
from outreach.calendars.models import CalendarItem
from outreach.db import Database
from outreach.links import Links
from outreach.messaging.models import Message
from outreach.visits.models import Assignment, Visit
from outreach.workflows import offers
from outreach.workflows import visits as workflow
from tests import builders, fakes
from tests.builders import NOW, VISIT_AT, ZONE
from tests.workflows.conftest import LINKS, Bureau, open_bureau
from tests.workflows.test_calendar_replies import let_everything_leave

HOUR = timedelta(hours=1)

pytestmark = pytest.mark.both_engines


@pytest.fixture(autouse=True)
def at_ten(time_machine: Traveller) -> None:
    """Stand still on Monday, 10 AM Eastern Time."""
    time_machine.move_to(NOW, tick=False)


def follow(database: Database) -> int:
    return zone_jobs.follow_clocks(database, links=fakes.LINKS)


def under_the_old_law(session: Session, *visits: Visit, ahead_s: int = 3600) -> None:
    """Let visits have been set when the clocks were to be so much further ahead of UTC."""
    for visit in visits:
        visit.utc_offset_s += ahead_s
    session.flush()


def booked(session: Session) -> Bureau:
    """Maria has said yes, and the invites have left."""
    bureau = open_bureau(session)
    offer = bureau.ask(bureau.maria)
    offers.accept(session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=NOW)
    let_everything_leave(bureau)
    return bureau


def kept(database: Database) -> list[Visit]:
    with database.reading() as session:
        return list(session.scalars(select(Visit).order_by(Visit.id)))


def test_without_a_new_law_nothing_moves(database: Database) -> None:
    with database.transaction() as session:
        booked(session)

    assert follow(database) == 0
    assert [visit.starts_at for visit in kept(database)] == [VISIT_AT]


@pytest.mark.parametrize("ahead_s", [3600, -3600, 1800])
def test_the_wall_time_stays_and_everything_that_names_an_instant_follows(
    database: Database, ahead_s: int
) -> None:
    with database.transaction() as session:
        bureau = booked(session)
        wall = VISIT_AT + timedelta(seconds=ahead_s)
        under_the_old_law(session, bureau.visit, ahead_s=ahead_s)

    assert follow(database) == 1

    with database.reading() as session:
        visit = session.scalars(select(Visit)).one()
        assert (visit.starts_at, visit.ends_at) == (wall, wall + HOUR)
        assert (visit.revision, visit.utc_offset_s) == (2, -5 * 3600)
        mine = session.scalars(select(Assignment)).one()
        assert (mine.starts_at, mine.active) == (wall, True)
        items = session.scalars(select(CalendarItem)).all()
        assert {(item.starts_at, item.sequence) for item in items} == {(wall, 1)}
        waiting = (Message.state == "pending", Message.kind != "offer")
        told = session.scalars(select(Message).where(*waiting)).all()
        assert {message.kind for message in told} == {"invite_update", "reminder"}
        assert {message.values["starts_at"] for message in told} == {wall.isoformat()}
    assert follow(database) == 0


def test_a_question_that_waits_names_the_new_instant(database: Database) -> None:
    with database.transaction() as session:
        bureau = open_bureau(session)
        bureau.ask(bureau.maria)
        under_the_old_law(session, bureau.visit)

    follow(database)

    with database.reading() as session:
        asked = session.scalars(select(Message).where(Message.kind == "offer")).one()
        assert (asked.state, asked.values["starts_at"]) == (
            "pending",
            (VISIT_AT + HOUR).isoformat(),
        )


@pytest.mark.parametrize("ahead_s", [3600, -3600])
def test_visits_one_after_the_other_on_one_unit_do_not_get_in_each_others_way(
    database: Database, ahead_s: int
) -> None:
    with database.transaction() as session:
        world = builders.world(session)
        three = [
            builders.visit(session, world, starts_at=VISIT_AT + number * HOUR)
            for number in range(3)
        ]
        under_the_old_law(session, *three, ahead_s=ahead_s)

    assert follow(database) == 3

    moved = timedelta(seconds=ahead_s)
    assert [v.starts_at - moved for v in kept(database)] == [
        VISIT_AT + number * HOUR for number in range(3)
    ]


def test_who_has_another_visit_then_is_let_go_kindly(database: Database) -> None:
    with database.transaction() as session:
        bureau = booked(session)
        elsewhere = builders.world(session, "Hillside")
        other = builders.visit(session, elsewhere, starts_at=VISIT_AT + HOUR)
        builders.assignment(session, builders.slots(session, other)[0], bureau.maria)
        under_the_old_law(session, bureau.visit)

    follow(database)

    with database.reading() as session:
        let_go = session.scalars(select(Assignment).where(Assignment.active.is_(False))).one()
        assert let_go.ended_because == "moved"
        told = set(session.scalars(select(Message.kind).where(Message.state == "pending")))
        assert "invite_cancel" in told


def has_begun(visit: Visit) -> None:
    visit.starts_at = NOW - HOUR


def was_called_off(visit: Visit) -> None:
    visit.called_off_at = NOW


@pytest.mark.parametrize("state", [has_begun, was_called_off])
def test_what_has_begun_or_is_off_stays(database: Database, state: Callable[[Visit], None]) -> None:
    with database.transaction() as session:
        visit = builders.visit(session, builders.world(session))
        under_the_old_law(session, visit)
        state(visit)

    assert follow(database) == 0


def test_a_time_that_the_new_law_does_not_have_stays(database: Database) -> None:
    gap = datetime(2027, 3, 14, 3, tzinfo=ZoneInfo(ZONE))
    with database.transaction() as session:
        visit = builders.visit(session, builders.world(session), starts_at=gap)
        under_the_old_law(session, visit, ahead_s=-1800)

    assert follow(database) == 0


def test_one_that_fails_keeps_none_of_the_others_waiting(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.transaction() as session:
        world = builders.world(session)
        both = [builders.visit(session, world, starts_at=VISIT_AT + n * 3 * HOUR) for n in (0, 1)]
        under_the_old_law(session, *both)
        first = both[0].id
    follow_one = workflow.keep_wall_time

    def fails_once(session: Session, visit: Visit, *, links: Links, now: datetime) -> bool:
        if visit.id == first:
            raise RuntimeError
        return follow_one(session, visit, links=links, now=now)

    monkeypatch.setattr(workflow, "keep_wall_time", fails_once)

    assert follow(database) == 1
    assert [v.starts_at - VISIT_AT for v in kept(database)] == [0 * HOUR, 4 * HOUR]
