from datetime import timedelta

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from outreach.db import Database, constraint_of
from outreach.directory.models import Affiliate
from outreach.visits.models import Assignment, Slot
from tests import builders, races
from tests.builders import MARIA, VISIT_AT

pytestmark = pytest.mark.both_engines


def test_of_eight_who_say_yes_at_once_one_gets_the_visit(database: Database) -> None:
    with database.transaction() as session:
        offer_ids = races.one_slot(session, rivals=8)

    ended = races.run(database, offer_ids)

    assert ended == {races.WON: 1, races.CONFLICT: 7}
    with database.reading() as session:
        assert len(races.active(session)) == 1


def test_a_speaker_who_says_yes_to_eight_overlapping_visits_gets_one(database: Database) -> None:
    with database.transaction() as session:
        offer_ids = races.one_speaker(session, rivals=8)

    ended = races.run(database, offer_ids)

    assert ended == {races.WON: 1, races.CONFLICT: 7}
    with database.reading() as session:
        assert len(races.active(session)) == 1


def two_visits_of_maria(session: Session, *, minutes_apart: int) -> list[Assignment]:
    world = builders.world(session)
    maria = builders.speaker(session, world.affiliate, MARIA, certified_for=world.program)
    made = []
    for number in range(2):
        unit = builders.unit(session, world.hospital, world.affiliate, name=f"Unit {number + 5}")
        starts_at = VISIT_AT + timedelta(minutes=number * minutes_apart)
        visit = builders.visit(session, world, at=unit, starts_at=starts_at)
        made.append(builders.assignment(session, builders.slots(session, visit)[0], maria))
    return made


def test_the_database_itself_refuses_an_overlapping_assignment(session: Session) -> None:
    with pytest.raises(DBAPIError) as refused:
        two_visits_of_maria(session, minutes_apart=59)

    assert "ex_assignment_speaker_overlap" in constraint_of(refused.value)


def test_visits_that_touch_do_not_overlap(session: Session) -> None:
    assert len(two_visits_of_maria(session, minutes_apart=60)) == 2


def test_an_assignment_cannot_be_moved_onto_another(session: Session) -> None:
    first, second = two_visits_of_maria(session, minutes_apart=120)
    onto = (
        update(Assignment)
        .where(Assignment.id == second.id)
        .values(starts_at=first.starts_at, ends_at=first.ends_at)
    )

    with pytest.raises(DBAPIError) as refused:
        session.execute(onto)

    assert "ex_assignment_speaker_overlap" in constraint_of(refused.value)


def test_an_ended_assignment_makes_room(session: Session) -> None:
    first, second = two_visits_of_maria(session, minutes_apart=120)
    first.active = False
    session.flush()

    second.starts_at, second.ends_at = first.starts_at, first.ends_at
    session.flush()

    assert second.starts_at == VISIT_AT


def test_a_slot_has_one_active_assignment(session: Session) -> None:
    first, _ = two_visits_of_maria(session, minutes_apart=120)
    world_speaker = builders.speaker(session, session.get_one(Affiliate, 1), builders.DANIEL)
    slot = session.get_one(Slot, first.slot_id)

    with pytest.raises(DBAPIError):
        builders.assignment(session, slot, world_speaker)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM audit_event",
        "UPDATE audit_event SET actor = 'somebody'",
        "DELETE FROM consent",
        "UPDATE consent SET actor = 'somebody'",
    ],
)
def test_the_ledgers_cannot_be_rewritten(statement: str, database: Database) -> None:
    with database.transaction() as session:
        world = builders.world(session)
        actor = builders.actor(builders.coordinator(session, world.affiliate))
        races.write_ledgers(session, actor=actor)

    with pytest.raises(DBAPIError, match="append-only"), database.transaction() as session:
        session.execute(text(statement))
