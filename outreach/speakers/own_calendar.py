"""Rows of speakers' own calendars: whose turn it is to read one, and what a reading leaves.

Decided in SQL, so that of any number of workers one reads a calendar at a time, and a reading that
comes back late, or after the speaker took the calendar away, changes nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.keyring import KeyRing
from outreach.sealing import Field
from outreach.speakers import rules
from outreach.speakers.models import BusyTime, OwnCalendar, Speaker
from outreach.speakers.ports import BusySpan, Trouble

LONGEST: Final = timedelta(minutes=2)
"""After so long a worker that has not come back is given up. A reading takes 20 seconds at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A calendar that one worker may read until `until`. `zone` is the speaker's."""

    public_id: str
    speaker_id: int
    sealed_address: str
    etag: str
    last_modified: str
    laid_out_at: datetime | None
    failures: int
    until: datetime
    zone: str

    def address(self, ring: KeyRing) -> str:
        """Open the address. Raises sealing.Unreadable, UnknownKey."""
        return ring.open(_place(self.public_id), self.sealed_address)


def of(session: Session, speaker_id: int) -> OwnCalendar | None:
    """Return a speaker's own calendar; None where there is none."""
    return session.scalar(select(OwnCalendar).where(OwnCalendar.speaker_id == speaker_id))


def address_of(calendar: OwnCalendar, ring: KeyRing) -> str:
    """Open the address. Raises sealing.Unreadable, UnknownKey."""
    return ring.open(_place(calendar.public_id), calendar.sealed_address)


def add(
    session: Session, speaker_id: int, address: str, *, ring: KeyRing, now: datetime
) -> OwnCalendar:
    """Keep where a calendar is, to be read at once."""
    public_id = crypto.public_id()
    calendar = OwnCalendar(
        public_id=public_id,
        speaker_id=speaker_id,
        sealed_address=ring.seal(_place(public_id), address),
        next_read_at=now,
        created_at=now,
    )
    session.add(calendar)
    session.flush()
    return calendar


def remove(session: Session, speaker_id: int) -> bool:
    """Delete a speaker's calendar and all its busy times; False where there was none."""
    gone = delete(OwnCalendar).where(OwnCalendar.speaker_id == speaker_id)
    return session.scalar(gone.returning(OwnCalendar.id)) is not None


def make_due(session: Session, speaker_id: int, *, now: datetime) -> bool:
    """Let a calendar be read now; False where it was read within the last five minutes."""
    rested = now - rules.READS_AGAIN_AFTER
    due = (
        update(OwnCalendar)
        .where(
            OwnCalendar.speaker_id == speaker_id,
            or_(OwnCalendar.last_read_at.is_(None), OwnCalendar.last_read_at <= rested),
        )
        .values(next_read_at=now)
        .returning(OwnCalendar.id)
    )
    return session.scalar(due) is not None


def is_due(session: Session, *, now: datetime) -> bool:
    """Say whether any calendar waits to be read."""
    return session.scalar(select(OwnCalendar.id).where(*_due(now)).limit(1)) is not None


def claim(session: Session, *, now: datetime) -> Claimed | None:
    """Take the calendar that has waited longest, for this worker alone; None where none waits.

    One statement: PostgreSQL skips rows another worker is claiming, SQLite has one writer.
    """
    due = (
        select(OwnCalendar.id)
        .where(*_due(now))
        .order_by(OwnCalendar.next_read_at, OwnCalendar.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    until = now + LONGEST
    taken = session.scalar(
        update(OwnCalendar)
        .where(OwnCalendar.id.in_(select(due.c.id)))
        .values(reading_until=until)
        .returning(OwnCalendar.id),
        execution_options={"synchronize_session": False},
    )
    if taken is None:
        return None
    row = session.get_one(OwnCalendar, taken, populate_existing=True)
    return Claimed(
        public_id=row.public_id,
        speaker_id=row.speaker_id,
        sealed_address=row.sealed_address,
        etag=row.etag,
        last_modified=row.last_modified,
        laid_out_at=row.laid_out_at,
        failures=row.failures,
        until=until,
        zone=session.get_one(Speaker, row.speaker_id).time_zone,
    )


def replace(
    session: Session,
    claimed: Claimed,
    busy: Iterable[BusySpan],
    *,
    etag: str,
    last_modified: str,
    spread: float,
    now: datetime,
) -> bool:
    """Put these times in the place of all there were; False where the turn is over by now."""
    new = {"etag": etag, "last_modified": last_modified, "laid_out_at": now}
    if not _end(session, claimed, _went_well(spread, now=now) | new, now=now):
        return False
    session.execute(delete(BusyTime).where(BusyTime.speaker_id == claimed.speaker_id))
    rows = [
        {
            "speaker_id": claimed.speaker_id,
            "starts_at": span.starts_at,
            "ends_at": span.ends_at,
            "tentative": span.tentative,
        }
        for span in busy
    ]
    if rows:
        session.execute(insert(BusyTime), rows)
    return True


def confirm(session: Session, claimed: Claimed, *, spread: float, now: datetime) -> bool:
    """Keep the times as they are: nothing has changed. False where the turn is over by now."""
    return _end(session, claimed, _went_well(spread, now=now), now=now)


def fail(
    session: Session, claimed: Claimed, trouble: Trouble, *, spread: float, now: datetime
) -> bool:
    """Keep the times, and try again later than the last time. False where the turn is over."""
    failures = claimed.failures + 1
    changes = {
        "trouble": str(trouble),
        "failures": failures,
        "next_read_at": rules.next_reading(now, failures=failures, spread=spread),
    }
    return _end(session, claimed, changes, now=now)


def count_to_come(session: Session, speaker_id: int, *, now: datetime) -> tuple[int, int]:
    """Return how many busy times are not over: firm ones, and tentative ones."""
    counted = (
        select(BusyTime.tentative, func.count())
        .where(BusyTime.speaker_id == speaker_id, BusyTime.ends_at > now)
        .group_by(BusyTime.tentative)
    )
    found = dict(session.execute(counted).all())
    return found.get(False, 0), found.get(True, 0)


def _went_well(spread: float, *, now: datetime) -> dict[str, Any]:
    next_read_at = rules.next_reading(now, failures=0, spread=spread)
    return {"last_ok_at": now, "trouble": "", "failures": 0, "next_read_at": next_read_at}


def _end(session: Session, claimed: Claimed, changes: dict[str, Any], *, now: datetime) -> bool:
    """Give the turn back with these changes, if it is still this one's.

    By the public id: SQLite gives the primary key of a deleted row to the next one.
    """
    ended = (
        update(OwnCalendar)
        .where(
            OwnCalendar.public_id == claimed.public_id, OwnCalendar.reading_until == claimed.until
        )
        .values(reading_until=None, last_read_at=now, **changes)
        .returning(OwnCalendar.id)
    )
    return session.scalar(ended) is not None


def _due(now: datetime) -> tuple[Any, ...]:
    nobody_reads = or_(OwnCalendar.reading_until.is_(None), OwnCalendar.reading_until <= now)
    return OwnCalendar.next_read_at <= now, nobody_reads


def _place(public_id: str) -> Field:
    return Field("own_calendar", "sealed_address", public_id)
