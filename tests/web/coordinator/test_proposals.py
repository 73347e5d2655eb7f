"""Finding speakers for all open visits, and deciding about what was found."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach.db import Database
from outreach.speakers.models import Speaker
from outreach.visits.models import Offer, Proposal
from tests import builders
from tests.builders import DANIEL, MARIA, VISIT_AT, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]
Search = Callable[[], int]
PAGE = "/coordinator/visits/proposals"


def find(browser: FlaskClient, search: Search) -> str:
    """Press the button, let the worker do its part, and return the page that one ends on."""
    answer = browser.post(PAGE)
    assert search() == 1
    done = browser.get(answer.location)
    assert done.status_code == 303
    return browser.get(done.location).text


@pytest.fixture
def bureau(session: Session, here: World) -> World:
    """Two peer speakers and a visit for both."""
    for person in (MARIA, DANIEL):
        builders.speaker(session, here.affiliate, person, certified_for=here.program)
    builders.visit(session, here)
    return here


def test_finding_speakers_proposes_a_whole_pair_and_asks_nobody(
    desk: Desk, database: Database, bureau: World, search: Search
) -> None:
    assert bureau.unit.id
    browser = desk()

    page = find(browser, search)

    assert "Two proposals wait for you. Nobody has been asked yet." in page
    assert "Visits that have all their people: 1 of 1." in page
    assert "Lead: " in page
    assert "Co-presenter: " in page
    with database.reading() as fresh:
        assert fresh.scalars(select(Offer)).all() == []


def test_approving_one_asks_that_one(
    desk: Desk, database: Database, bureau: World, search: Search
) -> None:
    assert bureau.unit.id
    browser = desk()
    find(browser, search)
    with database.reading() as fresh:
        first = fresh.scalars(select(Proposal).order_by(Proposal.id)).first()
    assert first is not None

    browser.post(f"{PAGE}/{first.public_id}/approval")
    again = browser.post(f"{PAGE}/{first.public_id}/approval")

    assert again.status_code == 409
    with database.reading() as fresh:
        assert fresh.scalars(select(Offer.speaker_id)).all() == [first.speaker_id]


def test_approving_all_asks_everyone_proposed(
    desk: Desk, database: Database, bureau: World, search: Search
) -> None:
    assert bureau.unit.id
    browser = desk()
    find(browser, search)

    answer = browser.post(f"{PAGE}/approvals")

    assert "2 people are being asked." in browser.get(answer.location).text
    with database.reading() as fresh:
        assert fresh.scalars(select(Offer.state)).all() == ["open", "open"]


def test_what_stands_in_the_way_by_now_is_said_and_nobody_is_asked(
    desk: Desk, database: Database, session: Session, bureau: World, search: Search
) -> None:
    assert bureau.unit.id
    browser = desk()
    find(browser, search)
    session.execute(update(Speaker).values(languages=["es"]))
    with database.reading() as fresh:
        first = fresh.scalars(select(Proposal).order_by(Proposal.id)).first()
    assert first is not None

    page = browser.get(PAGE).text
    one = browser.post(f"{PAGE}/{first.public_id}/approval")
    said = browser.get(one.location).text
    everyone = browser.post(f"{PAGE}/approvals")
    after = browser.get(everyone.location).text

    assert page.count("Does not speak English on visits") == 2
    assert "/approval" not in page
    assert "does not fit this visit any more" in said
    assert "2 proposals stay here: what stands in the way is said beside each." in after
    with database.reading() as fresh:
        assert fresh.scalars(select(Offer)).all() == []
        assert fresh.scalars(select(Proposal.state)).all() == ["waiting", "waiting"]


def test_who_was_asked_often_enough_is_named_as_such(
    desk: Desk, session: Session, here: World
) -> None:
    here.affiliate.offers_per_week = 1
    maria = builders.speaker(session, here.affiliate, MARIA, certified_for=here.program)
    for days in (0, 7):
        visit = builders.visit(session, here, starts_at=VISIT_AT + timedelta(days=days))
        builders.proposal(session, builders.slots(session, visit)[0], maria)
    browser = desk()

    answer = browser.post(f"{PAGE}/approvals")
    page = browser.get(answer.location).text

    assert "1 person is being asked." in page
    assert "1 proposal stays here: what stands in the way is said beside it." in page
    assert "Has been asked once within a week, as often as your settings allow" in page


def test_a_proposal_put_aside_tells_nobody(
    desk: Desk, database: Database, bureau: World, search: Search
) -> None:
    assert bureau.unit.id
    browser = desk()
    find(browser, search)
    with database.reading() as fresh:
        public_id = fresh.scalars(select(Proposal.public_id)).first()

    browser.post(f"{PAGE}/{public_id}/drop")

    with database.reading() as fresh:
        states = fresh.scalars(select(Proposal.state).order_by(Proposal.state)).all()
        assert fresh.scalars(select(Offer)).all() == []
    assert states == ["dropped", "waiting"]


def test_visits_nobody_was_found_for_are_named(
    desk: Desk, session: Session, here: World, search: Search
) -> None:
    visit = builders.visit(session, here)
    browser = desk()

    page = find(browser, search)

    assert "Nobody new was found." in page
    assert "Nobody found for these" in page
    assert f"/coordinator/visits/{visit.public_id}" in page


def test_thirty_proposals_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, counting: Counting
) -> None:
    maria = builders.speaker(session, here.affiliate)
    builders.proposal(session, builders.slots(session, builders.visit(session, here))[0], maria)
    browser = desk()
    with counting() as one:
        browser.get(PAGE)
    for hours in range(1, 30):
        visit = builders.visit(session, here, starts_at=VISIT_AT + timedelta(hours=hours))
        builders.proposal(session, builders.slots(session, visit)[0], maria)

    with counting() as thirty:
        browser.get(PAGE)

    assert thirty.count == one.count
