"""What we sent you: a person's own messages, in plain words and without the text."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.speakers.models import Speaker
from tests import builders
from tests.builders import NOW, World
from tests.web.coordinator.conftest import counting  # noqa: F401 - a fixture

SignIn = Callable[[FlaskClient, Membership], FlaskClient]


@pytest.fixture
def here(session: Session) -> World:
    return builders.world(session)


@pytest.fixture
def maria(session: Session, here: World) -> Speaker:
    return builders.speaker(session, here.affiliate)


@pytest.fixture
def browser(client: FlaskClient, sign_in: SignIn, session: Session, maria: Speaker) -> FlaskClient:
    place = builders.speaker_member(session, maria)
    session.commit()
    return sign_in(client, place)


def test_a_speaker_reads_what_was_sent_and_about_which_day(
    browser: FlaskClient, session: Session, here: World, maria: Speaker
) -> None:
    when = {"starts_at": "2026-12-01T15:00:00+00:00", "zone": "America/Detroit"}
    builders.message(
        session, here.affiliate, to=maria, kind="reminder", state="delivered", values=when
    )
    session.commit()

    page = browser.get("/account/messages").text.replace("\xa0", " ")

    assert "A reminder of a visit" in page
    assert "The visit on Tuesday, December 1, 2026" in page
    assert maria.email not in page


def test_nobody_elses_messages_and_none_of_long_ago_are_shown(
    browser: FlaskClient, session: Session, here: World, maria: Speaker
) -> None:
    ben = builders.speaker(session, here.affiliate, first_name="Ben", email="b@people.example")
    builders.message(session, here.affiliate, to=ben, state="delivered")
    old = NOW - timedelta(days=366)
    builders.message(session, here.affiliate, to=maria, state="delivered", created_at=old)
    session.commit()

    assert "Nothing yet" in browser.get("/account/messages").text


def test_her_own_page_leads_there(browser: FlaskClient) -> None:
    assert 'href="/account/messages"' in browser.get("/speaker/about").text


def test_a_long_list_has_pages(
    browser: FlaskClient, session: Session, here: World, maria: Speaker
) -> None:
    for _ in range(30):
        builders.message(session, here.affiliate, to=maria, state="delivered")
    session.commit()

    assert "Messages 26 to 30 of 30." in browser.get("/account/messages?page=2").text


def test_a_way_we_have_no_word_for_breaks_nothing(
    browser: FlaskClient, session: Session, here: World, maria: Speaker
) -> None:
    builders.message(session, here.affiliate, to=maria, kind="something_new", state="failed")
    session.commit()

    assert "Something new" in browser.get("/account/messages").text
