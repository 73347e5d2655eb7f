"""RFC 5546's tables as libical knows them: which property a method needs, allows and forbids."""

from dataclasses import replace

import pytest

from outreach.calendars.feed import render_feed
from outreach.calendars.invite import Answer, render_cancel, render_request
from tests.calendars.people import INVITE, STARTS_AT, at, cancelled
from tests.calendars.readers import objections

IN_SANTIAGO = at(STARTS_AT, time_zone="America/Santiago", uid="c@example.org")


@pytest.mark.parametrize(
    "body",
    [
        render_request(INVITE),
        render_request(replace(INVITE, answer=Answer.NEEDED, sequence=3, alarm_minutes=None)),
        render_request(replace(INVITE, location="", description="", url="", attendee_name="")),
        render_request(IN_SANTIAGO),
        render_cancel(cancelled(INVITE)),
        render_cancel(cancelled(IN_SANTIAGO)),
        render_feed([INVITE, cancelled(IN_SANTIAGO)], name="Ana"),
        render_feed([cancelled(INVITE)], name="Ana"),
    ],
)
def test_libical_has_nothing_against_what_we_write(body: bytes) -> None:
    assert objections(body) == []


@pytest.mark.parametrize(
    ("body", "old", "new"),
    [
        (render_request(INVITE), b"STATUS:CONFIRMED", b"STATUS:CANCELLED"),
        (render_request(INVITE), b"ORGANIZER;CN=Outreach:", b"X-ORGANIZER:"),
        (render_request(INVITE), b"DTSTAMP:", b"X-DTSTAMP:"),
        (render_cancel(cancelled(INVITE)), b"SEQUENCE:1\r\n", b""),
    ],
)
def test_libical_does_object_to_a_spoiled_file(body: bytes, old: bytes, new: bytes) -> None:
    assert old in body

    assert objections(body.replace(old, new)) != []
