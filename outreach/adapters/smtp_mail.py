"""Mails through an SMTP server. A mail in doubt goes out again under the same Message-ID.

Connections stay open for the mails that follow: greeting, TLS and sign-in cost several round trips
and many servers count them. Each one is asked whether it still lives before a mail is put on it.
"""

import smtplib
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Literal

from outreach import logs
from outreach.messaging.ports import Accepted, Ambiguous, Mail, Rejected, Result, Retry
from outreach.messaging.reasons import Reason

TIMEOUT_S = 12
_OK = 250
FOR_GOOD = 500
"""From here on an SMTP reply is final; below, the server asks to try again (RFC 5321 §4.2.1)."""

IDLE_S: Final = 60
"""How long an unused connection is kept; servers wait five minutes (RFC 5321 §4.5.3.2.7)."""

MAILS_EACH: Final = 50
"""After so many a connection is ended: some servers take no more over one."""

MOST_IDLE: Final = 4

log = logs.get(__name__)


@dataclass(slots=True)
class _Open:
    """A connection that is signed in, and what it has carried, until when (monotonic seconds)."""

    server: smtplib.SMTP
    mails: int = 0
    used_at: float = 0.0

    @property
    def lives(self) -> bool:
        """Ask the server whether it takes another mail."""
        try:
            code, _ = self.server.rset()
        except (OSError, smtplib.SMTPException):
            return False
        return code == _OK

    def end(self) -> None:
        """Part from the server. However that goes, it says nothing about any mail."""
        with suppress(OSError, smtplib.SMTPException):
            self.server.quit()
        self.server.close()


class SmtpMail:
    """Sends mails, from any number of threads: each takes a connection nobody else uses."""

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
        self._idle: list[_Open] = []
        self._lock = threading.Lock()

    def send(self, mail: Mail) -> Result:
        """Hand one mail over."""
        kept = self._kept()
        if kept is not None:
            result = self._submit(kept, mail)
            if not (isinstance(result, Retry) and result.pauses):
                return result
            # Perhaps only this connection has had its time: a new one tells.
        try:
            new = _Open(self._connected())
        except smtplib.SMTPResponseException as error:
            # Greeting, TLS or sign-in: nobody's mail would get further.
            log.warning("smtp.refused", code=error.smtp_code)
            return Retry(str(error.smtp_code))
        except (OSError, smtplib.SMTPException) as error:
            log.warning("smtp.unreachable", error=type(error).__name__)
            return Retry(Reason.UNREACHABLE)
        return self._submit(new, mail)

    def close(self) -> None:
        """Part from the server."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.end()

    def _kept(self) -> _Open | None:
        """Take a connection that still lives; None where there is none."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                latest = self._idle.pop()
            if time.monotonic() - latest.used_at < IDLE_S and latest.lives:
                return latest
            latest.end()

    def _keep(self, connection: _Open) -> None:
        connection.mails += 1
        connection.used_at = time.monotonic()
        with self._lock:
            has_room = connection.mails < MAILS_EACH and len(self._idle) < MOST_IDLE
            if has_room:
                self._idle.append(connection)
        if not has_room:
            connection.end()

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

    def _submit(self, connection: _Open, mail: Mail) -> Result:
        result = self._submitted(connection.server, mail)
        # smtplib hangs up by itself where the server did, or said that it will.
        is_over = connection.server.sock is None or isinstance(result, Ambiguous)
        if is_over or (isinstance(result, Retry) and result.pauses):
            connection.end()
        else:
            self._keep(connection)
        return result

    def _submitted(self, server: smtplib.SMTP, mail: Mail) -> Result:
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
