"""What it would cost to have one speaker rather than another: against trying it all."""

from copy import deepcopy
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach import matching
from outreach.matching import Assigned, LevelName, RefusalCode
from tests.matching.checker import Checker, Json, best_values
from tests.matching.people import ANA, BEN, CLEO, LAKESIDE, TUESDAY, at, problem
from tests.matching.small_problems import small_problems

SLOW_DRAWS = [HealthCheck.too_slow, HealthCheck.data_too_large]
DORA = replace(ANA, id="dora", lat=42.0)


def of_level(answer: matching.WhatIf, level: LevelName) -> tuple[float, float]:
    return next((each.before, each.after) for each in answer.levels if each.level is level)


@settings(max_examples=80, deadline=None, suppress_health_check=SLOW_DRAWS)
@given(small_problems(people=5, visits=5), st.integers(0, 10**6))
def test_the_best_plan_with_her_there_is_what_trying_everything_finds(
    asked: Json, pick: int
) -> None:
    seats = [
        (name, role, speaker["id"])
        for name, visit in ((visit["id"], visit) for visit in asked["visits"])
        for role, needed in visit["roles"].items()
        for speaker in asked["speakers"]
        if needed and speaker["id"] not in {each["speaker"] for each in visit["fixed"]}
    ]
    name, role, speaker = seats[pick % len(seats)]
    read, checker = matching.problem_from_json(asked), Checker(asked)

    answer = matching.what_if(read, matching.solve(read), name, speaker, role)

    refused = checker.alone(name, speaker, [role]) | checker.beside(name, speaker, checker.fixed)
    assert {each.code.value for each in answer.refusals} == refused
    if not refused:
        forced = deepcopy(asked)
        visit = next(each for each in forced["visits"] if each["id"] == name)
        visit["fixed"].append({"speaker": speaker, "role": role})
        assert [_whole(each) for each in answer.levels] == best_values(forced)
        assert answer.proven


@settings(max_examples=40, deadline=None, suppress_health_check=SLOW_DRAWS)
@given(small_problems())
def test_a_plan_is_measured_as_the_search_measures_it(asked: Json) -> None:
    read = matching.problem_from_json(asked)
    solution = matching.solve(read)

    same = matching.compared(read, solution, solution)

    assert [(each.level, each.before) for each in same] == [
        (level.name, level.value) for level in solution.levels
    ]
    assert matching.changes(read, solution, solution) == ()


def test_having_her_here_empties_the_visit_that_only_she_can_make() -> None:
    north = at("2027-01-12T14:00", id="north", site=LAKESIDE.id, critical=True)
    here_only = replace(BEN, clearances=tuple(c for c in BEN.clearances if c.site != LAKESIDE.id))
    asked = problem(ANA, here_only, TUESDAY, north)

    answer = matching.what_if(
        asked, matching.solve(asked), "tuesday", "ana", "lead", instead_of="ben"
    )

    assert answer.is_possible
    assert (answer.emptied, answer.filled) == (("north",), ())
    assert of_level(answer, LevelName.FILL) == (2, 1)
    assert of_level(answer, LevelName.CRITICAL) == (1, 0)
    assert answer.changed == (
        matching.Changed(visit="tuesday", left=(_lead("ben"),), came=(_lead("ana"),)),
        matching.Changed(visit="north", left=(_lead("ana"),), came=()),
    )


def test_somebody_else_moves_over_where_that_fills_both() -> None:
    north = at("2027-01-12T14:00", id="north", site=LAKESIDE.id)
    asked = problem(ANA, DORA, TUESDAY, north)
    present = matching.solve(asked)

    answer = matching.what_if(asked, present, "tuesday", "dora", "lead", instead_of="ana")

    assert (answer.emptied, of_level(answer, LevelName.FILL)) == ((), (2, 2))
    assert [each.visit for each in answer.changed] == ["tuesday", "north"]
    before, after = of_level(answer, LevelName.DISTANCE)
    assert before < after


def test_what_speaks_against_her_is_the_whole_answer() -> None:
    asked = problem(ANA, CLEO, TUESDAY)

    answer = matching.what_if(asked, matching.solve(asked), "tuesday", "cleo", "lead")

    assert not answer.is_possible
    assert [each.code for each in answer.refusals] == [RefusalCode.NOT_CERTIFIED]
    assert (answer.levels, answer.changed) == ((), ())


def test_only_what_is_promised_speaks_against_her_and_not_what_is_proposed() -> None:
    rests = replace(ANA, rest_days=2)
    proposed = at("2027-01-13T09:00", proposed=(_lead("ana"),))
    promised = at("2027-01-13T09:00", fixed=(_lead("ana"),))
    only_proposed, already_promised = (
        problem(rests, TUESDAY, proposed),
        problem(rests, TUESDAY, promised),
    )

    free, kept = (
        matching.what_if(asked, matching.as_it_stands(asked), "tuesday", "ana", "lead")
        for asked in (only_proposed, already_promised)
    )

    assert (free.refusals, free.emptied, free.filled) == ((), ("2027-01-13T09:00",), ("tuesday",))
    assert [each.code for each in kept.refusals] == [RefusalCode.REST]


def test_an_exclusion_speaks_against_her_as_any_time_she_is_not_free_does() -> None:
    excluding = replace(ANA, excluded_sites=(TUESDAY.site,))
    busy = replace(ANA, weekly=())
    unwanted = replace(TUESDAY, excluded_speakers=("ana",))

    answers = [
        matching.what_if(asked, matching.as_it_stands(asked), "tuesday", "ana", "lead").refusals
        for asked in (
            problem(excluding, TUESDAY),
            problem(busy, TUESDAY),
            problem(ANA, unwanted),
            problem(TUESDAY),
        )
    ]

    assert answers == [(matching.Refusal(RefusalCode.UNAVAILABLE),)] * 4


def test_whom_she_comes_instead_of_is_not_on_the_other_place_either() -> None:
    pair = replace(TUESDAY, roles={"lead": 2})
    asked = problem(ANA, BEN, DORA, pair)
    present = matching.solve(asked)
    assert {each.speaker for each in present.speakers_of("tuesday")} == {"ana", "ben"}

    answer = matching.what_if(asked, present, "tuesday", "dora", "lead", instead_of="ben")

    assert answer.changed == (
        matching.Changed(visit="tuesday", left=(_lead("ben"),), came=(_lead("dora"),)),
    )


def test_who_is_being_asked_gives_the_place_up_in_the_question() -> None:
    asked = problem(ANA, BEN, replace(TUESDAY, fixed=(_lead("ben"),)))

    answer = matching.what_if(
        asked, matching.as_it_stands(asked), "tuesday", "ana", "lead", instead_of="ben"
    )

    assert answer.changed == (
        matching.Changed(visit="tuesday", left=(_lead("ben"),), came=(_lead("ana"),)),
    )


def test_what_shares_no_speaker_with_her_or_the_visit_stays_as_it_is() -> None:
    near = replace(ANA, clearances=ANA.clearances[:2])
    far = replace(BEN, clearances=ANA.clearances[2:])
    also_near = at("2027-01-13T14:00", id="wednesday")
    north = at("2027-01-12T14:00", id="north", site=LAKESIDE.id)
    asked = problem(near, far, TUESDAY, also_near, north)

    answer = matching.what_if(asked, matching.as_it_stands(asked), "tuesday", "ana", "lead")

    assert answer.filled == ("tuesday", "wednesday")
    assert of_level(answer, LevelName.FILL) == (0, 2)
    assert answer.proven


def test_who_is_fixed_elsewhere_keeps_that_and_what_it_takes_of_the_quota() -> None:
    once = replace(ANA, quota_per_month=1)
    north = at("2027-01-14T14:00", id="north", site=LAKESIDE.id, roles={"lead": 2})
    held = replace(north, fixed=(_lead("ana"), _lead("dora")))
    wednesday = at("2027-01-13T14:00", id="wednesday")
    asked = problem(once, BEN, DORA, TUESDAY, wednesday, held)

    answer = matching.what_if(asked, matching.as_it_stands(asked), "tuesday", "ben", "lead")
    refused = matching.what_if(asked, matching.as_it_stands(asked), "tuesday", "ana", "lead")

    assert answer.filled == ("tuesday", "wednesday")
    assert {each.visit for each in answer.changed} == {"tuesday", "wednesday"}
    assert "ana" not in {each.speaker for change in answer.changed for each in change.came}
    assert [each.code for each in refused.refusals] == [RefusalCode.QUOTA]


def test_a_question_about_what_is_not_there_is_refused() -> None:
    asked = problem(ANA, replace(TUESDAY, fixed=(_lead("ana"),)))
    present = matching.as_it_stands(asked)

    with pytest.raises(KeyError):
        matching.what_if(asked, present, "monday", "ana", "lead")
    with pytest.raises(KeyError):
        matching.what_if(asked, present, "tuesday", "ana", "peer")
    with pytest.raises(ValueError, match="already"):
        matching.what_if(asked, present, "tuesday", "ana", "lead")


def _lead(name: str) -> Assigned:
    return Assigned(speaker=name, role="lead")


def _whole(each: matching.Compared) -> int:
    return round(each.after * (1000 if each.level is LevelName.DISTANCE else 1))
