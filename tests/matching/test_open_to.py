"""What is open to one speaker is what the ranking of each place says."""

from dataclasses import replace

import pytest

from outreach import matching
from outreach.matching import problem_from_json
from tests.matching.random_problems import random_problem


@pytest.mark.parametrize("seed", range(5))
def test_a_place_is_open_to_whoever_the_ranking_names(seed: int) -> None:
    given = problem_from_json(random_problem(seed, speakers=12, visits=20))
    problem = replace(given, visits=tuple(replace(v, proposed=()) for v in given.visits))
    standing = matching.as_it_stands(problem)
    sitting = {plan.visit: plan.speakers for plan in standing.visits}
    expected = {
        (chosen.speaker, visit.id, role)
        for visit in problem.visits
        for role, needed in visit.roles.items()
        if sum(seat.role == role for seat in sitting.get(visit.id, ())) < needed
        for chosen in matching.ranking(problem, standing, visit.id, role)
    }

    found = {
        (speaker.id, visit, chosen.role)
        for speaker in problem.speakers
        for visit, chosen in matching.open_to(problem, speaker.id)
    }

    assert found == expected


def test_an_unknown_speaker_is_a_fault_of_the_caller() -> None:
    problem = problem_from_json(random_problem(1, speakers=2, visits=2))

    with pytest.raises(KeyError):
        list(matching.open_to(problem, "nobody"))
