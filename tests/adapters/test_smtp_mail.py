import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email import message_from_bytes
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from outreach.adapters import smtp_mail
from outreach.adapters.smtp_mail import MAILS_EACH, SmtpMail
from outreach.messaging.ports import Accepted, Ambiguous, Mail, Rejected, Result, Retry

MAIL = Mail(
    to="maria@speakers.example",
    raw=b"From: visits@outreach.example\r\nMessage-ID: <abc@outreach.example>\r\n\r\nHola\r\n",
    message_id="<abc@outreach.example>",
    kind="offer",
    subject="Hola",
    text="Hola",
)

Gateway = Callable[..., SmtpMail]


class Mailbox:
    """Keeps what arrives and how often somebody came; answers `rcpt` and `data` as told."""

    def __init__(self) -> None:
        self.visitors = 0
        self.once: dict[str, str] = {}
        self.envelopes: list[Envelope] = []
        self.sender = "250 OK"
        self.rcpt = "250 OK"
        self.data = "250 OK"
        self.cuts_the_line = False

    async def handle_EHLO(  # noqa: N802 - aiosmtpd calls it so
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        hostname: str,
        responses: list[str],
    ) -> list[str]:
        del server, envelope
        session.host_name = hostname
        self.visitors += 1
        return responses

    async def handle_RSET(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd calls it so
        del server, session, envelope
        return self.once.pop("RSET", "250 OK")

    async def handle_MAIL(  # noqa: N802 - aiosmtpd calls it so
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        del server, session, options
        envelope.mail_from = address
        return self.once.pop("MAIL", self.sender)

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


@pytest.fixture
def gateway() -> Iterator[Callable[..., SmtpMail]]:
    """Make gateways to a port, which part from their servers when the test is over."""
    made = []

    def make(port: int, **options: str) -> SmtpMail:
        settings = {"tls": "none", **options}
        sender = "visits@outreach.example"
        made.append(SmtpMail(host="127.0.0.1", port=port, sender=sender, **settings))  # type: ignore[arg-type] # strings all
        return made[-1]

    yield make
    for mail in made:
        mail.close()


def test_a_mail_arrives_as_it_was_written(
    mailbox: Mailbox, server: Controller, gateway: Gateway
) -> None:
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
    mailbox: Mailbox,
    server: Controller,
    rcpt: str,
    result: Result,
    gateway: Gateway,
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
    mailbox: Mailbox,
    server: Controller,
    data: str,
    result: Result,
    gateway: Gateway,
) -> None:
    mailbox.data = data

    assert gateway(server.port).send(MAIL) == result


def test_a_refused_sender_is_everybodys_trouble(
    mailbox: Mailbox, server: Controller, gateway: Gateway
) -> None:
    mailbox.sender = "530 sign in first"

    assert gateway(server.port).send(MAIL) == Retry("530", pauses=True)


def test_a_line_cut_after_the_mail_leaves_it_in_doubt(
    mailbox: Mailbox, server: Controller, gateway: Gateway
) -> None:
    mailbox.cuts_the_line = True

    assert gateway(server.port).send(MAIL) == Ambiguous("connection")
    assert len(mailbox.envelopes) == 1


ACCENTED = replace(MAIL, to="maría@speakers.example")


def test_an_address_the_server_cannot_carry_is_refused(mailbox: Mailbox, gateway: Gateway) -> None:
    plain = Controller(mailbox, hostname="127.0.0.1", port=free_port(), enable_SMTPUTF8=False)
    plain.start()

    result = gateway(plain.port).send(ACCENTED)

    plain.stop()
    assert result == Rejected("553")


def test_an_address_with_an_accent_is_carried_by_a_server_that_can(
    mailbox: Mailbox, server: Controller, gateway: Gateway
) -> None:
    assert isinstance(gateway(server.port).send(ACCENTED), Accepted)
    assert mailbox.envelopes[0].rcpt_tos == ["maría@speakers.example"]


def test_a_server_that_is_away_is_tried_again_later(gateway: Gateway) -> None:
    assert gateway(free_port()).send(MAIL) == Retry("unreachable")


def test_a_server_without_encryption_gets_nothing_when_it_was_asked_for(
    mailbox: Mailbox, server: Controller, gateway: Gateway
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
    mailbox: Mailbox, password: str, result: Result, gateway: Gateway
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


def test_the_mails_that_follow_go_over_the_same_connection(
    mailbox: Mailbox, server: Controller, gateway: Gateway
) -> None:
    mail = gateway(server.port)

    results = [mail.send(MAIL) for _ in range(MAILS_EACH + 1)]

    assert results == [Accepted(MAIL.message_id)] * (MAILS_EACH + 1)
    assert len(mailbox.envelopes) == MAILS_EACH + 1
    assert mailbox.visitors == 2


def test_one_refused_recipient_costs_no_connection(
    mailbox: Mailbox, server: Controller, gateway: Gateway
) -> None:
    mail = gateway(server.port)
    mailbox.rcpt = "550 no such mailbox"
    mail.send(MAIL)
    mailbox.rcpt = "250 OK"

    assert mail.send(MAIL) == Accepted(MAIL.message_id)
    assert mailbox.visitors == 1


def test_a_server_that_hung_up_meanwhile_gets_the_mail_over_a_new_connection(
    mailbox: Mailbox, gateway: Gateway
) -> None:
    port = free_port()
    first = Controller(mailbox, hostname="127.0.0.1", port=port)
    first.start()
    mail = gateway(port)
    mail.send(MAIL)
    first.stop()
    again = Controller(mailbox, hostname="127.0.0.1", port=port)
    again.start()

    try:
        assert mail.send(MAIL) == Accepted(MAIL.message_id)
    finally:
        mail.close()
        again.stop()
    assert len(mailbox.envelopes) == 2


@pytest.mark.parametrize("what", ["RSET", "MAIL"])
def test_a_connection_that_has_had_its_time_is_replaced_at_once(
    mailbox: Mailbox, server: Controller, gateway: Gateway, what: str
) -> None:
    mail = gateway(server.port)
    mail.send(MAIL)
    mailbox.once[what] = "421 too many mails over one connection"

    assert mail.send(MAIL) == Accepted(MAIL.message_id)
    assert mailbox.visitors == 2


def test_a_connection_nobody_used_for_a_minute_is_ended(
    mailbox: Mailbox,
    server: Controller,
    gateway: Gateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mail = gateway(server.port)
    mail.send(MAIL)
    monkeypatch.setattr(smtp_mail, "IDLE_S", 0)

    assert mail.send(MAIL) == Accepted(MAIL.message_id)
    assert mailbox.visitors == 2


def test_a_mail_in_doubt_takes_its_connection_with_it(
    mailbox: Mailbox, server: Controller, gateway: Gateway
) -> None:
    mail = gateway(server.port)
    mailbox.cuts_the_line = True
    mail.send(MAIL)
    mailbox.cuts_the_line = False

    assert mail.send(MAIL) == Accepted(MAIL.message_id)
    assert mailbox.visitors == 2


def test_threads_never_share_a_connection(
    mailbox: Mailbox, server: Controller, gateway: Gateway
) -> None:
    mail = gateway(server.port)

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(lambda _: mail.send(MAIL), range(30)))

    assert results == [Accepted(MAIL.message_id)] * 30
    assert len(mailbox.envelopes) == 30
