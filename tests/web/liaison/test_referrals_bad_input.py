"""What a referral's pages refuse: in words beside the fields, with nothing kept or changed."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.accounts.models import DeniedAccess, Membership
from outreach.db import Database
from outreach.referrals.codes import State
from outreach.referrals.models import Authorization, Referral
from outreach.wiring import Wiring
from outreach.workflows.referrals import forms
from tests import builders
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.digest import digest
from tests.referral_builders import Ward
from tests.web.liaison.referring import NEW, begin, choose, paper, record, said, the_referral, when

SignIn = Callable[[FlaskClient, Membership], FlaskClient]
NOWHERE = "AAAAAAAAAAAAAAAAAAAAAA"
Cases = list[tuple[dict[str, object], str]]

STEP_ONE: Cases = [
    ({"zip_code": "00000"}, "We know no place with this ZIP code."),
    ({"zip_code": "4820A"}, "Write a ZIP code of five digits, like 48201."),
    ({"zip_code": ""}, "Write a ZIP code of five digits, like 48201."),
    ({"discharged_on": "1900-01-01"}, "Check the year: it must be from 2000 to 2100."),
    ({"discharged_on": "9999-12-31"}, "Check the year: it must be from 2000 to 2100."),
    ({"discharged_on": "2027-11-24"}, "Check the day of the discharge"),
    ({"discharged_on": "yesterday"}, "This is not a date."),
    ({"discharged_time": "25:99"}, "This is not a time."),
    ({"groups": []}, "Choose at least one from the list."),
    ({"groups": ["seance"]}, "Choose from the answers on the list."),
    ({"age_group": "elder"}, "Choose one of the answers on the list."),
    ({"unit": NOWHERE}, "Choose one of the answers on the list."),
    ({"zip_code": "482\x0001"}, "holds characters that cannot be kept"),
]
STEP_THREE: Cases = [
    ({"signed_on": "2026-11-24"}, "The day of the signature is still to come."),
    ({"signed_on": "2026-01-02"}, "This was signed too long ago."),
    ({"signed_on": ""}, "Write the day of the signature."),
    ({"signed_on": "2026-11-20", "expires_on": "2026-11-22"}, "This authorization has expired."),
    ({"expires_on": "2028-02-01"}, "It may run for a year at most."),
    ({"expires_on": "9999-01-01"}, "Check the year"),
    ({"signer": ""}, "Say who signed."),
    ({"signer": "guardian", "authority": ""}, "Say what entitles the person who signed."),
    ({"signer": "guardian", "authority": "mother"}, "Choose one of the answers on the list."),
    ({"signer": "guardian", "authority": "other"}, "Say what entitles the person who signed."),
    ({"signer": "guardian", "authority": "parent"}, "The person is an adult"),
    (
        {"signer": "guardian", "authority": "other", "authority_words": "313-555-0199"},
        "seems to hold a telephone number",
    ),
    (
        {"signer": "guardian", "authority": "other", "authority_words": "File 20231187"},
        "seems to hold a record number",
    ),
    ({"witness": ""}, "A witness must have signed as well."),
    ({"refusal": ""}, "What follows from refusing must have been read."),
    ({"information": ["name"]}, "Say what may be told"),
    ({"information": ["diagnosis"]}, "Choose from the answers on the list."),
    ({"copy_given": ""}, "The person must have their copy first."),
    ({"wording": NOWHERE}, "Choose one of the answers on the list."),
    ({"document_hash": "abc"}, "A SHA-256 has 64 figures"),
    ({"name": "  "}, "Write the name as the person wants to be called."),
    ({"contact_1": ""}, "Write at least one way to reach the person."),
    ({"contact_1": "12"}, "This is not a telephone number"),
    ({"contact_1": "12 Elm Street"}, "Write a telephone number with the area code"),
    ({"contact_1_hours": "Or call 313-555-0199"}, "This seems to hold a telephone number."),
    ({"contact_2": "zoe@"}, "This is not an e-mail address."),
    ({"contact_1_hours": "call 313-555-0199"}, "seems to hold a telephone number"),
    ({"note": "His number is 313-555-0199"}, "This seems to hold a telephone number."),
    ({"note": "MRN 4471203"}, "This seems to hold a record number."),
    ({"note": "F32.1 since May"}, "This seems to hold a diagnosis code."),
    ({"note": "a" * 281}, "A note may have 280 characters at most."),
    ({"language": "tlh"}, "Choose one of the answers on the list."),
]


@pytest.fixture
def priya(client: FlaskClient, sign_in: SignIn, ward: Ward) -> FlaskClient:
    return sign_in(client, ward.liaison)


def count(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Referral)) or 0


def test_step_one_says_what_is_wrong_and_keeps_what_was_typed(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    for changes, words in STEP_ONE:
        answer = priya.post(NEW, data=when(ward, **changes))

        assert answer.status_code == 422, changes
        assert words in said(answer), changes
        assert 'value="support_group"' in answer.text
    assert count(session) == 0


def test_step_one_says_all_that_is_wrong_at_once(priya: FlaskClient, ward: Ward) -> None:
    wrong = when(ward, zip_code="00000", discharged_on="2027-11-24", groups=[], unit="")

    answer = priya.post(NEW, data=wrong)

    assert "Please look at four answers" in said(answer)


def test_a_doubled_first_step_is_one_referral(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    first, second = (priya.post(NEW, data=when(ward)) for _twice in range(2))

    assert first.location == second.location
    assert count(session) == 1


def test_anothers_request_key_is_never_met(
    priya: FlaskClient,
    session: Session,
    ward: Ward,
    sign_in: SignIn,
) -> None:
    priya.post(NEW, data=when(ward))
    other = sign_in(priya.application.test_client(), _colleague(session, ward))

    answer = other.post(NEW, data=when(ward))

    assert answer.status_code == 303
    assert count(session) == 2


def test_an_affiliate_that_is_none_is_refused(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = begin(priya, session, ward)

    for affiliate in ("", NOWHERE, "\0", "x" * 5000):
        data = {"affiliate": affiliate, "version": row.version}
        answer = priya.post(f"/referrals/{row.public_id}/affiliate", data=data)

        assert answer.status_code == 422
        assert "Choose an affiliate from the list." in said(answer)
    assert the_referral(session).affiliate_id is None


def test_an_affiliate_that_takes_nobody_has_no_button_and_is_refused(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    ward.receiver.capacity = "no_capacity"
    row = begin(priya, session, ward)
    path = f"/referrals/{row.public_id}/affiliate"
    assert ward.receiver.public_id not in priya.get(path).text

    answer = priya.post(path, data={"affiliate": ward.receiver.public_id, "version": row.version})

    assert answer.status_code == 422


def test_step_three_refuses_what_cannot_be_and_records_nothing(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)

    for changes, words in STEP_THREE:
        answer = record(priya, session, row, **changes)

        assert answer.status_code == 422, changes
        assert words in said(answer), changes
    kept = the_referral(session)
    assert (kept.state, kept.sealed_name, kept.data_key_id) == (State.AWAITING, None, None)
    assert session.scalar(select(func.count()).select_from(Authorization)) == 0


def test_step_three_says_all_that_is_missing_at_once_and_keeps_what_was_typed(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    typed = {"version": row.version, "note": "MRN 4471203", "contact_1_hours": "after five"}

    answer = priya.post(f"/referrals/{row.public_id}/signed", data=typed)

    page = said(answer)
    assert answer.status_code == 422
    assert "Please look at 15 answers" in page
    for words in ("Choose which form was signed.", "A witness must have signed", "record number"):
        assert words in page
    assert 'value="after five"' in answer.text


@pytest.mark.parametrize(("signer", "is_open"), [("guardian", True), ("person", False)])
def test_who_signed_for_somebody_is_folded_away_until_it_matters(
    priya: FlaskClient, session: Session, ward: Ward, *, signer: str, is_open: bool
) -> None:
    row = choose(priya, session, ward)

    answer = record(priya, session, row, signer=signer, authority="", name="")

    assert answer.status_code == 422
    assert ("<details open>" in answer.text) is is_open


def test_a_form_of_another_profile_cannot_be_recorded(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    other = forms.wording(session, "generic", locale="en")
    assert other is not None

    answer = record(priya, session, row, wording=other.public_id)

    assert answer.status_code == 422
    assert the_referral(session).authorization_id is None


def test_a_young_person_who_decides_alone_signs_alone(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    row.age_group = "youth"

    answer = record(priya, session, row, signer="guardian", authority="parent")

    assert "At this age another person must sign." in said(answer)


def test_a_doubled_third_step_is_sent_once_and_the_second_sees_how_it_stands(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    data = paper(session, row)
    path = f"/referrals/{row.public_id}/signed"

    first, second = (priya.post(path, data=data) for _twice in range(2))

    assert (first.status_code, second.status_code) == (303, 409)
    assert "This referral has moved on since you opened the page." in said(second)
    assert session.scalar(select(func.count()).select_from(Authorization)) == 1


def test_a_stale_version_changes_nothing(
    priya: FlaskClient, session: Session, ward: Ward, db: Database
) -> None:
    waiting = choose(priya, session, ward)
    ready = referrals.ready(session, ward)
    session.commit()
    before = digest(db)

    for version in ("1", "", "99999999999999999999", "½"):
        stale = {"version": version}
        answers = [
            record(priya, session, waiting, **stale),
            priya.post(f"/referrals/{ready.public_id}/send", data=stale),
            priya.post(
                f"/referrals/{ready.public_id}/call-back", data={**stale, "reason": "recalled"}
            ),
            priya.post(
                f"/referrals/{waiting.public_id}/who-and-when",
                data=when(ward, zip_code="48202", **stale),
            ),
        ]
        assert [answer.status_code for answer in answers] == [409] * 4
    assert digest(db) == before


def test_a_person_with_an_open_referral_there_is_not_recorded_a_second_time(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    ward.bureau.phone = "+13135550100"
    referrals.sent(session, ward)
    path = priya.post(NEW, data=when(ward)).location
    row = session.scalars(select(Referral).where(Referral.state == State.DRAFT)).one()
    data = {"affiliate": ward.receiver.public_id, "version": row.version}
    priya.post(path, data=data)
    session.refresh(row)

    answer = record(priya, session, row)

    assert answer.status_code == 409
    assert "second referral to the same affiliate" in said(answer)
    assert f"Ask Ruth Adler of {ward.bureau.name}." in said(answer)
    assert "313-555-0100" in said(answer)
    session.refresh(row)
    assert row.state == State.AWAITING
    trace = session.scalars(select(DeniedAccess)).one()
    kept = (trace.actor, trace.action, trace.subject_kind, trace.status)
    assert kept == (ward.by_liaison.label, "referral.second", "referral", 409)


def test_an_affiliate_that_filled_up_since_gets_nothing_and_nothing_is_recorded(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    ward.receiver.capacity = "no_capacity"

    answer = record(priya, session, row)

    assert answer.status_code == 422
    assert "This affiliate takes no referrals now." in said(answer)
    assert the_referral(session).authorization_id is None


def test_a_referral_that_is_off_meanwhile_is_not_recorded(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    ward.unit.part_two = True

    answer = record(priya, session, row)

    assert answer.status_code == 409
    assert "Referrals are off for this unit." in said(answer)


def test_after_the_authorization_has_ended_no_page_shows_the_person(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    form = referrals.signed_form(session, ward, expires_on=(NOW + timedelta(days=1)).date())
    row = referrals.sent(session, ward, form=form)
    signed = referrals.authorization_of(session, row)
    signed.expires_on = signed.signed_on = (NOW - timedelta(days=1)).date()

    page = said(priya.get(f"/referrals/{row.public_id}"))

    assert f"R-{row.number}" in page
    assert not [canary for canary in referrals.CANARIES if canary in page]


def test_another_hospitals_referral_is_not_there(
    priya: FlaskClient, session: Session, wired: Wiring, db: Database
) -> None:
    theirs = referrals.draft(session, referrals.ward(session, wired.desk, name="Hillside"))
    session.commit()
    before = digest(db)

    for page in ("", "/form", "/form/print", "/signed", "/affiliate", "/who-and-when", "/copy"):
        assert priya.get(f"/referrals/{theirs.public_id}{page}").status_code == 404
    answer = priya.post(f"/referrals/{theirs.public_id}/signed", data=paper(session, theirs))

    assert answer.status_code == 404
    assert digest(db) == before


def _colleague(session: Session, ward: Ward) -> Membership:
    made = builders.liaison(session, ward.hospital, "Nora Kim")
    made.may_refer = True
    return made
