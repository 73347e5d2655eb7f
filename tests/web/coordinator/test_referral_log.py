"""The disclosure log: to whom what was disclosed, as a page and as a file, and never about whom."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.web.coordinator.referral_log import defused
from tests import referral_builders as referrals
from tests.referral_builders import CANARIES, Ward
from tests.web.coordinator.test_referral import of

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def desk(client: FlaskClient, sign_in: SignIn, ward: Ward) -> Callable[[], FlaskClient]:
    return lambda: sign_in(client, ward.coordinator)


def test_the_log_says_to_whom_what_was_disclosed_and_never_about_whom(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    ward.receiver.name = "=Harbor Falls"
    made = referrals.sent(session, ward)
    browser = desk()

    page, file = browser.get(of(made, "/disclosures")), browser.get(of(made, "/disclosures.csv"))

    assert "=Harbor Falls" in page.text
    assert "At the request of the individual" in page.text
    assert file.mimetype == "text/csv"
    assert file.text.splitlines()[0] == "When,Referral,To whom,What,What for"
    assert ",'=Harbor Falls," in file.text
    assert not [each for each in CANARIES if each in page.text + file.text]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "\nx", "\uff1d1+1"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert defused(cell) == f"'{cell}"
    assert defused("Harbor Falls") == "Harbor Falls"
