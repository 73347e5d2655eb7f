"""What every test may use: a fresh database on either engine, and the switches of the Makefile;
the application on that database, browsers that are signed in, and the present (NOW).

`db` and `session` are SQLite. With `--all`, and for tests marked `both_engines`, they come
on PostgreSQL too: the server in OUTREACH_TEST_POSTGRES, else one that the tests start. `--rest` is
what `--all` has more than a plain run: it says nothing new of coverage, and need not be measured.
"""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import time_machine
from flask import Flask, request
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as examples
from sqlalchemy import URL, create_engine, make_url
from sqlalchemy.orm import Session

from outreach import config as settings
from outreach import migrations, wiring
from outreach.accounts import sessions
from outreach.accounts.models import Membership
from outreach.app import create_app
from outreach.config import Config
from outreach.db import Database
from outreach.links import Links
from outreach.wiring import Wiring
from tests import leaks, postgres, vaults
from tests.browser_client import Browser, commit_rows_in_hand, rows_in_hand
from tests.builders import AUDIT_KEY, NOW, SECRET
from tests.postgres import Slate

ENGINES = ("sqlite", "postgresql")


# A busy machine is no bug: no example fails for the time it took. In CI the parent repeats itself.
examples.register_profile(
    "patient", examples(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
examples.load_profile("patient")

OURS = frozenset({"OUTREACH_TEST_ALL", "OUTREACH_TEST_POSTGRES"})


def pytest_configure() -> None:
    """Forget the machine's own settings: no test may ever reach somebody's real database."""
    for name in [n for n in os.environ if n.startswith("OUTREACH_") and n not in OURS]:
        del os.environ[name]


def pytest_addoption(parser: pytest.Parser) -> None:
    every = bool(os.environ.get("OUTREACH_TEST_ALL"))
    parser.addoption(
        "--all", action="store_true", default=every, help="both engines, every page and language"
    )
    parser.addoption("--rest", action="store_true", help="what --all adds to a run without it")
    parser.addoption("--soak", action="store_true", help="the long races and kill loops")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    is_soak = collection_path.name == "soak" and collection_path.parent.name == "tests"
    return True if is_soak and not config.getoption("--soak") else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--rest"):
        items[:] = [item for item in items if not _is_in_every_run(item)]
    elif not config.getoption("--all"):
        items[:] = [item for item in items if _is_in_every_run(item)]


def _is_in_every_run(item: pytest.Item) -> bool:
    marked, callspec = item.get_closest_marker, getattr(item, "callspec", None)
    on_another_engine = callspec and callspec.params.get("engine", ENGINES[0]) != ENGINES[0]
    by_choice = marked("both_engines") or marked("only")
    return not marked("all") and not (on_another_engine and not by_choice)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test whose output, the log's lines among it, holds what is known of a patient."""
    del item, call
    report = yield
    output = f"{report.capstdout}{report.capstderr}{report.caplog}"
    held = [*leaks.told(output), *leaks.logged(output)]
    if held and report.passed:
        report.outcome = "failed"
        report.longrepr = f"The output of this test holds {held}."
    return report


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "engine" not in metafunc.fixturenames:
        return
    marked = metafunc.definition.get_closest_marker
    only = marked("only")
    engines = only.args if only else ENGINES
    metafunc.parametrize("engine", engines, indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> str:
    """Return the engine's name: "sqlite" or "postgresql"."""
    name: str = request.param
    return name


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the address of a database with every table and no row."""
    if engine == "sqlite":
        file: Path = request.getfixturevalue("sqlite_file")
        for old in file.parent.iterdir():
            old.unlink()
        vaults.copy_database(request.getfixturevalue("sqlite_template"), file)
        yield f"sqlite:///{file}"
    else:
        slate: Slate = request.getfixturevalue("slate")
        slate.wipe()
        yield slate.url.render_as_string(hide_password=False)


@pytest.fixture
def database(wired: Wiring) -> Database:
    """Open a database with every table and no row."""
    return wired.db


@pytest.fixture
def db(database: Database) -> Database:
    """The same, by its short name."""
    return database


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """Open a session for rows. Signing in, or asking for a page, commits it first."""
    info = {"audit_key": AUDIT_KEY}
    with Session(database.writer, expire_on_commit=False, info=info) as session:
        rows_in_hand.append(session)
        yield session
        rows_in_hand.remove(session)
        session.rollback()


@pytest.fixture(scope="session")
def memory() -> str | None:
    """Name a directory in memory, where a commit costs no wait for a disk; None without one."""
    shared = Path("/dev/shm")  # noqa: S108 - fresh directories are made in it
    return str(shared) if os.access(shared, os.W_OK) else None


@pytest.fixture(scope="session")
def sqlite_file(memory: str | None) -> Iterator[Path]:
    """Name the one place of each test's file, so that its engine keeps the SQL it has compiled."""
    with tempfile.TemporaryDirectory(prefix="outreach-", dir=memory) as folder:
        yield Path(folder) / "test.sqlite"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrate one file that each test copies."""
    path = tmp_path_factory.mktemp("template") / "template.sqlite"
    _migrate(make_url(f"sqlite:///{path}"))
    with closing(sqlite3.connect(path)) as connection:  # so that no copy pays for the change
        connection.execute("PRAGMA journal_mode=WAL")
    return path


@pytest.fixture(scope="session")
def slate() -> Iterator[Slate]:
    """Migrate one database on PostgreSQL, which each test finds wiped."""
    with postgres.server(os.environ.get("OUTREACH_TEST_POSTGRES")) as server:
        slate = Slate(server, _migrate)
        yield slate
        slate.drop()


@pytest.fixture
def present() -> Iterator[time_machine.Traveller]:
    """Make NOW the present, standing still. Move on by `present.shift(timedelta)`."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture(scope="session")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    """The settings of the application; its database is each test's own."""
    return settings.load(
        data_dir=tmp_path_factory.mktemp("var"),
        secret_key=SECRET,
        keys=vaults.KEYS,
        public_base_url="http://localhost",
        support_phone="+13135550100",
    )


@pytest.fixture(scope="session")
def links(config: Config) -> Links:
    """What derives addresses that carry a secret."""
    return Links(config.public_base_url, config.key())


@pytest.fixture(scope="session")
def application(config: Config) -> Iterator[Flask]:
    """The application, made once, so that templates are compiled once. Tests take `app`."""
    wired = wiring.build(config)
    made = create_app(wired)
    made.config.update(SIGN_IN_TAKES_S=0, PROPAGATE_EXCEPTIONS=True)
    made.test_client_class = Browser

    @made.before_request
    def refuse_persons_in_addresses() -> None:
        assert leaks.in_address(request.full_path) == []

    yield made
    wired.close()


@pytest.fixture(scope="session")
def built() -> dict[str, Wiring]:
    """The programs put together so far, by the address of their database."""
    return {}


@pytest.fixture
def wired(config: Config, database_url: str, built: dict[str, Wiring]) -> Iterator[Wiring]:
    """The program on this test's database. Nothing leaves it: messages go to a table."""
    if database_url not in built:
        own = config.model_copy(update={"database_url": database_url})
        built[database_url] = wiring.build(own)
    yield built[database_url]
    escaped = leaks.of(built[database_url].db)
    built[database_url].close()
    assert escaped == []


@pytest.fixture
def app(application: Flask, wired: Wiring, present: time_machine.Traveller) -> Flask:
    """The application on this test's database; the time is NOW."""
    del present
    application.extensions["outreach"] = wired
    return application


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that is not signed in."""
    return app.test_client()


@pytest.fixture
def sign_in(database: Database) -> Callable[[FlaskClient, Membership], FlaskClient]:
    """A function that signs a browser in under a membership, and gives it back."""

    def enter(browser: FlaskClient, membership: Membership) -> FlaskClient:
        commit_rows_in_hand()
        with database.transaction() as session:
            token = sessions.begin(
                session,
                membership,
                account_id=membership.account_id,
                browser="",
                now=NOW,
                second_factor_at=NOW,
            )
        browser.set_cookie("session", token)
        return browser

    return enter


def _migrate(url: URL) -> None:
    engine = create_engine(url)
    migrations.upgrade(engine)
    engine.dispose()
    vaults.make_store(url.render_as_string(hide_password=False))
