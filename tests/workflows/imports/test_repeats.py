from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.workflows.imports import repeats
from outreach.workflows.imports.cells import CellProblem
from outreach.workflows.imports.repeats import Repeat

JAN_4 = date(2027, 1, 4)
"""A Monday."""


def dates(text: str, *, first: date = JAN_4) -> list[str]:
    laid_out = repeats.lay_out(repeats.parse(text), first=first)
    return [day.isoformat() for day in laid_out.dates]


@pytest.mark.parametrize(
    ("text", "repeat"),
    [
        ("weekly until 2027-04-30", Repeat(until=date(2027, 4, 30))),
        ("Every week until 4/30/27", Repeat(until=date(2027, 4, 30))),
        ("weekly on Tuesdays x 4", Repeat(weekday=1, count=4)),
        ("every Monday for 3 visits", Repeat(weekday=0, count=3)),
        ("every 2 weeks x 6", Repeat(every_weeks=2, count=6)),
        ("every other week, 6 times", Repeat(every_weeks=2, count=6)),
        ("every other Tue × 4", Repeat(every_weeks=2, weekday=1, count=4)),
        (
            "3rd Monday of the month until 2027-06-30",
            Repeat(ordinals=(3,), weekday=0, until=date(2027, 6, 30)),
        ),
        ("1st and 3rd Thu x 6", Repeat(ordinals=(1, 3), weekday=3, count=6)),
        ("every first & third Thursday x6", Repeat(ordinals=(1, 3), weekday=3, count=6)),
        ("last Fri of each month x 3", Repeat(ordinals=(-1,), weekday=4, count=3)),
    ],
)
def test_a_repeat_is_read_from_a_coordinators_words(text: str, repeat: Repeat) -> None:
    assert repeats.parse(text) == repeat


@pytest.mark.parametrize(
    "text",
    [
        "now and then",
        "weekly",
        "x 6",
        "daily x 3",
        "monthly x 3",
        "every 0 weeks x 3",
        "every 27 weeks x 3",
        "6th Monday x 3",
        "3rd Someday x 3",
        "weekly on Someday x 3",
    ],
)
def test_what_is_no_repeat_says_what_would_be(text: str) -> None:
    with pytest.raises(CellProblem, match="Write it like “weekly until 2027-04-30”"):
        repeats.parse(text)


@pytest.mark.parametrize("text", ["weekly x 0", "weekly x 61"])
def test_a_repeat_has_one_to_sixty_visits(text: str) -> None:
    with pytest.raises(CellProblem, match="Write a whole number from 1 to 60"):
        repeats.parse(text)


def test_an_end_that_is_no_date_is_named() -> None:
    with pytest.raises(CellProblem, match="“2027-02-29” is not in the calendar"):
        repeats.parse("weekly until 2027-02-29")


def test_the_last_day_of_a_repeat_is_part_of_it() -> None:
    assert dates("weekly until 2027-01-18") == ["2027-01-04", "2027-01-11", "2027-01-18"]
    assert dates("weekly until 2027-01-17") == ["2027-01-04", "2027-01-11"]


def test_every_two_weeks_six_times_are_six_visits() -> None:
    assert dates("every 2 weeks x 6") == [
        "2027-01-04",
        "2027-01-18",
        "2027-02-01",
        "2027-02-15",
        "2027-03-01",
        "2027-03-15",
    ]


def test_the_third_monday_is_right_in_a_month_of_five_mondays() -> None:
    # March 2027 has five Mondays; the third is the 15th.
    assert dates("3rd Monday of the month until 2027-04-30", first=date(2027, 1, 18)) == [
        "2027-01-18",
        "2027-02-15",
        "2027-03-15",
        "2027-04-19",
    ]


def test_the_fifth_monday_skips_the_months_that_have_four() -> None:
    assert dates("5th Monday x 2", first=date(2027, 3, 29)) == ["2027-03-29", "2027-05-31"]


def test_a_first_date_that_does_not_fit_is_kept_and_counts() -> None:
    series = repeats.lay_out(repeats.parse("1st and 3rd Thu x 3"), first=date(2027, 1, 9))

    assert [day.isoformat() for day in series.dates] == ["2027-01-09", "2027-01-21", "2027-02-04"]
    assert not series.first_fits


def test_a_first_date_that_fits_is_not_doubled() -> None:
    series = repeats.lay_out(repeats.parse("every Monday x 2"), first=JAN_4)

    assert len(series.dates) == 2
    assert series.first_fits


def test_a_repeat_that_ends_before_its_first_date_is_refused() -> None:
    with pytest.raises(CellProblem, match="ends on 2027-01-03, before its first visit"):
        dates("weekly until 2027-01-03")


def test_a_repeat_of_more_than_sixty_visits_is_refused() -> None:
    assert len(dates("weekly until 2028-02-21")) == 60
    with pytest.raises(CellProblem, match="more than 60 visits"):
        dates("weekly until 2028-02-28")


@given(text=st.text(alphabet="weklyunti x0123456789-andThuMo/sr", min_size=1) | st.text(min_size=1))
def test_no_text_whatever_does_worse_than_a_problem(text: str) -> None:
    with suppress(CellProblem):
        repeats.lay_out(repeats.parse(text), first=JAN_4)
