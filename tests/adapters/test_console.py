from datetime import timedelta

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


def test_a_mail_is_kept_with_its_bytes(database: Database) -> None:
    mail = Mail(
        to="maria@speakers.example",
        raw=b"From: a\r\n\r\nHola",
        message_id="<a@b>",
        kind="invite",
        subject="Visit",
        text="Hola",
    )

    ConsoleMail(database, now=lambda: NOW).send(mail)

    with database.reading() as session:
        (kept,) = session.query(ConsoleMessage).all()
    assert (kept.channel, kept.to_address, kept.kind) == ("mail", mail.to, "invite")
    assert (kept.subject, kept.text, kept.raw, kept.at) == ("Visit", "Hola", mail.raw, NOW)
