"""The checker itself: each way we know to spoil a file is noticed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from outreach.calendars.mime import compose
from tests.calendars import checks
from tests.calendars.mutants import KINDS, SPOILED
from tests.calendars.people import INVITE


@pytest.mark.parametrize("kind", KINDS)
def test_what_we_write_has_no_fault(kind: str) -> None:
    assert checks.faults(KINDS[kind]) == []


@pytest.mark.parametrize("kind", KINDS)
def test_what_other_products_got_wrong_is_in_none_of_our_files(kind: str) -> None:
    calendar = checks.read(KINDS[kind])

    names = {
        p.name for zone in calendar.inside("VTIMEZONE") for o in zone.parts for p in o.properties
    }
    assert names.isdisjoint({"RDATE", "COMMENT", "TZURL"})
    assert calendar.all("UID") == []
    for event in calendar.inside("VEVENT"):
        assert len(event.all("ATTENDEE")) <= 1
        times = (event.one("DTSTART"), event.one("DTEND"))
        assert all("TZID" in time.parameters or time.value.endswith("Z") for time in times)


def test_another_process_writes_the_same_bytes() -> None:
    told = "from tests.calendars.mutants import KINDS; print(repr(KINDS))"

    done = subprocess.run(
        [sys.executable, "-c", told],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"{KINDS!r}\n"


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_file_is_noticed(name: str) -> None:
    assert checks.faults(SPOILED[name].spoiled) != []


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
