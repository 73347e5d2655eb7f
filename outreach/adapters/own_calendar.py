"""Reading a speaker's own calendar: fetched by a guarded GET, taken apart by a confined process."""

import json
import subprocess
import sys
from contextlib import suppress
from datetime import datetime
from typing import Final

from outreach.adapters.public_https import PublicHttps
from outreach.speakers.ports import BusySpan, CouldNotRead, Reading, Trouble, Wanted

WALL_S: Final = 5.0
"""The whole life of the process that takes a calendar apart."""
_CHILD: Final = "outreach.calendars.busy_child"


class OwnCalendarReader:
    """Reads one calendar: a `CalendarReader`."""

    def __init__(self, https: PublicHttps | None = None) -> None:
        self._https = https or PublicHttps()

    def read(self, wanted: Wanted) -> Reading | None:
        """Return when the person is busy; None where nothing has changed. Raises CouldNotRead."""
        fetched = self._https.fetch(
            wanted.address, etag=wanted.etag, last_modified=wanted.last_modified
        )
        if fetched is None:
            return None
        busy = taken_apart(fetched.body, wanted)
        return Reading(busy=busy, etag=fetched.etag, last_modified=fetched.last_modified)


def taken_apart(body: bytes, wanted: Wanted) -> tuple[BusySpan, ...]:
    """Return when the person is busy, read by a process that is killed after five seconds.

    It gets the calendar and nothing else: no environment, so no key and no address of a database.

    Raises:
        CouldNotRead: the calendar is none, or asks for more than it may.
    """
    arguments = (wanted.starts_at.isoformat(), wanted.ends_at.isoformat(), wanted.zone, wanted.host)
    try:
        done = subprocess.run(  # noqa: S603 - our own module, and our own arguments
            [sys.executable, "-I", "-B", "-m", _CHILD, *arguments],
            input=body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a trace would quote what stands in the calendar
            timeout=WALL_S,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        # Without the cause: it holds what was read so far.
        raise CouldNotRead(Trouble.TOO_MUCH) from None
    if done.returncode < 0:  # killed: out of time
        raise CouldNotRead(Trouble.TOO_MUCH)
    answer: object = None
    with suppress(ValueError):
        answer = json.loads(done.stdout)
    if done.returncode or not isinstance(answer, dict):
        raise CouldNotRead(Trouble.OURS)
    if "trouble" in answer:
        raise CouldNotRead(Trouble(answer["trouble"]))
    return tuple(
        BusySpan(datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at), tentative)
        for starts_at, ends_at, tentative in answer["busy"]
    )
