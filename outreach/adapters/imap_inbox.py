"""A mailbox at an IMAP server: what is unread there is handed over, then marked as read or moved.

A round is bounded in mails, bytes and time; what is left waits for the next.
"""

import imaplib
import re
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, Literal

from outreach.adapters.probes import NoAnswer, Refused
from outreach.messaging.ports import CouldNotLook

TIMEOUT_S: Final = 12.0
MOST_MAILS: Final = 50
MOST_BYTES: Final = 10 * 1024 * 1024
"""Of one mail; of a larger one its beginning is fetched."""
LONGEST_S: Final = 240.0
"""Of one round; well below the time after which another worker takes over."""
_SLACK: Final = 64 * 1024

Tls = Literal["implicit", "starttls", "none"]


class _Limits:
    """Refuses an answer that is longer than what was asked for; imaplib reads any length."""

    def read(self, size: int) -> bytes:
        """Read so many bytes."""
        if size > MOST_BYTES + _SLACK:
            raise imaplib.IMAP4.abort("an answer is too long")
        data: bytes = super().read(size)  # type: ignore[misc] # imaplib's, beside this class
        return data


class _Plain(_Limits, imaplib.IMAP4):
    """A connection without encryption, or before it begins."""


class _Encrypted(_Limits, imaplib.IMAP4_SSL):
    """A connection that is encrypted from the start."""


class ImapInbox:
    """One folder at an IMAP server. Without `move_to` what was taken is marked as read."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        user: str,
        password: str,
        folder: str = "INBOX",
        move_to: str = "",
        tls: Tls = "implicit",
        timeout_s: float = TIMEOUT_S,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._host, self._port, self._tls = host, port, tls
        self._user, self._password = user, password
        self._folder, self._move_to = folder, move_to
        self._timeout_s = timeout_s
        self._context = context or ssl.create_default_context()

    @property
    def name(self) -> str:
        """Say which mailbox it is."""
        return f"{self._user}@{self._host}:{self._port}/{self._folder}"

    def fetch(self, take: Callable[[bytes], bool], *, stopping: Callable[[], bool]) -> int:
        """Hand over what waits, oldest first, at most 50; return how many were taken.

        Raises:
            CouldNotLook: with the step that failed, in a word.
        """
        try:
            with self._signed_in() as server:
                return self._round(server, take, stopping=stopping)
        except Refused as error:
            raise CouldNotLook(error.code) from error
        except NoAnswer as error:
            raise CouldNotLook("no answer") from error

    def look(self) -> None:
        """Sign in and look whether the folders are there; nothing is fetched or marked.

        Raises:
            NoAnswer: nobody answers there.
            Refused: "tls", "sign-in", "folder" or "move folder".
        """
        with self._signed_in() as server:
            if self._move_to:
                _done(server.select(_quoted(self._move_to), readonly=True), or_say="move folder")
            _done(server.select(_quoted(self._folder), readonly=True), or_say="folder")

    def _round(
        self, server: imaplib.IMAP4, take: Callable[[bytes], bool], *, stopping: Callable[[], bool]
    ) -> int:
        _done(server.select(_quoted(self._folder)), or_say="folder")
        ends_at = time.monotonic() + LONGEST_S
        # Where mails are moved away, one that somebody has opened waits all the same.
        wanted = ("UNDELETED",) if self._move_to else ("UNSEEN", "UNDELETED")
        found = _done(server.uid("SEARCH", *wanted), or_say="search")
        uids = (found[0] or b"").decode("ascii", "ignore").split()
        taken = 0
        for uid in sorted((u for u in uids if u.isdigit()), key=int)[:MOST_MAILS]:
            if stopping() or time.monotonic() > ends_at:
                break
            raw = _mail_of(server.uid("FETCH", uid, f"(BODY.PEEK[]<0.{MOST_BYTES}>)"))
            if raw and take(raw):
                self._put_away(server, uid)
                taken += 1
        return taken

    def _put_away(self, server: imaplib.IMAP4, uid: str) -> None:
        if not self._move_to:
            _done(server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Seen)"), or_say="mark")
        elif "MOVE" in server.capabilities:
            _done(server.uid("MOVE", uid, _quoted(self._move_to)), or_say="move")
        else:
            _done(server.uid("COPY", uid, _quoted(self._move_to)), or_say="move")
            _done(server.uid("STORE", uid, "+FLAGS.SILENT", r"(\Deleted)"), or_say="mark")
            if "UIDPLUS" in server.capabilities:
                # Never a plain EXPUNGE: it would remove what somebody else has marked.
                _done(server.uid("EXPUNGE", uid), or_say="move")

    @contextmanager
    def _signed_in(self) -> Iterator[imaplib.IMAP4]:
        """Connect, begin TLS and sign in; part again however it ends."""
        try:
            server = self._connected()
            try:
                self._sign_in(server)
                yield server
            finally:
                with suppress(OSError, ValueError, imaplib.IMAP4.error):
                    server.logout()
                # A failed farewell leaves the line open.
                with suppress(OSError):
                    server.shutdown()
        except ssl.SSLError as error:
            raise Refused("tls") from error
        except imaplib.IMAP4.abort as error:
            raise NoAnswer("abort") from error
        except imaplib.IMAP4.error as error:
            raise Refused("protocol") from error
        except (OSError, ValueError) as error:
            # imaplib reads numbers out of whatever it is sent.
            raise NoAnswer(type(error).__name__) from error

    def _connected(self) -> imaplib.IMAP4:
        if self._tls == "implicit":
            return _Encrypted(
                self._host, self._port, ssl_context=self._context, timeout=self._timeout_s
            )
        return _Plain(self._host, self._port, timeout=self._timeout_s)

    def _sign_in(self, server: imaplib.IMAP4) -> None:
        if self._tls == "starttls":
            try:
                server.starttls(self._context)
            except imaplib.IMAP4.error as error:
                raise Refused("tls") from error
        try:
            server.login(_escaped(self._user), self._password)
        except imaplib.IMAP4.abort:
            raise
        except imaplib.IMAP4.error as error:
            raise Refused("sign-in") from error


def _done(answer: tuple[str, list[Any]], *, or_say: str) -> list[Any]:
    status, data = answer
    if status != "OK":
        raise Refused(or_say)
    return data


def _mail_of(answer: tuple[str, list[Any]]) -> bytes:
    """Return the bytes of a FETCH; b"" where the mail is gone by now."""
    status, data = answer
    if status != "OK":
        return b""
    for piece in data:
        if isinstance(piece, tuple) and re.search(rb"BODY\[\]", piece[0], re.IGNORECASE):
            return bytes(piece[1])
    return b""


def _quoted(folder: str) -> str:
    escaped = folder.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _escaped(user: str) -> str:
    # imaplib quotes the password alone.
    return _quoted(user) if re.search(r'[\s"\\(){}%*]', user) else user
