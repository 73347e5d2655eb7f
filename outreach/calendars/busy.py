"""A stranger's calendar → when somebody is busy. Runs in a process of its own (`busy_child`) only.

What is read here is hostile until shown otherwise; this module bounds what it can, and the
process around it the rest.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events

from outreach.calendars.busy_lines import NOT_A_CALENDAR, TOO_MUCH, Refused, reduced

MOST_TIMES: Final = 10_000
"""Of all entries together, each repeat counted."""
_STEP: Final = timedelta(days=30)
_A_DAY: Final = timedelta(days=1)
_REPEATS: Final = frozenset({"RRULE", "RDATE", "RECURRENCE-ID"})
_SENSELESS: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    OSError,  # a zone that is called as a folder of zones is
)
"""What the libraries raise over a value that makes no sense."""
_FREE_STATES: Final = frozenset({"FREE", "WORKINGELSEWHERE"})


class Busy(NamedTuple):
    """Not free between two instants, the end not included; `tentative` is "perhaps"."""

    starts_at: datetime
    ends_at: datetime
    tentative: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is wanted of a calendar.

    Between the two instants, aware. `zone` is where the person lives: entries without a zone and
    whole days are meant there. Entries that this service itself made, at `host`, do not count.
    """

    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    host: str


def read(raw: bytes, asked: Asked) -> list[Busy]:
    """Return when the calendar's person is busy, in order; what touches or overlaps is one.

    Firm and tentative times are merged apart, so that one of each may overlap. An entry that makes
    no sense (an end before its start, no start) is left out.

    Raises:
        Refused: as `busy_lines.reduced`; also "too_much" beyond 10,000 times.
    """
    try:
        calendars = icalendar.Calendar.from_ical(reduced(raw), multiple=True)
    except _SENSELESS as error:
        raise Refused(NOT_A_CALENDAR) from error
    series: dict[str, list[icalendar.Event]] = defaultdict(list)
    events = (event for each in calendars for event in each.walk("VEVENT"))
    for number, event in enumerate(events):
        uid = str(event.get("UID", "")) or f"without-{number}"
        if isinstance(event, icalendar.Event) and not _is_ours(uid, asked.host):
            series[uid].append(event)
    found: list[Busy] = []
    for count, busy in enumerate(_times(series.values(), asked)):
        if count >= MOST_TIMES:
            raise Refused(TOO_MUCH)
        if busy is not None:
            found.append(busy)
    return merged(found)


def merged(times: Iterable[Busy]) -> list[Busy]:
    """Return the times in order, those of a kind that touch or overlap as one."""
    found: list[Busy] = []
    last: dict[bool, int] = {}
    for busy in sorted(times):
        at = last.get(busy.tentative)
        if at is not None and busy.starts_at <= found[at].ends_at:
            found[at] = found[at]._replace(ends_at=max(found[at].ends_at, busy.ends_at))
        else:
            last[busy.tentative] = len(found)
            found.append(busy)
    return found


def _times(series: Iterable[Sequence[icalendar.Event]], asked: Asked) -> Iterator[Busy | None]:
    """Give each time of each entry with its repeats; None for one at which the person is free."""
    for events in series:
        # One entry that cannot be read must not hide all others; out of memory is no such case.
        with suppress(*_SENSELESS):
            if len(events) == 1 and not _REPEATS & events[0].keys():
                # Most entries are these, and they take a tenth of the time without the library.
                yield _busy(events[0], events[0].start, events[0].end, asked)
                continue
            alone = icalendar.Calendar()
            alone.subcomponents = list(events)
            laid_out = recurring_ical_events.of(alone, skip_bad_series=True)
            # A day more on either side: whole days and times without a zone are put into theirs
            # only after.
            starts_at = asked.starts_at - _A_DAY
            while starts_at < asked.ends_at + _A_DAY:
                for event in laid_out.between(starts_at, starts_at + _STEP):
                    yield _busy(event, event["DTSTART"].dt, event["DTEND"].dt, asked)
                starts_at += _STEP


def _busy(event: icalendar.Component, starts: date, ends: date, asked: Asked) -> Busy | None:
    state = str(event.get("X-MICROSOFT-CDO-BUSYSTATUS", "")).strip().upper()
    status = str(event.get("STATUS", "")).strip().upper()
    is_free = str(event.get("TRANSP", "")).strip().upper() == "TRANSPARENT"
    if is_free or status == "CANCELLED" or state in _FREE_STATES:
        return None
    starts_at = max(_instant(starts, asked.zone), asked.starts_at)
    ends_at = min(_instant(ends, asked.zone), asked.ends_at)
    if starts_at >= ends_at:
        return None
    return Busy(starts_at, ends_at, status == "TENTATIVE" or state == "TENTATIVE")


def _instant(when: date, zone: ZoneInfo) -> datetime:
    """Return the instant; a day begins at midnight where the person lives."""
    if not isinstance(when, datetime):
        when = datetime.combine(when, time())
    return (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC)


def _is_ours(uid: str, host: str) -> bool:
    """Say whether this service made the entry (`invites`): a visit must not be in its own way."""
    name, _, at = uid.strip().lower().partition("@")
    return name.startswith("visit-") and at == host.lower()
