"""A hospital's agreement and form, on its page, and what its liaison sees while they lack."""

from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.directory.models import HospitalAgreement, Unit
from tests import builders, serving_builders
from tests.builders import World

SignIn = Callable[[FlaskClient, Membership], FlaskClient]
SIGNED = {
    "kind": "business_associate",
    "signed_on": "2026-10-01",
    "starts_on": "2026-11-01",
    "ends_on": "",
    "reference": "Contract 12, filing cabinet",
}


@pytest.fixture
def desk(client: FlaskClient, ruth: Membership, sign_in: SignIn) -> Callable[[], FlaskClient]:
    return lambda: sign_in(client, ruth)


def test_agreement_and_form_turn_referrals_on_and_the_end_turns_them_off(
    desk: Callable[[], FlaskClient], session: Session, here: World
) -> None:
    browser, path = desk(), f"/coordinator/hospitals/{here.hospital.public_id}"
    assert "agreement is not recorded yet" in unescape(browser.get(path).text)

    browser.post(f"{path}/agreements/new", data=SIGNED)
    browser.post(f"{path}/form", data={"form_profile": "IL"})
    on = unescape(browser.get(path).text)

    assert "On: the units can refer" in on
    assert "Contract 12, filing cabinet. Recorded by Ruth Adler" in on
    assert "Illinois" in on

    assert "from Nov 1, 2026" in on

    made = session.scalars(select(HospitalAgreement)).one()
    asked = browser.get(f"/coordinator/hospitals/agreements/{made.public_id}/end")
    assert "Contract 12" in asked.text
    browser.post(f"/coordinator/hospitals/agreements/{made.public_id}/end")

    off = unescape(browser.get(path).text)
    assert "The hospital’s agreement has ended." in off
    assert "Was ended" in off


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"signed_on": "2026-11-24"}, "still to come"),
        ({"starts_on": "2026-09-30"}, "before it is signed"),
        ({"ends_on": "2026-10-31"}, "end after it begins"),
        ({"reference": " "}, "where the signed paper lies"),
        ({"kind": "handshake"}, "answers on the list"),
        ({"signed_on": "9999-01-01"}, "Check the year"),
    ],
)
def test_an_agreement_that_cannot_be_is_refused(
    desk: Callable[[], FlaskClient],
    session: Session,
    here: World,
    wrong: dict[str, str],
    words: str,
) -> None:
    path = f"/coordinator/hospitals/{here.hospital.public_id}/agreements/new"

    answer = desk().post(path, data=SIGNED | wrong)

    assert answer.status_code == 422
    assert words in unescape(answer.text)
    assert session.scalars(select(HospitalAgreement)).all() == []


def test_an_unknown_form_is_refused(desk: Callable[[], FlaskClient], here: World) -> None:
    path = f"/coordinator/hospitals/{here.hospital.public_id}/form"

    assert desk().post(path, data={"form_profile": "XX"}).status_code == 422


def test_a_unit_is_marked_as_part_of_a_substance_use_program(
    desk: Callable[[], FlaskClient], session: Session, here: World
) -> None:
    browser, path = desk(), f"/coordinator/hospitals/units/{here.unit.public_id}/change"
    facts = {"name": here.unit.name, "age_group": "adult", "part_two": "y"}

    assert browser.post(path, data=facts).status_code == 303

    session.expire_all()
    assert session.get_one(Unit, here.unit.id).part_two
    assert 'name="part_two"' in browser.get(path).text
    page = browser.get(f"/coordinator/hospitals/units/{here.unit.public_id}").text
    assert "nobody is referred from there" in page


def test_a_liaison_sees_why_referrals_are_off_and_whom_to_ask(
    client: FlaskClient, sign_in: SignIn, session: Session, here: World, ruth: Membership
) -> None:
    here.affiliate.on_duty_id = ruth.account_id
    nora = sign_in(client, builders.liaison(session, here.hospital))

    page = unescape(nora.get("/hospital/").text)

    assert "Nobody can be referred from here yet." in page
    assert "The hospital’s agreement is not recorded yet." in page
    assert "It is not settled which form patients sign." in page
    assert "Ask Ruth Adler of Lakeshore Alliance." in page


def test_a_liaison_of_a_hospital_that_may_refer_reads_nothing_of_it(
    client: FlaskClient, sign_in: SignIn, session: Session, here: World, ruth: Membership
) -> None:
    serving_builders.agreement(session, here.hospital, by=builders.actor(ruth))
    here.hospital.form_profile = "generic"
    nora = sign_in(client, builders.liaison(session, here.hospital))

    assert "Nobody can be referred" not in nora.get("/hospital/").text
