"""A coordinator records a referral: of who came by themselves, and anew for a child."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.db import Database
from outreach.messaging.models import Message
from outreach.referrals.codes import Field, State
from outreach.referrals.models import Disclosure, Referral, ReferralReading
from outreach.wiring import Wiring
from tests import builders
from tests import referral_builders as referrals
from tests.digest import digest
from tests.referral_builders import CANARIES, PATIENT, Ward
from tests.web.coordinator.test_referral import BOARD, declined, of
from tests.web.liaison.referring import KEY, names_of_inputs, paper, said

SignIn = Callable[..., FlaskClient]
NEW = "/referrals/new/by-themselves"
NAME_FIELDS = {"name", "contact_1", "contact_2", "note"}


@pytest.fixture
def ruth(client: FlaskClient, sign_in: SignIn, ward: Ward) -> FlaskClient:
    """A browser in which the bureau's coordinator is signed in."""
    return sign_in(client, ward.coordinator)


def asked(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    usual = {
        "discharged_on": "2026-11-22",
        "zip_code": "48201",
        "age_group": "adult",
        "groups": ["support_group", "call_back"],
        "request_key": KEY,
    }
    return usual | changes


def begin(browser: FlaskClient, session: Session, **changes: Any) -> Referral:  # noqa: ANN401 - any field
    """Walk step 1."""
    answer = browser.post(NEW, data=asked(**changes))
    assert answer.status_code == 303, said(answer)
    session.expire_all()
    return session.scalars(select(Referral)).one()


def choose(browser: FlaskClient, session: Session, ward: Ward) -> Referral:
    """Walk steps 1 and 2."""
    row = begin(browser, session)
    data = {"affiliate": ward.receiver.public_id, "chosen_by": "area", "version": row.version}
    answer = browser.post(f"/referrals/{row.public_id}/affiliate", data=data)
    assert answer.status_code == 303, said(answer)
    session.refresh(row)
    return row


def signed(session: Session, row: Referral, profile: str = "generic-self") -> dict[str, Any]:
    """Return what step 3 sends."""
    told = [str(each) for each in Field if each is not Field.DISCHARGED_ON]
    return paper(session, row, profile=profile, information=told)


def rerouted(browser: FlaskClient, session: Session, ward: Ward) -> Referral:
    """Let a child of a hospital's referral wait for a new signature."""
    north = referrals.receiving(session, "North Shore")
    parent = declined(session, ward)
    session.commit()
    browser.post(of(parent, "/another-affiliate"), data={"affiliate": north.public_id})
    return session.scalars(select(Referral).where(Referral.parent_id == parent.id)).one()


def test_who_came_by_themselves_is_referred_in_three_steps_from_the_board(
    ruth: FlaskClient, session: Session, ward: Ward
) -> None:
    assert f'href="{NEW}"' in ruth.get(BOARD).text
    row = choose(ruth, session, ward)
    path = f"/referrals/{row.public_id}"

    answer = ruth.post(f"{path}/signed", data=signed(session, row))

    assert (answer.status_code, answer.location) == (303, of(row))
    session.refresh(row)
    assert (row.state, row.hospital_id, row.bureau_id) == (State.SENT, None, ward.bureau.id)
    assert referrals.authorization_of(session, row).operator == ward.bureau.name
    assert session.scalars(select(Message)).one().kind == "item_waits"
    page = said(ruth.get(of(row)))
    assert "Came to the affiliate by themselves" in page
    assert "Days since they asked 1 day" in page
    assert "hospital" not in page.lower()
    assert PATIENT not in page


def test_no_field_for_a_name_exists_before_the_signature(
    ruth: FlaskClient, session: Session, ward: Ward
) -> None:
    pages = [ruth.get(NEW)]
    row = choose(ruth, session, ward)
    path = f"/referrals/{row.public_id}"
    pages += [ruth.get(f"{path}/{step}") for step in ("who-and-when", "affiliate", "form")]

    for page in pages:
        assert page.status_code == 200
        assert names_of_inputs(page) & NAME_FIELDS == set()
    assert names_of_inputs(ruth.get(f"{path}/signed")) >= NAME_FIELDS


def test_nothing_is_asked_of_a_hospital(ruth: FlaskClient, session: Session, ward: Ward) -> None:
    first = names_of_inputs(ruth.get(NEW))
    row = choose(ruth, session, ward)
    third = ruth.get(f"/referrals/{row.public_id}/signed")

    assert first & {"unit", "discharged_time"} == set()
    assert "feedback_to_hospital" not in names_of_inputs(third)
    assert 'value="discharged_on"' not in third.text
    assert "hospital" not in said(third).lower()


def test_the_form_the_copy_and_the_receipt_name_the_bureau_and_nobody_else(
    ruth: FlaskClient, session: Session, ward: Ward, wired: Wiring
) -> None:
    row = choose(ruth, session, ward)
    path = f"/referrals/{row.public_id}"
    english = said(ruth.get(f"{path}/form/print?lang=en"))
    spanish = said(ruth.get(f"{path}/form/print?lang=es"))
    ruth.post(f"{path}/signed", data=signed(session, row))
    session.refresh(row)

    copy, receipt = said(ruth.get(f"{path}/copy")), said(ruth.get(f"{path}/receipt"))

    code = wired.links.stop_code(referrals.authorization_of(session, row).public_id)
    assert f"Who may share: {ward.bureau.name}" in english
    assert f"Quién puede compartirlos: {ward.bureau.name}" in spanish
    assert f"{code[:4]} {code[4:]}" in copy
    assert "Asked on Sunday, November 22" in receipt
    for page in (english, spanish, copy, receipt):
        assert "hospital" not in page.lower()
        assert PATIENT not in page
    readings = session.scalars(select(ReferralReading.via)).all()
    assert sorted(readings) == ["print", "print"]


def test_in_illinois_a_witness_signs_too(ruth: FlaskClient, session: Session, ward: Ward) -> None:
    row = begin(ruth, session, zip_code="60614")
    path = f"/referrals/{row.public_id}"
    data = {"affiliate": ward.receiver.public_id, "chosen_by": "person", "version": row.version}
    ruth.post(f"{path}/affiliate", data=data)
    session.refresh(row)

    alone = ruth.post(f"{path}/signed", data=signed(session, row, "IL-self") | {"witness": ""})
    witnessed = ruth.post(f"{path}/signed", data=signed(session, row, "IL-self"))

    assert (alone.status_code, witnessed.status_code) == (422, 303)
    assert "A witness must have signed as well." in said(alone)


def test_the_steps_lie_under_the_referrals_of_the_navigation(ruth: FlaskClient) -> None:
    header = ruth.get(NEW).text.partition("<main")[0]

    assert re.findall(r'href="([^"]+)" aria-current="page"', header) == [BOARD]


def test_a_day_to_come_is_named_beside_its_field(ruth: FlaskClient, session: Session) -> None:
    answer = ruth.post(NEW, data=asked(discharged_on="2026-11-24", zip_code="6O614"))

    assert answer.status_code == 422
    assert "Choose today, or a day of the last 30." in said(answer)
    assert "Write a ZIP code of five digits" in said(answer)
    assert session.scalars(select(Referral)).all() == []


def test_step_1_sent_twice_is_one_referral(ruth: FlaskClient, session: Session) -> None:
    begin(ruth, session)

    assert ruth.post(NEW, data=asked()).status_code == 303

    assert begin(ruth, session).state == State.DRAFT


def test_the_signed_form_sent_twice_is_recorded_once(
    ruth: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(ruth, session, ward)
    data = signed(session, row)

    first, second = (ruth.post(f"/referrals/{row.public_id}/signed", data=data) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 409)
    assert "moved on" in said(second)
    assert len(session.scalars(select(Disclosure)).all()) == 1


def test_who_signs_nothing_leaves_with_the_information_and_the_board_forgets_them(
    ruth: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(ruth, session, ward)

    answer = ruth.post(f"/referrals/{row.public_id}/information-given")

    assert answer.location == of(row)
    session.refresh(row)
    assert (row.state, row.data_key_id) == (State.CANCELLED, None)
    assert "No referral is open." in said(ruth.get(BOARD))


def test_a_draft_is_found_again_on_the_board_and_goes_on(
    ruth: FlaskClient, session: Session, ward: Ward
) -> None:
    row = begin(ruth, session)

    assert f"R-{row.number}" in said(ruth.get(BOARD))
    assert f'href="/referrals/{row.public_id}/affiliate"' in ruth.get(of(row)).text
    row = choose(ruth, session, ward)
    assert f'href="/referrals/{row.public_id}/form"' in ruth.get(of(row)).text


def test_it_can_be_called_back_but_not_because_somebody_stays_longer(
    ruth: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(ruth, session, ward)
    data = {"version": row.version, "reason": "stays_longer"}

    assert 'value="stays_longer"' not in ruth.get(of(row, "/recall")).text
    assert ruth.post(of(row, "/recall"), data=data).status_code == 422
    assert ruth.post(of(row, "/recall"), data=data | {"reason": "recalled"}).status_code == 303


def test_a_withdrawal_ends_it_and_the_paper_stays_with_the_bureau(
    ruth: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(ruth, session, ward)
    ruth.post(f"/referrals/{row.public_id}/signed", data=signed(session, row))

    ruth.post(of(row, "/withdrawal"), data={"how": "spoken", "received_by": "Samir"})

    session.refresh(row)
    assert row.state == State.CANCELLED
    assert "your bureau’s record" in said(ruth.get(of(row, "/paper")))


def test_a_child_of_a_hospitals_referral_is_signed_anew_by_its_coordinator(
    ruth: FlaskClient, session: Session, ward: Ward
) -> None:
    child = rerouted(ruth, session, ward)
    path = f"/referrals/{child.public_id}"
    assert f'href="{path}/form"' in ruth.get(of(child)).text
    assert ward.hospital.name in said(ruth.get(f"{path}/form/print?lang=en"))

    answer = ruth.post(f"{path}/signed", data=paper(session, child))

    assert (answer.status_code, answer.location) == (303, of(child))
    session.refresh(child)
    assert (child.state, child.hospital_id) == (State.SENT, ward.hospital.id)
    assert referrals.authorization_of(session, child).discloser == ward.hospital.name
    assert said(ruth.get(f"{path}/copy")).count(f"R-{child.number}") > 0


def test_a_hospitals_own_referral_stays_with_its_unit(
    ruth: FlaskClient, session: Session, ward: Ward, database: Database
) -> None:
    row = referrals.draft(session, ward)
    session.commit()
    before = digest(database)

    for step in ("who-and-when", "affiliate", "form", "form/print", "signed"):
        assert ruth.get(f"/referrals/{row.public_id}/{step}").status_code == 403
    answer = ruth.post(f"/referrals/{row.public_id}/signed", data=paper(session, row))

    assert answer.status_code == 403
    assert digest(database) == before
    assert "The unit chooses the affiliate" in said(ruth.get(of(row)))


def test_coordinators_of_other_affiliates_find_nothing_there(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward, ruth: FlaskClient
) -> None:
    row = choose(ruth, session, ward)
    nora: Membership = builders.coordinator(session, ward.receiver, "Nora Webb")
    session.commit()
    other = sign_in(client.application.test_client(), nora)

    for step in ("who-and-when", "affiliate", "form", "form/print", "signed", "copy", "receipt"):
        assert other.get(f"/referrals/{row.public_id}/{step}").status_code == 404
    data = signed(session, row)
    assert other.post(f"/referrals/{row.public_id}/signed", data=data).status_code == 404
    session.refresh(row)
    assert row.state == State.AWAITING


def test_who_received_it_can_neither_print_the_copy_nor_sign_again(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward, ruth: FlaskClient
) -> None:
    row = choose(ruth, session, ward)
    ruth.post(f"/referrals/{row.public_id}/signed", data=signed(session, row))
    nora: Membership = builders.coordinator(session, ward.receiver, "Nora Webb")
    session.commit()
    other = sign_in(client.application.test_client(), nora)

    for step in ("form", "signed", "copy", "receipt"):
        assert other.get(f"/referrals/{row.public_id}/{step}").status_code == 403


def test_a_liaison_finds_no_page_for_who_came_by_themselves(
    client: FlaskClient, sign_in: SignIn, session: Session, ward: Ward, ruth: FlaskClient
) -> None:
    priya = sign_in(client.application.test_client(), ward.liaison)
    row = choose(ruth, session, ward)

    assert priya.get(NEW).status_code == 403
    assert priya.get(f"/referrals/{row.public_id}/form").status_code == 404
    assert ruth.get("/referrals/new").status_code == 403


def test_the_board_shows_days_and_nothing_that_tells_who(
    ruth: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(ruth, session, ward)
    ruth.post(f"/referrals/{row.public_id}/signed", data=signed(session, row))

    board = ruth.get(BOARD)

    assert f"R-{row.number} 1 day" in said(board)
    for canary in CANARIES:
        assert canary not in board.text
