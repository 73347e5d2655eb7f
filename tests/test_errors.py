import pytest

from outreach import errors


def test_an_error_keeps_its_msgid_and_values_for_translation() -> None:
    error = errors.Conflict("%(name)s has already taken this visit.", name="Ana")

    assert str(error) == "Ana has already taken this visit."
    assert error.message == "%(name)s has already taken this visit."
    assert error.values == {"name": "Ana"}


def test_a_message_without_values_is_taken_as_it_is() -> None:
    assert str(errors.NotFound("100 % gone")) == "100 % gone"


def test_a_broken_rule_may_name_its_field() -> None:
    assert errors.RuleBroken("Too early.").field is None
    assert errors.RuleBroken("Before %(hour)s.", field="starts", hour=9).field == "starts"


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.NotFound, 404),
        (errors.Forbidden, 403),
        (errors.Conflict, 409),
        (errors.RuleBroken, 422),
        (errors.TooMany, 429),
        (errors.Unusable, 500),
    ],
)
def test_each_error_has_its_status(kind: type[errors.OutreachError], status: int) -> None:
    assert kind("x").status == status
