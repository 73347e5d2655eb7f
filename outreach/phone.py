"""Telephone numbers: what people write → E.164 → what people read."""

import re

import phonenumbers

from outreach.errors import RuleBroken

NORTH_AMERICA = 1
"""The country code of the numbers that have ten digits."""


def parse(text: str, *, region: str = "US") -> str:
    """Return `text` as E.164 (`+13125550100`).

    Possible numbers are taken, not only assigned ones: 555-01xx is never assigned, and a new
    area code is younger than the library's table. Letters are none: the library dials them, and
    312-555-O123 with the letter O would become somebody else's number.

    Raises:
        RuleBroken: it cannot be a telephone number.
    """
    if any(map(str.isalpha, text)):
        raise RuleBroken(_WRONG)
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise RuleBroken(_WRONG) from error
    # Not is_possible_number: that takes 555-0123, which is somebody else's number as E.164.
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason != phonenumbers.ValidationResult.IS_POSSIBLE or number.extension:
        raise RuleBroken(_WRONG)
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.country_code == NORTH_AMERICA and not _NORTH_AMERICAN.fullmatch(e164):
        raise RuleBroken(_WRONG)
    return e164


def display(e164: str) -> str:
    """Return a number as people write it: 216-555-0142, or +52 55 5123 4567 from elsewhere."""
    try:
        number = phonenumbers.parse(e164, None)
    except phonenumbers.NumberParseException:
        # Of a country nobody knows: the error page shows numbers too, and must not fail.
        return e164
    if number.country_code == NORTH_AMERICA:
        digits = phonenumbers.national_significant_number(number)
        return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


_NORTH_AMERICAN = re.compile(r"\+1[2-9][0-9]{2}[2-9][0-9]{6}")
"""Neither an area code nor an exchange begins with 0 or 1 (NANPA)."""
_WRONG = "This is not a telephone number. Write it with the area code, like 312-555-0123."
