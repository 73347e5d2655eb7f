"""What a calendar program answers to an invite (RFC 5546 §3.2.3 and on), read from hostile text.

Pure: a file → `Reply`, or why it cannot be one. Nothing in it is believed. Programs differ: Outlook
leaves ORGANIZER out, Google writes times in UTC, some write `MAILTO:`; so a reply needs no more
than a UID and one ATTENDEE. Only the event itself is handed to icalendar: a time zone of its own
could name a thousand changes a second, and would be kept for all that is read after it.
"""

import re
import warnings
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Final
from urllib.parse import unquote

import icalendar

from outreach.calendars import text

MAX_FILE: Final = 256 * 1024
MAX_EVENT: Final = 64 * 1024
"""Characters. A reply has two thousand, its time zone included; this many take 0.3 seconds."""

LONGEST_UID: Final = 255
LONGEST_ADDRESS: Final = 320
LONGEST: Final = 1000
LARGEST_SEQUENCE: Final = 2**31 - 1
YEARS: Final = range(2000, 2100)
_LINE_END: Final = re.compile(r"\r\n|\n|\r")


class Method(StrEnum):
    """What a program may want of the one who invited."""

    REPLY = "REPLY"
    COUNTER = "COUNTER"
    """Another time is wished."""
    REFRESH = "REFRESH"
    """The invite was lost and is wanted again."""


class Said(StrEnum):
    """What the invited person says (PARTSTAT)."""

    NOTHING = "NEEDS-ACTION"
    YES = "ACCEPTED"
    NO = "DECLINED"
    PERHAPS = "TENTATIVE"
    ANOTHER = "DELEGATED"
    """Somebody else is to come in their place."""


class Unfit(StrEnum):
    """Why a file is no answer that counts."""

    TOO_LARGE = "too_large"
    BROKEN = "broken"
    OTHER_METHOD = "other_method"
    NOT_ONE_EVENT = "not_one_event"
    NOT_ONE_PERSON = "not_one_person"
    ONE_OF_A_SERIES = "one_of_a_series"
    """It names one date of a series; none of ours is a series."""


class Why(StrEnum):
    """Why an answer that can be read waits for somebody all the same."""

    UNKNOWN = "unknown"
    """No entry of ours has this UID."""
    STRANGER = "stranger"
    """It answers for somebody else than the one who was invited."""
    OTHER_SENDER = "other_sender"
    FORGED = "forged"
    OLDER = "older"
    """A no to an earlier version of the visit."""
    NEVER_SENT = "never_sent"
    """It answers a later version of the entry than there is."""
    PERHAPS = "perhaps"
    ANOTHER = "another"
    WARD_NO = "ward_no"
    TOO_LATE = "too_late"
    """A no once the visit has begun."""
    NOT_THEIRS = "not_theirs"
    """A yes to a visit that is not theirs, while a place in it is open."""
    OTHER_TIME = "other_time"
    COMMENT = "comment"
    """Their words; what they answered was done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What one person's calendar says of one visit. Every string is bounded and claimed.

    `attendee` is a mail address in small letters. `sequence` is that of the invite it answers, 0
    where it says none; `stamped_at` is when it was written; `comment` what the person added, on one
    line. A COUNTER's `starts_at` and `ends_at`
    are instants in UTC, None where it proposes no time that can be read.
    """

    method: Method
    uid: str
    attendee: str
    said: Said
    sequence: int
    stamped_at: datetime | None
    comment: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None


def read(file: str) -> Reply | Unfit:
    """Read a calendar file that answers an invite. Never raises, whatever is in it."""
    if len(file) > MAX_FILE:
        return Unfit.TOO_LARGE
    lines = _LINE_END.split(file.replace("\0", ""))
    method = _method(lines)
    if method is None:
        return Unfit.OTHER_METHOD
    event = _only_event(lines)
    if isinstance(event, Unfit):
        return event
    try:
        with warnings.catch_warnings():
            # It guesses zones by their names, and says so.
            warnings.simplefilter("ignore")
            return _reply(method, icalendar.Event.from_ical(event))  # type: ignore[arg-type]
    except (ArithmeticError, AttributeError, LookupError, OSError, TypeError, ValueError):
        return Unfit.BROKEN


def _method(lines: list[str]) -> Method | None:
    named = [
        line.partition(":")[2].strip().upper()
        for line in lines
        if line[:7].upper() in {"METHOD:", "METHOD;"}
    ]
    return Method(named[0]) if len(named) == 1 and named[0] in set(Method) else None


def _only_event(lines: list[str]) -> str | Unfit:
    """Return the lines of the file's only event, whatever else is in it."""
    marks = [line.strip().upper() for line in lines]
    if marks.count("BEGIN:VEVENT") != 1 or marks.count("END:VEVENT") != 1:
        return Unfit.NOT_ONE_EVENT
    begins, ends = marks.index("BEGIN:VEVENT"), marks.index("END:VEVENT")
    event = "\r\n".join(lines[begins : ends + 1]) + "\r\n"
    return Unfit.TOO_LARGE if len(event) > MAX_EVENT else event


def _reply(method: Method, event: icalendar.Event) -> Reply | Unfit:
    if "recurrence-id" in event:
        return Unfit.ONE_OF_A_SERIES
    people = _all(event, "attendee")
    if len(people) != 1:
        return Unfit.NOT_ONE_PERSON
    uid, attendee = str(event.get("uid", "")).strip(), _address(people[0])
    if not uid or len(uid) > LONGEST_UID or not attendee:
        return Unfit.BROKEN
    starts_at, ends_at = _times(event) if method is Method.COUNTER else (None, None)
    return Reply(
        method=method,
        uid=uid,
        attendee=attendee,
        said=_said(people[0]),
        sequence=_sequence(event),
        stamped_at=_instant(event, "dtstamp"),
        comment=" ".join(text.line(str(each)) for each in _all(event, "comment")).strip()[:LONGEST],
        starts_at=starts_at,
        ends_at=ends_at,
    )


def _all(event: icalendar.Event, name: str) -> list[object]:
    found = event.get(name, [])
    return found if isinstance(found, list) else [found]


def _address(person: object) -> str:
    """Return the mail address of an ATTENDEE; "" where it has none."""
    value = str(person).strip().strip('"')
    scheme, _, rest = value.partition(":")
    if scheme.lower() != "mailto":
        # Apple's servers name people by their own ids, and the address beside it.
        rest = str(getattr(person, "params", {}).get("EMAIL", ""))
    address = unquote(rest.partition("?")[0]).strip().lower()
    is_one = "@" in address and address.isprintable() and len(address) <= LONGEST_ADDRESS
    return address if is_one else ""


def _said(person: object) -> Said:
    word = str(getattr(person, "params", {}).get("PARTSTAT", "")).strip().upper()
    return Said(word) if word in set(Said) else Said.NOTHING


def _sequence(event: icalendar.Event) -> int:
    value = str(event.get("sequence", 0)).strip()
    is_number = value.isascii() and value.isdecimal()
    return min(int(value[:20]), LARGEST_SEQUENCE) if is_number else 0


def _times(event: icalendar.Event) -> tuple[datetime | None, datetime | None]:
    starts_at = _instant(event, "dtstart")
    if starts_at is None:
        return None, None
    ends_at = _instant(event, "dtend")
    if ends_at is None and "duration" in event:
        lasts = event.decoded("duration")
        ends_at = starts_at + lasts if isinstance(lasts, timedelta) else None
    is_span = ends_at is not None and ends_at > starts_at
    return starts_at, ends_at if is_span else None


def _instant(event: icalendar.Event, name: str) -> datetime | None:
    """Return a time of the event in UTC; None where it has none, or one that names no instant."""
    if name not in event:
        return None
    value: date | datetime = event.decoded(name)
    if not isinstance(value, datetime) or value.utcoffset() is None:
        return None
    # Near the ends of the calendar a time has no name in every zone.
    return value.astimezone(UTC) if value.year in YEARS else None
