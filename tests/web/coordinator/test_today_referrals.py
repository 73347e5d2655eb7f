"""What of referrals stands on the page of today."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import jobs
from outreach.db import Database
from outreach.messaging.models import WorkerHeartbeat
from outreach.referrals.codes import Decline
from outreach.referrals.models import Referral, ReferralClock
from outreach.wiring import Wiring
from outreach.workflows.referrals import stopping, working
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import CANARIES, Ward
from tests.web.coordinator.conftest import Counting
from tests.web.coordinator.test_referrals import somebody

SignIn = Callable[..., FlaskClient]
EARLIER = NOW - timedelta(days=4)
TODAY = "/coordinator/"


@pytest.fixture
def desk(client: FlaskClient, sign_in: SignIn, ward: Ward) -> Callable[[], FlaskClient]:
    return lambda: sign_in(client, ward.coordinator)


def waiting(session: Session, ward: Ward) -> dict[str, Referral]:
    """Make one of each that waits for a coordinator, the clock of the first run out."""
    session.add(WorkerHeartbeat(worker="here:1", seen_at=NOW))
    form = referrals.signed_form(session, ward, signed_on=EARLIER.date())
    day = EARLIER.date() - timedelta(days=1)
    late = referrals.sent(session, ward, who=somebody(1), form=form, now=EARLIER, discharged_on=day)
    not_taken = referrals.sent(session, ward, who=somebody(2))
    lena = referrals.by_helper(referrals.helper(session, ward.receiver))
    reason = Decline.NO_CAPACITY
    working.decline(session, not_taken, reason=reason, by=lena, desk=ward.desk, now=NOW)
    stopped = referrals.sent(session, ward, who=somebody(3))
    stopping.cancel(
        session,
        stopped,
        reason="recalled",
        by=ward.by_coordinator,
        version=None,
        desk=ward.desk,
        now=NOW,
    )
    draft = referrals.draft(session, ward, discharged_on=NOW.date() - timedelta(days=8))
    referrals.sent(session, ward, who=somebody(4))
    return {"late": late, "not taken": not_taken, "stopped": stopped, "draft": draft}


def test_each_that_waits_is_named_once_with_one_step_and_nothing_of_the_person(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward, database: Database
) -> None:
    made = waiting(session, ward)
    session.commit()
    jobs.run_clocks(database, desk=ward.desk)

    page = desk().get(TODAY).text

    numbers = {name: f"R-{row.number}" for name, row in made.items()}
    assert "Four things need you. Two of them come first." in page
    for name, step in {
        "late": "See the referral",
        "not taken": "Choose another affiliate",
        "stopped": "Confirm the stop",
        "draft": "See the referral",
    }.items():
        title = f"Referral {numbers[name]}, with Lakeshore Harbor Falls"
        assert page.count(f'<h3 class="row-title">{title}') == 1, name
        assert f'{step}<span class="visually-hidden">: {title}' in page, name
    assert "Acknowledgement was due Friday. It is day 5 after the discharge." in page
    assert "Never sent" in page
    assert not [each for each in (*CANARIES, "48201", ward.hospital.name) if each in page]
    first, later = page.split("This week and later")
    assert numbers["late"] in first
    assert numbers["draft"] in later


def test_the_count_in_the_navigation_is_that_of_the_page(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward, database: Database
) -> None:
    waiting(session, ward)
    session.commit()
    jobs.run_clocks(database, desk=ward.desk)

    page = desk().get(TODAY).text

    assert 'aria-current="page">Today <span class="count">4</span>' in page
    assert 'Referrals <span class="count">2</span>' in page


def late(session: Session, ward: Ward, count: int) -> list[Referral]:
    """Make so many of which the affiliate said nothing for days, the longest waiting first."""
    form = referrals.signed_form(session, ward, signed_on=EARLIER.date())
    day = EARLIER.date() - timedelta(days=1)
    return [
        referrals.sent(
            session,
            ward,
            who=somebody(number),
            form=form,
            now=EARLIER + timedelta(minutes=number),
            discharged_on=day,
        )
        for number in range(count)
    ]


@pytest.mark.both_engines
def test_ten_are_named_and_the_rest_is_counted_and_stands_on_the_board(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward, database: Database
) -> None:
    session.add(WorkerHeartbeat(worker="here:1", seen_at=NOW))
    made = late(session, ward, 11)
    draft = referrals.draft(session, ward, discharged_on=NOW.date() - timedelta(days=8))
    fresh = referrals.sent(session, ward, who=somebody(20))
    session.commit()
    jobs.run_clocks(database, desk=ward.desk)
    browser = desk()

    page = browser.get(TODAY).text
    waits = browser.get("/coordinator/referrals?show=waits").text

    named = [each for each in made if f"R-{each.number}" in page]
    assert len(named) == 10
    assert f"R-{draft.number}" not in page
    assert "And 2 more referrals wait." in page
    assert 'href="/coordinator/referrals?show=waits"' in page
    assert "12 things need you." in page
    assert 'aria-current="page">Today <span class="count">12</span>' in page
    for each in (*made, draft):
        assert f"R-{each.number}" in waits
    assert f"R-{fresh.number}" not in waits


def test_thirty_that_wait_cost_no_more_queries_than_one(
    desk: Callable[[], FlaskClient],
    session: Session,
    ward: Ward,
    database: Database,
    counting: Counting,
) -> None:
    browser = desk()
    (first,) = late(session, ward, 1)
    session.commit()
    jobs.run_clocks(database, desk=ward.desk)
    with counting() as one:
        assert f"R-{first.number}" in browser.get(TODAY).text
    for _each in range(29):
        referrals.draft(session, ward, discharged_on=NOW.date() - timedelta(days=8))
    session.commit()
    jobs.run_clocks(database, desk=ward.desk)

    with counting() as thirty:
        page = browser.get(TODAY).text

    assert "And 20 more referrals wait." in page
    assert thirty.count == one.count


def test_the_deputy_finds_what_nobody_settled_on_her_page_too(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward, database: Database
) -> None:
    made = waiting(session, ward)
    session.commit()
    jobs.run_clocks(database, desk=ward.desk)
    told = select(ReferralClock.deputy_at).where(ReferralClock.referral_id == made["late"].id)
    assert NOW + timedelta(hours=2) in session.scalars(told).all()

    page = sign_in(client, ward.deputy).get(TODAY).text

    assert f"R-{made['late'].number}" in page


def test_another_bureau_has_nothing_of_it(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward, wired: Wiring
) -> None:
    waiting(session, ward)
    other = referrals.ward(session, wired.desk, name="Riverbend")

    page = sign_in(client, other.coordinator).get(TODAY).text

    assert "Nothing needs you right now" in page
