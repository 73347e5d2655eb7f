"""A signed form is recorded for what its page showed, or not at all."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.errors import Conflict
from outreach.referrals.codes import State
from outreach.referrals.models import Referral
from outreach.workflows.referrals import drafts
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import Ward
from tests.web.liaison.referring import choose, paper, said, when

SignIn = Callable[[FlaskClient, Membership], FlaskClient]


@pytest.fixture
def priya(client: FlaskClient, sign_in: SignIn, ward: Ward) -> FlaskClient:
    return sign_in(client, ward.liaison)


def test_a_form_that_names_one_affiliate_is_never_recorded_for_another(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    other = referrals.receiving(session, "North Shore", kept_by=ward.bureau)
    row = choose(priya, session, ward)
    at = f"/referrals/{row.public_id}"
    signed = paper(session, row)  # the page says Harbor Falls, and so does the paper

    choice = {"affiliate": other.public_id, "version": str(row.version)}
    changed = priya.post(f"{at}/affiliate", data=choice)
    again = priya.post(f"{at}/affiliate", data=choice)
    answer = priya.post(f"{at}/signed", data=signed)

    assert (changed.status_code, again.status_code) == (303, 303)
    assert answer.status_code == 409, said(answer)
    session.refresh(row)
    assert (row.state, row.affiliate_id, row.authorization_id) == (State.AWAITING, other.id, None)


def test_a_form_is_never_recorded_over_what_was_changed_meanwhile(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    at = f"/referrals/{row.public_id}"
    signed = paper(session, row)

    elsewhere = when(ward, zip_code="48202", version=str(row.version))
    changed, again = (priya.post(f"{at}/who-and-when", data=elsewhere) for _twice in range(2))
    answer = priya.post(f"{at}/signed", data=signed)

    assert (changed.status_code, again.status_code) == (303, 303)
    assert answer.status_code == 409, said(answer)


@pytest.mark.both_engines
def test_what_was_sent_meanwhile_is_neither_moved_nor_described_anew(
    session: Session, ward: Ward
) -> None:
    other = referrals.receiving(session, "North Shore", kept_by=ward.bureau)
    row = referrals.ready(session, ward)
    version = row.version
    behind = update(Referral).where(Referral.id == row.id)
    waits = behind.values(state=State.AWAITING)
    session.execute(waits)
    session.refresh(row)
    # Another browser sends it, between this one's look and its word.
    session.execute(
        behind.values(state=State.SENT, sent_at=NOW, version=version + 1),
        execution_options={"synchronize_session": False},
    )
    by, elsewhere = ward.by_liaison, referrals.description(zip_code="48202")

    with pytest.raises(Conflict):
        drafts.choose_affiliate(session, row, other, chosen_by="person", by=by, now=NOW)
    with pytest.raises(Conflict):
        drafts.describe(session, row, elsewhere, version=version, by=by, now=NOW)

    session.refresh(row)
    assert (row.affiliate_id, row.zip_code) == (ward.receiver.id, "48201")
