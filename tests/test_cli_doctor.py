"""`outreach doctor`: each thing that may be wrong is found, and said with what to do."""

import json
import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from click.testing import CliRunner, Result
from sqlalchemy import text
from werkzeug.serving import make_server

from outreach import cli, clock, config, jobs, wiring
from outreach.adapters import probes
from outreach.adapters.probes import NoAnswer
from outreach.app import create_app
from outreach.cli.checkup import machine, store
from outreach.cli.checkup.finding import State
from outreach.db import Database
from tests import builders, imap_standin, twilio_standin
from tests.twilio_standin import ACCOUNT, NUMBER, TOKEN, TwilioStandIn

RECORDS = {
    "outreach.example": ("v=spf1 include:mail.example -all", "something else"),
    "s1._domainkey.outreach.example": ("v=DKIM1; k=rsa; p=MIIB",),
    "_dmarc.outreach.example": ("v=DMARC1; p=none",),
}


class Mailbox:
    """A mail server that takes nothing, for nothing is sent."""


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with twilio_standin.running() as standin:
        yield standin


@pytest.fixture
def mail_port() -> Iterator[int]:
    """A mail server that knows one password."""

    def knows(_server: object, _session: object, _envelope: object, _way: str, data: Any) -> Any:  # noqa: ANN401 - aiosmtpd's own
        return AuthResult(success=data.password == b"right", handled=False)

    controller = Controller(
        Mailbox(),
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=knows,
        auth_require_tls=False,
    )
    controller.start()
    yield controller.port
    controller.stop()


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[str, ...]]:
    """What the name servers say; nobody asks the real ones."""
    records: dict[str, tuple[str, ...]] = {}
    monkeypatch.setattr(probes, "texts_at", lambda name: records.get(name, RECORDS.get(name, ())))
    return records


@pytest.fixture
def here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, twilio: TwilioStandIn, mail_port: int
) -> Path:
    """A bureau where all is well but that nothing answers at its public address."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "outreach.sqlite").write_text("a copy")
    write(
        tmp_path,
        sms_gateway="twilio",
        twilio_account_sid=ACCOUNT,
        twilio_auth_token=TOKEN,
        twilio_from=NUMBER,
        twilio_base_url=twilio.url,
        public_base_url=f"http://127.0.0.1:{free_port()}",
        sms_registered=True,
        mail_gateway="smtp",
        mail_from="visits@127.0.0.1",
        smtp_host="127.0.0.1",
        smtp_port=mail_port,
        smtp_tls="none",
        smtp_user="outreach",
        smtp_password="right",
        dkim_selector="s1",
        backup_dir="backups",
    )
    monkeypatch.setenv("OUTREACH_MAIL_FROM", "visits@outreach.example")
    made = outreach("init", "--affiliate", "Harbor", "--email", "r@example.org", "--name", "Ruth")
    assert made.exit_code == 0, made.output
    database(tmp_path, lambda db: jobs.beat(db, worker="here:1"))
    return tmp_path


def write(folder: Path, **settings: str | int | bool) -> None:
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (folder / "config.toml").write_text("\n".join(lines))


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


def outreach(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


def database(here: Path, act: Callable[[Database], object]) -> None:
    db = Database(f"sqlite:///{here / 'var' / 'outreach.sqlite'}", audit_key=b"unused")
    act(db)
    db.dispose()


def examined(*arguments: str) -> tuple[int, list[Mapping[str, str]]]:
    done = outreach("doctor", "--json", *arguments)
    return done.exit_code, json.loads(done.stdout)


def wrong(*arguments: str, state: str = "wrong") -> dict[str, str]:
    """Give what is wrong: the part → what is said and what to do."""
    _, found = examined(*arguments)
    return {f["part"]: f"{f['said']} {f['to_do']}" for f in found if f["state"] == state}


@contextmanager
def served(*, token: str = TOKEN) -> Iterator[None]:
    """Serve the bureau at its public address, with a token of its own."""
    settings = config.load(None, twilio_auth_token=token)
    wired = wiring.build(settings)
    port = int(settings.public_base_url.rpartition(":")[2])
    server = make_server("127.0.0.1", port, create_app(wired), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        wired.close()


@pytest.mark.usefixtures("here")
def test_where_all_is_well_it_says_so_and_ends_with_zero() -> None:
    with served():
        code, found = examined()

    assert (code, [f for f in found if f["state"] == "wrong"]) == (0, [])
    said = " ".join(f["said"] for f in found)
    assert "Twilio knows the account and its token." in said
    assert "A signed callback to the public address gets through." in said
    assert "takes our sign-in" in said
    assert "SPF of outreach.example: v=spf1" in said
    assert "there is a key at s1._domainkey.outreach.example" in said
    assert "The clock goes with Twilio's." in said
    assert "A worker is alive." in said


@pytest.mark.usefixtures("here")
def test_a_callback_the_service_refuses_is_found_before_twilio_sends_one() -> None:
    with served(token="another token of the same account"):
        found = wrong()

    assert "refused (403)" in found["texts"]
    assert "public_base_url must be exactly" in found["texts"]


@pytest.mark.usefixtures("here")
def test_what_cannot_be_reached_is_said_and_not_failed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(_name: str) -> tuple[str, ...]:
        raise NoAnswer("away")

    monkeypatch.setattr(probes, "texts_at", away)
    monkeypatch.setenv("OUTREACH_TWILIO_BASE_URL", f"http://127.0.0.1:{free_port()}")

    code, found = examined()

    left_out = [f["said"] for f in found if f["state"] == "skipped"]
    assert (code, len(left_out)) == (0, 4)


@pytest.mark.usefixtures("here")
def test_offline_it_asks_nobody(twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes, "mail_server", pytest.fail)

    code, found = examined("--offline")

    assert (code, twilio.calls) == (0, 0)
    assert "Left out (--offline)." in [f["said"] for f in found]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "value", "part", "words"),
    [
        ("twilio_auth_token", "a wrong one", "texts", "does not know this account"),
        ("twilio_from", "+13135550177", "texts", "Correct twilio_from"),
        ("smtp_password", "wrong", "mail", "does not take smtp_user and smtp_password"),
        ("smtp_tls", "starttls", "mail", "smtp_tls"),
        ("smtp_tls", "implicit", "mail", "smtp_tls"),
        ("smtp_port", "1", "mail", "No mail server answers at 127.0.0.1:1."),
        ("dkim_selector", "s2", "mail", "no DKIM key at s2._domainkey.outreach.example"),
        ("backup_dir", "nowhere", "backups", "is no folder"),
        ("database_url", "sqlite:///var/other.sqlite", "database", "Run: outreach init"),
        ("smtp_port", "many", "configuration", "smtp_port"),
    ],
)
def test_each_wrong_setting_is_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, part: str, words: str
) -> None:
    monkeypatch.setenv(f"OUTREACH_{name.upper()}", value)

    found = wrong()

    assert list(found) == [part]
    assert words in found[part]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("name", "value", "part", "words"),
    [
        ("public_base_url", "http://visits.example.org", "address", "has no TLS"),
        ("sms_registered", "false", "texts", "A2P 10DLC"),
        ("sms_gateway", "console", "texts", "stay on this machine"),
        ("mail_gateway", "console", "mail", "stay on this machine"),
        ("dkim_selector", "", "mail", "Set dkim_selector"),
        ("mail_from", "visits@elsewhere.example", "mail", "share a domain"),
        ("backup_dir", "", "backups", "Set backup_dir"),
    ],
)
def test_what_a_person_should_look_at_is_said_and_not_failed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, part: str, words: str
) -> None:
    monkeypatch.setitem(RECORDS, "elsewhere.example", ("v=spf1 -all",))
    monkeypatch.setenv(f"OUTREACH_{name.upper()}", value)

    _, found = examined("--offline")
    looks = [
        f"{f['said']} {f['to_do']}" for f in found if (f["part"], f["state"]) == (part, "look")
    ]
    online = [f"{f['said']} {f['to_do']}" for f in examined()[1] if f["state"] == "look"]

    assert any(words in said for said in [*looks, *online])
    assert [f for f in found if f["state"] == "wrong"] == []


@pytest.mark.usefixtures("here")
def test_a_trial_account_is_named(twilio: TwilioStandIn) -> None:
    twilio.account_type = "Trial"

    assert "trial account" in wrong(state="look")["texts"]


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("spf", [(), ("v=spf1 -all", "v=spf1 a -all")])
def test_no_spf_record_or_two_are_wrong(
    names: dict[str, tuple[str, ...]], spf: tuple[str, ...]
) -> None:
    names["outreach.example"] = spf

    assert f"has {len(spf) or 'no'} SPF record" in wrong()["mail"]


def test_an_old_backup_and_the_keys_beside_it_are_wrong(here: Path) -> None:
    old = clock.now() - timedelta(hours=27)
    os.utime(here / "backups" / "outreach.sqlite", (old.timestamp(), old.timestamp()))
    aged = wrong("--offline")["backups"]
    (here / "backups" / "keys.json").write_text("{}")

    assert "27 hours old" in aged
    assert "beside the backups" in wrong("--offline")["backups"]


def test_keys_that_others_can_read_are_wrong(here: Path) -> None:
    (here / "var" / "keys.json").chmod(0o644)

    assert "keys.json" in wrong("--offline")["keys"]


def test_a_lost_secret_is_told_and_not_made_anew(here: Path) -> None:
    (here / "var" / "secret.key").unlink()

    assert "every link sent is dead" in wrong("--offline")["keys"]
    assert not (here / "var" / "secret.key").exists()


def test_tables_of_another_version_are_wrong(here: Path) -> None:
    def age(db: Database) -> None:
        with db.transaction() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '0001'"))

    database(here, age)

    assert "Run: outreach db upgrade" in wrong("--offline")["database"]


def test_a_silent_worker_and_what_waits_are_wrong(here: Path) -> None:
    def let_wait(db: Database) -> None:
        with db.transaction() as session:
            session.execute(text("DELETE FROM worker_heartbeat"))
            lake = builders.affiliate(session)
            maria = builders.speaker(session, lake)
            due = clock.now() - timedelta(minutes=9)
            builders.message(session, lake, to=maria, send_after=due, state_at=due)
            builders.message(session, lake, to=maria, channel="sms", state="unknown")
            builders.message(session, lake, to=maria, state="dead", state_at=clock.now())

    database(here, let_wait)
    code, found = examined("--offline")

    said = [f["said"] for f in found if f["part"] == "sending"]
    assert code == 1
    assert said == [
        "No worker has ever been alive, so nothing is being sent.",
        "The oldest message that is due has waited for 9 minutes.",
        "Of 1 text(s) nobody knows whether they left.",
        "1 message(s) were given up in the last day.",
    ]


@pytest.mark.usefixtures("here")
def test_where_nobody_watches_each_finding_is_a_line_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OUTREACH_BACKUP_DIR", "nowhere")

    done = outreach("doctor", "--offline")

    assert done.exit_code == 1
    assert "wrong: backups: backup_dir nowhere is no folder. → Correct backup_dir." in done.stdout
    assert done.stdout.splitlines()[-1].startswith("1 wrong, ")


def test_no_secret_is_told(here: Path) -> None:
    told = outreach("doctor").output + outreach("doctor", "--json").output

    secret = (here / "var" / "secret.key").read_text().strip()
    assert [word for word in (TOKEN, '"right"', secret) if word in told] == []


@pytest.mark.parametrize(
    ("seconds", "state", "words"),
    [
        (5, State.OK, "goes with"),
        (-5, State.OK, "goes with"),
        (6, State.LOOK, "6 s ahead of"),
        (-30, State.LOOK, "30 s behind"),
        (31, State.WRONG, "31 s ahead of"),
    ],
)
def test_a_clock_apart_is_told_by_how_much(seconds: int, state: State, words: str) -> None:
    found = machine.compared(timedelta(seconds=seconds), with_whom="Twilio's")

    assert found.state is state
    assert words in found.said


@pytest.mark.only("postgresql")
def test_on_postgresql_its_settings_and_its_clock_are_looked_at(db: Database) -> None:
    right = store.database(db, now=lambda: datetime.now(UTC))
    late = store.database(db, now=lambda: datetime.now(UTC) - timedelta(minutes=2))

    assert [f.state for f in right if f.part == "clock"] == [State.OK]
    assert [f.said for f in late if f.part == "clock"] == [
        "The clock is 120 s behind the database's."
    ]
    assert "up to date" in right[0].said


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("settings", "state", "words"),
    [
        ({}, "ok", "lets us in, and its folder is there"),
        ({"imap_password": "wrong"}, "wrong", "does not take imap_user and imap_password"),
        ({"imap_folder": "Elsewhere"}, "wrong", "no folder of the name in imap_folder"),
        ({"imap_move_to": "Elsewhere"}, "wrong", "no folder of the name in imap_move_to"),
        ({"imap_tls": "starttls"}, "wrong", "encryption does not work"),
    ],
)
def test_the_mailbox_is_looked_at_and_its_trouble_put_into_words(
    monkeypatch: pytest.MonkeyPatch,
    settings: Mapping[str, str],
    state: str,
    words: str,
) -> None:
    with imap_standin.running() as server:
        given = {
            "imap_host": "127.0.0.1",
            "imap_port": str(server.port),
            "imap_tls": "none",
            "imap_user": imap_standin.USER,
            "imap_password": imap_standin.PASSWORD,
        }
        for name, value in (given | dict(settings)).items():
            monkeypatch.setenv(f"OUTREACH_{name.upper()}", value)
        _code, found = examined()

    told = [f for f in found if f["part"] == "mailbox" and words in f["said"]]
    assert [f["state"] for f in told] == [state]
    assert any("No worker has read the mailbox so far" in f["said"] for f in found)


@pytest.mark.usefixtures("here")
def test_where_mail_leaves_and_none_comes_in_that_is_said() -> None:
    _code, found = examined("--offline")

    (told,) = [f for f in found if f["part"] == "mailbox"]
    assert (told["state"], "bounces and answers are not noticed" in told["said"]) == ("look", True)
