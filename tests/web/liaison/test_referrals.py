"""A liaison refers somebody: three steps, no name before the signature, then paper to print."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.db import Database
from outreach.messaging.models import Message
from outreach.reads import referral_authorization
from outreach.referrals.codes import State
from outreach.referrals.models import Authorization, Referral, ReferralReading
from outreach.workflows.referrals import forms
from tests import builders
from tests import referral_builders as referrals
from tests.digest import digest
from tests.referral_builders import CANARIES, PATIENT, Ward
from tests.web.liaison import referring
from tests.web.liaison.referring import begin, choose, names_of_inputs, record, said

SignIn = Callable[[FlaskClient, Membership], FlaskClient]
NAME_FIELDS = {"name", "contact_1", "contact_2", "note"}


@pytest.fixture
def priya(client: FlaskClient, sign_in: SignIn, ward: Ward) -> FlaskClient:
    """A browser in which the ward's liaison, who may refer, is signed in."""
    return sign_in(client, ward.liaison)


def test_a_referral_goes_from_the_conversation_to_the_affiliate_in_three_steps(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    answer = record(priya, session, row)

    assert (answer.status_code, answer.location) == (303, f"/referrals/{row.public_id}")
    session.refresh(row)
    assert (row.state, row.affiliate_id, row.chosen_by) == (State.SENT, ward.receiver.id, "area")
    signed = referrals.authorization_of(session, row)
    assert (signed.witnessed, signed.copy_given, signed.voicemail_ok) == (True, True, True)
    assert signed.operator == ward.bureau.name
    assert session.scalars(select(Message)).one().kind == "item_waits"
    page = said(priya.get(f"/referrals/{row.public_id}"))
    assert "It is recorded and sent." in page
    assert PATIENT in page


def test_no_field_for_a_name_exists_before_the_signature_and_one_that_is_sent_is_kept_nowhere(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    extra = {"name": PATIENT, "contact_1": "312-555-0187", "note": "Prefers Tuesdays after five"}
    row = begin(priya, session, ward, **extra)
    pages = [priya.get("/referrals/new"), priya.get(f"/referrals/{row.public_id}/affiliate")]
    priya.post(
        f"/referrals/{row.public_id}/affiliate",
        data={"affiliate": ward.receiver.public_id, "version": row.version, **extra},
    )
    pages += [
        priya.get(f"/referrals/{row.public_id}/form"),
        priya.get(f"/referrals/{row.public_id}/form/print"),
    ]

    session.refresh(row)
    assert row.state == State.AWAITING
    assert [names_of_inputs(page) & NAME_FIELDS for page in pages] == [set()] * 4
    assert (row.sealed_name, row.sealed_contacts, row.sealed_note) == (None, None, None)
    kept = "".join(str(tuple(found)) for found in session.execute(select(Referral.__table__)).all())
    assert not [canary for canary in CANARIES if canary in kept]


def test_the_affiliates_of_the_zip_code_are_shown_with_reason_person_and_phone(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    referrals.receiving(session, "Far Prairie", counties=(("IL", "Cook County"),))
    row = begin(priya, session, ward)

    page = said(priya.get(f"/referrals/{row.public_id}/affiliate"))

    for words in ("Serves Wayne County", "Has room", "Lena Ortiz", "313-555-0140"):
        assert words in page
    assert "The person’s own choice" in page


def test_the_persons_own_choice_counts_wherever_the_affiliate_is(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    far = referrals.receiving(session, "Far Prairie", counties=(("IL", "Cook County"),))
    row = begin(priya, session, ward)

    data = {"affiliate": far.public_id, "chosen_by": "person", "version": row.version}
    priya.post(f"/referrals/{row.public_id}/affiliate", data=data)

    session.refresh(row)
    assert (row.affiliate_id, row.chosen_by) == (far.id, "person")


def test_the_form_names_everyone_in_either_language_and_leaves_names_to_the_hand(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)

    english = said(priya.get(f"/referrals/{row.public_id}/form/print?lang=en"))
    spanish = said(priya.get(f"/referrals/{row.public_id}/form/print?lang=es"))

    for page in (english, spanish):
        assert ward.hospital.name in page
        assert f"{ward.receiver.name} (Lena Ortiz)" in page
        assert ward.bureau.name in page
        assert f"R-{row.number}" in page
        assert "{" not in page
    assert "Witness: signature and name" in english
    assert "How to reach me" in english
    assert "the person" not in english.split("·")[0]
    assert "February 22, 2027" in english
    assert "Mi firma" in spanish
    assert "22 de febrero de 2027" in spanish


def test_nothing_signed_ends_it_with_nothing_kept(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)

    for _twice in range(2):
        answer = priya.post(f"/referrals/{row.public_id}/information-given")
        assert answer.status_code == 303

    session.refresh(row)
    assert (row.state, row.reason, row.data_key_id) == (State.CANCELLED, "information_given", None)


def test_the_persons_copy_is_printed_with_the_form_and_its_code_is_that_of_the_recording(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)

    sheet = priya.get(f"/referrals/{row.public_id}/form/print?lang=en")

    chart, copy = sheet.text.split("sheet-next")
    code = ward.desk.links.stop_code(row.form_id)
    written = f"{code[:4]} {code[4:]}"
    assert (written in chart, copy.count(written)) == (False, 2)
    assert copy.count("To stop contact at once: open") == 1
    for choice in ("Texts ☐", "Voicemail ☐", "E-mail ☐", "may be told whether I was reached: ☐"):
        assert choice.replace("☐", "") in copy.replace("☐", "")
    assert ("Tick here what" in chart, copy.count("Tick here what")) == (False, 1)
    record(priya, session, row)
    session.refresh(row)
    assert referrals.authorization_of(session, row).public_id == row.form_id
    assert written in said(priya.get(f"/referrals/{row.public_id}/copy"))


@pytest.mark.parametrize(
    ("authority", "words", "shown"),
    [
        ("guardian", "left over", "Legal guardian"),
        ("other", "Next of kin  under state law", "Next of kin under state law"),
    ],
)
def test_what_entitles_a_guardian_is_kept_by_code_or_in_words(
    priya: FlaskClient,
    session: Session,
    ward: Ward,
    *,
    authority: str,
    words: str,
    shown: str,
) -> None:
    row = choose(priya, session, ward)

    record(priya, session, row, signer="guardian", authority=authority, authority_words=words)

    session.refresh(row)
    signed = referrals.authorization_of(session, row)
    assert (row.state, signed.authority) == (State.SENT, authority)
    elements = referral_authorization.given(session, signed, zone=row.time_zone).elements
    assert dict(elements)["What entitles who signed"] == shown


def test_the_copy_has_number_code_and_ways_to_stop_and_is_printed_again_after_the_recording(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    assert priya.get(f"/referrals/{row.public_id}/copy").status_code == 303
    record(priya, session, row)
    session.refresh(row)

    page = said(priya.get(f"/referrals/{row.public_id}/copy"))

    code = ward.desk.links.stop_code(referrals.authorization_of(session, row).public_id)
    for words in (f"R-{row.number}", f"{code[:4]} {code[4:]}", "/stop", ward.receiver.name):
        assert words in page
    assert "Lena Ortiz" in page
    assert "Texts: no. Voicemail: yes. E-mail: no." in page
    assert "The hospital may be told whether I was reached: " in page
    assert "My name" in page
    assert not [canary for canary in CANARIES if canary in page]


def test_the_copy_speaks_the_language_that_was_signed(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    spanish = forms.wording(session, "IL", locale="es")
    assert spanish is not None
    record(priya, session, row, wording=spanish.public_id)

    page = priya.get(f"/referrals/{row.public_id}/copy")

    assert '<html lang="en">' in page.text
    assert '<article class="sheet" lang="es">' in page.text
    assert "Para detener el contacto de inmediato" in said(page)
    assert "Quién se comunica con usted" in said(page)


def test_the_receipt_has_no_name_and_says_who_when_and_what_next(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    record(priya, session, row)

    page = said(priya.get(f"/referrals/{row.public_id}/receipt"))

    for words in (f"R-{row.number}", ward.receiver.name, "Lena Ortiz", "Monday, November 23"):
        assert words in page
    assert "The affiliate looks at it and answers." in page
    assert not [canary for canary in CANARIES if canary in page]


def test_the_sheet_for_when_the_computer_is_down_says_what_to_type_later(
    priya: FlaskClient, ward: Ward
) -> None:
    english = said(priya.get("/referrals/downtime?lang=en"))
    spanish = said(priya.get("/referrals/downtime?lang=es"))

    assert "Later, at the computer:" in english
    assert "Witness: signature and name" in english
    assert "Testigo: firma y nombre" in spanish
    assert ward.hospital.name in spanish


def test_it_may_leave_by_itself_at_the_discharge(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    answer = record(priya, session, row, send="discharge")

    session.refresh(row)
    assert answer.status_code == 303
    assert (row.state, row.send_at_discharge, row.sent_at) == (State.READY, True, None)
    assert "It leaves by itself at the discharge" in said(priya.get("/referrals/"))
    data = {"version": row.version, "when": "now"}
    assert priya.post(f"/referrals/{row.public_id}/send", data=data).status_code == 303
    session.refresh(row)
    assert row.state == State.SENT


def test_the_list_holds_no_name_and_shows_an_outcome_only_where_the_person_agreed(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    silent = referrals.closed(session, ward)
    open_form = referrals.signed_form(session, ward, feedback_to_hospital=True)
    told = referrals.closed(session, ward, form=open_form)

    page = said(priya.get("/referrals/?when=ended"))

    assert f"R-{silent.number}" in page
    assert f"R-{told.number}" in page
    assert page.count("met the person") == 1
    assert not [canary for canary in CANARIES if canary in page]
    quiet = said(priya.get(f"/referrals/{silent.public_id}"))
    assert "Connected" not in quiet
    assert "met the person" not in quiet


def test_opening_a_referral_is_written_down_each_time_and_changes_nothing_else(
    priya: FlaskClient, session: Session, ward: Ward, db: Database
) -> None:
    row = referrals.sent(session, ward)
    session.commit()
    before = digest(db)

    for path in ("", "/copy", "/receipt"):
        assert priya.get(f"/referrals/{row.public_id}{path}").status_code == 200

    kinds = session.scalars(select(ReferralReading.via).order_by(ReferralReading.id)).all()
    assert kinds == ["page", "print", "print"]
    assert digest(db) == before


def test_a_referral_is_called_back_with_a_reason(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = referrals.sent(session, ward)
    path = f"/referrals/{row.public_id}/call-back"
    assert priya.get(path).status_code == 200
    assert "Choose a reason." in said(priya.post(path, data={"version": row.version}))

    answer = priya.post(path, data={"version": row.version, "reason": "stays_longer"})

    session.refresh(row)
    assert (answer.status_code, row.state) == (303, State.CANCELLED)
    assert "The affiliate confirms that it stopped." in said(priya.get(answer.location))


def test_a_withdrawal_stops_at_once_and_the_witnessed_paper_follows(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = referrals.sent(session, ward)
    path = f"/referrals/{row.public_id}"
    for _twice in range(2):
        data = {"how": "spoken", "received_by": "Nurse Joy"}
        assert priya.post(f"{path}/withdrawal", data=data).status_code == 303

    page = said(priya.get(path))
    session.expire_all()
    signed = referrals.authorization_of(session, row)
    assert (signed.active, signed.revoked_how, row.state) == (False, "spoken", State.CANCELLED)
    assert PATIENT not in page
    assert "In this state a witness signs it as well." in page
    unwitnessed = priya.post(f"{path}/paper", data={"written_on": "2026-11-23"})
    assert (unwitnessed.status_code, signed.written_revocation_on) == (422, None)
    future = {"written_on": "2026-12-01", "witness": "y"}
    assert priya.post(f"{path}/paper", data=future).status_code == 422
    paper = {"written_on": "2026-11-23", "witness": "y"}
    assert priya.post(f"{path}/paper", data=paper).status_code == 303
    came = "The written withdrawal came, signed by a witness as well."
    assert came in said(priya.get(path))
    session.refresh(signed)
    assert signed.written_revocation_witnessed


def test_where_referrals_are_off_the_page_says_why_and_whom_to_ask(
    client: FlaskClient, session: Session, sign_in: SignIn, ward: Ward
) -> None:
    away = builders.hospital(session, ward.bureau, name="St. Elsewhere")
    nobody = builders.liaison(session, away)
    nobody.may_refer = True
    theirs = sign_in(client, nobody)

    for path in ("/referrals/", "/referrals/new"):
        page = said(theirs.get(path))
        assert "The hospital’s agreement is not recorded yet." in page
        assert "It is not settled which form patients sign." in page
        assert "Ruth Adler" in page
    assert theirs.post("/referrals/new", data=referring.when(ward)).status_code == 409
    assert session.scalar(select(func.count()).select_from(Referral)) == 0


def test_a_unit_of_a_substance_use_program_refers_nobody_and_says_so(
    priya: FlaskClient, ward: Ward
) -> None:
    ward.unit.part_two = True
    answer = priya.post("/referrals/new", data=referring.when(ward))

    assert answer.status_code == 422
    assert "42 CFR Part 2" in said(answer)


def test_without_the_right_to_refer_there_is_no_entry_and_no_page(
    client: FlaskClient, session: Session, sign_in: SignIn, ward: Ward
) -> None:
    row = referrals.sent(session, ward)
    ward.liaison.may_refer = False
    theirs = sign_in(client, ward.liaison)

    assert 'href="/referrals/"' not in theirs.get("/units/").text
    for path in ("/referrals/", "/referrals/new", "/referrals/downtime"):
        assert theirs.get(path).status_code == 403
    assert theirs.get(f"/referrals/{row.public_id}").status_code in {403, 404}


def test_what_was_said_in_step_one_can_be_changed_until_the_signature(
    priya: FlaskClient, session: Session, ward: Ward
) -> None:
    row = choose(priya, session, ward)
    path = f"/referrals/{row.public_id}/who-and-when"
    assert "48201" in priya.get(path).text
    changed = referring.when(ward, zip_code="48226", version=row.version)

    assert priya.post(path, data=changed).status_code == 303

    session.refresh(row)
    assert (row.zip_code, row.state) == ("48226", State.AWAITING)
    record(priya, session, row)
    assert priya.get(path).status_code == 303
    assert session.scalar(select(func.count()).select_from(Authorization)) == 1
