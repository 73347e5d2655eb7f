"""When a message may leave: quiet hours, reminder times, waits between tries. All pure."""

import random
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final
from zoneinfo import ZoneInfo

EARLIEST: Final = time(8)
LATEST: Final = time(21)
"""No affiliate may text outside these (47 CFR 64.1200(c)(1) names them for calls)."""

LAST_CALL: Final = timedelta(minutes=30)
"""What is pulled to the evening before leaves this long before the window closes, so that a
backlog is gone by then."""

USEFUL: Final = timedelta(hours=1)
"""A text that had to wait for the morning must come this long before it is of no more use."""

SPREAD: Final = timedelta(minutes=10)
"""Reminders of one moment leave over this long: a long code sends one segment a second, and 300
at once would take five minutes."""

MAX_ATTEMPTS: Final = 6
MAX_SEGMENTS: Final = 2
RETRY_BASE: Final = timedelta(seconds=5)
RETRY_CAP: Final = timedelta(minutes=15)
SETTLE: Final = timedelta(seconds=60)
"""How long the provider's list may take to show what it accepted; also between two looks."""

LOOKS: Final = 2
"""Clean looks at the provider's list after which a message was surely not sent."""

POLLS: Final = (timedelta(minutes=15), timedelta(hours=2), timedelta(hours=11))
"""How long after it was accepted the provider is asked about a text it says nothing of. Its own
queue holds one for ten hours at most (docs/api/errors/30001)."""

ASK_AGAIN: Final = timedelta(minutes=5)
"""When the provider could not be asked, and after a worker that died asking."""

LATER: Final = timedelta(minutes=30)
CHANNEL_PAUSE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Window:
    """The hours in which texts may leave, in the recipient's wall time: [opens, closes)."""

    opens: time = time(9)
    closes: time = time(20)


DAY: Final = Window()
"""9:00 to 20:00, where an affiliate chose nothing else."""


def window(*, quiet_from: time, quiet_until: time) -> Window:
    """Return what an affiliate's quiet hours leave open, never wider than 8:00 to 21:00.

    Hours that leave nothing (or span no night) stand for the default.
    """
    opens, closes = max(quiet_until, EARLIEST), min(quiet_from, LATEST)
    return Window(opens, closes) if opens < closes else DAY


def instant(wall: datetime, *, zone: str) -> datetime:
    """Return the instant of a naive wall time.

    One in the gap of spring moves forward by the gap; of one that comes twice in autumn the
    first is meant (PEP 495, fold 0).
    """
    return wall.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def is_allowed(at: datetime, *, zone: str, window: Window) -> bool:
    """Say whether a text may leave at this instant."""
    return window.opens <= at.astimezone(ZoneInfo(zone)).time() < window.closes


def next_allowed(at: datetime, *, zone: str, window: Window) -> datetime:
    """Return the first instant from `at` on (included) at which a text may leave."""
    if is_allowed(at, zone=zone, window=window):
        return at.astimezone(UTC)
    local = at.astimezone(ZoneInfo(zone))
    day = local.date() if local.time() < window.opens else local.date() + timedelta(days=1)
    return instant(datetime.combine(day, window.opens), zone=zone)


def last_allowed(at: datetime, *, zone: str, window: Window) -> datetime:
    """Return the last instant up to `at` at which a text may leave, half an hour before closing.

    An instant that is allowed stands.
    """
    if is_allowed(at, zone=zone, window=window):
        return at.astimezone(UTC)
    local = at.astimezone(ZoneInfo(zone))
    day = local.date() if local.time() >= window.closes else local.date() - timedelta(days=1)
    closing = instant(datetime.combine(day, window.closes), zone=zone)
    return max(closing - LAST_CALL, instant(datetime.combine(day, window.opens), zone=zone))


def closing(at: datetime, *, zone: str, window: Window) -> datetime:
    """Return when the window closes on the day of `at`, in the zone."""
    day = at.astimezone(ZoneInfo(zone)).date()
    return instant(datetime.combine(day, window.closes), zone=zone)


def spread(key: str) -> timedelta:
    """Return how far a message keeps from the others of its moment, the same every time."""
    share: float = zlib.crc32(key.encode()) / 2**32
    return SPREAD * share


def sending_time(
    due_at: datetime,
    *,
    zone: str,
    window: Window,
    expires_at: datetime,
    now: datetime,
    apart: timedelta = timedelta(0),
) -> datetime:
    """Return when a text that is due at `due_at` leaves.

    At that time if it is allowed then; else in the morning, if that is an hour before it expires
    or more; else in the evening before, if that is still to come. Where nothing fits the due time
    itself comes back: the sender refuses it then, and a mail stands in.

    `apart` (`spread`) moves it earlier, or later from a morning, where that is allowed too.
    """
    due_at = due_at.astimezone(UTC)
    morning = next_allowed(due_at, zone=zone, window=window)
    if morning == due_at:
        return _moved(due_at, by=-apart, zone=zone, window=window, now=now)
    spare = expires_at - USEFUL - morning
    if spare >= timedelta(0):
        return _moved(morning, by=min(apart, spare), zone=zone, window=window, now=now)
    evening = last_allowed(due_at, zone=zone, window=window)
    if evening < now:
        return due_at
    return _moved(evening, by=-apart, zone=zone, window=window, now=now)


@dataclass(frozen=True, slots=True)
class Reminder:
    """One reminder of an affiliate's plan, at its instant. `name` tells it from the others."""

    due_at: datetime
    channel: str
    name: str


def reminder_times(
    starts_at: datetime, *, zone: str, plan: Iterable[Mapping[str, Any]]
) -> tuple[Reminder, ...]:
    """Return the reminders of a visit, the earliest first, those in the past too.

    `plan` is an affiliate's: {"before": "days"|"hours", "count": n, "channel": "sms"|"mail"}.
    Days are counted on the wall clock of the visit's zone, hours as they elapse. The time is
    where the plan puts it; quiet hours are the sender's business (`sending_time`).
    """
    found = (
        Reminder(
            due_at=_before(starts_at, zone=zone, unit=entry["before"], count=entry["count"]),
            channel=entry["channel"],
            name=f"{entry['count']} {entry['before']}",
        )
        for entry in plan
    )
    return tuple(sorted(found, key=lambda reminder: reminder.due_at))


def wanted(planned: Sequence[Reminder], *, most: int | None) -> Sequence[Reminder]:
    """Return the last `most` of the reminders, all with None."""
    return planned if most is None else planned[max(0, len(planned) - most) :]


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month on somebody's wall; as instants it is [since, until)."""

    first: date
    since: datetime
    until: datetime

    @property
    def number(self) -> int:
        """Return 202612 for December 2026."""
        return self.first.year * 100 + self.first.month


def months(now: datetime, *, zone: str, count: int = 1) -> tuple[Month, ...]:
    """Return the month of `now` in a zone and those before it, `count` together, latest first."""
    local = now.astimezone(ZoneInfo(zone))
    latest = local.year * 12 + local.month - 1
    return tuple(_month(latest - back, zone=zone) for back in range(count))


def affordable(dollars: int, *, price_cents: float) -> int | None:
    """Return how many parts of texts the money buys; None where their price is not known."""
    # Divided as decimals: 3 dollars at 0.3 cents are 1000 parts, not 999.
    return int(Decimal(dollars) * 100 / Decimal(str(price_cents))) if price_cents > 0 else None


def backoff(attempt: int, *, rng: random.Random) -> timedelta:
    """Return the wait after try number `attempt` (from 1): up to 20 s, 80 s, … 15 min.

    Full jitter, so that messages that failed together do not come back together.
    """
    ceiling: timedelta = min(RETRY_CAP, RETRY_BASE * 4**attempt)
    return ceiling * rng.random()


def _moved(at: datetime, *, by: timedelta, zone: str, window: Window, now: datetime) -> datetime:
    moved = at + by
    fits = moved >= now and is_allowed(moved, zone=zone, window=window)
    return moved if fits else at


def _month(number: int, *, zone: str) -> Month:
    first, following = (date(n // 12, n % 12 + 1, 1) for n in (number, number + 1))
    since, until = (instant(datetime.combine(day, time()), zone=zone) for day in (first, following))
    return Month(first, since, until)


def next_poll(accepted_at: datetime, *, checks: int) -> datetime | None:
    """Return when the provider is asked again after `checks` answers; None: never again."""
    return accepted_at + POLLS[checks] if checks < len(POLLS) else None


def _before(starts_at: datetime, *, zone: str, unit: str, count: int) -> datetime:
    if unit == "hours":
        return (starts_at - timedelta(hours=count)).astimezone(UTC)
    wall = starts_at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return instant(wall - timedelta(days=count), zone=zone)
