from datetime import timedelta
from io import StringIO

from outreach.adapters.console import ConsoleMail, ConsoleSms
from outreach.db import Database
from outreach.messaging.models import ConsoleMessage
from outreach.messaging.ports import Accepted, Mail, Sms
from tests.builders import NOW

MARIA = "+13135550101"
TEXT = Sms(to=MARIA, body="Hola", kind="offer", callback_url="", valid_for_s=60)


def test_a_text_is_kept_and_found_again(database: Database) -> None:
    console = ConsoleSms(database, now=lambda: NOW)

    result = console.send(TEXT)

    (seen,) = console.sent_to(MARIA, since=NOW)
    assert result == Accepted(seen.provider_id, status="delivered")
    assert (seen.body, seen.created_at) == ("Hola", NOW)
    assert console.sent_to(MARIA, since=NOW + timedelta(seconds=1)) == []


MAIL = Mail(
    to="maria@speakers.example",
    raw=b"From: a\r\n\r\nHola",
    message_id="<a@b>",
    kind="invite",
    subject="Visit",
    text="Hola",
)


def test_a_mail_is_kept_with_its_bytes(database: Database) -> None:
    ConsoleMail(database, now=lambda: NOW).send(MAIL)

    with database.reading() as session:
        (kept,) = session.query(ConsoleMessage).all()
    assert (kept.channel, kept.to_address, kept.kind) == ("mail", MAIL.to, "invite")
    assert (kept.subject, kept.text, kept.raw, kept.at) == ("Visit", "Hola", MAIL.raw, NOW)


def test_what_nobody_carries_can_be_read_on_the_terminal(database: Database) -> None:
    terminal = StringIO()

    ConsoleMail(database, now=lambda: NOW, terminal=terminal).send(MAIL)
    ConsoleSms(database, now=lambda: NOW, terminal=terminal).send(TEXT)

    assert terminal.getvalue() == (
        f"--- to {MAIL.to}\nVisit\n\nHola\n---\n--- to {MARIA}\nHola\n---\n"
    )
