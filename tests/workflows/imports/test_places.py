import pytest

from outreach.workflows.imports import places
from outreach.workflows.imports.cells import CellProblem


@pytest.mark.parametrize("text", ["60657", "60657-1234", "Chicago, IL 60657", "Chicago IL 60657"])
def test_a_zip_code_says_where_it_is(text: str) -> None:
    place = places.place(text)

    assert (place.zip_code, place.city, place.state) == ("60657", "Chicago", "IL")
    assert place.time_zone == "America/Chicago"
    assert (round(place.latitude, 1), round(place.longitude, 1)) == (41.9, -87.7)


def test_a_letter_in_a_zip_code_is_recognized_for_the_digit_it_looks_like() -> None:
    with pytest.raises(CellProblem) as problem:
        places.place("6O614")

    assert str(problem.value) == "“6O614” is not a ZIP code. Write five digits, like 60614."


@pytest.mark.parametrize(
    ("text", "guess"),
    [("2134", "02134"), ("60657.0", "60657"), ("60657 Chicago", "60657"), ("60657, USA", "60657")],
)
def test_what_a_spreadsheet_did_to_a_zip_code_is_guessed(text: str, guess: str) -> None:
    with pytest.raises(CellProblem, match=f"Write five digits, like {guess}."):
        places.place(text)


@pytest.mark.parametrize("text", ["00000", "6065", "606570", "Chicago", "09000"])
def test_a_zip_code_that_is_nowhere_is_none(text: str) -> None:
    with pytest.raises(CellProblem, match="is not a ZIP code"):
        places.place(text)


def test_a_time_zone_is_found_in_any_case() -> None:
    assert places.time_zone("america/new york") == "America/New_York"
    with pytest.raises(CellProblem, match="Write it like America/Chicago"):
        places.time_zone("CST6")


@pytest.mark.parametrize("text", ["EST", "ET", "Eastern", "eastern time", "EDT"])
def test_a_zone_in_a_word_is_no_zone_because_some_of_them_never_change_their_clocks(
    text: str,
) -> None:
    with pytest.raises(CellProblem, match="Write it like America/New_York"):
        places.time_zone(text)


@pytest.mark.parametrize(
    ("text", "km"),
    [("15", 24.14), ("25 mi", 40.23), ("25 miles", 40.23), ("40 km", 40.0), ("any", None)],
)
def test_a_distance_is_read_in_kilometers_and_any_is_none(text: str, km: float | None) -> None:
    assert places.distance_km(text) == km


def test_a_bare_distance_is_in_the_unit_of_the_mapping() -> None:
    assert places.distance_km("15", unit="km") == 15.0


@pytest.mark.parametrize("text", ["0", "-3", "far", "99999", "1e3"])
def test_what_is_no_distance_says_what_would_be(text: str) -> None:
    with pytest.raises(CellProblem, match="Write a number like 15 or 25 mi, or “any”"):
        places.distance_km(text)
