"""A person's feed: the same visits as in the mails, for clients that only read."""

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from outreach.calendars import text
from outreach.calendars.feed import EDITION, etag, render
from outreach.calendars.invite import Entry, calendar_of, render_request
from tests.calendars import checks
from tests.calendars.people import INVITE, STARTS_AT, at, cancelled, published

IN_CHICAGO = at(STARTS_AT + timedelta(days=1), time_zone="America/Chicago", uid="b@example.org")
IN_SANTIAGO = at(STARTS_AT + timedelta(days=2), time_zone="America/Santiago", uid="c@example.org")
OFF = cancelled(at(STARTS_AT + timedelta(days=3), time_zone="America/Chicago", uid="d@example.org"))
FEEDS_OWN = re.compile(rb"(X-WR-CALNAME|NAME|REFRESH-INTERVAL|X-PUBLISHED-TTL)[:;]")
ENTRIES = (INVITE, IN_CHICAGO, IN_SANTIAGO, OFF)


def test_a_feed_is_published_to_nobody_in_particular() -> None:
    body = published(ENTRIES, name="Ana’s visits, with Outreach")

    calendar = checks.read(body)
    assert checks.faults(body) == []
    assert calendar.one("METHOD").value == "PUBLISH"
    assert calendar.one("NAME").text == "Ana’s visits, with Outreach"
    assert calendar.one("X-WR-CALNAME").text == "Ana’s visits, with Outreach"
    assert calendar.one("REFRESH-INTERVAL") == checks.Property(
        "REFRESH-INTERVAL", {"VALUE": "DURATION"}, "PT1H"
    )
    assert calendar.one("X-PUBLISHED-TTL").value == "PT1H"
    assert b"ATTENDEE" not in body
    assert b"ana@example.org" not in body


def test_a_feed_and_the_mail_show_the_same_visit() -> None:
    mailed = checks.event(render_request(INVITE))

    fed = checks.event(published([INVITE], name="Outreach"))

    assert fed.properties == [found for found in mailed.properties if found.name != "ATTENDEE"]
    assert fed.parts == mailed.parts


def test_a_cancelled_visit_is_shown_as_cancelled() -> None:
    fed = checks.events(published(ENTRIES, name="Ana"))

    states = {event.one("UID").value: event.one("STATUS").value for event in fed}
    assert states == {
        INVITE.uid: "CONFIRMED",
        "b@example.org": "CONFIRMED",
        "c@example.org": "CONFIRMED",
        "d@example.org": "CANCELLED",
    }


def test_a_feed_holds_each_zone_it_uses_once_and_no_other() -> None:
    calendar = checks.read(published(ENTRIES, name="Ana"))

    zones = [zone.one("TZID").value for zone in calendar.inside("VTIMEZONE")]
    assert zones == ["America/Chicago", "America/New_York"]


def test_the_same_rows_are_the_same_bytes_in_any_order() -> None:
    body = published(ENTRIES, name="Ana")

    assert published(reversed(ENTRIES), name="Ana") == body
    assert etag(published(ENTRIES, name="Ana")) == etag(body)


def test_every_change_has_another_etag() -> None:
    feeds = [
        published(ENTRIES, name="Ana"),
        published(ENTRIES, name="Ana R."),
        published(ENTRIES[1:], name="Ana"),
        published([], name="Ana"),
        published([cancelled(INVITE), *ENTRIES[1:]], name="Ana"),
        published([replace(INVITE, location="Cedar Clinic"), *ENTRIES[1:]], name="Ana"),
        published([replace(INVITE, sequence=1), *ENTRIES[1:]], name="Ana"),
    ]

    assert len({etag(body) for body in feeds}) == len(feeds)
    assert etag(feeds[0]).isalnum()


def test_an_empty_feed_still_is_a_calendar() -> None:
    body = published([], name="Ana")

    calendar = checks.read(body)
    assert checks.faults(body) == []
    assert [part.name for part in calendar.parts] == ["VTIMEZONE"]


def test_a_visit_is_not_shown_twice() -> None:
    with pytest.raises(ValueError, match="once"):
        published([INVITE, cancelled(INVITE)], name="Ana")


def test_a_joined_feed_is_what_icalendar_writes_in_one_go() -> None:
    in_order: list[Entry] = sorted(ENTRIES, key=lambda entry: entry.starts_at)
    whole = calendar_of(in_order, method="PUBLISH", with_attendee=False)

    joined = published(ENTRIES, name="Outreach")

    asked = [line for line in joined.splitlines(keepends=True) if not FEEDS_OWN.match(line)]
    assert b"".join(asked) == whole.to_ical()


@pytest.mark.parametrize("name", ["Ana & Ben", "A" * 300, "Ñandú, S.L.; “x”: \\N"])
def test_a_feed_is_whole_whatever_its_name(name: str) -> None:
    nasty = replace(INVITE, summary="x\r\nORGANIZER\r\ny", description="ORGANIZER\nORGANIZER\n")

    body = published([nasty, IN_CHICAGO], name=name)

    organizers = [event.one("ORGANIZER") for event in checks.events(body)]
    assert checks.faults(body) == []
    assert [found.parameters["CN"] for found in organizers] == [text.name(name)] * 2
    assert checks.events(body)[0].one("DESCRIPTION").text == "ORGANIZER\nORGANIZER"


def test_a_visit_written_in_another_way_has_a_new_edition() -> None:
    """Where this fails, what `render` writes has changed: raise EDITION, and put the new mark."""
    made = [render(entry) for entry in (*ENTRIES, replace(INVITE, alarm_minutes=None))]

    marks = (EDITION, hashlib.sha256("".join(made).encode()).hexdigest()[:16])
    assert marks == (1, "06852b5a2043eb49")


@pytest.mark.parametrize("count", [1, 30])
def test_a_feed_of_any_length_is_whole(count: int) -> None:
    start = datetime(2026, 1, 5, 23, tzinfo=UTC)
    entries = [
        at(start + timedelta(days=7 * n), time_zone="America/Denver", uid=f"{n}@example.org")
        for n in range(count)
    ]

    body = published(entries, name="Ana")

    assert checks.faults(body) == []
    assert [checks.instant(event.one("DTSTART")) for event in checks.events(body)] == [
        entry.starts_at for entry in entries
    ]
