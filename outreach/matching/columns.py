"""The speakers as columns of numpy: one array for each fact, ragged ones where they hold several.

Cost grows with the facts in the problem: each is looked at once.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import numpy as np

from outreach.matching.problem import (
    CO_PRESENTER,
    DAY_MINUTES,
    LEAD,
    WEEK_MINUTES,
    Problem,
    Speaker,
)
from outreach.matching.timetable import Bools, Floats, Ints


class Ragged:
    """Rows that belong to owners: those of owner o are `starts[o]` to `starts[o + 1] - 1`."""

    def __init__(self, counts: Iterable[int]) -> None:
        self.starts: Ints = np.concatenate(
            [np.zeros(1, np.int64), np.cumsum(np.fromiter(counts, np.int64))]
        )

    def any(self, owners: Ints, holds: Callable[[Ints, Ints], Bools]) -> Bools:
        """Tell for each of `owners` whether `holds(rows, which)` is true of one of their rows.

        `rows` are positions of rows, `which` the positions in `owners` they are asked for. Every
        round asks for the next row of those who have one and have not been answered.
        """
        found: Bools = np.zeros(len(owners), np.bool_)
        first, end = self.starts[owners], self.starts[owners + 1]
        which: Ints = np.flatnonzero(first < end)
        rows = first[which]
        while len(which):
            held = holds(rows, which)
            found[which[held]] = True
            rows += 1
            more = ~held & (rows < end[which])
            which, rows = which[more], rows[more]
        return found


class Grouped:
    """Positions sorted by a key below `count`.

    Those of key k are `order[starts[k] : starts[k + 1]]`.
    """

    def __init__(self, keys: Ints, count: int) -> None:
        self.order: Ints = np.argsort(keys, kind="stable")
        self.starts: Ints = np.zeros(count + 1, np.int64)
        np.cumsum(np.bincount(keys, minlength=count), out=self.starts[1:])

    def first(self, keys: Ints) -> Ints:
        """Return the first position of each of these keys, which must have one."""
        found: Ints = self.order[self.starts[keys]]
        return found

    def of(self, key: int) -> Ints:
        """Return the positions of one key."""
        found: Ints = self.order[self.starts[key] : self.starts[key + 1]]
        return found


def counting(times: Ints) -> Ints:
    """Count 0, 1, ... for each of `times`: of [2, 3] that is [0, 1, 0, 1, 2]."""
    ends = np.cumsum(times)
    count: Ints = np.arange(ends[-1] if len(ends) else 0)
    return count - np.repeat(ends - times, times)


class Spans:
    """Columns of spans of days (proleptic ordinals), both ends included; or of minutes."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        rows = np.array(list(spans), np.int64).reshape(-1, 2)
        self.first: Ints = rows[:, 0].copy()
        self.last: Ints = rows[:, 1].copy()


class Holders:
    """Who has a word (a language, a kind of unit), for the words that visits ask for.

    `asked[visit]` is the word's row in `has[word, speaker]`.
    """

    def __init__(self, held: Sequence[Sequence[str]], wanted: Sequence[str]) -> None:
        row = {word: index for index, word in enumerate(dict.fromkeys(wanted))}
        self.asked: Ints = np.array([row[word] for word in wanted], np.int64)
        self.has: Bools = np.zeros((len(row), len(held)), np.bool_)
        for speaker, words in enumerate(held):
            for word in words:
                if word in row:
                    self.has[row[word], speaker] = True


class Speakers:
    """Columns over the positions of `problem.speakers`.

    `lat`, `lon` in radians; `radius_km` is infinite where any distance is fine. `week` are the
    merged free stretches in minutes from Monday, laid out over two weeks; `busy_minutes` are
    minutes since year 1, `last` exclusive.
    """

    def __init__(self, problem: Problem) -> None:
        speakers = problem.speakers
        self.count = len(speakers)
        self.lat: Floats = np.radians([each.lat for each in speakers])
        self.lon: Floats = np.radians([each.lon for each in speakers])
        self.radius_km: Floats = np.array(
            [np.inf if each.radius_km is None else each.radius_km for each in speakers], np.float64
        )
        self.quota: Ints = np.array([each.quota_per_month for each in speakers], np.int64)
        self.rest_days: Ints = np.array([each.rest_days for each in speakers], np.int64)
        self.recent: Ints = np.array([each.recent_visits for each in speakers], np.int64)
        self.languages = Holders(
            [each.languages for each in speakers], [visit.language for visit in problem.visits]
        )
        self.unit_types = Holders(
            [each.unit_types for each in speakers], [visit.unit_type for visit in problem.visits]
        )
        stretches = [_stretches(each) for each in speakers]
        self.week = Ragged(map(len, stretches))
        self.stretches = Spans(span for each in stretches for span in each)
        self.away = Ragged(len(each.away) for each in speakers)
        self.away_days = Spans(
            (span.starts_on.toordinal(), span.ends_on.toordinal())
            for each in speakers
            for span in each.away
        )
        self.busy = Ragged(len(each.busy) for each in speakers)
        self.busy_minutes = Spans(
            (_minute(span.starts_at), _minute(span.ends_at))
            for each in speakers
            for span in each.busy
        )
        held = [held for each in speakers for held in each.certifications]
        self.certified = Ragged(len(each.certifications) for each in speakers)
        self.certified_days = Spans((h.starts_on.toordinal(), h.ends_on.toordinal()) for h in held)


class Clearances:
    """Who is cleared where and when.

    The list is also the index by which candidates are found: without a clearance there is none,
    so whoever is far away is never looked at.
    """

    def __init__(self, problem: Problem) -> None:
        position = {site.id: index for index, site in enumerate(problem.sites)}
        rows = np.array(
            [
                (position[held.site], index, held.starts_on.toordinal(), held.ends_on.toordinal())
                for index, speaker in enumerate(problem.speakers)
                for held in speaker.clearances
            ],
            np.int64,
        ).reshape(-1, 4)
        self.site, self.speaker, self.first, self.last = (column.copy() for column in rows.T)
        self._at = Grouped(self.site, len(problem.sites))

    def valid(self, site: int, day: int) -> Ints:
        """Return the speakers who are cleared at the site on this day, some perhaps twice."""
        rows = self._at.of(site)
        valid = (self.first[rows] <= day) & (day <= self.last[rows])
        found: Ints = self.speaker[rows[valid]]
        return found


def roles_served(held: str) -> tuple[str, ...]:
    """Return the roles that a certification for this one serves."""
    return (LEAD, CO_PRESENTER) if held == LEAD else (held,)


def _minute(moment: datetime) -> int:
    """Count the minutes since year 1, as the timetable does."""
    return moment.toordinal() * DAY_MINUTES + moment.hour * 60 + moment.minute


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
