"""Affiliates that receive referrals, and the counties they serve. One is known by its name.

A blank cell leaves what is there. The counties of a row replace those that stood there. A row may
be about the own bureau or about an affiliate it keeps; others are none of its business.
"""

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.directory import counties, receiving
from outreach.directory.geography import Place
from outreach.directory.models import Affiliate
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.workflows.imports import cells, places
from outreach.workflows.imports.cells import CellProblem, Words, folded
from outreach.workflows.imports.importer import Context
from outreach.workflows.imports.mapping import AffiliatesMapping
from outreach.workflows.imports.reader import RowReader, line

STRANGERS = lazy("Another bureau has or keeps an affiliate of this name.")
OFF = lazy("It receives no referrals yet. Its page turns them on.")

STATE_NAMES = {
    "Alabama": "AL",
    "Alaska": "AK",
    "Arizona": "AZ",
    "Arkansas": "AR",
    "California": "CA",
    "Colorado": "CO",
    "Connecticut": "CT",
    "Delaware": "DE",
    "District of Columbia": "DC",
    "Florida": "FL",
    "Georgia": "GA",
    "Hawaii": "HI",
    "Idaho": "ID",
    "Illinois": "IL",
    "Indiana": "IN",
    "Iowa": "IA",
    "Kansas": "KS",
    "Kentucky": "KY",
    "Louisiana": "LA",
    "Maine": "ME",
    "Maryland": "MD",
    "Massachusetts": "MA",
    "Michigan": "MI",
    "Minnesota": "MN",
    "Mississippi": "MS",
    "Missouri": "MO",
    "Montana": "MT",
    "Nebraska": "NE",
    "Nevada": "NV",
    "New Hampshire": "NH",
    "New Jersey": "NJ",
    "New Mexico": "NM",
    "New York": "NY",
    "North Carolina": "NC",
    "North Dakota": "ND",
    "Ohio": "OH",
    "Oklahoma": "OK",
    "Oregon": "OR",
    "Pennsylvania": "PA",
    "Puerto Rico": "PR",
    "Rhode Island": "RI",
    "South Carolina": "SC",
    "South Dakota": "SD",
    "Tennessee": "TN",
    "Texas": "TX",
    "Utah": "UT",
    "Vermont": "VT",
    "Virginia": "VA",
    "Washington": "WA",
    "West Virginia": "WV",
    "Wisconsin": "WI",
    "Wyoming": "WY",
}
_ELSEWHERE = re.compile(r"(?P<names>.+?)[\s,]+\(?(?P<state>[A-Z]{2})\)?")
"""Counties of another state, told behind them: "Lake, IN" or "Kenosha (WI)"."""
_FIELDS = {
    "name": "name",
    "intake_by": "receives_by",
    "intake_phone": "phone",
    "intake_email": "email",
}
"""A column of ours → the field of the sheet it is filled from."""


@dataclass(frozen=True, slots=True)
class AffiliateRow:
    """A row that makes sense in itself. `given` holds its columns that are not blank."""

    name: str
    place: Place
    counties: frozenset[tuple[str, str]]
    capacity: str | None
    given: Mapping[str, Any]


@dataclass(slots=True)
class AffiliatesImporter:
    """Writes affiliates that a bureau keeps."""

    session: Session
    context: Context
    mapping: AffiliatesMapping
    key_field: str = "name"

    def read(self, reader: RowReader) -> AffiliateRow | None:
        """Turn a row into an affiliate, or note its problems and return None."""
        name = reader.need("name", line, example="Lakeside Friends")
        place = reader.need("zip", places.place, example="60614")
        given = {
            "intake_name": reader.take("person", line, blank=""),
            "intake_phone": reader.take("phone", cells.telephone, blank=None),
            "intake_email": reader.take("email", cells.email, blank=None),
            "intake_by": reader.take("receives_by", self.mapping.intake_words().find, blank=None),
        }
        capacity = reader.take("capacity", self.mapping.capacity_words().find, blank=None)
        home = place.state if reader.is_sound("zip") else ""
        state = reader.take("state", _states().find, blank=home)
        known_state = bool(state) and reader.is_sound("state")
        served = self._counties(reader, state) if known_state else frozenset()
        if reader.problems:
            return None
        return AffiliateRow(
            name=name,
            place=place,
            counties=served,
            capacity=capacity,
            given={column: value for column, value in given.items() if value},
        )

    def key(self, record: AffiliateRow) -> Hashable:
        """Return what an affiliate is known by."""
        return folded(record.name)

    def write(self, record: AffiliateRow, reader: RowReader) -> bool:
        """Write an affiliate and its counties; False when everything was so already."""
        self.context.settle_in(record.place)
        try:
            affiliate, changed = self._affiliate(record)
        except RuleBroken as error:
            reader.problem(_FIELDS.get(error.field or "", "name"), error)
            return False
        by, now = self.context.by, self.context.now
        before = affiliate.capacity
        if record.capacity is not None:
            receiving.set_capacity(self.session, affiliate, record.capacity, by=by, now=now)
        moved = receiving.set_counties(self.session, affiliate, record.counties, by=by, now=now)
        if not affiliate.receives_referrals:
            reader.warn("name", CellProblem(OFF))
        return changed or moved or before != affiliate.capacity

    def _counties(self, reader: RowReader, home: str) -> frozenset[tuple[str, str]]:
        """Read the counties; each that is unknown is a problem of its own."""
        text = reader.need("counties", str, example="Cook; Lake")
        found: set[tuple[str, str]] = set()
        for names, state in _by_state(text or "", home):
            known, wrong = counties.listed(names, state=state)
            found |= {(state, county) for county in known}
            for error in wrong:
                reader.problem("counties", error)
        return frozenset(found)

    def _affiliate(self, record: AffiliateRow) -> tuple[Affiliate, bool]:
        """Return the row's affiliate, and whether it was made or changed."""
        by, now = self.context.by, self.context.now
        known = self._known(record.name)
        if known is None:
            facts = _defaults(record.given) | {"name": record.name} | dict(record.given)
            keeper = self.context.affiliate
            made = receiving.add_kept(
                self.session, keeper, facts, place=record.place, by=by, now=now
            )
            return made, True
        names = ("receives_referrals", "intake_name", "intake_phone", "intake_email", "intake_by")
        facts = {name: getattr(known, name) for name in names} | dict(record.given)
        place = None if known.zip_code == record.place.zip_code else record.place
        changed = receiving.change(self.session, known, facts, place=place, by=by, now=now)
        return known, changed

    def _known(self, name: str) -> Affiliate | None:
        """Return the own or kept affiliate of a name; what is a stranger's raises RuleBroken."""
        own = self.context.affiliate.id
        same = func.lower(Affiliate.name) == name.lower()
        rows = self.session.scalars(select(Affiliate).where(same).order_by(Affiliate.id)).all()
        mine = [row for row in rows if own in {row.id, row.kept_by_id}]
        if rows and not mine:
            raise RuleBroken(STRANGERS, field="name")
        return mine[0] if mine else None


def _defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a new affiliate is where its row says nothing: by link if it has an address."""
    return {
        "receives_referrals": True,
        "intake_name": "",
        "intake_phone": None,
        "intake_email": None,
        "intake_by": "link" if given.get("intake_email") else "phone",
    }


def _by_state(text: str, home: str) -> Iterator[tuple[str, str]]:
    """Give the counties of each part of a list with their state: the row's if none is told."""
    for part in filter(None, map(str.strip, re.split(r"[;\n|]", text))):
        found = _ELSEWHERE.fullmatch(part)
        if found and found["state"] in counties.states():
            yield found["names"], found["state"]
        else:
            yield part, home


def _states() -> Words[str]:
    return Words({**STATE_NAMES, **{state: state for state in counties.states()}})
