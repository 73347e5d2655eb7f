"""What every answer tells the browser, and what static files carry."""

import gzip
import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach import wiring
from outreach.accounts.models import Account, Membership
from outreach.app import create_app
from outreach.config import Config
from outreach.web import headers
from tests import builders
from tests.browser_client import Browser

SignIn = Callable[[FlaskClient, Membership], FlaskClient]

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@pytest.fixture
def https_app(config: Config, database_url: str) -> Iterator[Flask]:
    """The application as people reach it over https, behind one proxy."""
    wired = wiring.build(
        config.model_copy(
            update={
                "database_url": database_url,
                "public_base_url": "https://outreach.example",
                "trusted_hosts": ("outreach.example",),
                "proxy_count": 1,
            }
        )
    )
    made = create_app(wired)
    made.config.update(SIGN_IN_TAKES_S=0)
    made.test_client_class = Browser
    yield made
    wired.close()


@pytest.mark.parametrize(
    ("path", "status"),
    [("/sign-in", 200), ("/nothing", 404), ("/account", 303), ("/static/nothing.css", 404)],
)
def test_every_answer_carries_the_headers(client: FlaskClient, path: str, status: int) -> None:
    answer = client.get(path)

    assert answer.status_code == status
    assert answer.headers["Content-Security-Policy"] == CSP
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in answer.headers
    assert "Server" not in answer.headers


def test_a_page_of_somebody_signed_in_is_kept_nowhere(
    client: FlaskClient, sign_in: SignIn, session: Session
) -> None:
    ruth = builders.coordinator(session, builders.affiliate(session))

    assert client.get("/sign-in").headers.get("Cache-Control") != "no-store"
    assert sign_in(client, ruth).get("/account").headers["Cache-Control"] == "no-store"
    assert client.get("/nothing").headers["Cache-Control"] == "no-store"


def test_a_page_behind_a_secret_address_tells_it_to_nobody(client: FlaskClient) -> None:
    answer = client.get("/a/made-up")

    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_over_https_cookies_and_transport_are_bound(https_app: Flask, session: Session) -> None:
    ruth = builders.coordinator(session, builders.affiliate(session))
    browser = https_app.test_client()
    email = session.get_one(Account, ruth.account_id).email
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}

    answer = browser.post(
        "/sign-in", data={"email": email}, headers=forwarded, base_url="https://outreach.example"
    )

    assert answer.status_code == 303, answer.text
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert re.match(r"__Host-(form|sign-in)=", cookie), cookie
        for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
            assert part in cookie.split("; "), cookie
        assert "Domain" not in cookie


def test_a_host_that_is_not_ours_is_refused(https_app: Flask) -> None:
    answer = https_app.test_client().get("/sign-in", base_url="https://evil.example")

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "host", ["x" * 70, "one..two", "[::1", "a b", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"]
)
def test_what_is_no_host_at_all_is_no_fault_of_ours(app: Flask, host: str) -> None:
    answer = app.test_client().get("/sign-in", environ_overrides={"HTTP_HOST": host})

    assert answer.status_code in {200, 400}


def test_proxy_headers_count_only_where_configured(app: Flask, https_app: Flask) -> None:
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}

    def seen(made: Flask, host: str) -> tuple[str, str | None]:
        found: list[tuple[str, str | None]] = []
        from flask import request  # noqa: PLC0415 - inside the request it reads

        made.before_request_funcs.setdefault(None, []).insert(
            0, lambda: found.append((request.scheme, request.remote_addr))
        )
        try:
            made.test_client().get("/sign-in", headers=forwarded, base_url=host)
        finally:
            made.before_request_funcs[None].pop(0)
        return found[0]

    assert seen(app, "http://localhost") == ("http", "127.0.0.1")
    assert seen(https_app, "http://outreach.example") == ("https", "203.0.113.9")


# --- static files


def test_pages_name_static_files_by_their_content_and_browsers_keep_them(
    client: FlaskClient,
) -> None:
    page = client.get("/sign-in").text
    found = re.findall(r'(?:href|src)="(/(?:static|bootstrap/static)/[^"]+)"', page)

    assert len(found) == 3
    for address in found:
        answer = client.get(address)
        assert re.search(r"\.[0-9a-f]{16}\.(css|svg)$", address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Security-Policy"] == headers.CSP
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_static_files_and_pages_travel_compressed(client: FlaskClient) -> None:
    page = client.get("/sign-in", headers={"Accept-Encoding": "gzip"})
    text = gzip.decompress(page.data).decode()
    sheet = client.get(
        re.findall(r'href="(/bootstrap/static/[^"]+)"', text)[0],
        headers={"Accept-Encoding": "gzip"},
    )

    assert page.headers["Content-Encoding"] == sheet.headers["Content-Encoding"] == "gzip"
    assert len(sheet.data) < 40_000
    assert b"--bs-body-bg" in gzip.decompress(sheet.data)


def test_no_page_names_another_host_or_anything_inline(
    client: FlaskClient, sign_in: SignIn, session: Session
) -> None:
    ruth = builders.coordinator(session, builders.affiliate(session))
    pages = [client.get(path).text for path in ("/sign-in", "/nothing", "/help", "/privacy")]
    pages.append(sign_in(client, ruth).get("/account").text)

    for page in pages:
        assert not re.search(r'(?:src|href|action)="(?:https?:)?//', page)
        assert "<script" not in page
        assert " style=" not in page
        assert not re.search(r"\son[a-z]+=", page)
