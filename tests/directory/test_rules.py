"""What a program, a unit's hours and an affiliate's settings may be."""

from datetime import date, time
from typing import Any

import pytest

from outreach.directory import geography, rules
from outreach.directory.rules import Span
from outreach.errors import RuleBroken


def test_lengths_are_sorted_and_each_there_once() -> None:
    assert rules.lengths("90, 60 60") == [60, 90]
    assert rules.lengths("10, 480") == [10, 480]


@pytest.mark.parametrize("text", ["", ",", "9", "481", "1000", "sixty", "٦٠", "1 2 3 4 5 6 7"])
def test_other_lengths_are_refused(text: str) -> None:
    with pytest.raises(RuleBroken) as caught:
        rules.lengths(text)

    assert caught.value.field == "minutes"


def test_roles_nobody_is_needed_in_are_left_out() -> None:
    assert rules.roles({"lead": 1, "peer": 0}) == {"lead": 1}
    with pytest.raises(RuleBroken, match="at least one person"):
        rules.roles({"lead": 0})


def test_hours_come_in_order_and_may_touch() -> None:
    late, early = Span(0, time(12), time(14)), Span(0, time(9), time(12))

    assert rules.hours([late, early]) == [early, late]


@pytest.mark.parametrize(
    "spans",
    [
        [Span(3, time(9), time(9))],
        [Span(3, time(9), time(8))],
        [Span(3, time(9), time(12)), Span(3, time(11), time(13))],
    ],
)
def test_wrong_hours_name_their_field(spans: list[Span]) -> None:
    with pytest.raises(RuleBroken) as caught:
        rules.hours(spans)

    assert caught.value.field == "closes_3"


def test_texts_stay_between_eight_and_nine() -> None:
    rules.quiet(quiet_from=time(21), quiet_until=time(8))
    for quiet_from, quiet_until, field in (
        (time(20), time(7, 59), "quiet_until"),
        (time(21, 1), time(9), "quiet_from"),
        (time(9), time(9), "quiet_until"),
    ):
        with pytest.raises(RuleBroken) as caught:
            rules.quiet(quiet_from=quiet_from, quiet_until=quiet_until)
        assert caught.value.field == field


def test_reminders_come_earliest_first_and_once() -> None:
    plan = [
        {"before": "hours", "count": 3, "channel": "sms"},
        {"before": "days", "count": 1, "channel": "mail"},
        {"before": "hours", "count": 3, "channel": "mail"},
    ]

    assert rules.reminders(plan) == [
        {"before": "days", "count": 1, "channel": "mail"},
        {"before": "hours", "count": 3, "channel": "mail"},
    ]


def test_a_zip_code_has_a_town_and_a_zone() -> None:
    place = geography.place(" 60614-1234 ")

    assert (place.zip_code, place.city, place.state) == ("60614", "Chicago", "IL")
    assert place.time_zone == "America/Chicago"


@pytest.mark.parametrize("text", ["", "1234", "123456", "ABCDE", "00000", "09001", "٤٨٢٠١"])
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(RuleBroken) as caught:
        geography.place(text)

    assert caught.value.field == "zip_code"


FRIDAY, MONDAY = date(2026, 11, 27), date(2026, 11, 30)


def test_days_away_are_none_or_both_with_somebody_who_stands_in() -> None:
    rules.away(away_from=None, away_until=None, has_deputy=False, today=FRIDAY)
    rules.away(away_from=FRIDAY, away_until=FRIDAY, has_deputy=True, today=FRIDAY)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"away_from": None}, "away_from"),
        ({"away_until": None}, "away_until"),
        ({"away_from": date(2026, 12, 1)}, "away_until"),
        ({"today": date(2026, 12, 1)}, "away_until"),
        ({"has_deputy": False}, "deputy"),
    ],
)
def test_days_away_that_cannot_be_name_their_field(changed: dict[str, Any], field: str) -> None:
    usual: dict[str, Any] = {
        "away_from": FRIDAY,
        "away_until": MONDAY,
        "has_deputy": True,
        "today": FRIDAY,
    }

    with pytest.raises(RuleBroken) as caught:
        rules.away(**(usual | changed))

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("today", "expected"),
    [
        (date(2026, 11, 26), False),
        (FRIDAY, True),
        (MONDAY, True),
        (date(2026, 12, 1), False),
    ],
)
def test_one_is_away_from_the_first_day_to_the_last(*, today: date, expected: bool) -> None:
    assert rules.is_away(away_from=FRIDAY, away_until=MONDAY, today=today) is expected
    assert not rules.is_away(away_from=None, away_until=None, today=today)
    assert not rules.is_away(away_from=FRIDAY, away_until=None, today=today)
