"""Who could take which visit: every reason against, for all visits and speakers at once."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from outreach.matching.problem import (
    CO_PRESENTER,
    DAY_MINUTES,
    LEAD,
    WEEK_MINUTES,
    Certification,
    Clearance,
    Problem,
    Speaker,
)
from outreach.matching.reasons import RefusalCode
from outreach.matching.timetable import Bools, Ints, Timetable, distances_km

Bits: TypeAlias = NDArray[np.uint8]

# The rules that do not depend on the other visits, in the order they are told.
BIT = {
    RefusalCode.TOO_FAR: 1,
    RefusalCode.LANGUAGE: 2,
    RefusalCode.UNIT_TYPE: 4,
    RefusalCode.NOT_CERTIFIED: 8,
    RefusalCode.NOT_CLEARED: 16,
    RefusalCode.UNAVAILABLE: 32,
}
METERS_PER_KM = 1000


@dataclass(frozen=True, slots=True)
class Post:
    """One role of one visit; `vacant` of its `needed` speakers are not fixed yet."""

    visit: int
    role: str
    needed: int
    vacant: int


class Candidates:
    """The hard rules over positions: `problem.visits` by `problem.speakers`.

    `bits[visit, speaker]` holds the rules that hold for every role, `bits_for(post)`
    adds the certification; a speaker with no bit may be chosen. `meters[site, speaker]`
    are whole meters, so that sums of distances compare exactly.
    """

    def __init__(self, problem: Problem, timetable: Timetable) -> None:
        self.problem = problem
        self.timetable = timetable
        self.posts = tuple(_posts(problem))
        self.posts_of: defaultdict[int, list[int]] = defaultdict(list)
        for index, post in enumerate(self.posts):
            self.posts_of[post.visit].append(index)
        self.km = distances_km(problem.sites, problem.speakers)
        self.meters: Ints = np.rint(self.km * METERS_PER_KM).astype(np.int64)
        self.bits = self._bits()
        self.certified = _certified(problem, self.posts, timetable)

    def bits_for(self, post: int) -> Bits:
        """Return each speaker's reasons against this post, 0 where there are none."""
        bits = self.bits[self.posts[post].visit]
        with_role: Bits = np.where(
            self.certified[post], bits, bits | np.uint8(BIT[RefusalCode.NOT_CERTIFIED])
        )
        return with_role

    def _bits(self) -> Bits:
        problem, site = self.problem, self.timetable.site
        radius = [np.inf if s.radius_km is None else s.radius_km for s in problem.speakers]
        against = {
            RefusalCode.TOO_FAR: (self.km > np.array(radius, np.float64))[site],
            RefusalCode.LANGUAGE: ~_speaks(problem),
            RefusalCode.UNIT_TYPE: ~_comfortable(problem),
            RefusalCode.NOT_CLEARED: ~_cleared(problem, self.timetable),
            RefusalCode.UNAVAILABLE: ~_free(problem, self.timetable)
            | _excluded(problem, self.timetable),
        }
        bits: Bits = np.zeros((len(problem.visits), len(problem.speakers)), np.uint8)
        for code, refused in against.items():
            bits |= refused.astype(np.uint8) * np.uint8(BIT[code])
        return bits


def serves(held: Certification, *, program: str, role: str) -> bool:
    """Whether this certification is for the role, whatever its dates."""
    return held.program == program and role in _roles_served(held.role)


def _roles_served(held: str) -> tuple[str, ...]:
    return (LEAD, CO_PRESENTER) if held == LEAD else (held,)


def _posts(problem: Problem) -> Iterator[Post]:
    for index, visit in enumerate(problem.visits):
        for role, needed in visit.roles.items():
            fixed = sum(each.role == role for each in visit.fixed)
            yield Post(visit=index, role=role, needed=needed, vacant=max(0, needed - fixed))


def _nothing(problem: Problem) -> Bools:
    return np.zeros((len(problem.visits), len(problem.speakers)), np.bool_)


def _speaks(problem: Problem) -> Bools:
    languages = sorted({visit.language for visit in problem.visits})
    rows = [[language in s.languages for s in problem.speakers] for language in languages]
    return _rows_by(rows, languages, [visit.language for visit in problem.visits], problem)


def _comfortable(problem: Problem) -> Bools:
    types = sorted({visit.unit_type for visit in problem.visits})
    rows = [[unit_type in s.unit_types for s in problem.speakers] for unit_type in types]
    return _rows_by(rows, types, [visit.unit_type for visit in problem.visits], problem)


def _rows_by(rows: list[list[bool]], keys: list[str], wanted: list[str], problem: Problem) -> Bools:
    if not keys:
        return _nothing(problem)
    position = {key: index for index, key in enumerate(keys)}
    picked: Bools = np.array(rows, np.bool_)[[position[key] for key in wanted]]
    return picked


def _cleared(problem: Problem, timetable: Timetable) -> Bools:
    held = _Held()
    for column, speaker in enumerate(problem.speakers):
        for clearance in speaker.clearances:
            held.add((clearance.site,), column, clearance)
    cleared = _nothing(problem)
    for row, visit in enumerate(problem.visits):
        cleared[row, held.on((visit.site,), int(timetable.day[row]))] = True
    return cleared


def _certified(problem: Problem, posts: tuple[Post, ...], timetable: Timetable) -> Bools:
    held = _Held()
    for column, speaker in enumerate(problem.speakers):
        for certification in speaker.certifications:
            for role in _roles_served(certification.role):
                held.add((certification.program, role), column, certification)
    alike: defaultdict[tuple[str, str, int], list[int]] = defaultdict(list)
    for row, post in enumerate(posts):
        program, day = problem.visits[post.visit].program, int(timetable.day[post.visit])
        alike[program, post.role, day].append(row)
    certified = np.zeros((len(posts), len(problem.speakers)), np.bool_)
    for (program, role, day), rows in alike.items():
        certified[np.array(rows)[:, None], held.on((program, role), day)] = True
    return certified


class _Held:
    """Who holds what on which days: many are held, so each question is one comparison."""

    def __init__(self) -> None:
        self._rows: defaultdict[tuple[str, ...], list[tuple[int, int, int]]] = defaultdict(list)
        self._arrays: dict[tuple[str, ...], Ints] = {}

    def add(self, key: tuple[str, ...], speaker: int, span: Certification | Clearance) -> None:
        row = (speaker, span.starts_on.toordinal(), span.ends_on.toordinal())
        self._rows[key].append(row)

    def on(self, key: tuple[str, ...], day: int) -> Ints:
        if key not in self._arrays:
            rows = np.array(self._rows[key], np.int64)
            self._arrays[key] = rows.reshape(-1, 3).T
        speakers, first, last = self._arrays[key]
        valid: Ints = speakers[(first <= day) & (day <= last)]
        return valid


def _excluded(problem: Problem, timetable: Timetable) -> Bools:
    column = {speaker.id: index for index, speaker in enumerate(problem.speakers)}
    position = {site.id: index for index, site in enumerate(problem.sites)}
    by_site = np.zeros((len(problem.sites), len(problem.speakers)), np.bool_)
    for index, speaker in enumerate(problem.speakers):
        by_site[[position[site] for site in speaker.excluded_sites], index] = True
    excluded: Bools = by_site[timetable.site]
    for row, visit in enumerate(problem.visits):
        excluded[row, [column[each] for each in visit.excluded_speakers]] = True
    return excluded


def _free(problem: Problem, timetable: Timetable) -> Bools:
    free = _within_week(problem, timetable)
    for column, speaker in enumerate(problem.speakers):
        for away in speaker.away:
            first, last = away.starts_on.toordinal(), away.ends_on.toordinal()
            free[(timetable.day <= last) & (timetable.last_day >= first), column] = False
    return free


def _within_week(problem: Problem, timetable: Timetable) -> Bools:
    """Whether one stretch of the speaker's week holds the whole visit.

    Day 1 of the proleptic calendar, 0001-01-01, was a Monday, and so is 0 here.
    """
    starts = (timetable.starts - DAY_MINUTES) % WEEK_MINUTES
    ends = starts + (timetable.ends - timetable.starts)
    weeks = [_stretches(speaker) for speaker in problem.speakers]
    free = _nothing(problem)
    for nth in range(max((len(week) for week in weeks), default=0)):
        # (0, -1) holds no visit: it stands in for the speakers who have fewer stretches.
        low, high = np.array([w[nth] if nth < len(w) else (0, -1) for w in weeks], np.int64).T
        free |= (low <= starts[:, None]) & (ends[:, None] <= high)
    return free


def _stretches(speaker: Speaker) -> list[tuple[int, int]]:
    """Merge a week's free times, laid out twice so that Sunday night runs into Monday."""
    spans = sorted(
        (
            week + weekly.weekday * DAY_MINUTES + weekly.from_minute,
            week + weekly.weekday * DAY_MINUTES + weekly.until_minute,
        )
        for week in (0, WEEK_MINUTES)
        for weekly in speaker.weekly
    )
    merged: list[tuple[int, int]] = []
    for low, high in spans:
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged
