"""Four programs that read calendar files, and say in the same words what they found.

ical.js reads in Thunderbird and Nextcloud, libical in Evolution, KDE and Cyrus, vobject in
Radicale. Each takes the offsets from the file's own VTIMEZONEs. icalendar, which wrote the text,
parses it anew; a zone it knows it takes from zoneinfo instead.
"""

import ctypes
import ctypes.util
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import icalendar
import pytest
import vobject

ICAL_JS = Path(__file__).parent / "icaljs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One event as a reader understands it; what it has no word for is empty."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    summary: str
    location: str
    description: str
    status: str
    sequence: int
    organizer: str


def with_ical_js(body: bytes) -> list[Seen]:
    node = shutil.which("node")
    if node is None or not (ICAL_JS / "node_modules" / "ical.js").is_dir():
        pytest.skip("ical.js is not there: install node and npm, then `make calendar-reader`.")
    done = subprocess.run(
        [node, ICAL_JS / "read.js"], input=body, capture_output=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    return [_of_json(event) for event in json.loads(done.stdout)]


def _of_json(event: dict[str, Any]) -> Seen:
    times = {name: _instant(event[name]) for name in ("starts_at", "ends_at")}
    return Seen(**event | times)


def with_libical(body: bytes) -> list[Seen]:
    library = libical()
    calendar = library.icalparser_parse_string(body)
    assert calendar, "libical reads no calendar"
    try:
        return list(_of_libical(library, calendar))
    finally:
        library.icalcomponent_free(calendar)


def with_vobject(body: bytes) -> list[Seen]:
    # It keeps zones by name for the whole process. The names in our files always mean the same.
    calendar = vobject.readOne(body.decode())
    return [_of_vobject(event) for event in calendar.contents.get("vevent", [])]


def _of_vobject(event: Any) -> Seen:  # noqa: ANN401 - vobject has no types
    def text(name: str) -> str:
        return str(getattr(event, name).value) if name in event.contents else ""

    return Seen(
        uid=text("uid"),
        starts_at=event.dtstart.value.astimezone(UTC),
        ends_at=event.dtend.value.astimezone(UTC),
        summary=text("summary"),
        location=text("location"),
        description=text("description"),
        status=text("status"),
        sequence=int(text("sequence")),
        organizer="".join(event.organizer.params.get("CN", [])),
    )


def with_icalendar(body: bytes) -> list[Seen]:
    calendar = icalendar.Calendar.from_ical(body)
    return [
        Seen(
            uid=str(event["uid"]),
            starts_at=event.decoded("dtstart").astimezone(UTC),
            ends_at=event.decoded("dtend").astimezone(UTC),
            summary=str(event.get("summary", "")),
            location=str(event.get("location", "")),
            description=str(event.get("description", "")),
            status=str(event["status"]),
            sequence=int(str(event["sequence"])),
            organizer=str(event["organizer"].params.get("CN", "")),
        )
        for event in calendar.walk("VEVENT")
    ]


READERS: dict[str, Callable[[bytes], list[Seen]]] = {
    "ical.js": with_ical_js,
    "libical": with_libical,
    "vobject": with_vobject,
    "icalendar": with_icalendar,
}


class _Time(ctypes.Structure):
    """libical's `struct icaltimetype`."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("year", "month", "day", "hour", "minute", "second")),
        ("is_date", ctypes.c_int),
        ("is_daylight", ctypes.c_int),
        ("zone", ctypes.c_void_p),
    )


@cache
def libical() -> ctypes.CDLL:
    """Open Debian's libical3 with the few functions we call, or skip the test."""
    name = ctypes.util.find_library("ical")
    if name is None:
        pytest.skip("libical is not there: install Debian's libical3.")
    library = ctypes.CDLL(name)
    pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int
    for function, takes, gives in (
        ("icalparser_parse_string", [text], pointer),
        ("icalrestriction_check", [pointer], number),
        ("icalcomponent_as_ical_string", [pointer], text),
        ("icalcomponent_count_errors", [pointer], number),
        ("icalcomponent_free", [pointer], None),
        ("icalcomponent_string_to_kind", [text], number),
        ("icalcomponent_get_first_component", [pointer, number], pointer),
        ("icalcomponent_get_next_component", [pointer, number], pointer),
        ("icalcomponent_get_dtstart", [pointer], _Time),
        ("icalcomponent_get_dtend", [pointer], _Time),
        ("icalcomponent_get_sequence", [pointer], number),
        ("icalcomponent_get_uid", [pointer], text),
        ("icalcomponent_get_summary", [pointer], text),
        ("icalcomponent_get_location", [pointer], text),
        ("icalcomponent_get_description", [pointer], text),
        ("icalcomponent_get_first_property", [pointer, number], pointer),
        ("icalproperty_string_to_kind", [text], number),
        ("icalproperty_get_parameter_as_string", [pointer, text], text),
        ("icalproperty_get_value_as_string", [pointer], text),
        ("icaltime_as_timet_with_zone", [_Time, pointer], ctypes.c_long),
    ):
        known = getattr(library, function)
        known.argtypes, known.restype = takes, gives
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


def _of_libical(library: ctypes.CDLL, calendar: int) -> Iterator[Seen]:
    kind = library.icalcomponent_string_to_kind(b"VEVENT")
    organizer, status = map(library.icalproperty_string_to_kind, (b"ORGANIZER", b"STATUS"))

    def text(found: bytes | None) -> str:
        return (found or b"").decode()

    def instant(time: _Time) -> datetime:
        return _instant(library.icaltime_as_timet_with_zone(time, time.zone))

    event = library.icalcomponent_get_first_component(calendar, kind)
    while event:
        person = library.icalcomponent_get_first_property(event, organizer)
        state = library.icalcomponent_get_first_property(event, status)
        yield Seen(
            uid=text(library.icalcomponent_get_uid(event)),
            starts_at=instant(library.icalcomponent_get_dtstart(event)),
            ends_at=instant(library.icalcomponent_get_dtend(event)),
            summary=text(library.icalcomponent_get_summary(event)),
            location=text(library.icalcomponent_get_location(event)),
            description=text(library.icalcomponent_get_description(event)),
            status=text(library.icalproperty_get_value_as_string(state)),
            sequence=library.icalcomponent_get_sequence(event),
            organizer=text(library.icalproperty_get_parameter_as_string(person, b"CN")),
        )
        event = library.icalcomponent_get_next_component(calendar, kind)


def _instant(unix_s: int) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
