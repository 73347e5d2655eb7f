"""Why, why not, who else, and what would help."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from outreach import matching
from outreach.matching import (
    ALWAYS_FREE,
    Assigned,
    Away,
    Problem,
    Reason,
    ReasonCode,
    Refusal,
    RefusalCode,
    Solution,
    Speaker,
    as_it_stands,
    problem_from_json,
    ranking,
    refusals_for,
    solution_to_json,
    solve,
)
from tests.matching.checker import Checker, Json, Seat
from tests.matching.people import (
    ANA,
    BEN,
    CLEO,
    CLINIC,
    FIRST,
    LAKESIDE,
    LAST,
    TUESDAY,
    WARD,
    at,
    certified,
    cleared,
    problem,
)
from tests.matching.random_problems import random_problem

PAIR = replace(TUESDAY, roles={"lead": 1, "co-presenter": 1})


def seats_in(solution: Solution) -> list[Seat]:
    return [
        Seat(plan.visit, each.speaker, each.role)
        for plan in solution.visits
        for each in plan.speakers
    ]


def coded(refusals: dict[str, tuple[Refusal, ...]]) -> dict[str, set[str]]:
    return {name: {each.code.value for each in found} for name, found in refusals.items()}


@pytest.mark.parametrize("seed", range(4))
def test_refusals_are_just_those_of_a_plain_evaluator(seed: int) -> None:
    written = random_problem(seed, speakers=10, visits=20, days=20)
    asked, checker = problem_from_json(written), Checker(written)
    solution = solve(asked)
    seats = seats_in(solution)

    for visit in asked.visits:
        for role in visit.roles:
            there = {seat.speaker for seat in seats if seat.visit == visit.id}
            expected = {
                name: checker.alone(visit.id, name, [role]) | checker.beside(visit.id, name, seats)
                for name in checker.speakers.keys() - there
            }
            assert coded(refusals_for(asked, solution, visit.id, role=role)) == expected


@pytest.mark.parametrize("seed", range(3))
def test_the_ranking_holds_all_who_could_come_and_nobody_else(seed: int) -> None:
    written = random_problem(seed, speakers=14, visits=20, days=30)
    asked, checker = problem_from_json(written), Checker(written)
    solution = solve(asked)
    seats = seats_in(solution)

    for visit in asked.visits:
        for role in visit.roles:
            there = {seat.speaker for seat in seats if seat.visit == visit.id}
            proposed = {s.speaker for s in seats if s not in checker.fixed} & {
                s.speaker for s in seats if (s.visit, s.role) == (visit.id, role)
            }
            fixed_here = {s.speaker for s in checker.fixed if s.visit == visit.id}
            could = {
                name
                for name in checker.speakers.keys() - there
                if not checker.alone(visit.id, name, [role]) | checker.beside(visit.id, name, seats)
            }
            listed = [each.speaker for each in ranking(asked, solution, visit.id, role)]
            assert set(listed) == could | (proposed - fixed_here)
            assert len(listed) == len(set(listed))


def test_the_chosen_speaker_s_reasons_carry_their_figures() -> None:
    ana = replace(
        ANA,
        recent_visits=2,
        quota_per_month=3,
        certifications=(certified(until=date(2027, 6, 30)), certified()),
        clearances=(cleared(WARD, until=date(2027, 3, 31)),),
    )
    visit = replace(TUESDAY, usual=("ana",))

    (chosen,) = solve(problem(ana, visit)).speakers_of("tuesday")

    assert chosen.reasons == (
        Reason(ReasonCode.USUAL),
        Reason(ReasonCode.CERTIFIED, {"role": "lead", "until": LAST}),
        Reason(ReasonCode.FREE),
        Reason(ReasonCode.DISTANCE, {"km": 0.0}),
        Reason(ReasonCode.CLEARED, {"site": WARD.id, "until": date(2027, 3, 31)}),
        Reason(ReasonCode.RECENT, {"visits": 2}),
        Reason(ReasonCode.QUOTA, {"month": "2027-01", "used": 1, "limit": 3}),
    )


def test_a_fixed_speaker_who_does_not_fit_is_not_praised_for_it() -> None:
    ana = replace(ANA, certifications=(), clearances=(), weekly=())
    visit = replace(TUESDAY, fixed=(Assigned(speaker="ana", role="lead"),))

    (chosen,) = solve(problem(ana, visit)).speakers_of("tuesday")

    codes = [reason.code for reason in chosen.reasons]
    assert codes == [ReasonCode.DISTANCE, ReasonCode.RECENT, ReasonCode.QUOTA]


def test_refusals_carry_what_a_coordinator_needs_to_act() -> None:
    ended = date(2026, 12, 31)
    ben = replace(
        BEN,
        radius_km=5.0,
        languages=("es",),
        unit_types=("geriatric",),
        certifications=(certified(until=ended),),
        clearances=(cleared(WARD, until=ended), cleared(CLINIC)),
        weekly=(),
        quota_per_month=0,
    )
    asked = problem(ANA, ben, TUESDAY)

    found = refusals_for(asked, solve(asked), "tuesday")

    assert found == {
        "ben": (
            Refusal(RefusalCode.TOO_FAR, {"distance_km": 11.12, "radius_km": 5.0}),
            Refusal(RefusalCode.LANGUAGE, {"language": "en"}),
            Refusal(RefusalCode.UNIT_TYPE, {"unit_type": "adult"}),
            Refusal(
                RefusalCode.NOT_CERTIFIED,
                {"program": "story", "role": "lead", "ended_on": ended},
            ),
            Refusal(RefusalCode.NOT_CLEARED, {"site": WARD.id, "ended_on": ended}),
            Refusal(RefusalCode.UNAVAILABLE),
            Refusal(RefusalCode.QUOTA, {"month": "2027-01", "used": 0, "limit": 0}),
        )
    }


def test_rest_names_the_visit_that_blocks() -> None:
    ana = replace(ANA, rest_days=1)
    fixed = replace(TUESDAY, fixed=(Assigned(speaker="ana", role="lead"),))
    asked = problem(ana, fixed, at("2027-01-13T09:00", id="wednesday"))

    found = refusals_for(asked, solve(asked), "wednesday")

    assert found == {"ana": (Refusal(RefusalCode.REST, {"visit": "tuesday", "rest_days": 1}),)}


def test_overlap_names_the_visit_that_blocks_and_the_travel_time() -> None:
    fixed = replace(TUESDAY, fixed=(Assigned(speaker="ana", role="lead"),))
    asked = problem(ANA, fixed, at("2027-01-12T15:30", id="lakeside", site=LAKESIDE.id))

    found = refusals_for(asked, solve(asked), "lakeside")

    overlap = Refusal(RefusalCode.OVERLAP, {"visit": "tuesday", "travel_minutes": 71})
    assert found == {"ana": (overlap,)}


@pytest.mark.parametrize("hour", ["13:00", "15:00"])
def test_visits_that_touch_do_not_overlap_from_either_side(hour: str) -> None:
    fixed = replace(TUESDAY, fixed=(Assigned(speaker="ana", role="lead"),))
    asked = problem(ANA, fixed, at(f"2027-01-12T{hour}", id="next"))

    assert [each.speaker for each in solve(asked).speakers_of("next")] == ["ana"]
    assert [each.speaker for each in ranking(asked, None, "next", "lead")] == ["ana"]


def test_whoever_could_come_as_well_has_no_reason_against() -> None:
    asked = problem(ANA, BEN, TUESDAY)

    assert refusals_for(asked, solve(asked), "tuesday") == {"ben": ()}


def test_a_co_presenter_is_refused_for_the_lead_but_not_for_the_visit() -> None:
    asked = problem(CLEO, PAIR)
    solution = solve(asked)

    assert coded(refusals_for(asked, solution, "tuesday")) == {"cleo": set()}
    assert coded(refusals_for(asked, solution, "tuesday", role="lead")) == {
        "cleo": {"not_certified"}
    }


@pytest.mark.parametrize(
    ("visit", "role"), [("monday", None), ("monday", "lead"), ("tuesday", "x")]
)
def test_a_question_about_what_is_not_there_is_a_key_error(visit: str, role: str | None) -> None:
    asked = problem(ANA, TUESDAY)
    solution = solve(asked)

    with pytest.raises(KeyError):
        refusals_for(asked, solution, visit, role=role)
    with pytest.raises(KeyError):
        ranking(asked, solution, visit, role or "lead")


def test_the_ranking_goes_by_choice_then_by_visits_then_by_distance() -> None:
    near = replace(ANA, id="near", recent_visits=1)
    far = replace(ANA, id="far", lat=41.81)
    nearer = replace(ANA, id="nearer")
    asked = problem(near, far, nearer, CLEO, TUESDAY)

    ranked = ranking(asked, solve(asked), "tuesday", "lead")

    assert [each.speaker for each in ranked] == ["nearer", "far", "near"]
    assert ranked[2].reasons[-1] == Reason(
        ReasonCode.QUOTA, {"month": "2027-01", "used": 1, "limit": 10}
    )


def test_the_solution_s_speaker_comes_before_one_with_fewer_visits() -> None:
    visit = replace(TUESDAY, usual=("ana",))
    asked = problem(replace(ANA, recent_visits=5), BEN, visit)

    ranked = ranking(asked, solve(asked), "tuesday", "lead")

    assert [each.speaker for each in ranked] == ["ana", "ben"]


def test_fixed_speakers_and_those_in_another_role_are_not_ranked() -> None:
    visit = replace(TUESDAY, roles={"lead": 2}, fixed=(Assigned(speaker="ana", role="lead"),))
    asked = problem(ANA, BEN, CLEO, visit)
    both = problem(ANA, CLEO, PAIR)

    assert [each.speaker for each in ranking(asked, solve(asked), "tuesday", "lead")] == ["ben"]
    assert [e.speaker for e in ranking(both, solve(both), "tuesday", "co-presenter")] == ["cleo"]


def told(asked: Problem) -> tuple[object, ...]:
    """All that anybody is ever told about a problem."""
    solution = solve(asked)
    written = {**solution_to_json(solution), "seconds": 0}
    visits = [visit.id for visit in asked.visits]
    refusals = [refusals_for(asked, solution, visit) for visit in visits]
    ranked = [ranking(asked, solution, visit, "lead") for visit in visits]
    return written, refusals, ranked


@pytest.mark.parametrize("others", [(), (BEN,), (CLEO,)], ids=["alone", "beside Ben", "with Cleo"])
def test_an_exclusion_cannot_be_told_from_being_unavailable(others: tuple[Speaker, ...]) -> None:
    thursday = at("2027-01-14T14:00", id="thursday", site=CLINIC.id)
    never_on_tuesday = tuple(free for free in ALWAYS_FREE if free.weekday != 1)
    that_day = Away(starts_on=date(2027, 1, 12), ends_on=date(2027, 1, 12))

    ways = [
        problem(replace(ANA, weekly=never_on_tuesday), *others, PAIR, thursday),
        problem(replace(ANA, away=(that_day,)), *others, PAIR, thursday),
        problem(replace(ANA, excluded_sites=(WARD.id,)), *others, PAIR, thursday),
        problem(ANA, *others, replace(PAIR, excluded_speakers=("ana",)), thursday),
        problem(
            replace(ANA, away=(that_day,), excluded_sites=(WARD.id,)),
            *others,
            replace(PAIR, excluded_speakers=("ana",)),
            thursday,
        ),
    ]

    assert [told(way) for way in ways] == [told(ways[0])] * 5


def changes(asked: Problem) -> list[tuple[str, dict[str, Any]]]:
    (unfilled,) = solve(asked).unfilled
    return [(change.code.value, dict(change.params)) for change in unfilled.would_fill_if]


def test_an_unfilled_visit_tells_which_single_changes_would_fill_it() -> None:
    ended = date(2026, 12, 31)
    lapsed = replace(BEN, id="lapsed", clearances=(cleared(WARD, until=ended),))
    strange = replace(BEN, id="strange", clearances=(), recent_visits=1)
    spent = replace(BEN, id="spent", quota_per_month=0)
    away = replace(BEN, id="away", weekly=(), clearances=())

    found = changes(problem(CLEO, lapsed, strange, spent, away, TUESDAY))

    assert found == [
        ("renew_clearance", {"speaker": "lapsed", "site": WARD.id, "ended_on": ended}),
        ("renew_clearance", {"speaker": "strange", "site": WARD.id, "ended_on": None}),
        ("raise_quota", {"speaker": "spent", "month": "2027-01", "limit": 1}),
        ("certify", {"speaker": "cleo", "program": "story", "role": "lead", "ended_on": None}),
    ]


def test_a_visit_that_lacks_two_people_has_no_single_change() -> None:
    lapsed = replace(ANA, clearances=())

    assert changes(problem(lapsed, replace(lapsed, id="ben"), PAIR)) == []


def test_one_person_does_not_count_for_two_roles() -> None:
    # Ana could do either; certified for both, she still is only one.
    lapsed = replace(BEN, clearances=())

    found = changes(problem(ANA, lapsed, PAIR))

    assert [params["speaker"] for _, params in found] == ["ben"]


def test_no_more_than_ten_changes_are_told() -> None:
    lapsed = [replace(ANA, id=f"s{number}", clearances=()) for number in range(12)]

    assert len(changes(problem(*lapsed, TUESDAY))) == 10


def with_change(written: Json, solution: Solution, visit_id: str, change: matching.Change) -> Json:
    """The problem with everybody in place and this one thing changed."""
    changed = deepcopy(written)
    for visit in changed["visits"]:
        there = solution.speakers_of(visit["id"])
        visit["fixed"] = [{"speaker": each.speaker, "role": each.role} for each in there]
    params = change.params
    if change.code is matching.ChangeCode.MOVE:
        (moved,) = (each for each in changed["visits"] if each["id"] == visit_id)
        moved["starts_at"] = f"{params['starts_at']:%Y-%m-%dT%H:%M}"
        return changed
    (speaker,) = (each for each in changed["speakers"] if each["id"] == params["speaker"])
    dates = {"from": FIRST.isoformat(), "until": "2028-12-31"}
    match change.code:
        case matching.ChangeCode.RENEW_CLEARANCE:
            speaker["clearances"].append({"site": params["site"], **dates})
        case matching.ChangeCode.CERTIFY:
            held = {"program": params["program"], "role": params["role"], **dates}
            speaker["certifications"].append(held)
        case matching.ChangeCode.RAISE_QUOTA:
            speaker["quota_per_month"] = params["limit"]
    return changed


def told_changes(asked: Problem, solution: Solution) -> Iterator[tuple[str, matching.Change]]:
    explainer = matching.Explainer.of(asked, solution)
    for unfilled in solution.unfilled:
        changes = matching.changes_to_fill(explainer, unfilled.visit)
        assert changes[: len(unfilled.would_fill_if)] == unfilled.would_fill_if
        for change in changes:
            yield unfilled.visit, change


@pytest.mark.parametrize("seed", [4, 6])
def test_each_change_really_fills_the_visit(seed: int) -> None:
    written = random_problem(seed, speakers=8, visits=14, days=20)
    asked = problem_from_json(written)
    solution = solve(asked)

    told_of = list(told_changes(asked, solution))

    assert {"move", "renew_clearance"} <= {change.code.value for _, change in told_of}
    for visit, change in told_of:
        then = solve(problem_from_json(with_change(written, solution, visit, change)))
        assert visit not in {each.visit for each in then.unfilled}


def test_what_stands_is_described_without_choosing_anybody() -> None:
    asked = problem(
        replace(ANA, clearances=()),
        BEN,
        replace(TUESDAY, proposed=(Assigned(speaker="ana", role="lead"),)),
        at("2027-01-14T14:00", id="thursday"),
    )

    standing = as_it_stands(asked)

    assert standing.levels == ()
    assert [(each.visit, [c.speaker for c in each.speakers]) for each in standing.visits] == [
        ("tuesday", ["ana"])
    ]
    assert [(each.visit, each.considered) for each in standing.unfilled] == [("thursday", 2)]
    assert coded(refusals_for(asked, standing, "tuesday")) == {"ben": set()}


def test_a_solution_stands_as_it_was_found() -> None:
    written = random_problem(5, speakers=14, visits=25)
    solution = solve(problem_from_json(written))
    for visit in written["visits"]:
        visit["proposed"] = [
            {"speaker": each.speaker, "role": each.role}
            for each in solution.speakers_of(visit["id"])
            if not each.fixed
        ]

    again = problem_from_json(written)
    standing = as_it_stands(again)

    visit, role = again.visits[0].id, next(iter(again.visits[0].roles))
    assert refusals_for(again, None, visit) == refusals_for(again, standing, visit)
    assert ranking(again, None, visit, role) == ranking(again, standing, visit, role)
    assert replace(standing, levels=solution.levels, seconds=solution.seconds) == solution


def test_someone_fixed_and_proposed_sits_there_once() -> None:
    seat = (Assigned(speaker="ana", role="lead"),)

    standing = as_it_stands(problem(ANA, replace(TUESDAY, fixed=seat, proposed=seat)))

    assert [each.fixed for each in standing.speakers_of("tuesday")] == [True]


def test_the_written_solution_is_short_english() -> None:
    lapsed = replace(BEN, clearances=(cleared(WARD, until=date(2026, 12, 31)),))
    stranger = replace(BEN, id="dora", clearances=(), recent_visits=1)
    spent = replace(BEN, id="eve", quota_per_month=0)
    trainee = replace(CLEO, clearances=(cleared(CLINIC),))
    clinic = at("2027-01-14T14:00", id="thursday", site=CLINIC.id, usual=("ana",))
    ana = replace(ANA, excluded_sites=(WARD.id,))

    written = solution_to_json(
        solve(problem(ana, lapsed, stranger, spent, trainee, TUESDAY, clinic))
    )

    assert written["format"] == "outreach-matching-solution/1"
    assert written["visits"] == [
        {
            "id": "thursday",
            "speakers": [
                {
                    "id": "ana",
                    "role": "lead",
                    "distance_km": 0.0,
                    "reasons": [
                        "usually comes to this visit",
                        "certified as lead until 2027-12-31",
                        "free at that time",
                        "0.0 km away",
                        "cleared at st-clare-clinic until 2027-12-31",
                        "visits in the last 90 days: 0",
                        "visit 1 of 10 in 2027-01",
                    ],
                }
            ],
        }
    ]
    assert written["unfilled"] == [
        {
            "id": "tuesday",
            "considered": 5,
            "refusals": {"not_certified": 1, "not_cleared": 3, "unavailable": 1, "quota": 1},
            "would_fill_if": [
                "if ben's clearance at st-clare-3w were renewed",
                "if dora's clearance at st-clare-3w were given",
                "if eve's quota for 2027-01 were 1",
            ],
        }
    ]
