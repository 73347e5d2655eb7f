"""What a liaison types into the three steps of a referral, and how she walks them."""

import re
from html import unescape
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from outreach.referrals.codes import Field
from outreach.referrals.models import Referral
from outreach.workflows.referrals import forms
from tests.referral_builders import PATIENT, Ward

KEY = "a-request-key-of-its-own"
NEW = "/referrals/new"


def when(ward: Ward, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field
    """Return what step 1 sends."""
    usual = {
        "unit": ward.unit.public_id,
        "discharged_on": "2026-11-24",
        "discharged_time": "14:00",
        "zip_code": "48201",
        "age_group": "adult",
        "groups": ["support_group", "call_back"],
        "request_key": KEY,
    }
    return usual | changes


def paper(
    session: Session,
    row: Referral,
    *,
    profile: str = "IL",
    **changes: Any,  # noqa: ANN401 - any field
) -> dict[str, Any]:
    """Return what step 3 sends: a form with every element of the strictest profile."""
    wording = forms.wording(session, profile, locale="en")
    assert wording is not None
    usual = {
        "version": str(row.version),
        "wording": wording.public_id,
        "right_to_revoke": "y",
        "no_condition": "y",
        "redisclosure": "y",
        "right_to_inspect": "y",
        "refusal": "y",
        "information": [str(field) for field in Field],
        "signer": "person",
        "witness": "y",
        "signed_on": "2026-11-23",
        "expires_on": "2027-02-22",
        "voicemail_ok": "yes",
        "text_ok": "no",
        "mail_ok": "no",
        "feedback_to_hospital": "no",
        "copy_given": "y",
        "name": PATIENT,
        "contact_1": "312-555-0187",
        "contact_1_voicemail": "y",
        "contact_1_hours": "after five",
        "language": "en",
        "note": "Prefers Tuesdays after five",
        "send": "now",
    }
    return usual | changes


def begin(browser: FlaskClient, session: Session, ward: Ward, **changes: Any) -> Referral:  # noqa: ANN401 - any field
    """Walk step 1."""
    answer = browser.post(NEW, data=when(ward, **changes))
    assert answer.status_code == 303, said(answer)
    return the_referral(session)


def choose(browser: FlaskClient, session: Session, ward: Ward) -> Referral:
    """Walk steps 1 and 2: the page waits for the signature."""
    row = begin(browser, session, ward)
    data = {"affiliate": ward.receiver.public_id, "chosen_by": "area", "version": row.version}
    answer = browser.post(f"/referrals/{row.public_id}/affiliate", data=data)
    assert answer.status_code == 303, said(answer)
    session.refresh(row)
    return row


def record(
    browser: FlaskClient,
    session: Session,
    row: Referral,
    **changes: Any,  # noqa: ANN401 - any field
) -> TestResponse:
    """Walk step 3."""
    return browser.post(f"/referrals/{row.public_id}/signed", data=paper(session, row, **changes))


def the_referral(session: Session) -> Referral:
    """Return the only referral there is, as it stands now."""
    session.expire_all()
    return session.scalars(select(Referral)).one()


def said(answer: TestResponse) -> str:
    """Return the words of a page."""
    body = answer.text.partition("<main")[2].partition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def names_of_inputs(answer: TestResponse) -> set[str]:
    """Return the names of all that a page lets one fill in or sends along."""
    return set(re.findall(r'<(?:input|select|textarea)[^>]* name="([^"]+)"', answer.text))
