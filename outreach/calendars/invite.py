"""One visit in one person's calendar, as an iCalendar file to mail (RFC 5546 over RFC 5545).

The type decides what a file says: an `Invite` can only become METHOD:REQUEST with
STATUS:CONFIRMED, a `Question` only METHOD:REQUEST with STATUS:TENTATIVE, a `Cancellation` only
METHOD:CANCEL with STATUS:CANCELLED and without an alarm.
A file names one person besides the sender. The same value always gives the same bytes.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import ClassVar, Final, TypeAlias
from urllib.parse import quote
from zoneinfo import ZoneInfo

import icalendar

from outreach.calendars import text, zones

PRODID: Final = "-//Outreach//Speaker bureau//EN"
"""Never changes: some clients tell items apart by it."""

_ADDRESS: Final = re.compile(r"[!#-'*+\-./-9=?A-Z^-~\u00a1-\U0010ffff]+@[A-Za-z0-9.\-]+")
"""A mailbox; the part before the @ may have letters of any script (RFC 6531 §3.3)."""
_UID: Final = re.compile(r"[\x21-\x7e]{1,255}")
_URL: Final = re.compile(r"https?://[\x21-\x7e]+")


class Answer(StrEnum):
    """What the invited person has answered, as far as we know (PARTSTAT)."""

    NEEDED = "NEEDS-ACTION"
    """Nothing yet, or the visit has moved since: the answer was to the old time."""
    ACCEPTED = "ACCEPTED"
    """Said yes through us already. Asking again would look like a second question."""


@dataclass(frozen=True, kw_only=True)
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
            raise ValueError("An address in a calendar entry is a plain mail address.")
        if self.url and not _URL.fullmatch(self.url):
            raise ValueError("The link of a calendar entry is a whole http(s) address.")
        if not text.line(self.summary):
            raise ValueError("A calendar entry has a summary.")


@dataclass(frozen=True, kw_only=True)
class Invite(_Entry):
    """A visit that takes place. `alarm_minutes` before its start the calendar reminds, if given.

    `answer` is ACCEPTED in the first invite to a speaker who said yes to us and to the liaison
    who asked for the visit, NEEDED when the time or place has changed since.
    """

    METHOD: ClassVar[str] = "REQUEST"
    STATUS: ClassVar[str] = "CONFIRMED"

    answer: Answer = Answer.NEEDED
    alarm_minutes: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.alarm_minutes is not None and self.alarm_minutes < 0:
            raise ValueError("An alarm is not after the start of the visit.")


@dataclass(frozen=True, kw_only=True)
class Question(_Entry):
    """A visit somebody is asked about: accepting it in the calendar is saying yes."""

    METHOD: ClassVar[str] = "REQUEST"
    STATUS: ClassVar[str] = "TENTATIVE"

    answer: ClassVar[Answer] = Answer.NEEDED


@dataclass(frozen=True, kw_only=True)
class Cancellation(_Entry):
    """A visit that is off, or no longer this person's. Keeps the times it had, for clients."""

    METHOD: ClassVar[str] = "CANCEL"
    STATUS: ClassVar[str] = "CANCELLED"


Entry: TypeAlias = Invite | Question | Cancellation


class EscapedText(icalendar.vText):
    r"""TEXT as RFC 5545 §3.3.11 escapes it.

    icalendar 7.3 takes a backslash before a capital N for a line break ("C:\\New room"), and
    writes properties it has no type for (NAME) without any escaping.
    """

    def to_ical(self) -> bytes:
        """Return the escaped value. Line breaks are already a single line feed."""
        escaped = self.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
        return escaped.replace("\n", "\\n").encode()


def render_request(invite: Invite | Question) -> bytes:
    """Return the file that puts the visit into the attendee's calendar, or moves it there."""
    return _render(invite)


def render_cancel(cancellation: Cancellation) -> bytes:
    """Return the file that takes the visit out of the attendee's calendar."""
    return _render(cancellation)


def calendar_of(
    entries: Iterable[Entry], *, method: str, with_attendee: bool
) -> icalendar.Calendar:
    """Return the entries in their order, after one VTIMEZONE for each zone their times name."""
    events = [event_of(entry, with_attendee=with_attendee) for entry in entries]
    zones_named = {event.DTSTART.tzinfo for event in events}
    rules = (zones.rule(zone.key) for zone in zones_named if isinstance(zone, ZoneInfo))
    found = icalendar.Calendar()
    found.add("version", "2.0")
    found.add("prodid", PRODID)
    found.add("calscale", "GREGORIAN")
    found.add("method", method)
    for rule in sorted(filter(None, rules), key=lambda rule: rule.key):
        found.add_component(zones.vtimezone(rule))
    for event in events:
        found.add_component(event)
    return found


def event_of(entry: Entry, *, with_attendee: bool) -> icalendar.Event:
    """Return the entry as a VEVENT; a published one names no attendee."""
    starts, ends = zones.wall_times(entry.starts_at, entry.ends_at, time_zone=entry.time_zone)
    event = icalendar.Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.dtstamp)
    event.add("sequence", entry.sequence)
    event.add("status", entry.STATUS)
    event.add("dtstart", starts)
    event.add("dtend", ends)
    event.add("summary", EscapedText(text.line(entry.summary)), encode=False)
    if location := text.line(entry.location):
        event.add("location", EscapedText(location), encode=False)
    if description := text.lines(entry.description):
        event.add("description", EscapedText(description), encode=False)
    if entry.url:
        event.add("url", entry.url)
    event.add("organizer", _person(entry.organizer_email, name=entry.organizer_name))
    if with_attendee:
        event.add("attendee", _attendee(entry))
    if isinstance(entry, Invite) and entry.alarm_minutes is not None:
        event.add_component(_alarm(entry.summary, minutes=entry.alarm_minutes))
    return event


def organizer_line(email: str, *, name: str) -> str:
    """Return the property ORGANIZER as a file holds it, folded."""
    event = icalendar.Event()
    event.add("organizer", _person(email, name=name))
    written: str = event.to_ical().decode()
    return written.removeprefix("BEGIN:VEVENT\r\n").removesuffix("\r\nEND:VEVENT\r\n")


def _render(entry: Entry) -> bytes:
    calendar = calendar_of([entry], method=entry.METHOD, with_attendee=True)
    body: bytes = calendar.to_ical()
    return body


def _attendee(entry: Entry) -> icalendar.vCalAddress:
    person = _person(entry.attendee_email, name=entry.attendee_name)
    person.params["CUTYPE"] = "INDIVIDUAL"
    person.params["ROLE"] = "REQ-PARTICIPANT"
    if not isinstance(entry, Cancellation):
        # RSVP stays TRUE after a yes, so that a client still offers to take it back.
        person.params["PARTSTAT"] = entry.answer.value
        person.params["RSVP"] = "TRUE"
    return person


def _person(email: str, *, name: str) -> icalendar.vCalAddress:
    person = icalendar.vCalAddress(f"mailto:{_in_uri(email)}")
    if shown := text.name(name):
        person.params["CN"] = shown
    return person


def _in_uri(email: str) -> str:
    """Return an address as a mailto URI holds it: letters beyond ASCII in percent (RFC 6068 §2)."""
    return email if email.isascii() else quote(email, safe="!$&'*+-./=?^_`{|}~@")


def _alarm(summary: str, *, minutes: int) -> icalendar.Alarm:
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", EscapedText(text.line(summary)), encode=False)
    alarm.add("trigger", timedelta(minutes=-minutes))
    return alarm
