"""In which county a ZIP code lies, and how people write a county's name."""

import pytest

from outreach.directory import counties
from outreach.directory.counties import Oddity
from outreach.errors import RuleBroken


def test_a_zip_code_lies_in_a_county() -> None:
    area = counties.area(" 60614-1234 ")

    assert (area.zip_code, area.city, area.state) == ("60614", "Chicago", "IL")
    assert (area.county, area.oddity) == ("Cook County", None)


@pytest.mark.parametrize(
    ("zip_code", "county", "oddity"),
    [
        ("60680", "Cook County", Oddity.BOXES),
        ("00604", "Aguadilla Municipio", Oddity.BOXES),  # by its town
        ("01195", "Hampden County", Oddity.GIVEN_UP),
    ],
)
def test_boxes_and_codes_given_up_are_placed_all_the_same(
    zip_code: str, county: str, oddity: Oddity | None
) -> None:
    area = counties.area(zip_code)

    assert (area.county, area.oddity) == (county, oddity)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("6O614", "five digits"),
        ("", "five digits"),
        ("00000", "no place"),
        ("09001", "Military mail"),
        ("96910", "county"),  # Guam
    ],
)
def test_what_has_no_county_names_the_field(text: str, words: str) -> None:
    with pytest.raises(RuleBroken, match=words) as caught:
        counties.area(text, field="zip")

    assert caught.value.field == "zip"


@pytest.mark.parametrize(
    ("text", "state", "name"),
    [
        ("Cook", "IL", "Cook County"),
        ("  COOK   co. ", "IL", "Cook County"),
        ("Saint Clair", "IL", "St. Clair County"),
        ("ST CLAIR COUNTY", "IL", "St. Clair County"),
        ("du page", "IL", "DuPage County"),
        ("Prince Georges", "MD", "Prince George's County"),
        ("Baltimore City", "MD", "Baltimore city"),
        ("Charles City", "VA", "Charles City County"),
        ("Doña Ana", "NM", "Dona Ana County"),
        ("Miami Dade", "FL", "Miami-Dade County"),
        ("Orleans", "LA", "Orleans Parish"),
        ("San Juan", "PR", "San Juan Municipio"),
    ],
)
def test_a_county_is_found_as_people_write_it(text: str, state: str, name: str) -> None:
    assert counties.find(text, state=state) == name
    assert name in counties.in_state(state)


@pytest.mark.parametrize(
    ("text", "state", "words"),
    [
        ("Cok", "IL", "Did you mean “Cook County”"),
        ("Narnia", "IL", "no county “Narnia” in IL"),
        ("Baltimore", "MD", "more than one: Baltimore County, Baltimore city"),
        ("Cook", "XX", "no county “Cook” in XX"),
        (" ", "IL", "no county"),
    ],
)
def test_a_county_that_is_unknown_or_unclear_is_told(text: str, state: str, words: str) -> None:
    with pytest.raises(RuleBroken, match=words) as caught:
        counties.find(text, state=state)

    assert caught.value.field == "counties"


def test_every_state_has_counties_each_found_by_its_own_name() -> None:
    assert len(counties.states()) == 52, "with the District of Columbia and Puerto Rico"
    for state in counties.states():
        for name in counties.in_state(state):
            assert counties.find(name, state=state) == name


def test_a_list_is_read_whole_and_what_is_unknown_is_told() -> None:
    names, wrong = counties.listed("Cook & lake counties; du page, Cook, Narnia", state="IL")

    assert names == ("Cook County", "Lake County", "DuPage County")
    assert [str(error) for error in wrong] == ["There is no county “Narnia” in IL."]


def test_and_parts_names_but_not_inside_one() -> None:
    names, wrong = counties.listed("King and Queen; Isle of Wight and James City", state="VA")

    assert names == ("King and Queen County", "Isle of Wight County", "James City County")
    assert wrong == ()


def test_all_is_every_county_of_the_state() -> None:
    assert counties.listed(" ALL  counties ", state="DE")[0] == counties.in_state("DE")


def test_the_way_from_chicago_to_detroit() -> None:
    there = counties.distance_km((41.8781, -87.6298), (42.3314, -83.0458))

    assert round(there) == 381
    assert counties.distance_km((42.0, -83.0), (42.0, -83.0)) == 0
