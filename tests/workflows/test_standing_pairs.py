"""Standing pairs survive: "Maria, every third Monday"."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import matching
from outreach.actor import SYSTEM
from outreach.reads import agenda, words
from outreach.speakers.models import Speaker
from outreach.visits.models import Proposal
from outreach.workflows import proposals
from tests import builders
from tests.builders import DANIEL, MARIA, NOW, VISIT_AT, World

LONG_AGO = NOW - timedelta(days=400)


@pytest.fixture
def world(session: Session) -> World:
    return builders.world(session)


def usual_and_near(session: Session, world: World) -> tuple[Speaker, Speaker]:
    """Maria, who came three times and lives far off; Daniel, who made no visit and lives there."""
    maria, daniel = (
        builders.speaker(
            session, world.affiliate, who, certified_for=world.program, created_at=LONG_AGO
        )
        for who in (MARIA, DANIEL)
    )
    maria.latitude = world.hospital.latitude + 0.2
    daniel.latitude, daniel.longitude = world.hospital.latitude, world.hospital.longitude
    for weeks in (4, 8, 12):
        at = VISIT_AT - timedelta(weeks=weeks)
        past = builders.visit(session, world, starts_at=at, roles=("lead",))
        builders.assignment(session, builders.slots(session, past)[0], maria)
    builders.visit(session, world, roles=("lead",))
    session.flush()
    return maria, daniel


def found(session: Session, world: World) -> Proposal:
    asked = proposals.read(session, world.affiliate, now=NOW)
    solution = matching.solve(asked.problem)
    proposals.store(session, world.affiliate, solution, movable=asked.movable, by=SYSTEM, now=NOW)
    return session.scalars(select(Proposal)).one()


def test_whoever_comes_often_keeps_the_unit_and_the_reason_is_said_to_both(
    session: Session, world: World
) -> None:
    maria, daniel = usual_and_near(session, world)

    proposal = found(session, world)

    assert proposal.speaker_id == maria.id != daniel.id
    assert "Comes to this unit often" in words.reasons(proposal.reasons, hospital="St. Clare")
    assert agenda.why_you(proposal.reasons).startswith("You come to this unit often")


def test_an_affiliate_that_puts_fairness_first_gets_it(session: Session, world: World) -> None:
    _maria, daniel = usual_and_near(session, world)
    world.affiliate.levels = ["fill", "critical", "kept", "fairness", "usual", "distance"]
    session.flush()

    assert found(session, world).speaker_id == daniel.id
