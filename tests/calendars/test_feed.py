"""A person's feed: the same visits as in the mails, for clients that only read."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from outreach.calendars.feed import etag, render_feed
from outreach.calendars.invite import render_request
from tests.calendars import checks
from tests.calendars.people import INVITE, STARTS_AT, at, cancelled

IN_CHICAGO = at(STARTS_AT + timedelta(days=1), time_zone="America/Chicago", uid="b@example.org")
IN_SANTIAGO = at(STARTS_AT + timedelta(days=2), time_zone="America/Santiago", uid="c@example.org")
OFF = cancelled(at(STARTS_AT + timedelta(days=3), time_zone="America/Chicago", uid="d@example.org"))
ENTRIES = (INVITE, IN_CHICAGO, IN_SANTIAGO, OFF)


def test_a_feed_is_published_to_nobody_in_particular() -> None:
    body = render_feed(ENTRIES, name="Ana’s visits, with Outreach")

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

    fed = checks.event(render_feed([INVITE], name="Ana"))

    assert fed.properties == [found for found in mailed.properties if found.name != "ATTENDEE"]
    assert fed.parts == mailed.parts


def test_a_cancelled_visit_is_shown_as_cancelled() -> None:
    fed = checks.events(render_feed(ENTRIES, name="Ana"))

    states = {event.one("UID").value: event.one("STATUS").value for event in fed}
    assert states == {
        INVITE.uid: "CONFIRMED",
        "b@example.org": "CONFIRMED",
        "c@example.org": "CONFIRMED",
        "d@example.org": "CANCELLED",
    }


def test_a_feed_holds_each_zone_it_uses_once_and_no_other() -> None:
    calendar = checks.read(render_feed(ENTRIES, name="Ana"))

    zones = [zone.one("TZID").value for zone in calendar.inside("VTIMEZONE")]
    assert zones == ["America/Chicago", "America/New_York"]


def test_the_same_rows_are_the_same_bytes_in_any_order() -> None:
    body = render_feed(ENTRIES, name="Ana")

    assert render_feed(reversed(ENTRIES), name="Ana") == body
    assert etag(render_feed(ENTRIES, name="Ana")) == etag(body)


def test_every_change_has_another_etag() -> None:
    feeds = [
        render_feed(ENTRIES, name="Ana"),
        render_feed(ENTRIES, name="Ana R."),
        render_feed(ENTRIES[1:], name="Ana"),
        render_feed([], name="Ana"),
        render_feed([cancelled(INVITE), *ENTRIES[1:]], name="Ana"),
        render_feed([replace(INVITE, location="Cedar Clinic"), *ENTRIES[1:]], name="Ana"),
        render_feed([replace(INVITE, sequence=1), *ENTRIES[1:]], name="Ana"),
    ]

    assert len({etag(body) for body in feeds}) == len(feeds)
    assert etag(feeds[0]).isalnum()


def test_an_empty_feed_still_is_a_calendar() -> None:
    body = render_feed([], name="Ana")

    calendar = checks.read(body)
    assert checks.faults(body) == []
    assert [part.name for part in calendar.parts] == ["VTIMEZONE"]


def test_a_visit_is_not_shown_twice() -> None:
    with pytest.raises(ValueError, match="once"):
        render_feed([INVITE, cancelled(INVITE)], name="Ana")


@pytest.mark.parametrize("count", [1, 30])
def test_a_feed_of_any_length_is_whole(count: int) -> None:
    start = datetime(2026, 1, 5, 23, tzinfo=UTC)
    entries = [
        at(start + timedelta(days=7 * n), time_zone="America/Denver", uid=f"{n}@example.org")
        for n in range(count)
    ]

    body = render_feed(entries, name="Ana")

    assert checks.faults(body) == []
    assert [checks.instant(event.one("DTSTART")) for event in checks.events(body)] == [
        entry.starts_at for entry in entries
    ]
