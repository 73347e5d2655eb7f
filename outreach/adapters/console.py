"""Messages for people who are not there: rows that the demo's phones and mailboxes show."""

from collections.abc import Callable, Sequence
from datetime import datetime

from outreach.db import Database
from outreach.messaging import console
from outreach.messaging.ports import Accepted, Mail, Result, Seen, Sms

DELIVERED = "delivered"


class ConsoleSms:
    """Keeps each text as a row; it has arrived as soon as it is there."""

    def __init__(self, db: Database, *, now: Callable[[], datetime]) -> None:
        self._db, self._now = db, now

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
        return Accepted(kept, status=DELIVERED)

    def sent_to(self, phone: str, *, since: datetime) -> Sequence[Seen]:
        """Return the texts kept for a number."""
        with self._db.reading() as session:
            rows = console.texts_to(session, phone, since=since)
        return [Seen(row.public_id, row.text, DELIVERED, "", row.at) for row in rows]


class ConsoleMail:
    """Keeps each mail as a row, with the bytes a server would have got."""

    def __init__(self, db: Database, *, now: Callable[[], datetime]) -> None:
        self._db, self._now = db, now

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
        return Accepted(kept, status=DELIVERED)
