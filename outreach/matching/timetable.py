"""When and where visits are, and which of them one speaker cannot both attend, as arrays."""

from copy import copy
from math import ceil
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from outreach.matching.problem import DAY_MINUTES, Problem

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]

# Mean radius of the earth, (2a + b) / 3 of the IUGG's ellipsoid (GRS 80).
EARTH_RADIUS_KM = 6371.0088


def great_circle_km(lat1: Floats, lon1: Floats, lat2: Floats, lon2: Floats) -> Floats:
    """Distances between places in radians, by the haversine formula (broadcasts).

    Haversine rather than the law of cosines: it stays exact for neighbors.
    """
    half_lat = np.sin((lat2 - lat1) / 2) ** 2
    half_lon = np.sin((lon2 - lon1) / 2) ** 2
    chord = half_lat + np.cos(lat1) * np.cos(lat2) * half_lon
    # Rounding can lift the chord of antipodes above 1, where arcsin is not defined.
    km: Floats = 2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0)))
    return km


class Timetable:
    """The visits' times and places as arrays over the positions of `problem.visits`.

    `day` and `last_day` are proleptic ordinals of the first and last day touched,
    `month` is year * 12 + month - 1, `starts` and `ends` are minutes since year 1,
    `site` is a position in `problem.sites`, `lat` and `lon` are radians.
    """

    def __init__(self, problem: Problem) -> None:
        position = {site.id: index for index, site in enumerate(problem.sites)}
        visits = problem.visits
        minute_of_day = [visit.starts_at.hour * 60 + visit.starts_at.minute for visit in visits]
        self.day: Ints = np.array([visit.starts_at.toordinal() for visit in visits], np.int64)
        self.month: Ints = np.array(
            [visit.starts_at.year * 12 + visit.starts_at.month - 1 for visit in visits], np.int64
        )
        self.starts: Ints = self.day * DAY_MINUTES + np.array(minute_of_day, np.int64)
        self.ends: Ints = self.starts + np.array([visit.minutes for visit in visits], np.int64)
        # A visit that ends at midnight does not touch the day that begins then.
        self.last_day: Ints = (self.ends - 1) // DAY_MINUTES
        self.site: Ints = np.array([position[visit.site] for visit in visits], np.int64)
        self.lat: Floats = np.radians([site.lat for site in problem.sites])[self.site]
        self.lon: Floats = np.radians([site.lon for site in problem.sites])[self.site]
        self._speed_km_h = problem.settings.travel_speed_km_h
        self._desk_minutes = problem.settings.desk_minutes

    def take(self, visits: Ints) -> "Timetable":
        """Return the timetable of these visits alone, in their order."""
        taken = copy(self)
        for name in ("day", "month", "starts", "ends", "last_day", "site", "lat", "lon"):
            setattr(taken, name, getattr(self, name)[visits])
        return taken

    def longest_travel(self, km: Floats | None = None) -> Floats:
        """Minutes that no two visits within `km` of one place are farther apart.

        Without `km`: of all the visits.
        """
        if km is None:
            here = self.lat[:1], self.lon[:1]
            km = great_circle_km(*here, self.lat, self.lon).max(initial=0.0)
        minutes: Floats = 2 * km / self._speed_km_h * 60 + self._desk_minutes
        return minutes

    def travel(self, here: Ints, there: Ints) -> Floats:
        """Minutes from one visit's site to the other's, desk included (broadcasts)."""
        lat, lon = self.lat, self.lon
        km = great_circle_km(lat[here], lon[here], lat[there], lon[there])
        minutes: Floats = km / self._speed_km_h * 60 + self._desk_minutes
        return np.where(self.site[here] == self.site[there], 0.0, minutes)

    def resting(self, here: Ints, there: Ints, *, rest_days: Ints) -> Bools:
        """Whether two visits are too few days apart for somebody who rests (broadcasts)."""
        apart = np.abs(self.day[here] - self.day[there])
        close: Bools = (rest_days >= 1) & (apart <= rest_days)
        return close

    def overlapping(self, here: Ints, there: Ints, *, rest_days: Ints) -> Bools:
        """Whether neither visit starts after the other's end plus travel (broadcasts).

        For those who rest (`rest_days` >= 1) the days apart are the rule, so travel
        does not count and a pair that is `resting` is not told twice.
        """
        travel = np.where(rest_days == 0, self.travel(here, there), 0.0)
        after = self.starts[here] >= self.ends[there] + travel
        before = self.starts[there] >= self.ends[here] + travel
        clash: Bools = ~(after | before) & ~self.resting(here, there, rest_days=rest_days)
        return clash

    def clashing(self, here: Ints, there: Ints, *, rest_days: Ints) -> Bools:
        """Whether one speaker cannot attend both visits, for either cause (broadcasts)."""
        clash: Bools = self.resting(here, there, rest_days=rest_days) | self.overlapping(
            here, there, rest_days=rest_days
        )
        return clash

    def travel_minutes(self, here: int, there: int) -> int:
        """Whole minutes from one visit's site to the other's, desk included, rounded up."""
        return ceil(float(self.travel(np.array(here), np.array(there))))


def month_name(month: int) -> str:
    """Name a `Timetable.month` as ISO 8601 does: "2027-01"."""
    return f"{month // 12:04d}-{month % 12 + 1:02d}"
