"""A person who came to the affiliate by themselves: the form, the clocks, what is told of them."""

from datetime import date, datetime, time, timedelta
from secrets import token_hex
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.errors import RuleBroken
from outreach.referrals.codes import Field, State
from outreach.referrals.machine import Clock
from outreach.referrals.models import Disclosure, Referral, ReferralClock
from outreach.workflows.referrals import authorizing, disclosing, drafts, forms
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.referral_builders import Ward

EASTERN = ZoneInfo("America/New_York")
TODAY = NOW.astimezone(EASTERN).date()


def begun(session: Session, at: Ward, **values: object) -> Referral:
    """Begin a referral without a unit."""
    usual = {"discharged_on": TODAY, "discharged_time": None}
    return drafts.begin(
        session,
        unit=None,
        bureau=at.bureau,
        description=referrals.description(**(usual | values)),
        request_key=token_hex(8),
        by=at.by_coordinator,
        now=NOW,
    )


def waits(session: Session, at: Ward, **values: object) -> Referral:
    """Let one wait for the signature."""
    row, by = begun(session, at, **values), at.by_coordinator
    drafts.choose_affiliate(session, row, at.receiver, chosen_by="area", by=by, now=NOW)
    drafts.ask_signature(session, row, by=by, desk=at.desk, now=NOW)
    return row


def sent(session: Session, at: Ward, **values: object) -> Referral:
    """Let one be signed and sent."""
    row, by = waits(session, at, **values), at.by_coordinator
    wording = forms.wording(session, "generic-self", locale="en")
    assert wording is not None
    authorizing.record(
        session,
        row,
        referrals.signed_form(session, at, wording_id=wording.public_id, feedback_to_hospital=True),
        referrals.person(),
        operator=at.bureau.name,
        data_key_id=authorizing.prepare_key(at.desk, row),
        version=row.version,
        by=by,
        desk=at.desk,
        now=NOW,
    )
    authorizing.send(session, row, version=None, by=by, desk=at.desk, now=NOW)
    return row


def due_on(session: Session, of: Referral, kind: Clock) -> date:
    """Return the local day on which a clock runs out."""
    wanted = select(ReferralClock.due_at).where(
        ReferralClock.referral_id == of.id, ReferralClock.kind == kind
    )
    return session.scalars(wanted).one().astimezone(EASTERN).date()


def test_a_hospital_that_may_not_refer_stands_in_nobodys_way(session: Session, ward: Ward) -> None:
    ward.hospital.form_profile = None

    row = sent(session, ward)

    assert (row.state, row.hospital_id, row.unit_id) == (State.SENT, None, None)
    assert row.bureau_id == ward.bureau.id


def test_the_bureau_is_who_shares_and_no_hospital_is_told(session: Session, ward: Ward) -> None:
    signed = referrals.authorization_of(session, sent(session, ward))

    assert signed.discloser == ward.bureau.name
    assert (signed.hospital_id, signed.feedback_to_hospital) == (None, False)


def test_nothing_of_a_discharge_is_disclosed_even_if_somebody_ticks_it(
    session: Session, ward: Ward
) -> None:
    row = sent(session, ward)

    disclosed = session.scalars(select(Disclosure)).one()
    assert set(disclosed.information) == set(Field) - {Field.DISCHARGED_ON}
    snapshot = disclosing.last_snapshot(session, row, vault=ward.desk.vault)
    assert Field.DISCHARGED_ON not in snapshot


@pytest.mark.parametrize(
    ("lives", "office", "profile"),
    [
        ("48201", None, "generic-self"),
        ("60614", None, "IL-self"),
        ("48201", "60614", "IL-self"),
        ("60614", "48201", "IL-self"),
    ],
)
def test_the_form_is_that_of_the_state_where_they_live_else_of_the_bureaus(
    session: Session, ward: Ward, lives: str, office: str | None, profile: str
) -> None:
    ward.bureau.zip_code = office

    row = begun(session, ward, zip_code=lives)

    assert forms.profile_for(session, row).code == profile


def test_who_moves_to_another_state_before_the_signature_can_sign_its_form(
    session: Session, ward: Ward
) -> None:
    row = waits(session, ward)
    assert forms.wording(session, "IL-self", locale="es") is None
    described = referrals.description(discharged_on=TODAY, discharged_time=None, zip_code="60614")

    drafts.describe(session, row, described, version=row.version, by=ward.by_coordinator, now=NOW)

    assert forms.profile_for(session, row).code == "IL-self"
    assert forms.wording(session, "IL-self", locale="es") is not None


def test_the_days_count_from_the_day_they_asked(session: Session, ward: Ward) -> None:
    asked = TODAY - timedelta(days=3)

    row = sent(session, ward, discharged_on=asked)

    assert row.discharged_at == datetime.combine(asked, time(12), EASTERN)
    assert due_on(session, row, Clock.CONNECT) == asked + timedelta(days=7)
    assert due_on(session, row, Clock.CLOSE) == asked + timedelta(days=30)


def test_who_asks_this_morning_does_not_wait_for_noon(session: Session, ward: Ward) -> None:
    row = begun(session, ward)

    assert NOW.astimezone(EASTERN).time() < time(12)
    assert row.discharged_at == NOW


def test_who_asked_long_ago_gets_each_window_anew_from_today(session: Session, ward: Ward) -> None:
    row = sent(session, ward, discharged_on=TODAY - timedelta(days=30))

    assert due_on(session, row, Clock.DRAFT) == TODAY + timedelta(days=7)
    assert due_on(session, row, Clock.CONNECT) == TODAY + timedelta(days=7)
    assert due_on(session, row, Clock.CLOSE) == TODAY


@pytest.mark.parametrize("days", [-31, 1])
def test_a_day_that_is_to_come_or_long_past_is_named(
    session: Session, ward: Ward, days: int
) -> None:
    with pytest.raises(RuleBroken, match="a day of the last 30") as refused:
        begun(session, ward, discharged_on=TODAY + timedelta(days=days))

    assert refused.value.field == "discharged_on"
