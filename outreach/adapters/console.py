"""Messages nobody carries: rows that the demo's phones show, and words on the terminal."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TextIO

from outreach.db import Database
from outreach.messaging import console
from outreach.messaging.ports import Accepted, Mail, Result, Seen, Sms, Standing

DELIVERED = "delivered"


class ConsoleSms:
    """Keeps each text as a row; it has arrived as soon as it is there."""

    def __init__(
        self, db: Database, *, now: Callable[[], datetime], terminal: TextIO | None = None
    ) -> None:
        self._db, self._now, self._terminal = db, now, terminal

    def send(self, sms: Sms) -> Result:
        """Keep one text."""
        with self._db.transaction() as session:
            kept = console.keep(
                session,
                channel="sms",
                to_address=sms.to,
                kind=sms.kind,
                text=sms.body,
                at=self._now(),
            )
        _show(self._terminal, sms.to, sms.body)
        return Accepted(kept, status=DELIVERED)

    def sent_to(self, phone: str, *, since: datetime) -> Sequence[Seen]:
        """Return the texts kept for a number."""
        with self._db.reading() as session:
            rows = console.texts_to(session, phone, since=since)
        return [Seen(row.public_id, row.text, DELIVERED, "", row.at) for row in rows]

    def status(self, provider_id: str) -> Standing | None:
        """Return that a text has arrived, where it was kept."""
        with self._db.reading() as session:
            return Standing(DELIVERED) if console.is_kept(session, provider_id) else None

    def redact(self, provider_id: str) -> bool:
        """Say that nothing is left to forget: the rows go by their age (`jobs.redact`)."""
        del provider_id
        return True


class ConsoleMail:
    """Keeps each mail as a row, with the bytes a server would have got."""

    def __init__(
        self, db: Database, *, now: Callable[[], datetime], terminal: TextIO | None = None
    ) -> None:
        self._db, self._now, self._terminal = db, now, terminal

    def send(self, mail: Mail) -> Result:
        """Keep one mail."""
        with self._db.transaction() as session:
            kept = console.keep(
                session,
                channel="mail",
                to_address=mail.to,
                kind=mail.kind,
                subject=mail.subject,
                text=mail.text,
                raw=mail.raw,
                at=self._now(),
            )
        _show(self._terminal, mail.to, f"{mail.subject}\n\n{mail.text}")
        return Accepted(kept, status=DELIVERED)

    def close(self) -> None:
        """There is nothing to let go of."""


def _show(terminal: TextIO | None, to: str, words: str) -> None:
    """Print what would have been sent: on a new machine the first sign-in code is read here."""
    if terminal is not None:
        terminal.write(f"--- to {to}\n{words.strip()}\n---\n")
        terminal.flush()
