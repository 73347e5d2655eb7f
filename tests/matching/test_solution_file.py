import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO

import pytest

from outreach.matching import (
    Problem,
    ProblemError,
    Solution,
    read_solution,
    refusals_for,
    solution_to_json,
    solve,
)
from outreach.matching.problem_file import problem_from_json
from tests.matching.random_problems import Json, random_problem


@pytest.fixture(scope="module")
def problem() -> Problem:
    return problem_from_json(random_problem(4, speakers=12, visits=14))


@pytest.fixture(scope="module")
def solution(problem: Problem) -> Solution:
    return solve(problem)


def read(data: object, problem: Problem) -> Solution:
    return read_solution(BytesIO(json.dumps(data).encode()), problem)


def test_a_solution_is_read_back_without_its_sentences(
    problem: Problem, solution: Solution
) -> None:
    plans = tuple(
        replace(plan, speakers=tuple(replace(each, reasons=()) for each in plan.speakers))
        for plan in solution.visits
    )
    assert any(plans)
    assert solution.unfilled

    found = read(solution_to_json(solution), problem)

    assert (found.levels, found.visits) == (solution.levels, plans)
    assert [(each.visit, each.considered, each.refusals) for each in found.unfilled] == [
        (each.visit, each.considered, each.refusals) for each in solution.unfilled
    ]


def test_what_speaks_against_is_the_same_beside_what_was_read(
    problem: Problem, solution: Solution
) -> None:
    found = read(solution_to_json(solution), problem)

    for visit in problem.visits:
        assert refusals_for(problem, found, visit.id) == refusals_for(problem, solution, visit.id)


def _unknown_visit(data: Json) -> None:
    data["visits"][0]["id"] = "v99"


def _unknown_speaker(data: Json) -> None:
    data["visits"][0]["speakers"][0]["id"] = "s99"


def _unknown_role(data: Json) -> None:
    data["visits"][0]["speakers"][0]["role"] = "driver"


def _visit_twice(data: Json) -> None:
    data["visits"].append(data["visits"][0])


def _speaker_twice(data: Json) -> None:
    data["visits"][0]["speakers"] *= 2


def _another_format(data: Json) -> None:
    data["format"] = "outreach-matching/1"


def _unknown_code(data: Json) -> None:
    data["unfilled"][0]["refusals"]["moon"] = 1


def _no_bound(data: Json) -> None:
    data["levels"][0]["bound"] = None


def _without_levels(data: Json) -> None:
    del data["levels"]


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (_unknown_visit, r"visits\[0\]\.id: the problem has no visit 'v99'"),
        (_unknown_speaker, r"visits\[0\]\.speakers\[0\]\.id: the problem has no speaker 's99'"),
        (_unknown_role, r"visits\[0\]\.speakers\[0\]\.role: 'driver' is not a role of this visit"),
        (_visit_twice, r"visits\[\d+\]\.id: 'v\d+' is there twice"),
        (_speaker_twice, r"visits\[0\]\.speakers: has somebody twice"),
        (_another_format, r"format: is 'outreach-matching/1', must be 'outreach-matching-sol"),
        (_unknown_code, r"unfilled\[0\]\.refusals\.moon: is not a known key"),
        (_no_bound, r"levels\[0\]\.bound: must be a number"),
        (_without_levels, r"levels: is missing"),
    ],
)
def test_what_does_not_fit_the_problem_is_told_with_its_place(
    problem: Problem, solution: Solution, spoil: Callable[[Json], None], message: str
) -> None:
    data: Json = json.loads(json.dumps(solution_to_json(solution)))
    spoil(data)

    with pytest.raises(ProblemError, match=f"^{message}"):
        read(data, problem)
