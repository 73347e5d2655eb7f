"""Affiliates another bureau keeps are offered by county, with what all may know, and no more."""

from collections.abc import Callable
from datetime import date
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.routing import Rule

from outreach.accounts.models import Account, Membership
from outreach.directory.models import Affiliate, ClosedDay
from outreach.referrals.models import Referral
from outreach.wiring import Wiring
from tests import builders
from tests import referral_builders as referrals
from tests.referral_builders import Ward

SignIn = Callable[[FlaskClient, Membership], FlaskClient]

WAYNE, KEWEENAW = ("MI", "Wayne County"), ("MI", "Keweenaw County")
PRIVATE = ("Marigold", "Thornapple", "Founders Day", "Keweenaw", "@cedar.example", "555-0171")
"""What only those who keep the affiliate, and it itself, may read."""


@pytest.fixture
def theirs(session: Session, wired: Wiring, ward: Ward) -> Affiliate:
    """An affiliate that Riverbend keeps. It serves the county from which Lakeshore refers."""
    del ward
    other = referrals.ward(session, wired.desk, name="Riverbend")
    kept = referrals.receiving(
        session,
        "Cedar Grove",
        kept_by=other.bureau,
        counties=(WAYNE, KEWEENAW),
        intake_name="Gail Ives",
        intake_phone="+13135550160",
        intake_email="intake@cedar.example",
    )
    kept.phone, kept.email = "+13135550171", "office@cedar.example"
    referrals.helper(session, kept, "Marigold Ames")
    session.get_one(Account, other.coordinator.account_id).name = "Thornapple Reyes"
    kept.on_duty_id = other.coordinator.account_id
    session.add(ClosedDay(affiliate_id=kept.id, closed_on=date(2026, 12, 4), name="Founders Day"))
    session.commit()
    return kept


def said(browser: FlaskClient, path: str) -> str:
    return unescape(browser.get(path, follow_redirects=True).text)


def plain(rule: Rule) -> bool:
    return "GET" in (rule.methods or ()) and not rule.arguments and "static" not in rule.endpoint


def private(text: str) -> list[str]:
    return [each for each in PRIVATE if each in text]


def test_it_is_offered_where_it_serves_with_name_room_person_and_telephone(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward, theirs: Affiliate
) -> None:
    row = referrals.draft(session, ward)
    session.commit()
    priya = sign_in(client, ward.liaison)

    for path in ("/who-serves?zip=48201", f"/referrals/{row.public_id}/affiliate"):
        page = said(priya, path)
        for words in (theirs.name, "Serves Wayne County", "Has room", "Gail Ives", "313-555-0160"):
            assert words in page, path
        assert private(page) == [], path


@pytest.mark.parametrize("who", ["coordinator", "liaison"])
def test_no_page_of_another_bureau_holds_what_is_its_own(
    app: Flask, client: FlaskClient, sign_in: SignIn, ward: Ward, theirs: Affiliate, *, who: str
) -> None:
    browser = sign_in(client, {"coordinator": ward.coordinator, "liaison": ward.liaison}[who])
    pages = [rule.rule for rule in app.url_map.iter_rules() if plain(rule)]
    its_own = f"/coordinator/hospitals/affiliates/{theirs.public_id}"
    its_pages = [its_own, *(f"{its_own}/{each}" for each in ("change", "counties", "hours"))]
    its_pages += [f"{its_own}/clocks", f"/coordinator/affiliates/{theirs.public_id}/helpers"]

    found = {page: private(said(browser, page)) for page in pages}
    swapped = [browser.get(page).status_code for page in its_pages]

    assert len(pages) > 20
    assert {page: held for page, held in found.items() if held} == {}
    assert set(swapped) <= {403, 404}


def test_who_refers_there_sees_whom_to_call_and_still_nothing_of_its_own(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward, theirs: Affiliate
) -> None:
    ward.receiver = theirs
    row: Referral = referrals.sent(session, ward)
    waits: Referral = referrals.draft(session, ward)
    session.commit()
    priya, ruth = (
        sign_in(client.application.test_client(), each) for each in (ward.liaison, ward.coordinator)
    )
    of, draft = f"/referrals/{row.public_id}", f"/referrals/{waits.public_id}"

    shown = {page: said(priya, page) for page in (of, f"{of}/copy", f"{of}/receipt")}
    shown |= {page: said(priya, page) for page in (f"{draft}/form", f"{draft}/form/print")}
    board = said(ruth, "/coordinator/referrals")
    theirs_page = said(ruth, f"/coordinator{of}")

    for page, text in shown.items():
        assert theirs.name in text, page
        assert private(text) == [], page
    assert (theirs.name in board, private(board)) == (True, [])
    # Who follows a referral may write to the mailbox it went to.
    assert private(theirs_page) == ["@cedar.example"]


def test_its_own_keepers_read_all_of_it(
    client: FlaskClient, sign_in: SignIn, session: Session, theirs: Affiliate
) -> None:
    keeper = session.get_one(Affiliate, theirs.kept_by_id)
    samira = builders.coordinator(session, keeper, "Samira Cole")
    session.commit()
    browser = sign_in(client, samira)
    page = said(browser, f"/coordinator/hospitals/affiliates/{theirs.public_id}")

    assert "@cedar.example" in page
    assert "Keweenaw" in page
