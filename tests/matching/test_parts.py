"""The problem cut into parts: nobody in two, nobody lost, the fixed seats counted."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from outreach.matching import Assigned
from outreach.matching.parts import Part
from tests.matching.checker import Checker, Json
from tests.matching.cutting import parts_of
from tests.matching.people import ANA, BEN, CLEO, TUESDAY, at, certified, problem
from tests.matching.random_problems import random_problem
from tests.matching.small_problems import small_problems

SLOW_DRAWS = [HealthCheck.too_slow, HealthCheck.data_too_large]
Able = set[tuple[str, str, str]]


def able(asked: Json, cut: list[Part]) -> Able:
    """Who may take which role of which visit, from all parts together."""
    names = [visit["id"] for visit in asked["visits"]]
    people = [speaker["id"] for speaker in asked["speakers"]]
    posts = [(visit["id"], role) for visit in asked["visits"] for role in visit["roles"]]
    found: list[tuple[str, str, str]] = []
    for part in cut:
        for pair, post in zip(part.able.tolist(), part.post.tolist(), strict=True):
            visit, role = posts[part.posts[post]]
            assert names[part.visits[part.pair_visit[pair]]] == visit
            found.append((visit, people[part.speakers[part.pair_speaker[pair]]], role))
    assert len(found) == len(set(found))
    return set(found)


def expected(asked: Json) -> Able:
    """The same from the plain evaluator: visits that have candidates for each of their places."""
    checker = Checker(asked)
    found: Able = set()
    for visit in checker.visits:
        there = {seat.speaker for seat in checker.fixed if seat.visit == visit}
        vacancies = {role: lack for role, lack in checker.vacancies(visit).items() if lack}
        may = {
            role: {
                (visit, speaker, role)
                for speaker in set(checker.speakers) - there
                if not checker.alone(visit, speaker, [role])
                and not checker.beside(visit, speaker, checker.fixed)
            }
            for role in vacancies
        }
        if all(len(may[role]) >= lack for role, lack in vacancies.items()):
            found |= set().union(*may.values())
    return found


@settings(max_examples=60, suppress_health_check=SLOW_DRAWS)
@given(small_problems())
def test_the_parts_hold_exactly_who_may_take_what_can_be_filled(asked: Json) -> None:
    assert able(asked, parts_of(asked)) == expected(asked)


@pytest.mark.parametrize("seed", range(3))
def test_the_parts_of_a_thin_bureau_share_nobody(seed: int) -> None:
    asked = random_problem(seed, speakers=25, visits=40, density=0.6)
    cut = parts_of(asked)
    visits = [visit for part in cut for visit in part.visits.tolist()]
    speakers = [speaker for part in cut for speaker in part.speakers.tolist()]
    sizes = [len(part.pair_visit) for part in cut]

    assert len(cut) > 1
    assert (len(visits), len(speakers)) == (len(set(visits)), len(set(speakers)))
    assert sizes == sorted(sizes, reverse=True)
    assert able(asked, cut) == expected(asked)


def test_fixed_seats_take_room_and_count_as_load() -> None:
    ana = replace(ANA, quota_per_month=3, recent_visits=4)
    seat = (Assigned(speaker="ana", role="lead"),)
    fixed = [replace(TUESDAY, fixed=seat), at("2027-02-02T09:00", fixed=seat)]
    open_visits = [at("2027-01-20T09:00"), at("2027-02-20T09:00"), at("2027-03-20T09:00")]

    (part,) = parts_of(problem(ana, *fixed, *open_visits))

    assert part.load.tolist() == [6]
    assert part.room[0, part.month].tolist() == [2, 2, 3]


def test_whom_the_fixed_seats_keep_away_is_in_no_part() -> None:
    seat = (Assigned(speaker="ana", role="lead"),)
    fixed, near = replace(TUESDAY, fixed=seat), at("2027-01-13T09:00")

    assert parts_of(problem(replace(ANA, quota_per_month=1), fixed, near)) == []
    assert parts_of(problem(replace(ANA, rest_days=1), fixed, near)) == []
    assert parts_of(problem(ANA, fixed, at("2027-01-12T14:30"))) == []
    assert len(parts_of(problem(ANA, fixed, near))) == 1


def test_a_proposal_is_for_its_post_and_one_for_a_fixed_post_is_none() -> None:
    visit = replace(
        TUESDAY,
        roles={"lead": 1, "co-presenter": 1},
        proposed=(Assigned(speaker="ben", role="co-presenter"),),
    )
    taken = replace(
        visit,
        fixed=(Assigned(speaker="ana", role="lead"),),
        proposed=(Assigned(speaker="ben", role="lead"),),
    )

    (open_part,) = parts_of(problem(ANA, BEN, visit))
    (partly,) = parts_of(problem(ANA, BEN, taken))

    assert open_part.proposed.tolist() == [-1, 1]
    assert partly.proposed.tolist() == [-1]


def test_who_may_no_longer_take_the_post_they_were_proposed_for_is_proposed_for_none() -> None:
    visit = replace(
        TUESDAY,
        roles={"lead": 1, "co-presenter": 1},
        proposed=(Assigned(speaker="cleo", role="lead"),),
    )

    (part,) = parts_of(problem(ANA, CLEO, visit))

    assert part.proposed.tolist() == [-1, -1]


def test_a_usual_speaker_counts_unless_one_is_fixed_there_already() -> None:
    peer = replace(BEN, certifications=(certified(), certified("peer")))
    visit = replace(TUESDAY, roles={"lead": 1, "co-presenter": 1}, usual=("ana", "ben"))
    fixed = replace(visit, fixed=(Assigned(speaker="ana", role="lead"),))

    (free,) = parts_of(problem(ANA, peer, CLEO, visit))
    (begun,) = parts_of(problem(ANA, peer, CLEO, fixed))

    assert free.usual.tolist() == [True, True, False]
    assert begun.usual.tolist() == [False, False]
