from contextlib import suppress
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.workflows.imports import spans
from outreach.workflows.imports.cells import CellProblem
from outreach.workflows.imports.spans import Days, Window

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)


def on(weekdays: tuple[int, ...], starts: time, ends: time) -> tuple[Window, ...]:
    return tuple(Window(weekday, starts, ends) for weekday in weekdays)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Daily 13:00-20:00", on(tuple(range(7)), time(13), time(20))),
        ("every day 1pm-8pm", on(tuple(range(7)), time(13), time(20))),
        ("13:00-20:00", on(tuple(range(7)), time(13), time(20))),
        ("Mon-Fri 8am-12pm", on((MON, TUE, WED, THU, FRI), time(8), time(12))),
        ("weekdays 8 a.m. to noon", on((MON, TUE, WED, THU, FRI), time(8), time(12))),
        ("Mon, Wed, Fri 10:00-15:00", on((MON, WED, FRI), time(10), time(15))),
        ("Mondays & Wednesdays: 10:00–15:00", on((MON, WED), time(10), time(15))),
        ("Tues/Thurs 12:00-20:00", on((TUE, THU), time(12), time(20))),
        ("Sat-Sun 09:00-17:00", on((SAT, SUN), time(9), time(17))),
        ("weekends 09:00-17:00", on((SAT, SUN), time(9), time(17))),
        ("Sat-Mon 09:00-17:00", on((MON, SAT, SUN), time(9), time(17))),
        (
            "Wed 1pm-8pm; Sun 12pm-5pm",
            (Window(WED, time(13), time(20)), Window(SUN, time(12), time(17))),
        ),
        (
            "Mon-Tue 17:00-20:00; Sat 09:00-13:00",
            (
                *on((MON, TUE), time(17), time(20)),
                Window(SAT, time(9), time(13)),
            ),
        ),
        (
            "Mon 9-11am, 2-4pm",
            (Window(MON, time(9), time(11)), Window(MON, time(14), time(16))),
        ),
        ("Mon 11-3pm", on((MON,), time(11), time(15))),
        ("Mon 9am-11am; Mon 10am-1pm", on((MON,), time(9), time(13))),
    ],
)
def test_weekly_hours_are_read_in_every_way_people_write_them(
    text: str, read: tuple[Window, ...]
) -> None:
    assert spans.weekly(text) == read


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("whenever, ask me", "does not say which days and hours. Write it like Mon, Wed"),
        ("Mon", "does not say which days and hours"),
        ("M 9am-1pm", "does not say which days and hours"),
        ("Mon 9am-1pm maybe", "does not say which days and hours"),
        ("20:00-10:00", "“20:00-10:00” ends before it begins"),
        ("Mon 10:00-10:00", "ends before it begins"),
        ("Mon 10:00-25:00", "“25:00” is not a time of day"),
        ("Mon 9-5", "morning or in the afternoon"),
    ],
)
def test_what_are_no_weekly_hours_says_what_would_be(text: str, problem: str) -> None:
    with pytest.raises(CellProblem, match=problem):
        spans.weekly(text)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-20 - 1/3/27",
        "12/20/2026-1/3/2027",
        "20-Dec-2026 - Jan 3, 2027",
        "2026-12-20 to 2027-01-03",
        "Dec 20, 2026 – Jan 3, 2027",
    ],
)
def test_days_away_run_from_one_date_to_another(text: str) -> None:
    assert spans.away(text) == (Days(date(2026, 12, 20), date(2027, 1, 3)),)


def test_several_runs_and_single_days_are_parted_by_semicolons() -> None:
    assert spans.away("2027-03-01; 2026-12-20 - 2026-12-22") == (
        Days(date(2026, 12, 20), date(2026, 12, 22)),
        Days(date(2027, 3, 1), date(2027, 3, 1)),
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("2027-01-03 - 2026-12-20", "ends before it begins. Swap the two dates"),
        ("2026-12-20 - 2028-01-03", "longer than a year"),
        ("2026-12-20 - 02/30/2027", "“02/30/2027” is not in the calendar"),
        ("summer", "“summer” is not a date"),
        ("12/20 - 12/24", "“12/20” is not a date"),
    ],
)
def test_what_are_no_days_away_says_what_would_be(text: str, problem: str) -> None:
    with pytest.raises(CellProblem, match=problem):
        spans.away(text)


@given(text=st.text(alphabet="MonTueSat 0123456789:-–;,/apm&.to", min_size=1) | st.text(min_size=1))
def test_no_text_whatever_does_worse_than_a_problem(text: str) -> None:
    for parse in (spans.weekly, spans.away):
        with suppress(CellProblem):
            parse(text)


@pytest.mark.parametrize("text", ["Mon 1:00-5:00", "Mon 13:00-17:00; Tue 1:00-5:00"])
def test_hours_that_were_read_as_the_night_are_asked_about(text: str) -> None:
    question = spans.nightly(spans.weekly(text))

    assert str(question) == (
        "01:00 to 05:00 was read as the night. In the afternoon, write 1pm-5pm."
    )


@pytest.mark.parametrize("text", ["Mon 1pm-5pm", "Daily 0:00-23:59", "Mon 6:00-9:00"])
def test_other_hours_are_not(text: str) -> None:
    assert spans.nightly(spans.weekly(text)) is None
