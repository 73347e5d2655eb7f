"""The board of referrals: the clock that ends first on top, and nothing that tells who."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach import jobs
from outreach.db import Database
from outreach.referrals.codes import Decline, Hold, Result
from outreach.wiring import Wiring
from outreach.workflows.referrals import stopping, working
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import CANARIES, Ward
from tests.web.coordinator.conftest import Counting

SignIn = Callable[..., FlaskClient]
BOARD = "/coordinator/referrals"


@pytest.fixture
def ward(session: Session, wired: Wiring) -> Ward:
    return referrals.ward(session, wired.desk)


@pytest.fixture
def browser(client: FlaskClient, sign_in: SignIn, ward: Ward) -> Callable[[], FlaskClient]:
    return lambda: sign_in(client, ward.coordinator)


def test_an_empty_board_says_what_will_stand_there(browser: Callable[[], FlaskClient]) -> None:
    page = browser().get(BOARD).text

    assert "No referral is open" in page
    assert "See which hospitals may refer" in page


def test_the_board_opens(browser: Callable[[], FlaskClient], session: Session, ward: Ward) -> None:
    made = referrals.sent(session, ward)

    page = browser().get(BOARD).text

    assert f"R-{made.number}" in page
    assert "Sent, not yet acknowledged" in page
    one = browser().get(f"{BOARD}/{made.public_id}").text
    assert "Sent, not yet acknowledged" in one
