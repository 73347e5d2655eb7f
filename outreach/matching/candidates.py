"""Who could take which visit: the rules that look at one visit alone, over arrays of pairs.

Each rule is written once, for any pairs of visits and speakers. `Candidates.bits` asks it for
one visit and everybody (every reason, for explaining), `Candidates.pairs` for those pairs alone
that a clearance makes possible (the few that the solver needs, at any size of problem).
"""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from outreach.matching.columns import Clearances, Grouped, Speakers, counting, roles_served
from outreach.matching.problem import DAY_MINUTES, WEEK_MINUTES, Certification, Problem
from outreach.matching.reasons import RefusalCode
from outreach.matching.timetable import Bools, Floats, Ints, Timetable, great_circle_km

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
# Bytes of rows that are remembered at most: some hours, days and sites of a nation.
_REMEMBERED = 100_000_000
_Rule: TypeAlias = Callable[[Ints, Ints], Bools]


@dataclass(frozen=True, slots=True)
class Post:
    """One role of one visit; `vacant` of its `needed` speakers are not fixed yet."""

    visit: int
    role: str
    needed: int
    vacant: int


class Candidates:
    """The hard rules over positions in `problem.visits` and `problem.speakers`."""

    def __init__(self, problem: Problem, timetable: Timetable) -> None:
        self.problem = problem
        self.timetable = timetable
        self.speakers = Speakers(problem)
        self.posts = tuple(_posts(problem))
        self.posts_of: defaultdict[int, list[int]] = defaultdict(list)
        for index, post in enumerate(self.posts):
            self.posts_of[post.visit].append(index)
        self.post_visit: Ints = np.array([post.visit for post in self.posts], np.int64)
        self._asks = _Asks(problem, self.posts)
        self._minutes: Ints = timetable.ends - timetable.starts
        self._rows: dict[tuple[str, Hashable], Bools] = {}
        self._last: tuple[int, Bits] | None = None

    def bits(self, visit: int) -> Bits:
        """Return each speaker's reasons against the visit, whatever their role; 0 for none."""
        if self._last is None or self._last[0] != visit:
            self._last = (visit, self._bits(visit))
        return self._last[1]

    def _bits(self, visit: int) -> Bits:
        timetable, words = self.timetable, self.speakers
        site, day = int(timetable.site[visit]), int(timetable.day[visit])
        week = (int(timetable.starts[visit]) % WEEK_MINUTES, int(self._minutes[visit]))
        days = (day, int(timetable.last_day[visit]))
        free = self._row(("free", week), visit, self.within_week)
        present = free & ~self._row(("away", days), visit, self.away)
        if len(self.speakers.busy_minutes.first):
            span = (int(timetable.starts[visit]), int(timetable.ends[visit]))
            present &= ~self._row(("busy", span), visit, self.busy)
        present[self._excluded_from(visit)] = False
        cleared = np.zeros(words.count, np.bool_)
        cleared[self.clearances.valid(site, day)] = True
        against = {
            RefusalCode.TOO_FAR: self._row(("far", site), visit, self.too_far),
            RefusalCode.LANGUAGE: ~words.languages.has[words.languages.asked[visit]],
            RefusalCode.UNIT_TYPE: ~words.unit_types.has[words.unit_types.asked[visit]],
            RefusalCode.NOT_CLEARED: ~cleared,
            RefusalCode.UNAVAILABLE: ~present,
        }
        bits: Bits = np.zeros(words.count, np.uint8)
        for code, refused in against.items():
            bits |= refused.astype(np.uint8) * np.uint8(BIT[code])
        return bits

    def certified(self, post: int) -> Bools:
        """Tell who may take the post's role on the day of its visit."""
        day = int(self.timetable.day[self.post_visit[post]])
        return self._row(("certified", (int(self._asks.asked[post]), day)), post, self.may_take)

    def bits_for(self, post: int) -> Bits:
        """Return each speaker's reasons against this post, 0 where there are none."""
        bits = self.bits(self.posts[post].visit)
        lacking = np.uint8(BIT[RefusalCode.NOT_CERTIFIED])
        with_role: Bits = np.where(self.certified(post), bits, bits | lacking)
        return with_role

    def km(self, visits: Ints, speakers: Ints) -> Floats:
        """Return the great-circle distances of pairs in kilometers (broadcasts)."""
        here, there = self.timetable, self.speakers
        return great_circle_km(
            here.lat[visits], here.lon[visits], there.lat[speakers], there.lon[speakers]
        )

    def meters(self, visits: Ints, speakers: Ints) -> Ints:
        """Return the distances in whole meters, so that sums of them compare exactly."""
        return np.rint(self.km(visits, speakers) * METERS_PER_KM).astype(np.int64)

    def too_far(self, visits: Ints, speakers: Ints) -> Bools:
        """Tell which pairs are farther apart than the speaker goes."""
        far: Bools = self.km(visits, speakers) > self.speakers.radius_km[speakers]
        return far

    def within_week(self, visits: Ints, speakers: Ints) -> Bools:
        """Tell where one stretch of the speaker's week holds the whole visit.

        Day 1 of the proleptic calendar, 0001-01-01, was a Monday, and so is 0 here.
        """
        stretches = self.speakers.stretches
        starts = (self.timetable.starts[visits] - DAY_MINUTES) % WEEK_MINUTES
        ends = starts + self._minutes[visits]

        def holds(rows: Ints, which: Ints) -> Bools:
            held: Bools = stretches.first[rows] <= starts[which]
            return held & (ends[which] <= stretches.last[rows])

        return self.speakers.week.any(speakers, holds)

    def away(self, visits: Ints, speakers: Ints) -> Bools:
        """Tell where the speaker is away on a day that the visit touches."""
        days = self.speakers.away_days
        first, last = self.timetable.day[visits], self.timetable.last_day[visits]

        def holds(rows: Ints, which: Ints) -> Bools:
            touched: Bools = days.first[rows] <= last[which]
            return touched & (first[which] <= days.last[rows])

        return self.speakers.away.any(speakers, holds)

    def busy(self, visits: Ints, speakers: Ints) -> Bools:
        """Tell where the speaker is busy for at least a minute of the visit."""
        spans = self.speakers.busy_minutes
        starts, ends = self.timetable.starts[visits], self.timetable.ends[visits]

        def holds(rows: Ints, which: Ints) -> Bools:
            begun: Bools = spans.first[rows] < ends[which]
            return begun & (starts[which] < spans.last[rows])

        return self.speakers.busy.any(speakers, holds)

    def unavailable(self, visits: Ints, speakers: Ints) -> Bools:
        """Tell where the week, away, busy times or an exclusion from either side speak against."""
        count = self.speakers.count
        there = self.timetable.site[visits] * count + speakers
        refused: Bools = ~self.within_week(visits, speakers) | self.away(visits, speakers)
        refused |= self.busy(visits, speakers)
        refused |= np.isin(there, self._excluded_from_sites)
        return refused | np.isin(visits * count + speakers, self._excluded_from_visits)

    def may_take(self, posts: Ints, speakers: Ints) -> Bools:
        """Tell where the speaker is certified for the post on the day of its visit."""
        held, days = self.speakers.certified, self.speakers.certified_days
        asked, day = self._asks.asked[posts], self.timetable.day[self.post_visit[posts]]

        def holds(rows: Ints, which: Ints) -> Bools:
            serves: Bools = self._asks.served[self._asks.held[rows], asked[which]]
            return serves & (days.first[rows] <= day[which]) & (day[which] <= days.last[rows])

        return held.any(speakers, holds)

    @cached_property
    def clearances(self) -> Clearances:
        """Who is cleared where."""
        return Clearances(self.problem)

    def pairs(self) -> tuple[Ints, Ints]:
        """Return the visits and speakers of all pairs that no rule of this module speaks against.

        Certifications, which depend on the role, are left to `may_take`. Ordered by visit, then
        by speaker. Cost grows with the clearances and with the visits of each site, not with
        all pairs: `Clearances` is the index.
        """
        words, (visits, speakers) = self.speakers, self._cleared()
        for holds in (
            lambda v, s: words.languages.has[words.languages.asked[v], s],
            lambda v, s: words.unit_types.has[words.unit_types.asked[v], s],
            self.within_week,
            lambda v, s: ~self.away(v, s),
            lambda v, s: ~self.busy(v, s),
        ):
            kept = holds(visits, speakers)
            visits, speakers = visits[kept], speakers[kept]
        # Sorting and comparing neighbors takes a third of what np.unique does.
        keys = np.sort(visits * words.count + speakers)
        keys = keys[np.diff(keys, prepend=-1) > 0]
        keys = keys[~np.isin(keys, self._excluded_from_visits)]
        return np.divmod(keys, words.count) if len(keys) else (keys, keys)

    def _cleared(self) -> tuple[Ints, Ints]:
        """Return the pairs, some perhaps twice, that are cleared, near enough and not excluded."""
        held, timetable = self.clearances, self.timetable
        visits_at = Grouped(timetable.site, len(self.problem.sites))
        counts = np.diff(visits_at.starts)
        used = counts[held.site] > 0
        used[used] = ~self.too_far(visits_at.first(held.site[used]), held.speaker[used])
        used[used] = ~np.isin(
            held.site[used] * self.speakers.count + held.speaker[used], self._excluded_from_sites
        )
        once = np.flatnonzero(used)
        times = counts[held.site[once]]
        rows = np.repeat(once, times)
        visits = visits_at.order[visits_at.starts[held.site[rows]] + counting(times)]
        day = timetable.day[visits]
        valid = (held.first[rows] <= day) & (day <= held.last[rows])
        return visits[valid], held.speaker[rows[valid]]

    @cached_property
    def _excluded_from_sites(self) -> Ints:
        position = {site.id: index for index, site in enumerate(self.problem.sites)}
        keys = [
            position[site] * self.speakers.count + index
            for index, speaker in enumerate(self.problem.speakers)
            for site in speaker.excluded_sites
        ]
        return np.array(sorted(keys), np.int64)

    @cached_property
    def _excluded_from_visits(self) -> Ints:
        position = {speaker.id: index for index, speaker in enumerate(self.problem.speakers)}
        keys = [
            visit * self.speakers.count + position[speaker]
            for visit, facts in enumerate(self.problem.visits)
            for speaker in facts.excluded_speakers
        ]
        return np.array(sorted(keys), np.int64)

    def _excluded_from(self, visit: int) -> Ints:
        count = self.speakers.count
        site = int(self.timetable.site[visit])
        found = [
            keys[slice(*np.searchsorted(keys, [place * count, (place + 1) * count]))] % count
            for keys, place in (
                (self._excluded_from_sites, site),
                (self._excluded_from_visits, visit),
            )
        ]
        return np.concatenate(found)

    def _row(self, key: tuple[str, Hashable], asked: int, rule: _Rule) -> Bools:
        """Return a rule for everybody, remembered: many visits share a site, a day, an hour."""
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) * max(self.speakers.count, 1) > _REMEMBERED:
                self._rows.clear()
            everybody = np.arange(self.speakers.count)
            row = rule(np.full(self.speakers.count, asked, np.int64), everybody)
            self._rows[key] = row
        return row


class _Asks:
    """Programs with roles: which are asked of a post, held by a certification, served by which."""

    def __init__(self, problem: Problem, posts: Sequence[Post]) -> None:
        asks = [(problem.visits[post.visit].program, post.role) for post in posts]
        holds = [
            (held.program, held.role) for each in problem.speakers for held in each.certifications
        ]
        ask_row = {ask: row for row, ask in enumerate(dict.fromkeys(asks))}
        held_row = {held: row for row, held in enumerate(dict.fromkeys(holds))}
        self.asked: Ints = np.array([ask_row[ask] for ask in asks], np.int64)
        self.held: Ints = np.array([held_row[held] for held in holds], np.int64)
        self.served: Bools = np.zeros((len(held_row), len(ask_row)), np.bool_)
        for (program, role), row in held_row.items():
            for served in roles_served(role):
                if (program, served) in ask_row:
                    self.served[row, ask_row[program, served]] = True


def serves(held: Certification, *, program: str, role: str) -> bool:
    """Whether this certification is for the role, whatever its dates."""
    return held.program == program and role in roles_served(held.role)


def _posts(problem: Problem) -> Iterator[Post]:
    for index, visit in enumerate(problem.visits):
        for role, needed in visit.roles.items():
            fixed = sum(each.role == role for each in visit.fixed)
            yield Post(visit=index, role=role, needed=needed, vacant=max(0, needed - fixed))
