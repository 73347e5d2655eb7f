"""What people see when something goes wrong, and what is kept of it."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from outreach import logs
from outreach.accounts.models import Account, DeniedAccess, Membership
from outreach.db import Database
from outreach.errors import Conflict, OutreachError, RuleBroken
from outreach.web import auth
from tests import builders

SignIn = Callable[[FlaskClient, Membership], FlaskClient]


@pytest.fixture
def failing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Exception], None]]:
    """A function that lets the sign-in page raise an exception."""
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", False)
    right = app.view_functions["auth.sign_in"]

    def raise_in_view(error: Exception) -> None:
        def view() -> str:
            raise error

        app.view_functions["auth.sign_in"] = view

    yield raise_in_view
    app.view_functions["auth.sign_in"] = right


def headline(page: str) -> str:
    found = re.search(r"<h1>(.*?)</h1>", page)
    assert found
    return found.group(1)


def test_an_unknown_address_leads_back(client: FlaskClient) -> None:
    answer = client.get("/no/such/page")

    assert answer.status_code == 404
    assert headline(answer.text) == "There is nothing here"
    assert "or what it led to is gone" in answer.text
    assert "Check the address" in answer.text
    assert '<a href="tel:+13135550100">313-555-0100</a>' in answer.text


def test_it_is_said_in_the_language_of_the_reader(client: FlaskClient) -> None:
    client.set_cookie("lang", "es")

    answer = client.get("/no/such/page")

    assert '<html lang="es">' in answer.text
    assert headline(answer.text) == "Aquí no hay nada"


def test_a_wrong_method_names_the_right_ones(client: FlaskClient) -> None:
    answer = client.post("/account")

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_what_is_raised_on_purpose_is_said_in_its_own_words(
    client: FlaskClient, failing: Callable[[Exception], None]
) -> None:
    for error, status in (
        (Conflict("Another speaker has already taken this visit."), 409),
        (RuleBroken("The %(thing)s is <closed>.", thing="unit"), 422),
    ):
        failing(error)

        answer = client.get("/sign-in")

        assert answer.status_code == status
        expected = str(error).replace("<", "&lt;").replace(">", "&gt;")
        assert expected in answer.text


@pytest.mark.parametrize("error", [ZeroDivisionError("secret@people.example"), OutreachError("x")])
def test_what_nobody_foresaw_gets_a_number_and_tells_nothing(
    client: FlaskClient,
    failing: Callable[[Exception], None],
    error: Exception,
) -> None:
    failing(error)

    with capture_logs() as logged:
        answer = client.get("/sign-in")

    found = re.search(r"[A-HJ-NP-Z]{3}-[0-9]{3}", answer.text)
    assert answer.status_code == 500
    assert found
    assert [event["reference"] for event in logged] == [found.group()]
    assert "secret" not in answer.text
    assert "+13135550100" in answer.text


def test_an_error_of_the_database_is_logged_without_anybodys_data(
    app: Flask, client: FlaskClient, session: Session, failing: Callable[[Exception], None]
) -> None:
    ruth = builders.coordinator(session, builders.affiliate(session))
    email = session.get_one(Account, ruth.account_id).email
    failing(ZeroDivisionError())

    def view() -> str:
        with app.extensions["outreach"].db.transaction() as own:
            builders.account(own, "Ruth Adler", email=email)
        return ""

    app.view_functions["auth.sign_in"] = view
    with capture_logs() as logged:
        answer = client.get("/sign-in")
    written = logs.scrubbed(str(logged[0]["exc_info"]))  # as the chain of logs.configure does

    assert answer.status_code == 500
    assert "INSERT INTO account" in written
    assert email.partition("@")[0] not in written
    assert "Ruth" not in written


def test_a_database_that_is_away_is_said_to_be_back_in_a_moment(
    client: FlaskClient, failing: Callable[[Exception], None]
) -> None:
    failing(OperationalError("SELECT 1", {}, Exception("server closed the connection")))

    answer = client.get("/sign-in")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_a_signed_in_person_gets_that_page_too_when_the_database_is_away(
    client: FlaskClient, sign_in: SignIn, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruth = builders.coordinator(session, builders.affiliate(session))
    sign_in(client, ruth)

    def away(_: Database) -> None:
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection"))

    monkeypatch.setattr(Database, "reading", away)

    assert client.get("/account").status_code == 503


def test_a_sending_that_fails_is_said_not_to_be_saved(
    app: Flask, client: FlaskClient, failing: Callable[[Exception], None]
) -> None:
    failing(ZeroDivisionError())
    app.view_functions["auth.send_code"], right = (
        app.view_functions["auth.sign_in"],
        app.view_functions["auth.send_code"],
    )

    answer = client.post("/sign-in", data={"email": "ruth@example.org"})
    app.view_functions["auth.send_code"] = right

    assert answer.status_code == 500
    assert headline(answer.text) == "We could not save this"
    assert "what you typed is usually still there" in answer.text
    assert "Try again</a>" not in answer.text


def test_a_view_that_fails_has_changed_nothing(
    app: Flask, client: FlaskClient, session: Session, failing: Callable[[Exception], None]
) -> None:
    ruth = builders.coordinator(session, builders.affiliate(session))
    session.commit()
    account_id = ruth.account_id

    def view() -> str:
        with app.extensions["outreach"].db.transaction() as own:
            own.get_one(Account, account_id).name = "Changed"
            own.flush()
            raise ZeroDivisionError

    failing(ZeroDivisionError())
    app.view_functions["auth.sign_in"] = view

    assert client.get("/sign-in").status_code == 500
    session.expire_all()
    assert session.get_one(Account, account_id).name == "Ruth Adler"


def test_too_much_is_refused(client: FlaskClient) -> None:
    form = client.post("/sign-in", data={"email": "x" * 300_000})
    file = client.post("/sign-in", data=b"x" * 6_000_000, content_type="multipart/form-data")
    many = client.post(
        "/sign-in", data={f"f{n}": "x" for n in range(1100)}, content_type="multipart/form-data"
    )

    assert [form.status_code, file.status_code, many.status_code] == [413, 413, 413]
    assert headline(form.text) == "This is too large"


def test_nonsense_in_place_of_a_form_is_refused_kindly(client: FlaskClient) -> None:
    for body, kind in (
        (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
        (b"--", "multipart/form-data; boundary="),
        (b"{", "application/json"),
        (b"email=%ED%A0%80&csrf_token=%00", "application/x-www-form-urlencoded"),
    ):
        answer = client.post("/sign-in", data=body, content_type=kind)
        assert answer.status_code in {400, 422}, (body, answer.status_code)


def test_a_refusal_is_kept_with_who_and_what_but_nobodys_data(
    client: FlaskClient, sign_in: SignIn, session: Session
) -> None:
    ruth = builders.coordinator(session, builders.affiliate(session))
    sign_in(client, ruth).post("/account/sessions/made-up/end")

    row = session.scalars(select(DeniedAccess)).one()

    assert (row.actor, row.action, row.subject_kind, row.status) == (
        f"coordinator:{ruth.account_id}",
        "session.end",
        "web_session",
        404,
    )


# --- the check at the start


def test_the_application_does_not_start_with_an_unguarded_route() -> None:
    def page() -> str:
        return ""

    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/open", "open", page)

    with pytest.raises(RuntimeError, match=r"@requires\(action\).*: open"):
        auth.refuse_unguarded(app)


def test_nor_with_a_public_route_that_is_also_guarded() -> None:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/", "public.start", auth.requires("self.see")(lambda: ""))

    with pytest.raises(RuntimeError, match=r"public\.start"):
        auth.refuse_unguarded(app)


def test_a_mark_with_an_action_nobody_knows_is_refused() -> None:
    with pytest.raises(KeyError, match=r"visit\.steal"):
        auth.requires("visit.steal")
