"""The button that takes back, on the pages of speakers, coordinators and liaisons."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach.accounts.models import Membership
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Visit
from tests import builders
from tests.builders import MARIA, NOW, World

SignIn = Callable[[FlaskClient, Membership], FlaskClient]


@pytest.fixture
def world(session: Session) -> World:
    return builders.world(session)


@pytest.fixture
def maria(session: Session, world: World) -> Speaker:
    return builders.speaker(session, world.affiliate, MARIA, certified_for=world.program)


@pytest.fixture
def visit(session: Session, world: World) -> Visit:
    return builders.visit(session, world)


@pytest.fixture
def offer(session: Session, visit: Visit, maria: Speaker) -> Offer:
    lead, _ = builders.slots(session, visit)
    return builders.offer(session, lead, maria, expires_at=NOW + timedelta(days=2))


@pytest.fixture
def ruth(client: FlaskClient, sign_in: SignIn, session: Session, world: World) -> FlaskClient:
    """A coordinator's browser."""
    return sign_in(client, builders.coordinator(session, world.affiliate))


def test_a_speaker_takes_back_what_she_said_on_her_own_pages(
    client: FlaskClient, sign_in: SignIn, session: Session, maria: Speaker, offer: Offer
) -> None:
    browser = sign_in(client, builders.speaker_member(session, maria))
    refused = browser.post(f"/speaker/offers/{offer.public_id}/not-this-time")
    home = browser.get("/speaker")
    undone = browser.post(f"/undo/offers/{offer.public_id}/no", follow_redirects=True)

    assert refused.status_code == 303
    assert "You said “not this time” to the visit on Tuesday" in home.text
    assert "You can take this back until 10:10" in home.text
    assert "Taken back. It is as it was before." in undone.text
    assert "We ask you" in undone.text

    taken = browser.post(f"/speaker/offers/{offer.public_id}/yes", follow_redirects=True)
    assert "You said yes to the visit on Tuesday" in taken.text
    session.expire_all()
    first = session.scalars(select(Assignment).where(Assignment.active)).one()
    browser.post(f"/speaker/visits/{first.public_id}/cannot-come")
    again = browser.post(f"/undo/assignments/{first.public_id}/step-back")
    session.expire_all()
    held = session.scalars(select(Assignment).where(Assignment.active)).one()
    assert held.public_id != first.public_id
    assert again.location == f"/speaker/visits/{held.public_id}"
    browser.post(f"/undo/assignments/{held.public_id}/yes")
    session.expire_all()
    assert session.get_one(Offer, offer.id).state == "open"


def test_a_coordinator_lets_a_visit_take_place_after_all(
    session: Session, ruth: FlaskClient, visit: Visit, present: Traveller
) -> None:
    browser = ruth
    place = f"/coordinator/visits/{visit.public_id}"
    browser.post(f"{place}/calling-off")
    page = browser.get(place)
    undone = browser.post(f"/undo/visits/{visit.public_id}/calling-off", follow_redirects=True)

    assert "The visit was called off. You can take this back until 10:10" in page.text
    assert "Taken back. It is as it was before." in undone.text
    session.expire_all()
    assert session.get_one(Visit, visit.id).called_off_at is None
    browser.post(f"{place}/calling-off")
    present.shift(timedelta(minutes=10))
    assert "You can take this back" not in browser.get(place).text
    late = browser.post(f"/undo/visits/{visit.public_id}/calling-off", follow_redirects=True)
    assert "It is too late to take this back." in late.text


def test_a_coordinator_takes_back_a_phoned_yes(
    session: Session, ruth: FlaskClient, visit: Visit, maria: Speaker
) -> None:
    browser = ruth
    lead, _ = builders.slots(session, visit)
    session.commit()
    place = f"/coordinator/visits/{visit.public_id}"
    who = f"{lead.public_id}.{maria.public_id}"
    browser.post(f"{place}/phoned-yes", data={"who": who})
    session.expire_all()
    held = session.scalars(select(Assignment).where(Assignment.active)).one()

    page = browser.get(place)
    browser.post(f"/undo/assignments/{held.public_id}/yes")

    assert "Maria said yes. You can take this back until" in page.text
    session.expire_all()
    assert session.scalars(select(Assignment).where(Assignment.active)).all() == []


def test_a_liaison_takes_back_that_she_called_it_off(
    client: FlaskClient, sign_in: SignIn, session: Session, world: World, visit: Visit
) -> None:
    browser = sign_in(client, builders.liaison(session, world.hospital))
    browser.post(f"/units/visits/{visit.public_id}/call-off")

    page = browser.get(f"/units/visits/{visit.public_id}")
    undone = browser.post(f"/undo/visits/{visit.public_id}/calling-off")

    assert "You can take this back until" in page.text
    assert undone.location == f"/units/visits/{visit.public_id}"
    session.expire_all()
    assert session.get_one(Visit, visit.id).called_off_at is None
