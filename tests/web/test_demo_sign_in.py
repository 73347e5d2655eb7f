"""The demo's doors: only in a demo's database, shown by GET, opened by POST, once."""

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.app import create_app
from outreach.wiring import Wiring
from tests import builders
from tests.browser_client import Browser
from tests.digest import digest

LINK = "/demo/sign-in/a-demos-link"


@pytest.fixture
def demo(wired: Wiring, session: Session, present: time_machine.Traveller) -> FlaskClient:
    """A browser in front of a demo, whose Ruth has a link."""
    del present
    ruth = builders.coordinator(session, builders.affiliate(session))
    builders.demo_link(session, ruth, token="a-demos-link")
    session.commit()
    app = create_app(wired)
    app.test_client_class = Browser
    return app.test_client()


def test_a_bureaus_own_service_has_no_such_doors(client: FlaskClient, app: Flask) -> None:
    assert [client.get(path).status_code for path in ("/demo/", LINK)] == [404, 404]
    assert client.post(LINK).status_code == 404
    assert not [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/demo")]


def test_opening_the_link_shows_a_button_and_changes_nothing(
    demo: FlaskClient, wired: Wiring
) -> None:
    before = digest(wired.db)

    page = demo.get(LINK)

    assert page.status_code == 200
    assert "Sign in as Ruth Adler" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert demo.get("/account").status_code == 303
    assert digest(wired.db) == before


def test_the_button_signs_in_once(demo: FlaskClient) -> None:
    first = demo.post(LINK)
    account = demo.get("/account")
    second = demo.post(LINK)

    assert (first.status_code, first.location) == (303, "/")
    assert "Ruth Adler" in account.text
    assert second.status_code == 404
    assert "used already" in second.text
    assert "used already" in demo.get(LINK).text


def test_the_link_stands_in_for_both_steps_and_the_page_says_so(demo: FlaskClient) -> None:
    said = demo.get(LINK).text

    demo.post(LINK)

    assert "It stands in for both steps of signing in" in said
    assert demo.get("/coordinator/").status_code == 200


def test_a_guessed_link_opens_nothing(demo: FlaskClient) -> None:
    assert demo.get("/demo/sign-in/guessed").status_code == 404
    assert demo.post("/demo/sign-in/guessed").status_code == 404
    assert demo.get("/account").status_code == 303
