"""The problem as a mixed-integer program: columns, rows, and an objective for each level."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from outreach.matching.book import Book, Seat
from outreach.matching.candidates import Candidates
from outreach.matching.levels import MAXIMIZED, measure
from outreach.matching.problem import LevelName
from outreach.matching.timetable import Bools, Floats, Ints

_INFINITY = float("inf")
_CHOSEN = 0.5  # the solver's whole values are off by up to its tolerance


@dataclass(slots=True)
class Rows:
    """Linear rows `lower <= sum(value * column) <= upper`, in compressed form."""

    lower: list[float] = field(default_factory=list)
    upper: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(
        self, columns: Sequence[int], values: Iterable[float], *, lower: float, upper: float
    ) -> None:
        """Append one row; a column may be named once."""
        self.starts.append(len(self.columns))
        self.columns.extend(columns)
        self.values.extend(values)
        self.lower.append(lower)
        self.upper.append(upper)

    def at_most(self, columns: Sequence[int], limit: float) -> None:
        """Append: of these columns, at most so many."""
        self.add(columns, [1.0] * len(columns), lower=-_INFINITY, upper=limit)


@dataclass(frozen=True, slots=True)
class Objective:
    """A level over the columns. `offset` is what the fixed seats add whatever is chosen."""

    maximize: bool
    costs: Floats
    offset: int

    def limit(self) -> int:
        """Return a bound that needs no solving: every column that helps at 1, no other."""
        helping = self.costs[self.costs > 0].sum() if self.maximize else 0.0
        return self.offset + round(float(helping))

    def value(self, point: Floats) -> int:
        """Return the level's value at a point of whole columns."""
        return self.offset + round(float(self.costs @ np.rint(point)))

    def prefers(self, point: Floats, other: Floats) -> bool:
        """Tell whether `point` is at least as good as `other`."""
        gain = self.value(point) - self.value(other)
        return gain >= 0 if self.maximize else gain <= 0


class Model:
    """Columns in this order, all from 0 to 1; the first `whole_count` are whole.

    attend[k]   speaker `speaker[k]` takes a vacancy of post `post[k]`
    fill[v]     the visit's vacancies are all taken
    usual[v]    one of the visit's usual speakers attends
    load[s, i]  the speaker takes an i-th new visit (i = 1, 2, ...); whole by themselves,
                because each costs more than the one before it
    """

    def __init__(self, candidates: Candidates, eligible: Bools, fixed: Sequence[Seat]) -> None:
        self._candidates = candidates
        self._problem = candidates.problem
        self._fixed = tuple(fixed)
        self._book = Book(self._problem, candidates.timetable, fixed)
        posts, speakers = np.nonzero(eligible)
        self._post: Ints = posts
        self._speaker: Ints = speakers
        self._visit: Ints = np.array([post.visit for post in candidates.posts], np.int64)[posts]
        self.column_count = len(posts)
        self._columns_of_visit = _group(self._visit)
        self._columns_of_speaker = _group(self._speaker)
        self._fill = self._new_columns(sorted(self._columns_of_visit))
        self._usual_columns = self._find_usual()
        self._usual = self._new_columns(sorted(self._usual_columns))
        self.whole_count = self.column_count
        self._load = {s: self._new_loads(s) for s in sorted(self._columns_of_speaker)}
        self.rows = Rows()
        self._add_rows()
        self._start_values = measure(candidates, fixed)

    def objective(self, level: LevelName) -> Objective:
        """Return the level as a linear sum over the columns."""
        costs = np.zeros(self.column_count, np.float64)
        for column, cost in self._costs(level):
            costs[column] = cost
        return Objective(maximize=level in MAXIMIZED, costs=costs, offset=self._start_values[level])

    def encode(self, seats: Iterable[Seat]) -> Floats:
        """Return the columns' values for these new seats (which must keep the rules)."""
        point = np.zeros(self.column_count, np.float64)
        column_of = {
            (int(post), int(speaker)): column
            for column, (post, speaker) in enumerate(zip(self._post, self._speaker, strict=True))
        }
        post_of = {(post.visit, post.role): i for i, post in enumerate(self._candidates.posts)}
        for seat in seats:
            point[column_of[post_of[seat.visit, seat.role], seat.speaker]] = 1.0
            point[self._fill[seat.visit]] = 1.0
        for visit, columns in self._usual_columns.items():
            point[self._usual[visit]] = point[columns].max()
        for speaker, loads in self._load.items():
            point[loads[: round(point[self._columns_of_speaker[speaker]].sum())]] = 1.0
        return point

    def decode(self, point: Floats) -> list[Seat]:
        """Return the new seats of a solved point."""
        chosen = np.flatnonzero(point[: len(self._post)] > _CHOSEN)
        posts = self._candidates.posts
        return [
            Seat(int(self._visit[k]), int(self._speaker[k]), posts[self._post[k]].role, fixed=False)
            for k in chosen
        ]

    def _new_columns(self, keys: Iterable[int]) -> dict[int, int]:
        first = self.column_count
        named = {key: first + index for index, key in enumerate(keys)}
        self.column_count += len(named)
        return named

    def _new_loads(self, speaker: int) -> list[int]:
        """One column for each new visit that the speaker's quotas leave room for."""
        first = self.column_count
        room = sum(min(room, len(seen)) for room, _, seen in self._months(speaker))
        self.column_count += room
        return list(range(first, self.column_count))

    def _find_usual(self) -> dict[int, list[int]]:
        """Find the columns of usual speakers where no fixed one is there already."""
        attending = {(seat.visit, seat.speaker) for seat in self._fixed}
        position = {speaker.id: index for index, speaker in enumerate(self._problem.speakers)}
        found: dict[int, list[int]] = {}
        for visit, columns in self._columns_of_visit.items():
            usual = {position[speaker] for speaker in self._problem.visits[visit].usual}
            theirs = [k for k in columns if int(self._speaker[k]) in usual]
            if theirs and not any((visit, speaker) in attending for speaker in usual):
                found[visit] = theirs
        return found

    def _months(self, speaker: int) -> Iterable[tuple[int, list[int], set[int]]]:
        """Give, for each month: visits the quota still allows, the columns, their visits."""
        columns_in: defaultdict[int, list[int]] = defaultdict(list)
        for column in self._columns_of_speaker[speaker]:
            columns_in[int(self._candidates.timetable.month[self._visit[column]])].append(column)
        for columns in columns_in.values():
            used = int(self._book.used(int(self._visit[columns[0]]))[speaker])
            room = max(0, int(self._book.quota[speaker]) - used)
            yield room, columns, {int(self._visit[k]) for k in columns}

    def _add_rows(self) -> None:
        for visit, columns in self._columns_of_visit.items():
            self._cover(visit, columns)
        for visit, columns in self._usual_columns.items():
            flag = self._usual[visit]
            self.rows.add(
                [flag, *columns], [1.0] + [-1.0] * len(columns), lower=-_INFINITY, upper=0
            )
        for speaker, columns in self._columns_of_speaker.items():
            self._keep_apart(speaker, columns)
            for room, months_columns, visits in self._months(speaker):
                if room < len(visits):
                    self.rows.at_most(months_columns, room)
            loads = self._load[speaker]
            signs = [1.0] * len(columns) + [-1.0] * len(loads)
            self.rows.add([*columns, *loads], signs, lower=0, upper=0)

    def _cover(self, visit: int, columns: list[int]) -> None:
        """Each role takes its vacancies or nobody, and nobody takes two roles."""
        filled = self._fill[visit]
        takes = _group(self._post[columns], columns)
        for post, theirs in takes.items():
            vacant = self._candidates.posts[post].vacant
            self.rows.add([*theirs, filled], [1.0] * len(theirs) + [-vacant], lower=0, upper=0)
        if sum(self._candidates.posts[post].vacant for post in takes) == 1:
            return
        # Redundant for whole values where a speaker has one role, but tighter when relaxed.
        for theirs in _group(self._speaker[columns], columns).values():
            self.rows.add(
                [*theirs, filled], [1.0] * len(theirs) + [-1.0], lower=-_INFINITY, upper=0
            )

    def _keep_apart(self, speaker: int, columns: list[int]) -> None:
        """At most one of every set of visits of which no two go together."""
        by_visit = _group(self._visit[columns], columns)
        timetable = self._candidates.timetable
        visits = sorted(by_visit, key=lambda visit: (int(timetable.starts[visit]), visit))
        where = np.array(visits, np.int64)
        rest_days = np.array(self._problem.speakers[speaker].rest_days)
        clash = timetable.clashing(where[:, None], where[None, :], rest_days=rest_days)
        np.fill_diagonal(clash, val=False)
        for clique in cliques(clash):
            self.rows.at_most([k for index in clique for k in by_visit[visits[index]]], 1)

    def _costs(self, level: LevelName) -> Iterable[tuple[int, float]]:
        visits = self._problem.visits
        match level:
            case LevelName.FILL:
                return ((column, 1.0) for column in self._fill.values())
            case LevelName.CRITICAL:
                return ((k, 1.0) for visit, k in self._fill.items() if visits[visit].critical)
            case LevelName.KEPT:
                return ((column, 1.0) for column in self._proposed())
            case LevelName.USUAL:
                return ((column, 1.0) for column in self._usual.values())
            case LevelName.FAIRNESS:
                return self._squares()
            case LevelName.DISTANCE:
                site = self._candidates.timetable.site[self._visit]
                return enumerate(self._candidates.meters[site, self._speaker].tolist())

    def _proposed(self) -> Iterable[int]:
        speakers = [speaker.id for speaker in self._problem.speakers]
        posts = self._candidates.posts
        for column, post in enumerate(self._post):
            wanted = self._problem.visits[posts[post].visit].proposed
            speaker = speakers[self._speaker[column]]
            if any(each.speaker == speaker and each.role == posts[post].role for each in wanted):
                yield column

    def _squares(self) -> Iterable[tuple[int, float]]:
        """What each further visit adds to the square: (b + 1)^2 - b^2 = 2b + 1, always more."""
        fixed = self._book.load()
        for speaker, loads in self._load.items():
            before = self._problem.speakers[speaker].recent_visits + int(fixed[speaker])
            for index, column in enumerate(loads):
                yield column, 2.0 * (before + index) + 1.0


def cliques(clash: Bools) -> list[list[int]]:
    """Cover every clash with sets whose members all clash; none can be made larger.

    In order of time, "at most n days apart" gives just the windows of n + 1 days.
    """
    found: list[list[int]] = []
    open_pairs = np.triu(clash)
    for first in range(len(clash)):
        while open_pairs[first].any():
            members = [first, int(np.argmax(open_pairs[first]))]
            common = clash[members[0]] & clash[members[1]]
            while common.any():
                members.append(int(np.argmax(common)))
                common &= clash[members[-1]]
            members.sort()
            open_pairs[np.ix_(members, members)] = False
            found.append(members)
    return found


def _group(keys: Ints, columns: Sequence[int] | None = None) -> dict[int, list[int]]:
    grouped: defaultdict[int, list[int]] = defaultdict(list)
    for key, column in zip(keys.tolist(), columns or range(len(keys)), strict=True):
        grouped[key].append(column)
    return grouped
