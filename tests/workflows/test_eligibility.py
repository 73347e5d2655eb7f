"""What an offer or a proposal keeps of the engine's reasons."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import matching
from outreach.actor import SYSTEM
from outreach.speakers.models import Speaker
from outreach.visits.models import Proposal, Visit
from outreach.workflows import eligibility, fit, proposals
from outreach.workflows.eligibility import Choice
from tests import builders
from tests.builders import MARIA, NOW, World


@pytest.fixture
def world(session: Session) -> World:
    return builders.world(session)


@pytest.fixture
def maria(session: Session, world: World) -> Speaker:
    """She visited twice within 90 days, once of them this month, and is promised to go again."""
    made = builders.speaker(session, world.affiliate, MARIA, certified_for=world.program)
    for days in (91, 60, 5, -9):
        visit = builders.visit(session, world, starts_at=NOW - timedelta(days=days))
        builders.assignment(session, builders.slots(session, visit)[0], made)
    return made


@pytest.fixture
def visit(session: Session, world: World) -> Visit:
    return builders.visit(session, world, roles=("lead",))


def told(choice: Choice | Proposal) -> int:
    (count,) = (each["params"]["visits"] for each in choice.reasons if each["code"] == "recent")
    return int(count)


def test_the_visits_of_the_last_90_days_are_those_that_were(
    session: Session, world: World, maria: Speaker, visit: Visit
) -> None:
    (ranked,) = eligibility.ranking(session, visit, "lead", now=NOW)
    (shown,) = fit.who_fits(session, visit, now=NOW)
    (opening, *_) = eligibility.openings(session, maria, limit=20, now=NOW)
    search = proposals.read(session, world.affiliate, now=NOW)
    found = matching.solve(search.problem)
    proposals.store(session, world.affiliate, found, movable=search.movable, by=SYSTEM, now=NOW)
    kept = session.scalars(select(Proposal)).first()

    assert kept is not None
    assert [told(each) for each in (ranked, shown.choices[0], opening.choice, kept)] == [2, 2, 2, 2]
