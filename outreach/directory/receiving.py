"""How an affiliate receives referrals: whom to ask, from where, when, and whether it has room."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import holidays
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.directory import rules
from outreach.directory.geography import Place
from outreach.directory.models import CLOCKS, Affiliate, ClosedDay, CountyServed
from outreach.directory.service import NAME_TAKEN
from outreach.errors import RuleBroken
from outreach.i18n import lazy

COUNTRY = "US"
STATES: tuple[str, ...] = tuple(sorted(holidays.list_supported_countries()[COUNTRY]))
REGIONS = (COUNTRY, *(f"{COUNTRY}-{state}" for state in STATES))
"""Whose public holidays an office may keep: the country's, or one state's with them."""


@dataclass(frozen=True, slots=True)
class BusinessTime:
    """When an affiliate's office is open. `zone` is IANA; `weekdays` count from Monday, 0."""

    zone: str
    weekdays: frozenset[int]
    opens: time
    closes: time
    closed: frozenset[date]


def business_calendar(
    session: Session, affiliate: Affiliate, *, on: date, years: int = 2
) -> BusinessTime:
    """Return when the office is open, with its closed days from the year before `on` to `years` on.

    Public holidays are those of the affiliate's region, moved ones where they are kept; its own
    closed days are among them.
    """
    own = session.scalars(select(ClosedDay.closed_on).where(ClosedDay.affiliate_id == affiliate.id))
    span = range(on.year - 1, on.year + years + 1)
    return BusinessTime(
        zone=affiliate.time_zone,
        weekdays=frozenset(affiliate.business_days),
        opens=affiliate.opens,
        closes=affiliate.closes,
        closed=public_holidays(affiliate.holiday_region, span) | frozenset(own),
    )


def public_holidays(region: str, years: Iterable[int]) -> frozenset[date]:
    """Return the public holidays of "US" or of a state ("US-IL")."""
    state = region.partition("-")[2] or None
    return frozenset(holidays.country_holidays(COUNTRY, subdiv=state, years=tuple(years)))


def clocks(affiliate: Affiliate) -> dict[str, int]:
    """Return how long an affiliate gives each step of a referral; unknown names are left out."""
    return {name: int(affiliate.clocks.get(name, usual)) for name, usual in CLOCKS.items()}


def add_kept(
    session: Session,
    keeper: Affiliate,
    facts: Mapping[str, Any],
    *,
    place: Place,
    by: Actor,
    now: datetime,
) -> Affiliate:
    """Add an affiliate that only receives referrals; `facts` are its columns by name.

    It opens where its ZIP code is, and keeps the usual hours until somebody changes them.

    Raises:
        RuleBroken: there is one of this name, or it cannot be reached in the way it receives.
    """
    _refuse_same_name(session, facts["name"])
    _check_intake(facts, has_keeper=True)
    made = Affiliate(kept_by_id=keeper.id, created_at=now, **facts, **_place(place))
    made.time_zone = place.time_zone
    session.add(made)
    _note(session, made, "affiliate.add", by=by, now=now)
    return made


def change(
    session: Session,
    affiliate: Affiliate,
    facts: Mapping[str, Any],
    *,
    place: Place | None,
    by: Actor,
    now: datetime,
) -> bool:
    """Change how an affiliate receives referrals, and where it is; say if anything did.

    The zone of one that another keeps follows its place; a bureau's own is a setting.

    Raises:
        RuleBroken: there is another one of this name, or it cannot be reached in this way.
    """
    _refuse_same_name(session, facts.get("name", affiliate.name), but=affiliate.id)
    has_keeper = affiliate.kept_by_id is not None
    _check_intake(facts, has_keeper=has_keeper)
    values = dict(facts) | (_place(place) if place else {})
    if place and has_keeper:
        values["time_zone"] = place.time_zone
    return _change(session, affiliate, values, "affiliate.change", by=by, now=now)


def set_duty(
    session: Session,
    affiliate: Affiliate,
    *,
    on_duty_id: int | None,
    deputy_id: int | None,
    away_from: date | None = None,
    away_until: date | None = None,
    by: Actor,
    now: datetime,
) -> None:
    """Say which coordinator is on duty, who stands in for her (ids of accounts), and when first.

    Raises:
        RuleBroken: the deputy is the same person, or stands in for nobody; days away that cannot
            be (`rules.away`).
    """
    if deputy_id is not None and on_duty_id is None:
        raise RuleBroken(lazy("Choose first who is on duty."), field="on_duty")
    if deputy_id is not None and deputy_id == on_duty_id:
        raise RuleBroken(lazy("The deputy must be another person."), field="deputy")
    today = now.astimezone(ZoneInfo(affiliate.time_zone)).date()
    has_deputy = deputy_id is not None
    rules.away(away_from=away_from, away_until=away_until, has_deputy=has_deputy, today=today)
    values = {
        "on_duty_id": on_duty_id,
        "deputy_id": deputy_id,
        "away_from": away_from,
        "away_until": away_until,
    }
    _change(session, affiliate, values, "duty.change", by=by, now=now)


def set_capacity(
    session: Session, affiliate: Affiliate, capacity: str, *, by: Actor, now: datetime
) -> None:
    """Say whether an affiliate has room for more referrals. The same again changes nothing."""
    if capacity not in rules.CAPACITIES:
        raise RuleBroken(lazy("Choose one of the answers on the list."), field="capacity")
    if affiliate.capacity == capacity:
        return
    values = {"capacity": capacity, "capacity_changed_at": now}
    _change(session, affiliate, values, "capacity.change", by=by, now=now)


def set_business_time(
    session: Session,
    affiliate: Affiliate,
    *,
    weekdays: Iterable[int],
    opens: time,
    closes: time,
    holiday_region: str,
    by: Actor,
    now: datetime,
) -> None:
    """Say when an affiliate's office is open.

    Raises:
        RuleBroken: it is never open, closes before it opens, or the region is unknown.
    """
    if holiday_region not in REGIONS:
        raise RuleBroken(lazy("Choose one of the answers on the list."), field="holiday_region")
    values = {
        "business_days": rules.business_hours(weekdays=weekdays, opens=opens, closes=closes),
        "opens": opens,
        "closes": closes,
        "holiday_region": holiday_region,
    }
    _change(session, affiliate, values, "business_time.change", by=by, now=now)


def set_clocks(
    session: Session, affiliate: Affiliate, given: Mapping[str, int], *, by: Actor, now: datetime
) -> None:
    """Say how long each step of a referral may take. Referrals on their way keep theirs.

    Raises:
        RuleBroken: one is out of bounds, or before the one it follows.
    """
    _change(session, affiliate, {"clocks": rules.clocks(given)}, "clocks.change", by=by, now=now)


def counties(session: Session, affiliate_id: int) -> Sequence[tuple[str, str]]:
    """Return the counties an affiliate serves, as (state, county), in order."""
    rows = session.execute(
        select(CountyServed.state, CountyServed.county)
        .where(CountyServed.affiliate_id == affiliate_id)
        .order_by(CountyServed.state, CountyServed.county)
    )
    return [(state, county) for state, county in rows]


def set_counties(
    session: Session,
    affiliate: Affiliate,
    served: Iterable[tuple[str, str]],
    *,
    by: Actor,
    now: datetime,
) -> bool:
    """Replace the counties an affiliate serves, as geography.py spells them; say if any changed."""
    wanted, before = set(served), set(counties(session, affiliate.id))
    if wanted == before:
        return False
    for state, county in before - wanted:
        session.execute(
            delete(CountyServed).where(
                CountyServed.affiliate_id == affiliate.id,
                CountyServed.state == state,
                CountyServed.county == county,
            )
        )
    session.add_all(
        CountyServed(affiliate_id=affiliate.id, state=state, county=county)
        for state, county in sorted(wanted - before)
    )
    _note(session, affiliate, "counties.change", by=by, now=now)
    return True


def closed_days(session: Session, affiliate_id: int) -> Sequence[ClosedDay]:
    """Return the days an affiliate keeps closed besides its region's, the next one first."""
    return session.scalars(
        select(ClosedDay)
        .where(ClosedDay.affiliate_id == affiliate_id)
        .order_by(ClosedDay.closed_on)
    ).all()


def set_closed_days(
    session: Session,
    affiliate: Affiliate,
    days: Mapping[date, str],
    *,
    by: Actor,
    now: datetime,
) -> bool:
    """Replace an affiliate's own closed days, each with its name; say if any changed."""
    if {row.closed_on: row.name for row in closed_days(session, affiliate.id)} == dict(days):
        return False
    session.execute(delete(ClosedDay).where(ClosedDay.affiliate_id == affiliate.id))
    session.add_all(
        ClosedDay(affiliate_id=affiliate.id, closed_on=day, name=name)
        for day, name in sorted(days.items())
    )
    _note(session, affiliate, "closed_days.change", by=by, now=now)
    return True


def _change(
    session: Session,
    affiliate: Affiliate,
    values: Mapping[str, Any],
    action: str,
    *,
    by: Actor,
    now: datetime,
) -> bool:
    different = {name for name, value in values.items() if getattr(affiliate, name) != value}
    if not different:
        return False
    for name in different:
        setattr(affiliate, name, values[name])
    _note(session, affiliate, action, by=by, now=now)
    return True


def _place(place: Place) -> dict[str, Any]:
    return {
        "zip_code": place.zip_code,
        "latitude": place.latitude,
        "longitude": place.longitude,
    }


def _check_intake(facts: Mapping[str, Any], *, has_keeper: bool) -> None:
    if facts["receives_referrals"]:
        rules.intake(
            by=facts["intake_by"],
            phone=facts["intake_phone"],
            email=facts["intake_email"],
            has_keeper=has_keeper,
        )


def _refuse_same_name(session: Session, name: str, *, but: int | None = None) -> None:
    same = select(Affiliate.id).where(func.lower(Affiliate.name) == name.lower())
    if but is not None:
        same = same.where(Affiliate.id != but)
    if session.scalar(same.limit(1)) is not None:
        raise RuleBroken(NAME_TAKEN, field="name")


def _note(session: Session, affiliate: Affiliate, action: str, *, by: Actor, now: datetime) -> None:
    session.flush()
    audit.record(session, action, actor=by, subject=("affiliate", affiliate.id), now=now)
