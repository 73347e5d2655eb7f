"""Looking whether what we depend on answers: nothing is sent, and nobody waits long."""

import smtplib
import ssl
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

import dns.exception
import dns.resolver
import requests

TIMEOUT_S = 4.0


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are handed over, as the settings have it."""

    host: str
    port: int
    tls: Literal["none", "starttls", "implicit"]
    user: str = ""
    password: str = ""


class NoAnswer(Exception):
    """What was asked cannot be reached from here. Nothing follows for how it is set up."""


class Refused(Exception):
    """It answered, and would not have us: `code` is its own, or the step that failed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def mail_server(server: MailServer, *, context: ssl.SSLContext | None = None) -> None:
    """Connect, begin TLS and sign in as for a mail, and part again.

    Raises:
        NoAnswer: nobody answers there.
        Refused: "tls", "sign-in", or the server's code.
    """
    trusted = context or ssl.create_default_context()
    try:
        _greet(server, trusted)
    except ssl.SSLError as error:
        raise Refused("tls") from error
    except smtplib.SMTPNotSupportedError as error:
        raise Refused("tls" if server.tls == "starttls" else "sign-in") from error
    except smtplib.SMTPAuthenticationError as error:
        raise Refused("sign-in") from error
    except smtplib.SMTPResponseException as error:
        raise Refused(str(error.smtp_code)) from error
    except (OSError, smtplib.SMTPException) as error:
        raise NoAnswer(type(error).__name__) from error


def texts_at(name: str) -> tuple[str, ...]:
    """Return a name's TXT records; () where it has none.

    Raises:
        NoAnswer: no name server answers in time.
    """
    try:
        found = dns.resolver.resolve(name, "TXT", lifetime=TIMEOUT_S)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except (dns.exception.DNSException, OSError) as error:
        raise NoAnswer(type(error).__name__) from error
    return tuple(b"".join(row.strings).decode("ascii", "replace") for row in found)


def clock_of(url: str) -> datetime:
    """Return what a web server says the time is, to the second.

    Raises:
        NoAnswer: it does not answer, or tells no time.
    """
    try:
        answer = requests.head(url, timeout=TIMEOUT_S, allow_redirects=False)
        return parsedate_to_datetime(answer.headers["Date"]).astimezone(UTC)
    except (requests.RequestException, KeyError, ValueError) as error:
        raise NoAnswer(type(error).__name__) from error


def post(url: str, form: Mapping[str, str], *, headers: Mapping[str, str]) -> int:
    """Post a form; return the HTTP status.

    Raises:
        NoAnswer: nobody answers there.
    """
    try:
        answer = requests.post(
            url, data=form, headers=headers, timeout=TIMEOUT_S, allow_redirects=False
        )
    except requests.RequestException as error:
        raise NoAnswer(type(error).__name__) from error
    return answer.status_code


def _greet(server: MailServer, context: ssl.SSLContext) -> None:
    if server.tls == "implicit":
        smtp: smtplib.SMTP = smtplib.SMTP_SSL(
            server.host, server.port, timeout=TIMEOUT_S, context=context
        )
    else:
        smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
    try:
        if server.tls == "starttls":
            smtp.starttls(context=context)
        if server.user:
            smtp.login(server.user, server.password)
        smtp.noop()
        with suppress(OSError, smtplib.SMTPException):
            smtp.quit()
    finally:
        smtp.close()
