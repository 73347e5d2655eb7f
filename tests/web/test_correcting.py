"""A liaison or a coordinator puts a name or number right, on one page for both."""

from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.accounts.models import DeniedAccess, Membership
from outreach.db import Database
from outreach.messaging.models import Message
from outreach.referrals.codes import Revoked
from outreach.referrals.models import Disclosure, Referral, ReferralReading
from outreach.wiring import Wiring
from outreach.workflows.referrals import stopping
from outreach.workflows.referrals.authorizing import ContactPoint
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.digest import digest
from tests.leaks import MAIL, PHONE
from tests.referral_builders import CANARIES, PATIENT, Ward
from tests.web.liaison.pages import text_of

SignIn = Callable[[FlaskClient, Membership], FlaskClient]

ROOMS = {"liaison": "/referrals", "coordinator": "/coordinator/referrals"}


@pytest.fixture
def browsers(client: FlaskClient, sign_in: SignIn, ward: Ward) -> Callable[[str], FlaskClient]:
    members = {"liaison": ward.liaison, "coordinator": ward.coordinator}
    return lambda room: sign_in(client, members[room])


def typed(row: Referral, **changes: str) -> dict[str, str]:
    usual = {
        "version": str(row.version),
        "name": "Wren",
        "contact_1": "(313) 555-0188",
        "contact_1_voicemail": "y",
        "contact_2": "wren@people.example",
    }
    return usual | changes


def count(session: Session, table: type) -> int:
    return session.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize("room", list(ROOMS))
def test_it_shows_what_is_written_takes_what_is_right_and_tells_the_affiliate(
    browsers: Callable[[str], FlaskClient], session: Session, ward: Ward, room: str
) -> None:
    row = referrals.sent(session, ward)
    browser, back = browsers(room), f"{ROOMS[room]}/{row.public_id}"

    page = browser.get(f"{back}/correction")
    answers = [browser.post(f"{back}/correction", data=typed(row)) for _twice in range(2)]

    assert f'value="{PATIENT}"' in page.text
    assert 'value="(312) 555-0187"' in page.text or 'value="312-555-0187"' in page.text
    assert [(each.status_code, each.location) for each in answers] == [(303, back)] * 2
    assert count(session, Disclosure) == 2
    told = session.scalars(select(Message).where(Message.kind == "item_changed")).one()
    assert "Wren" not in str(told.values)
    after = text_of(browser.get(back))
    assert "Name or contact corrected" in after
    shown = browser.get(back if room == "liaison" else f"{back}/person")
    assert "Wren" in shown.text
    assert not [each for each in CANARIES[:4] if each in shown.text]
    assert "Correct name or contact" in shown.text
    assert count(session, ReferralReading) >= 2


@pytest.mark.parametrize("room", list(ROOMS))
def test_what_cannot_be_is_said_beside_its_field_and_what_was_typed_stays(
    browsers: Callable[[str], FlaskClient], session: Session, ward: Ward, db: Database, *, room: str
) -> None:
    row = referrals.sent(session, ward)
    browser, path = browsers(room), f"{ROOMS[room]}/{row.public_id}/correction"
    before = digest(db)

    wrong = typed(row, name=" ", contact_1="12", contact_1_hours="call 313-555-0199")
    answer = browser.post(path, data=wrong)

    assert answer.status_code == 422
    for words in (
        "Write the name as the person wants to be called.",
        "This is not a telephone number",
        "seems to hold a telephone number",
    ):
        assert words in text_of(answer)
    assert "wren@people.example" in unescape(answer.text)
    assert digest(db) == before


@pytest.mark.parametrize("room", list(ROOMS))
def test_a_stale_page_and_a_withdrawal_change_nothing_and_show_how_it_stands(
    browsers: Callable[[str], FlaskClient], session: Session, ward: Ward, db: Database, *, room: str
) -> None:
    row = referrals.sent(session, ward)
    browser, path = browsers(room), f"{ROOMS[room]}/{row.public_id}/correction"
    before = digest(db)
    for version in ("1", "", "99999999999999999999", "½"):
        assert browser.post(path, data=typed(row, version=version)).status_code == 409
    assert digest(db) == before
    stopping.revoke(
        session,
        referrals.authorization_of(session, row),
        how=Revoked.SPOKEN,
        received_by="Nurse Joy",
        by=ward.by_liaison,
        desk=ward.desk,
        now=NOW,
    )
    session.commit()
    before = digest(db)

    page, answer = browser.get(path), browser.post(path, data=typed(row))

    assert (page.status_code, answer.status_code) == (303, 409)
    assert "moved on since you opened the page" in text_of(answer)
    assert not [each for each in CANARIES if each in page.text + answer.text]
    assert digest(db) == before


@pytest.mark.parametrize("room", list(ROOMS))
def test_a_correction_into_somebody_with_a_referral_there_is_refused_and_leaves_a_trace(
    browsers: Callable[[str], FlaskClient], session: Session, ward: Ward, room: str
) -> None:
    referrals.sent(session, ward)
    someone = referrals.person(contacts=(ContactPoint(kind="mail", value="wren@people.example"),))
    row = referrals.sent(session, ward, who=someone)
    session.commit()
    browser, path = browsers(room), f"{ROOMS[room]}/{row.public_id}/correction"

    answer = browser.post(path, data=typed(row, contact_1=PHONE, contact_2=MAIL))

    assert answer.status_code == 409
    assert "second referral to the same affiliate" in text_of(answer)
    trace = session.scalars(select(DeniedAccess)).one()
    assert (trace.action, trace.subject_kind, trace.status) == ("referral.second", "referral", 409)


def test_a_form_that_lets_no_contact_out_has_no_field_for_one(
    browsers: Callable[[str], FlaskClient], session: Session, ward: Ward
) -> None:
    form = referrals.signed_form(session, ward, information=("name", "zip_code"))
    row = referrals.sent(session, ward, form=form)
    browser, path = browsers("liaison"), f"/referrals/{row.public_id}/correction"

    page = browser.get(path)
    answer = browser.post(path, data=typed(row))

    assert 'name="contact_1"' not in page.text
    assert not [each for each in CANARIES[2:] if each in page.text]
    assert answer.status_code == 303
    session.refresh(row)
    assert row.person_key is not None


def test_a_coordinator_of_the_affiliate_that_has_it_cannot_correct_it(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward, wired: Wiring
) -> None:
    row = referrals.sent(session, ward)
    other = referrals.ward(session, wired.desk, name="Riverbend")
    row.affiliate_id = other.bureau.id
    session.commit()

    answer = sign_in(client, other.coordinator).get(
        f"/coordinator/referrals/{row.public_id}/correction"
    )

    assert answer.status_code == 403
