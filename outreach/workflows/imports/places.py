"""Cells that say where somebody is and how far they go: ZIP codes, time zones, distances.

Like `cells`, each function takes text that is not blank and raises `CellProblem`.
"""

import re
from collections.abc import Mapping
from functools import cache
from zoneinfo import available_timezones

from outreach.directory import geography
from outreach.directory.geography import Place
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.workflows.imports.cells import CellProblem, folded

KM_PER_MILE = 1.609344


def place(text: str) -> Place:
    """Read a ZIP code, alone or at the end of "Chicago, IL 60614", and say where it is."""
    last = text.rsplit(maxsplit=1)[-1:]  # none, where the cell is blank
    try:
        return geography.place("".join(last).rpartition(",")[2])
    except RuleBroken as error:
        raise CellProblem(
            lazy("“%(value)s” is not a ZIP code. Write five digits, like %(guess)s."),
            value=text,
            guess=_guessed_zip(text),
        ) from error


def time_zone(text: str) -> str:
    """Read an IANA time zone, in any case.

    Only one that names a place: EST is in the list, too, and has no daylight saving.
    """
    zone = _zones().get(folded(text).replace(" ", "_"))
    if zone is None:
        word = re.sub(r" (?:standard|daylight|time)\b", "", folded(text))
        raise CellProblem(
            lazy("“%(value)s” is not a time zone. Write it like %(guess)s."),
            value=text,
            guess=_ZONES_CALLED.get(word, "America/Chicago"),
        )
    return zone


def distance_km(text: str, *, unit: str = "mi") -> float | None:
    """Read how far somebody goes: 15, 25 mi, 40 km, any. None means any distance.

    `unit`, "mi" or "km", is that of a bare number.
    """
    if folded(text) in _ANY_DISTANCE:
        return None
    found = _DISTANCE.fullmatch(text)
    given = found and (found["unit"] or unit).lower()
    km = float(found["number"]) * (1 if given == "km" else KM_PER_MILE) if found else 0.0
    if not 0 < km <= 10_000:  # noqa: PLR2004 - a quarter of the earth
        raise CellProblem(
            lazy("“%(value)s” is not a distance. Write a number like 15 or 25 mi, or “any”."),
            value=text,
        )
    return round(km, 2)


@cache
def _zones() -> Mapping[str, str]:
    return {folded(zone): zone for zone in available_timezones() if "/" in zone}


def _guessed_zip(text: str) -> str:
    digits = re.search(r"\b[0-9]{3,5}\b", text.translate(_DIGITS_FOR_LETTERS))
    try:
        # A code that begins with zeros loses them where it was kept as a number.
        return geography.place(digits[0].zfill(5) if digits else "").zip_code
    except RuleBroken:
        return "60614"


_ZONES_CALLED = {
    **dict.fromkeys(("et", "est", "edt", "eastern"), "America/New_York"),
    **dict.fromkeys(("ct", "cst", "cdt", "central"), "America/Chicago"),
    **dict.fromkeys(("mt", "mst", "mdt", "mountain"), "America/Denver"),
    **dict.fromkeys(("pt", "pst", "pdt", "pacific"), "America/Los_Angeles"),
}
_DIGITS_FOR_LETTERS = str.maketrans("OoQIlSBZ", "00011582")
_ANY_DISTANCE = {"any", "any distance", "anywhere", "no limit", "unlimited"}
_DISTANCE = re.compile(
    r"(?P<number>[0-9]{1,5}(?:\.[0-9]{1,3})?)\s*(?:(?P<unit>mi|km)(?:les?|s)?\.?)?", re.IGNORECASE
)
