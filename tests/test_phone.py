import pytest

from outreach import phone
from outreach.errors import RuleBroken


@pytest.mark.parametrize(
    "written",
    [
        "312-555-0123",
        "(312) 555-0123",
        "312.555.0123",
        "3125550123",
        "+1 312 555 0123",
        "1-312-555-0123",
    ],
)
def test_a_number_is_read_in_every_way_people_write_it(written: str) -> None:
    assert phone.parse(written) == "+13125550123"


def test_a_number_from_abroad_keeps_its_country() -> None:
    assert phone.parse("+52 55 5123 4567") == "+525551234567"
    assert phone.parse("55 5123 4567", region="MX") == "+525551234567"


@pytest.mark.parametrize(
    "written",
    [
        *("", "call me", "555-0123", "312-555-01234567", "312-555-0123 ext. 4", "+999 123", "\0"),
        *("🙂", "312-555-O123", "312-FLOWERS", "000-000-0000", "123-456-7890", "312-155-0123"),
    ],
)
def test_what_cannot_be_a_number_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(RuleBroken, match="312-555-0123"):
        phone.parse(written)


def test_a_number_is_shown_the_way_people_write_it() -> None:
    assert phone.display("+13125550123") == "312-555-0123"
    assert phone.display("+525551234567") == "+52 55 5123 4567"
    assert phone.display("+9995551234567") == "+9995551234567"
