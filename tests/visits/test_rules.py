from datetime import UTC, date, datetime, time, timedelta

import pytest

from outreach.visits import rules
from outreach.visits.rules import Code, Hours, Pause, Refusal, SlotFacts, Staffing, UnitFacts

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)  # Monday, 10:00 AM in New York
ZONE = "America/New_York"
UNIT = UnitFacts(
    time_zone=ZONE,
    lead_days=7,
    horizon_days=365,
    hours=tuple(Hours(weekday, time(9), time(17)) for weekday in range(5)),
    lengths=(60, 90),
)


def at(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    local = rules.instant(date(2026, month, day), time(hour, minute), zone=ZONE)
    assert isinstance(local, datetime)
    return local


def codes(starts_at: datetime, *, minutes: int = 60, unit: UnitFacts = UNIT) -> set[Code]:
    return {r.code for r in rules.refusals(starts_at, minutes=minutes, unit=unit, now=NOW)}


def test_a_visit_in_hours_and_after_the_lead_time_may_be() -> None:
    assert codes(at(12, 1, 10)) == set()


def test_the_first_day_after_the_lead_time_is_early_enough_and_the_day_before_is_not() -> None:
    assert codes(at(11, 30, 10)) == set()
    assert codes(at(11, 27, 10)) == {Code.TOO_SOON}


def test_the_last_day_of_the_horizon_is_near_enough_and_the_day_after_is_not() -> None:
    near = UnitFacts(time_zone=ZONE, lead_days=0, horizon_days=8)

    assert codes(at(12, 1, 10), unit=near) == set()
    assert codes(at(12, 2, 10), unit=near) == {Code.TOO_FAR_AHEAD}


def test_a_time_in_the_past_is_told_alone() -> None:
    assert codes(NOW) == {Code.IN_THE_PAST}


def test_a_visit_must_end_when_visiting_hours_end() -> None:
    assert codes(at(12, 1, 16)) == set()
    assert codes(at(12, 1, 16, 30)) == {Code.OUTSIDE_HOURS}
    assert codes(at(12, 1, 8, 59)) == {Code.OUTSIDE_HOURS}


def test_a_day_without_hours_has_none() -> None:
    (refusal,) = rules.refusals(at(12, 5, 10), minutes=60, unit=UNIT, now=NOW)

    assert (refusal.code, refusal.facts) == (Code.OUTSIDE_HOURS, {"hours": []})


def test_a_unit_that_names_no_hours_takes_any() -> None:
    always = UnitFacts(time_zone=ZONE, lead_days=7, horizon_days=365)

    assert codes(at(12, 5, 22), unit=always) == set()


@pytest.mark.parametrize(
    ("day", "paused"), [(30, False), (1, True), (14, True), (15, False)], ids=str
)
def test_both_ends_of_a_pause_are_paused(day: int, paused: bool) -> None:
    closed = UnitFacts(
        time_zone=ZONE,
        lead_days=0,
        horizon_days=365,
        pauses=(Pause(date(2026, 12, 1), date(2026, 12, 14)),),
    )
    month = 11 if day == 30 else 12

    assert (Code.UNIT_PAUSED in codes(at(month, day, 10), unit=closed)) is paused


def test_a_pause_without_end_lasts() -> None:
    closed = UnitFacts(
        time_zone=ZONE, lead_days=0, horizon_days=365, pauses=(Pause(date(2026, 12, 1), None),)
    )
    (refusal,) = rules.refusals(at(12, 31, 10), minutes=60, unit=closed, now=NOW)

    assert (refusal.code, refusal.facts) == (Code.UNIT_PAUSED, {"until": None})


def test_visits_may_touch_but_not_overlap() -> None:
    booked = SlotFacts(at(12, 1, 11), at(12, 1, 12))
    unit = UnitFacts(time_zone=ZONE, lead_days=0, horizon_days=365, booked=(booked,))

    assert codes(at(12, 1, 10), unit=unit) == set()
    assert codes(at(12, 1, 12), unit=unit) == set()
    assert codes(at(12, 1, 10, 30), unit=unit) == {Code.CLASH}


def test_a_program_names_its_lengths() -> None:
    assert codes(at(12, 1, 10), minutes=90) == set()
    assert codes(at(12, 1, 10), minutes=45) == {Code.NOT_A_LENGTH}


def test_every_reason_is_told_at_once() -> None:
    booked = SlotFacts(at(11, 25, 17), at(11, 25, 19))
    unit = UnitFacts(
        time_zone=ZONE,
        lead_days=7,
        horizon_days=365,
        hours=UNIT.hours,
        pauses=(Pause(date(2026, 11, 25), None),),
        booked=(booked,),
        lengths=(60,),
    )

    assert codes(at(11, 25, 18), minutes=45, unit=unit) == {
        Code.TOO_SOON,
        Code.UNIT_PAUSED,
        Code.OUTSIDE_HOURS,
        Code.CLASH,
        Code.NOT_A_LENGTH,
    }


def test_only_soft_rules_may_be_overruled() -> None:
    assert {code for code in Code if Refusal(code, "day").is_soft} == {
        Code.TOO_SOON,
        Code.OUTSIDE_HOURS,
        Code.NOT_A_LENGTH,
    }


def test_a_wall_time_in_the_gap_of_spring_does_not_exist() -> None:
    missing = rules.instant(date(2027, 3, 14), time(2, 30), zone=ZONE)

    assert missing == Refusal(Code.NOT_A_TIME, "time")


def test_a_wall_time_in_the_fold_of_autumn_comes_twice() -> None:
    double = rules.instant(date(2026, 11, 1), time(1, 30), zone=ZONE)

    assert double == Refusal(Code.TWO_TIMES, "time")


def test_the_hours_around_both_nights_are_plain() -> None:
    assert rules.instant(date(2027, 3, 14), time(3, 0), zone=ZONE) == datetime(
        2027, 3, 14, 7, tzinfo=UTC
    )
    assert rules.instant(date(2026, 11, 1), time(2, 0), zone=ZONE) == datetime(
        2026, 11, 1, 7, tzinfo=UTC
    )


@pytest.mark.parametrize(
    ("filled", "called_off", "expected"),
    [
        (0, False, Staffing.NOBODY),
        (1, False, Staffing.HALF),
        (2, False, Staffing.FULL),
        (2, True, Staffing.CALLED_OFF),
    ],
    ids=str,
)
def test_staffing_counts_slots(filled: int, called_off: bool, expected: Staffing) -> None:
    assert rules.staffing(filled=filled, slots=2, called_off=called_off) is expected


@pytest.mark.parametrize(
    ("lead", "size"),
    [
        (timedelta(days=5, seconds=1), 1),
        (timedelta(days=5), 3),
        (timedelta(days=1), 3),
        (timedelta(hours=23), rules.EVERYONE),
    ],
    ids=str,
)
def test_a_wave_is_wider_the_nearer_the_visit(lead: timedelta, size: int) -> None:
    assert rules.wave(starts_at=NOW + lead, now=NOW).size == size


def test_an_offer_ends_before_the_visit_begins() -> None:
    soon = NOW + timedelta(hours=3)

    assert rules.expiry(starts_at=soon, now=NOW) == soon
    assert rules.expiry(starts_at=NOW + timedelta(days=9), now=NOW) == NOW + timedelta(hours=24)


# --- the time on the wall under another law


@pytest.mark.parametrize(("ahead_s", "hours"), [(-5 * 3600, 0), (-4 * 3600, 1), (-6 * 3600, -1)])
def test_a_wall_time_stays_where_the_clocks_have_another_law(ahead_s: int, hours: int) -> None:
    starts_at = datetime(2026, 12, 8, 15, tzinfo=UTC)

    found = rules.same_wall_time(starts_at, offset_s=ahead_s, zone="America/Detroit")

    assert found == starts_at + timedelta(hours=hours)
    assert rules.utc_offset_s(starts_at, zone="America/Detroit") == -5 * 3600


@pytest.mark.parametrize(
    "starts_at",
    [datetime(2027, 3, 14, 7, 30, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)],
)
def test_a_wall_time_that_is_none_or_two_by_the_new_law_is_not_followed(
    starts_at: datetime,
) -> None:
    found = rules.same_wall_time(starts_at, offset_s=-5 * 3600, zone="America/Detroit")

    assert found is None
