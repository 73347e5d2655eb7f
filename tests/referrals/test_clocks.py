"""Deadlines across closed days, zones and changes of the clock."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.referrals.clocks import (
    BusinessCalendar,
    Limits,
    Moments,
    add_business_days,
    add_business_time,
    days_since,
    due,
    end_of_day,
)
from outreach.referrals.machine import Clock

CHICAGO = "America/Chicago"
DETROIT = "America/Detroit"
PHOENIX = "America/Phoenix"
MONDAY_TO_FRIDAY = frozenset(range(5))
LABOR_DAY = date(2026, 9, 7)
OFFICE = BusinessCalendar(CHICAGO, MONDAY_TO_FRIDAY, time(9), time(17), frozenset({LABOR_DAY}))
FRIDAY_AT_5 = datetime(2026, 9, 4, 17, tzinfo=ZoneInfo(CHICAGO)).astimezone(UTC)
LIMITS = Limits()


def at(text: str, zone: str = CHICAGO) -> datetime:
    """Return a wall time somewhere as an instant: at("2026-09-08 17:00")."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def wall(instant: datetime, zone: str = CHICAGO) -> str:
    """Return what the clock on the wall shows there: "Tue 2026-09-08 17:00"."""
    return f"{instant.astimezone(ZoneInfo(zone)):%a %Y-%m-%d %H:%M}"


def discharged(instant: datetime, *, now: datetime | None = None, zone: str = CHICAGO) -> Moments:
    return Moments(now=now or instant, discharged_at=instant, zone=zone)


def due_on(clock: Clock, moments: Moments, *, office: BusinessCalendar = OFFICE) -> str:
    return wall(due(clock, moments=moments, office=office, limits=LIMITS), office.zone)


def days_on(start: str, days: int, *, office: BusinessCalendar = OFFICE) -> str:
    return wall(add_business_days(at(start, office.zone), days, office=office), office.zone)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [
        (Clock.ACKNOWLEDGE, "Tue 2026-09-08 17:00"),
        (Clock.ACCEPT, "Wed 2026-09-09 17:00"),
        (Clock.GRACE, "Wed 2026-09-09 17:00"),
        (Clock.ATTEMPT, "Tue 2026-09-08 17:00"),
        (Clock.CONFIRM_STOP, "Wed 2026-09-09 17:00"),
        (Clock.ATTEMPT_RED, "Sun 2026-09-06 17:00"),
        (Clock.SEND, "Fri 2026-09-04 17:00"),
        (Clock.CONNECT, "Fri 2026-09-11 23:59"),
        (Clock.CLOSE, "Sun 2026-10-04 23:59"),
        (Clock.DRAFT, "Fri 2026-09-11 23:59"),
    ],
)
def test_what_begins_on_friday_at_5_before_a_monday_holiday(clock: Clock, expected: str) -> None:
    assert due_on(clock, discharged(FRIDAY_AT_5)) == expected


def test_the_windows_do_not_count_the_day_of_the_discharge_however_late_it_was() -> None:
    early, late = at("2026-09-04 00:00"), at("2026-09-04 23:59")

    assert due_on(Clock.CONNECT, discharged(early)) == "Fri 2026-09-11 23:59"
    assert due_on(Clock.CONNECT, discharged(late)) == "Fri 2026-09-11 23:59"


def test_the_windows_count_from_the_discharge_even_where_it_was_sent_days_later() -> None:
    moments = discharged(FRIDAY_AT_5, now=at("2026-09-10 10:00"))

    assert due_on(Clock.CONNECT, moments) == "Fri 2026-09-11 23:59"
    assert due_on(Clock.ACKNOWLEDGE, moments) == "Fri 2026-09-11 10:00"


def test_a_window_ends_with_the_last_second_of_the_day_where_the_person_was_discharged() -> None:
    moments = discharged(at("2026-09-04 22:30"))

    connect = due(Clock.CONNECT, moments=moments, office=OFFICE, limits=LIMITS)

    assert connect == at("2026-09-11 23:59:59")
    assert connect.tzinfo is UTC


def test_what_is_sent_ahead_counts_from_the_discharge() -> None:
    moments = discharged(at("2026-09-10 12:00"), now=at("2026-09-01 09:00"))

    assert due_on(Clock.ACKNOWLEDGE, moments) == "Fri 2026-09-11 12:00"
    assert due_on(Clock.ATTEMPT_RED, moments) == "Sat 2026-09-12 12:00"
    assert due_on(Clock.SEND, moments) == "Thu 2026-09-10 12:00"


def test_a_stop_is_confirmed_from_now_on_even_before_the_discharge() -> None:
    moments = discharged(at("2026-09-24 12:00"), now=at("2026-09-01 10:00"))

    assert due_on(Clock.CONFIRM_STOP, moments) == "Thu 2026-09-03 10:00"


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-09-02 07:30", "Wed 2026-09-02 17:00"),
        ("2026-09-02 09:00", "Wed 2026-09-02 17:00"),
        ("2026-09-02 10:15", "Thu 2026-09-03 10:15"),
        ("2026-09-02 17:00", "Thu 2026-09-03 17:00"),
        ("2026-09-02 21:00", "Thu 2026-09-03 17:00"),
        ("2026-09-05 11:00", "Tue 2026-09-08 17:00"),
        ("2026-09-07 11:00", "Tue 2026-09-08 17:00"),
    ],
    ids=["before opening", "at opening", "open", "closing", "after hours", "weekend", "holiday"],
)
def test_one_business_day_is_as_many_open_hours_as_a_day_has(start: str, expected: str) -> None:
    assert days_on(start, 1) == expected


def test_no_days_at_all_are_due_when_somebody_is_there_again() -> None:
    assert days_on("2026-09-02 10:15", 0) == "Wed 2026-09-02 10:15"
    assert days_on("2026-09-02 17:00", 0) == "Thu 2026-09-03 09:00"
    assert days_on("2026-09-05 11:00", 0) == "Tue 2026-09-08 09:00"


def test_two_holidays_in_a_row_are_passed_over() -> None:
    thanksgiving = replace(OFFICE, closed=frozenset({date(2026, 11, 26), date(2026, 11, 27)}))

    assert days_on("2026-11-25 16:00", 1, office=thanksgiving) == "Mon 2026-11-30 16:00"


def test_an_office_open_on_saturdays_counts_them() -> None:
    weekend = replace(OFFICE, weekdays=frozenset({4, 5}), opens=time(10), closes=time(14))

    assert days_on("2026-09-04 12:00", 2, office=weekend) == "Fri 2026-09-11 12:00"


def test_some_hours_of_office_time_go_on_the_next_open_morning() -> None:
    later = add_business_time(at("2026-09-04 16:00"), timedelta(hours=2), office=OFFICE)

    assert wall(later) == "Tue 2026-09-08 10:00"


def test_hours_are_those_of_the_office_and_days_those_of_the_hospital() -> None:
    office = replace(OFFICE, zone=PHOENIX)
    moments = discharged(at("2026-09-02 18:30", DETROIT), zone=DETROIT)

    acknowledge = due(Clock.ACKNOWLEDGE, moments=moments, office=office, limits=LIMITS)
    connect = due(Clock.CONNECT, moments=moments, office=office, limits=LIMITS)

    # Half past six in Detroit is half past three in Phoenix, where the office is still open.
    assert wall(acknowledge, PHOENIX) == "Thu 2026-09-03 15:30"
    assert wall(connect, DETROIT) == "Wed 2026-09-09 23:59"


def test_the_day_of_a_discharge_is_the_day_at_the_hospital() -> None:
    evening = datetime(2026, 9, 3, 2, 30, tzinfo=UTC)

    assert discharged(evening, zone=DETROIT).discharged_on == date(2026, 9, 2)
    assert discharged(evening, zone="Europe/Berlin").discharged_on == date(2026, 9, 3)


@pytest.mark.parametrize(
    ("before", "after", "hours"),
    [("2026-03-06 12:00", "2026-03-09 12:00", 71), ("2026-10-30 12:00", "2026-11-02 12:00", 73)],
    ids=["March", "November"],
)
def test_the_wall_clock_is_kept_where_the_clocks_change_inside(
    before: str, after: str, hours: int
) -> None:
    start = at(before)

    end = add_business_days(start, 1, office=OFFICE)

    assert end == at(after)
    assert end - start == timedelta(hours=hours)
    assert end.hour != start.hour


@pytest.mark.parametrize(
    ("discharge", "until", "hours"),
    [("2026-03-05 12:00", "2026-03-12", -1), ("2026-10-29 12:00", "2026-11-05", 1)],
    ids=["March", "November"],
)
def test_a_window_ends_at_midnight_by_the_new_time(discharge: str, until: str, hours: int) -> None:
    moments = discharged(at(discharge))

    connect = due(Clock.CONNECT, moments=moments, office=OFFICE, limits=LIMITS)

    assert connect == at(f"{until} 23:59:59")
    plain = timedelta(days=7, hours=11, minutes=59, seconds=59)
    assert connect - moments.discharged_at == plain + timedelta(hours=hours)


def test_two_red_days_are_48_hours_whatever_the_wall_shows() -> None:
    moments = discharged(at("2026-10-31 12:00"))

    red = due(Clock.ATTEMPT_RED, moments=moments, office=OFFICE, limits=LIMITS)

    assert red - moments.discharged_at == timedelta(hours=48)
    assert wall(red) == "Mon 2026-11-02 11:00"


def test_nothing_is_due_before_it_began_in_the_hour_that_comes_twice() -> None:
    all_day = BusinessCalendar(CHICAGO, frozenset(range(7)), time(0), time(23, 59), frozenset())
    second_half_past_one = datetime(2026, 11, 1, 7, 30, tzinfo=UTC)

    assert wall(second_half_past_one) == "Sun 2026-11-01 01:30"
    assert add_business_days(second_half_past_one, 0, office=all_day) == second_half_past_one


@pytest.mark.parametrize(
    ("resume_on", "expected"),
    [
        (date(2026, 9, 2), "Wed 2026-09-02 09:00"),
        (date(2026, 9, 5), "Tue 2026-09-08 09:00"),
        (LABOR_DAY, "Tue 2026-09-08 09:00"),
    ],
    ids=["open day", "Saturday", "holiday"],
)
def test_a_rest_ends_when_the_office_opens_on_its_day_or_next(
    resume_on: date, expected: str
) -> None:
    moments = replace(discharged(at("2026-08-20 12:00")), resume_on=resume_on)

    assert due_on(Clock.HOLD, moments) == expected


def test_an_authorization_is_over_with_its_last_day_and_warned_of_a_week_before() -> None:
    moments = replace(discharged(FRIDAY_AT_5), authorization_ends_on=date(2026, 12, 3))

    assert due_on(Clock.EXPIRY, moments) == "Thu 2026-12-03 23:59"
    assert due_on(Clock.EXPIRY_AHEAD, moments) == "Thu 2026-11-26 23:59"


@pytest.mark.parametrize("clock", [Clock.HOLD, Clock.EXPIRY, Clock.EXPIRY_AHEAD])
def test_a_clock_without_its_date_cannot_start(clock: Clock) -> None:
    with pytest.raises(ValueError, match="needs a date"):
        due(clock, moments=discharged(FRIDAY_AT_5), office=OFFICE, limits=LIMITS)


@pytest.mark.parametrize("clock", list(Clock))
def test_every_clock_runs_out_in_utc(clock: Clock) -> None:
    moments = replace(
        discharged(FRIDAY_AT_5),
        resume_on=date(2026, 9, 20),
        authorization_ends_on=date(2026, 12, 3),
    )

    assert due(clock, moments=moments, office=OFFICE, limits=LIMITS).tzinfo is UTC


@pytest.mark.parametrize(
    ("closes", "is_long_enough"), [(time(9, 59), False), (time(10), True), (time(8), False)]
)
def test_an_office_is_open_for_an_hour_at_least(closes: time, is_long_enough: bool) -> None:
    if is_long_enough:
        assert days_on("2026-09-02 12:00", 1, office=replace(OFFICE, closes=closes))
    else:
        with pytest.raises(ValueError, match="open for an hour at least"):
            replace(OFFICE, closes=closes)


@pytest.mark.parametrize("weekdays", [frozenset(), frozenset({7}), frozenset({-1, 0})])
def test_an_office_opens_on_some_day_of_the_week(weekdays: frozenset[int]) -> None:
    with pytest.raises(ValueError, match="weekdays from 0"):
        replace(OFFICE, weekdays=weekdays)


@pytest.mark.parametrize("clock", [Clock.ACKNOWLEDGE, Clock.HOLD])
def test_an_office_closed_for_ten_years_is_no_calendar(clock: Clock) -> None:
    days = frozenset(date(2026, 9, 1) + timedelta(days=offset) for offset in range(3700))
    never = replace(OFFICE, closed=days)
    moments = replace(discharged(FRIDAY_AT_5), resume_on=date(2026, 9, 8))

    with pytest.raises(ValueError, match="no open day"):
        due(clock, moments=moments, office=never, limits=LIMITS)


def test_an_affiliate_chooses_how_long_each_clock_runs() -> None:
    chosen = Limits.of({"acknowledge_days": 3, "close_days": 60, "of_a_later_version": 1})

    assert chosen == replace(LIMITS, acknowledge_days=3, close_days=60)
    assert Limits.of({}) == LIMITS
    assert [field.name for field in fields(LIMITS)] == list(Limits.__slots__)


@pytest.mark.parametrize(
    ("clock", "name", "expected"),
    [
        (Clock.ACKNOWLEDGE, "acknowledge_days", "Thu 2026-09-10 17:00"),
        (Clock.ACCEPT, "accept_days", "Thu 2026-09-10 17:00"),
        (Clock.GRACE, "grace_days", "Thu 2026-09-10 17:00"),
        (Clock.ATTEMPT, "attempt_days", "Thu 2026-09-10 17:00"),
        (Clock.CONFIRM_STOP, "accept_days", "Thu 2026-09-10 17:00"),
        (Clock.ATTEMPT_RED, "attempt_red_hours", "Fri 2026-09-04 20:00"),
        (Clock.CONNECT, "connect_days", "Mon 2026-09-07 23:59"),
        (Clock.CLOSE, "close_days", "Mon 2026-09-07 23:59"),
        (Clock.EXPIRY_AHEAD, "expiry_warning_days", "Mon 2026-11-30 23:59"),
    ],
)
def test_each_clock_has_a_setting_of_its_own(clock: Clock, name: str, expected: str) -> None:
    moments = replace(discharged(FRIDAY_AT_5), authorization_ends_on=date(2026, 12, 3))

    chosen = due(clock, moments=moments, office=OFFICE, limits=replace(LIMITS, **{name: 3}))

    assert wall(chosen) == expected


@pytest.mark.parametrize(
    ("today", "days"), [(date(2026, 9, 3), 0), (date(2026, 9, 4), 0), (date(2026, 9, 11), 7)]
)
def test_days_are_counted_from_the_day_after_the_discharge(today: date, days: int) -> None:
    assert days_since(date(2026, 9, 4), today=today) == days


def test_a_day_ends_when_the_next_begins() -> None:
    end = end_of_day(date(2026, 11, 1), zone=CHICAGO)

    assert end + timedelta(seconds=1) == at("2026-11-02 00:00")
    assert end.tzinfo is UTC


@st.composite
def offices(draw: st.DrawFn) -> BusinessCalendar:
    """Offices open by day: no hour that a change of the clocks takes or gives."""
    opens = draw(st.integers(5 * 60, 20 * 60))
    closes = draw(st.integers(opens + 60, 23 * 60 + 59))
    days = st.integers(0, 60).map(lambda offset: date(2026, 10, 10) + timedelta(days=offset))
    return BusinessCalendar(
        zone=draw(st.sampled_from([CHICAGO, DETROIT, PHOENIX, "America/Puerto_Rico"])),
        weekdays=draw(st.frozensets(st.integers(0, 6), min_size=1)),
        opens=time(opens // 60, opens % 60),
        closes=time(closes // 60, closes % 60),
        closed=draw(st.frozensets(days, max_size=12)),
    )


STARTS = st.integers(0, 40 * 24 * 60).map(
    lambda minutes: datetime(2026, 10, 10, tzinfo=UTC) + timedelta(minutes=minutes)
)


def open_time_between(start: datetime, end: datetime, office: BusinessCalendar) -> timedelta:
    """Count the open time day by day: slowly, and in another way than the code does."""
    first, last = (moment.astimezone(ZoneInfo(office.zone)) for moment in (start, end))
    passed = timedelta(0)
    for offset in range((last.date() - first.date()).days + 1):
        day = first.date() + timedelta(days=offset)
        if day.weekday() in office.weekdays and day not in office.closed:
            opens, closes = (datetime.combine(day, t) for t in (office.opens, office.closes))
            begins = max(opens, first.replace(tzinfo=None))
            ends = min(closes, last.replace(tzinfo=None))
            passed += max(ends - begins, timedelta(0))
    return passed


@given(office=offices(), start=STARTS, days=st.integers(0, 6))
def test_the_open_time_until_it_is_due_is_so_many_days(
    office: BusinessCalendar, start: datetime, days: int
) -> None:
    end = add_business_days(start, days, office=office)

    day = datetime.combine(date.min, office.closes) - datetime.combine(date.min, office.opens)
    assert open_time_between(start, end, office) == days * day


@given(office=offices(), start=STARTS, days=st.integers(0, 6))
def test_nothing_is_ever_due_while_the_office_is_closed_or_before_it_began(
    office: BusinessCalendar, start: datetime, days: int
) -> None:
    end = add_business_days(start, days, office=office)

    local = end.astimezone(ZoneInfo(office.zone))
    assert office.is_open_on(local.date())
    assert office.opens <= local.time() <= office.closes
    assert end >= start


@given(office=offices(), starts=st.tuples(STARTS, STARTS), days=st.integers(0, 5))
def test_what_begins_later_or_has_more_days_is_not_due_earlier(
    office: BusinessCalendar, starts: tuple[datetime, datetime], days: int
) -> None:
    earlier, later = sorted(starts)
    end = add_business_days(earlier, days, office=office)

    assert end <= add_business_days(later, days, office=office)
    assert end < add_business_days(earlier, days + 1, office=office)
