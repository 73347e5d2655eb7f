"""What a solution does with the last proposals, and the reasons it gives for each change."""

from dataclasses import replace

import pytest

from outreach import matching
from outreach.matching import Assigned, LevelName, Problem, RefusalCode, Settings, Visit, WhyCode
from tests.matching.people import ANA, BEN, CLEO, LAKESIDE, SITES, TUESDAY, WARD
from tests.matching.random_problems import random_problem

THURSDAY = replace(TUESDAY, id="thursday", starts_at=TUESDAY.starts_at.replace(day=14))


def proposed(visit: Visit, *seats: tuple[str, str]) -> Visit:
    return replace(visit, proposed=tuple(Assigned(speaker=s, role=r) for s, r in seats))


def problem(*parts: object, levels: tuple[LevelName, ...] = tuple(LevelName)) -> Problem:
    return Problem(
        sites=SITES,
        speakers=tuple(each for each in parts if isinstance(each, matching.Speaker)),
        visits=tuple(each for each in parts if isinstance(each, Visit)),
        settings=Settings(levels=levels),
    )


def changes(asked: Problem) -> list[tuple[str, str | None, str | None, WhyCode | None]]:
    return [
        (each.visit, each.before, each.after, each.why.code if each.why else None)
        for each in matching.compare(asked, matching.solve(asked))
    ]


def test_what_stays_is_no_change() -> None:
    asked = problem(ANA, BEN, proposed(TUESDAY, ("ben", "lead")))

    assert changes(asked) == []


def test_who_is_new_where_nobody_was_needs_no_reason() -> None:
    assert changes(problem(ANA, TUESDAY)) == [("tuesday", None, "ana", None)]


def test_a_rule_that_speaks_against_by_now_is_the_reason() -> None:
    busy = replace(BEN, weekly=())
    asked = problem(ANA, busy, proposed(TUESDAY, ("ben", "lead")))

    (found,) = matching.compare(asked, matching.solve(asked))

    assert (found.before, found.after) == ("ben", "ana")
    assert found.why is not None
    assert found.why.code is WhyCode.REFUSED
    assert [each.code for each in found.why.refusals] == [RefusalCode.UNAVAILABLE]


def test_an_exclusion_gives_the_reason_of_any_day_not_free() -> None:
    excluding = replace(BEN, excluded_sites=(WARD.id,))
    away = replace(BEN, weekly=())

    reasons = [
        matching.compare(asked, matching.solve(asked))
        for asked in (
            problem(ANA, who, proposed(TUESDAY, ("ben", "lead"))) for who in (excluding, away)
        )
    ]

    assert reasons[0] == reasons[1]


def test_somebody_moves_so_that_one_more_visit_is_filled() -> None:
    # Only Ana can go to the north on the same day; Ben can stand in for her here.
    near = replace(BEN, radius_km=20)
    north = replace(TUESDAY, id="north", site=LAKESIDE.id)
    asked = problem(ANA, near, proposed(TUESDAY, ("ana", "lead")), north)

    (here, there) = matching.compare(asked, matching.solve(asked))

    assert (here.visit, here.before, here.after) == ("tuesday", "ana", "ben")
    assert here.why is not None
    assert (here.why.code, here.why.count) == (WhyCode.FILL, 1)
    assert (there.visit, there.before, there.after, there.why) == ("north", None, "ana", None)


def test_a_visit_that_matters_more_takes_somebody_from_another() -> None:
    once = replace(ANA, quota_per_month=1)
    critical = replace(THURSDAY, critical=True)
    asked = problem(
        once,
        proposed(TUESDAY, ("ana", "lead")),
        critical,
    )

    assert changes(asked) == [
        ("tuesday", "ana", None, WhyCode.CRITICAL),
        ("thursday", None, "ana", None),
    ]


@pytest.mark.parametrize(
    ("levels", "why"),
    [
        ((LevelName.FILL, LevelName.FAIRNESS), WhyCode.FAIRNESS),
        ((LevelName.FILL, LevelName.DISTANCE), WhyCode.DISTANCE),
        ((LevelName.FILL, LevelName.USUAL), WhyCode.USUAL),
    ],
)
def test_the_first_level_that_is_better_is_the_reason(
    levels: tuple[LevelName, ...], why: WhyCode
) -> None:
    often = replace(BEN, recent_visits=5)
    visit = replace(proposed(TUESDAY, ("ben", "lead")), usual=("ana",))

    assert changes(problem(ANA, often, visit, levels=levels)) == [("tuesday", "ben", "ana", why)]


def test_a_part_of_a_visit_nobody_completes_is_given_up() -> None:
    pair = replace(TUESDAY, roles={"lead": 1, "co-presenter": 1})
    asked = problem(ANA, proposed(pair, ("ana", "lead")))

    assert changes(asked) == [("tuesday", "ana", None, WhyCode.INCOMPLETE)]


def test_what_is_as_good_as_before_is_said_to_be() -> None:
    twin = replace(ANA, id="twin")
    asked = problem(ANA, twin, proposed(TUESDAY, ("twin", "lead")), levels=(LevelName.FILL,))
    other = matching.solve(problem(ANA, TUESDAY))

    (found,) = matching.compare(asked, other)

    assert found.why is not None
    assert (found.before, found.after, found.why.code) == ("twin", "ana", WhyCode.WHOLE)


def test_each_role_has_its_own_change() -> None:
    pair = replace(TUESDAY, roles={"lead": 1, "co-presenter": 1})
    busy = replace(CLEO, weekly=())
    asked = problem(ANA, BEN, busy, proposed(pair, ("ana", "lead"), ("cleo", "co-presenter")))

    assert changes(asked) == [("tuesday", "cleo", "ben", WhyCode.REFUSED)]


@pytest.mark.parametrize("seed", range(5))
def test_the_changes_lead_from_the_last_proposals_to_the_solution(seed: int) -> None:
    asked = matching.problem_from_json(random_problem(seed, speakers=12, visits=20))
    solution = matching.solve(asked)
    seats = {
        (visit.id, each.role, each.speaker)
        for visit in asked.visits
        for each in visit.proposed
        if each.speaker not in {fixed.speaker for fixed in visit.fixed}
    }

    for each in matching.compare(asked, solution):
        if each.before:
            seats.remove((each.visit, each.role, each.before))
    for each in matching.compare(asked, solution):
        if each.after:
            seats.add((each.visit, each.role, each.after))

    assert seats == {
        (plan.visit, each.role, each.speaker)
        for plan in solution.visits
        for each in plan.speakers
        if not each.fixed
    }
