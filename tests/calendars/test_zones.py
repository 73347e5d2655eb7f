"""Every reader of our VTIMEZONE must come to zoneinfo's instant, in every zone and week."""

import re
import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import cache
from io import StringIO
from pathlib import Path

import icalendar
import pytest
from dateutil import tz
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outreach.calendars import zones
from outreach.calendars.invite import render_request
from tests.calendars import checks
from tests.calendars.pairs import EVERY_ZONE, changes, every_few_hours_around
from tests.calendars.people import at, published

ZONES_WITH_MANNERS = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "America/Anchorage",
    "America/Adak",
    "America/Phoenix",
    "America/Puerto_Rico",
    "Pacific/Honolulu",
    "Pacific/Guam",
    "America/Havana",
    "America/Santiago",
    "America/Nuuk",
    "America/Vancouver",
    "America/Asuncion",
    "America/St_Johns",
    "Europe/Dublin",
    "Europe/London",
    "Europe/Lisbon",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Jerusalem",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Chatham",
    "Pacific/Norfolk",
    "Antarctica/Troll",
    "UTC",
)


@cache
def dateutil_zone(vtimezone: str) -> tz.tzical:
    """Return the VTIMEZONE as dateutil reads it, knowing nothing but its text."""
    return tz.tzical(StringIO(vtimezone))


def as_dateutil_reads(body: bytes) -> list[tuple[datetime, datetime]]:
    """Return start and end of each event, TZIDs looked up in the file's own VTIMEZONEs."""
    calendar = checks.read(body)
    known = {
        name: dateutil_zone(vtimezone).get(name)
        for vtimezone, name in re.findall(
            r"(BEGIN:VTIMEZONE\r\nTZID:([^\r]+)\r\n.*?END:VTIMEZONE\r\n)", body.decode(), re.DOTALL
        )
    }

    def instant(found: checks.Property) -> datetime:
        if found.value.endswith("Z"):
            return checks.instant(found)
        wall = datetime.strptime(found.value, "%Y%m%dT%H%M%S")  # noqa: DTZ007 - the zone follows
        return wall.replace(tzinfo=known[found.parameters["TZID"]]).astimezone(UTC)

    return [
        (instant(event.one("DTSTART")), instant(event.one("DTEND")))
        for event in calendar.inside("VEVENT")
    ]


def as_icalendar_reads(body: bytes) -> list[tuple[datetime, datetime]]:
    calendar = icalendar.Calendar.from_ical(body)
    return [
        (event.decoded("DTSTART").astimezone(UTC), event.decoded("DTEND").astimezone(UTC))
        for event in calendar.walk("VEVENT")
    ]


@pytest.mark.parametrize("time_zone", ZONES_WITH_MANNERS)
def test_both_weeks_of_a_clock_change_read_as_zoneinfo_says(time_zone: str) -> None:
    starts = [
        start
        for change in changes(time_zone, year=2027)
        for start in every_few_hours_around(change)
    ] or [datetime(2026, month, 15, 18, tzinfo=UTC) for month in range(1, 13)]
    entries = [
        at(start, minutes=90, time_zone=time_zone, uid=f"visit-{n}@example.org")
        for n, start in enumerate(sorted(starts))
    ]
    meant = [(entry.starts_at, entry.ends_at) for entry in entries]

    body = published(entries, name="Ana")

    assert as_dateutil_reads(body) == meant
    assert as_icalendar_reads(body) == meant
    assert checks.faults(body) == []


@settings(max_examples=200)
@given(
    time_zone=st.sampled_from(EVERY_ZONE),
    starts_at=st.datetimes(
        min_value=datetime(2025, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds
        max_value=datetime(2037, 12, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    minutes=st.integers(min_value=1, max_value=60 * 24 * 3),
)
@example("America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), 60)
@example("Africa/Casablanca", datetime(2027, 2, 15, 18, tzinfo=UTC), 60)
def test_any_visit_in_any_zone_reads_as_zoneinfo_says(
    time_zone: str, starts_at: datetime, minutes: int
) -> None:
    starts_at = starts_at.replace(microsecond=0)
    entry = at(starts_at, minutes=minutes, time_zone=time_zone)

    body = render_request(entry)

    assert as_dateutil_reads(body) == [(entry.starts_at, entry.ends_at)]
    assert as_icalendar_reads(body) == [(entry.starts_at, entry.ends_at)]
    assert checks.faults(body) == []


def test_every_zone_of_tzdata_is_a_rule_that_zoneinfo_confirms_or_utc() -> None:
    noons = [datetime(year, month, 11, 17, tzinfo=UTC) for year in (2026, 2036) for month in (1, 7)]
    without_rule = set()

    for time_zone in EVERY_ZONE:
        for noon in noons:
            start, end = zones.wall_times(noon, noon + timedelta(hours=1), time_zone=time_zone)
            assert (start.astimezone(UTC), end - start) == (noon, timedelta(hours=1))
        if zones.rule(time_zone) is None:
            without_rule.add(time_zone)

    assert {"America/Nuuk", "America/Santiago", "UTC"} <= without_rule
    assert len(without_rule) < 60


@pytest.mark.parametrize(
    "time_zone", [zone for zone in ZONES_WITH_MANNERS if zones.rule(zone) is not None]
)
def test_icalendar_makes_the_same_zone_of_our_vtimezone(time_zone: str) -> None:
    rule = zones.rule(time_zone)
    assert rule is not None
    own = zones.vtimezone(rule).to_tz(lookup_tzid=False)

    for month in range(1, 13):
        wall = datetime(2030, month, 15, 12)  # noqa: DTZ001 - the zone is what is compared
        assert wall.replace(tzinfo=own).utcoffset() == rule.offset(wall)


def test_an_american_visit_is_written_in_the_hospitals_own_time() -> None:
    event = checks.event(
        render_request(at(datetime(2026, 7, 1, 18, tzinfo=UTC), time_zone="America/New_York"))
    )

    assert event.one("DTSTART") == checks.Property(
        "DTSTART", {"TZID": "America/New_York"}, "20260701T140000"
    )


def test_the_vtimezone_of_new_york_is_the_rule_of_tzdata() -> None:
    rule = zones.rule("America/New_York")

    assert rule is not None
    assert zones.vtimezone(rule).to_ical().decode().split("\r\n") == [
        "BEGIN:VTIMEZONE",
        "TZID:America/New_York",
        "BEGIN:STANDARD",
        "DTSTART:19701101T020000",
        "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=11",
        "TZNAME:EST",
        "TZOFFSETFROM:-0400",
        "TZOFFSETTO:-0500",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:19700308T020000",
        "RRULE:FREQ=YEARLY;BYDAY=2SU;BYMONTH=3",
        "TZNAME:EDT",
        "TZOFFSETFROM:-0500",
        "TZOFFSETTO:-0400",
        "END:DAYLIGHT",
        "END:VTIMEZONE",
        "",
    ]


def test_dublins_summer_is_its_daylight_time() -> None:
    rule = zones.rule("Europe/Dublin")

    assert rule is not None
    assert rule.daylight is not None
    assert (rule.standard.name, rule.daylight.name) == ("GMT", "IST")


@pytest.mark.parametrize(
    ("starts_at", "ends_at"),
    [
        # 01:30 happens twice in New York on this night, first at 05:30 UTC.
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), datetime(2026, 11, 1, 7, tzinfo=UTC)),
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), datetime(2026, 11, 1, 8, tzinfo=UTC)),
        (datetime(2026, 11, 1, 3, tzinfo=UTC), datetime(2026, 11, 1, 6, 30, tzinfo=UTC)),
        # Before the rule of 2007 the clocks changed on other days.
        (datetime(2006, 3, 15, 18, tzinfo=UTC), datetime(2006, 3, 15, 19, tzinfo=UTC)),
        (datetime(1970, 6, 1, 18, tzinfo=UTC), datetime(1970, 6, 1, 19, tzinfo=UTC)),
    ],
)
def test_what_the_rule_cannot_say_is_written_in_utc(starts_at: datetime, ends_at: datetime) -> None:
    written = zones.wall_times(starts_at, ends_at, time_zone="America/New_York")

    assert written == (starts_at, ends_at)
    assert {time.tzinfo for time in written} == {UTC}


@pytest.mark.parametrize(
    "time_zone",
    ["Maple/Nowhere", "", "../../etc/passwd", "/etc/passwd", "America", "x\x00y", "EST5EDT,M3.2.0"],
)
def test_a_zone_nobody_knows_is_written_in_utc(time_zone: str) -> None:
    assert zones.rule(time_zone) is None


@pytest.mark.parametrize(
    ("posix", "expressible"),
    [
        (b"EST5EDT,M3.2.0,M11.1.0", True),
        (b"<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45", True),
        (b"MST7", True),
        (b"UTC0", False),
        (b"EST5EDT", False),  # no dates: the reader would have to guess them
        (b"<-04>4<-03>,M9.1.6/24,M4.1.6/24", False),
        (b"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", False),
        (b"EST5EDT,J60,J300", False),
        (b"", False),
        (b"\xff\xfe", False),
    ],
)
def test_a_footer_is_a_rule_only_where_every_client_reads_one(
    posix: bytes, expressible: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "Maple" / "Town"
    file.parent.mkdir()
    file.write_bytes(b"TZif2..." + b"\n" + posix + b"\n")
    monkeypatch.setattr(zoneinfo, "TZPATH", (str(tmp_path),))
    monkeypatch.setattr(zoneinfo, "ZoneInfo", str)

    assert (zones.rule.__wrapped__("Maple/Town") is not None) == expressible


@pytest.mark.parametrize("folders", [(), ("/nowhere",)])
def test_without_the_systems_zones_the_package_tzdata_gives_the_rule(
    folders: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zoneinfo, "TZPATH", folders)

    assert zones.rule.__wrapped__("America/New_York") == zones.rule("America/New_York")
