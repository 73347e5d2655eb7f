"""Where and when visits may be: every zone, both weeks of each change of clocks, and at random."""

import random
import zoneinfo
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise

from outreach.calendars.invite import Invite
from tests.calendars.people import at

# "localtime" and "Factory" stand for no place.
EVERY_ZONE = sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})

ALWAYS = (
    "America/New_York",
    "America/Phoenix",
    "Pacific/Honolulu",
    "Europe/Dublin",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Africa/Casablanca",
    "Africa/Cairo",
    "America/Santiago",
    "America/Nuuk",
)
"""Never changed, two changes in Ramadan, by half an hour, a negative one, at 24:00 or at -1:00."""

YEARS = range(2025, 2038)


@cache
def visits(count: int) -> tuple[Invite, ...]:
    """Return visits of 2025 to 2037, each with a UID of its own, the same each time.

    Those of `ALWAYS` around every clock change come first, at most half of them; then random ones.
    """
    rng = random.Random(20250101)  # noqa: S311 - the same visits each time
    around = [(zone, start) for zone in ALWAYS for start in _around_changes(zone)]
    chosen = rng.sample(around, min(len(around), count // 2))
    first, last = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2025, 2038))
    while len(chosen) < count:
        start = datetime.fromtimestamp(rng.randrange(first, last, 300), UTC)
        chosen.append((rng.choice(EVERY_ZONE), start))
    return tuple(
        at(start, minutes=rng.randrange(15, 300), time_zone=zone, uid=f"visit-{n}@example.org")
        for n, (zone, start) in enumerate(chosen)
    )


def _around_changes(zone: str) -> list[datetime]:
    """Return instants around the zone's changes; of one without any, noon of each month."""
    found = [
        start
        for year in YEARS
        for change in changes(zone, year=year)
        for start in every_few_hours_around(change)
    ]
    return found or [datetime(year, m, 15, 17, tzinfo=UTC) for year in YEARS for m in range(1, 13)]


def changes(time_zone: str, *, year: int) -> list[datetime]:
    """Return the instants of `year` at which the zone's offset changes, to the half hour."""
    zone = zoneinfo.ZoneInfo(time_zone)
    half_hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=12 * n) for n in range(732)]
    found = []
    for before, after in pairwise(half_hours):
        if before.astimezone(zone).utcoffset() != after.astimezone(zone).utcoffset():
            steps = (before + timedelta(minutes=30 * n) for n in range(25))
            old = before.astimezone(zone).utcoffset()
            found.append(next(s for s in steps if s.astimezone(zone).utcoffset() != old))
    return found


def every_few_hours_around(change: datetime) -> list[datetime]:
    """Return the week around a change by 9 hours, and the hours around it by 30 minutes."""
    week = (change + timedelta(hours=9 * n) for n in range(-10, 11))
    hours = (change + timedelta(minutes=30 * n) for n in range(-6, 7))
    return sorted({*week, *hours})
