"""`outreach mail take`: what a mail server pipes in is kept, or it is asked to try again."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from outreach import cli
from outreach.db import Database
from outreach.messaging.models import InboundMail
from tests.messaging import mails

MAIL = mails.written(sender="x@else.example")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of a bureau."""
    monkeypatch.chdir(tmp_path)
    made = outreach("init", "--affiliate", "Harbor", "--email", "r@example.org", "--name", "Ruth")
    assert made.exit_code == 0, made.output
    return tmp_path


def outreach(*arguments: str, given: bytes = b"") -> Result:
    return CliRunner().invoke(cli.main, arguments, input=given)


def kept(here: Path) -> list[str]:
    db = Database(f"sqlite:///{here / 'var' / 'outreach.sqlite'}", audit_key=b"unused")
    with db.reading() as session:
        found = list(session.scalars(select(InboundMail.body)))
    db.dispose()
    return found


def test_a_mail_from_a_pipe_is_kept_once(here: Path) -> None:
    first, second = (outreach("mail", "take", given=MAIL) for _ in range(2))

    assert (first.exit_code, first.stdout) == (0, "Filed.\n")
    assert (second.exit_code, second.stdout) == (0, "It was here already.\n")
    assert kept(here) == ["Is it the blue one?"]


def test_of_a_mail_that_is_too_large_the_beginning_is_kept(here: Path) -> None:
    done = outreach("mail", "take", given=MAIL + b"\n" + b"a" * 11 * 1024 * 1024)

    assert done.exit_code == 0
    assert [body[:19] for body in kept(here)] == ["Is it the blue one?"]


@pytest.mark.usefixtures("here")
def test_nothing_on_standard_input_is_said() -> None:
    done = outreach("mail", "take")

    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


def test_where_it_cannot_be_kept_the_mail_server_is_to_try_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    without_tables = outreach("mail", "take", given=MAIL)
    (tmp_path / "config.toml").write_text('sms_gateway = "no such"')
    wrong_settings = outreach("mail", "take", given=MAIL)

    assert (without_tables.exit_code, wrong_settings.exit_code) == (75, 75)
    assert "x@else.example" not in without_tables.stderr + wrong_settings.stderr
