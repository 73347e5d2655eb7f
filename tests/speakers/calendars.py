"""Speakers' own calendars as rows, and a reader that answers what a test wants."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.db import Database
from outreach.keyring import KeyRing
from outreach.speakers import own_calendar
from outreach.speakers.models import BusyTime, OwnCalendar, Speaker
from outreach.speakers.ports import BusySpan, CouldNotRead, Reading, Trouble, Wanted
from tests.builders import NOW

ADDRESS = "https://calendar.example.org/secret-of-maria.ics"
LATER = NOW + timedelta(days=3)
BUSY = BusySpan(LATER, LATER + timedelta(hours=1))
PERHAPS = BusySpan(LATER + timedelta(days=1), LATER + timedelta(days=2), tentative=True)


class Reader:
    """Answers with what it was given; counts, and remembers what was wanted."""

    def __init__(self, *busy: BusySpan) -> None:
        self.answer: Reading | Exception | None = Reading(busy=busy, etag='"1"')
        self.wanted: list[Wanted] = []

    def read(self, wanted: Wanted) -> Reading | None:
        """Answer."""
        self.wanted.append(wanted)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def breaks(self, trouble: Trouble) -> None:
        """Answer with trouble from now on."""
        self.answer = CouldNotRead(trouble)


def connected(
    session: Session,
    speaker: Speaker,
    *busy: BusySpan,
    ring: KeyRing,
    address: str = ADDRESS,
    read_at: datetime | None = NOW,
) -> OwnCalendar:
    """Give a speaker a calendar with these busy times, read at `read_at`."""
    made = own_calendar.add(session, speaker.id, address, ring=ring, now=NOW)
    if read_at is not None:
        made.last_read_at = made.last_ok_at = made.laid_out_at = read_at
        made.next_read_at = read_at + timedelta(hours=1)
    for span in busy:
        session.add(
            BusyTime(
                speaker_id=speaker.id,
                starts_at=span.starts_at,
                ends_at=span.ends_at,
                tentative=span.tentative,
            )
        )
    session.flush()
    return made


def rows(database: Database) -> list[BusySpan]:
    """Return all busy times there are, in order."""
    with database.reading() as session:
        found = session.scalars(select(BusyTime).order_by(BusyTime.starts_at)).all()
        return [BusySpan(row.starts_at, row.ends_at, row.tentative) for row in found]
