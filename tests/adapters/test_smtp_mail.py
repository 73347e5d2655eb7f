import socket
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from outreach.adapters.smtp_mail import SmtpMail
from outreach.messaging.ports import Accepted, Ambiguous, Mail, Rejected, Result, Retry

MAIL = Mail(
    to="maria@speakers.example",
    raw=b"From: visits@outreach.example\r\nMessage-ID: <abc@outreach.example>\r\n\r\nHola\r\n",
    message_id="<abc@outreach.example>",
    kind="offer",
    subject="Hola",
    text="Hola",
)


class Mailbox:
    """Keeps what arrives; answers `rcpt` and `data` as told."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.sender = "250 OK"
        self.rcpt = "250 OK"
        self.data = "250 OK"
        self.cuts_the_line = False

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        envelope.mail_from = address
        return self.sender

    async def handle_RCPT(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        if self.rcpt.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        del session
        self.envelopes.append(envelope)
        if self.cuts_the_line:
            transport: Any = server.transport
            transport.abort()
        return self.data


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def server(mailbox: Mailbox) -> Iterator[Controller]:
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


def gateway(port: int, **options: str) -> SmtpMail:
    settings = {"tls": "none", **options}
    return SmtpMail(host="127.0.0.1", port=port, sender="visits@outreach.example", **settings)  # type: ignore[arg-type] # strings all


def test_a_mail_arrives_as_it_was_written(mailbox: Mailbox, server: Controller) -> None:
    result = gateway(server.port).send(MAIL)

    (envelope,) = mailbox.envelopes
    assert result == Accepted("<abc@outreach.example>")
    assert envelope.mail_from == "visits@outreach.example"
    assert envelope.rcpt_tos == ["maria@speakers.example"]
    assert message_from_bytes(envelope.content or b"")["Message-ID"] == "<abc@outreach.example>"  # type: ignore[arg-type] # bytes


@pytest.mark.parametrize(
    ("rcpt", "result"),
    [
        ("550 no such mailbox", Rejected("550")),
        ("450 greylisted, try again", Retry("450", pauses=False)),
    ],
)
def test_a_refused_recipient_is_told_by_its_code(
    mailbox: Mailbox, server: Controller, rcpt: str, result: Result
) -> None:
    mailbox.rcpt = rcpt

    assert gateway(server.port).send(MAIL) == result
    assert mailbox.envelopes == []


@pytest.mark.parametrize(
    ("data", "result"),
    [
        ("554 too much", Rejected("554")),
        ("451 try again", Retry("451", pauses=False)),
    ],
)
def test_a_refused_mail_is_told_by_its_code(
    mailbox: Mailbox, server: Controller, data: str, result: Result
) -> None:
    mailbox.data = data

    assert gateway(server.port).send(MAIL) == result


def test_a_refused_sender_is_everybodys_trouble(mailbox: Mailbox, server: Controller) -> None:
    mailbox.sender = "530 sign in first"

    assert gateway(server.port).send(MAIL) == Retry("530", pauses=True)


def test_a_line_cut_after_the_mail_leaves_it_in_doubt(mailbox: Mailbox, server: Controller) -> None:
    mailbox.cuts_the_line = True

    assert gateway(server.port).send(MAIL) == Ambiguous("connection")
    assert len(mailbox.envelopes) == 1


ACCENTED = replace(MAIL, to="maría@speakers.example")


def test_an_address_the_server_cannot_carry_is_refused(mailbox: Mailbox) -> None:
    plain = Controller(mailbox, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=False)
    plain.start()

    result = gateway(plain.port).send(ACCENTED)

    plain.stop()
    assert result == Rejected("553")


def test_an_address_with_an_accent_is_carried_by_a_server_that_can(
    mailbox: Mailbox, server: Controller
) -> None:
    assert isinstance(gateway(server.port).send(ACCENTED), Accepted)
    assert mailbox.envelopes[0].rcpt_tos == ["maría@speakers.example"]


def test_a_server_that_is_away_is_tried_again_later() -> None:
    assert gateway(free_port()).send(MAIL) == Retry("unreachable")


def test_a_server_without_encryption_gets_nothing_when_it_was_asked_for(
    mailbox: Mailbox, server: Controller
) -> None:
    assert gateway(server.port, tls="starttls").send(MAIL) == Retry("unreachable")
    assert gateway(server.port, tls="implicit").send(MAIL) == Retry("unreachable")
    assert mailbox.envelopes == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize(
    ("password", "result"),
    [("right", Accepted("<abc@outreach.example>")), ("wrong", Retry("535"))],
)
def test_it_signs_in_where_the_server_wants_it(
    mailbox: Mailbox, password: str, result: Result
) -> None:
    def is_known(*told: Any) -> AuthResult:  # noqa: ANN401 - aiosmtpd's five
        given = told[-1]
        assert isinstance(given, LoginPassword)
        return AuthResult(success=given.password == b"right", handled=False)

    server = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=is_known,
        auth_required=True,
        auth_require_tls=False,
    )
    server.start()
    try:
        assert gateway(server.port, user="outreach", password=password).send(MAIL) == result
    finally:
        server.stop()
