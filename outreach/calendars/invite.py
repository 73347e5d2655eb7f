"""One visit in one person's calendar, as an iCalendar file to mail (RFC 5546 over RFC 5545).

The type decides what a file says: an `Invite` can only become METHOD:REQUEST with
STATUS:CONFIRMED, a `Cancellation` only METHOD:CANCEL with STATUS:CANCELLED and without an alarm.
A file names one person besides the sender. The same value always gives the same bytes.
"""

import re
from collections.abc import Iterable
from dataclasses import KW_ONLY, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final

import icalendar

from outreach.calendars import text, zones

PRODID: Final = "-//Outreach//Speaker bureau//EN"
"""Never changes: some clients tell items apart by it."""

_ADDRESS: Final = re.compile(r"[!#-'*+\-./-9=?A-Z^-~]+@[A-Za-z0-9.\-]+")
_UID: Final = re.compile(r"[\x21-\x7e]{1,255}")
_URL: Final = re.compile(r"https?://[\x21-\x7e]+")


class Answer(StrEnum):
    """What the invited person has answered, as far as we know (PARTSTAT)."""

    NEEDED = "NEEDS-ACTION"
    """Nothing yet, or the visit has moved since: an answer was to the old time (RFC 5546 §3.2.2)."""
    ACCEPTED = "ACCEPTED"
    """Said yes through us already. Asking again would look like a second question."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """What invites and cancellations share. Instants are aware, in UTC, whole seconds count.

    `uid` is constant for a visit and person, `sequence` and `dtstamp` rise with every mail
    (`rules.next_revision`). `time_zone` (IANA) is where the visit is; it only changes how times
    are written. Texts may hold anything: what no calendar can show is left out in writing.

    Raises:
        ValueError: a time is naive, not in UTC or not before the end; no summary is left;
            an address, `uid` or `url` is none. These are faults of the caller, not of a person.
    """

    METHOD: ClassVar[str]
    STATUS: ClassVar[str]

    _: KW_ONLY
    uid: str
    sequence: int
    dtstamp: datetime
    starts_at: datetime
    ends_at: datetime
    time_zone: str
    summary: str
    location: str = ""
    description: str = ""
    url: str = ""
    organizer_name: str
    organizer_email: str
    attendee_name: str
    attendee_email: str

    def __post_init__(self) -> None:
        for instant in (self.dtstamp, self.starts_at, self.ends_at):
            if instant.utcoffset() != timedelta(0):
                raise ValueError("An instant in a calendar entry is aware and in UTC.")
        if self.starts_at.replace(microsecond=0) >= self.ends_at.replace(microsecond=0):
            raise ValueError("A visit ends after it starts.")
        if self.sequence < 0 or not _UID.fullmatch(self.uid):
            raise ValueError("A calendar entry has a UID and a sequence of 0 or more.")
        if not all(map(_ADDRESS.fullmatch, (self.organizer_email, self.attendee_email))):
            raise ValueError("An address in a calendar entry is a plain ASCII mail address.")
        if self.url and not _URL.fullmatch(self.url):
            raise ValueError("The link of a calendar entry is a whole http(s) address.")
        if not text.line(self.summary):
            raise ValueError("A calendar entry has a summary.")


@dataclass(frozen=True, slots=True)
class Invite(_Entry):
    """A visit that takes place. `alarm_minutes` before its start the calendar reminds, if given.

    `answer` is ACCEPTED in the first invite to a speaker who said yes to us and to the liaison
    who asked for the visit, NEEDED when the time or place has changed since.
    """

    METHOD: ClassVar[str] = "REQUEST"
    STATUS: ClassVar[str] = "CONFIRMED"

    _: KW_ONLY
    answer: Answer = Answer.NEEDED
    alarm_minutes: int | None = None

    def __post_init__(self) -> None:
        super(Invite, self).__post_init__()
        if self.alarm_minutes is not None and self.alarm_minutes < 0:
            raise ValueError("An alarm is not after the start of the visit.")


@dataclass(frozen=True, slots=True)
class Cancellation(_Entry):
    """A visit that is off, or no longer this person's. Keeps the times it had, for clients."""

    METHOD: ClassVar[str] = "CANCEL"
    STATUS: ClassVar[str] = "CANCELLED"


type Entry = Invite | Cancellation
