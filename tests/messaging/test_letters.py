from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from outreach.messaging import letters
from outreach.messaging.templates import Letter

SENT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def compose(*, subject: str = "Hello", to_name: str = "Maria Lopez") -> EmailMessage:
    raw = letters.compose(
        Letter(subject, "Hola, María\n", "<p>Hola, María</p>"),
        sender="visits@outreach.example",
        sender_name="Outreach",
        to="maria@speakers.example",
        to_name=to_name,
        message_id="<abc@outreach.example>",
        date=SENT,
    )
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    found = message_from_bytes(raw, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_mail_has_text_first_and_html_of_the_same_words() -> None:
    mail = compose()

    text, html = mail.iter_parts()
    assert mail.get_content_type() == "multipart/alternative"
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert text.get_content().splitlines() == ["Hola, María"]


def test_a_mail_is_known_by_its_id_and_asks_for_no_automatic_answer() -> None:
    mail = compose()

    assert mail["Message-ID"] == "<abc@outreach.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["From"] == "Outreach <visits@outreach.example>"
    assert mail["Date"].datetime == SENT


@pytest.mark.parametrize(
    "subject",
    [
        "¿Podría ir el miércoles 30 de diciembre?",
        "Ya no está en su calendario: visita del miércoles 30 de diciembre, y otra vez más después",
        "x" * 200,
        "=?utf-8?q?really?=",
    ],
)
def test_a_long_subject_comes_through_whole(subject: str) -> None:
    assert compose(subject=subject)["Subject"] == subject


@pytest.mark.parametrize(
    "name",
    ["", 'Ann "Annie" O\'Neil, Jr.', "María Núñez", "Eve\r\nBcc: all@people.example", "a\\b@c <d>"],
)
def test_a_name_cannot_break_the_header(name: str) -> None:
    mail = compose(to_name=name)

    assert [address.addr_spec for address in mail["To"].addresses] == ["maria@speakers.example"]
    assert mail["Bcc"] is None
