"""The two ways to ask the same rules: for one visit and everybody, and for possible pairs alone."""

import random
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from outreach.matching import Clearance, Problem, Weekly
from outreach.matching.candidates import BIT, Candidates
from outreach.matching.reasons import RefusalCode
from tests.matching.checker import Checker, Json
from tests.matching.cutting import candidates_of
from tests.matching.people import ANA, BEN, FIRST, TUESDAY, WARD, at, problem
from tests.matching.random_problems import random_problem
from tests.matching.small_problems import small_problems

SLOW_DRAWS = [HealthCheck.too_slow, HealthCheck.data_too_large]


def by_pairs(candidates: Candidates) -> list[tuple[int, int]]:
    visits, speakers = candidates.pairs()
    return list(zip(visits.tolist(), speakers.tolist(), strict=True))


def by_bits(candidates: Candidates) -> list[tuple[int, int]]:
    return [
        (visit, speaker)
        for visit in range(len(candidates.problem.visits))
        for speaker in range(len(candidates.problem.speakers))
        if candidates.bits(visit)[speaker] == 0
    ]


def able_to_come(asked: Problem) -> list[tuple[str, str]]:
    candidates = candidates_of(asked)
    assert by_pairs(candidates) == by_bits(candidates)
    return [
        (asked.visits[visit].id, asked.speakers[speaker].id)
        for visit, speaker in by_pairs(candidates)
    ]


@settings(max_examples=60, suppress_health_check=SLOW_DRAWS)
@given(small_problems())
def test_the_pairs_are_those_against_whom_no_rule_speaks(asked: Json) -> None:
    candidates = candidates_of(asked)

    assert by_pairs(candidates) == by_bits(candidates)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("density", [0.7, 1.2])
def test_the_pairs_of_a_bureau_are_those_against_whom_no_rule_speaks(
    seed: int, density: float
) -> None:
    candidates = candidates_of(random_problem(seed, speakers=40, visits=60, density=density))

    assert by_pairs(candidates) == by_bits(candidates) != []


def with_busy_times(asked: Json, seed: int) -> Json:
    """Let half of the people be busy around half of the visits."""
    rng = random.Random(seed)  # noqa: S311 - repeatable, not secret
    for who in asked["speakers"]:
        begins = [datetime.fromisoformat(each["starts_at"]) for each in asked["visits"]]
        chosen = rng.sample(begins, len(begins) // 2) if rng.random() < 0.5 else []
        spans = [(each + timedelta(minutes=rng.randrange(-90, 90)), each) for each in chosen]
        who["busy"] = [
            {"from": str(first)[:16].replace(" ", "T"), "until": f"{last:%Y-%m-%dT%H:%M}"}
            for first, last in ((min(two), max(two)) for two in spans)
            if first < last
        ]
    return asked


@pytest.mark.parametrize("seed", range(3))
def test_the_pairs_of_busy_people_are_those_against_whom_no_rule_speaks(seed: int) -> None:
    asked = with_busy_times(random_problem(seed, speakers=40, visits=60, density=1.2), seed)
    candidates = candidates_of(asked)

    assert by_pairs(candidates) == by_bits(candidates) != []
    visits, speakers = (np.array(each) for each in np.indices((60, 40)).reshape(2, -1))
    unavailable = candidates.unavailable(visits, speakers)
    bit = BIT[RefusalCode.UNAVAILABLE]
    by_visit = np.array([candidates.bits(visit) & bit for visit in range(60)]).ravel()
    assert (unavailable == (by_visit > 0)).all()


@pytest.mark.parametrize("busy", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_every_reason_of_every_pair_is_the_plain_evaluators(seed: int, busy: bool) -> None:
    asked = random_problem(seed, speakers=15, visits=25)
    if busy:
        with_busy_times(asked, seed)
    candidates, checker = candidates_of(asked), Checker(asked)
    certified = {code: bit for code, bit in BIT.items() if code is not RefusalCode.NOT_CERTIFIED}

    for visit, facts in enumerate(candidates.problem.visits):
        for speaker, who in enumerate(candidates.problem.speakers):
            told = {
                code.value
                for code, bit in certified.items()
                if candidates.bits(visit)[speaker] & bit
            }
            for post in candidates.posts_of[visit]:
                role = candidates.posts[post].role
                lacking = {"not_certified"} if not candidates.certified(post)[speaker] else set()
                assert told | lacking == checker.alone(facts.id, who.id, [role])


@pytest.mark.parametrize(("from_minute", "comes"), [(0, True), (1, False)])
def test_a_week_runs_from_sunday_night_into_monday(from_minute: int, comes: bool) -> None:
    sunday = at("2027-01-17T23:30")
    nights = (
        Weekly(weekday=0, from_minute=from_minute, until_minute=60),
        Weekly(weekday=6, from_minute=1380, until_minute=1440),
    )

    able = able_to_come(problem(replace(ANA, weekly=nights), sunday))

    assert able == ([(sunday.id, "ana")] if comes else [])


def test_a_visit_of_a_whole_week_needs_the_whole_week() -> None:
    sunday = at("2027-01-17T23:59", minutes=7 * 24 * 60)
    without_noon = tuple(
        Weekly(weekday=day, from_minute=low, until_minute=high)
        for day in range(7)
        for low, high in ((0, 720), (721, 1440))
    )

    able = able_to_come(problem(ANA, replace(BEN, weekly=without_noon), sunday))

    assert able == [(sunday.id, "ana")]


def test_several_stretches_and_clearances_make_a_speaker_come_once() -> None:
    # Cleared twice for January, the second time through March; free in two stretches of Tuesday.
    twice = (
        Clearance(site=WARD.id, starts_on=FIRST, ends_on=date(2027, 1, 31)),
        Clearance(site=WARD.id, starts_on=date(2027, 1, 1), ends_on=date(2027, 3, 31)),
    )
    stretches = tuple(
        Weekly(weekday=1, from_minute=low, until_minute=high)
        for low, high in ((540, 600), (840, 900), (1080, 1140))
    )
    visits = [
        TUESDAY,
        at("2027-01-12T09:00"),
        at("2027-01-12T10:00"),
        at("2027-02-16T18:00"),
        at("2027-04-06T14:00"),
    ]

    able = able_to_come(problem(replace(ANA, clearances=twice, weekly=stretches), *visits))

    assert able == [
        ("tuesday", "ana"), ("2027-01-12T09:00", "ana"), ("2027-02-16T18:00", "ana")
    ]  # fmt: skip


def test_an_exclusion_from_either_side_is_the_same_unavailability() -> None:
    avoids = replace(ANA, id="avoids", excluded_sites=(WARD.id,))
    avoided = replace(ANA, id="avoided")
    visit = replace(TUESDAY, excluded_speakers=("avoided",))
    both = replace(avoids, id="both")
    asked = problem(
        ANA, avoids, avoided, both, replace(visit, excluded_speakers=("avoided", "both"))
    )

    assert able_to_come(asked) == [("tuesday", "ana")]
    assert candidates_of(asked).bits(0).tolist() == [0, 32, 32, 32]
