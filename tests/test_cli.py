import json
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, text

from outreach import cli, clock, migrations, tables
from outreach.accounts.models import Membership
from outreach.db import Database
from outreach.directory.models import Affiliate, Unit
from outreach.messaging.models import Message
from outreach.visits.models import MatchingRun
from outreach.workflows import proposals
from tests import builders, factor_builders

UNITS = (
    "Hospital,Zip,Unit,Age group,Visiting hours\n"
    "St. Clare,48201,Unit 4B,adult,Mon-Fri 9:00-17:00\n"
    "St. Clare,4820I,Unit 6,adult,Mon-Fri 9:00-17:00\n"
)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a database."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def here(bare: Path, sqlite_template: Path) -> Path:
    """A folder whose database has every table and no row: copied, not made, which takes long."""
    (bare / "var").mkdir()
    shutil.copy(sqlite_template, bare / "var" / "outreach.sqlite")
    return bare


def outreach(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


def database(here: Path) -> Database:
    return Database(f"sqlite:///{here / 'var' / 'outreach.sqlite'}", audit_key=b"unused")


def init() -> Result:
    return outreach(
        "init", "--affiliate", "Harbor Falls", "--email", "ruth@example.org", "--name", "Ruth Adler"
    )


def assert_one_line(result: Result, words: str) -> None:
    assert result.exit_code == 2
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert "Traceback" not in result.output


@pytest.mark.usefixtures("bare")
def test_init_makes_the_first_account_and_says_where_to_sign_in() -> None:
    result = init()

    assert result.exit_code == 0
    assert "Ruth Adler signs in at http://127.0.0.1:8000/sign-in" in result.output


def test_a_lost_second_step_is_taken_away_by_address(here: Path) -> None:
    init()
    with database(here).transaction() as session:
        session.info["audit_key"] = b"unused"
        ruth = session.scalars(select(Membership)).first()
        assert ruth
        factor_builders.codes(session, ruth)

    done = outreach("account", "reset-factor", "Ruth@Example.org")
    again = outreach("account", "reset-factor", "ruth@example.org")
    nobody = outreach("account", "reset-factor", "nobody@example.org")

    assert (done.exit_code, "sets up a new second step" in done.output) == (0, True)
    assert_one_line(again, "no second step to take away")
    assert_one_line(nobody, "Nobody signs in with this e-mail address.")
    with database(here).reading() as session:
        told = session.scalars(select(Message.kind).where(Message.kind == "sign_in_changed")).all()
        assert told == ["sign_in_changed"]


def test_init_for_a_second_affiliate_keeps_the_account(here: Path) -> None:
    init()
    outreach("init", "--affiliate", "Lake", "--email", "Ruth@Example.org", "--name", "Ruth Adler")

    with database(here).reading() as session:
        assert session.scalar(text("SELECT count(*) FROM account")) == 1
        assert session.scalar(text("SELECT count(*) FROM membership")) == 4


@pytest.mark.usefixtures("here")
def test_init_twice_for_one_affiliate_is_refused() -> None:
    init()

    assert_one_line(init(), "There is an affiliate of this name already.")


def test_init_gives_an_imported_affiliate_its_first_coordinator(bare: Path) -> None:
    (bare / "units.csv").write_text(UNITS)
    outreach("import", "units", "units.csv", "--affiliate", "Lake")

    result = outreach(
        "init", "--affiliate", "Lake", "--email", "ruth@example.org", "--name", "Ruth"
    )

    with database(bare).reading() as session:
        assert session.scalars(text("SELECT name FROM affiliate")).all() == ["Lake"]
    assert "Ruth signs in at" in result.output


@pytest.mark.usefixtures("here")
def test_init_refuses_what_is_no_address_and_no_zone() -> None:
    who = ("--affiliate", "Lake", "--name", "Ruth")

    assert_one_line(outreach("init", *who, "--email", "ruth"), "not a mail address")
    assert_one_line(
        outreach("init", *who, "--email", "ruth@example.org", "--time-zone", "Mars/Olympus"),
        "no time zone of this name",
    )


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("command", ["serve", "worker", "propose", "audit verify"])
def test_a_command_on_an_empty_database_says_what_to_run(command: str) -> None:
    assert_one_line(outreach(*command.split()), "This database is empty. Run: outreach init")


def test_a_database_of_a_newer_version_is_refused(here: Path) -> None:
    init()
    with database(here).transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    assert_one_line(outreach("propose"), "newer version of outreach (revision 9999)")
    assert_one_line(outreach("db", "upgrade"), "newer version of outreach (revision 9999)")


def test_upgrade_brings_an_old_database_up_to_date(here: Path) -> None:
    init()
    with migrations._engine(database(here)) as engine:
        migrations.downgrade(engine)

    result = outreach("db", "upgrade")

    assert result.exit_code == 0
    with migrations._engine(database(here)) as engine:
        assert migrations.current(engine) == migrations.head()


@pytest.mark.usefixtures("bare")
def test_a_database_that_cannot_be_opened_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTREACH_DATABASE_URL", "sqlite:////nowhere/at/all.sqlite")

    assert_one_line(outreach("propose"), "This database is empty")


@pytest.mark.usefixtures("bare")
def test_a_missing_configuration_is_one_line() -> None:
    assert_one_line(outreach("--config", "none.toml", "config", "check"), "Cannot read")


def test_an_unreadable_configuration_is_one_line(bare: Path) -> None:
    (bare / "config.toml").write_text("smtp_port = ")

    assert_one_line(outreach("config", "check"), "is not valid TOML")


def test_an_unknown_key_is_named(bare: Path) -> None:
    (bare / "config.toml").write_text('smtp_prot = 25\nlog_level = "loud"\n')

    result = outreach("config", "check")

    assert_one_line(result, "smtp_prot")
    assert "log_level" in result.stderr


@pytest.mark.usefixtures("bare")
def test_a_right_configuration_names_the_database_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OUTREACH_DATABASE_URL", "postgresql+psycopg://ruth:hush@db.example/o")

    result = outreach("config", "check")

    assert result.exit_code == 0
    assert "ruth:***@db.example" in result.output


@pytest.mark.usefixtures("here")
def test_the_audit_log_of_a_new_database_holds() -> None:
    init()

    assert outreach("audit", "verify").output == "The chain holds.\n"


def test_an_audit_log_that_was_changed_is_told(here: Path) -> None:
    init()
    with database(here).transaction() as session:
        session.execute(text("DROP TRIGGER audit_event_no_update"))
        session.execute(text("UPDATE audit_event SET actor = 'nobody'"))

    result = outreach("audit", "verify")

    assert (result.exit_code, result.stderr) == (1, "The chain is broken at entry 1.\n")


def test_an_import_into_an_empty_database_makes_its_tables(bare: Path) -> None:
    (bare / "units.csv").write_text(UNITS)

    result = outreach("import", "units", "units.csv", "--affiliate", "Lake", "--json")

    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (report["file"], report["read"], report["imported"]) == ("units.csv", 2, 1)
    assert [(found["row"], found["value"]) for found in report["refused"]] == [(3, "4820I")]
    with database(bare).reading() as session:
        assert session.scalar(text("SELECT name FROM unit")) == "Unit 4B"


def test_a_dry_run_on_an_empty_database_makes_nothing(bare: Path) -> None:
    (bare / "units.csv").write_text(UNITS)

    result = outreach("import", "units", "units.csv", "--affiliate", "Lake", "--dry-run")

    assert "2 rows read, 1 would be imported, 0 unchanged, 1 would be refused." in result.stdout
    assert [path.name for path in bare.iterdir()] == ["units.csv"]


def everything(here: Path) -> list[tuple[str, list[tuple[object, ...]]]]:
    with database(here).reading() as session:
        return [
            (name, [tuple(row) for row in session.execute(select(table))])
            for name, table in tables.metadata.tables.items()
        ]


def test_a_dry_run_changes_nothing_that_is_there(here: Path) -> None:
    (here / "units.csv").write_text(UNITS)
    outreach("import", "units", "units.csv", "--affiliate", "Lake")
    before = everything(here)
    (here / "units.csv").write_text(UNITS.replace("9:00", "10:00").replace("Unit 6", "Unit 7"))

    result = outreach("import", "units", "units.csv", "--affiliate", "Lake", "--dry-run")

    assert "1 would be imported" in result.stdout
    assert everything(here) == before


def test_as_of_judges_dates_and_dates_nothing(here: Path) -> None:
    (here / "units.csv").write_text(UNITS)

    outreach("import", "units", "units.csv", "--affiliate", "Lake", "--as-of", "2030-01-01")

    with database(here).reading() as session:
        (written,) = session.scalars(select(Unit.created_at))
    assert abs(clock.now() - written) < timedelta(minutes=10)


def test_importing_twice_changes_nothing(here: Path) -> None:
    (here / "units.csv").write_text(UNITS)
    outreach("import", "units", "units.csv", "--affiliate", "Lake")

    before = everything(here)

    again = outreach("import", "units", "units.csv", "--affiliate", "Lake", "--json")

    report = json.loads(again.stdout)
    assert (report["imported"], report["unchanged"]) == (0, 1)
    assert everything(here) == before


@pytest.mark.usefixtures("bare")
def test_a_missing_file_is_one_line() -> None:
    assert_one_line(outreach("import", "units", "none.csv"), "Cannot read none.csv")


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("import patients x.csv", "'patients' is not one of 'units', 'speakers', 'requests'"),
        ("import", "Missing argument '{units|speakers|requests|affiliates}'"),
        ("propose --as-of soon", "'soon' does not match the format '%Y-%m-%d'. See: "),
        ("demo --port 0", "0 is not in the range"),
        ("demo --out x", "--out belongs to --tour"),
        ("serv", "No such command 'serv'"),
        ("import units x.csv --dry", "No such option"),
        ("init", "Missing option '--affiliate'"),
    ],
)
def test_bad_arguments_are_one_line(command: str, words: str) -> None:
    assert_one_line(outreach(*command.split()), words)


def test_without_a_command_the_help_is_shown() -> None:
    result = outreach()

    assert (result.exit_code, "outreach demo" in result.stderr) == (2, True)


@pytest.mark.usefixtures("bare")
def test_a_file_without_end_is_not_read_to_its_end() -> None:
    assert_one_line(outreach("import", "units", "/dev/zero"), "/dev/zero is too large")


def test_an_affiliate_has_a_name_of_some_length(bare: Path) -> None:
    (bare / "units.csv").write_text(UNITS)

    for name, words in (("", "--affiliate names nobody"), ("x" * 201, "more than 200 characters")):
        assert_one_line(outreach("import", "units", "units.csv", "--affiliate", name), words)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///file.txt", "The database cannot be used: file is not a database"),
        ("sqlite:///file.txt/x.sqlite", "Cannot use file.txt"),
        ("postgresql+psycopg://a@127.0.0.1:none/x", "database_url"),
        ("postgresql+psycopg://a@127.0.0.1:9/x", "The database cannot be used"),
    ],
)
def test_a_database_that_is_none_is_one_line(
    bare: Path, monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    (bare / "file.txt").write_text("not a database, but long enough to be read as its header" * 20)
    (bare / "units.csv").write_text(UNITS)
    monkeypatch.setenv("OUTREACH_DATABASE_URL", url)

    assert_one_line(outreach("import", "units", "units.csv", "--affiliate", "Lake"), words)


def test_a_data_folder_that_cannot_be_made_is_one_line(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bare / "file.txt").touch()
    monkeypatch.setenv("OUTREACH_DATA_DIR", "file.txt")

    assert_one_line(init(), "Cannot use file.txt")


@pytest.mark.usefixtures("here")
def test_ctrl_c_is_one_line_and_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(proposals, "read", interrupt)
    init()

    result = outreach("propose")

    assert (result.exit_code, result.stderr.strip()) == (130, "outreach: Stopped.")


@pytest.mark.usefixtures("here")
def test_propose_without_visits_is_the_honest_empty_answer() -> None:
    init()

    result = outreach("propose", "--json")

    solution = json.loads(result.stdout)
    assert (result.exit_code, solution["visits"], solution["unfilled"]) == (0, [], [])


@pytest.mark.usefixtures("here")
def test_propose_says_beside_each_level_what_was_possible() -> None:
    init()

    assert outreach("propose").stdout.splitlines()[:2] == [
        "0 proposals for 0 open visits.",
        "  fill: 0, at best 0",
    ]


def test_propose_says_how_far_it_is_and_is_kept_as_a_search(here: Path) -> None:
    init()

    result = outreach("propose")

    said = "0 of 0 visits have people, at most 0; part "
    assert result.stderr.splitlines()[-1].startswith(said)
    with database(here).reading() as session:
        run = session.scalars(select(MatchingRun)).one()
    assert (run.state, run.asked_by_id, run.result) == (
        "done",
        None,
        {"kept": 0, "asked": 0, "changes": []},
    )


def test_propose_waits_for_nobody_who_searches_already(here: Path) -> None:
    init()
    with database(here).transaction() as session:
        builders.matching_run(session, session.scalars(select(Affiliate)).one())

    assert_one_line(outreach("propose"), "under way already")


@pytest.mark.usefixtures("here")
def test_propose_asks_which_affiliate_where_there_are_several() -> None:
    init()
    outreach("init", "--affiliate", "Lake", "--email", "ann@example.org", "--name", "Ann")

    assert_one_line(outreach("propose"), "Choose one with --affiliate: Harbor Falls, Lake.")
    assert outreach("propose", "--affiliate", "Lake").exit_code == 0
    assert_one_line(outreach("propose", "--affiliate", "Sea"), "no such affiliate")


@pytest.mark.parametrize(
    "command",
    [
        "",
        "init",
        "demo",
        "serve",
        "worker",
        "db upgrade",
        "config check",
        "audit verify",
        "import",
        "propose",
    ],
)
def test_every_command_has_help_with_an_example(command: str) -> None:
    result = outreach(*command.split(), "--help")

    lines = result.output.splitlines()
    assert result.exit_code == 0
    assert any(line.strip() in {"Example:", "Examples:"} for line in lines)
    assert any(line.startswith("    outreach ") for line in lines)
