"""Questions about one visit: the small problem gives the answers of the whole one."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy.orm import Session

from outreach import matching
from outreach.matching import RefusalCode
from outreach.speakers.models import Availability, Speaker
from outreach.speakers.ports import BusySpan
from outreach.visits.models import Visit
from outreach.wiring import Wiring
from outreach.workflows import problems
from tests import builders
from tests.builders import DANIEL, HENRY, JOY, MARIA, NOW, VISIT_AT, Person, World
from tests.speakers.calendars import connected

ANA, LUIS = Person("Ana", "Ruiz"), Person("Luis", "Tran")
LATE = datetime(2026, 12, 9, 4, 30, tzinfo=UTC)
"""11:30 PM on Tuesday, December 8, where the hospital is."""


@pytest.fixture
def world(session: Session) -> World:
    return builders.world(session)


@pytest.fixture
def visit(session: Session, world: World) -> Visit:
    return builders.visit(session, world)


def speaker(session: Session, world: World, person: Person, **values: int) -> Speaker:
    return builders.speaker(session, world.affiliate, person, certified_for=world.program, **values)  # type: ignore[arg-type] # columns


def fill_the_bureau(session: Session, world: World) -> None:
    """Make visits around the one in question, and people of every sort."""
    elsewhere = builders.unit(session, world.hospital, world.affiliate, name="Unit 5")
    day_after = builders.visit(session, world, starts_at=VISIT_AT + timedelta(days=1), at=elsewhere)
    later = VISIT_AT + timedelta(minutes=70)
    soon_after = builders.visit(session, world, starts_at=later, at=elsewhere)
    maria, daniel = speaker(session, world, MARIA), speaker(session, world, DANIEL, rest_days=3)
    joy, luis = speaker(session, world, JOY, quota_per_month=1), speaker(session, world, LUIS)
    for days in (10, 20, 40):
        past = builders.visit(session, world, starts_at=NOW - timedelta(days=days))
        builders.assignment(session, builders.slots(session, past)[0], maria)
    builders.assignment(session, builders.slots(session, day_after)[0], daniel)
    builders.offer(session, builders.slots(session, day_after)[1], joy)
    builders.offer(session, builders.slots(session, soon_after)[0], luis)
    henry, ana = speaker(session, world, HENRY), speaker(session, world, ANA)
    builders.away(session, henry, starts_on=date(2026, 12, 8), ends_on=date(2026, 12, 8))
    builders.exclusion(session, ana, world.unit)
    builders.speaker(session, world.affiliate, Person("Rosa", "Diaz"), clearances=())


def codes(found: dict[str, tuple[matching.Refusal, ...]], of: Speaker) -> list[RefusalCode]:
    return [refusal.code for refusal in found[of.public_id]]


@pytest.mark.parametrize("role", ["lead", "co-presenter"])
def test_a_question_about_one_visit_is_answered_as_in_the_whole_problem(
    session: Session, world: World, visit: Visit, role: str
) -> None:
    fill_the_bureau(session, world)
    every_open_one = problems.open_visits(session, world.affiliate.id, now=NOW)
    whole = problems.build(session, world.affiliate, every_open_one, now=NOW)

    small = problems.about(session, world.affiliate, [visit], now=NOW)

    asked = visit.public_id
    refusals = matching.refusals_for(small, None, asked, role=role)
    assert refusals == matching.refusals_for(whole, None, asked, role=role)
    assert {each.code for found in refusals.values() for each in found} == {
        RefusalCode.NOT_CERTIFIED,
        RefusalCode.NOT_CLEARED,
        RefusalCode.OVERLAP,
        RefusalCode.QUOTA,
        RefusalCode.REST,
        RefusalCode.UNAVAILABLE,
    }
    ranked = matching.ranking(small, None, asked, role)
    assert ranked == matching.ranking(whole, None, asked, role)
    assert len(ranked) == 1


def test_who_is_proposed_elsewhere_is_still_free_to_be_asked(
    session: Session, world: World, visit: Visit
) -> None:
    maria = speaker(session, world, MARIA)
    same_time = builders.visit(session, world, starts_at=VISIT_AT + timedelta(minutes=10))
    builders.proposal(session, builders.slots(session, same_time)[0], maria)

    small = problems.about(session, world.affiliate, [visit], now=NOW)

    assert codes(matching.refusals_for(small, None, visit.public_id), maria) == []


def test_who_answered_before_is_considered_again_only_where_asked_for(
    session: Session, world: World, visit: Visit
) -> None:
    maria = speaker(session, world, MARIA)
    builders.offer(session, builders.slots(session, visit)[0], maria, state="not_this_time")

    small = problems.about(session, world.affiliate, [visit], now=NOW)
    again = problems.about(session, world.affiliate, [visit], now=NOW, once_more=True)

    assert codes(matching.refusals_for(small, None, visit.public_id), maria) == [
        RefusalCode.UNAVAILABLE
    ]
    assert codes(matching.refusals_for(again, None, visit.public_id), maria) == []


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("first", "last", "read_at", "tentative", "found"),
    [
        (-HOUR, timedelta(0), NOW, False, []),
        (-HOUR, timedelta(seconds=1), NOW, False, [RefusalCode.UNAVAILABLE]),
        (timedelta(minutes=59, seconds=59), HOUR * 2, NOW, False, [RefusalCode.UNAVAILABLE]),
        (HOUR, HOUR * 2, NOW, False, []),
        (-HOUR * 2000, HOUR * 2000, NOW, False, [RefusalCode.UNAVAILABLE]),
        (timedelta(0), HOUR, NOW, True, []),
        (timedelta(0), HOUR, NOW - timedelta(days=7), False, [RefusalCode.UNAVAILABLE]),
        (timedelta(0), HOUR, NOW - timedelta(days=7, seconds=1), False, []),
    ],
)
def test_who_is_busy_in_a_calendar_that_was_read_within_the_week_is_not_free(
    session: Session,
    world: World,
    wired: Wiring,
    *,
    first: timedelta,
    last: timedelta,
    read_at: datetime,
    tentative: bool,
    found: list[RefusalCode],
) -> None:
    visit = builders.visit(session, world, minutes=60)
    maria, joy = speaker(session, world, MARIA), speaker(session, world, JOY)
    span = BusySpan(visit.starts_at + first, visit.starts_at + last, tentative)
    connected(session, maria, span, ring=wired.vault.ring, read_at=read_at)

    small = problems.about(session, world.affiliate, [visit], now=NOW)

    refusals = matching.refusals_for(small, None, visit.public_id)
    assert (codes(refusals, maria), codes(refusals, joy)) == (found, [])


def test_a_busy_time_in_the_hour_that_comes_twice_has_its_length(
    session: Session, world: World, wired: Wiring
) -> None:
    """1:40 to 1:10 AM Eastern, for the clocks go back in between."""
    visit = builders.visit(session, world, starts_at=datetime(2027, 11, 7, 5, tzinfo=UTC))
    maria = speaker(session, world, MARIA)
    begins = datetime(2027, 11, 7, 5, 40, tzinfo=UTC)
    busy = BusySpan(begins, begins + timedelta(minutes=30))
    connected(session, maria, busy, ring=wired.vault.ring)

    small = problems.about(session, world.affiliate, [visit], now=NOW)

    ((only,),) = (each.busy for each in small.speakers)
    assert only.starts_at == datetime(2027, 11, 7, 1, 40)  # noqa: DTZ001 - the engine's clock
    assert only.ends_at - only.starts_at == timedelta(minutes=30)


@pytest.mark.parametrize(("weekdays", "found"), [((1, 2), []), ((1,), [RefusalCode.UNAVAILABLE])])
def test_a_visit_over_midnight_needs_both_days(
    session: Session, world: World, weekdays: tuple[int, ...], found: list[RefusalCode]
) -> None:
    visit = builders.visit(session, world, starts_at=LATE)
    maria = speaker(session, world, MARIA, available=False)
    for day in weekdays:
        free = Availability(speaker_id=maria.id, weekday=day, starts=time(0), ends=time(23, 59))
        session.add(free)

    small = problems.about(session, world.affiliate, [visit], now=NOW)

    assert codes(matching.refusals_for(small, None, visit.public_id), maria) == found


def test_who_is_away_on_the_second_day_of_a_visit_over_midnight_is_not_free(
    session: Session, world: World
) -> None:
    visit = builders.visit(session, world, starts_at=LATE)
    maria = speaker(session, world, MARIA, available=False)
    for day in (1, 2):
        free = Availability(speaker_id=maria.id, weekday=day, starts=time(0), ends=time(23, 59))
        session.add(free)
    builders.away(session, maria, starts_on=date(2026, 12, 9), ends_on=date(2026, 12, 9))

    small = problems.about(session, world.affiliate, [visit], now=NOW)

    refusals = matching.refusals_for(small, None, visit.public_id)
    assert codes(refusals, maria) == [RefusalCode.UNAVAILABLE]


def test_a_visit_off_the_whole_minute_holds_every_minute_it_touches(
    session: Session, world: World
) -> None:
    odd = VISIT_AT + timedelta(seconds=20, microseconds=7)
    visit = builders.visit(session, world, starts_at=odd, minutes=60)

    built = problems.build(session, world.affiliate, [visit], now=NOW)

    (seen,) = built.visits
    assert (seen.starts_at.time(), seen.minutes) == (time(10, 0), 61)
