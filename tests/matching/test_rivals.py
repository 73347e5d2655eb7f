"""The plans the engine is measured against keep the rules, too."""

import pytest

from bench.rivals import checking, greedy
from bench.rivals.rules import Rules, Seat
from outreach.matching import problem_from_json, solve
from tests.matching.random_problems import random_problem


@pytest.mark.parametrize("plan", [greedy.chronological_nearest, greedy.scarce_least_loaded])
@pytest.mark.parametrize("seed", range(4))
def test_a_greedy_plan_breaks_no_rule_and_fills_no_more_than_the_best(
    plan: greedy.Plan, seed: int
) -> None:
    problem = random_problem(seed, speakers=25, visits=40)
    rules = Rules(problem)

    seats = plan(rules, greedy.able_of(rules))

    fixed = {seat for event in rules.events.values() for seat in event.fixed}
    assert fixed <= set(seats)
    assert not [seat for seat in seats if seat not in fixed and _broken(rules, seats, seat)]
    best = solve(problem_from_json(problem)).levels[0].value
    assert len(fixed) < len(seats)
    assert len(checking.filled(rules, seats)) <= best


def _broken(rules: Rules, seats: list[Seat], seat: Seat) -> set[str]:
    event, person = rules.events[seat.visit], rules.people[seat.speaker]
    mine = [rules.events[other.visit] for other in seats if other.speaker == seat.speaker]
    return rules.alone(event, person, [seat.role]) | rules.beside(event, person, mine)
