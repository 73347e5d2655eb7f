"""The columns and rows of a part: the same answer in both notations, with the same values."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach import matching
from outreach.matching import Assigned, LevelName, greedy
from outreach.matching.model import Model
from outreach.matching.parts import Part
from outreach.matching.problem import MOST_ROLES
from outreach.matching.search import part_values
from outreach.matching.timetable import Floats, Ints
from tests.matching.checker import Json
from tests.matching.cutting import parts_of
from tests.matching.people import ANA, TUESDAY, certified, problem
from tests.matching.random_problems import random_problem
from tests.matching.small_problems import small_problems

SLOW_DRAWS = [HealthCheck.too_slow, HealthCheck.data_too_large]
LEVELS = tuple(LevelName)


def feasible(part: Part, seed: int) -> Ints:
    """A feasible answer: greedy after a wish made by chance."""
    return greedy.fill(part, np.random.default_rng(seed).random(len(part.pair_visit)))


def model_values(model: Model, point: Floats) -> list[int]:
    return [round(float(model.costs(level) @ point)) for level in LEVELS]


def assert_read_back(part: Part, taken: Ints) -> None:
    """Check an answer written as columns: what it counts, its rows, and reading it back."""
    model = Model(part)
    point = model.encode(taken)
    program = model.program(model.costs(LevelName.FILL), loads=True)
    back = model.decode(point)
    kept = LEVELS.index(LevelName.KEPT)
    values = part_values(part, LEVELS, taken)

    assert model_values(model, point) == list(values)
    assert program.holds(point)
    assert (point <= model.upper).all()
    # Who comes is the same; in their posts they may be changed round to keep more proposals.
    assert ((back >= 0) == (taken >= 0)).all()
    again = part_values(part, LEVELS, back)
    assert again[kept] >= values[kept]
    assert again[:kept] + again[kept + 1 :] == values[:kept] + values[kept + 1 :]
    assert sorted(back[back >= 0].tolist()) == sorted(taken[taken >= 0].tolist())
    may = set(zip(part.able.tolist(), part.post.tolist(), strict=True))
    assert {(pair, int(back[pair])) for pair in np.flatnonzero(back >= 0).tolist()} <= may


@settings(max_examples=60, suppress_health_check=SLOW_DRAWS)
@given(small_problems(), st.integers(0, 2**32 - 1))
def test_an_answer_counts_the_same_as_columns_and_can_be_read_back(asked: Json, seed: int) -> None:
    for part in parts_of(asked):
        assert_read_back(part, greedy.fill(part))
        assert_read_back(part, feasible(part, seed))


@pytest.mark.parametrize("seed", range(4))
def test_a_bureaus_answer_counts_the_same_as_columns(seed: int) -> None:
    asked = random_problem(seed, speakers=30, visits=50)
    for part in parts_of(asked):
        assert_read_back(part, feasible(part, seed))


def test_who_can_take_any_of_three_posts_takes_the_one_proposed() -> None:
    every = (certified(), certified("peer"))
    names = ("ana", "ben", "cleo")
    posts = ("peer", "lead", "co-presenter")
    team = [replace(ANA, id=name, certifications=every) for name in names]
    visit = replace(
        TUESDAY,
        roles=dict.fromkeys(("lead", "co-presenter", "peer"), 1),
        proposed=tuple(Assigned(speaker=n, role=r) for n, r in zip(names, posts, strict=True)),
    )

    solution = matching.solve(problem(*team, visit))

    chosen = {each.speaker: each.role for each in solution.speakers_of("tuesday")}
    assert chosen == dict(zip(names, posts, strict=True))
    assert all(level.proven for level in solution.levels)


def test_three_leads_are_three_people_and_one_short_is_none() -> None:
    team = [replace(ANA, id=name) for name in ("ana", "ben", "cleo")]
    visit = replace(TUESDAY, roles={"lead": 3})

    three, two = (matching.solve(problem(*some, visit)) for some in (team, team[:2]))

    assert sorted(each.speaker for each in three.speakers_of("tuesday")) == ["ana", "ben", "cleo"]
    assert {each.role for each in three.speakers_of("tuesday")} == {"lead"}
    assert (two.visits, two.levels[0].value, two.levels[0].proven) == ((), 0, True)


def test_one_who_could_take_two_posts_does_not_fill_both() -> None:
    either = replace(ANA, certifications=(certified(), certified("peer")))
    visit = replace(TUESDAY, roles={"lead": 1, "peer": 1})
    (part,) = parts_of(problem(either, replace(ANA, id="ben"), visit))

    assert matching.solve(problem(either, visit)).visits == ()
    assert_read_back(part, greedy.fill(part))


def test_a_visit_may_have_as_many_roles_as_a_mask_has_bits() -> None:
    roles = [f"table {number}" for number in range(MOST_ROLES)]
    host = replace(ANA, certifications=tuple(certified(role) for role in roles))
    hosts = [replace(host, id=f"host {number}") for number in range(MOST_ROLES)]
    visit = replace(TUESDAY, roles=dict.fromkeys(roles, 1))

    solution = matching.solve(problem(*hosts, visit))

    assert {each.role for each in solution.speakers_of("tuesday")} == set(roles)


def test_more_roles_than_that_are_refused() -> None:
    roles = {f"table {number}": 1 for number in range(MOST_ROLES + 1)}

    with pytest.raises(matching.ProblemError, match="at most 60 roles"):
        problem(replace(TUESDAY, roles=roles))
