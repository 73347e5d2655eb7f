"""When else a visit would be filled, and that the answer gives nobody away."""

from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from outreach import matching
from outreach.matching import Assigned, Away, ChangeCode, Explainer, Weekly
from outreach.matching.other_times import nearby_starts, would_fill_at
from tests.matching.checker import Checker
from tests.matching.people import ANA, BEN, CLEO, TUESDAY, WARD, at, cleared, problem
from tests.matching.random_problems import random_problem

EVENINGS = (Weekly(weekday=1, from_minute=17 * 60, until_minute=20 * 60),)
PAIR = replace(TUESDAY, roles={"lead": 1, "co-presenter": 1})


def moves(asked: matching.Problem) -> list[str]:
    (unfilled,) = matching.as_it_stands(asked).unfilled
    changes = matching.changes_to_fill(Explainer.of(asked, None), unfilled.visit)
    told = [each for each in changes if each.code is ChangeCode.MOVE]
    assert all(set(each.params) == {"starts_at"} for each in told)
    return [f"{each.params['starts_at']:%d %H:%M}" for each in told]


def test_other_times_are_tried_by_how_near_they_are() -> None:
    starts = list(nearby_starts(at("2027-01-12T20:00")))

    assert [f"{each:%d %H:%M}" for each in starts[:2]] == ["12 19:30", "12 19:00"]
    assert [f"{each:%d %H:%M}" for each in starts[-14:-10]] == [
        "13 20:00",
        "11 20:00",
        "14 20:00",
        "10 20:00",
    ]
    assert f"{min(starts[:-14]):%H:%M}" == "07:00"
    assert max(starts[:-14]) + timedelta(hours=1) <= datetime.fromisoformat("2027-01-12T21:00")


def test_the_nearest_times_at_which_somebody_is_free_are_told_without_a_name() -> None:
    assert moves(problem(replace(ANA, weekly=EVENINGS), TUESDAY)) == [
        "12 17:00",
        "12 17:30",
        "12 18:00",
    ]


def test_the_same_hour_on_another_day_is_told_where_the_day_itself_is_no_help() -> None:
    that_week = Away(starts_on=date(2027, 1, 10), ends_on=date(2027, 1, 14))

    assert moves(problem(replace(ANA, away=(that_week,)), TUESDAY)) == [
        "15 14:00",
        "09 14:00",
        "16 14:00",
    ]


def test_a_pair_needs_a_time_at_which_both_can_come() -> None:
    late = replace(CLEO, weekly=(Weekly(weekday=1, from_minute=1080, until_minute=1260),))

    assert moves(problem(replace(ANA, weekly=EVENINGS), late, PAIR)) == [
        "12 18:00",
        "12 18:30",
        "12 19:00",
    ]


def test_whoever_comes_already_must_be_able_to_come_then() -> None:
    lead_is_found = replace(PAIR, fixed=(Assigned(speaker="ben", role="lead"),))
    evening_cleo = replace(CLEO, weekly=EVENINGS)
    afternoon_ben = replace(
        BEN, weekly=(Weekly(weekday=1, from_minute=13 * 60, until_minute=18 * 60),)
    )

    assert moves(problem(BEN, evening_cleo, lead_is_found))[0] == "12 17:00"
    assert moves(problem(afternoon_ben, evening_cleo, lead_is_found)) == ["12 17:00"]


def test_a_time_takes_nobody_from_another_visit() -> None:
    evening = replace(ANA, weekly=EVENINGS)
    promised = at("2027-01-12T17:00", minutes=90, fixed=(Assigned(speaker="ana", role="lead"),))

    assert moves(problem(evening, TUESDAY, promised)) == ["12 18:30", "12 19:00"]


def test_no_time_is_told_for_a_visit_that_can_be_filled_as_it_is() -> None:
    asked = problem(ANA, TUESDAY)

    assert would_fill_at(Explainer.of(asked, None), 0, nearby_starts(TUESDAY)) == ()


def test_an_exclusion_shows_no_time_as_somebody_who_is_never_free_shows_none() -> None:
    evening = replace(ANA, weekly=EVENINGS)
    ways = [
        problem(replace(evening, excluded_sites=(WARD.id,)), TUESDAY),
        problem(evening, replace(TUESDAY, excluded_speakers=("ana",))),
        problem(replace(ANA, weekly=()), TUESDAY),
    ]

    told = [matching.changes_to_fill(Explainer.of(each, None), "tuesday") for each in ways]

    assert told == [()] * 3


def test_a_clearance_counts_on_the_day_the_visit_would_be() -> None:
    until_monday = replace(ANA, clearances=(cleared(WARD, until=date(2027, 1, 11)),))

    assert moves(problem(until_monday, TUESDAY)) == ["11 14:00", "10 14:00", "09 14:00"]


@pytest.mark.parametrize("seed", [1, 5])
def test_the_times_are_just_those_of_a_plain_evaluator(seed: int) -> None:
    written = random_problem(seed, speakers=8, visits=14, days=20)
    asked = matching.problem_from_json(written)
    solution = matching.solve(asked)
    explainer = Explainer.of(asked, solution)
    seen = 0
    for unfilled in solution.unfilled:
        index = explainer.visit_at(unfilled.visit)
        facts = asked.visits[index]
        if sum(facts.roles.values()) != 1:
            continue
        (role,) = facts.roles
        starts = list(nearby_starts(facts))

        found = would_fill_at(explainer, index, starts, most=len(starts))

        expected = [each for each in starts if _comes(written, solution, facts.id, role, each)]
        assert list(found) == expected
        seen += 1
    assert seen


def _comes(
    written: dict[str, object],
    solution: matching.Solution,
    visit_id: str,
    role: str,
    start: datetime,
) -> bool:
    moved = deepcopy(written)
    for visit in moved["visits"]:  # type: ignore[attr-defined]  # JSON
        if visit["id"] == visit_id:
            visit["starts_at"] = f"{start:%Y-%m-%dT%H:%M}"
        there = solution.speakers_of(visit["id"])
        visit["fixed"] = [{"speaker": each.speaker, "role": each.role} for each in there]
    checker = Checker(moved)
    return any(
        not checker.alone(visit_id, name, [role])
        and not checker.beside(visit_id, name, checker.fixed)
        for name in checker.speakers
    )
