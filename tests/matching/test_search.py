"""Whether the choice is right and best: against a plain checker, and against trying it all."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach import matching
from outreach.matching import solver
from outreach.matching.book import fixed_seats
from outreach.matching.candidates import Candidates
from outreach.matching.model import Model, Rows, cliques
from outreach.matching.search import eligible_posts
from outreach.matching.timetable import Timetable
from tests.matching.checker import Json, best_values, violations
from tests.matching.people import ANA, BEN, TUESDAY, at, problem
from tests.matching.random_problems import random_problem
from tests.matching.small_problems import small_problems

SLOW_DRAWS = [HealthCheck.too_slow, HealthCheck.data_too_large]


def solved(asked: Json, *, time_limit_s: float = 60.0) -> Json:
    read = matching.problem_from_json(asked)
    return matching.solution_to_json(matching.solve(read, time_limit_s=time_limit_s))


def level_values(solution: Json) -> list[int]:
    return [_whole(level, "value") for level in solution["levels"]]


def _whole(level: Json, key: str) -> int:
    return round(float(level[key]) * (1000 if level["name"] == "distance" else 1))


@settings(max_examples=80, suppress_health_check=SLOW_DRAWS)
@given(small_problems())
def test_every_level_is_what_trying_everything_finds(asked: Json) -> None:
    solution = solved(asked)

    assert level_values(solution) == best_values(asked)
    assert all(level["proven"] for level in solution["levels"])
    assert violations(asked, solution) == []


@pytest.mark.parametrize("seed", range(9))
def test_a_bureau_of_any_shape_is_matched_without_breaking_a_rule(seed: int) -> None:
    asked = random_problem(seed, speakers=14, visits=30, days=20, density=0.7 + seed % 3 * 0.3)

    solution = solved(asked)

    assert violations(asked, solution) == []
    assert all(level["proven"] for level in solution["levels"])


@pytest.mark.parametrize("seed", [0, 4])
def test_an_affiliate_of_60_speakers_and_120_visits_is_proven_on_every_level(seed: int) -> None:
    asked = random_problem(seed, speakers=60, visits=120)

    solution = solved(asked)

    assert [level["proven"] for level in solution["levels"]] == [True] * 6
    assert violations(asked, solution) == []


def test_the_same_problem_has_the_same_answer() -> None:
    asked = random_problem(7, speakers=20, visits=40)

    first, second = solved(asked), solved(asked)

    assert {**first, "seconds": 0} == {**second, "seconds": 0}


@pytest.mark.parametrize("time_limit_s", [0.0, 1e-9, 0.05])
def test_without_time_the_answer_keeps_the_rules_and_its_bounds_hold(time_limit_s: float) -> None:
    asked = random_problem(3, speakers=30, visits=60)
    best = solved(asked)

    hurried = solved(asked, time_limit_s=time_limit_s)

    assert violations(asked, hurried) == []
    assert hurried["visits"]
    # The first level's bound takes nothing for granted, so the best answer is within it.
    assert hurried["levels"][0]["bound"] >= best["levels"][0]["value"]


def test_a_run_tells_how_far_it_is_and_stops_when_asked() -> None:
    asked = random_problem(3, speakers=30, visits=60)
    told: list[matching.Progress] = []

    whole = matching.solve(matching.problem_from_json(asked), on_progress=told.append)
    stopped = matching.solve(matching.problem_from_json(asked), stop=lambda: True)

    assert told[-1].components_done == told[-1].components
    assert told[-1].filled == whole.levels[0].value
    assert all(each.filled <= each.fill_bound <= each.visits == 60 for each in told)
    assert violations(asked, matching.solution_to_json(stopped)) == []


def test_nobody_and_nothing_are_problems_too() -> None:
    empty = matching.solve(problem())
    no_speakers = matching.solve(problem(TUESDAY))
    no_visits = matching.solve(problem(ANA))

    assert (empty.visits, empty.unfilled) == ((), ())
    assert [(each.visit, each.considered) for each in no_speakers.unfilled] == [("tuesday", 0)]
    assert all(level.proven for level in (*empty.levels, *no_speakers.levels, *no_visits.levels))


def test_proposals_of_the_last_run_stay_where_they_cost_nothing_that_counts_more() -> None:
    twins = [replace(ANA, id=name) for name in ("ana", "ben", "cleo", "dora")]
    week = [at(f"2027-01-{day}T09:00") for day in (11, 12, 13, 14)]
    before = [
        replace(visit, proposed=(matching.Assigned(speaker=twin.id, role="lead"),))
        for visit, twin in zip(week, reversed(twins), strict=True)
    ]

    solution = matching.solve(problem(*twins, *before))

    chosen = [each.speaker for plan in solution.visits for each in plan.speakers]
    assert chosen == ["dora", "cleo", "ben", "ana"]


def test_visits_are_shared_out_and_those_who_came_often_rest() -> None:
    tired = replace(ANA, recent_visits=3)
    week = [at(f"2027-01-{day}T09:00") for day in (11, 12, 13, 14, 15)]

    solution = matching.solve(problem(tired, BEN, *week))

    # 3 + 1 and 0 + 4: 16 + 16 is less than 9 + 25 and 25 + 9.
    chosen = [each.speaker for plan in solution.visits for each in plan.speakers]
    assert sorted(chosen) == ["ana", "ben", "ben", "ben", "ben"]
    fairness = next(level for level in solution.levels if level.name == "fairness")
    assert (fairness.value, fairness.bound, fairness.proven) == (32, 32.0, True)


def test_the_solver_loses_no_answer_by_making_the_model_smaller() -> None:
    """HiGHS 1.12 to 1.15 reduced this problem to nothing and reported twice the distance."""
    ann = replace(ANA, id="ann", lon=-87.62, quota_per_month=1)
    bea = replace(ann, id="bea", quota_per_month=2)
    mondays = tuple(free for free in ANA.weekly if free.weekday == 0)
    col = replace(ann, id="col", weekly=mondays)
    friday = at("2027-01-29T10:00", roles={"lead": 1, "co-presenter": 1})
    monday = at("2027-02-01T11:00", roles={"lead": 2}, usual=("col", "ann"))
    levels = (matching.LevelName.USUAL, matching.LevelName.DISTANCE)

    solution = matching.solve(
        problem(ann, bea, col, friday, monday, settings=matching.Settings(levels=levels))
    )

    assert [plan.visit for plan in solution.visits] == [monday.id]
    assert all(level.proven for level in solution.levels)


def a_model() -> Model:
    asked = problem(ANA, BEN, TUESDAY, at("2027-01-13T09:00"))
    candidates = Candidates(asked, Timetable(asked))
    fixed = fixed_seats(asked)
    return Model(candidates, eligible_posts(candidates, fixed), fixed)


def test_a_model_that_has_no_answer_is_a_bug_and_says_so() -> None:
    model, locks = a_model(), Rows()
    locks.add([0], [1.0], lower=2.0, upper=3.0)

    with pytest.raises(matching.SolverFailed, match=r"^The solver ended with Infeasible"):
        solver.run(
            model,
            model.objective(matching.LevelName.FILL),
            locks=locks,
            start=np.zeros(model.column_count),
            time_limit_s=10,
        )


def test_a_model_that_is_refused_is_a_bug_and_says_so() -> None:
    model, locks = a_model(), Rows()
    locks.add([10**6], [1.0], lower=0.0, upper=1.0)

    with pytest.raises(matching.SolverFailed, match=r"^The solver refused the model\.$"):
        solver.run(
            model,
            model.objective(matching.LevelName.FILL),
            locks=locks,
            start=np.zeros(model.column_count),
            time_limit_s=10,
        )


def test_days_of_rest_make_one_row_for_each_window() -> None:
    days = np.array([0, 1, 2, 3, 7, 8])
    clash = np.abs(days[:, None] - days[None, :]) <= 2
    np.fill_diagonal(clash, val=False)

    assert cliques(clash) == [[0, 1, 2], [1, 2, 3], [4, 5]]


@settings(max_examples=60)
@given(st.integers(0, 9), st.integers(0, 2**32 - 1), st.sampled_from([0.2, 0.5, 0.9]))
def test_cliques_cover_every_clash_and_nothing_else(size: int, seed: int, share: float) -> None:
    drawn = np.triu(np.random.default_rng(seed).random((size, size)) < share, k=1)
    clash = drawn | drawn.T

    found = cliques(clash)

    pairs = {(a, b) for members in found for a in members for b in members if a != b}
    assert pairs == {(int(a), int(b)) for a, b in zip(*np.nonzero(clash), strict=True)}
