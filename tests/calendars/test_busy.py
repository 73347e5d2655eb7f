"""What is read of a person's own calendar: when they are busy, and nothing else."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from outreach.calendars import busy, busy_lines
from outreach.calendars.busy import Asked, Busy
from outreach.calendars.busy_lines import Refused

NEW_YORK = ZoneInfo("America/New_York")
FROM = datetime(2026, 10, 20, 14, tzinfo=UTC)
UNTIL = FROM + timedelta(days=181)
HOST = "visits.example"


def calendar(*events: str, head: str = "") -> bytes:
    inside = "".join(f"BEGIN:VEVENT\r\n{_crlf(event)}END:VEVENT\r\n" for event in events)
    start = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//y//EN\r\n"
    return f"{start}{_crlf(head)}{inside}END:VCALENDAR\r\n".encode()


def read(raw: bytes, *, zone: str = "America/New_York") -> list[Busy]:
    asked = Asked(starts_at=FROM, ends_at=UNTIL, zone=ZoneInfo(zone), host=HOST)
    return busy.read(raw, asked)


def spans(raw: bytes, *, zone: str = "America/New_York") -> list[tuple[str, str]]:
    """Return the firm times on the person's wall clock."""
    here = ZoneInfo(zone)
    return [
        (f"{b.starts_at.astimezone(here):%m-%d %H:%M}", f"{b.ends_at.astimezone(here):%m-%d %H:%M}")
        for b in read(raw, zone=zone)
        if not b.tentative
    ]


def _crlf(text: str) -> str:
    lines = [line.strip() for line in text.strip().splitlines()]
    return "".join(f"{line}\r\n" for line in lines if line)


LUNCH = """
    UID:lunch
    DTSTART;TZID=America/New_York:20261103T120000
    DTEND;TZID=America/New_York:20261103T130000
    SUMMARY:Lunch with the surgeon
"""


def test_one_entry_is_one_busy_time_in_utc() -> None:
    start = datetime(2026, 11, 3, 17, tzinfo=UTC)

    assert read(calendar(LUNCH)) == [Busy(start, start + timedelta(hours=1), tentative=False)]


def test_of_an_entry_only_its_times_are_read_any_further() -> None:
    words = "DESCRIPTION:Room 7\r\nLOCATION:Ward\r\nATTENDEE:mailto:a@x.example\r\nATTACH:http://x"

    kept = busy_lines.reduced(calendar(LUNCH + words)).decode()

    assert [word for word in ("surgeon", "Room", "Ward", "mailto", "http") if word in kept] == []


def test_every_week_at_six_stays_at_six_when_the_clocks_change() -> None:
    weekly = """
        UID:choir
        DTSTART;TZID=America/New_York:20261018T180000
        DURATION:PT90M
        RRULE:FREQ=WEEKLY;UNTIL=20261115T235959Z
    """

    assert spans(calendar(weekly)) == [
        ("10-25 18:00", "10-25 19:30"),
        ("11-01 18:00", "11-01 19:30"),
        ("11-08 18:00", "11-08 19:30"),
        ("11-15 18:00", "11-15 19:30"),
    ]


def test_an_evening_through_the_night_the_clocks_go_forward() -> None:
    night = """
        UID:night
        DTSTART;TZID=America/New_York:20270313T230000
        DTEND;TZID=America/New_York:20270314T040000
    """

    (only,) = read(calendar(night))

    assert only.ends_at - only.starts_at == timedelta(hours=4)


def test_a_date_taken_out_is_free_and_one_put_in_is_busy() -> None:
    series = """
        UID:x
        DTSTART;TZID=America/New_York:20261102T090000
        DTEND;TZID=America/New_York:20261102T100000
        RRULE:FREQ=DAILY;COUNT=3
        EXDATE;TZID=America/New_York:20261103T090000
        RDATE;TZID=America/New_York:20261120T090000
    """

    assert [start for start, _ in spans(calendar(series))] == [
        "11-02 09:00",
        "11-04 09:00",
        "11-20 09:00",
    ]


MONDAYS = """
    UID:mondays
    SEQUENCE:0
    DTSTART;TZID=America/New_York:20261102T090000
    DTEND;TZID=America/New_York:20261102T100000
    RRULE:FREQ=WEEKLY;COUNT=3
"""


def test_a_repeat_that_was_moved_is_busy_where_it_is_now() -> None:
    moved = """
        UID:mondays
        RECURRENCE-ID;TZID=America/New_York:20261109T090000
        SEQUENCE:1
        DTSTART;TZID=America/New_York:20261110T150000
        DTEND;TZID=America/New_York:20261110T160000
    """

    assert [start for start, _ in spans(calendar(MONDAYS, moved))] == [
        "11-02 09:00",
        "11-10 15:00",
        "11-16 09:00",
    ]


def test_a_repeat_that_was_cancelled_is_free() -> None:
    cancelled = """
        UID:mondays
        RECURRENCE-ID;TZID=America/New_York:20261109T090000
        STATUS:CANCELLED
        SEQUENCE:1
        DTSTART;TZID=America/New_York:20261109T090000
        DTEND;TZID=America/New_York:20261109T100000
    """

    found = [start for start, _ in spans(calendar(MONDAYS, cancelled))]

    assert found == ["11-02 09:00", "11-16 09:00"]


@pytest.mark.parametrize(
    "free",
    [
        "TRANSP:TRANSPARENT",
        "STATUS:CANCELLED",
        "X-MICROSOFT-CDO-BUSYSTATUS:FREE",
        "X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE",
    ],
)
def test_what_takes_no_time_leaves_the_person_free(free: str) -> None:
    assert read(calendar(LUNCH + free)) == []


@pytest.mark.parametrize("perhaps", ["STATUS:TENTATIVE", "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE"])
def test_what_is_not_settled_is_tentative(perhaps: str) -> None:
    (only,) = read(calendar(LUNCH + perhaps))

    assert only.tentative


@pytest.mark.parametrize("end", ["", "DTEND;VALUE=DATE:20261227", "DURATION:P1D"])
def test_a_whole_day_is_busy_from_midnight_to_midnight_where_the_person_lives(end: str) -> None:
    day = f"UID:day\nDTSTART;VALUE=DATE:20261226\n{end}"

    assert spans(calendar(day)) == [("12-26 00:00", "12-27 00:00")]
    assert spans(calendar(day), zone="Pacific/Auckland") == [("12-26 00:00", "12-27 00:00")]


def test_a_time_without_a_zone_is_meant_where_the_person_lives() -> None:
    floating = "UID:f\nDTSTART:20261103T120000\nDTEND:20261103T130000"

    assert spans(calendar(floating), zone="America/Denver") == [("11-03 12:00", "11-03 13:00")]


@pytest.mark.parametrize("zone", ["Eastern Standard Time", "America/New_York", "/US/Eastern"])
def test_the_names_of_zones_that_programs_write(zone: str) -> None:
    named = LUNCH.replace("America/New_York", zone)

    assert spans(calendar(named)) == [("11-03 12:00", "11-03 13:00")]


def test_a_zone_nobody_knows_is_taken_for_the_persons_own() -> None:
    named = LUNCH.replace("America/New_York", "Our Office")

    assert spans(calendar(named)) == [("11-03 12:00", "11-03 13:00")]


def test_a_zone_that_the_calendar_itself_describes() -> None:
    described = """
        BEGIN:VTIMEZONE
        TZID:Somewhere
        BEGIN:STANDARD
        DTSTART:19700101T000000
        TZOFFSETFROM:-0300
        TZOFFSETTO:-0300
        END:STANDARD
        END:VTIMEZONE
    """
    named = LUNCH.replace("America/New_York", "Somewhere")

    assert spans(calendar(named, head=described)) == [("11-03 10:00", "11-03 11:00")]


def test_a_visit_of_ours_is_not_in_its_own_way() -> None:
    ours = LUNCH.replace("UID:lunch", f"UID:visit-0b2e@{HOST.upper()}")
    elsewhere = LUNCH.replace("UID:lunch", "UID:visit-0b2e@another.example")

    assert (len(read(calendar(ours))), len(read(calendar(elsewhere)))) == (0, 1)


def test_what_overlaps_or_touches_is_one_time_but_perhaps_and_surely_stay_apart() -> None:
    def entry(uid: str, first: str, last: str, *, status: str = "CONFIRMED") -> str:
        return f"UID:{uid}\nDTSTART:20261103T{first}Z\nDTEND:20261103T{last}Z\nSTATUS:{status}"

    found = read(
        calendar(
            entry("a", "120000", "130000"),
            entry("b", "123000", "140000"),
            entry("c", "140000", "150000"),
            entry("d", "160000", "170000"),
            entry("e", "125000", "133000", status="TENTATIVE"),
        )
    )

    hours = [(b.starts_at.hour, b.ends_at.hour, b.tentative) for b in found]
    assert hours == [(12, 15, False), (12, 13, True), (16, 17, False)]


def test_only_what_lies_in_the_window_is_kept_and_what_reaches_out_is_cut() -> None:
    long = "UID:l\nDTSTART:20200101T000000Z\nDTEND:20300101T000000Z"
    past = "UID:p\nDTSTART:20200101T000000Z\nDTEND:20200102T000000Z"

    assert read(calendar(long, past)) == [Busy(FROM, UNTIL, tentative=False)]


@pytest.mark.parametrize(
    "senseless",
    [
        "UID:x\nDTSTART:20261103T120000Z\nDTEND:20261103T110000Z",
        "UID:x\nDTSTART:20261103T120000Z",
        "UID:x\nDTEND:20261103T110000Z",
        "UID:x\nDTSTART:99999999T999999Z\nDTEND:20261103T110000Z",
        "UID:x\nDTSTART:20261103T120000Z\nDURATION:-PT1H",
        "UID:x\nDTSTART:20261103T120000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYDAY=XX",
        "UID:x\nDTSTART:\x00\nDTEND:\x00",
    ],
)
def test_an_entry_that_makes_no_sense_hides_none_of_the_others(senseless: str) -> None:
    assert spans(calendar(senseless, LUNCH)) == [("11-03 12:00", "11-03 13:00")]


GOOGLE = """
    BEGIN:VCALENDAR
    PRODID:-//Google Inc//Google Calendar 70.9054//EN
    VERSION:2.0
    CALSCALE:GREGORIAN
    METHOD:PUBLISH
    X-WR-CALNAME:maria@people.example
    X-WR-TIMEZONE:America/New_York
    BEGIN:VTIMEZONE
    TZID:America/New_York
    X-LIC-LOCATION:America/New_York
    BEGIN:DAYLIGHT
    TZOFFSETFROM:-0500
    TZOFFSETTO:-0400
    TZNAME:EDT
    DTSTART:19700308T020000
    RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
    END:DAYLIGHT
    BEGIN:STANDARD
    TZOFFSETFROM:-0400
    TZOFFSETTO:-0500
    TZNAME:EST
    DTSTART:19701101T020000
    RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
    END:STANDARD
    END:VTIMEZONE
    BEGIN:VEVENT
    DTSTART;TZID=America/New_York:20261029T180000
    DTEND;TZID=America/New_York:20261029T190000
    RRULE:FREQ=WEEKLY;WKST=SU;COUNT=2;BYDAY=TH
    DTSTAMP:20261020T000000Z
    UID:abc123@google.com
    CREATED:20261001T000000Z
    DESCRIPTION:
    SEQUENCE:0
    STATUS:CONFIRMED
    SUMMARY:Busy
    TRANSP:OPAQUE
    END:VEVENT
    END:VCALENDAR
"""
OUTLOOK = """
    BEGIN:VCALENDAR
    METHOD:PUBLISH
    PRODID:Microsoft Exchange Server 2010
    VERSION:2.0
    X-WR-CALNAME:Calendar
    BEGIN:VTIMEZONE
    TZID:Eastern Standard Time
    BEGIN:STANDARD
    DTSTART:16010101T020000
    TZOFFSETFROM:-0400
    TZOFFSETTO:-0500
    RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=1SU;BYMONTH=11
    END:STANDARD
    BEGIN:DAYLIGHT
    DTSTART:16010101T020000
    TZOFFSETFROM:-0500
    TZOFFSETTO:-0400
    RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=2SU;BYMONTH=3
    END:DAYLIGHT
    END:VTIMEZONE
    BEGIN:VEVENT
    UID:040000008200E00074C5B7101A82E008
    SUMMARY:Busy
    DTSTART;TZID=Eastern Standard Time:20261029T180000
    DTEND;TZID=Eastern Standard Time:20261029T190000
    RRULE:FREQ=WEEKLY;COUNT=2;INTERVAL=1;BYDAY=TH;WKST=SU
    CLASS:PUBLIC
    PRIORITY:5
    TRANSP:OPAQUE
    STATUS:CONFIRMED
    SEQUENCE:0
    X-MICROSOFT-CDO-BUSYSTATUS:BUSY
    X-MICROSOFT-CDO-ALLDAYEVENT:FALSE
    END:VEVENT
    END:VCALENDAR
"""
APPLE = """
    BEGIN:VCALENDAR
    CALSCALE:GREGORIAN
    PRODID:-//Apple Inc.//macOS 15.0//EN
    VERSION:2.0
    X-APPLE-CALENDAR-COLOR:#1BADF8
    X-WR-CALNAME:Home
    BEGIN:VTIMEZONE
    TZID:America/New_York
    BEGIN:DAYLIGHT
    DTSTART:20070311T020000
    RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU
    TZNAME:EDT
    TZOFFSETFROM:-0500
    TZOFFSETTO:-0400
    END:DAYLIGHT
    BEGIN:STANDARD
    DTSTART:20071104T020000
    RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU
    TZNAME:EST
    TZOFFSETFROM:-0400
    TZOFFSETTO:-0500
    END:STANDARD
    END:VTIMEZONE
    BEGIN:VEVENT
    CREATED:20261001T000000Z
    DTEND;TZID=America/New_York:20261029T190000
    DTSTAMP:20261001T000000Z
    DTSTART;TZID=America/New_York:20261029T180000
    LAST-MODIFIED:20261001T000000Z
    RRULE:FREQ=WEEKLY;COUNT=2
    SEQUENCE:0
    SUMMARY:Choir
    UID:6C1D7E2B-1111-2222-3333-444455556666
    X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC
    BEGIN:VALARM
    ACTION:DISPLAY
    DESCRIPTION:Reminder
    TRIGGER:-PT15M
    X-WR-ALARMUID:1
    END:VALARM
    END:VEVENT
    END:VCALENDAR
"""


@pytest.mark.parametrize("export", [GOOGLE, OUTLOOK, APPLE], ids=["google", "outlook", "apple"])
def test_what_the_large_calendars_publish(export: str) -> None:
    assert spans(_crlf(export).encode()) == [
        ("10-29 18:00", "10-29 19:00"),
        ("11-05 18:00", "11-05 19:00"),
    ]


def test_what_says_free_and_busy_only() -> None:
    published = """
        BEGIN:VCALENDAR
        VERSION:2.0
        BEGIN:VFREEBUSY
        ORGANIZER:mailto:maria@people.example
        DTSTART:20261101T000000Z
        DTEND:20261201T000000Z
        FREEBUSY:20261103T170000Z/20261103T180000Z,20261104T170000Z/PT1H
        FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20261105T170000Z/PT1H
        FREEBUSY;FBTYPE=FREE:20261106T170000Z/PT1H
        FREEBUSY;FBTYPE=BUSY-TENTATIVE:20261107T170000Z/PT1H
        FREEBUSY:20261108T170000Z,nonsense/,/,
        END:VFREEBUSY
        END:VCALENDAR
    """

    found = read(_crlf(published).encode())

    assert [(each.starts_at.day, each.tentative) for each in found] == [
        (3, False),
        (4, False),
        (5, False),
        (7, True),
    ]


def test_folded_lines_and_any_line_end() -> None:
    for end in ("\r\n", "\n", "\r"):
        folded = calendar(LUNCH).decode().replace("20261103T120000", f"20261103T{end} 120000")

        assert len(spans(folded.replace("\r\n", end).encode())) == 1


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ("FREQ=SECONDLY", "too_often"),
        ("FREQ=MINUTELY;COUNT=5", "too_often"),
        ("FREQ=HOURLY", "too_often"),
        ("freq=secondly", "too_often"),
        ("INTERVAL=1", "too_often"),
        ("FREQ=DAILY;INTERVAL=0", "too_often"),
        ("FREQ=DAILY;FREQ=SECONDLY", "too_often"),
        ("FREQ=DAILY;BYHOUR=1,2", "too_often"),
        ("FREQ=DAILY;BYSECOND=1,2", "too_often"),
        ("", "too_often"),
    ],
)
def test_a_rule_that_may_repeat_within_a_day_is_refused(rule: str, code: str) -> None:
    with pytest.raises(Refused, match=code):
        read(calendar(f"{LUNCH}\nRRULE:{rule}"))


def test_nor_may_one_hide_in_the_description_of_a_zone() -> None:
    zone = _crlf(GOOGLE).replace("RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "RRULE:FREQ=SECONDLY")

    with pytest.raises(Refused, match="too_often"):
        read(zone.encode())


def dates(count: int) -> str:
    return ",".join(f"{20261103 + n % 20}T{n % 24:02d}0000Z" for n in range(count))


def test_the_limits_are_inclusive() -> None:
    def entries(count: int) -> bytes:
        return calendar(*(["UID:x\nDTSTART:20261103T120000Z"] * count))

    busy_lines.reduced(entries(5_000))
    busy_lines.reduced(calendar(f"{LUNCH}RDATE:{dates(10_000)}"))

    for beyond in (entries(5_001), calendar(f"{LUNCH}RDATE:{dates(10_001)}"), b"x" * 5_242_881):
        with pytest.raises(Refused, match="too_much"):
            busy_lines.reduced(beyond)


def test_repeats_are_counted_over_all_entries_together() -> None:
    daily = [
        f"UID:{n}\nDTSTART:20200101T120000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY" for n in range(60)
    ]

    with pytest.raises(Refused, match="too_much"):
        read(calendar(*daily))


@pytest.mark.parametrize(
    "nothing",
    [
        b"",
        b"\x00" * 1000,
        b"<!doctype html><html><body>Sign in</body></html>",
        b"\xff\xfe\x80" * 100,
        b"BEGIN:VCALENDAR\r\n",
        b"END:VCALENDAR\r\n",
        b"BEGIN:VCALENDAR\r\nEND:VEVENT\r\n",
        b"BEGIN:VEVENT\r\nEND:VEVENT\r\n",
        calendar(LUNCH.replace("America/New_York", "America")),
    ],
)
def test_what_is_no_calendar(nothing: bytes) -> None:
    with pytest.raises(Refused, match="not_a_calendar"):
        read(nothing)


def test_an_empty_calendar_is_one() -> None:
    assert read(calendar()) == []
