"""Signing in by a mailed code, signing out, and what one's own account page does."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from time_machine import Traveller
from werkzeug.test import TestResponse

from outreach.accounts.models import Account, Membership, RateBucket, SignInCode, WebSession
from outreach.actor import SYSTEM, Kind
from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.links import Links
from outreach.messaging.models import Message
from outreach.workflows import founding
from tests import builders
from tests.browser_client import Browser
from tests.digest import digest
from tests.factor_builders import App

FIVE = timedelta(minutes=5)
SignIn = Callable[[FlaskClient, Membership], FlaskClient]


@pytest.fixture
def ruth(session: Session) -> Membership:
    membership = builders.coordinator(session, builders.affiliate(session))
    session.commit()
    return membership


@pytest.fixture
def email(session: Session, ruth: Membership) -> str:
    return session.get_one(Account, ruth.account_id).email


def mailed_code(db: Database, links: Links) -> str:
    """Read the newest code as the mail would show it."""
    with db.reading() as session:
        message = session.scalars(
            select(Message).where(Message.kind == "sign_in_code").order_by(Message.id.desc())
        ).first()
        assert message
        return links.sign_in_code(message.values["code_id"])


def ask(client: FlaskClient, email: str) -> TestResponse:
    return client.post("/sign-in", data={"email": email})


def enter(client: FlaskClient, digits: str) -> TestResponse:
    return client.post("/sign-in/code", data={"code": digits})


def is_signed_in(client: FlaskClient) -> bool:
    """Say whether the code was taken. A coordinator is asked for the second step then."""
    answer = client.get("/account")
    return answer.status_code == 200 or answer.location.startswith("/sign-in/second-step")


def test_a_mailed_code_signs_in(
    client: FlaskClient, db: Database, links: Links, email: str
) -> None:
    assert not is_signed_in(client)

    asked = ask(client, email)
    entered = enter(client, mailed_code(db, links))

    assert (asked.status_code, asked.location) == (303, "/sign-in/code")
    assert (entered.status_code, entered.location) == (303, "/")
    assert client.get("/account").location == "/sign-in/second-step?next=/account"


def test_the_first_administrator_sets_a_second_step_up_at_the_first_sign_in(
    client: FlaskClient, db: Database, links: Links
) -> None:
    with db.transaction() as session:
        founding.found_affiliate(
            session,
            name="Harbor Falls",
            time_zone="America/New_York",
            coordinator_name="Ruth Adler",
            coordinator_email="ruth@harbor.example",
            by=SYSTEM,
            now=builders.NOW,
        )
    ask(client, "ruth@harbor.example")
    enter(client, mailed_code(db, links))

    begun = client.post("/sign-in/second-step/set-up/app")
    page = client.get(begun.location).text
    secret = re.search(r"<code>([A-Z2-7 ]+)</code>", page)
    assert secret
    code = App(secret[1].replace(" ", "")).code()
    done = client.post("/sign-in/second-step/set-up/app/code", data={"code": code})

    assert "Your recovery codes" in done.text
    assert client.get("/coordinator/").status_code == 200


def test_the_mail_waits_for_ten_minutes_and_holds_no_code(
    client: FlaskClient, db: Database, links: Links, email: str, ruth: Membership
) -> None:
    ask(client, email)

    digits = mailed_code(db, links)
    with db.reading() as session:
        message = session.scalars(select(Message)).one()
        code = session.scalars(select(SignInCode)).one()
    assert re.fullmatch(r"[0-9]{8}", digits)
    assert (message.to_address, message.recipient_id) == (email, ruth.account_id)
    assert message.expires_at == builders.NOW + timedelta(minutes=10)
    assert digits not in repr({**message.values, "hash": code.code_hash})


def test_the_code_may_be_typed_with_a_space(
    client: FlaskClient, db: Database, links: Links, email: str
) -> None:
    ask(client, email)
    digits = mailed_code(db, links)

    assert enter(client, f" {digits[:4]} {digits[4:]} ").status_code == 303


def test_nobody_learns_whether_an_address_is_known(app: Flask, db: Database, email: str) -> None:
    known, unknown = app.test_client(), app.test_client()

    first, second = ask(known, email), ask(unknown, "nobody@people.example")
    pages = known.get("/sign-in/code").text, unknown.get("/sign-in/code").text

    assert (first.status_code, first.location) == (second.status_code, second.location)
    assert first.headers["Set-Cookie"].split("=")[0] == second.headers["Set-Cookie"].split("=")[0]
    assert without_tokens(pages[0]) == without_tokens(pages[1])
    with db.reading() as session:
        assert len(session.scalars(select(Message)).all()) == 1


def test_wrong_codes_are_counted_alike_for_an_address_nobody_has(app: Flask, email: str) -> None:
    def statuses(address: str) -> list[int]:
        browser = app.test_client()
        ask(browser, address)
        return [enter(browser, "00000000").status_code for _ in range(6)]

    assert statuses(email) == statuses("nobody@people.example") == [422] * 5 + [429]


def test_the_answer_is_held_back_to_the_same_time_for_everyone(
    app: Flask, client: FlaskClient, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setitem(app.config, "SIGN_IN_TAKES_S", 60)
    monkeypatch.setattr("outreach.web.auth.time.sleep", waited.append)

    ask(client, email)
    ask(client, "nobody@people.example")

    # What is left of the minute: each has taken some of it, and neither all.
    assert [0 < seconds < 60 for seconds in waited] == [True, True]


def test_a_code_is_of_no_use_in_another_browser(
    app: Flask, client: FlaskClient, db: Database, links: Links, email: str
) -> None:
    ask(client, email)
    digits = mailed_code(db, links)
    thief = app.test_client()

    without_cookie = enter(thief, digits)
    ask(thief, "thief@people.example")
    with_own_cookie = enter(thief, digits)

    assert (without_cookie.status_code, without_cookie.location) == (303, "/sign-in")
    assert with_own_cookie.status_code == 422
    assert enter(client, digits).status_code == 303


def test_a_code_works_once(client: FlaskClient, db: Database, links: Links, email: str) -> None:
    ask(client, email)
    cookie = client.get_cookie("sign-in")
    digits = mailed_code(db, links)
    enter(client, digits)
    assert cookie

    client.delete_cookie("session")
    client.set_cookie("sign-in", cookie.value)

    assert enter(client, digits).status_code == 422
    assert not is_signed_in(client)


def test_a_code_is_old_after_ten_minutes(
    client: FlaskClient,
    db: Database,
    links: Links,
    email: str,
    present: time_machine.Traveller,
) -> None:
    ask(client, email)
    digits = mailed_code(db, links)
    cookie = client.get_cookie("sign-in")
    assert cookie

    present.shift(timedelta(minutes=10))
    client.set_cookie("sign-in", cookie.value)  # a browser that keeps it too long

    answer = enter(client, digits)
    assert answer.status_code == 422
    assert "wrong or too old" in answer.text


@pytest.mark.both_engines
def test_codes_that_are_wrong_used_anothers_or_old_say_so_and_change_nothing(
    app: Flask, db: Database, links: Links, email: str, present: Traveller
) -> None:
    client, other = app.test_client(), app.test_client()
    ask(client, email)
    used, cookie = mailed_code(db, links), client.get_cookie("sign-in")
    assert cookie
    enter(client, used)
    ask(other, email)
    anothers = mailed_code(db, links)
    client.set_cookie("sign-in", cookie.value)
    ask(client, email)
    waiting, before = mailed_code(db, links), digest(db)

    for code, minutes in (("00000000", 0), (used, 0), (anothers, 0), (waiting, 10)):
        present.shift(timedelta(minutes=minutes))
        client.set_cookie("sign-in", cookie.value)
        answer = enter(client, code)
        assert answer.status_code == 422
        assert "This code is wrong or too old." in answer.text

    assert digest(db) == before


def test_a_new_code_may_be_asked_for_and_an_older_mail_still_works(
    client: FlaskClient, db: Database, links: Links, email: str
) -> None:
    ask(client, email)
    first = mailed_code(db, links)
    ask(client, email)

    assert first != mailed_code(db, links)
    assert enter(client, first).status_code == 303


def test_the_sixth_wrong_code_for_an_account_is_refused_even_when_right(
    client: FlaskClient,
    db: Database,
    links: Links,
    email: str,
    present: time_machine.Traveller,
) -> None:
    ask(client, email)
    digits = mailed_code(db, links)
    wrong = "00000000" if digits != "00000000" else "00000001"

    assert [enter(client, wrong).status_code for _ in range(5)] == [422] * 5
    refused = enter(client, digits)
    present.shift(FIVE)

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "300"
    assert "five minutes" in refused.text
    assert enter(client, digits).status_code == 303


def test_codes_asked_for_other_addresses_give_no_more_guesses_at_an_account(
    client: FlaskClient, db: Database, links: Links, email: str
) -> None:
    # Wrong codes are counted for the address asked for last: only its codes may be tried.
    ask(client, email)
    digits = mailed_code(db, links)

    ask(client, "thief@people.example")

    assert enter(client, digits).status_code == 422
    assert not is_signed_in(client)


def test_signing_in_again_ends_the_session_this_browser_had(
    client: FlaskClient, db: Database, links: Links, sign_in: SignIn, ruth: Membership
) -> None:
    before = sign_in(client, ruth).get_cookie("session")
    assert before
    with db.reading() as session:
        email = session.get_one(Account, ruth.account_id).email
    ask(client, email)

    enter(client, mailed_code(db, links))
    after = client.get_cookie("session")

    assert after
    assert after.value != before.value
    assert is_signed_in(client)
    client.set_cookie("session", before.value)
    assert not is_signed_in(client)


def test_the_twentieth_wrong_code_from_an_address_is_refused(app: Flask, session: Session) -> None:
    bureau = builders.affiliate(session)
    people = [builders.coordinator(session, bureau, f"Person {n}") for n in range(5)]
    emails = [session.get_one(Account, person.account_id).email for person in people]
    session.commit()
    tries: list[int] = []

    for email in emails:
        browser = app.test_client()
        ask(browser, email)
        tries += [enter(browser, "0").status_code for _ in range(4)]

    assert tries == [422] * 19 + [429]


def test_right_codes_do_not_count(app: Flask, db: Database, links: Links, session: Session) -> None:
    # A hospital behind one address signs in at eight in the morning.
    bureau = builders.affiliate(session)
    people = [builders.coordinator(session, bureau, f"Person {n}") for n in range(19)]
    session.commit()

    for person in people:
        browser = app.test_client()
        ask(browser, session.get_one(Account, person.account_id).email)
        assert enter(browser, mailed_code(db, links)).status_code == 303


def test_the_sixth_request_for_codes_is_refused(
    app: Flask, db: Database, email: str, present: time_machine.Traveller
) -> None:
    answers = [ask(app.test_client(), email).status_code for _ in range(6)]
    unknown = [ask(app.test_client(), "nobody@people.example").status_code for _ in range(6)]
    present.shift(FIVE)

    assert answers == unknown == [303] * 5 + [429]
    assert ask(app.test_client(), email).status_code == 303
    with db.reading() as session:
        assert len(session.scalars(select(Message)).all()) == 6


@pytest.mark.both_engines
def test_of_four_that_send_the_right_code_at_once_one_comes_in(
    app: Flask, client: FlaskClient, db: Database, links: Links, email: str
) -> None:
    ask(client, email)
    digits, cookie = mailed_code(db, links), client.get_cookie("sign-in")
    assert cookie
    with db.transaction() as session:  # the limit of wrong codes is not what this is about
        session.execute(update(RateBucket).values(tokens=100))

    def race(_: int) -> int:
        browser = Browser(app, app.response_class, use_cookies=True)
        browser.set_cookie("sign-in", cookie.value)
        return enter(browser, digits).status_code

    with ThreadPoolExecutor(4) as pool:
        answers = sorted(pool.map(race, range(4)))

    assert answers == [303, 422, 422, 422]


@pytest.mark.parametrize(
    "typed", ["", " ", "nobody", "a@b", "x" * 300 + "@people.example", "ruth\x00@people.example"]
)
def test_what_is_no_address_is_said_so_beside_the_field(client: FlaskClient, typed: str) -> None:
    answer = ask(client, typed)

    assert answer.status_code == 422
    assert 'id="email-error"' in answer.text
    assert "There is a problem" in answer.text


@pytest.mark.parametrize(
    "typed", ["", "x" * 41, "\x00", "\N{FULLWIDTH DIGIT ONE}2345678", "1 OR 1=1"]
)
def test_what_is_no_code_is_refused(client: FlaskClient, email: str, typed: str) -> None:
    ask(client, email)

    assert enter(client, typed).status_code == 422


# --- where one goes next


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/account", "/account"),
        ("/account?a=1&b=2", "/account?a=1&b=2"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/\t/evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("account", "/"),
        ("", "/"),
    ],
)
def test_one_goes_on_to_the_page_one_wanted_if_it_is_ours(
    client: FlaskClient, db: Database, links: Links, email: str, *, wanted: str, leads_to: str
) -> None:
    client.post("/sign-in", data={"email": email}, query_string={"next": wanted})

    answer = client.post(
        "/sign-in/code",
        data={"code": mailed_code(db, links)},
        query_string={"next": wanted},
    )

    assert answer.location == leads_to


def test_a_page_for_members_asks_a_stranger_to_sign_in_first(client: FlaskClient) -> None:
    answer = client.get("/account?tab=1")

    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=/account?tab%3D1"


def test_a_strangers_post_leads_to_sign_in_and_changes_nothing(client: FlaskClient) -> None:
    answer = client.post("/account/sessions/end-others")

    assert (answer.status_code, answer.location) == (303, "/sign-in")
    words = client.get("/sign-in").text
    assert "You were signed out before this could be saved. Nothing was changed." in words


def test_signing_out_twice_does_not_speak_of_something_unsaved(client: FlaskClient) -> None:
    assert client.post("/sign-out").location == "/sign-in"

    assert "before this could be saved" not in client.get("/sign-in").text


def test_who_is_signed_in_needs_no_sign_in_page(
    client: FlaskClient, sign_in: SignIn, ruth: Membership
) -> None:
    assert sign_in(client, ruth).get("/sign-in").status_code == 303


# --- sessions


def test_signing_out_ends_the_session_not_only_the_cookie(
    client: FlaskClient, db: Database, sign_in: SignIn, ruth: Membership
) -> None:
    cookie = sign_in(client, ruth).get_cookie("session")
    assert cookie

    answer = client.post("/sign-out")
    client.set_cookie("session", cookie.value)

    assert answer.location == "/sign-in"
    assert answer.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_signed_in(client)
    with db.reading() as session:
        assert session.scalars(select(WebSession)).one().ended_at == builders.NOW
        assert "session.ended" in session.scalars(select(AuditEvent.action)).all()


def test_the_account_page_lists_every_browser_and_ends_any(
    app: Flask, client: FlaskClient, sign_in: SignIn, session: Session, ruth: Membership
) -> None:
    sign_in(client, ruth)
    other = sign_in(app.test_client(), ruth)
    with app.test_client() as third:
        sign_in(third, ruth)
    page = client.get("/account").text
    ends = re.findall(r'action="(/account/sessions/[^/"]+/end)"', page)

    answer = client.post(ends[1])

    assert page.count("Last used") == 3
    assert page.count("This browser") == 1
    assert len(ends) == 2
    assert (answer.status_code, answer.location) == (303, "/account")
    assert "That browser is signed out." in client.get("/account").text
    assert not is_signed_in(other)
    assert session.scalars(
        select(WebSession.ended_at).where(WebSession.ended_at.is_not(None))
    ).all()


def test_every_other_browser_can_be_signed_out_at_once(
    app: Flask, client: FlaskClient, sign_in: SignIn, ruth: Membership
) -> None:
    sign_in(client, ruth)
    others = [sign_in(app.test_client(), ruth) for _ in range(2)]

    client.post("/account/sessions/end-others")

    assert is_signed_in(client)
    assert not any(is_signed_in(other) for other in others)


def test_use_is_noted_once_a_minute(
    client: FlaskClient,
    db: Database,
    sign_in: SignIn,
    ruth: Membership,
    present: time_machine.Traveller,
) -> None:
    sign_in(client, ruth)

    def seen_after(seconds: int) -> timedelta:
        present.move_to(builders.NOW + timedelta(seconds=seconds))
        client.get("/account")
        with db.reading() as session:
            return session.scalars(select(WebSession.seen_at)).one() - builders.NOW

    assert seen_after(59) == timedelta(0)
    assert seen_after(60) == timedelta(seconds=60)
    assert seen_after(119) == timedelta(seconds=60)


def test_a_person_with_two_roles_chooses_between_them(
    client: FlaskClient, session: Session, sign_in: SignIn, ruth: Membership
) -> None:
    campus = builders.hospital(
        session, builders.affiliate(session, "Riverbend Alliance"), name="St. Anne"
    )
    also = builders.also(session, ruth, Kind.LIAISON, hospital_id=campus.id)
    session.commit()
    page = sign_in(client, ruth).get("/account").text

    client.post(f"/account/memberships/{also.public_id}")

    assert "Lakeshore Alliance" in page
    assert "St. Anne" in page
    after = client.get("/account").text
    acting_as = after.split("You act as this now")[1]
    assert ("Hospital liaison" in acting_as, "Coordinator" in acting_as) == (True, False)


def test_the_language_is_kept_with_the_account_and_for_visitors_in_a_cookie(
    app: Flask, client: FlaskClient, sign_in: SignIn, ruth: Membership, session: Session
) -> None:
    visitor = app.test_client()

    there = visitor.post("/language", data={"lang": "es"}, query_string={"next": "/sign-in"})
    sign_in(client, ruth).post("/language", data={"lang": "es"})

    assert there.location == "/sign-in"
    assert '<html lang="es">' in visitor.get("/sign-in").text
    client.delete_cookie("lang")
    assert '<html lang="es">' in client.get("/account").text
    session.expire_all()
    assert session.get_one(Account, ruth.account_id).locale == "es"


@pytest.mark.parametrize(
    ("header", "lang"),
    [("es-MX,es;q=0.9,en;q=0.5", "es"), ("fr,en;q=0.5", "en"), ("de", "en"), ("", "en")],
)
def test_the_browsers_language_counts_before_anyone_chose(
    client: FlaskClient, header: str, lang: str
) -> None:
    page = client.get("/sign-in", headers={"Accept-Language": header})

    assert f'<html lang="{lang}">' in page.text


def test_an_unknown_language_changes_nothing(client: FlaskClient) -> None:
    answer = client.post(
        "/language", data={"lang": "tlh"}, headers={"Referer": "http://evil.example/"}
    )

    assert (answer.status_code, answer.location) == (303, "/")
    assert "lang=" not in answer.headers.get("Set-Cookie", "")


# --- forgery


@pytest.mark.parametrize("path", ["/sign-in", "/sign-in/code", "/sign-out", "/language"])
def test_a_post_without_the_pages_token_is_refused(client: FlaskClient, path: str) -> None:
    answer = client.post(path, data={"email": "ruth@people.example"}, forged=True)

    assert answer.status_code == 400
    assert "load the page again" in answer.text


def test_a_post_from_another_site_is_refused_whatever_it_carries(client: FlaskClient) -> None:
    answer = client.post("/language", data={"lang": "es"}, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403


def test_the_token_of_before_signing_in_is_of_no_use_after(
    client: FlaskClient, db: Database, links: Links, email: str
) -> None:
    ask(client, email)
    with client.session_transaction() as cookie:
        before = cookie["csrf_token"]
    enter(client, mailed_code(db, links))

    with client.session_transaction() as cookie:
        assert cookie.get("csrf_token") != before


def without_tokens(page: str) -> str:
    return re.sub(r'name="csrf_token" value="[^"]+"', "", page)
