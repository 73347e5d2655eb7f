"""Who receives a referral of somebody with this ZIP code, in which order, and why."""

from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from outreach.directory import counties, rules
from outreach.directory.counties import Area, Oddity
from outreach.directory.models import Affiliate, CountyServed
from outreach.i18n import gettext as _
from outreach.i18n import lazy, ngettext
from outreach.reads.words import KM_PER_MILE

NEAREST = 3
"""How many are named where nobody serves the county."""

CAPACITIES = {
    "has_capacity": lazy("Has room"),
    "additional_assessment_required": lazy("Asks for an assessment of its own first"),
    "waitlist": lazy("Has a waiting list"),
    "no_capacity": lazy("Takes nobody new at present"),
}
INTAKES = {
    "link": lazy("By a link in a mail"),
    "account": lazy("In its own inbox in this service"),
    "phone": lazy("By telephone, through the coordinator"),
}
ODDITIES = {
    Oddity.BOXES: lazy(
        "This ZIP code is for post office boxes. If the person lives elsewhere, write that one."
    ),
    Oddity.GIVEN_UP: lazy("The Postal Service has given up this ZIP code. We go by where it was."),
}


@dataclass(frozen=True, slots=True)
class Serving:
    """An affiliate one may refer to. `reasons` speak for it, `against` do not; both are words.

    `in_area` is whether it serves the county; `miles` is None where one of the places is unknown.
    """

    affiliate_id: int
    public_id: str
    name: str
    in_area: bool
    capacity: str
    intake_by: str
    miles: int | None
    person: str
    phone: str | None
    email: str | None
    reasons: tuple[str, ...]
    against: tuple[str, ...]

    @property
    def has_room(self) -> bool:
        """Whether a referral may be sent there at all."""
        return self.capacity != "no_capacity"


def serving(session: Session, zip_code: str) -> tuple[Serving, ...]:
    """Return who serves a ZIP code's county: who has room first, the nearest of these first.

    Where nobody does, the nearest few, each marked as not in their area; none where no affiliate
    receives referrals at all.

    Raises:
        RuleBroken: the ZIP code has no place; `field` is "zip_code".
    """
    return serving_area(session, counties.area(zip_code))


def serving_area(session: Session, area: Area) -> tuple[Serving, ...]:
    """Return the same for a ZIP code that was looked up already."""
    served = and_(
        CountyServed.affiliate_id == Affiliate.id,
        CountyServed.state == area.state,
        CountyServed.county == area.county,
    )
    rows = session.execute(
        select(Affiliate, CountyServed.id)
        .outerjoin(CountyServed, served)
        .where(Affiliate.receives_referrals)
    ).all()
    found = [_serving(affiliate, area, in_area=county is not None) for affiliate, county in rows]
    inside = [each for each in found if each.in_area]
    if inside:
        return tuple(sorted(inside, key=_order))
    return tuple(sorted(found, key=_nearest)[:NEAREST])


def _serving(affiliate: Affiliate, area: Area, *, in_area: bool) -> Serving:
    miles = _miles(affiliate, area)
    county = _("Serves %(county)s", county=area.county)
    if not in_area:
        county = _("%(county)s is not in its area", county=area.county)
    room = _(CAPACITIES[affiliate.capacity])
    far = _distance(miles, area.zip_code)
    is_full = affiliate.capacity == "no_capacity"
    return Serving(
        affiliate_id=affiliate.id,
        public_id=affiliate.public_id,
        name=affiliate.name,
        in_area=in_area,
        capacity=affiliate.capacity,
        intake_by=affiliate.intake_by,
        miles=miles,
        person=affiliate.intake_name,
        phone=affiliate.intake_phone or affiliate.phone,
        email=affiliate.intake_email or affiliate.email,
        reasons=tuple(
            words for words in (county if in_area else "", "" if is_full else room, far) if words
        ),
        against=tuple(
            words for words in ("" if in_area else county, room if is_full else "") if words
        ),
    )


def _miles(affiliate: Affiliate, area: Area) -> int | None:
    places = (affiliate.latitude, affiliate.longitude, area.latitude, area.longitude)
    if None in places:
        return None
    latitude, longitude, here, there = (float(each or 0) for each in places)
    return round(counties.distance_km((latitude, longitude), (here, there)) / KM_PER_MILE)


def _distance(miles: int | None, zip_code: str) -> str:
    if miles is None:
        return ""
    if miles == 0:
        return _("Less than a mile from %(zip)s", zip=zip_code)
    return ngettext("%(num)s mile from %(zip)s", "%(num)s miles from %(zip)s", miles, zip=zip_code)


def _order(one: Serving) -> tuple[int, float, str]:
    return (rules.CAPACITIES.index(one.capacity), *_nearest(one))


def _nearest(one: Serving) -> tuple[float, str]:
    return (float("inf") if one.miles is None else one.miles, one.name.casefold())
