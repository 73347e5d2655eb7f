"""Places given and taken back, and chains of them: what they gain, and what they leave alone."""

import random
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach import matching
from outreach.matching import Assigned, LevelName, greedy, moves
from outreach.matching.clashes import at_most_one
from outreach.matching.levels import MAXIMIZED
from outreach.matching.model import Model
from outreach.matching.parts import Part
from outreach.matching.progress import never
from outreach.matching.roster import Roster
from outreach.matching.search import part_values
from outreach.matching.timetable import Ints
from tests.matching.checker import Json
from tests.matching.cutting import parts_of
from tests.matching.people import ANA, BEN, CLEO, LAKESIDE, TUESDAY, at, problem
from tests.matching.random_problems import random_problem
from tests.matching.small_problems import small_problems

SLOW_DRAWS = [HealthCheck.too_slow, HealthCheck.data_too_large]
LEVELS = tuple(LevelName)
HERE_ONLY = replace(BEN, clearances=tuple(c for c in BEN.clearances if c.site != LAKESIDE.id))
NORTH = at("2027-01-12T14:00", id="north", site=LAKESIDE.id)


def by_chance(part: Part, seed: int) -> Ints:
    """A feasible answer: greedy after a wish made by chance, for half of the visits."""
    taken = greedy.fill(part, np.random.default_rng(seed).random(len(part.pair_visit)))
    emptied = np.random.default_rng(seed + 1).random(len(part.visits)) < 0.5
    return np.where(emptied[part.pair_visit], -1, taken)


def moved(
    part: Part, taken: Ints, level: LevelName, earlier: tuple[LevelName, ...] = ()
) -> dict[LevelName, int]:
    """The values of the levels after the chains for one of them."""
    wish = np.ones(len(part.visits))
    found = moves.better(part, taken, level, earlier, wish=wish, most=10**6, over=never)
    return values(part, found)


def values(part: Part, taken: Ints) -> dict[LevelName, int]:
    return dict(zip(LEVELS, part_values(part, LEVELS, taken), strict=True))


def keeps_every_row(part: Part, taken: Ints) -> bool:
    model = Model(part)
    program = model.program(model.costs(LevelName.FILL), loads=True)
    return program.holds(model.encode(taken))


def taken_by(part: Part, asked: matching.Problem, *seats: tuple[str, str]) -> Ints:
    """An answer by the ids of visits and speakers, for visits that need one lead."""
    taken: Ints = np.full(len(part.pair_visit), -1, np.int64)
    for pair, (visit, speaker) in enumerate(zip(part.pair_visit, part.pair_speaker, strict=True)):
        named = (
            asked.visits[part.visits[visit]].id,
            asked.speakers[part.speakers[speaker]].id,
        )
        if named in seats:
            taken[pair] = int(np.flatnonzero(part.post_visit == visit)[0])
    assert (taken >= 0).sum() == len(seats)
    return taken


def test_nobody_is_brought_back_to_a_post_they_may_not_take() -> None:
    visit = replace(
        TUESDAY,
        roles={"lead": 1, "co-presenter": 1},
        proposed=(Assigned(speaker="cleo", role="lead"),),
    )
    asked = problem(ANA, BEN, CLEO, visit)
    (part,) = parts_of(asked)
    leads = np.flatnonzero(part.pair_speaker < 2)
    taken: Ints = np.full(len(part.pair_visit), -1, np.int64)
    taken[leads] = [0, 1]

    wish = np.ones(len(part.visits))
    found = moves.better(part, taken, LevelName.KEPT, (), wish=wish, most=10**6, over=never)

    assert keeps_every_row(part, found)
    assert found[part.pair_speaker == 2].tolist() != [0]


@settings(max_examples=60, suppress_health_check=SLOW_DRAWS, deadline=None)
@given(
    small_problems(),
    st.integers(0, 10**6),
    st.permutations(LEVELS),
    st.integers(0, 5),
)
def test_chains_break_no_rule_and_no_earlier_level(
    asked: Json, seed: int, order: list[LevelName], count: int
) -> None:
    level, earlier = order[count], tuple(order[:count])
    if not moves.help_with(level, earlier):
        return
    for part in parts_of(asked):
        taken, wish = by_chance(part, seed), np.ones(len(part.visits))

        found = moves.better(part, taken, level, earlier, wish=wish, most=10**6, over=never)

        before, after = values(part, taken), values(part, found)
        assert keeps_every_row(part, found)
        for each in (*earlier, level):
            if each in MAXIMIZED:
                assert after[each] >= before[each]
            else:
                assert after[each] <= before[each]


@pytest.mark.parametrize("seed", range(3))
def test_a_bureau_is_filled_further_than_by_greed(seed: int) -> None:
    asked = random_problem(seed, speakers=30, visits=90, days=40)
    part = parts_of(asked)[0]
    taken = greedy.fill(part)

    fills = [values(part, taken), moved(part, taken, LevelName.FILL)]

    assert fills[0][LevelName.FILL] < fills[1][LevelName.FILL]


def test_who_can_do_both_moves_to_the_visit_that_nobody_else_can_make() -> None:
    asked = problem(ANA, HERE_ONLY, TUESDAY, NORTH)
    (part,) = parts_of(asked)

    found = moved(part, taken_by(part, asked, ("tuesday", "ana")), LevelName.FILL)

    assert found[LevelName.FILL] == 2


def test_a_lead_who_came_as_co_presenter_leads_when_only_she_can() -> None:
    asked = problem(ANA, CLEO, replace(TUESDAY, roles={"co-presenter": 1, "lead": 1}))
    (part,) = parts_of(asked)
    nobody: Ints = np.full(len(part.pair_visit), -1, np.int64)

    assert moved(part, nobody, LevelName.FILL)[LevelName.FILL] == 1


def test_a_critical_visit_is_filled_for_another_and_only_then() -> None:
    critical = replace(NORTH, critical=True)
    asked = problem(ANA, TUESDAY, critical)
    (part,) = parts_of(asked)
    taken = taken_by(part, asked, ("tuesday", "ana"))

    preferred = moved(part, taken, LevelName.CRITICAL, (LevelName.FILL,))
    other_way = moved(part, taken_by(part, asked, ("north", "ana")), LevelName.FILL)

    assert (preferred[LevelName.FILL], preferred[LevelName.CRITICAL]) == (1, 1)
    assert other_way[LevelName.FILL] == 1


def test_who_is_kept_for_an_earlier_level_is_not_moved() -> None:
    proposed = replace(TUESDAY, proposed=(Assigned(speaker="ana", role="lead"),))
    asked = problem(ANA, HERE_ONLY, proposed, NORTH)
    (part,) = parts_of(asked)
    taken = taken_by(part, asked, ("tuesday", "ana"))

    kept = moved(part, taken, LevelName.FILL, (LevelName.KEPT,))
    free = moved(part, taken, LevelName.FILL)

    assert (kept[LevelName.FILL], kept[LevelName.KEPT]) == (1, 1)
    assert (free[LevelName.FILL], free[LevelName.KEPT]) == (2, 0)


def test_a_visit_is_passed_on_to_who_has_fewer_also_by_somebody_between() -> None:
    busy = replace(ANA, recent_visits=5)
    rested = replace(HERE_ONLY, id="dora")
    between = replace(BEN, recent_visits=4)
    asked = problem(busy, between, rested, TUESDAY, NORTH)
    (part,) = parts_of(asked)
    taken = taken_by(part, asked, ("north", "ana"), ("tuesday", "ben"))

    found = moved(part, taken, LevelName.FAIRNESS, (LevelName.FILL,))

    # Ben goes north for Ana, and Dora comes for Ben: 25 + 25 + 1, less what they had.
    assert found[LevelName.FAIRNESS] == (5**2 - 4**2) + 1
    assert found[LevelName.FILL] == 2


def test_who_was_proposed_comes_back_and_who_came_for_her_goes_on() -> None:
    proposed = replace(TUESDAY, proposed=(Assigned(speaker="ana", role="lead"),))
    asked = problem(ANA, BEN, proposed, NORTH)
    (part,) = parts_of(asked)
    taken = taken_by(part, asked, ("tuesday", "ben"), ("north", "ana"))

    found = moved(part, taken, LevelName.KEPT, (LevelName.FILL,))

    assert (found[LevelName.FILL], found[LevelName.KEPT]) == (2, 1)


def test_the_usual_speaker_comes_but_not_for_one_who_was_proposed() -> None:
    usual = replace(TUESDAY, usual=("ana",))
    kept = replace(usual, proposed=(Assigned(speaker="ben", role="lead"),))
    found = []
    for visit in (usual, kept):
        asked = problem(ANA, BEN, visit)
        (part,) = parts_of(asked)
        earlier = (LevelName.FILL, LevelName.KEPT)
        found.append(
            moved(part, taken_by(part, asked, ("tuesday", "ben")), LevelName.USUAL, earlier)
        )

    assert [each[LevelName.USUAL] for each in found] == [1, 0]
    assert [each[LevelName.KEPT] for each in found] == [0, 1]


@pytest.mark.parametrize("recent", [0, 1, 2])
def test_a_way_is_shortened_where_the_loads_stay_as_even(recent: int) -> None:
    nearer = replace(ANA, recent_visits=recent)
    farther = replace(BEN, recent_visits=1)
    asked = problem(nearer, farther, TUESDAY)
    (part,) = parts_of(asked)
    taken = taken_by(part, asked, ("tuesday", "ben"))

    evenly = moved(part, taken, LevelName.DISTANCE, (LevelName.FILL, LevelName.FAIRNESS))
    anyhow = moved(part, taken, LevelName.DISTANCE, (LevelName.FILL,))

    assert (evenly[LevelName.DISTANCE] == 0) == (recent < 2)
    assert anyhow[LevelName.DISTANCE] == 0


def test_two_change_places_where_both_ways_together_are_shorter() -> None:
    near_north = replace(BEN, lat=LAKESIDE.lat)
    asked = problem(ANA, near_north, TUESDAY, NORTH)
    (part,) = parts_of(asked)
    taken = taken_by(part, asked, ("tuesday", "ben"), ("north", "ana"))

    found = moved(part, taken, LevelName.DISTANCE, (LevelName.FILL, LevelName.FAIRNESS))

    assert (found[LevelName.FILL], found[LevelName.DISTANCE]) == (2, 0)


def test_enough_is_enough_and_a_stop_is_heard_at_once() -> None:
    part = parts_of(random_problem(1, speakers=30, visits=90, days=40))[0]
    nobody: Ints = np.full(len(part.pair_visit), -1, np.int64)
    wish, heard = np.ones(len(part.visits)), 0

    def over() -> bool:
        nonlocal heard
        heard += 1
        return heard > 4

    few = moves.better(part, nobody, LevelName.FILL, (), wish=wish, most=3, over=never)
    stopped = moves.better(part, nobody, LevelName.FILL, (), wish=wish, most=99, over=over)

    assert values(part, few)[LevelName.FILL] == 3
    assert values(part, stopped)[LevelName.FILL] <= 4
    assert heard <= 6
    assert keeps_every_row(part, stopped)


@settings(max_examples=40, suppress_health_check=SLOW_DRAWS, deadline=None)
@given(small_problems(), st.integers(0, 10**6))
def test_a_roster_knows_who_is_free_whatever_was_given_and_taken_back(
    asked: Json, seed: int
) -> None:
    for part in parts_of(asked):
        rng, roster = random.Random(seed), Roster(part)  # noqa: S311 - repeatable
        before = [list(roster.taken)]
        moments = [roster.mark()]
        for _ in range(30):
            pair = rng.randrange(len(part.pair_visit))
            if roster.taken[pair] >= 0:
                roster.take_back(pair)
            elif roster.is_free(pair):
                posts = part.post[part.able == pair].tolist()
                roster.give(pair, rng.choice(posts))
            before.append(list(roster.taken))
            moments.append(roster.mark())
            assert_knows_who_is_free(part, roster)

        assert all(one <= other for one, other in pairwise(moments))
        for moment, taken in zip(reversed(moments), reversed(before), strict=True):
            roster.back_to(moment)
            assert roster.taken == taken
        assert_knows_who_is_free(part, roster)


def assert_knows_who_is_free(part: Part, roster: Roster) -> None:
    taken = roster.as_array()
    for pair in np.flatnonzero(taken < 0).tolist():
        without = [
            other
            for other in np.flatnonzero(taken >= 0).tolist()
            if fits(part, taken, pair, without=other)
        ]
        if fits(part, taken, pair):
            assert roster.in_the_way(pair) == ()
        else:
            assert sorted(roster.in_the_way(pair) or ()) == without


def fits(part: Part, taken: Ints, pair: int, *, without: int | None = None) -> bool:
    """Whether the pair may be taken as well, by the sets and quotas themselves."""
    there = taken >= 0
    there[pair] = True
    if without is not None:
        there[without] = False
    number, member = at_most_one(part)
    months = part.room.shape[1]
    month = part.pair_speaker * months + part.month[part.pair_visit]
    used = np.bincount(month[there], minlength=part.room.size)
    sets = np.bincount(number[there[member]], minlength=1)
    return bool((used <= part.room.ravel()).all() and sets.max(initial=0) <= 1)
