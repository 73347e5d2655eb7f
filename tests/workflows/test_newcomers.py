"""A newcomer is not given everything to catch up, and pages still tell the truth."""

from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from outreach import matching
from outreach.speakers.models import Certification, Speaker
from outreach.visits.models import Visit
from outreach.workflows import eligibility, newcomers, problems
from tests import builders
from tests.builders import DANIEL, JOY, MARIA, NOW, VISIT_AT, World

LONG_AGO = NOW - timedelta(days=400)


@pytest.fixture
def world(session: Session) -> World:
    return builders.world(session)


def bureau(
    session: Session, world: World, *, newcomer_joined_days_ago: int = 0
) -> tuple[Speaker, list[Visit]]:
    """Two speakers who made three visits each, somebody who has just joined, and six visits."""
    maria, daniel, joy = (
        builders.speaker(
            session,
            world.affiliate,
            person,
            certified_for=world.program,
            created_at=LONG_AGO,
            quota_per_month=9,
        )
        for person in (MARIA, DANIEL, JOY)
    )
    joy.created_at = NOW - timedelta(days=newcomer_joined_days_ago)
    for days in (20, 40, 60):
        # Each on a unit of its own, so that nobody comes to one often.
        elsewhere = builders.unit(session, world.hospital, world.affiliate, name=f"Unit {days}")
        for number, who in enumerate((maria, daniel)):
            at = NOW - timedelta(days=days + number)
            past = builders.visit(session, world, starts_at=at, roles=("lead",), at=elsewhere)
            builders.assignment(session, builders.slots(session, past)[0], who)
    coming = [
        builders.visit(session, world, starts_at=VISIT_AT + timedelta(days=days), roles=("lead",))
        for days in (0, 1, 2, 7, 8, 9)
    ]
    session.flush()
    return joy, coming


def shared_out(session: Session, world: World, coming: list[Visit]) -> Counter[str]:
    problem = problems.build(session, world.affiliate, coming, now=NOW)
    solution = matching.solve(problem)
    return Counter(each.speaker for plan in solution.visits for each in plan.speakers)


def test_a_newcomer_gets_their_share_and_not_everything(session: Session, world: World) -> None:
    joy, coming = bureau(session, world)

    assert shared_out(session, world, coming)[joy.public_id] == 2


def test_somebody_who_was_there_all_along_and_made_none_is_asked_first(
    session: Session, world: World
) -> None:
    joy, coming = bureau(session, world, newcomer_joined_days_ago=400)

    assert shared_out(session, world, coming)[joy.public_id] == 4


def test_the_reason_tells_the_true_count(session: Session, world: World) -> None:
    joy, coming = bureau(session, world)

    ranked = eligibility.ranking(session, coming[0], "lead", now=NOW)

    said = {
        choice.speaker_id: reason["params"]["visits"]
        for choice in ranked
        for reason in choice.reasons
        if reason["code"] == "recent"
    }
    assert said[joy.id] == 0
    assert sorted(said.values()) == [0, 3, 3]


def test_who_was_trained_lately_is_a_newcomer_however_long_we_know_them(
    session: Session, world: World
) -> None:
    joy, coming = bureau(session, world, newcomer_joined_days_ago=400)
    session.execute(
        update(Certification).where(Certification.speaker_id == joy.id).values(starts_on=NOW.date())
    )

    assert shared_out(session, world, coming)[joy.public_id] == 2


def test_the_credit_is_the_typical_number_for_the_days_before_they_joined() -> None:
    days = {1: 400, 2: 200, 3: 91, 4: 0, 5: 30, 6: 89}
    joined = {each: NOW - timedelta(days=ago) for each, ago in days.items()}

    credited = newcomers.credited({1: 30, 2: 3, 3: 2, 5: 1}, joined=joined, now=NOW)

    assert credited == {4: 3, 5: 2, 6: 0}


def test_the_day_the_90_days_are_full_ends_the_credit() -> None:
    joined = {1: LONG_AGO, 2: NOW - timedelta(days=90), 3: NOW - timedelta(days=89, hours=23)}

    assert set(newcomers.credited({1: 3}, joined=joined, now=NOW)) == {3}


def test_a_new_bureau_credits_nobody() -> None:
    assert newcomers.credited({1: 3}, joined={1: NOW, 2: NOW}, now=NOW) == {}
