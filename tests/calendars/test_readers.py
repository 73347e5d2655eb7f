"""Other people's programs read our files, each on its own: the instants, and the texts."""

import json
from dataclasses import replace
from functools import cache

import icalendar
import pytest

from outreach.calendars import text
from outreach.calendars.invite import Entry, render_cancel, render_request
from tests.calendars import pairs, readers
from tests.calendars.people import INVITE, cancelled, published
from tests.calendars.readers import READERS, Seen

FEW, MANY = 400, 10_000
BY_THEIR_OWN_ZONES = sorted(set(READERS) - {"icalendar"})

NAMES = (
    'Ana "Nan" Rivera',
    "Rivera, Ana; of: Ward \\N",
    "アナ・リベラ 🏥👩‍⚕️",
    "אנה ריברה مرحبا",
    "An\u0000a\r\nRivera",
    "A" * 300,
)
TEXTS = (
    "🏥👩‍⚕️ " * 40,
    "مرحبا بالعالم שלום " * 20,
    "cr\ralone, crlf\r\nand lf\nhere",
    "nul\x00bell\x07escape\x1b[31m",
    "x" * 10_000,
    "ñ" * 10_000,
    'He said: "come; by the door, please"',
    "C:\\New room, \\n; \\N \\\\",
    "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:forged",
    "line\u2028separator",
    "ends in a backslash \\",
)


@cache
def feed_of(count: int) -> bytes:
    return published(pairs.visits(count), name="Ana")


def misread(reader: str, count: int) -> list[tuple[Entry, Seen]]:
    visits = pairs.visits(count)
    seen = READERS[reader](feed_of(count))
    meant = {visit.uid: visit for visit in visits}
    assert {event.uid for event in seen} == set(meant)
    return [
        (visit, event)
        for event in seen
        for visit in [meant[event.uid]]
        if (event.starts_at, event.ends_at) != (visit.starts_at, visit.ends_at)
    ]


@pytest.mark.parametrize("reader", READERS)
def test_hundreds_of_visits_in_any_zone_are_read_at_their_instant(reader: str) -> None:
    assert misread(reader, FEW) == []


@pytest.mark.all
@pytest.mark.parametrize("reader", READERS)
def test_ten_thousand_visits_in_any_zone_are_read_at_their_instant(reader: str) -> None:
    assert misread(reader, MANY) == []


@pytest.mark.parametrize("reader", BY_THEIR_OWN_ZONES)
def test_a_reader_takes_the_offset_from_the_file_and_so_would_see_a_wrong_one(reader: str) -> None:
    body = render_request(INVITE)
    assert b"TZOFFSETTO:-0400" in body

    (seen,) = READERS[reader](
        body.replace(b"TZOFFSETTO:-0400", b"TZOFFSETTO:-0300").replace(
            b"America/New_York", b"Maple/Town"
        )
    )

    assert (INVITE.starts_at - seen.starts_at).total_seconds() == 3600


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("value", TEXTS)
def test_any_text_is_read_as_we_tidied_it(reader: str, value: str) -> None:
    invite = replace(INVITE, summary=f"Visit {value}", location=value, description=value)

    for body in (render_request(invite), render_cancel(cancelled(invite))):
        (seen,) = READERS[reader](body)
        assert seen.summary == text.line(invite.summary)
        assert seen.location == text.line(value)
        assert seen.description == text.lines(value)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_read_as_we_tidied_it(reader: str, name: str) -> None:
    mailed = render_request(replace(INVITE, organizer_name=name))

    for body in (mailed, published([INVITE], name=name)):
        (seen,) = READERS[reader](body)
        assert seen.organizer == text.name(name)


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_sees_the_rest_of_what_we_say(reader: str) -> None:
    gone = cancelled(INVITE)

    (asked,) = READERS[reader](render_request(INVITE))
    (off,) = READERS[reader](render_cancel(gone))

    assert (asked.uid, asked.sequence, asked.status) == (INVITE.uid, 0, "CONFIRMED")
    assert (off.uid, off.sequence, off.status) == (INVITE.uid, 1, "CANCELLED")
    assert (off.starts_at, off.ends_at) == (INVITE.starts_at, INVITE.ends_at)


def test_the_lock_of_ical_js_holds_hashes_and_no_addresses() -> None:
    lock = (readers.ICAL_JS / "package-lock.json").read_text("utf-8")

    packages = [p for path, p in json.loads(lock)["packages"].items() if path]
    assert [p["integrity"].partition("-")[0] for p in packages] == ["sha512"] * len(packages)
    assert "://" not in lock


def test_what_another_library_writes_for_new_york_is_an_hour_wrong_in_ical_js() -> None:
    """A reminder of why zones are our own: icalendar's list of dates, which Outlook can't read."""
    visits = [v for v in pairs.visits(FEW) if v.time_zone == "America/New_York"]
    calendar = icalendar.Calendar.from_ical(published(visits, name="Ana"))
    for zone in calendar.walk("VTIMEZONE"):
        calendar.subcomponents.remove(zone)
    calendar.add_missing_timezones()

    seen = {event.uid: event for event in readers.with_ical_js(calendar.to_ical())}

    assert any(seen[v.uid].starts_at != v.starts_at for v in visits)
