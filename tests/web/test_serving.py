"""The page that says who serves a ZIP code, for liaisons and for coordinators."""

from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from tests import builders
from tests.builders import World
from tests.serving_builders import LAKE, receiver

SignIn = Callable[[FlaskClient, Membership], FlaskClient]


@pytest.fixture
def place(session: Session) -> World:
    return builders.world(session)


def text_of(browser: FlaskClient, path: str, *, status: int = 200) -> str:
    page = browser.get(path)
    assert page.status_code == status
    return unescape(page.text)


def test_a_liaison_sees_who_serves_why_and_whom_to_call(
    client: FlaskClient, session: Session, sign_in: SignIn, place: World
) -> None:
    receiver(session, "Lakeside Friends", zip_code="60201")
    receiver(session, "Full House", capacity="no_capacity", intake_by="phone")
    nora = sign_in(client, builders.liaison(session, place.hospital))

    page = text_of(nora, "/who-serves?zip=60614")

    assert page.index("Lakeside Friends") < page.index("Full House")
    for words in ("Serves Cook County", "9 miles from 60614", "Gail of Lakeside Friends"):
        assert words in page
    assert "Takes nobody new at present" in page
    assert "By telephone, through the coordinator" in page
    assert "tel:+13125550123" in page


def test_where_nobody_serves_the_coordinator_on_duty_is_named(
    client: FlaskClient, session: Session, sign_in: SignIn, place: World
) -> None:
    receiver(session, "Lakeside Friends", counties=(LAKE,))
    ruth = builders.coordinator(session, place.affiliate)
    place.affiliate.on_duty_id = ruth.account_id
    nora = sign_in(client, builders.liaison(session, place.hospital))

    page = text_of(nora, "/who-serves?zip=60614")

    assert "Nobody serves Cook County" in page
    assert "Cook County is not in its area" in page
    assert "Ask Ruth Adler of Lakeshore Alliance." in page


def test_a_zip_code_that_is_none_is_told_beside_its_field(
    client: FlaskClient, session: Session, sign_in: SignIn, place: World
) -> None:
    ruth = sign_in(client, builders.coordinator(session, place.affiliate))

    assert "five digits" in text_of(ruth, "/who-serves?zip=6O614", status=422)
    assert "Military mail" in text_of(ruth, "/who-serves?zip=09001", status=422)
    assert "five digits" in text_of(ruth, "/who-serves?zip=%00%ff", status=422)
    assert "No affiliate receives referrals yet" in text_of(ruth, "/who-serves?zip=60614")
    assert "post office boxes" in text_of(ruth, "/who-serves?zip=60680")
