"""The checker itself: each way we know to spoil a file is noticed."""

import pytest

from outreach.calendars.feed import render_feed
from outreach.calendars.invite import render_cancel, render_request
from outreach.calendars.mime import compose
from tests.calendars import checks
from tests.calendars.people import INVITE, cancelled

REQUEST = render_request(INVITE)
CANCEL = render_cancel(cancelled(INVITE))
FEED = render_feed([INVITE], name="Ana")
ZONE = REQUEST[REQUEST.index(b"BEGIN:VTIMEZONE") : REQUEST.index(b"BEGIN:VEVENT")]
ALARM = REQUEST[REQUEST.index(b"BEGIN:VALARM") : REQUEST.index(b"END:VEVENT")]
ATTENDEE = b"ATTENDEE:mailto:ben@example.org\r\n"


def test_what_we_write_has_no_fault() -> None:
    assert [checks.faults(body) for body in (REQUEST, CANCEL, FEED)] == [[], [], []]


@pytest.mark.parametrize(
    ("body", "old", "new"),
    [
        (REQUEST, b"\r\n", b"\n"),
        (REQUEST, b"Outreach visit", b"Outreach visit" * 9),
        (REQUEST, b"Outreach visit", b"Outreach\x00visit"),
        (REQUEST, b"Outreach visit", "Outreach \x85visit".encode()),
        (REQUEST, b"SUMMARY:Outreach visit\r\n", b""),
        (REQUEST, b"SUMMARY:Outreach visit", b"SUMMARY:"),
        (REQUEST, b"SUMMARY:Outreach visit", b"SUMMARY:\xc3\r\n \xa9"),
        (REQUEST, ZONE, b""),
        (REQUEST, ZONE, ZONE * 2),
        (REQUEST, b"RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11", b"RDATE:20261101T020000"),
        (REQUEST, b"BEGIN:DAYLIGHT", b"BEGIN:STANDARD"),
        (REQUEST, b"DTSTART;TZID=America/New_York:20260317", b"DTSTART:20260317"),
        (REQUEST, b"T150000\r\n", b"T130000\r\n"),
        (REQUEST, b"20260317T140000", b"20261332T140000"),
        (REQUEST, b"DTSTAMP:20260302T150405Z", b"DTSTAMP:20260302T150405"),
        (REQUEST, b"UID:", b"X-UID:"),
        (REQUEST, b"SEQUENCE:0\r\n", b""),
        (REQUEST, b"SEQUENCE:0\r\n", b"SEQUENCE:0\r\nSEQUENCE:1\r\n"),
        (REQUEST, b"ORGANIZER;CN=Outreach:", b"X-ORGANIZER:"),
        (REQUEST, b"ATTENDEE;", b"X-ATTENDEE;"),
        (REQUEST, b"SEQUENCE:0\r\n", b"SEQUENCE:0\r\n" + ATTENDEE),
        (REQUEST, b"CN=Outreach", b"CN=Out^'reach"),
        (REQUEST, b"mailto:visits+t0k3n@", b"visits+t0k3n@"),
        (REQUEST, b"STATUS:CONFIRMED", b"STATUS:CANCELLED"),
        (REQUEST, b"STATUS:CONFIRMED", b"STATUS:BOGUS"),
        (REQUEST, b"METHOD:REQUEST", b"METHOD:CANCEL"),
        (REQUEST, b"METHOD:REQUEST\r\n", b""),
        (REQUEST, b"END:VALARM", b"END:VEVENT"),
        (CANCEL, b"END:VEVENT", ALARM + b"END:VEVENT"),
        (CANCEL, b"SEQUENCE:1\r\n", b""),
        (FEED, b"SEQUENCE:0\r\n", b"SEQUENCE:0\r\n" + ATTENDEE),
        (
            FEED,
            FEED[FEED.index(b"BEGIN:VEVENT") : FEED.index(b"END:VCALENDAR")],
            FEED[FEED.index(b"BEGIN:VEVENT") : FEED.index(b"END:VCALENDAR")] * 2,
        ),
    ],
)
def test_a_spoiled_file_is_noticed(body: bytes, old: bytes, new: bytes) -> None:
    assert old in body

    assert checks.faults(body.replace(old, new)) != []


MAIL = compose(
    INVITE,
    subject="It is yours",
    plain="Thank you.",
    html="<p>Thank you.</p>",
    message_id="<visit-1.0@outreach.example.org>",
).as_bytes()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'method="REQUEST"', b'method="CANCEL"'),
        (b'charset="utf-8"; method', b"method"),
        (b"From: Outreach <visits+t0k3n@", b"From: Outreach <noreply@"),
        (b"To: Ana Rivera <ana@", b"To: Ben <ben@"),
        (b"02 Mar 2026", b"03 Mar 2026"),
        (b"Auto-Submitted: auto-generated\r\n", b""),
        (b"Message-ID", b"X-Message-ID"),
        (b"To: Ana", b"Subject: again\r\nTo: Ana"),
        (b"text/calendar", b"application/calendar"),
        (b"\r\n", b"\n"),
    ],
)
def test_a_spoiled_mail_is_noticed(old: bytes, new: bytes) -> None:
    assert checks.mail_faults(MAIL) == []
    assert old in MAIL

    assert checks.mail_faults(MAIL.replace(old, new)) != []
