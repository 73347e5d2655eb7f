"""Named people, units and visits of one Chicago week, and how to change one fact of them."""

from dataclasses import replace
from datetime import date, datetime

from outreach.matching import (
    ALWAYS_FREE,
    Certification,
    Clearance,
    Problem,
    Settings,
    Site,
    Speaker,
    Visit,
)

FIRST, LAST = date(2026, 1, 1), date(2027, 12, 31)
# St. Clare has two units; Lakeside is 20 minutes of latitude (37 km) to the north.
WARD = Site(id="st-clare-3w", lat=41.8, lon=-87.65)
CLINIC = Site(id="st-clare-clinic", lat=41.8, lon=-87.65)
LAKESIDE = Site(id="lakeside", lat=41.8 + 1 / 3, lon=-87.65)
SITES = (WARD, CLINIC, LAKESIDE)


def certified(role: str = "lead", *, until: date = LAST) -> Certification:
    return Certification(program="story", role=role, starts_on=FIRST, ends_on=until)


def cleared(site: Site, *, until: date = LAST) -> Clearance:
    return Clearance(site=site.id, starts_on=FIRST, ends_on=until)


ANA = Speaker(
    id="ana",
    lat=41.8,
    lon=-87.65,
    radius_km=None,
    languages=("en", "es"),
    unit_types=("adult",),
    quota_per_month=10,
    rest_days=0,
    certifications=(certified(),),
    clearances=tuple(cleared(site) for site in SITES),
    weekly=ALWAYS_FREE,
)
BEN = replace(ANA, id="ben", lat=41.9)
CLEO = replace(ANA, id="cleo", certifications=(certified("co-presenter"),))

# Tuesday, 2 to 3 PM.
TUESDAY = Visit(
    id="tuesday",
    site=WARD.id,
    unit_type="adult",
    starts_at=datetime.fromisoformat("2027-01-12T14:00"),
    minutes=60,
    language="en",
    program="story",
    roles={"lead": 1},
)


def at(starts_at: str, visit: Visit = TUESDAY, **changes: object) -> Visit:
    """The same visit at another time, named after it unless `id` is given."""
    named = {"id": starts_at, **changes}
    return replace(visit, starts_at=datetime.fromisoformat(starts_at), **named)  # type: ignore[arg-type]  # any field


def problem(*rows: Speaker | Visit, settings: Settings | None = None) -> Problem:
    return Problem(
        sites=SITES,
        speakers=tuple(row for row in rows if isinstance(row, Speaker)),
        visits=tuple(row for row in rows if isinstance(row, Visit)),
        settings=settings or Settings(),
    )
