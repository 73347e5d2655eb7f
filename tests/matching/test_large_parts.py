"""The way large parts are searched, on problems small enough to know the truth."""

import time

import pytest
from hypothesis import HealthCheck, given, settings

from outreach import matching
from outreach.matching import LevelName, search, solver
from outreach.matching.levels import MAXIMIZED
from outreach.matching.progress import never
from tests.matching.checker import Json, best_values, violations
from tests.matching.cutting import parts_of
from tests.matching.random_problems import random_problem
from tests.matching.small_problems import small_problems

LENIENT = [
    HealthCheck.too_slow,
    HealthCheck.data_too_large,
    # The patch is the same for every example.
    HealthCheck.function_scoped_fixture,
]


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Relax and search neighborhoods, of few visits, and give up early."""
    monkeypatch.setattr(search, "EXACT_PAIRS", 0)
    monkeypatch.setattr(search, "SMALLEST_HOOD", 2)
    monkeypatch.setattr(search, "LARGEST_HOOD", 4)
    monkeypatch.setattr(search, "PATIENCE", 3)


@pytest.fixture
def untried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave what neighborhoods do not prove, as in parts of a nation's size."""
    monkeypatch.setattr(search, "TRIED_PAIRS", 0)


@pytest.fixture(params=["relaxed", "not relaxed"])
def relaxation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once as it is, and once without: small relaxations prove so much that no hood is searched."""
    if request.param == "not relaxed":
        monkeypatch.setattr(solver, "relax", lambda _program, **_: None)


def solved(asked: Json, *, stop: matching.Stop = never, time_limit_s: float = 20.0) -> Json:
    read = matching.problem_from_json(asked)
    return matching.solution_to_json(matching.solve(read, time_limit_s=time_limit_s, stop=stop))


def assert_bounds_hold(asked: Json, solution: Json) -> None:
    """Check the bounds of the levels up to the first that is not at its best, that one included.

    Further ones take values for granted that trying everything does not look at.
    """
    for level, best in zip(solution["levels"], best_values(asked), strict=True):
        scale = 1000 if level["name"] == "distance" else 1
        value, bound = round(level["value"] * scale), round(level["bound"] * scale)
        if level["name"] in {name.value for name in MAXIMIZED}:
            assert value <= best <= bound
        else:
            assert bound <= best <= value
        if value != best:
            return


@pytest.mark.usefixtures("untried", "relaxation")
@settings(max_examples=25, suppress_health_check=LENIENT, deadline=None)
@given(small_problems())
def test_neighborhoods_break_no_rule_and_their_bounds_hold(asked: Json) -> None:
    solution = solved(asked)

    assert violations(asked, solution) == []
    assert_bounds_hold(asked, solution)


@settings(max_examples=25, suppress_health_check=LENIENT, deadline=None)
@given(small_problems())
def test_where_the_gap_is_tried_exactly_every_level_is_what_trying_everything_finds(
    asked: Json,
) -> None:
    solution = solved(asked)

    assert violations(asked, solution) == []
    assert [level["proven"] for level in solution["levels"]] == [True] * len(solution["levels"])
    assert_bounds_hold(asked, solution)


@pytest.mark.usefixtures("untried", "relaxation")
@pytest.mark.parametrize("seed", range(2))
def test_a_bureau_searched_by_neighborhoods_is_within_its_bounds(seed: int) -> None:
    asked = random_problem(seed, speakers=14, visits=30, days=20)

    solution = solved(asked)

    assert violations(asked, solution) == []


@pytest.mark.usefixtures("untried", "relaxation")
def test_the_same_large_problem_has_the_same_answer() -> None:
    asked = random_problem(1, speakers=14, visits=24, days=20)

    first, second = solved(asked), solved(asked)

    assert {**first, "seconds": 0} == {**second, "seconds": 0}


@pytest.mark.usefixtures("untried", "relaxation")
@pytest.mark.parametrize("asks", [1, 2, 5, 20, 60])
def test_stopped_in_the_middle_the_best_so_far_breaks_no_rule(asks: int) -> None:
    asked = random_problem(2, speakers=14, visits=24, days=20)
    asked_so_far = 0

    def stop() -> bool:
        nonlocal asked_so_far
        asked_so_far += 1
        return asked_so_far >= asks

    stopped, greedy = solved(asked, stop=stop), solved(asked, time_limit_s=0)

    assert violations(asked, stopped) == []
    assert stopped["levels"][0]["value"] >= greedy["levels"][0]["value"]
    # Nothing may go on to ask again and again once the answer was yes.
    assert asked_so_far <= asks + 20


def test_what_is_told_on_the_way_is_never_worse_than_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(search, "TELL_EVERY_S", 0.0)
    levels = tuple(LevelName)
    (part, *_) = parts_of(random_problem(3, speakers=20, visits=40, days=20))
    told: list[search.Found] = []

    last = search.search(
        part, levels, ends_at=time.monotonic() + 20, stop=never, on_better=told.append
    )

    signs = [-1 if level in MAXIMIZED else 1 for level in levels]
    signed = [
        [sign * value for sign, value in zip(signs, found.values, strict=True)]
        for found in [*told, last]
    ]
    assert len(told) > 2
    assert signed == sorted(signed, reverse=True)
    for found in [*told, last]:
        assert found.values == search.part_values(part, levels, found.taken)
        for sign, value, bound in zip(signs, found.values, found.bounds, strict=True):
            assert sign * bound <= sign * value
