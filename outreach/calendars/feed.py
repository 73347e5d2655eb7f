"""A person's visits as a calendar to subscribe to.

Published, not invited: no attendee, so no client offers an answer or mails one. The UIDs are
those of the mailed invites, so that who takes both sees a visit once.

A feed is joined from its visits' texts, each rendered once, when its visit changes: a thousand
take a few milliseconds to join and a third of a second to render. Who the organizer is, is not
the visits' to say, so their texts have a mark in that place.
"""

import hashlib
import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import icalendar

from outreach.calendars import text, zones
from outreach.calendars.invite import (
    Entry,
    EscapedText,
    calendar_of,
    event_of,
    organizer_line,
)

REFRESH_EVERY: Final = timedelta(hours=1)
"""What we ask of clients; they read a feed when they like, some only once a day."""

EDITION: Final = 1
"""Rises when `render` writes the same visit in another way, so that no older text is used."""

_MARK: Final = "\r\nORGANIZER\r\n"
"""No line of a file is like it: each has a colon, or goes on from the line before with a blank."""

_SUMMARY: Final = re.compile(r"\r\nSUMMARY[;:][^\r]*\r\n(?: [^\r]*\r\n)*")
_DETAILS: Final = re.compile(r"(?<=\r\n)(?:LOCATION|DESCRIPTION)[;:][^\r]*\r\n(?: [^\r]*\r\n)*")
_ORGANIZER: Final = re.compile(r"\r\nORGANIZER[;:][^\r]*\r\n(?: [^\r]*\r\n)*")
_ZONE: Final = re.compile(r"\r\nDTSTART;TZID=([^:]+):")
_END: Final = "END:VCALENDAR\r\n"


class Piece(NamedTuple):
    """One visit of a feed, in the order of feeds. `text` is what `render` made of it."""

    starts_at: datetime
    uid: str
    text: str


def render(entry: Entry) -> str:
    """Return the visit's text: the same for every feed, for it names neither side."""
    event: str = event_of(entry, with_attendee=False).to_ical().decode()
    return _ORGANIZER.sub(_MARK, event, count=1)


def without_details(visit: str, *, summary: str) -> str:
    """Return a visit's text with another summary, and without place and description.

    The link stays: what is behind it is for who may see the visit.
    """
    event = icalendar.Event()
    event.add("summary", EscapedText(text.line(summary)), encode=False)
    written: str = event.to_ical().decode()
    line = written.removeprefix("BEGIN:VEVENT").removesuffix("END:VEVENT\r\n")
    return _DETAILS.sub("", _SUMMARY.sub(lambda _found: line, visit, count=1))


def join(pieces: Iterable[Piece], *, name: str, organizer_email: str) -> bytes:
    """Return the feed called `name`, which is the organizer's name too: visits by their start.

    Which visits belong in it is `rules.belongs_in_feed`. Nothing depends on their order or on
    the time of reading: the same rows give the same bytes, and so the same `etag`.

    Raises:
        ValueError: two visits have one UID; a client would show one of them at random.
    """
    ordered = sorted(pieces)
    if len({piece.uid for piece in ordered}) != len(ordered):
        raise ValueError("A visit is in a feed once.")
    visits = "".join(piece.text for piece in ordered)
    organizer = f"\r\n{organizer_line(organizer_email, name=name)}\r\n"
    head = _head(name, zones_named=set(_ZONE.findall(visits)), is_empty=not ordered)
    return "".join((head, visits.replace(_MARK, organizer), _END)).encode()


def etag(body: bytes) -> str:
    """Return the entity tag of a feed, without quotes: it changes when a byte does."""
    return hashlib.sha256(body).hexdigest()[:32]


def _head(name: str, *, zones_named: set[str], is_empty: bool) -> str:
    """Return all that comes before the visits."""
    rules = [rule for key in sorted(zones_named) if (rule := zones.rule(key)) is not None]
    # RFC 5545 §3.4 wants at least one component; some readers refuse a file with none.
    head = calendar_of([], method="PUBLISH", with_attendee=False)
    for property_name in ("name", "x-wr-calname"):
        head.add(property_name, EscapedText(text.line(name)), encode=False)
    head.add("refresh-interval", REFRESH_EVERY, parameters={"VALUE": "DURATION"})
    head.add("x-published-ttl", icalendar.vDuration(REFRESH_EVERY), encode=False)
    for rule in rules or [zones.UTC_RULE] * is_empty:
        head.add_component(zones.vtimezone(rule))
    written: str = head.to_ical().decode()
    return written.removesuffix(_END)
