"""Strangers' calendars in the process that takes them apart: all bounded in time and memory."""

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import PIPE, run

import pytest

from outreach.adapters import own_calendar
from outreach.adapters.own_calendar import OwnCalendarReader
from outreach.speakers.ports import BusySpan, CouldNotRead, Trouble, Wanted
from tests import calendar_standin
from tests.builders import NOW
from tests.calendar_standin import HOST

MIB = 1024 * 1024
WANTED = Wanted(
    address=f"https://{HOST}/secret.ics",
    starts_at=NOW - timedelta(days=1),
    ends_at=NOW + timedelta(days=180),
    zone="America/New_York",
    host="visits.example",
)
START = datetime(2026, 12, 1, 12, tzinfo=UTC)
EVENT = "BEGIN:VEVENT\r\nUID:{uid}\r\n{start}\r\n{more}\r\nEND:VEVENT\r\n"
NOON = "DTSTART:20261201T120000Z\r\nDURATION:PT1H"


def calendar(*more: str, count: int = 1) -> bytes:
    lines = "\r\n".join(more) or "CLASS:PUBLIC"
    events = "".join(EVENT.format(uid=n, start=NOON, more=lines) for n in range(count))
    return f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{events}END:VCALENDAR\r\n".encode()


def dates(count: int) -> str:
    first = datetime(2026, 12, 1)  # noqa: DTZ001 - as a calendar writes it
    return ",".join(f"{first + timedelta(minutes=n):%Y%m%dT%H%M%SZ}" for n in range(count))


def zone(rule: str) -> bytes:
    described = (
        "BEGIN:VTIMEZONE\r\nTZID:Odd\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\n"
        f"TZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nRRULE:{rule}\r\nEND:STANDARD\r\n"
        "END:VTIMEZONE\r\n"
    )
    return (
        calendar()
        .replace(b"BEGIN:VEVENT", described.encode() + b"BEGIN:VEVENT", 1)
        .replace(b"DTSTART:2026", b"DTSTART;TZID=Odd:2026")
    )


HOSTILE = {
    "every second": calendar("RRULE:FREQ=SECONDLY"),
    "every minute since 1900": calendar("RRULE:FREQ=MINUTELY").replace(b"2026", b"1900"),
    "every hour": calendar("RRULE:FREQ=HOURLY;COUNT=3"),
    "a billion times": calendar("RRULE:FREQ=DAILY;COUNT=1000000000"),
    "a billion times, far apart": calendar("RRULE:FREQ=YEARLY;COUNT=1000000000;INTERVAL=999"),
    "never further": calendar("RRULE:FREQ=DAILY;INTERVAL=0"),
    "a rule of a zone": zone("FREQ=SECONDLY"),
    "a rule of a zone, each day since 1601": zone("FREQ=DAILY"),
    "within the day": calendar(f"RRULE:FREQ=DAILY;BYMINUTE={','.join(map(str, range(60)))}"),
    "never on any day": calendar("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", count=500),
    "daily since the year 1": calendar("RRULE:FREQ=DAILY", count=4_000).replace(b"2026", b"0001"),
    "100,000 entries": calendar(count=100_000)[: 5 * MIB],
    "5,000 that repeat": calendar("RRULE:FREQ=DAILY", count=5_000),
    "nested": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 100_000,
    "nested in what nobody knows": b"BEGIN:VCALENDAR\r\n" + b"BEGIN:X\r\n" * 300_000,
    "one line of 10 MB": b"BEGIN:VCALENDAR\r\nX:" + b"x" * 10_000_000,
    "one line of 5 MB": calendar("SUMMARY:" + "x" * 5_000_000),
    "one line of 5 MB, of an UID": calendar("UID:" + "x" * 5_000_000),
    "a line in two million pieces": calendar("UID:" + "\r\n x" * 1_000_000),
    "100,000 dates": calendar(f"RDATE:{dates(100_000)}"),
    "100,000 dates in lines": calendar(*(f"RDATE:{d}" for d in dates(100_000).split(","))),
    "100,000 dates left out": calendar(f"RRULE:FREQ=DAILY\r\nEXDATE:{dates(100_000)}"),
    "a million periods": calendar("END:VEVENT", "FREEBUSY:" + "1/P," * 1_000_000, "BEGIN:VEVENT"),
    "10,000 dates": calendar(f"RDATE:{dates(10_000)}"),
    "forever": calendar("DURATION:P999999999999D"),
    "10,000 years": calendar("DTEND:99991231T235959Z\r\nRRULE:FREQ=DAILY"),
    "backwards": calendar("DTEND:20251201T120000Z"),
    "moved from 1900 to 9999": calendar(
        "RRULE:FREQ=DAILY",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "UID:0",
        "RECURRENCE-ID;RANGE=THISANDFUTURE:19000101T120000Z",
        "DTSTART:99990101T120000Z",
    ),
    "an unknown zone": calendar().replace(b"DTSTART:", b"DTSTART;TZID=../../etc/passwd:"),
    "numbers": calendar("RRULE:FREQ=DAILY;COUNT=" + "9" * 100_000),
    "many parameters": calendar("RDATE" + ";X=y" * 200_000 + ":20261201T120000Z"),
    "quotes": calendar('RDATE;X="' + '"' * 200_000 + ":20261201T120000Z"),
    "NUL": b"\x00" * 5 * MIB,
    "a page": b"<!doctype html><title>Sign in</title>" * 100_000,
    "broken UTF-8": calendar().replace(b"UID:0", b"UID:\xff\xfe\xc3\x28"),
    "broken all over": b"BEGIN:VCALENDAR\r\n" + b"\xff\xfe" * 2_000_000,
    "nothing": b"",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_whatever_it_is_it_ends_in_time(name: str) -> None:
    begun = time.monotonic()
    found, trouble = read(HOSTILE[name])

    assert trouble in {None, Trouble.TOO_MUCH, Trouble.TOO_OFTEN, Trouble.NOT_A_CALENDAR}
    assert found <= 10_000
    # The child is killed after five; the rest is this machine's business.
    assert time.monotonic() - begun < own_calendar.WALL_S + 1


def read(raw: bytes) -> tuple[int, Trouble | None]:
    """Return how many busy times were found, and why none were."""
    try:
        return len(own_calendar.taken_apart(raw, WANTED)), None
    except CouldNotRead as error:
        return 0, error.trouble


CONFINED = """
import sys
from outreach.calendars import busy_child
busy_child.confine()
{}
"""


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("bytearray(300 * 1024 * 1024)", b"MemoryError"),
        ("import socket; socket.create_connection(('127.0.0.1', 9))", b"PermissionError"),
        ("import socket; socket.getaddrinfo('calendar.example.org', 443)", b"PermissionError"),
        ("import subprocess; subprocess.run(['true'])", b"PermissionError"),
        ("import os; os.system('true')", b"PermissionError"),
        ("import os; os.fork()", b"PermissionError"),
        ("open('written', 'w').write('x' * 100_000)", b"OSError"),
    ],
)
def test_the_process_may_not(deed: str, error: bytes, tmp_path: Path) -> None:
    code = CONFINED.format(deed)
    done = run([sys.executable, "-c", code], stderr=PIPE, check=False, cwd=tmp_path)

    assert done.returncode == 1
    assert error in done.stderr


def test_a_process_that_runs_on_is_ended_by_its_own_clock() -> None:
    endless = "import time\nwhile True: pass"
    shorter = "busy_child.CPU_S = 1\nbusy_child.confine()\n"
    code = f"from outreach.calendars import busy_child\n{shorter}{endless}"

    assert run([sys.executable, "-c", code], check=False).returncode < 0


def test_it_is_told_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    spy = tmp_path / "spy.py"
    spy.write_text("#!/bin/sh\nenv >&2; env\n")
    spy.chmod(0o700)
    monkeypatch.setenv("OUTREACH_SECRET_KEY", "secret")
    monkeypatch.setattr(sys, "executable", str(spy))

    with pytest.raises(CouldNotRead) as error:
        own_calendar.taken_apart(b"", WANTED)

    assert error.value.trouble is Trouble.OURS


def test_a_calendar_is_read_from_its_address_to_its_times(tmp_path: Path) -> None:
    with calendar_standin.running(tmp_path) as server:
        server.serve("/secret.ics", calendar("STATUS:TENTATIVE"), ETag='"7"')
        reading = OwnCalendarReader(server.client()).read(WANTED)

    assert reading
    assert reading.busy == (BusySpan(START, START + timedelta(hours=1), tentative=True),)
    assert (reading.etag, reading.last_modified) == ('"7"', "")


def test_the_address_is_not_shown_by_what_holds_it() -> None:
    assert "secret" not in repr(WANTED)
