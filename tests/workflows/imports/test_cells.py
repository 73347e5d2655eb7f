from contextlib import suppress
from datetime import date, time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from outreach.workflows.imports import cells, places
from outreach.workflows.imports.cells import CellProblem, Words

GROUPS = Words({"adult": "adult", "Older adult": "older adult"})
HOSPITALS = Words({"Hope, Sisters of": 1, "Calumet General": 2})


@pytest.mark.parametrize(
    "text",
    [
        "2027-01-15",
        "2027/1/15",
        "1/15/27",
        "01/15/2027",
        "1-15-2027",
        "15-Jan-2027",
        "15 January 2027",
        "Jan 15, 2027",
        "January 15 2027",
        "Jan. 15th, 2027",
        "2027-01-15 00:00:00",
        "2027-01-15T00:00",
        "1/15/2027 0:00",
        "1/15/2027 12:00:00 AM",
        "Fri 1/15/27",
        "Friday, January 15, 2027",
        "15th of January, 2027",
    ],
)
def test_a_date_is_read_in_every_way_people_write_it(text: str) -> None:
    assert cells.day(text) == date(2027, 1, 15)


def test_slashes_are_read_the_american_way_month_first() -> None:
    assert cells.day("2/3/27") == date(2027, 2, 3)


@pytest.mark.parametrize(("text", "year"), [("1/5/00", 2000), ("1/5/69", 2069), ("1/5/70", 1970)])
def test_two_digits_of_a_year_are_read_as_spreadsheets_do(text: str, year: int) -> None:
    assert cells.day(text) == date(year, 1, 5)


def test_a_weekday_beside_a_date_has_to_be_its_own() -> None:
    with pytest.raises(CellProblem, match="the wrong weekday for 2027-01-15"):
        cells.day("Thu 1/15/27")


def test_a_leap_day_is_a_day_only_in_a_leap_year() -> None:
    assert cells.day("2028-02-29") == date(2028, 2, 29)
    with pytest.raises(CellProblem, match="that month has 28 days"):
        cells.day("2027-02-29")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("02/30/2027", "“02/30/2027” is not in the calendar: that month has 28 days"),
        ("2027-04-00", "that month has 30 days"),
        ("15/01/2027", "no such month. Write the month first"),
        ("Marble 3, 2027", "no such month"),
        ("9999-01-01", "has the year 9999. Write a year from 1950 to 2099"),
        ("1949-12-31", "has the year 1949"),
        ("soon", "is not a date. Write it like 2027-01-15"),
        ("1/15", "is not a date"),
        ("2027-01-15 10:30", "is not a date"),
        ("\N{ARABIC-INDIC DIGIT TWO}027-01-15", "is not a date"),
    ],
)
def test_what_is_no_date_says_what_would_be(text: str, problem: str) -> None:
    with pytest.raises(CellProblem, match=problem):
        cells.day(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("14:00", time(14)),
        ("14:00:00", time(14)),
        ("2 PM", time(14)),
        ("2pm", time(14)),
        ("2 p.m.", time(14)),
        ("02:00 PM", time(14)),
        ("1400", time(14)),
        ("9.30 am", time(9, 30)),
        ("12 am", time(0)),
        ("12 pm", time(12)),
        ("noon", time(12)),
        ("12 noon", time(12)),
        ("Midnight", time(0)),
        ("14", time(14)),
        ("23:59", time(23, 59)),
    ],
)
def test_a_time_of_day_is_read_in_every_way_people_write_it(text: str, read: time) -> None:
    assert cells.time_of_day(text) == read


@pytest.mark.parametrize("text", ["25:00", "24:00", "24", "0", "13 pm", "0 am", "soon", "2460"])
def test_what_is_no_time_of_day_says_what_would_be(text: str) -> None:
    with pytest.raises(CellProblem) as problem:
        cells.time_of_day(text)

    assert str(problem.value) == f"“{text}” is not a time of day. Write 14:00 or 2:00 PM."


def test_a_bare_hour_could_be_morning_or_afternoon() -> None:
    with pytest.raises(CellProblem, match="morning or in the afternoon"):
        cells.time_of_day("2")


@pytest.mark.parametrize(
    ("text", "read"),
    [
        *(("60", 60), ("60 min", 60), ("90 minutes", 90), ("1 hour", 60), ("1.5 h", 90)),
        *(
            ("10", 10),
            ("60.0", 60),
            ("1:30", 90),
            ("01:30", 90),
            ("1 h 30", 90),
            ("1 hr 5 min", 65),
        ),
    ],
)
def test_a_length_is_read_in_minutes(text: str, read: int) -> None:
    assert cells.minutes(text) == read


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("ninety", "is not a number of minutes. Write digits"),
        ("-60", "is not a number"),
        ("9", "too short or too long"),
        ("481", "too short or too long"),
        ("1:60", "is not a number"),
        ("1.01 h", "too short or too long"),
    ],
)
def test_what_is_no_length_says_what_would_be(text: str, problem: str) -> None:
    with pytest.raises(CellProblem, match=problem):
        cells.minutes(text)


def test_a_whole_number_lies_between_its_bounds_both_inclusive() -> None:
    assert [cells.whole_number(text, least=0, most=31) for text in ("0", "31")] == [0, 31]
    assert cells.whole_number("2.0", least=0, most=31) == 2


@pytest.mark.parametrize("text", ["-1", "32", "2.5", "two", "²", "9999999999"])
def test_a_number_outside_its_bounds_says_which_they_are(text: str) -> None:
    with pytest.raises(CellProblem, match="Write a whole number from 0 to 31"):
        cells.whole_number(text, least=0, most=31)


@pytest.mark.parametrize(
    "text",
    ["847.555.0100", "8475550100", "18475550100", "+1 847 555 0100", "(847) 555-0100"],
)
def test_a_fictional_telephone_number_is_one_in_every_form(text: str) -> None:
    assert cells.telephone(text) == "+18475550100"


@pytest.mark.parametrize(
    "text", ["555-01", "no phone", "1234567890123456", "6.31E+09", "847-555-O100", "000-000-0000"]
)
def test_what_is_no_telephone_number_says_what_would_be(text: str) -> None:
    with pytest.raises(CellProblem, match="Write it with the area code"):
        cells.telephone(text)


def test_an_extension_has_no_place_in_a_telephone_number() -> None:
    for text in ("847-555-0100 x 12", "847-555-0100 ext. 12", "847-555-0100 #12"):
        with pytest.raises(CellProblem, match="Leave out the extension, like 847-555-0100"):
            cells.telephone(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Ana.Reyes@Example.ORG", "ana.reyes@example.org"),
        ("israel.mejía9@example.org", "israel.mejía9@example.org"),
        # The same letter as i and a combining accent: one person, one spelling.
        ("israel.meji\N{COMBINING ACUTE ACCENT}a9@example.org", "israel.mejía9@example.org"),
    ],
)
def test_an_address_is_kept_in_lower_case_and_one_spelling(text: str, read: str) -> None:
    assert cells.email(text) == read


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("maria.lopez(at)example.org", "Write maria.lopez@example.org."),
        ("ana at example.org", "Write ana@example.org."),
        ("ana@example,org", "Write ana@example.org."),
        ("ana", "Write it like name@example.org."),
        ("ana@example.org, ben@example.org", "Write it like name@example.org."),
        (f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 63}.org", "Write it like name@example.org."),
    ],
)
def test_what_is_no_address_says_what_would_be(text: str, hint: str) -> None:
    with pytest.raises(CellProblem) as problem:
        cells.email(text)

    assert str(problem.value).endswith(hint)


def test_several_words_are_parted_by_semicolons_commas_slashes_and_and() -> None:
    for text in (
        "adult; older adult",
        "Adult, OLDER  ADULT",
        "adult/older adult",
        "adult and older adult",
    ):
        assert cells.listed(text, GROUPS) == ("adult", "older adult")


def test_a_comma_inside_a_known_name_parts_nothing() -> None:
    assert cells.listed("Hope, Sisters of; Calumet General", HOSPITALS) == (1, 2)


def test_the_same_word_twice_is_found_once() -> None:
    assert cells.listed("adult; adult", GROUPS) == ("adult",)


def test_an_unknown_word_names_the_nearest_or_some() -> None:
    with pytest.raises(CellProblem, match="Did you mean “Older adult”"):
        cells.listed("oldr adult", GROUPS)
    with pytest.raises(CellProblem, match="Write one of: adult, Older adult"):
        cells.listed("maternity", GROUPS)


def test_yes_and_no_are_the_words_of_the_mapping() -> None:
    words = {"yes": ["Y", "TRUE"], "no": ["N"]}

    assert [cells.yes_no(text, **words) for text in ("y", "true", "n")] == [True, True, False]
    with pytest.raises(CellProblem, match="Write one of: Y, TRUE, N"):
        cells.yes_no("perhaps", **words)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Cantrell, William", ("William", "Cantrell")),
        ("de la Cruz, Ana María", ("Ana María", "de la Cruz")),
        ("Ana Reyes", ("Ana", "Reyes")),
        ("Robert Reyes Jr.", ("Robert", "Reyes Jr.")),
        ("Reyes III, Robert", ("Robert", "Reyes III")),
    ],
)
def test_a_name_is_read_last_first_and_first_last(text: str, read: tuple[str, str]) -> None:
    assert cells.person(text) == read


@pytest.mark.parametrize("text", ["Ana", "Reyes,", ", Ana", "- -", "Ana Jr.", "Reyes, Ana, RN"])
def test_half_a_name_is_none(text: str) -> None:
    with pytest.raises(CellProblem, match="Write it like Reyes, Ana"):
        cells.person(text)


PARSERS = (
    cells.day,
    cells.time_of_day,
    cells.minutes,
    cells.telephone,
    cells.email,
    places.place,
    places.time_zone,
    places.distance_km,
    cells.person,
)


@given(
    text=st.text(min_size=1) | st.from_regex(r"[0-9:/ ,.@-]{1,24}(am|pm|Jan|mi)?", fullmatch=True)
)
@example(text=" ")
def test_no_text_whatever_does_worse_than_a_problem(text: str) -> None:
    for parse in PARSERS:
        with suppress(CellProblem):
            parse(text)
