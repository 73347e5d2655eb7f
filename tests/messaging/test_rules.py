import itertools
import random
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.messaging import rules
from outreach.messaging.rules import DAY, Reminder, Window

NEW_YORK = "America/New_York"
ZONES = sorted(zone for zone in available_timezones() if "/" in zone)
APART = timedelta(minutes=7)
CHANGE_DAYS = [datetime(2026, 3, 8), datetime(2026, 11, 1)]  # noqa: DTZ001 - wall dates

instants = st.datetimes(
    min_value=datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2027, 12, 31),  # noqa: DTZ001 - hypothesis adds the zone
    timezones=st.just(UTC),
)


def new_york(*wall: int) -> datetime:
    return rules.instant(datetime(*wall), zone=NEW_YORK)  # type: ignore[arg-type] # noqa: DTZ001 - wall time


def test_a_time_in_the_gap_of_spring_moves_forward() -> None:
    assert new_york(2026, 3, 8, 2, 30) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)


def test_of_a_time_that_comes_twice_in_autumn_the_first_is_meant() -> None:
    assert new_york(2026, 11, 1, 1, 30) == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("wall", "leaves"),
    [
        ((2026, 12, 1, 8, 59), (2026, 12, 1, 9, 0)),
        ((2026, 12, 1, 9, 0), (2026, 12, 1, 9, 0)),
        ((2026, 12, 1, 19, 59), (2026, 12, 1, 19, 59)),
        ((2026, 12, 1, 20, 0), (2026, 12, 2, 9, 0)),
        ((2026, 12, 1, 23, 30), (2026, 12, 2, 9, 0)),
    ],
)
def test_a_text_waits_for_the_window(wall: tuple[int, ...], leaves: tuple[int, ...]) -> None:
    at = rules.next_allowed(new_york(*wall), zone=NEW_YORK, window=DAY)

    assert at == new_york(*leaves)


@pytest.mark.parametrize(
    ("wall", "leaves"),
    [
        ((2026, 12, 1, 6, 0), (2026, 11, 30, 19, 30)),
        ((2026, 12, 1, 9, 0), (2026, 12, 1, 9, 0)),
        ((2026, 12, 1, 20, 0), (2026, 12, 1, 19, 30)),
    ],
)
def test_a_text_that_cannot_wait_goes_the_evening_before(
    wall: tuple[int, ...], leaves: tuple[int, ...]
) -> None:
    at = rules.last_allowed(new_york(*wall), zone=NEW_YORK, window=DAY)

    assert at == new_york(*leaves)


@given(at=instants, zone=st.sampled_from(ZONES))
def test_no_zone_and_no_day_sends_a_text_at_night(at: datetime, zone: str) -> None:
    later = rules.next_allowed(at, zone=zone, window=DAY)
    earlier = rules.last_allowed(at, zone=zone, window=DAY)

    assert rules.is_allowed(later, zone=zone, window=DAY)
    assert rules.is_allowed(earlier, zone=zone, window=DAY)
    assert earlier <= at <= later
    assert later - earlier <= timedelta(hours=15)


@pytest.mark.parametrize("day", CHANGE_DAYS)
def test_on_the_days_of_the_change_every_hour_finds_its_window(day: datetime) -> None:
    for zone in ZONES:
        start = rules.instant(day, zone=zone)
        for hour in range(26):
            later = rules.next_allowed(start + timedelta(hours=hour), zone=zone, window=DAY)
            assert rules.is_allowed(later, zone=zone, window=DAY), (zone, hour)


def change_days(zone: str) -> list[datetime]:
    """Find the days of 2026 whose wall clock changes in a zone: at its own dates, not America's."""
    noons = [
        datetime(2026, 1, 1, 12, tzinfo=ZoneInfo(zone)) + timedelta(days=n) for n in range(365)
    ]
    pairs = itertools.pairwise(noons)
    return [day for before, day in pairs if before.utcoffset() != day.utcoffset()]


def test_around_every_change_of_every_zone_no_reminder_is_lost_or_leaves_at_night() -> None:
    plan = [
        {"before": unit, "count": count, "channel": "sms"}
        for unit, count in (("days", 7), ("days", 2), ("days", 1), ("hours", 3))
    ]
    days = [(zone, day) for zone in ZONES for day in change_days(zone)]
    for (zone, day), after, hour in itertools.product(days, range(3), (0, 3, 10, 23)):
        wall = (day + timedelta(days=after)).replace(hour=hour, tzinfo=None)
        starts_at = rules.instant(wall, zone=zone)
        now = starts_at - timedelta(days=30)
        for reminder in rules.reminder_times(starts_at, zone=zone, plan=plan):
            at = rules.sending_time(
                reminder.due_at, zone=zone, window=DAY, expires_at=starts_at, now=now, apart=APART
            )
            assert rules.is_allowed(at, zone=zone, window=DAY), (zone, wall, reminder)
            assert now < at < starts_at, (zone, wall, reminder)

    assert len(days) > 300  # some 180 zones change their clocks, twice


def test_a_due_time_inside_the_window_stands() -> None:
    due = new_york(2026, 12, 1, 10, 0)

    assert sending_time(due, expires_at=due + timedelta(minutes=5)) == due


def test_a_due_time_at_night_waits_for_the_morning() -> None:
    at = sending_time(new_york(2026, 12, 1, 6, 0), expires_at=new_york(2026, 12, 1, 10, 0))

    assert at == new_york(2026, 12, 1, 9, 0)


def test_what_the_morning_is_too_late_for_goes_the_evening_before() -> None:
    at = sending_time(new_york(2026, 12, 1, 6, 0), expires_at=new_york(2026, 12, 1, 9, 59))

    assert at == new_york(2026, 11, 30, 19, 30)


def test_what_fits_nowhere_keeps_its_time_for_the_sender_to_refuse() -> None:
    due = new_york(2026, 12, 1, 6, 0)

    at = sending_time(due, expires_at=new_york(2026, 12, 1, 9, 30), now=new_york(2026, 12, 1, 5, 0))

    assert at == due


@pytest.mark.parametrize(
    ("due", "leaves"),
    [
        ((2026, 12, 1, 10, 0), (2026, 12, 1, 9, 54)),
        ((2026, 12, 1, 9, 3), (2026, 12, 1, 9, 3)),
        ((2026, 12, 1, 6, 0), (2026, 11, 30, 19, 24)),
        ((2026, 11, 30, 22, 0), (2026, 11, 30, 19, 24)),
    ],
)
def test_texts_of_one_moment_are_kept_apart_and_stay_in_the_window(
    due: tuple[int, ...], leaves: tuple[int, ...]
) -> None:
    at = sending_time(
        new_york(*due), expires_at=new_york(2026, 12, 1, 9, 30), apart=timedelta(minutes=6)
    )

    assert at == new_york(*leaves)


def test_a_morning_is_spread_to_later() -> None:
    at = sending_time(
        new_york(2026, 12, 1, 6, 0),
        expires_at=new_york(2026, 12, 1, 12, 0),
        apart=timedelta(minutes=6),
    )

    assert at == new_york(2026, 12, 1, 9, 6)


def test_a_text_of_the_morning_is_never_spread_to_within_its_last_useful_hour() -> None:
    at = sending_time(
        new_york(2026, 12, 1, 6, 0),
        expires_at=new_york(2026, 12, 1, 10, 2),
        apart=timedelta(minutes=6),
    )

    assert at == new_york(2026, 12, 1, 9, 2)


def test_no_text_is_moved_to_before_now() -> None:
    due = new_york(2026, 12, 1, 10, 0)

    at = sending_time(due, expires_at=due, apart=timedelta(minutes=6), now=due)

    assert at == due


def test_a_spread_is_the_same_every_time_and_within_ten_minutes() -> None:
    found = {rules.spread(f"visit:{number}") for number in range(500)}

    assert found == {rules.spread(f"visit:{number}") for number in range(500)}
    assert len(found) == 500
    assert timedelta(0) <= min(found) < timedelta(seconds=5)
    assert timedelta(minutes=9, seconds=55) < max(found) < rules.SPREAD


def sending_time(
    due: datetime,
    *,
    expires_at: datetime,
    now: datetime = datetime(2026, 11, 1, tzinfo=UTC),
    apart: timedelta = timedelta(0),
) -> datetime:
    return rules.sending_time(
        due, zone=NEW_YORK, window=DAY, expires_at=expires_at, now=now, apart=apart
    )


@pytest.mark.parametrize(
    ("quiet_from", "quiet_until", "window"),
    [
        (time(20), time(9), Window(time(9), time(20))),
        (time(21), time(8), Window(time(8), time(21))),
        (time(23), time(5), Window(time(8), time(21))),
        (time(18), time(10), Window(time(10), time(18))),
        (time(9), time(9), DAY),
        (time(6), time(22), DAY),
    ],
)
def test_an_affiliate_may_widen_the_window_only_so_far(
    quiet_from: time, quiet_until: time, window: Window
) -> None:
    assert rules.window(quiet_from=quiet_from, quiet_until=quiet_until) == window


def test_the_window_closes_on_the_day_of_the_recipient() -> None:
    at = datetime(2026, 12, 2, 3, 0, tzinfo=UTC)

    closing = rules.closing(at, zone="America/Los_Angeles", window=DAY)

    assert closing == datetime(2026, 12, 2, 4, 0, tzinfo=UTC)


def test_days_before_are_counted_on_the_wall_and_hours_as_they_pass() -> None:
    starts_at = new_york(2027, 3, 14, 10, 0)
    plan = [
        {"before": "hours", "count": 24, "channel": "sms"},
        {"before": "days", "count": 1, "channel": "sms"},
        {"before": "days", "count": 7, "channel": "mail"},
    ]

    found = rules.reminder_times(starts_at, zone=NEW_YORK, plan=plan)

    assert found == (
        Reminder(new_york(2027, 3, 7, 10, 0), "mail", "7 days"),
        Reminder(new_york(2027, 3, 13, 9, 0), "sms", "24 hours"),
        Reminder(new_york(2027, 3, 13, 10, 0), "sms", "1 days"),
    )


@given(at=instants, zone=st.sampled_from(ZONES), count=st.integers(1, 30))
def test_the_wall_clock_of_a_reminder_is_the_visits(at: datetime, zone: str, count: int) -> None:
    (reminder,) = rules.reminder_times(
        at, zone=zone, plan=[{"before": "days", "count": count, "channel": "sms"}]
    )

    told, starts = reminder.due_at.astimezone(ZoneInfo(zone)), at.astimezone(ZoneInfo(zone))
    assert starts.date() - told.date() == timedelta(days=count)
    # Where the wall time does not exist that day it has moved forward, by an hour at most.
    shift = datetime.combine(told.date(), told.time()) - datetime.combine(
        told.date(), starts.time()
    )
    assert timedelta(0) <= shift <= timedelta(hours=1)


def test_each_wait_is_somewhere_below_a_growing_ceiling() -> None:
    rng = random.Random(7)  # noqa: S311 - the same waits each time

    longest = [max(rules.backoff(n, rng=rng) for _ in range(200)) for n in range(1, 7)]

    for found, ceiling in zip(longest, (20, 80, 320, 900, 900, 900), strict=True):
        assert 0.9 * ceiling < found.total_seconds() <= ceiling


def test_months_are_counted_on_the_wall_across_a_year_and_a_change_of_clocks() -> None:
    now = datetime(2026, 2, 1, 4, 30, tzinfo=UTC)  # Still January in Detroit.

    january, december = rules.months(now, zone="America/Detroit", count=2)

    assert (january.number, december.number) == (202601, 202512)
    assert january.since == december.until == datetime(2026, 1, 1, 5, tzinfo=UTC)
    (march,) = rules.months(datetime(2026, 3, 20, tzinfo=UTC), zone="America/Detroit")
    assert march.until == datetime(2026, 4, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("dollars", "price_cents", "count"),
    [(3, 0.3, 1000), (1, 0.79, 126), (1, 100, 1), (1, 0, None)],
)
def test_money_buys_whole_parts_of_texts(
    dollars: int, price_cents: float, count: int | None
) -> None:
    assert rules.affordable(dollars, price_cents=price_cents) == count


def test_a_silent_provider_is_asked_three_times_and_then_no_more() -> None:
    at = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)

    asked = [rules.next_poll(at, checks=checks) for checks in range(4)]

    assert asked == [
        at + timedelta(minutes=15),
        at + timedelta(hours=2),
        at + timedelta(hours=11),
        None,
    ]
