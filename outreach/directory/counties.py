"""Counties: in which one a ZIP code lies, and how people write their names.

The `zipcodes` package knows one county for a ZIP code, the one most of it lies in, and spells some
in two ways ("St Clair County", "St. Clair County"); the usual spelling counts as the name. Codes
without a county (boxes, big recipients, codes given up) are placed by their town's other codes, or
by the nearest code with a county.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from functools import cache
from math import asin, cos, radians, sin, sqrt
from typing import Any

from outreach.directory import geography
from outreach.errors import RuleBroken
from outreach.i18n import lazy

EARTH_RADIUS_KM = 6371.0088
NEAR_KM = 60.0
"""Farther than this a neighbor's county says nothing."""

NO_SUCH_ZIP = lazy("We know no place with this ZIP code. Please check it.")
MILITARY = lazy("Military mail has no place. Write the ZIP code of the person’s home.")
NO_COUNTY = lazy("We don’t know the county of this ZIP code. Try one close by.")

_WHOLE_STATE = {"all", "all counties", "whole state", "statewide", "entire state"}
_KINDS = "county|parish|municipio|municipality|borough|census area|city and borough|city"
_KIND = re.compile(rf"\s+({_KINDS})$")


class Oddity(StrEnum):
    """What is unusual about a ZIP code; where it lies is good enough to find who serves it."""

    BOXES = "boxes"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class Area:
    """Where people with a ZIP code live. Degrees are None where the code's own are unknown."""

    zip_code: str
    city: str
    state: str
    county: str
    latitude: float | None
    longitude: float | None
    oddity: Oddity | None = None


def area(zip_code: str, *, field: str = "zip_code") -> Area:
    """Return the county of a ZIP code; the last four digits of a long one are left out.

    Raises:
        RuleBroken: it is no ZIP code, military, or in a territory whose counties are unknown.
    """
    code = geography.digits(zip_code, field=field)
    row = geography.rows().get(code)
    if row is None:
        raise RuleBroken(NO_SUCH_ZIP, field=field)
    if row["zip_code_type"] == "MILITARY":
        raise RuleBroken(MILITARY, field=field)
    county = _county_of(row)
    if county is None:
        raise RuleBroken(NO_COUNTY, field=field)
    middle = _middle(row)
    return Area(
        zip_code=code,
        city=row["city"],
        state=row["state"],
        county=county,
        latitude=middle and middle[0],
        longitude=middle and middle[1],
        oddity=_oddity(row),
    )


def states() -> tuple[str, ...]:
    """Return the states, and what counts as one, whose counties are known; in order."""
    return tuple(sorted(_spellings()))


def in_state(state: str) -> tuple[str, ...]:
    """Return the names of a state's counties, in order; none for a state that is unknown."""
    return tuple(sorted(set(_spellings().get(state, {}).values())))


def find(text: str, *, state: str) -> str:
    """Return the name of the county that is meant by "Cook", "COOK CO." or "Saint Clair County".

    Raises:
        RuleBroken: there is none in that state, or the name fits two ("Baltimore").
    """
    known = _spellings().get(state, {})
    key = _key(text)
    if key in known:
        return known[key]
    # "Charles City" is a county whose name ends like the word for a kind.
    keys = {key, key.replace(" ", "")} - {""}
    named = sorted({name for each, name in known.items() if _bare(each) in keys})
    if len(named) == 1:
        return named[0]
    if named:
        raise RuleBroken(
            lazy("“%(value)s” fits more than one: %(choices)s. Which is meant?"),
            field="counties",
            value=text,
            choices=", ".join(named),
        )
    raise _unknown(text, state, known)


def listed(text: str, *, state: str) -> tuple[tuple[str, ...], tuple[RuleBroken, ...]]:
    """Return the counties of a list, in order and once, and what is wrong with the others.

    "Cook; Lake" and one a line; commas, "and" and "&" part names too, but not inside one that is
    known as a whole. "all" is every county of the state.
    """
    if _folded(text) in _WHOLE_STATE:
        return in_state(state), ()
    found: list[str] = []
    wrong: list[RuleBroken] = []
    for piece in _pieces(text, state):
        try:
            found.append(find(piece, state=state))
        except RuleBroken as error:
            wrong.append(error)
    return tuple(dict.fromkeys(found)), tuple(wrong)


def distance_km(here: tuple[float, float], there: tuple[float, float]) -> float:
    """Return the great-circle distance of two places in degrees, by the haversine formula."""
    (lat, lon), (other_lat, other_lon) = (map(radians, place) for place in (here, there))
    half = sin((other_lat - lat) / 2) ** 2
    half += cos(lat) * cos(other_lat) * sin((other_lon - lon) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(half))


def _pieces(text: str, state: str) -> Iterator[str]:
    for whole in filter(None, map(str.strip, re.split(r"[;,\n|]", text))):
        piece = re.sub(r"\s+(?:counties|parishes)$", "", whole, flags=re.IGNORECASE)
        if _key(piece) in _spellings().get(state, {}) or _is_bare_name(piece, state):
            yield piece
        else:
            yield from filter(None, map(str.strip, re.split(r"&|\band\b|\by\b", piece)))


def _is_bare_name(text: str, state: str) -> bool:
    return any(_bare(key) == _key(text) for key in _spellings().get(state, {}))


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _unknown(text: str, state: str, known: Mapping[str, str]) -> RuleBroken:
    by_bare = {_bare(key): name for key, name in known.items()}
    near = get_close_matches(_bare(_key(text)), by_bare, n=1)
    if near:
        return RuleBroken(
            lazy("There is no county “%(value)s” in %(state)s. Did you mean “%(guess)s”?"),
            field="counties",
            value=text,
            state=state,
            guess=by_bare[near[0]],
        )
    return RuleBroken(
        lazy("There is no county “%(value)s” in %(state)s."),
        field="counties",
        value=text,
        state=state,
    )


def _key(text: str) -> str:
    """Return a name as names are compared: without case, accents, dots and spaces inside.

    The word for its kind stays apart, behind one space: "Baltimore city" is not its county.
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    plain = " ".join(re.sub(r"[.'’-]", " ", plain.casefold().replace("'s", "s")).split())
    plain = re.sub(r"\b(co|cnty|cty)$", "county", plain)
    plain = re.sub(r"^(saint|sainte|ste)\b", "st", plain)
    kind = _KIND.search(plain)
    name = plain[: kind.start()] if kind else plain
    return name.replace(" ", "") + (f" {kind[1]}" if kind else "")


def _bare(key: str) -> str:
    return key.partition(" ")[0]


@cache
def _spellings() -> Mapping[str, Mapping[str, str]]:
    """Return for each state its counties' usual names by key."""
    counted = Counter(
        (row["state"], row["county"]) for row in geography.rows().values() if row["county"]
    )
    spelt: dict[str, dict[str, list[tuple[int, str]]]] = {}
    for (state, name), times in counted.items():
        spelt.setdefault(state, {}).setdefault(_key(name), []).append((times, name))
    return {state: _usual_names(keys) for state, keys in spelt.items()}


def _usual_names(spelt: Mapping[str, list[tuple[int, str]]]) -> dict[str, str]:
    names = {key: max(ways, key=_usual)[1] for key, ways in spelt.items()}
    # "San Juan" beside "San Juan Municipio", "James City" beside "James City County": the same
    # place without the word for its kind.
    for key in spelt:
        short = {key, key.replace(" ", "")}
        fuller = [each for each in spelt if each != key and _bare(each) in short]
        if len(fuller) == 1:
            names[key] = names[fuller[0]]
    return names


def _usual(way: tuple[int, str]) -> tuple[bool, bool, int, str]:
    # A small "city" and a dot behind "St", as the Census Bureau has them; else as most have it.
    times, name = way
    return name.endswith(" city"), "." in name, times, name


def _county_of(row: Mapping[str, Any]) -> str | None:
    if row["county"]:
        return _spellings()[row["state"]][_key(row["county"])]
    beside = [
        other for other in geography.rows().values() if other["county"] and _same_town(row, other)
    ]
    if beside:
        found = Counter(_spellings()[o["state"]][_key(o["county"])] for o in beside)
        return max(found, key=lambda county: (found[county], county))
    return _nearest_county(row)


def _same_town(row: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(other["state"] == row["state"] and other["city"] == row["city"])


def _nearest_county(row: Mapping[str, Any]) -> str | None:
    here = _middle(row)
    if here is None:
        return None
    around = _with_county(geography.rows().values(), row["state"])
    near = min(
        ((distance_km(here, there), county) for there, county in around),
        default=(NEAR_KM, ""),
    )
    return near[1] if near[0] < NEAR_KM else None


def _with_county(
    rows: Iterable[Mapping[str, Any]], state: str
) -> list[tuple[tuple[float, float], str]]:
    return [
        (middle, _spellings()[state][_key(row["county"])])
        for row in rows
        if row["state"] == state and row["county"] and (middle := _middle(row)) is not None
    ]


def _middle(row: Mapping[str, Any]) -> tuple[float, float] | None:
    latitude, longitude = float(row["lat"]), float(row["long"])
    return (latitude, longitude) if latitude or longitude else None


def _oddity(row: Mapping[str, Any]) -> Oddity | None:
    if not row["active"]:
        return Oddity.GIVEN_UP
    return Oddity.BOXES if row["zip_code_type"] == "PO BOX" else None
