"""Where a ZIP code is: its town, its middle and its time zone, from the `zipcodes` package."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import zipcodes

from outreach.errors import RuleBroken
from outreach.i18n import lazy

_ZIP = re.compile(r"([0-9]{5})(?:-?[0-9]{4})?")


@dataclass(frozen=True, slots=True)
class Place:
    """The middle of a ZIP code's area, in degrees, and the zone people there live by."""

    zip_code: str
    city: str
    state: str
    latitude: float
    longitude: float
    time_zone: str


def place(zip_code: str, *, field: str = "zip_code") -> Place:
    """Return where a ZIP code is; the last four digits of a long one are left out.

    Raises:
        RuleBroken: it is no ZIP code, or one without a place (military, overseas).
    """
    code = digits(zip_code, field=field)
    row = rows().get(code)
    if row is not None:
        latitude, longitude = float(row["lat"]), float(row["long"])
        if "/" in row["timezone"] and (latitude or longitude):
            return Place(
                zip_code=code,
                city=row["city"],
                state=row["state"],
                latitude=latitude,
                longitude=longitude,
                time_zone=row["timezone"],
            )
    raise RuleBroken(lazy("We know no place with this ZIP code. Please check it."), field=field)


def digits(zip_code: str, *, field: str = "zip_code") -> str:
    """Return the five digits of a ZIP code.

    Raises:
        RuleBroken: it is none.
    """
    found = _ZIP.fullmatch(zip_code.strip())
    if found is None:
        raise RuleBroken(lazy("Write a ZIP code of five digits, like 48201."), field=field)
    return found[1]


@cache
def rows() -> Mapping[str, Mapping[str, Any]]:
    """Return every code the package knows; indexed once, its own search takes 40 ms each time."""
    return {row["zip_code"]: row for row in zipcodes.list_all()}
