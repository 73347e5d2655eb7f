"""`outreach sms test`, through the real client to a Twilio on loopback."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from outreach import cli
from outreach.actor import SYSTEM
from outreach.cli import texting
from outreach.db import Database
from outreach.messaging import service
from tests import twilio_standin
from tests.builders import NOW
from tests.twilio_standin import ACCOUNT, NUMBER, REFUSALS, TOKEN, Fault, TwilioStandIn

MARIA = "+13135550101"


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioStandIn]:
    monkeypatch.setattr(texting, "LOOK_EVERY_S", 0.01)
    monkeypatch.setattr(texting, "FOLLOW_S", 0.05)
    with twilio_standin.running() as standin:
        standin.arrives_as = "delivered"
        yield standin


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, twilio: TwilioStandIn) -> Path:
    """A folder of a bureau that texts through the stand-in."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(
        f'sms_gateway = "twilio"\ntwilio_account_sid = "{ACCOUNT}"\n'
        f'twilio_auth_token = "{TOKEN}"\ntwilio_from = "{NUMBER}"\n'
        f'twilio_base_url = "{twilio.url}"\npublic_base_url = "https://outreach.example"\n'
    )
    made = outreach("init", "--affiliate", "Harbor", "--email", "r@example.org", "--name", "Ruth")
    assert made.exit_code == 0, made.output
    return tmp_path


def outreach(*arguments: str) -> Result:
    return CliRunner().invoke(cli.main, arguments)


def ledger(here: Path, *events: str) -> None:
    url = f"sqlite:///{here / 'var' / 'outreach.sqlite'}"
    with Database(url, audit_key=b"unused").transaction() as session:
        for event in events:
            service.record_consent(
                session, phone=MARIA, event=event, source="form", actor=SYSTEM, now=NOW
            )


@pytest.mark.usefixtures("here")
def test_a_trial_text_is_sent_and_followed_until_it_arrives(twilio: TwilioStandIn) -> None:
    done = outreach("sms", "test", "(313) 555-0101")

    (taken,) = twilio.taken
    assert (done.exit_code, taken.to, taken.callback) == (0, MARIA, "")
    assert "It has arrived" in done.stdout


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("status", "code", "words", "exit_code"),
    [
        ("sent", None, "nobody confirmed", 0),
        ("queued", None, "It still waits at the provider", 1),
        ("undelivered", 30006, "a landline", 1),
        ("undelivered", 30034, "not registered for texts", 1),
        ("failed", 30003, "could not be reached: it is off", 1),
        ("failed", None, "does not say why", 1),
        ("failed", 39999, "no words for", 1),
    ],
)
def test_what_became_of_it_is_said_in_words(
    twilio: TwilioStandIn, status: str, code: int | None, words: str, exit_code: int
) -> None:
    twilio.arrives_as, twilio.arrives_with = status, code

    done = outreach("sms", "test", MARIA)

    assert done.exit_code == exit_code
    assert words in done.output


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("code", "words"),
    [
        (21211, "no such telephone number"),
        (21614, "a landline, or cannot take texts"),
        (21608, "a trial account"),
        (20003, "does not know this account with this password"),
        (30034, "not registered for texts"),
        (20429, "faster than it may"),
        (21610, "told the provider STOP"),
    ],
)
def test_a_refusal_is_said_in_words_with_what_to_do(
    twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    status = {20003: 401, 20429: 429}.get(code, 400)
    monkeypatch.setitem(REFUSALS, Fault.BAD_NUMBER, (status, code, "refused"))
    twilio.faults.append(Fault.BAD_NUMBER)

    done = outreach("sms", "test", MARIA)

    last = done.stderr.strip().splitlines()[-1]
    assert (done.exit_code, len(twilio.taken)) == (1, 0)
    assert last.startswith("outreach: Not sent.")
    assert words in last
    assert f"(code {code})" in last


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault.ERROR_AFTER_ACCEPT, "may have been sent"),
        (Fault.DROP_AFTER_ACCEPT, "the text may have left"),
        (Fault.GARBLED, "could not be read"),
    ],
)
def test_what_may_have_left_is_not_called_unsent(
    twilio: TwilioStandIn, fault: Fault, words: str
) -> None:
    twilio.faults.append(fault)

    done = outreach("sms", "test", MARIA)

    assert done.exit_code == 1
    assert words in done.stderr


@pytest.mark.usefixtures("here")
def test_without_a_network_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv(
            "OUTREACH_TWILIO_BASE_URL", f"http://127.0.0.1:{unused.getsockname()[1]}"
        )

    done = outreach("sms", "test", MARIA)

    assert done.exit_code == 1
    assert "could not be reached, so nothing was sent" in done.stderr


def test_a_number_that_said_stop_gets_nothing_until_it_says_start(
    here: Path, twilio: TwilioStandIn
) -> None:
    ledger(here, "opt_in", "opt_out", "bad_number")
    stopped = outreach("sms", "test", MARIA)
    none = len(twilio.taken)
    ledger(here, "opt_in")
    again = outreach("sms", "test", MARIA)

    assert (stopped.exit_code, none, again.exit_code) == (1, 0, 0)
    assert "has said STOP" in stopped.stderr


@pytest.mark.usefixtures("here")
def test_what_is_no_number_is_not_sent_to(twilio: TwilioStandIn) -> None:
    done = outreach("sms", "test", "12345")

    assert (done.exit_code, twilio.calls) == (1, 0)
    assert "+12165550142" in done.stderr


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("gateway", ["off", "console"])
def test_where_texts_are_not_set_up_it_names_the_key(
    monkeypatch: pytest.MonkeyPatch, gateway: str
) -> None:
    monkeypatch.setenv("OUTREACH_SMS_GATEWAY", gateway)

    done = outreach("sms", "test", MARIA)

    assert done.exit_code == 2
    assert f'sms_gateway is "{gateway}"' in done.stderr


@pytest.mark.usefixtures("here")
def test_a_missing_token_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTREACH_TWILIO_AUTH_TOKEN", "")

    done = outreach("sms", "test", MARIA)

    assert done.exit_code == 2
    assert "twilio_auth_token" in done.stderr
