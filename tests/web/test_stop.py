"""The page where a person stops contact with the number and code of their copy."""

from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from outreach.db import Database
from outreach.errors import Conflict
from outreach.referrals.codes import State
from outreach.referrals.models import Referral
from outreach.workflows.referrals import authorizing, stopping
from tests import referral_builders as referrals
from tests.builders import NOW
from tests.digest import digest
from tests.referral_builders import Ward

DOES_NOT_FIT = "This number and this code do not fit together."


@pytest.fixture
def sent(session: Session, ward: Ward) -> Referral:
    made = referrals.sent(session, ward)
    session.commit()
    return made


def code_of(session: Session, ward: Ward, row: Referral) -> str:
    return ward.desk.links.stop_code(referrals.authorization_of(session, row).public_id)


def stop(client: FlaskClient, number: str, code: str) -> TestResponse:
    return client.post("/stop", data={"number": number, "code": code})


def test_number_and_code_stop_contact_at_once_and_a_second_time_is_as_good(
    client: FlaskClient, session: Session, ward: Ward, sent: Referral
) -> None:
    code = code_of(session, ward, sent)

    for typed in (f"{code[:4]} {code[4:]}", code):
        answer = stop(client, f"R-{sent.number}", typed)
        assert (answer.status_code, answer.location) == (303, "/stop/done")

    session.expire_all()
    signed = referrals.authorization_of(session, sent)
    assert (signed.active, signed.revoked_how) == (False, "stop_code")
    assert sent.state == State.CANCELLED


def test_what_came_of_it_is_said_without_the_form_and_without_anything_of_the_person(
    client: FlaskClient, session: Session, ward: Ward, sent: Referral
) -> None:
    code = code_of(session, ward, sent)

    first, again = (
        client.post(
            "/stop", data={"number": f"R-{sent.number}", "code": code}, follow_redirects=True
        )
        for _twice in range(2)
    )

    assert first.text == again.text
    page = unescape(first.text).split("<h1>")[1]
    assert page.startswith("Contact is stopped")
    assert "The affiliate, if it knew of you, is told" in page
    assert "You need do nothing more." in page
    assert "<input" not in page.split("</main>")[0]
    assert str(sent.number) not in first.text
    assert first.headers["Cache-Control"] == "no-store"


def test_the_copy_stops_it_before_the_form_is_recorded_too(
    client: FlaskClient, session: Session, ward: Ward
) -> None:
    waits = referrals.draft(session, ward)
    session.commit()
    code = ward.desk.links.stop_code(waits.form_id)

    answers = [stop(client, f"R-{waits.number}", code).status_code for _twice in range(2)]

    session.expire_all()
    assert answers == [303, 303]
    assert (waits.state, waits.reason) == (State.CANCELLED, "person_asked")
    with pytest.raises(Conflict):
        authorizing.record(
            session,
            waits,
            referrals.signed_form(session, ward),
            referrals.person(),
            operator="Outreach",
            data_key_id=authorizing.prepare_key(ward.desk, waits),
            version=waits.version,
            by=ward.by_liaison,
            desk=ward.desk,
            now=NOW,
        )


def test_the_answer_is_the_same_whether_or_not_the_number_exists(
    client: FlaskClient, sent: Referral, db: Database
) -> None:
    before = digest(db)

    wrong_code = stop(client, str(sent.number), "00000000")
    wrong_number = stop(client, str(sent.number % 900_000 + 100_001), "00000000")
    no_number = stop(client, "my number", "00000000")

    assert [a.status_code for a in (wrong_code, wrong_number, no_number)] == [422] * 3
    assert DOES_NOT_FIT in unescape(wrong_code.text)
    assert _without_what_was_typed(wrong_code) == _without_what_was_typed(wrong_number)
    assert digest(db) == before


def test_what_cannot_be_read_is_refused_beside_its_field(client: FlaskClient) -> None:
    assert "Write the number on your copy." in stop(client, "", "").text
    assert stop(client, "R-481207", "4" * 500).status_code == 422
    assert stop(client, "R-48\x001207", "48120733").status_code == 422
    assert stop(client, "٤٨١٢٠٧", "48120733").status_code == 422


def test_guessing_is_stopped_with_the_right_code_too(
    client: FlaskClient, session: Session, ward: Ward, sent: Referral
) -> None:
    tries = [
        stop(client, str(sent.number), "00000000").status_code
        for _try in range(stopping.STOP_FOR_NUMBER.size)
    ]

    answer = stop(client, str(sent.number), code_of(session, ward, sent))

    assert set(tries) == {422}
    assert answer.status_code == 429
    session.expire_all()
    assert referrals.authorization_of(session, sent).active


def test_a_number_written_in_many_ways_gives_no_more_tries(
    client: FlaskClient, sent: Referral
) -> None:
    tries = [
        client.post(
            "/stop",
            data={"number": f"{'0' * zeros}{sent.number}", "code": "00000000"},
            environ_overrides={"REMOTE_ADDR": f"192.0.2.{zeros}"},
        ).status_code
        for zeros in range(stopping.STOP_FOR_NUMBER.size + 1)
    ]

    assert tries == [422] * stopping.STOP_FOR_NUMBER.size + [429]


def test_no_browser_keeps_the_page_where_contact_is_stopped(client: FlaskClient) -> None:
    typed = {"number": "R-481207", "code": "48120733"}

    answers = [client.get("/stop"), client.post("/stop", data=typed)]

    assert [answer.headers["Cache-Control"] for answer in answers] == ["no-store", "no-store"]


def test_the_page_speaks_spanish_changes_nothing_and_help_and_privacy_lead_to_it(
    client: FlaskClient, sent: Referral, db: Database
) -> None:
    del sent
    before = digest(db)

    page = client.get("/stop", headers={"Accept-Language": "es"})

    assert "Detener el contacto" in page.text
    assert digest(db) == before
    for path in ("/help", "/privacy"):
        assert 'href="/stop"' in client.get(path).text


def _without_what_was_typed(answer: TestResponse) -> str:
    lines = answer.text.splitlines()
    return "\n".join(line for line in lines if "value=" not in line)
