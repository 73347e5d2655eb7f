"""Synthetic problems of three scales and six shapes, for measuring and for trying out.

Nobody in them is real. People and hospitals lie around towns of very different sizes, on a
flat map of the given extent; one hospital has several units, and a speaker is cleared for
some of those within reach. The same scale, shape and seed give the same problem.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from outreach.matching.problem import (
    CO_PRESENTER,
    LEAD,
    Away,
    Certification,
    Clearance,
    Problem,
    Site,
    Speaker,
    Visit,
    Weekly,
)
from outreach.matching.timetable import EARTH_RADIUS_KM

Floats: TypeAlias = NDArray[np.float64]
_T = TypeVar("_T")

MONDAY = date(2027, 1, 4)
WEEKS = 8
"""The visits lie in the weeks from `MONDAY` on: in January and February, each with its quota."""

_TERM_DAYS = 730
_PROGRAMS = ("story", "support", "education")
_ASKED_PROGRAMS = (0.6, 0.25, 0.15)
_KNOWN_PROGRAMS = (0.8, 0.5, 0.3)
_UNIT_TYPES = ("adult", "adolescent", "older", "perinatal")
_UNIT_TYPE_SHARES = (0.6, 0.2, 0.12, 0.08)
_WEEKDAY_SHARES = (0.17, 0.17, 0.17, 0.17, 0.16, 0.1, 0.06)
_FREE_FROM = (8, 9, 10, 12, 13, 14, 16, 17)
_VISIT_HOURS = (9, 10, 11, 13, 14, 15, 16, 17, 18, 19)
_MIDDLE_LAT, _MIDDLE_LON = 39.5, -96.0
_KM_PER_DEGREE = 111.19


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """How much of everything, and how far apart."""

    speakers: int
    visits: int
    hospitals: int
    towns: int
    extent_km: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """What is scarce.

    `rest_free`, `spanish_*`, `leads` and `cleared` are shares; `teams` are what visits need
    with their shares; `radius_km` is the median and the spread of its logarithm; `stretches`
    are how many weekdays somebody is free, the second excluded.
    """

    quota: tuple[int, ...] = (1, 2, 2, 3, 3, 4)
    rest_free: float = 0.12
    teams: tuple[tuple[Mapping[str, int], float], ...] = (
        ({LEAD: 1}, 0.4),
        ({LEAD: 1, CO_PRESENTER: 1}, 0.45),
        ({LEAD: 1, CO_PRESENTER: 2}, 0.15),
    )
    radius_km: tuple[float, float] = (30.0, 0.5)
    spread_km: float = 14.0
    spanish_visits: float = 0.15
    spanish_speakers: float = 0.22
    leads: float = 0.6
    cleared: float = 0.8
    stretches: tuple[int, int] = (3, 7)


SCALES: Mapping[str, Scale] = {
    "affiliate": Scale(speakers=60, visits=120, hospitals=8, towns=1, extent_km=20),
    "state": Scale(speakers=1_500, visits=3_000, hospitals=140, towns=9, extent_km=330),
    "nation": Scale(speakers=20_000, visits=30_000, hospitals=1_600, towns=140, extent_km=3_600),
}
SHAPES: Mapping[str, Shape] = {
    "typical": Shape(),
    "oversubscribed": Shape(quota=(1, 1, 1, 2), cleared=0.85),
    "rest-free": Shape(rest_free=0.8, quota=(2, 3, 4, 6)),
    "teams-of-three": Shape(teams=(({LEAD: 1, CO_PRESENTER: 2}, 1.0),)),
    "rural": Shape(radius_km=(45.0, 0.4), spread_km=45.0, cleared=0.35, stretches=(1, 4)),
    "bilingual": Shape(spanish_visits=0.5, spanish_speakers=0.12),
}


def make_problem(scale: str, *, shape: str = "typical", seed: int = 1) -> Problem:
    """Make the problem of that scale, shape and seed (0 or more). KeyError for other names."""
    return _Maker(scale, shape=shape, seed=seed).problem()


class _Maker:
    """Draws a problem. The order of the draws is what a seed means: do not change it."""

    def __init__(self, scale: str, *, shape: str, seed: int) -> None:
        self._size, self._shape = SCALES[scale], SHAPES[shape]
        key = [seed, list(SCALES).index(scale), list(SHAPES).index(shape)]
        self._rng = np.random.default_rng(key)
        weights = self._rng.lognormal(0, 0.9, self._size.towns)
        self._town_weights: Floats = weights / weights.sum()
        middle = self._rng.uniform(-0.5, 0.5, (self._size.towns, 2))
        self._towns_km: Floats = middle * self._size.extent_km

    def problem(self) -> Problem:
        sites, unit_types = self._sites()
        speakers = self._speakers(sites)
        return Problem(
            sites=sites, speakers=speakers, visits=self._visits(sites, unit_types, speakers)
        )

    def _sites(self) -> tuple[tuple[Site, ...], list[str]]:
        lat, lon = self._places(self._size.hospitals)
        sites: list[Site] = []
        unit_types: list[str] = []
        for hospital in range(self._size.hospitals):
            for unit in range(int(self._rng.integers(1, 5))):
                name = f"h{hospital}u{unit}"
                sites.append(Site(id=name, lat=float(lat[hospital]), lon=float(lon[hospital])))
                unit_types.append(_UNIT_TYPES[int(self._rng.choice(4, p=_UNIT_TYPE_SHARES))])
        return tuple(sites), unit_types

    def _speakers(self, sites: tuple[Site, ...]) -> tuple[Speaker, ...]:
        there = _vectors([site.lat for site in sites], [site.lon for site in sites])
        lat, lon = self._places(self._size.speakers)
        here = _vectors(lat, lon)
        median, spread = self._shape.radius_km
        drawn = self._rng.normal(np.log(median), spread, self._size.speakers)
        radius = np.round(np.exp(drawn).clip(5, 200), 1)
        speakers: list[Speaker] = []
        for index in range(self._size.speakers):
            anywhere = self._happens(0.01)
            near = np.flatnonzero(there @ here[index] >= np.cos(radius[index] / EARTH_RADIUS_KM))
            kept: list[int] = near[self._rng.random(len(near)) < self._shape.cleared].tolist()
            certifications = self._certifications()
            clearances = self._clearances([sites[site].id for site in kept])
            weekly, away = self._weekly(), self._away()
            speaker = Speaker(
                id=f"s{index}",
                lat=float(lat[index]),
                lon=float(lon[index]),
                radius_km=None if anywhere else float(radius[index]),
                unit_types=self._comfortable(),
                languages=("en", "es") if self._happens(self._shape.spanish_speakers) else ("en",),
                certifications=certifications,
                clearances=clearances,
                weekly=weekly,
                away=away,
                excluded_sites=self._excluded(sites, kept),
                rest_days=self._rest_days(),
                quota_per_month=self._one_of(self._shape.quota),
                recent_visits=int(self._rng.poisson(2.5)),
            )
            speakers.append(speaker)
        return tuple(speakers)

    def _certifications(self) -> tuple[Certification, ...]:
        known = [
            p for p, share in zip(_PROGRAMS, _KNOWN_PROGRAMS, strict=True) if self._happens(share)
        ]
        held: list[Certification] = []
        for program in known or _PROGRAMS[:1]:
            role = LEAD if self._happens(self._shape.leads) else CO_PRESENTER
            until = MONDAY + timedelta(days=int(self._rng.integers(-20, 900)))
            held.append(
                Certification(
                    program=program,
                    role=role,
                    starts_on=until - timedelta(days=_TERM_DAYS),
                    ends_on=until,
                )
            )
        return tuple(held)

    def _clearances(self, sites: list[str]) -> tuple[Clearance, ...]:
        days: list[int] = self._rng.integers(-25, 700, len(sites)).tolist()
        return tuple(
            Clearance(
                site=site,
                starts_on=MONDAY + timedelta(days=day - _TERM_DAYS),
                ends_on=MONDAY + timedelta(days=day),
            )
            for site, day in zip(sites, days, strict=True)
        )

    def _weekly(self) -> tuple[Weekly, ...]:
        count = int(self._rng.integers(*self._shape.stretches))
        days = self._rng.choice(7, count, replace=False, p=_WEEKDAY_SHARES).tolist()
        free: list[Weekly] = []
        for weekday in days:
            start = self._one_of(_FREE_FROM)
            hour = min(21, start + int(self._rng.integers(4, 11)))
            end = hour * 60 + self._one_of((0, 30))
            free.append(Weekly(weekday=weekday, from_minute=start * 60, until_minute=end))
        return tuple(sorted(free, key=lambda each: each.weekday))

    def _away(self) -> tuple[Away, ...]:
        if not self._happens(0.35):
            return ()
        first = MONDAY + timedelta(days=int(self._rng.integers(0, WEEKS * 7)))
        last = first + timedelta(days=int(self._rng.integers(0, 14)))
        return (Away(starts_on=first, ends_on=last),)

    def _comfortable(self) -> tuple[str, ...]:
        return tuple(
            unit_type
            for unit_type, share in zip(_UNIT_TYPES, (0.9, 0.4, 0.4, 0.4), strict=True)
            if self._happens(share)
        )

    def _excluded(self, sites: tuple[Site, ...], kept: list[int]) -> tuple[str, ...]:
        if not kept or not self._happens(0.04):
            return ()
        return (sites[self._one_of(kept)].id,)

    def _rest_days(self) -> int:
        if self._happens(self._shape.rest_free):
            return 0
        return self._one_of((1, 2, 3, 6, 6, 13))

    def _visits(
        self, sites: tuple[Site, ...], unit_types: list[str], speakers: tuple[Speaker, ...]
    ) -> tuple[Visit, ...]:
        cleared_at: dict[str, list[str]] = {site.id: [] for site in sites}
        for speaker in speakers:
            for held in speaker.clearances:
                cleared_at[held.site].append(speaker.id)
        weights = self._rng.gamma(1.0, 1.0, len(sites)) + 0.1
        drawn = self._rng.choice(len(sites), self._size.visits, p=weights / weights.sum())
        visits: list[Visit] = []
        for index, site in enumerate(drawn.tolist()):
            starts_at = self._starts_at()
            roles = self._team()
            cleared = cleared_at[sites[site].id]
            usual = (self._one_of(cleared),) if cleared and self._happens(0.12) else ()
            visit = Visit(
                id=f"v{index}",
                site=sites[site].id,
                unit_type=unit_types[site],
                starts_at=starts_at,
                minutes=self._one_of((45, 60, 60, 90)),
                language="es" if self._happens(self._shape.spanish_visits) else "en",
                program=str(self._rng.choice(_PROGRAMS, p=_ASKED_PROGRAMS)),
                roles=roles,
                critical=self._happens(0.14),
                usual=usual,
            )
            visits.append(visit)
        return tuple(visits)

    def _starts_at(self) -> datetime:
        week = int(self._rng.integers(0, WEEKS))
        weekday = int(self._rng.choice(7, p=_WEEKDAY_SHARES))
        hour = self._one_of(_VISIT_HOURS)
        minute = self._one_of((0, 0, 30))
        return datetime.combine(MONDAY + timedelta(weeks=week, days=weekday), time(hour, minute))

    def _team(self) -> Mapping[str, int]:
        shares = np.array([share for _, share in self._shape.teams])
        return dict(
            self._shape.teams[int(self._rng.choice(len(shares), p=shares / shares.sum()))][0]
        )

    def _places(self, count: int) -> tuple[Floats, Floats]:
        """Give latitudes and longitudes around the towns, most around the big ones."""
        town = self._rng.choice(self._size.towns, count, p=self._town_weights)
        km = self._towns_km[town] + self._rng.normal(0, self._shape.spread_km, (count, 2))
        per_degree_lon = _KM_PER_DEGREE * np.cos(np.radians(_MIDDLE_LAT))
        lat, lon = _MIDDLE_LAT + km[:, 0] / _KM_PER_DEGREE, _MIDDLE_LON + km[:, 1] / per_degree_lon
        return np.round(lat, 5), np.round(lon, 5)

    def _one_of(self, values: Sequence[_T]) -> _T:
        return values[int(self._rng.integers(0, len(values)))]

    def _happens(self, share: float) -> bool:
        return bool(self._rng.random() < share)


def _vectors(lat: Sequence[float] | Floats, lon: Sequence[float] | Floats) -> Floats:
    """Give points on the unit sphere: the product of two is the cosine of what lies between."""
    a, b = np.radians(np.asarray(lat)), np.radians(np.asarray(lon))
    vectors: Floats = np.stack([np.cos(a) * np.cos(b), np.cos(a) * np.sin(b), np.sin(a)], axis=-1)
    return vectors
