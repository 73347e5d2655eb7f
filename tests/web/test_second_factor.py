"""The pages of the second step: set up once, asked for each time, changed when just shown."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach.accounts import factors, sessions
from outreach.accounts.models import Membership, Passkey
from outreach.actor import Kind
from outreach.db import Database
from outreach.wiring import Wiring
from tests import builders, factor_builders
from tests.browser_client import commit_rows_in_hand
from tests.builders import NOW
from tests.digest import digest
from tests.factor_builders import App
from tests.software_key import SoftwareKey

STEP = "/sign-in/second-step"
SET_UP = f"{STEP}/set-up"
TODAY = "/coordinator/"
SignIn = Callable[[FlaskClient, Membership], FlaskClient]


@pytest.fixture
def ruth(session: Session) -> Membership:
    return builders.coordinator(session, builders.affiliate(session))


@pytest.fixture
def half_in(client: FlaskClient, database: Database, ruth: Membership) -> FlaskClient:
    """Ruth's browser after the mailed code."""
    return after_the_code(client, database, ruth)


def after_the_code(client: FlaskClient, database: Database, member: Membership) -> FlaskClient:
    commit_rows_in_hand()
    with database.transaction() as session:
        token = sessions.begin(session, member, account_id=member.account_id, browser="", now=NOW)
    client.set_cookie("session", token)
    return client


def secret_on(page: str) -> App:
    found = re.search(r'<p class="secret"><code>([A-Z2-7 ]+)</code>', page)
    assert found
    return App(found[1].replace(" ", ""))


def codes_on(page: str) -> list[str]:
    return re.findall(r"<li><code>([a-z2-9-]+)</code></li>", page)


def held(database: Database, of: Membership) -> tuple[bool, int, int]:
    with database.reading() as session:
        found = factors.held(session, of.account_id)
        return found.app is not None, len(found.passkeys), found.codes_left


def test_the_first_sign_in_leads_to_setting_it_up_before_anything_opens(
    half_in: FlaskClient,
) -> None:
    today = half_in.get(f"{TODAY}?x=1")
    step = half_in.get(today.location)
    choose = half_in.get(step.location)

    assert (today.status_code, today.location) == (303, f"{STEP}?next=/coordinator/?x%3D1")
    assert (step.status_code, step.location) == (303, SET_UP)
    assert "Set up your second step" in choose.text
    assert 'aria-label="Main"' not in choose.text
    assert half_in.post("/coordinator/people/coordinators/new").status_code == 403


def test_an_app_is_set_up_with_a_picture_and_ten_codes(
    half_in: FlaskClient, database: Database, ruth: Membership, wired: Wiring
) -> None:
    begun = half_in.post(f"{SET_UP}/app")
    page = half_in.get(begun.location).text
    app = secret_on(page)
    wrong = half_in.post(f"{SET_UP}/app/code", data={"code": "000 000"})
    done = half_in.post(f"{SET_UP}/app/code", data={"code": app.code()})

    assert (begun.status_code, begun.location) == (303, f"{SET_UP}/app")
    assert 'src="data:image/svg+xml' in unescape(page)
    assert (wrong.status_code, secret_on(wrong.text)) == (422, app)
    assert "not the code of this picture" in wrong.text
    assert (done.status_code, len(codes_on(done.text))) == (200, 10)
    assert held(database, ruth) == (True, 0, 10)
    assert half_in.get(TODAY).status_code == 200
    with wired.db.reading() as session:
        assert app.secret not in repr(
            session.connection().exec_driver_sql("SELECT * FROM totp_factor").all()
        )


def test_looking_at_the_picture_changes_nothing(half_in: FlaskClient, database: Database) -> None:
    half_in.post(f"{SET_UP}/app")
    before = digest(database)

    pages = [half_in.get(path) for path in (f"{SET_UP}/app", SET_UP, f"{SET_UP}/passkey")]

    assert [page.status_code for page in pages] == [200] * 3
    assert {page.headers["Cache-Control"] for page in pages} == {"no-store"}
    assert digest(database) == before


def test_the_step_is_asked_for_and_leads_where_one_wanted_to_be(
    half_in: FlaskClient, session: Session, ruth: Membership
) -> None:
    app = factor_builders.app(session, ruth)

    asked = half_in.get(half_in.get("/coordinator/people").location)
    wrong = half_in.post(f"{STEP}?next=/coordinator/people", data={"code": "000000"})
    right = half_in.post(f"{STEP}?next=/coordinator/people", data={"code": app.code()})

    assert "Show that it is you" in asked.text
    assert (wrong.status_code, "wrong, too old or used already" in wrong.text) == (422, True)
    assert (right.status_code, right.location) == (303, "/coordinator/people")
    assert half_in.get(right.location).status_code == 200


@pytest.mark.both_engines
def test_the_cookie_of_before_the_second_step_is_worth_nothing_after_it(
    client: FlaskClient, app: Flask, database: Database, session: Session, ruth: Membership
) -> None:
    phone = factor_builders.app(session, ruth)
    before = cookie_of(after_the_code(client, database, ruth))
    thief = app.test_client()
    thief.set_cookie("session", before)
    assert thief.get(STEP).status_code == 200

    client.post(STEP, data={"code": phone.code()})

    assert cookie_of(client) != before
    assert client.get(TODAY).status_code == 200
    assert thief.get(TODAY).location.startswith("/sign-in?")
    assert thief.get("/account").location.startswith("/sign-in?")


def test_setting_up_the_first_app_gives_a_new_cookie_too(half_in: FlaskClient, app: Flask) -> None:
    before = cookie_of(half_in)
    half_in.post(f"{SET_UP}/app")
    digits = secret_on(half_in.get(f"{SET_UP}/app").text).code()

    half_in.post(f"{SET_UP}/app/code", data={"code": digits})

    thief = app.test_client()
    thief.set_cookie("session", before)
    assert thief.get(TODAY).location.startswith("/sign-in?")
    assert half_in.get(TODAY).status_code == 200


def cookie_of(client: FlaskClient) -> str:
    found = client.get_cookie("session")
    assert found
    return found.value


def test_it_leads_to_no_other_host(
    half_in: FlaskClient, session: Session, ruth: Membership
) -> None:
    app = factor_builders.app(session, ruth)

    right = half_in.post(f"{STEP}?next=//evil.example", data={"code": app.code()})

    assert right.location == TODAY


def test_a_recovery_code_opens_as_well(
    half_in: FlaskClient, session: Session, ruth: Membership
) -> None:
    factor_builders.app(session, ruth)
    code = factor_builders.codes(session, ruth)[0]

    assert half_in.post(STEP, data={"code": code}).status_code == 303
    assert half_in.get(TODAY).status_code == 200


def test_the_sixth_wrong_try_waits(
    half_in: FlaskClient, session: Session, ruth: Membership, present: Traveller
) -> None:
    app = factor_builders.app(session, ruth)
    tries = [half_in.post(STEP, data={"code": "000000"}).status_code for _ in range(6)]

    present.shift(timedelta(minutes=5))
    later = half_in.post(STEP, data={"code": app.code(NOW + timedelta(minutes=5))})

    assert tries == [422] * 5 + [429]
    assert later.status_code == 303


@pytest.mark.both_engines
def test_codes_that_are_wrong_used_or_anothers_say_so_and_change_nothing(
    half_in: FlaskClient, app: Flask, database: Database, session: Session, ruth: Membership
) -> None:
    phone, paper = factor_builders.app(session, ruth), factor_builders.codes(session, ruth)
    rosa = builders.coordinator(session, builders.affiliate(session, "Riverbend"), "Rosa Meyer")
    hers = [factor_builders.app(session, rosa).code(), factor_builders.codes(session, rosa)[0]]
    for used in (phone.code(), paper[0]):
        assert half_in.post(STEP, data={"code": used}).status_code == 303
    browser = after_the_code(app.test_client(), database, ruth)
    before = digest(database)

    for code in (phone.code(), paper[0], *hers):
        answer = browser.post(STEP, data={"code": code})
        assert (answer.status_code, "too old or used already" in answer.text) == (422, True)

    assert digest(database) == before
    assert browser.get(TODAY).location.startswith(STEP)


def test_a_passkey_is_set_up_and_shown(
    half_in: FlaskClient, app: Flask, database: Database, ruth: Membership
) -> None:
    key = SoftwareKey()
    asked = half_in.post(f"{STEP}/challenge", data={"purpose": "add"})
    sent = {"name": "Blue key", "credential": key.make(asked.text)}
    added = half_in.post(f"{SET_UP}/passkey", data=sent)
    other = after_the_code(app.test_client(), database, ruth)
    before = cookie_of(other)
    page = other.get(STEP).text
    asked_again = other.post(f"{STEP}/challenge", data={"purpose": "show"})
    signed = {"credential": key.sign(asked_again.text)}
    shown = other.post(f"{STEP}/passkey?next=/account", data=signed)
    repeated = other.post(f"{STEP}/passkey", data=signed)

    assert asked.mimetype == "application/json"
    assert (added.status_code, len(codes_on(added.text))) == (200, 10)
    assert 'data-passkey="/sign-in/second-step/challenge"' in page
    assert (shown.status_code, shown.location) == (303, "/account")
    assert repeated.status_code == 422
    assert cookie_of(other) != before
    assert "Blue key" in other.get("/account").text


def test_without_javascript_the_page_says_what_is_missing(
    half_in: FlaskClient, database: Database, ruth: Membership
) -> None:
    sent = half_in.post(f"{SET_UP}/passkey", data={"name": "Blue key", "credential": ""})
    unnamed = half_in.post(f"{SET_UP}/passkey", data={"name": "", "credential": "{}"})
    garbled = half_in.post(f"{SET_UP}/passkey", data={"name": "Blue key", "credential": "{}"})

    assert [answer.status_code for answer in (sent, unnamed, garbled)] == [422] * 3
    assert "Passkeys need JavaScript" in sent.text
    assert "Give it a name" in unnamed.text
    assert "That passkey did not work here" in garbled.text
    assert held(database, ruth) == (False, 0, 0)


def test_where_browsers_make_no_keys_none_is_offered(
    half_in: FlaskClient, wired: Wiring, monkeypatch: pytest.MonkeyPatch
) -> None:
    for address in ("http://127.0.0.1:8000", "http://bureau.example"):
        config = wired.config.model_copy(update={"public_base_url": address})
        monkeypatch.setattr("outreach.web.context.config", lambda config=config: config)

        assert "Passkeys need this service to have a name" in half_in.get(SET_UP).text
        assert half_in.post(f"{STEP}/challenge", data={"purpose": "add"}).status_code == 422


def test_a_change_needs_the_step_shown_within_ten_minutes(
    half_in: FlaskClient,
    database: Database,
    session: Session,
    ruth: Membership,
    present: Traveller,
) -> None:
    app, browser = factor_builders.app(session, ruth), half_in
    browser.post(STEP, data={"code": app.code()})
    present.shift(timedelta(minutes=10))
    before = digest(database)

    posts = [f"{STEP}/recovery-codes", f"{STEP}/app/remove", f"{SET_UP}/app"]
    answers = [browser.post(path) for path in posts]
    pages = [browser.get(path) for path in (SET_UP, f"{SET_UP}/app", f"{SET_UP}/passkey")]
    unchanged = digest(database) == before
    said = browser.get(answers[0].location).text
    code = app.code(NOW + timedelta(minutes=10))
    shown = browser.post(answers[0].location, data={"code": code})

    assert {answer.location for answer in answers} == {f"{STEP}?next=/account%23second-step"}
    assert {page.location.partition("?")[0] for page in pages} == {STEP}
    assert unchanged
    assert "First show your second step once more." in said
    assert shown.location == "/account#second-step"
    made = browser.post(f"{STEP}/recovery-codes")
    assert (made.status_code, len(codes_on(made.text))) == (200, 10)


def test_one_of_two_is_removed_and_the_last_one_stays(
    client: FlaskClient, database: Database, session: Session, ruth: Membership, sign_in: SignIn
) -> None:
    seen = factor_builders.enter(session, ruth)
    factor_builders.app(session, ruth)
    key = factor_builders.passkey(session, ruth, SoftwareKey(), browser_id=seen.session_id)
    browser = sign_in(client, ruth)

    account = browser.get("/account").text
    browser.post(f"{STEP}/passkeys/{key.public_id}/remove")
    refused = browser.post(f"{STEP}/app/remove")

    assert "An app on your phone" in account
    assert "Passkey: Blue key" in account
    assert "This is your only second step." in browser.get(refused.location).text
    assert held(database, ruth) == (True, 0, 0)


def test_nobody_removes_anothers_passkey(
    client: FlaskClient, database: Database, session: Session, ruth: Membership, sign_in: SignIn
) -> None:
    rosa = builders.coordinator(session, builders.affiliate(session, "Riverbend"), "Rosa Meyer")
    seen = factor_builders.enter(session, rosa)
    factor_builders.passkey(session, rosa, SoftwareKey(), browser_id=seen.session_id)
    key = session.scalars(select(Passkey)).one()

    answer = sign_in(client, ruth).post(f"{STEP}/passkeys/{key.public_id}/remove")

    assert answer.status_code == 404
    assert held(database, rosa) == (False, 1, 0)


def test_a_speaker_is_never_asked_and_sets_nothing_up(
    client: FlaskClient, database: Database, session: Session
) -> None:
    here = builders.world(session)
    maria = builders.speaker_member(session, builders.speaker(session, here.affiliate))
    browser = after_the_code(client, database, maria)

    assert browser.get("/account").status_code == 200
    assert "Second step when signing in" not in browser.get("/account").text
    assert browser.get(STEP).location == "/speaker"
    assert [browser.post(f"{SET_UP}/app").status_code, browser.get(SET_UP).status_code] == [
        422,
        422,
    ]
    assert held(database, maria) == (False, 0, 0)


def test_who_also_speaks_goes_on_as_speaker_and_is_asked_when_coordinating(
    half_in: FlaskClient, session: Session, ruth: Membership
) -> None:
    factor_builders.app(session, ruth)
    here = builders.world(session, "Riverbend")
    maria = builders.speaker(session, here.affiliate)
    place = {"affiliate_id": here.affiliate.id, "speaker_id": maria.id}
    speaks = builders.also(session, ruth, Kind.SPEAKER, **place)

    page = half_in.get(STEP).text
    chosen = half_in.post(f"/account/memberships/{speaks.public_id}")
    as_speaker = half_in.get("/account").status_code
    back = half_in.post(f"/account/memberships/{ruth.public_id}")
    asked = half_in.get(back.location)

    assert f"/account/memberships/{speaks.public_id}" in page
    assert (chosen.location, as_speaker) == ("/speaker", 200)
    assert asked.location.startswith(STEP)


def test_a_liaison_is_asked_from_the_moment_she_may_refer(
    client: FlaskClient, database: Database, session: Session
) -> None:
    priya = builders.liaison(session, builders.world(session).hospital)
    browser = after_the_code(client, database, priya)

    before = browser.get("/units/").status_code
    priya.may_refer = True
    after = browser.get("/units/")

    assert before == 200
    assert after.location.startswith(STEP)


def test_an_administrator_takes_a_lost_step_away(
    client: FlaskClient, database: Database, session: Session, ruth: Membership, sign_in: SignIn
) -> None:
    olga = builders.administrator(session, builders.affiliate(session, "Riverbend"))
    olga.affiliate_id, ruth.first_used_at = ruth.affiliate_id, NOW
    factor_builders.app(session, ruth)
    browser = sign_in(client, olga)
    path = f"/coordinator/people/memberships/{ruth.public_id}/second-step"

    listed = browser.get("/coordinator/people/coordinators").text
    empty = browser.post(path)
    done = browser.post(path, data={"reason": "lost"})

    assert path in listed
    assert "Lost second step of Ruth Adler" in browser.get(path).text
    assert (empty.status_code, "Choose a reason." in empty.text) == (422, True)
    assert (done.status_code, done.location) == (303, "/coordinator/people/coordinators")
    assert held(database, ruth) == (False, 0, 0)


def test_of_who_was_never_here_nobody_learns_whether_they_have_one(
    client: FlaskClient, session: Session, ruth: Membership, sign_in: SignIn
) -> None:
    affiliate = builders.affiliate(session, "Riverbend")
    olga = builders.administrator(session, affiliate)
    factor_builders.app(session, ruth)
    also = builders.also(session, ruth, Kind.INTAKE, affiliate_id=affiliate.id)
    path = f"/coordinator/people/memberships/{also.public_id}/second-step"

    assert sign_in(client, olga).get(path).status_code == 404
