"""What a liaison reads of a discharge: its hour only where somebody gave it."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from tests.referral_builders import Ward
from tests.web.liaison.referring import begin, choose, record, said

SignIn = Callable[[FlaskClient, Membership], FlaskClient]


@pytest.fixture
def priya(client: FlaskClient, sign_in: SignIn, ward: Ward) -> FlaskClient:
    """A browser in which the ward's liaison, who may refer, is signed in."""
    return sign_in(client, ward.liaison)


def test_an_hour_that_nobody_gave_is_shown_nowhere(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = begin(priya, session, ward, discharged_time="")
    data = {"affiliate": ward.receiver.public_id, "chosen_by": "area", "version": row.version}
    priya.post(f"/referrals/{row.public_id}/affiliate", data=data)
    session.refresh(row)

    waits = said(priya.get(f"/referrals/{row.public_id}/form"))
    step_1 = priya.get(f"/referrals/{row.public_id}/who-and-when").text
    record(priya, session, row)
    stands = said(priya.get(f"/referrals/{row.public_id}"))
    receipt = said(priya.get(f"/referrals/{row.public_id}/receipt"))

    for page in (waits, stands, receipt):
        assert "Discharge Tuesday, November 24 " in page
        assert "12:00" not in page
    assert re.search(r'name="discharged_on"[^>]* value="2026-11-24"', step_1)
    assert "12:00" not in step_1


def test_an_hour_that_somebody_gave_is_shown_and_filled_in_again(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)

    waits = said(priya.get(f"/referrals/{row.public_id}/form"))
    step_1 = priya.get(f"/referrals/{row.public_id}/who-and-when").text

    assert "Discharge Tuesday, November 24, 2:00 PM Eastern Time" in waits
    assert re.search(r'name="discharged_time"[^>]* value="14:00"', step_1)


def test_send_at_discharge_says_what_it_does_where_the_hour_is_not_known(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = begin(priya, session, ward, discharged_time="")
    data = {"affiliate": ward.receiver.public_id, "chosen_by": "area", "version": row.version}
    priya.post(f"/referrals/{row.public_id}/affiliate", data=data)
    session.refresh(row)
    noon = "at noon of the day of discharge, Eastern Time"

    step_3 = said(priya.get(f"/referrals/{row.public_id}/signed"))
    answer = record(priya, session, row, send="discharge")
    stands = said(priya.get(answer.location))
    receipt = said(priya.get(f"/referrals/{row.public_id}/receipt"))

    assert f"Send {noon}" in step_3
    assert f"It is recorded. It leaves by itself {noon}." in stands
    assert f"It leaves by itself {noon}: Tuesday, November 24 " in stands
    assert f"It leaves by itself {noon}: Tuesday, November 24 " in receipt
