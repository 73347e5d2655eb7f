"""Telephone numbers: what people write → E.164 → what people read."""

import phonenumbers

from outreach.errors import RuleBroken


def parse(text: str, *, region: str = "US") -> str:
    """Return `text` as E.164 (`+13125550100`).

    Possible numbers are taken, not only assigned ones: 555-01xx is never assigned, and a new
    area code is younger than the library's table.

    Raises:
        RuleBroken: it cannot be a telephone number.
    """
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise RuleBroken(_WRONG) from error
    # Not is_possible_number: that takes 555-0123, which is somebody else's number as E.164.
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE or number.extension:
        raise RuleBroken(_WRONG)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def display(e164: str) -> str:
    """Return a number as people write it: nationally in the US, internationally elsewhere."""
    number = phonenumbers.parse(e164, None)
    national = number.country_code == 1
    style = phonenumbers.PhoneNumberFormat.NATIONAL
    if not national:
        style = phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, style)


_WRONG = "This is not a telephone number. Write it with the area code, like 312-555-0123."
