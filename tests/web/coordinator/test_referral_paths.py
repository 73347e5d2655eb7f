"""Where a referral goes instead: back, to another affiliate, open again, or taken back by two."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.audit import AuditEvent
from outreach.referrals.codes import State
from outreach.referrals.models import Authorization, Referral
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import Ward
from tests.web.coordinator.test_referral import BOARD, declined, of, state
from tests.web.liaison.pages import text_of

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def desk(client: FlaskClient, sign_in: SignIn, ward: Ward) -> Callable[[], FlaskClient]:
    return lambda: sign_in(client, ward.coordinator)


def test_a_recall_tells_the_affiliate_to_stop_and_that_is_confirmed(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    browser = desk()
    data = {"version": str(made.version), "reason": "stays_longer"}

    answer = browser.post(of(made, "/recall"), data=data)
    confirmed = browser.post(of(made, "/stop-confirmed"), follow_redirects=True).text

    assert answer.status_code == 303
    assert state(session, made) == State.CANCELLED
    assert "It is recorded that the affiliate has stopped." in confirmed
    assert made.stop_confirmed_at == NOW


def test_a_withdrawal_is_spoken_first_and_its_paper_needs_a_witness_in_illinois(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    browser, paper = desk(), {"written_on": "2026-11-23"}
    browser.post(of(made, "/withdrawal"), data={"how": "spoken", "received_by": "Nurse Joy"})

    alone = browser.post(of(made, "/paper"), data=paper)
    witnessed = browser.post(of(made, "/paper"), data=paper | {"witness": "y"})

    assert (alone.status_code, witnessed.status_code) == (422, 303)
    authorization = session.get_one(Authorization, made.authorization_id, populate_existing=True)
    assert not authorization.active
    assert authorization.revocation_received_by == "Nurse Joy"
    assert authorization.written_revocation_on == NOW.date()
    assert authorization.written_revocation_witnessed
    told = "the paper is of November 23, 2026, signed by a witness as well"
    assert told in text_of(browser.get(of(made)))
    assert told in text_of(browser.get(of(made, "/disclosures")))


def test_a_paper_recorded_twice_is_recorded_once(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    browser, paper = desk(), {"written_on": "2026-11-23", "witness": "y"}
    browser.post(of(made, "/withdrawal"), data={"how": "spoken", "received_by": "Nurse Joy"})

    answers = [browser.post(of(made, "/paper"), data=paper).status_code for _twice in range(2)]

    recorded = select(func.count()).where(AuditEvent.action == "authorization.written_revocation")
    assert (answers, session.scalar(recorded)) == ([303, 303], 1)


def test_the_paper_of_a_withdrawal_is_not_older_than_the_signature(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.sent(session, ward)
    browser, paper = desk(), {"written_on": "2000-01-01", "witness": "y"}
    browser.post(of(made, "/withdrawal"), data={"how": "spoken", "received_by": "Nurse Joy"})

    answer = browser.post(of(made, "/paper"), data=paper)

    assert answer.status_code == 422
    assert "This day lies before the signature." in answer.text


def test_where_nobody_else_serves_the_county_one_may_ask_farther_away(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    far = referrals.receiving(session, "Lakeside", counties=(("IL", "Cook County"),))
    full = referrals.receiving(session, "Prairie", counties=(), capacity="no_capacity")
    made = declined(session, ward)
    browser = desk()

    page = browser.get(of(made, "/another-affiliate")).text
    answer = browser.post(of(made, "/another-affiliate"), data={"affiliate": far.public_id})

    assert "The county is not in its area" in page
    assert full.public_id not in page
    assert answer.status_code == 303


def test_what_was_not_taken_goes_to_another_affiliate_once(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    north = referrals.receiving(session, "North Shore")
    made = declined(session, ward)
    browser, data = desk(), {"affiliate": north.public_id}
    page = browser.get(of(made, "/another-affiliate")).text

    first, second = (browser.post(of(made, "/another-affiliate"), data=data) for _ in range(2))

    assert "the person signs a new form for it" in page
    assert ward.receiver.public_id not in page
    assert (first.status_code, second.status_code) == (303, 409)
    child = session.scalars(select(Referral).where(Referral.parent_id == made.id)).one()
    assert (child.state, child.sealed_name) == (State.AWAITING, None)
    assert f"R-{child.number}" in browser.get(of(made)).text


def test_a_clock_that_ended_with_the_referral_was_not_kept(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = declined(session, ward)

    page = desk().get(of(made)).text

    rows = {row.split("</b>")[0].split("<b>")[-1]: row for row in page.split("<li")}
    connect = next(row for words, row in rows.items() if words.startswith("Connect"))
    assert "Ended with the referral" in connect
    assert "Kept" not in connect


def test_nobody_else_is_asked_and_the_decision_is_made(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = declined(session, ward)
    browser = desk()

    said = browser.post(of(made, "/left"), follow_redirects=True).text

    assert "It stays as it is." in said
    assert f"R-{made.number}" not in browser.get(BOARD).text


def test_what_was_closed_is_opened_again_once(
    desk: Callable[[], FlaskClient], session: Session, ward: Ward
) -> None:
    made = referrals.closed(session, ward)
    browser = desk()

    first, second = (browser.post(of(made, "/reopening")) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 409)
    child = session.scalars(select(Referral).where(Referral.parent_id == made.id)).one()
    sent = browser.post(of(child, "/sending"), data={"version": str(child.version)})
    assert sent.status_code == 303
    assert state(session, child) == State.SENT


def test_what_was_sent_is_taken_back_by_two(
    desk: Callable[[], FlaskClient],
    sign_in: SignIn,
    session: Session,
    ward: Ward,
) -> None:
    made = referrals.sent(session, ward)
    browser, data = desk(), {"version": str(made.version)}

    asked = browser.post(of(made, "/error"), data=data)
    alone = browser.post(of(made, "/error"), data=data)
    after_one = state(session, made)
    confirmed = _as(browser, sign_in, ward.deputy).post(of(made, "/error"), data=data)

    assert (asked.status_code, alone.status_code, after_one) == (303, 422, State.SENT)
    assert "Another coordinator must confirm this." in alone.text
    assert confirmed.status_code == 303
    assert state(session, made) == State.ERROR


def _as(browser: FlaskClient, sign_in: SignIn, member: Membership) -> FlaskClient:
    return sign_in(browser.application.test_client(), member)
