"""RFC 5546's tables as libical knows them: which property a method needs, allows and forbids."""

import ctypes
import ctypes.util
from dataclasses import replace
from functools import cache

import pytest

from outreach.calendars.feed import render_feed
from outreach.calendars.invite import Answer, render_cancel, render_request
from tests.calendars.people import INVITE, STARTS_AT, at, cancelled

IN_SANTIAGO = at(STARTS_AT, time_zone="America/Santiago", uid="c@example.org")


@cache
def libical() -> ctypes.CDLL:
    library = ctypes.CDLL(ctypes.util.find_library("ical"))
    library.icalparser_parse_string.restype = ctypes.c_void_p
    library.icalparser_parse_string.argtypes = [ctypes.c_char_p]
    library.icalrestriction_check.argtypes = [ctypes.c_void_p]
    library.icalcomponent_as_ical_string.restype = ctypes.c_char_p
    library.icalcomponent_as_ical_string.argtypes = [ctypes.c_void_p]
    library.icalcomponent_count_errors.argtypes = [ctypes.c_void_p]
    library.icalcomponent_free.argtypes = [ctypes.c_void_p]
    return library


def objections(body: bytes) -> list[str]:
    """Return what libical finds against a calendar file. Empty means it is content."""
    library = libical()
    parsed = library.icalparser_parse_string(body)
    if not parsed:
        return ["not a calendar"]
    content = library.icalrestriction_check(parsed)
    errors = library.icalcomponent_count_errors(parsed)
    told = library.icalcomponent_as_ical_string(parsed).decode().replace("\r\n ", "")
    library.icalcomponent_free(parsed)
    found = [line for line in told.split("\r\n") if line.startswith("X-LIC-ERROR")]
    return found if content and not errors else found or ["not content"]


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
