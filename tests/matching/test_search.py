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
from outreach.matching.clashes import at_most_one
from outreach.matching.make_problem import make_problem
from outreach.matching.model import Model
from outreach.matching.parts import parts
from outreach.matching.program import Program
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


def a_program() -> Program:
    asked = problem(ANA, BEN, TUESDAY, at("2027-01-13T09:00"))
    candidates = Candidates(asked, Timetable(asked))
    model = Model(parts(candidates, fixed_seats(asked))[0])
    return model.program(-model.costs(matching.LevelName.FILL), loads=False)


def solved_program(program: Program) -> solver.Run:
    start = np.zeros(len(program.costs))
    return solver.best(program, start=start, time_limit_s=10, stop=lambda: False)


def test_a_program_that_has_no_answer_is_a_bug_and_says_so() -> None:
    program = a_program()
    impossible = program.at_most(np.ones(len(program.costs)), -1.0)

    with pytest.raises(matching.SolverFailed, match=r"^The solver ended with Infeasible"):
        solved_program(impossible)


def test_a_run_that_may_branch_no_more_gives_what_it_has_and_a_bound_that_holds() -> None:
    asked = make_problem("affiliate", shape="teams-of-three", seed=3)
    model = Model(parts(Candidates(asked, Timetable(asked)), ())[0])
    program = model.program(-model.costs(matching.LevelName.FILL), loads=False)
    start = np.zeros(len(program.costs))

    run = solver.best(program, start=start, time_limit_s=60, stop=lambda: False, nodes=1)

    assert run.point is not None
    assert run.bound is not None
    assert program.holds(np.rint(run.point))
    assert run.bound <= program.costs @ np.rint(run.point) <= 0


def test_a_program_that_is_refused_is_a_bug_and_says_so() -> None:
    program = a_program()

    with pytest.raises(matching.SolverFailed, match=r"^The solver refused the model\.$"):
        solved_program(replace(program, row_upper=np.full(len(program.row_upper), np.nan)))


@settings(max_examples=60, suppress_health_check=SLOW_DRAWS)
@given(small_problems(), st.integers(0, 2**32 - 1))
def test_whatever_the_duals_are_the_bound_holds(asked: Json, seed: int) -> None:
    read = matching.problem_from_json(asked)
    candidates = Candidates(read, Timetable(read))
    random = np.random.default_rng(seed)

    for part in parts(candidates, fixed_seats(read)):
        model = Model(part)
        program = model.program(-model.costs(matching.LevelName.FILL), loads=False)
        best = solved_program(program)
        duals = random.normal(0, 1, len(program.row_lower))

        assert best.point is not None
        assert program.bound(duals) <= program.costs @ np.rint(best.point) + 1e-6
        assert program.holds(np.rint(best.point))


def test_days_of_rest_make_one_row_for_each_window() -> None:
    rested = replace(ANA, rest_days=2, quota_per_month=9)
    week = [at(f"2027-01-{day:02d}T09:00") for day in (11, 12, 13, 14, 18, 19)]
    asked = problem(rested, *week)

    sets, pairs = at_most_one(parts(Candidates(asked, Timetable(asked)), ())[0])

    windows = [sorted(pairs[sets == number].tolist()) for number in range(sets.max() + 1)]
    assert windows == [[0, 1, 2], [1, 2, 3], [4, 5]]


@settings(max_examples=80, suppress_health_check=SLOW_DRAWS)
@given(small_problems())
def test_sets_of_visits_cover_every_clash_and_nothing_else(asked: Json) -> None:
    read = matching.problem_from_json(asked)
    timetable = Timetable(read)
    for part in parts(Candidates(read, timetable), fixed_seats(read)):
        sets, members = at_most_one(part)
        covered = {
            frozenset((one, other))
            for number in set(sets.tolist())
            for one in members[sets == number].tolist()
            for other in members[sets == number].tolist()
            if one != other
        }
        visits, speakers = part.visits[part.pair_visit], part.pair_speaker
        clashing = {
            frozenset((one, other))
            for one in range(len(visits))
            for other in range(one)
            if speakers[one] == speakers[other]
            and timetable.clashing(
                visits[one], visits[other], rest_days=part.rest_days[speakers[one]]
            )
        }

        assert covered == clashing
