"""The bench's checker against the tests' slow one: two hands, one judgment."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.rivals import checking
from bench.rivals.rules import Rules
from outreach.matching import problem_from_json, solution_to_json, solve
from tests.matching import checker
from tests.matching.random_problems import Json, random_problem
from tests.matching.small_problems import small_problems


def answered(problem: Json) -> Json:
    return solution_to_json(solve(problem_from_json(problem)))


@given(small_problems())
@settings(max_examples=40, deadline=None)
def test_small_problems_solved_have_no_violation(problem: Json) -> None:
    solution = answered(problem)

    assert checking.violations(problem, solution) == []
    assert checker.violations(problem, solution) == []


@pytest.mark.parametrize("seed", range(6))
def test_an_affiliate_solved_has_no_violation(seed: int) -> None:
    problem = random_problem(seed, speakers=25, visits=40)

    assert checking.violations(problem, answered(problem)) == []


@given(small_problems(), st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_what_one_checker_finds_in_a_spoilt_solution_the_other_finds(
    problem: Json, seed: int
) -> None:
    solution: Json = json.loads(json.dumps(answered(problem)))
    _spoil(solution, problem, random.Random(seed))  # noqa: S311 - repeatable, not secret

    slow, fast = checker.violations(problem, solution), checking.violations(problem, solution)

    assert bool(slow) == bool(fast), (slow, fast)


@pytest.mark.parametrize("seed", range(3))
def test_the_two_say_the_same_of_every_visit_and_speaker(seed: int) -> None:
    problem = random_problem(seed, speakers=12, visits=25)
    slow, fast = checker.Checker(problem), Rules(problem)

    for event in fast.events.values():
        roles = list(event.roles)
        for person in fast.people.values():
            against = fast.alone(event, person, roles)
            assert against == slow.alone(event.id, person.id, roles)
            assert bool(fast.roles_open_to(event, person)) == (not against)
            others = list(fast.events.values())[:8]
            seats = [checker.Seat(other.id, person.id, "lead") for other in others]
            assert fast.beside(event, person, others) == slow.beside(event.id, person.id, seats)
        assert {person.id for person, _ in fast.able(event)} == {
            person for person in slow.speakers if not slow.alone(event.id, person, roles)
        }


def _spoil(solution: Json, problem: Json, rng: random.Random) -> None:
    kind = rng.randrange(4)
    plans = [plan for plan in solution["visits"] if plan["speakers"]]
    if kind == 0 and plans:
        rng.choice(plans)["speakers"].pop()
    elif kind == 1 and plans:
        rng.choice(plans)["speakers"][0]["id"] = rng.choice(problem["speakers"])["id"]
    elif kind == 2 and solution["unfilled"]:
        rng.choice(solution["unfilled"])["considered"] += 1
    else:
        rng.choice(solution["levels"])["value"] += 1
