"""A person's visits as a calendar to subscribe to.

Published, not invited: no attendee, so no client offers an answer or mails one. The UIDs are
those of the mailed invites, so that who takes both sees a visit once.
"""

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import icalendar

from outreach.calendars import text, zones
from outreach.calendars.invite import Entry, EscapedText, calendar_of

REFRESH_EVERY: Final = timedelta(hours=1)
"""What we ask of clients; they read a feed when they like, some only once a day."""


def render_feed(entries: Iterable[Entry], *, name: str) -> bytes:
    """Return the feed called `name`: visits by their start, cancelled ones as cancelled.

    Which entries belong in it is `rules.belongs_in_feed`. Nothing depends on their order or on
    the time of reading: the same rows give the same bytes, and so the same `etag`.

    Raises:
        ValueError: two entries have one UID; a client would show one of them at random.
    """
    ordered = sorted(entries, key=lambda entry: (entry.starts_at, entry.uid))
    if len({entry.uid for entry in ordered}) != len(ordered):
        raise ValueError("A visit is in a feed once.")
    feed = calendar_of(ordered, method="PUBLISH", with_attendee=False)
    for property_name in ("name", "x-wr-calname"):
        feed.add(property_name, EscapedText(text.line(name)), encode=False)
    feed.add("refresh-interval", REFRESH_EVERY, parameters={"VALUE": "DURATION"})
    feed.add("x-published-ttl", icalendar.vDuration(REFRESH_EVERY), encode=False)
    if not ordered:
        # RFC 5545 §3.4 wants at least one component; some readers refuse a file with none.
        feed.add_component(zones.vtimezone(zones.UTC_RULE))
    body: bytes = feed.to_ical()
    return body


def etag(body: bytes) -> str:
    """Return the entity tag of a rendered feed, without quotes: it changes when a byte does."""
    return hashlib.sha256(body).hexdigest()[:32]
