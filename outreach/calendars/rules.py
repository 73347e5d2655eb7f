"""When a calendar entry changed for who reads it, and how long a feed shows it."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from outreach.calendars import text

FEED_PAST: Final = timedelta(days=7)
FEED_AHEAD: Final = timedelta(days=180)
CANCELLED_KEPT: Final = timedelta(days=30)
"""Longer than the slowest client takes to read a feed again, so that none misses it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """One mailed state of an entry.

    Clients take the highest `sequence`, then the latest `dtstamp` (RFC 5546 §2.1.5).
    """

    sequence: int
    dtstamp: datetime
    fingerprint: str


def fingerprint(
    *,
    cancelled: bool,
    tentative: bool = False,
    starts_at: datetime,
    ends_at: datetime,
    time_zone: str,
    summary: str,
    location: str,
    description: str,
    attendee_email: str,
) -> str:
    """Return a hash of what the recipient sees of an entry: another one is worth a mail.

    Names, alarms, answers and links are not part of it: a mail because a name was respelt would
    only disturb. The address is, for a new mailbox has no invite yet. Of a cancelled entry nothing
    else counts: no edit after that is news.
    """
    stands = "TENTATIVE" if tentative else "CONFIRMED"
    seen: list[str] = ["CANCELLED" if cancelled else stands, attendee_email.strip().lower()]
    if not cancelled:
        # The blank keeps the hashes of rows from when a link was to be in its place.
        seen += [_second(starts_at).isoformat(), _second(ends_at).isoformat(), time_zone, ""]
        seen += [text.line(summary), text.line(location), text.lines(description)]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def next_revision(last: Revision | None, *, fingerprint: str, now: datetime) -> Revision | None:
    """Return the revision to mail, or None when `last` already says what `fingerprint` stands for.

    A first one has sequence 0. Every later one has the next sequence, be the change great or
    small (as MS-OXOCAL 3.1.5.4 does; RFC 5546 §2.1.4 asks it of some), and a later second, even
    when the clock has been set back.
    """
    stamp = _second(now)
    if last is None:
        return Revision(sequence=0, dtstamp=stamp, fingerprint=fingerprint)
    if last.fingerprint == fingerprint:
        return None
    return Revision(
        sequence=last.sequence + 1,
        dtstamp=max(stamp, _second(last.dtstamp) + timedelta(seconds=1)),
        fingerprint=fingerprint,
    )


def feed_window(now: datetime) -> tuple[datetime, datetime]:
    """Return the earliest end and the latest start of a visit in a feed, both included."""
    return now - FEED_PAST, now + FEED_AHEAD


def belongs_in_feed(
    *, starts_at: datetime, ends_at: datetime, cancelled_at: datetime | None, now: datetime
) -> bool:
    """Say whether a feed shows the visit: within the window, and not cancelled long ago.

    A cancelled visit stays, as cancelled, for 30 days (included), within the same window.
    """
    earliest_end, latest_start = feed_window(now)
    forgotten = cancelled_at is not None and now - cancelled_at > CANCELLED_KEPT
    return ends_at >= earliest_end and starts_at <= latest_start and not forgotten


def _second(instant: datetime) -> datetime:
    """Return the instant as a calendar file can say it."""
    return instant.astimezone(UTC).replace(microsecond=0)
