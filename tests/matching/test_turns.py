"""Seats taken one after the other: each is judged as the explanations judge it."""

from dataclasses import replace

import pytest

from outreach import matching
from outreach.matching import Assigned, Problem, RefusalCode, problem_from_json
from outreach.matching.turns import Wanted, refusals_in_turn
from tests.matching.random_problems import random_problem


def unproposed(seed: int) -> Problem:
    given = problem_from_json(random_problem(seed, speakers=12, visits=20))
    return replace(given, visits=tuple(replace(v, proposed=()) for v in given.visits))


def everyone_absent(problem: Problem) -> list[Wanted]:
    return [
        Wanted(visit.id, speaker.id, role)
        for visit in problem.visits
        for role in visit.roles
        for speaker in problem.speakers
        if all(seat.speaker != speaker.id for seat in visit.fixed)
    ]


@pytest.mark.parametrize("seed", range(5))
def test_alone_each_hears_what_the_explanation_says(seed: int) -> None:
    problem = unproposed(seed)
    wanted = everyone_absent(problem)

    found = refusals_in_turn(problem, wanted, together=False)

    for seat, against in zip(wanted, found, strict=True):
        explained = matching.refusals_for(problem, None, seat.visit, role=seat.role)
        assert against == explained[seat.speaker], seat


@pytest.mark.parametrize("seed", range(5))
def test_together_each_is_judged_beside_those_taken_before(seed: int) -> None:
    problem = unproposed(seed)
    plan = [
        Wanted(plan.visit, each.speaker, each.role)
        for plan in matching.solve(problem).visits
        for each in plan.speakers
        if not each.fixed
    ]

    twice = refusals_in_turn(problem, [*plan, *reversed(plan)], together=True)

    # The solver's own plan stands as a whole; what it took then stands in the way of more.
    assert twice[: len(plan)] == [()] * len(plan)
    taken = {visit.id: visit for visit in problem.visits}
    for seat in plan:
        visit = taken[seat.visit]
        fixed = (*visit.fixed, Assigned(speaker=seat.speaker, role=seat.role))
        taken[seat.visit] = replace(visit, fixed=fixed)
    after = replace(problem, visits=tuple(taken.values()))
    for seat in everyone_absent(after)[:50]:
        (last,) = refusals_in_turn(after, [seat], together=True)
        assert refusals_in_turn(problem, [*plan, seat], together=True)[-1] == last


def test_who_is_not_in_the_problem_is_unavailable() -> None:
    problem = unproposed(1)
    visit = problem.visits[0]

    ((only,),) = refusals_in_turn(
        problem, [Wanted(visit.id, "nobody", next(iter(visit.roles)))], together=True
    )

    assert only.code is RefusalCode.UNAVAILABLE
