"""Mails through an SMTP server. A mail in doubt goes out again under the same Message-ID."""

import smtplib
import ssl
from contextlib import suppress
from typing import Literal

from outreach import logs
from outreach.messaging.ports import Accepted, Ambiguous, Mail, Rejected, Result, Retry
from outreach.messaging.reasons import Reason

TIMEOUT_S = 12
FOR_GOOD = 500
"""From here on an SMTP reply is final; below, the server asks to try again (RFC 5321 §4.2.1)."""

log = logs.get(__name__)


class SmtpMail:
    """Sends each mail over a connection of its own."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        sender: str,
        tls: Literal["none", "starttls", "implicit"] = "starttls",
        user: str = "",
        password: str = "",
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port, self._sender = host, port, sender
        self._tls, self._user, self._password = tls, user, password
        self._context = context or ssl.create_default_context()

    def send(self, mail: Mail) -> Result:
        """Hand one mail over."""
        try:
            server = self._connected()
        except smtplib.SMTPResponseException as error:
            # Greeting, TLS or sign-in: nobody's mail would get further.
            log.warning("smtp.refused", code=error.smtp_code)
            return Retry(str(error.smtp_code))
        except (OSError, smtplib.SMTPException) as error:
            log.warning("smtp.unreachable", error=type(error).__name__)
            return Retry(Reason.UNREACHABLE)
        try:
            return self._submit(server, mail)
        finally:
            # However the parting goes, it says nothing about the mail.
            with suppress(OSError, smtplib.SMTPException):
                server.quit()
            server.close()

    def _connected(self) -> smtplib.SMTP:
        if self._tls == "implicit":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=TIMEOUT_S, context=self._context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_S)
        try:
            if self._tls == "starttls":
                server.starttls(context=self._context)
            if self._user:
                server.login(self._user, self._password)
        except BaseException:
            server.close()
            raise
        return server

    def _submit(self, server: smtplib.SMTP, mail: Mail) -> Result:
        try:
            options = () if mail.to.isascii() else ("SMTPUTF8", "BODY=8BITMIME")
            server.sendmail(self._sender, [mail.to], mail.raw, mail_options=options)
        except smtplib.SMTPRecipientsRefused as error:
            code, _ = next(iter(error.recipients.values()))
            return _refused(code)
        except smtplib.SMTPSenderRefused as error:
            # Ours, not the recipient's: the sender's name, or a sign-in that is missing.
            log.warning("smtp.refused", code=error.smtp_code)
            return Retry(str(error.smtp_code))
        except smtplib.SMTPResponseException as error:
            return _refused(error.smtp_code)
        except (UnicodeError, smtplib.SMTPNotSupportedError):
            # An address with letters this server cannot carry.
            return Rejected("553")
        except (OSError, smtplib.SMTPException) as error:
            log.warning("smtp.broken", error=type(error).__name__)
            return Ambiguous(Reason.CONNECTION)
        return Accepted(mail.message_id)


def _refused(code: int) -> Result:
    log.warning("smtp.refused", code=code)
    if code < FOR_GOOD:
        # Greylisting and full mailboxes are one recipient's matter.
        return Retry(str(code), pauses=False)
    return Rejected(str(code))
