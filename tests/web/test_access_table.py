"""Every route × everyone × every method, against the reviewed table.

Each row is walked three times: by those who must be kept out (nothing may change), with a
stranger's ids in every place where an id can stand (not found, nothing changed), and by those who
may (a GET changes nothing, and shows nothing of another bureau). No walk logs a bureau's name.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from outreach import access, wiring
from outreach.accounts.models import DeniedAccess
from outreach.actor import Kind
from outreach.app import create_app
from outreach.config import Config
from outreach.db import Database
from outreach.web import auth
from outreach.wiring import Wiring
from tests import vaults
from tests.browser_client import Browser
from tests.builders import AUDIT_KEY, NOW
from tests.bureau import MEMBERS, Bureau, bureau, disable, let_half_in, session_id_of
from tests.digest import digest
from tests.web.access_table import TABLE, Row

METHODS = ("GET", "POST")
MADE_UP = "AAAAAAAAAAAAAAAAAAAAAA"
WELCOME = {200, 303, 409, 422}
"""What somebody who may gets: the page, a way on, or a word about what was sent."""


@dataclass
class Worlds:
    """Two bureaus that must not learn of each other, and one whose people are disabled."""

    here: Bureau
    there: Bureau
    closed: Bureau
    file: Path


@pytest.fixture(scope="module", autouse=True)
def present_for_all() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture(scope="module")
def worlds(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    path = tmp_path_factory.mktemp("worlds") / "worlds.sqlite"
    vaults.copy_database(sqlite_template, path)
    db = Database(f"sqlite:///{path}", audit_key=AUDIT_KEY)
    with db.transaction() as session:
        here, there, closed = (
            bureau(session, name) for name in ("Lakeshore", "Riverbend", "Moraine")
        )
        disable(session, closed)
        for each in (here, there, closed):
            _name_own(session, each)
            let_half_in(session, each)
    db.dispose()
    return Worlds(here, there, closed, path)


@pytest.fixture(scope="module")
def whole_app(worlds: Worlds, config: Config) -> Iterator[Flask]:
    """The application with every route, the demo's too: its database holds a demo's links."""
    wired = wiring.build(config.model_copy(update={"database_url": f"sqlite:///{worlds.file}"}))
    made = create_app(wired)
    made.test_client_class = Browser
    made.config.update(SIGN_IN_TAKES_S=0, PROPAGATE_EXCEPTIONS=True)
    yield made
    wired.close()


@pytest.fixture
def wired_afresh(
    worlds: Worlds, config: Config, whole_app: Flask, sqlite_file: Path, built: dict[str, Wiring]
) -> Iterator[Wiring]:
    """The application on a fresh copy of the worlds."""
    for old in sqlite_file.parent.iterdir():
        old.unlink()
    vaults.copy_database(worlds.file, sqlite_file)
    url = f"sqlite:///{sqlite_file}"
    if url not in built:
        built[url] = wiring.build(config.model_copy(update={"database_url": url}))
    whole_app.extensions["outreach"] = built[url]
    yield built[url]
    built[url].close()


@pytest.fixture(autouse=True)
def nothing_of_a_bureau_is_logged(
    worlds: Worlds, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    yield
    said = "".join(capsys.readouterr()) + caplog.text
    bureaus = (worlds.here, worlds.there, worlds.closed)
    assert [each.name for each in bureaus if each.name in said] == []


@dataclass
class Walk:
    """One endpoint and method, and how to ask for it."""

    app: Flask
    db: Database
    endpoint: str
    method: str
    row: Row

    @property
    def exists(self) -> bool:
        """Say whether the endpoint knows this method."""
        rules = self.app.url_map.iter_rules(self.endpoint)
        return any(self.method in (rule.methods or ()) for rule in rules)

    def ask(
        self, *, cookie: str | None = None, ids: Mapping[str, str], values: Mapping[str, str]
    ) -> TestResponse:
        """Ask as whoever has the cookie, for what `ids` name, sending what `values` name."""
        browser = self.app.test_client()
        if cookie:
            name, _is, value = cookie.rpartition("=")
            browser.set_cookie(name or "session", value)
        sent = {key: _filled(text, values) for key, text in self.row.form.items()}
        query = {key: _filled(text, values) for key, text in self.row.query.items()}
        parts = {part: ids[name] for part, name in self.row.ids.items()} | dict(self.row.fixed)
        with self.app.test_request_context():
            path = self.app.url_for(self.endpoint, _method=self.method, **{**parts, **query})  # type: ignore[arg-type] # parts of the address
        path = path.removeprefix("http://localhost")
        data = sent if self.method == "POST" else None
        return browser.open(path, method=self.method, data=data)


@pytest.fixture
def walks(request: pytest.FixtureRequest, whole_app: Flask) -> list[Walk]:
    """Give an endpoint's walks, GET before POST: what only looks leaves the copy as it was."""
    endpoint: str = request.param
    known = endpoint in whole_app.view_functions
    rules = list(whole_app.url_map.iter_rules(endpoint)) if known else []
    methods = [m for m in METHODS if any(m in (rule.methods or ()) for rule in rules)]
    wired: Wiring = request.getfixturevalue("wired_afresh")
    return [Walk(whole_app, wired.db, endpoint, method, TABLE[endpoint]) for method in methods]


def of(*doors: str) -> pytest.MarkDecorator:
    """Walk every endpoint of the table behind one of these doors."""
    named = [endpoint for endpoint, row in TABLE.items() if row.door in doors]
    return pytest.mark.parametrize("walks", named, indirect=True)


def test_the_table_names_every_route_and_no_other(whole_app: Flask) -> None:
    routes = {rule.endpoint for rule in whole_app.url_map.iter_rules()}

    assert routes - set(TABLE) == set(), "routes without a row in tests/web/access_table.py"
    assert set(TABLE) - routes == set(), "rows without a route"


def test_the_table_agrees_with_the_policy(whole_app: Flask) -> None:
    for endpoint in sorted(whole_app.view_functions):
        action = auth.action_of(whole_app, endpoint)
        room = access.ROOMS.get(endpoint.partition(".")[0], access.ANYONE)
        expected = access.POLICY[action] & room if action else frozenset()

        assert TABLE[endpoint].who == expected, endpoint


def test_the_table_says_what_each_part_of_an_address_names(whole_app: Flask) -> None:
    for rule in whole_app.url_map.iter_rules():
        row = TABLE[rule.endpoint]

        assert set(row.ids) | set(row.fixed) == rule.arguments, rule.endpoint


@pytest.mark.parametrize("walks", list(TABLE), indirect=True)
def test_who_may_not_is_kept_out_and_changes_nothing(walks: list[Walk], worlds: Worlds) -> None:
    for walk in walks:
        _is_kept_out(walk, worlds)


@of("members")
def test_a_strangers_ids_are_not_found_and_nothing_changes(
    walks: list[Walk], worlds: Worlds
) -> None:
    for walk in walks:
        _finds_no_stranger(walk, worlds)


@of("public", "members", "link")
def test_who_may_is_let_in(walks: list[Walk], worlds: Worlds) -> None:
    for walk in walks:
        _is_let_in(walk, worlds)


def _is_kept_out(walk: Walk, worlds: Worlds) -> None:
    before = digest(walk.db)
    ids, row = worlds.here.ids, walk.row

    if row.door == "members":
        answer = walk.ask(ids=ids, values=ids)
        assert (answer.status_code, answer.location.partition("?")[0]) == (303, "/sign-in")
        for kind in row.who:
            answer = walk.ask(cookie=worlds.closed.cookies[kind], ids=ids, values=ids)
            way = "/intake/left" if kind is Kind.HELPER else "/sign-in"
            assert answer.location.startswith(way), f"disabled {kind}"
        for kind, cookie in worlds.here.half_in.items() if not row.half_in else ():
            answer = walk.ask(cookie=cookie, ids=ids, values=ids)
            if walk.method == "GET" and kind in row.who:
                place = answer.location.partition("?")[0]
                assert (answer.status_code, place) == (303, "/sign-in/second-step"), kind
            else:
                assert answer.status_code in {303, 403}, kind
        for kind in set(MEMBERS) - row.who:
            answer = walk.ask(cookie=worlds.here.cookies[kind], ids=ids, values=ids)
            assert answer.status_code == 403, kind
            assert _denials(walk.db)[-1] == (f"{kind}:{_account(worlds.here, kind)}", 403)
        if Kind.HELPER not in row.who:
            answer = walk.ask(cookie=worlds.here.cookies[Kind.HELPER], ids=ids, values=ids)
            is_inside = walk.endpoint.startswith("intake.")
            assert answer.status_code == (403 if is_inside else 303), "a helper by link"
    elif row.door == "link":
        answer = walk.ask(ids=dict.fromkeys(ids, MADE_UP), values=ids)
        assert answer.status_code == 404
    elif row.door == "hook":
        assert walk.ask(ids=ids, values=ids).status_code in {403, 404}

    assert digest(walk.db) == before


def _finds_no_stranger(walk: Walk, worlds: Worlds) -> None:
    named = [*walk.row.ids.values()]
    sent = [
        text[1:] for text in (*walk.row.form.values(), *walk.row.query.values()) if text[:1] == "@"
    ]
    before = digest(walk.db)

    for kind in walk.row.who:
        mine, cookie = _ids(worlds.here, kind), worlds.here.cookies[kind]
        for name in named:
            for other in (_ids(worlds.there, kind)[name], MADE_UP, "1"):
                answer = walk.ask(cookie=cookie, ids=mine | {name: other}, values=mine)
                assert answer.status_code == 404, (kind, name, other)
                assert worlds.there.name not in answer.text
        for name in sent if walk.method == "POST" else ():
            for other in (_ids(worlds.there, kind)[name], MADE_UP):
                answer = walk.ask(cookie=cookie, ids=mine, values=mine | {name: other})
                assert answer.status_code in {404, 422}, (kind, name, other)
                assert worlds.there.name not in answer.text

    assert digest(walk.db) == before


def _is_let_in(walk: Walk, worlds: Worlds) -> None:
    before = digest(walk.db)
    row, here = walk.row, worlds.here
    people = (*MEMBERS, Kind.HELPER)
    cookies = {kind: here.cookies[kind] for kind in people if kind in (row.who or people)}
    everyone = cookies if row.door == "members" else {None: None} | cookies

    for kind, cookie in everyone.items():
        ids = _ids(here, kind or Kind.COORDINATOR)
        answer = walk.ask(cookie=cookie, ids=ids, values=ids)

        assert answer.status_code in WELCOME, (kind, answer.text)
        if row.door == "members":
            assert not (answer.location or "").startswith("/sign-in?"), kind
        if not walk.endpoint.startswith("demo"):
            assert worlds.there.name not in answer.text, kind
        if walk.method == "POST":
            break  # it may have changed what the next one would find
    if walk.method == "GET":
        assert digest(walk.db) == before


@pytest.mark.parametrize("kind", MEMBERS)
def test_no_page_leads_its_reader_to_a_closed_door(
    whole_app: Flask, wired_afresh: Wiring, worlds: Worlds, kind: Kind
) -> None:
    browser, ids = whole_app.test_client(), _ids(worlds.here, kind)
    browser.set_cookie("session", worlds.here.cookies[kind])
    shown: dict[str, int] = {}

    def status(path: str) -> int:
        if path not in shown:
            shown[path] = browser.get(path).status_code
        return shown[path]

    for walk in (Walk(whole_app, wired_afresh.db, each, "GET", TABLE[each]) for each in TABLE):
        if (walk.row.who and kind not in walk.row.who) or not walk.exists:
            continue
        page = walk.ask(cookie=worlds.here.cookies[kind], ids=ids, values=ids)
        for path in _links(page.text):
            assert status(path) not in {403, 404}, (walk.endpoint, path)
        for path in _buttons(page.text):
            assert _may_press(whole_app, path, kind), (walk.endpoint, path)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_no_route_knows_another_method(whole_app: Flask, method: str) -> None:
    for rule in whole_app.url_map.iter_rules():
        assert method not in (rule.methods or ()), rule.endpoint


def test_head_and_options_change_nothing_either(
    whole_app: Flask, wired_afresh: Wiring, worlds: Worlds
) -> None:
    before = digest(wired_afresh.db)
    browser = whole_app.test_client()
    browser.set_cookie("session", worlds.here.cookies[Kind.COORDINATOR])

    for rule in whole_app.url_map.iter_rules():
        row = TABLE[rule.endpoint]
        ids = _ids(worlds.here, Kind.COORDINATOR)
        parts = {part: ids[name] for part, name in row.ids.items()} | dict(row.fixed)
        with whole_app.test_request_context():
            path = whole_app.url_for(rule.endpoint, **parts)  # type: ignore[arg-type] # as above
        for method in ("HEAD", "OPTIONS"):
            answer = browser.open(path, method=method)
            assert answer.status_code < 500, (method, rule.endpoint)

    assert digest(wired_afresh.db) == before


def _links(page: str) -> set[str]:
    """Return the addresses here that a page's links name."""
    found = re.findall(r'<a [^>]*href="(/[^"#]*)', page)
    return {unescape(path) for path in found}


def _buttons(page: str) -> set[str]:
    """Return the addresses that a page's buttons send something to."""
    found = re.findall(r'<form [^>]*method="post"[^>]*action="(/[^"#]*)', page)
    return {unescape(path) for path in found}


def _may_press(app: Flask, path: str, kind: Kind) -> bool:
    """Say whether a POST there is for this kind of membership: the table knows."""
    endpoint, _parts = app.url_map.bind("localhost").match(path.partition("?")[0], method="POST")
    row = TABLE[endpoint]
    return row.door != "members" or kind in row.who


def _ids(of: Bureau, kind: Kind) -> dict[str, str]:
    """Return the ids of a bureau, with what is each member's own; a helper by link has nothing."""
    if kind not in of.members:
        return of.ids
    return of.ids | {
        "own passkey": of.tokens[f"passkey {kind}"],
        "session": of.tokens[f"session {kind}"],
        "own membership": of.members[kind].public_id,
    }


def _name_own(session: Session, of: Bureau) -> None:
    for kind, member in of.members.items():
        of.tokens[f"session {kind}"] = session_id_of(session, member)
    of.tokens |= {
        "own passkey": of.tokens[f"passkey {Kind.COORDINATOR}"],
        "session": of.tokens[f"session {Kind.COORDINATOR}"],
        "own membership": of.members[Kind.COORDINATOR].public_id,
    }


def _account(of: Bureau, kind: Kind) -> int:
    return of.members[kind].account_id


def _denials(db: Database) -> list[tuple[str, int]]:
    with db.reading() as session:
        rows = session.scalars(select(DeniedAccess).order_by(DeniedAccess.id))
        return [(row.actor, row.status) for row in rows]


def _filled(text: str, ids: Mapping[str, str]) -> str:
    return ids[text[1:]] if text.startswith("@") else text
