"""`init` makes the keys, `serve` and `worker` miss them, `outreach keys` looks after them."""

import json
import runpy
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from outreach import cli, keyring
from outreach.db import Database
from outreach.errors import Unusable
from outreach.keyring import Source
from outreach.vault import Vault
from tests import sealed_builders

WSGI = Path(cli.__file__).parents[2] / "wsgi.py"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sqlite_template: Path) -> Path:
    """A folder whose database has every table and no row; no keys yet."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "var").mkdir()
    shutil.copy(sqlite_template, tmp_path / "var" / "outreach.sqlite")
    return tmp_path


@pytest.fixture
def sealed(here: Path) -> Path:
    """The same after `outreach init`, with one row of each kind that is sealed."""
    init()
    db, vault = opened(here)
    sealed_builders.everything(db, vault)
    db.dispose()
    vault.dispose()
    return here


def outreach(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


def init() -> Result:
    return outreach(
        "init", "--affiliate", "Harbor Falls", "--email", "ruth@example.org", "--name", "Ruth Adler"
    )


def opened(here: Path) -> tuple[Database, Vault]:
    var = here / "var"
    return (
        Database(f"sqlite:///{var / 'outreach.sqlite'}", audit_key=b"unused"),
        Vault(f"sqlite:///{var / 'outreach.keys.sqlite'}", Source(var / "keys.json")),
    )


def break_a_note(here: Path) -> str:
    """Change a sealed note; return its referral's public id."""
    db, vault = opened(here)
    with db.transaction() as session:
        changed = "UPDATE referral SET sealed_note = sealed_note || 'A' RETURNING public_id"
        public_id = str(session.scalar(text(changed)))
    db.dispose()
    vault.dispose()
    return public_id


def secrets_of(here: Path) -> list[str]:
    content = json.loads((here / "var" / "keys.json").read_text())
    return [
        content["index"],
        *content["keys"].values(),
        sealed_builders.NOTE,
        sealed_builders.SECRET,
    ]


def assert_one_line(result: Result, words: str) -> None:
    assert result.exit_code == 2
    (line,) = result.stderr.strip().splitlines()
    assert words in line


def test_init_makes_the_key_file_and_says_to_back_it_up(here: Path) -> None:
    result = init()

    path = here / "var" / "keys.json"
    assert path.stat().st_mode & 0o777 == 0o600
    assert "Made the key file var/keys.json" in result.output
    assert "Back it up now, apart from the databases" in result.output
    assert "Made the store of data keys: sqlite:///var/outreach.keys.sqlite." in result.output
    assert [secret for secret in secrets_of(here) if secret in result.output] == []


def test_init_for_a_second_affiliate_keeps_the_keys(here: Path) -> None:
    init()
    before = (here / "var" / "keys.json").read_text()

    result = outreach("init", "--affiliate", "Lake", "--email", "r@example.org", "--name", "Ruth")

    assert result.exit_code == 0
    assert "Made" not in result.output
    assert (here / "var" / "keys.json").read_text() == before


def test_an_upgrade_of_a_database_without_keys_makes_them(here: Path) -> None:
    result = outreach("db", "upgrade")

    assert "Made the key file" in result.output
    assert (here / "var" / "keys.json").exists()


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_without_the_key_file_the_service_does_not_start(sealed: Path, command: str) -> None:
    (sealed / "var" / "keys.json").unlink()

    assert_one_line(outreach(command), "There is no key file var/keys.json. Restore it")


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_with_a_key_file_that_others_can_read_the_service_does_not_start(
    sealed: Path, command: str
) -> None:
    (sealed / "var" / "keys.json").chmod(0o644)

    assert_one_line(outreach(command), "Run: chmod 600 var/keys.json")


def test_with_another_key_file_the_service_does_not_start(sealed: Path) -> None:
    path = sealed / "var" / "keys.json"
    used = json.loads(path.read_text())["active"]
    keyring.replace(path, keyring.fresh())

    assert_one_line(outreach("serve"), f"The data need the key {used},")


def test_a_wsgi_server_does_not_start_without_the_keys_either(sealed: Path) -> None:
    (sealed / "var" / "keys.json").unlink()

    with pytest.raises(Unusable, match="no key file"):
        runpy.run_path(str(WSGI))


def test_keys_from_the_environment_stand_for_the_file(
    sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sealed / "var" / "keys.json"
    monkeypatch.setenv("OUTREACH_KEYS", path.read_text())
    path.unlink()

    result = outreach("keys", "check")

    assert result.exit_code == 0
    assert "The keys are those of OUTREACH_KEYS;" in result.output


def test_check_opens_everything(sealed: Path) -> None:
    result = outreach("keys", "check")

    assert result.exit_code == 0
    assert "1 data keys and 3 sealed values" in result.output
    assert "Everything opens." in result.output
    assert [secret for secret in secrets_of(sealed) if secret in result.output] == []


def test_check_names_what_is_broken_by_table_column_and_public_id(sealed: Path) -> None:
    public_id = break_a_note(sealed)

    result = outreach("keys", "check")

    assert result.exit_code == 1
    assert f"referral.sealed_note of {public_id}: " in result.output
    assert "1 cannot be opened." in result.output
    assert [secret for secret in secrets_of(sealed) if secret in result.output] == []


def test_check_prints_json(sealed: Path) -> None:
    public_id = break_a_note(sealed)

    result = outreach("keys", "check", "--json")

    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert (told["data_keys"], told["values"], told["erased"]) == (1, 3, 0)
    assert told["keys"] == [told["active"]]
    assert [(f["table"], f["column"], f["public_id"]) for f in told["findings"]] == [
        ("referral", "sealed_note", public_id)
    ]


def test_check_without_keys_is_one_line(here: Path) -> None:
    assert_one_line(outreach("keys", "check"), "There is no key file")
    assert not (here / "var" / "keys.json").exists()


def test_rotate_and_forget(sealed: Path) -> None:
    first = json.loads((sealed / "var" / "keys.json").read_text())["active"]

    rotated = outreach("keys", "rotate")
    checked = outreach("keys", "check")
    forgot = outreach("keys", "forget", first)

    assert rotated.exit_code == checked.exit_code == forgot.exit_code == 0
    assert "1 data keys, 1 values." in rotated.output
    assert f"Nothing is under {first} any more." in rotated.output
    assert first not in json.loads((sealed / "var" / "keys.json").read_text())["keys"]
    assert outreach("keys", "check").exit_code == 0
    assert_one_line(outreach("keys", "forget", first), f"holds no key {first}")
    output = rotated.output + checked.output + forgot.output
    assert [secret for secret in secrets_of(sealed) if secret in output] == []


def test_rotate_prints_json_and_says_when_it_only_finished(sealed: Path) -> None:
    path = sealed / "var" / "keys.json"
    ring = Source(path).ring().with_new_key()
    path.write_text(ring.to_json())

    finished = outreach("keys", "rotate")
    told = json.loads(outreach("keys", "rotate", "--json").stdout)

    assert f"Finished the rotation to the key {ring.active.id}: 1 data keys" in finished.output
    assert "For one, run it again." in finished.output
    assert (told["resumed"], told["data_keys"]) == (False, 1)
