"""How an affiliate receives referrals: duty, capacity, office hours, clocks, counties."""

from datetime import date, time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.audit import AuditEvent
from outreach.directory import receiving
from outreach.directory.models import CLOCKS
from outreach.errors import RuleBroken
from tests import builders
from tests.builders import NOW
from tests.serving_builders import COOK, LAKE

ON = date(2026, 11, 23)


def audited(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEvent.action).order_by(AuditEvent.id)))


def test_a_calendar_holds_public_holidays_and_the_affiliates_own(session: Session) -> None:
    here = builders.affiliate(session, time_zone="America/Chicago")
    ruth = builders.actor(builders.coordinator(session, here))
    party = {date(2026, 12, 18): "Volunteers' day"}
    receiving.set_closed_days(session, here, party, by=ruth, now=NOW)

    calendar = receiving.business_calendar(session, here, on=ON)

    assert (calendar.zone, calendar.weekdays) == ("America/Chicago", frozenset(range(5)))
    assert (calendar.opens, calendar.closes) == (time(9), time(17))
    assert {date(2026, 11, 26), date(2026, 12, 18), date(2027, 1, 1)} <= calendar.closed
    assert {day.year for day in calendar.closed} == {2025, 2026, 2027, 2028}


def test_a_state_has_holidays_of_its_own() -> None:
    lincoln = date(2027, 2, 12)

    assert lincoln in receiving.public_holidays("US-IL", [2027])
    assert lincoln not in receiving.public_holidays("US", [2027])
    assert date(2027, 7, 5) in receiving.public_holidays("US", [2027]), "July 4 is a Sunday"


def test_the_deputy_is_another_person_and_stands_in_for_somebody(session: Session) -> None:
    here = builders.affiliate(session)
    ruth = builders.coordinator(session, here)
    by = builders.actor(ruth)
    for on_duty, field in ((None, "on_duty"), (ruth.account_id, "deputy")):
        with pytest.raises(RuleBroken) as caught:
            receiving.set_duty(
                session, here, on_duty_id=on_duty, deputy_id=ruth.account_id, by=by, now=NOW
            )
        assert caught.value.field == field
    sam = builders.coordinator(session, here, "Sam Ortiz")

    for _ in range(2):
        receiving.set_duty(
            session,
            here,
            on_duty_id=ruth.account_id,
            deputy_id=sam.account_id,
            by=by,
            now=NOW,
        )

    assert (here.on_duty_id, here.deputy_id) == (ruth.account_id, sam.account_id)
    assert audited(session) == ["duty.change"]


def test_capacity_tells_when_it_was_changed(session: Session) -> None:
    here = builders.affiliate(session)
    ruth = builders.actor(builders.coordinator(session, here))
    for capacity in ("has_capacity", "waitlist", "waitlist"):
        receiving.set_capacity(session, here, capacity, by=ruth, now=NOW)

    assert (here.capacity, here.capacity_changed_at) == ("waitlist", NOW)
    assert audited(session) == ["capacity.change"]
    with pytest.raises(RuleBroken, match="answers on the list"):
        receiving.set_capacity(session, here, "plenty", by=ruth, now=NOW)


def test_office_hours_and_clocks_are_settings(session: Session) -> None:
    here = builders.affiliate(session)
    ruth = builders.actor(builders.coordinator(session, here))

    receiving.set_business_time(
        session,
        here,
        weekdays=[3, 1],
        opens=time(10),
        closes=time(14),
        holiday_region="US-MI",
        by=ruth,
        now=NOW,
    )
    receiving.set_clocks(session, here, CLOCKS | {"accept_days": 3}, by=ruth, now=NOW)

    assert (here.business_days, here.opens, here.closes) == ([1, 3], time(10), time(14))
    assert receiving.clocks(here) == CLOCKS | {"accept_days": 3}
    assert audited(session) == ["business_time.change", "clocks.change"]
    with pytest.raises(RuleBroken) as caught:
        receiving.set_business_time(
            session,
            here,
            weekdays=[1],
            opens=time(10),
            closes=time(14),
            holiday_region="FR",
            by=ruth,
            now=NOW,
        )
    assert caught.value.field == "holiday_region"


def test_a_clock_an_affiliate_never_set_is_the_usual_one(session: Session) -> None:
    here = builders.affiliate(session, clocks={"close_days": 21})

    assert receiving.clocks(here) == CLOCKS | {"close_days": 21}


def test_counties_are_replaced_and_the_same_ones_change_nothing(session: Session) -> None:
    here = builders.affiliate(session)
    ruth = builders.actor(builders.coordinator(session, here))

    assert receiving.set_counties(session, here, [COOK, LAKE], by=ruth, now=NOW)
    assert not receiving.set_counties(session, here, [LAKE, COOK, COOK], by=ruth, now=NOW)
    assert receiving.set_counties(session, here, [LAKE], by=ruth, now=NOW)

    assert receiving.counties(session, here.id) == [LAKE]
    assert audited(session) == ["counties.change", "counties.change"]


def test_closed_days_are_replaced(session: Session) -> None:
    here = builders.affiliate(session)
    ruth = builders.actor(builders.coordinator(session, here))
    first, second = date(2026, 12, 18), date(2026, 12, 19)

    assert receiving.set_closed_days(session, here, {second: "Party"}, by=ruth, now=NOW)
    assert not receiving.set_closed_days(session, here, {second: "Party"}, by=ruth, now=NOW)
    assert receiving.set_closed_days(session, here, {second: "", first: "Move"}, by=ruth, now=NOW)

    kept = [(day.closed_on, day.name) for day in receiving.closed_days(session, here.id)]
    assert kept == [(first, "Move"), (second, "")]
