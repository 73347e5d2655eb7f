"""Both sides of each boundary of the hard rules."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from outreach.matching import (
    Assigned,
    Away,
    Busy,
    LevelName,
    Problem,
    RefusalCode,
    Settings,
    Speaker,
    Visit,
    Weekly,
    refusals_for,
    solve,
)
from tests.matching.people import (
    ANA,
    CLINIC,
    LAKESIDE,
    LAST,
    TUESDAY,
    WARD,
    at,
    certified,
    cleared,
    problem,
)


def attended(asked: Problem) -> list[str]:
    return [plan.visit for plan in solve(asked).visits]


def codes(speaker: Speaker, visit: Visit) -> set[RefusalCode]:
    """What speaks against the speaker who is not on the visit, alone in the world."""
    asked = problem(speaker, visit)
    nobody = replace(solve(asked), visits=())
    return {refusal.code for refusal in refusals_for(asked, nobody, visit.id)[speaker.id]}


def may_both(speaker: Speaker, first: Visit, second: Visit) -> bool:
    return len(attended(problem(speaker, first, second))) == 2


@pytest.mark.parametrize(
    ("until", "allowed"), [("2027-01-12", True), ("2027-01-11", False)], ids=["that day", "before"]
)
def test_a_certification_counts_through_its_last_day(until: str, allowed: bool) -> None:
    ana = replace(ANA, certifications=(certified(until=date.fromisoformat(until)),))

    assert codes(ana, TUESDAY) == (set() if allowed else {RefusalCode.NOT_CERTIFIED})


@pytest.mark.parametrize(
    ("since", "allowed"), [("2027-01-12", True), ("2027-01-13", False)], ids=["that day", "after"]
)
def test_a_certification_counts_from_its_first_day(since: str, allowed: bool) -> None:
    ana = replace(ANA, certifications=(replace(certified(), starts_on=date.fromisoformat(since)),))

    assert codes(ana, TUESDAY) == (set() if allowed else {RefusalCode.NOT_CERTIFIED})


@pytest.mark.parametrize(
    ("held", "role", "allowed"),
    [
        ("lead", "lead", True),
        ("lead", "co-presenter", True),
        ("co-presenter", "lead", False),
        ("lead", "peer", False),
        ("peer", "peer", True),
        ("peer", "co-presenter", False),
    ],
)
def test_a_lead_may_co_present_and_other_roles_are_for_themselves(
    held: str, role: str, allowed: bool
) -> None:
    ana = replace(ANA, certifications=(certified(held),))
    visit = replace(TUESDAY, roles={role: 1})

    assert codes(ana, visit) == (set() if allowed else {RefusalCode.NOT_CERTIFIED})


@pytest.mark.parametrize(
    ("until", "allowed"), [("2027-01-12", True), ("2027-01-11", False)], ids=["that day", "before"]
)
def test_a_clearance_counts_through_its_last_day(until: str, allowed: bool) -> None:
    ana = replace(ANA, clearances=(cleared(WARD, until=date.fromisoformat(until)),))

    assert codes(ana, TUESDAY) == (set() if allowed else {RefusalCode.NOT_CLEARED})


def test_a_clearance_for_one_unit_is_none_for_its_neighbor() -> None:
    ana = replace(ANA, clearances=(cleared(CLINIC),))

    assert codes(ana, TUESDAY) == {RefusalCode.NOT_CLEARED}


@pytest.mark.parametrize(
    ("radius_km", "allowed"), [(37.07, True), (37.06, False), (None, True), (0.0, False)]
)
def test_the_radius_is_a_distance_on_the_globe(radius_km: float | None, allowed: bool) -> None:
    # A third of a degree of latitude: 6371.0088 km * pi / 180 / 3 = 37.065 km.
    ana = replace(ANA, radius_km=radius_km)
    visit = replace(TUESDAY, site=LAKESIDE.id)

    assert codes(ana, visit) == (set() if allowed else {RefusalCode.TOO_FAR})


def test_a_radius_of_zero_reaches_the_same_place() -> None:
    assert codes(replace(ANA, radius_km=0.0), TUESDAY) == set()


@pytest.mark.parametrize(
    ("free", "allowed"),
    [
        ([(840, 900)], True),
        ([(841, 900)], False),
        ([(840, 899)], False),
        ([(780, 870), (870, 960)], True),
        ([(780, 870), (871, 960)], False),
        ([(870, 960), (780, 880)], True),
        ([], False),
    ],
    ids=["just", "late", "early", "two that meet", "a minute missing", "two mixed", "never"],
)
def test_the_weekly_pattern_must_cover_the_whole_visit(
    free: list[tuple[int, int]], allowed: bool
) -> None:
    weekly = tuple(Weekly(weekday=1, from_minute=a, until_minute=b) for a, b in free)

    found = codes(replace(ANA, weekly=weekly), TUESDAY)

    assert found == (set() if allowed else {RefusalCode.UNAVAILABLE})


@pytest.mark.parametrize("next_day_free", [True, False])
def test_a_visit_over_midnight_needs_both_days_free(next_day_free: bool) -> None:
    sunday = at("2027-01-17T23:30")
    weekly = [Weekly(weekday=6, from_minute=1380, until_minute=1440)]
    if next_day_free:
        weekly.append(Weekly(weekday=0, from_minute=0, until_minute=30))

    found = codes(replace(ANA, weekly=tuple(weekly)), sunday)

    assert found == (set() if next_day_free else {RefusalCode.UNAVAILABLE})


@pytest.mark.parametrize(
    ("first", "last", "allowed"),
    [
        ("2027-01-10", "2027-01-12", False),
        ("2027-01-12", "2027-01-14", False),
        ("2027-01-09", "2027-01-11", True),
        ("2027-01-13", "2027-01-14", True),
    ],
)
def test_away_days_include_the_first_and_the_last(first: str, last: str, allowed: bool) -> None:
    away = Away(starts_on=date.fromisoformat(first), ends_on=date.fromisoformat(last))

    found = codes(replace(ANA, away=(away,)), TUESDAY)

    assert found == (set() if allowed else {RefusalCode.UNAVAILABLE})


@pytest.mark.parametrize(
    ("first", "last", "allowed"),
    [
        ("2027-01-12T13:00", "2027-01-12T14:00", True),
        ("2027-01-12T13:00", "2027-01-12T14:01", False),
        ("2027-01-12T15:00", "2027-01-12T16:00", True),
        ("2027-01-12T14:59", "2027-01-12T16:00", False),
        ("2027-01-12T14:20", "2027-01-12T14:21", False),
        ("2027-01-01T00:00", "2027-02-01T00:00", False),
        ("2027-01-11T14:00", "2027-01-11T15:00", True),
    ],
)
def test_one_minute_of_a_busy_time_is_enough(first: str, last: str, allowed: bool) -> None:
    busy = Busy(starts_at=datetime.fromisoformat(first), ends_at=datetime.fromisoformat(last))

    found = codes(replace(ANA, busy=(busy,)), TUESDAY)

    assert found == (set() if allowed else {RefusalCode.UNAVAILABLE})


@pytest.mark.parametrize(("minutes", "allowed"), [(30, True), (31, False)])
def test_a_visit_that_ends_at_midnight_leaves_the_next_day_alone(
    minutes: int, allowed: bool
) -> None:
    away = Away(starts_on=date(2027, 1, 13), ends_on=LAST)
    late = at("2027-01-12T23:30", minutes=minutes)

    found = codes(replace(ANA, away=(away,)), late)

    assert found == (set() if allowed else {RefusalCode.UNAVAILABLE})


def test_language_and_unit_type_must_both_fit() -> None:
    visit = replace(TUESDAY, language="pl", unit_type="geriatric")

    assert codes(ANA, visit) == {RefusalCode.LANGUAGE, RefusalCode.UNIT_TYPE}


def test_every_reason_is_told_at_once() -> None:
    ana = replace(ANA, radius_km=1.0, certifications=(), clearances=(), weekly=())
    ana = replace(ana, quota_per_month=0)
    visit = replace(TUESDAY, language="pl", unit_type="geriatric", site=LAKESIDE.id)

    assert codes(ana, visit) == set(RefusalCode) - {RefusalCode.REST, RefusalCode.OVERLAP}


@pytest.mark.parametrize(("rest_days", "allowed"), [(1, True), (2, True), (3, False)])
def test_n_days_of_rest_put_visits_n_plus_1_days_apart(rest_days: int, allowed: bool) -> None:
    ana = replace(ANA, rest_days=rest_days)

    assert may_both(ana, at("2027-01-12T18:00"), at("2027-01-15T09:00")) is allowed


def test_rest_counts_days_not_hours() -> None:
    ana = replace(ANA, rest_days=1)

    assert not may_both(ana, at("2027-01-12T08:00"), at("2027-01-13T20:00"))


@pytest.mark.parametrize(
    ("second", "allowed"),
    [
        (at("2027-01-12T15:00"), True),
        (at("2027-01-12T14:59"), False),
        (at("2027-01-12T15:15", site=CLINIC.id), True),
        (at("2027-01-12T15:14", site=CLINIC.id), False),
        # 37.065 km at 40 km/h are 55.6 minutes, and 15 for the desk.
        (at("2027-01-12T16:11", site=LAKESIDE.id), True),
        (at("2027-01-12T16:10", site=LAKESIDE.id), False),
        (at("2027-01-12T11:49", site=LAKESIDE.id), True),
        (at("2027-01-12T11:50", site=LAKESIDE.id), False),
    ],
)
def test_one_day_holds_two_visits_if_there_is_time_to_travel(second: Visit, allowed: bool) -> None:
    assert may_both(ANA, TUESDAY, second) is allowed


def test_travel_counts_over_midnight() -> None:
    late = at("2027-01-12T22:30")

    assert not may_both(ANA, late, at("2027-01-13T00:30", site=LAKESIDE.id))
    assert may_both(ANA, late, at("2027-01-13T00:45", site=LAKESIDE.id))


def test_who_rests_is_not_in_two_places_during_a_long_visit() -> None:
    ana = replace(ANA, rest_days=1)
    retreat = at("2027-01-11T08:00", minutes=3 * 24 * 60)

    assert not may_both(ana, retreat, at("2027-01-13T09:00"))
    assert may_both(ana, retreat, at("2027-01-14T08:00"))


@pytest.mark.parametrize(("quota", "expected"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_the_quota_is_for_each_calendar_month(quota: int, expected: int) -> None:
    ana = replace(ANA, quota_per_month=quota)
    january = [at(f"2027-01-{day}T09:00") for day in (29, 30, 31)]

    in_january = attended(problem(ana, *january))
    with_february = attended(problem(ana, *january, at("2027-02-01T09:00")))

    assert len(in_january) == expected
    assert len(with_february) == expected + min(quota, 1)


def test_a_visit_is_filled_in_every_role_or_not_at_all() -> None:
    pair = replace(TUESDAY, roles={"lead": 1, "co-presenter": 1})

    alone = solve(problem(ANA, pair))
    both = solve(problem(ANA, replace(ANA, id="ben"), pair))

    assert (alone.visits, [each.visit for each in alone.unfilled]) == ((), ["tuesday"])
    assert {(each.speaker, each.role) for each in both.speakers_of("tuesday")} in (
        {("ana", "lead"), ("ben", "co-presenter")},
        {("ben", "lead"), ("ana", "co-presenter")},
    )


def test_fixed_speakers_use_up_quota_and_rest() -> None:
    fixed = replace(TUESDAY, fixed=(Assigned(speaker="ana", role="lead"),))
    later = at("2027-01-14T14:00")

    assert attended(problem(replace(ANA, quota_per_month=1), fixed, later)) == ["tuesday"]
    assert attended(problem(replace(ANA, rest_days=2), fixed, later)) == ["tuesday"]
    assert len(attended(problem(replace(ANA, rest_days=1, quota_per_month=2), fixed, later))) == 2


def test_a_partly_fixed_visit_gets_the_roles_it_lacks() -> None:
    pair = replace(
        TUESDAY,
        roles={"lead": 1, "co-presenter": 1},
        fixed=(Assigned(speaker="ana", role="lead"),),
    )

    solution = solve(problem(ANA, replace(ANA, id="ben"), pair))

    assert [(each.speaker, each.role, each.fixed) for each in solution.speakers_of("tuesday")] == [
        ("ana", "lead", True),
        ("ben", "co-presenter", False),
    ]


def test_a_partly_fixed_visit_that_stays_unfilled_keeps_its_speaker() -> None:
    pair = replace(
        TUESDAY,
        roles={"lead": 1, "co-presenter": 1},
        fixed=(Assigned(speaker="ana", role="lead"),),
    )

    solution = solve(problem(ANA, pair))

    assert [each.speaker for each in solution.speakers_of("tuesday")] == ["ana"]
    assert [(each.visit, each.considered) for each in solution.unfilled] == [("tuesday", 0)]


def test_more_fixed_speakers_than_a_role_needs_all_stay() -> None:
    asked = replace(
        TUESDAY,
        fixed=(Assigned(speaker="ana", role="lead"), Assigned(speaker="ben", role="lead")),
    )

    solution = solve(problem(ANA, replace(ANA, id="ben"), asked))

    assert [each.speaker for each in solution.speakers_of("tuesday")] == ["ana", "ben"]
    assert (solution.unfilled, solution.fixed_conflicts) == ((), ())


def test_fixed_speakers_who_break_rules_stay_and_are_listed() -> None:
    ana = replace(ANA, clearances=(), quota_per_month=1, rest_days=1)
    seat = (Assigned(speaker="ana", role="lead"),)
    asked = problem(ana, replace(TUESDAY, fixed=seat), replace(at("2027-01-13T14:00"), fixed=seat))

    solution = solve(asked)

    assert [each.speaker for plan in solution.visits for each in plan.speakers] == ["ana", "ana"]
    listed = [
        (each.visit, [(r.code.value, r.params.get("visit")) for r in each.reasons])
        for each in solution.fixed_conflicts
    ]
    assert listed == [
        ("tuesday", [("not_cleared", None), ("quota", None), ("rest", "2027-01-13T14:00")]),
        ("2027-01-13T14:00", [("not_cleared", None), ("quota", None), ("rest", "tuesday")]),
    ]


def test_the_order_of_the_levels_decides_what_gives_way() -> None:
    # One long critical visit shuts out two short ones.
    ana = replace(ANA, quota_per_month=2)
    critical = at("2027-01-12T10:00", minutes=300, critical=True)
    short = [at("2027-01-12T10:00", id="first"), at("2027-01-12T14:00", id="second")]
    critical_first = Settings(levels=(LevelName.CRITICAL, LevelName.FILL))

    assert attended(problem(ana, critical, *short)) == ["first", "second"]
    assert attended(problem(ana, critical, *short, settings=critical_first)) == [critical.id]
