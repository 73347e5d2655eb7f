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
    found = _ZIP.fullmatch(zip_code.strip())
    if found is None:
        raise RuleBroken(lazy("Write a ZIP code of five digits, like 48201."), field=field)
    row = _rows().get(found[1])
    if row is not None:
        latitude, longitude = float(row["lat"]), float(row["long"])
        if "/" in row["timezone"] and (latitude or longitude):
            return Place(
                zip_code=found[1],
                city=row["city"],
                state=row["state"],
                latitude=latitude,
                longitude=longitude,
                time_zone=row["timezone"],
            )
    raise RuleBroken(lazy("We know no place with this ZIP code. Please check it."), field=field)


@cache
def _rows() -> Mapping[str, Mapping[str, Any]]:
    """Index the package's list once: its own search walks all 42,000 codes, 40 ms each time."""
    return {row["zip_code"]: row for row in zipcodes.list_all()}
