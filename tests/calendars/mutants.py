"""Every kind of file we write, and ways to spoil one, by name, for checkers to judge."""

from dataclasses import replace
from typing import NamedTuple

from outreach.calendars.invite import Answer, calendar_of, render_cancel, render_request
from tests.calendars.people import INVITE, QUESTION, STARTS_AT, at, cancelled, published

IN_SANTIAGO = at(STARTS_AT, time_zone="America/Santiago", uid="c@example.org")

REQUEST = render_request(INVITE)
CANCEL = render_cancel(cancelled(INVITE))
SINGLE = calendar_of([INVITE], method="PUBLISH", with_attendee=False).to_ical()
FEED = published([INVITE], name="Ana")

KINDS: dict[str, bytes] = {
    "a new invite": REQUEST,
    "an update": render_request(replace(INVITE, answer=Answer.NEEDED, sequence=3)),
    "an invite without an alarm": render_request(replace(INVITE, alarm_minutes=None)),
    "an invite that says the least": render_request(
        replace(INVITE, location="", description="", url="", attendee_name="")
    ),
    "an invite in UTC": render_request(IN_SANTIAGO),
    "a question": render_request(QUESTION),
    "a cancellation": CANCEL,
    "a cancelled question": render_cancel(cancelled(QUESTION)),
    "a cancellation in UTC": render_cancel(cancelled(IN_SANTIAGO)),
    "one visit to save": SINGLE,
    "one cancelled visit to save": calendar_of(
        [cancelled(INVITE)], method="PUBLISH", with_attendee=False
    ).to_ical(),
    "a feed": FEED,
    "a feed of several": published([INVITE, cancelled(IN_SANTIAGO)], name="Ana"),
    "a feed with a question": published([INVITE, QUESTION], name="Ana"),
    "a feed of what is off": published([cancelled(INVITE)], name="Ana"),
    "an empty feed": published([], name="Ana"),
}

ZONE = REQUEST[REQUEST.index(b"BEGIN:VTIMEZONE") : REQUEST.index(b"BEGIN:VEVENT")]
ALARM = REQUEST[REQUEST.index(b"BEGIN:VALARM") : REQUEST.index(b"END:VEVENT")]
ATTENDEE = b"ATTENDEE:mailto:ben@example.org\r\n"
EVENT_OF_FEED = FEED[FEED.index(b"BEGIN:VEVENT") : FEED.index(b"END:VCALENDAR")]


class Spoiling(NamedTuple):
    """One piece of a file and what takes its place."""

    body: bytes
    old: bytes
    new: bytes

    @property
    def spoiled(self) -> bytes:
        assert self.old in self.body
        return self.body.replace(self.old, self.new)


SPOILED: dict[str, Spoiling] = {
    name: Spoiling(*pieces)
    for name, pieces in {
        "lines end in LF only": (REQUEST, b"\r\n", b"\n"),
        "a line over 75 octets": (REQUEST, b"Outreach visit", b"Outreach visit" * 9),
        "a NUL": (REQUEST, b"Outreach visit", b"Outreach\x00visit"),
        "a control character": (REQUEST, b"Outreach visit", "Outreach \x85visit".encode()),
        "no summary": (REQUEST, b"SUMMARY:Outreach visit\r\n", b""),
        "an empty summary": (REQUEST, b"SUMMARY:Outreach visit", b"SUMMARY:"),
        "a letter cut by a fold": (
            REQUEST,
            b"SUMMARY:Outreach visit",
            b"SUMMARY:\xc3\r\n \xa9",
        ),
        "no VTIMEZONE": (REQUEST, ZONE, b""),
        "a VTIMEZONE twice": (REQUEST, ZONE, ZONE * 2),
        "a VTIMEZONE with RDATE": (
            REQUEST,
            b"RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11",
            b"RDATE:20261101T020000",
        ),
        "two parts of one kind in a zone": (REQUEST, b"BEGIN:DAYLIGHT", b"BEGIN:STANDARD"),
        "a floating time": (
            REQUEST,
            b"DTSTART;TZID=America/New_York:20260317",
            b"DTSTART:20260317",
        ),
        "ends before it starts": (REQUEST, b"T150000\r\n", b"T130000\r\n"),
        "a date that is none": (REQUEST, b"20260317T140000", b"20261332T140000"),
        "a stamp not in UTC": (REQUEST, b"DTSTAMP:20260302T150405Z", b"DTSTAMP:20260302T150405"),
        "no stamp": (REQUEST, b"DTSTAMP:", b"X-DTSTAMP:"),
        "no UID": (REQUEST, b"UID:", b"X-UID:"),
        "no sequence": (REQUEST, b"SEQUENCE:0\r\n", b""),
        "two sequences": (REQUEST, b"SEQUENCE:0\r\n", b"SEQUENCE:0\r\nSEQUENCE:1\r\n"),
        "two starts": (
            REQUEST,
            b"SEQUENCE:0\r\n",
            b"DTSTART:20260317T180000Z\r\nSEQUENCE:0\r\n",
        ),
        "no organizer": (REQUEST, b"ORGANIZER;CN=Outreach:", b"X-ORGANIZER:"),
        "no attendee": (REQUEST, b"ATTENDEE;", b"X-ATTENDEE;"),
        "a second attendee": (REQUEST, b"SEQUENCE:0\r\n", b"SEQUENCE:0\r\n" + ATTENDEE),
        "a reply of two attendees": (
            REQUEST.replace(b"METHOD:REQUEST", b"METHOD:REPLY"),
            b"SEQUENCE:0\r\n",
            b"SEQUENCE:0\r\n" + ATTENDEE,
        ),
        "a quote in a name": (REQUEST, b"CN=Outreach", b"CN=Out^'reach"),
        "an address that is none": (REQUEST, b"mailto:visits+t0k3n@", b"visits+t0k3n@"),
        "an invite to what is off": (REQUEST, b"STATUS:CONFIRMED", b"STATUS:CANCELLED"),
        "a STATUS of its own": (REQUEST, b"STATUS:CONFIRMED", b"STATUS:BOGUS"),
        "a cancellation of what is on": (REQUEST, b"METHOD:REQUEST", b"METHOD:CANCEL"),
        "no METHOD": (REQUEST, b"METHOD:REQUEST\r\n", b""),
        "two METHODs": (
            REQUEST,
            b"METHOD:REQUEST\r\n",
            b"METHOD:REQUEST\r\nMETHOD:CANCEL\r\n",
        ),
        "a part that is not closed": (REQUEST, b"END:VALARM", b"END:VEVENT"),
        "a cancellation with an alarm": (CANCEL, b"END:VEVENT", ALARM + b"END:VEVENT"),
        "a cancellation without a sequence": (CANCEL, b"SEQUENCE:1\r\n", b""),
        "a feed that invites somebody": (FEED, b"SEQUENCE:0\r\n", b"SEQUENCE:0\r\n" + ATTENDEE),
        "a visit twice in a feed": (FEED, EVENT_OF_FEED, EVENT_OF_FEED * 2),
        "a hint of refreshing without its type": (FEED, b";VALUE=DURATION", b""),
        "a calendar with a UID": (FEED, b"METHOD:", b"UID:b4b9\r\nMETHOD:"),
    }.items()
}
