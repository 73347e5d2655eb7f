"""Somebody else for a place: judged as anybody is, proposed once, and nobody asked."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM
from outreach.errors import Conflict, RuleBroken
from outreach.matching import RefusalCode
from outreach.speakers.models import Speaker
from outreach.visits.models import Offer, Proposal, Slot
from outreach.workflows import another
from tests import builders
from tests.builders import DANIEL, JOY, MARIA, NOW, VISIT_AT, World


@pytest.fixture
def here(session: Session) -> World:
    return builders.world(session)


def speakers(session: Session, here: World) -> tuple[Speaker, Speaker]:
    maria, daniel = (
        builders.speaker(session, here.affiliate, person, certified_for=here.program)
        for person in (MARIA, DANIEL)
    )
    return maria, daniel


def place(session: Session, here: World, *, days: int = 0) -> Slot:
    visit = builders.visit(
        session, here, starts_at=VISIT_AT + timedelta(days=days), roles=("lead",)
    )
    return builders.slots(session, visit)[0]


def waiting(session: Session) -> list[tuple[int, int]]:
    states = select(Proposal.slot_id, Proposal.speaker_id).where(Proposal.state == "waiting")
    return [(slot_id, who) for slot_id, who in session.execute(states.order_by(Proposal.slot_id))]


def test_the_plan_with_somebody_else_is_compared_with_the_best_one(
    session: Session, here: World
) -> None:
    maria, daniel = speakers(session, here)
    slot = place(session, here)
    builders.proposal(session, slot, maria)

    answer = another.answer(another.question(session, slot, daniel, now=NOW))

    assert answer.is_possible
    (change,) = answer.changed
    assert [each.speaker for each in (*change.left, *change.came)] == [
        maria.public_id,
        daniel.public_id,
    ]
    assert answer.emptied == ()


def test_what_stands_in_the_way_is_the_answer(session: Session, here: World) -> None:
    speakers(session, here)
    joy = builders.speaker(session, here.affiliate, JOY)

    answer = another.answer(another.question(session, place(session, here), joy, now=NOW))

    assert [each.code for each in answer.refusals] == [RefusalCode.NOT_CERTIFIED]


def test_whoever_has_a_part_in_the_visit_is_not_thought_of_twice(
    session: Session, here: World
) -> None:
    maria, daniel = speakers(session, here)
    visit = builders.visit(session, here)
    lead, co_presenter = builders.slots(session, visit)
    builders.offer(session, co_presenter, maria)

    assert list(another.choices(session, visit)) == [daniel]
    with pytest.raises(Conflict, match="already"):
        another.question(session, lead, maria, now=NOW)
    with pytest.raises(Conflict, match="taken"):
        another.question(session, co_presenter, daniel, now=NOW)


def test_somebody_else_is_proposed_once_and_nobody_is_asked(session: Session, here: World) -> None:
    maria, daniel = speakers(session, here)
    slot = place(session, here)
    builders.proposal(session, slot, maria)

    for _ in range(2):
        another.propose(session, slot, daniel, by=SYSTEM, now=NOW)

    assert waiting(session) == [(slot.id, daniel.id)]
    assert len(session.scalars(select(Proposal)).all()) == 2
    assert session.scalars(select(Offer)).all() == []
    proposal = session.scalars(select(Proposal).where(Proposal.state == "waiting")).one()
    assert {each["code"] for each in proposal.reasons} >= {"certified", "free", "distance"}


def test_her_proposals_that_do_not_go_with_it_are_put_aside_and_the_others_stay(
    session: Session, here: World
) -> None:
    maria, daniel = speakers(session, here)
    daniel.rest_days = 1
    here_slot, next_day, next_week = (place(session, here, days=days) for days in (0, 1, 7))
    builders.proposal(session, here_slot, maria)
    for slot in (next_day, next_week):
        builders.proposal(session, slot, daniel)

    another.propose(session, here_slot, daniel, by=SYSTEM, now=NOW)

    assert waiting(session) == [(here_slot.id, daniel.id), (next_week.id, daniel.id)]


def test_nobody_is_proposed_against_a_hard_rule(session: Session, here: World) -> None:
    maria, daniel = speakers(session, here)
    slot = place(session, here)
    builders.proposal(session, slot, maria)
    daniel.languages = ["es"]
    session.flush()

    with pytest.raises(RuleBroken, match="does not fit"):
        another.propose(session, slot, daniel, by=SYSTEM, now=NOW)

    assert waiting(session) == [(slot.id, maria.id)]


def test_a_place_that_was_taken_meanwhile_says_so(session: Session, here: World) -> None:
    maria, daniel = speakers(session, here)
    slot = place(session, here)
    builders.assignment(session, slot, maria)
    session.refresh(slot)

    with pytest.raises(Conflict, match="taken"):
        another.propose(session, slot, daniel, by=SYSTEM, now=NOW)


def test_an_exclusion_is_told_as_any_time_that_somebody_is_not_free(
    session: Session, here: World
) -> None:
    maria, daniel = speakers(session, here)
    slot = place(session, here)
    asked = another.question(session, slot, maria, now=NOW)
    away_problem = replace(
        asked.problem,
        speakers=tuple(
            replace(each, weekly=()) if each.id == maria.public_id else each
            for each in asked.problem.speakers
        ),
    )
    never_free = another.answer(replace(asked, problem=away_problem))

    builders.exclusion(session, maria, here.unit)
    excluded = another.answer(another.question(session, slot, maria, now=NOW))

    assert daniel.id
    assert excluded == never_free
    assert [each.code for each in excluded.refusals] == [RefusalCode.UNAVAILABLE]
