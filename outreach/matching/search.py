"""One part, level after level: each made best without giving up what the earlier ones reached.

A small part is solved exactly. A large one has its relaxation solved first: that gives a bound
and, as a wish, a start near the best. Then people are moved over in chains, and neighborhoods (some
visits with all of their candidates, everything else as it is) are solved exactly one after another
until the bound is reached, nothing gets better any more, or the time is up.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import monotonic
from typing import TypeAlias

import numpy as np
from scipy.sparse import csr_array

from outreach.matching import greedy, moves, solver
from outreach.matching.levels import MAXIMIZED
from outreach.matching.model import HALF, Model
from outreach.matching.parts import Part
from outreach.matching.problem import LevelName
from outreach.matching.program import Program
from outreach.matching.progress import Stop
from outreach.matching.timetable import Bools, Floats, Ints

RELAXED_PAIRS = 200
"""From here the relaxation and the chains are worth their time also where solving is exact."""
EXACT_PAIRS = 2_000
"""Up to here exact solving proves every level in seconds."""
TRIED_PAIRS = 12_000
"""Up to here it is tried at the end, where neighborhoods left a gap."""
TRIED_SHARE = 0.3
"""Of a level's time, what is kept for trying."""
FILL_SHARE = 0.8
"""Of the time left, what filling may take of a large part; the later levels share the rest."""
RELAX_SHARE = 0.5
"""Of a level's time, what its relaxation may take."""
SMALLEST_HOOD, LARGEST_HOOD = 60, 480
"""Visits of a neighborhood: some 0.1 s each at first, larger ones when nothing gets better."""
PATIENCE = 40
"""So many neighborhoods in a row without a gain, and they grow."""
HOOD_S, HOOD_NODES = 10.0, 200
"""What one neighborhood may cost."""
TELL_EVERY_S = 1.0
"""How often the best so far is told, so that it is there whatever happens to the process."""
UNWISHED = 0.02
"""The weight of a visit that the relaxation does not take: it may be wrong."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best of a part so far: `taken[pair]` is the post that the pair's speaker takes, or -1.

    `values` and `bounds` are of the levels in their order, for the new seats of the part alone.
    """

    taken: Ints
    values: tuple[int, ...]
    bounds: tuple[int, ...]


OnBetter: TypeAlias = Callable[[Found], None]


def at_once(part: Part, levels: tuple[LevelName, ...]) -> Found:
    """Return the greedy answer, with bounds that need no solving."""
    taken = greedy.fill(part)
    return Found(taken, part_values(part, levels, taken), tuple(_limits(part, levels)))


def share_of_first(waiting: Sequence[Part]) -> float:
    """Return the share of the time for all these parts that the first of them may take."""
    weights = [len(part.pair_visit) + EXACT_PAIRS for part in waiting]
    return weights[0] / sum(weights)


def part_values(part: Part, levels: tuple[LevelName, ...], taken: Ints) -> tuple[int, ...]:
    """Return what `taken` adds on every level to what the fixed seats have."""
    pairs = np.flatnonzero(taken >= 0)
    visits = np.unique(part.pair_visit[pairs])
    new = np.bincount(part.pair_speaker[pairs], minlength=len(part.speakers))
    values = {
        LevelName.FILL: len(visits),
        LevelName.CRITICAL: part.critical[visits].sum(),
        LevelName.KEPT: (taken[pairs] == part.proposed[pairs]).sum(),
        LevelName.USUAL: len(np.unique(part.pair_visit[pairs[part.usual[pairs]]])),
        LevelName.FAIRNESS: (new * (2 * part.load + new)).sum(),
        LevelName.DISTANCE: part.meters[pairs].sum(),
    }
    return tuple(int(values[level]) for level in levels)


def search(
    part: Part,
    levels: tuple[LevelName, ...],
    *,
    ends_at: float,
    stop: Stop,
    on_better: OnBetter,
) -> Found:
    """Return the best of a part that time allows; `ends_at` is a moment of `monotonic`."""
    first = at_once(part, levels)
    if monotonic() >= ends_at or stop():
        return first
    on_better(first)
    return _Search(part, levels, first, ends_at=ends_at, stop=stop, on_better=on_better).run()


def _limits(part: Part, levels: tuple[LevelName, ...]) -> Iterator[int]:
    """Give, of every level, what no answer can pass, without solving."""
    for level in levels:
        match level:
            case LevelName.FILL:
                yield len(part.visits)
            case LevelName.CRITICAL:
                yield int(part.critical.sum())
            case LevelName.KEPT:
                yield int((part.proposed >= 0).sum())
            case LevelName.USUAL:
                yield len(np.unique(part.pair_visit[part.usual]))
            case _:
                yield 0


class _Level:
    """A level at work, turned so that less is better."""

    def __init__(self, program: Program, bound: int) -> None:
        self.program = program
        self.bound = bound
        self.wish: Floats | None = None

    def value(self, point: Floats) -> int:
        return round(float((self.program.costs * point).sum()))


class _Search:
    def __init__(
        self,
        part: Part,
        levels: tuple[LevelName, ...],
        first: Found,
        *,
        ends_at: float,
        stop: Stop,
        on_better: OnBetter,
    ) -> None:
        self._part = part
        self._levels = levels
        self._bounds = list(first.bounds)
        self._ends_at = ends_at
        self._stop = stop
        self._on_better = on_better
        self._model = Model(part)
        self._point = self._model.encode(first.taken)
        self._locks: list[tuple[Floats, int]] = []
        self._large = len(part.pair_visit) > EXACT_PAIRS
        self._told_at = monotonic()
        self._random = np.random.default_rng(0)

    def run(self) -> Found:
        for index, name in enumerate(self._levels):
            sign = -1 if name in MAXIMIZED else 1
            costs = sign * self._model.costs(name)
            level = _Level(self._program(index, costs), sign * self._bounds[index])
            self._improve(level, ends_at=self._until(index, name))
            self._bounds[index] = sign * level.bound
            self._settle()
            self._locks.append((costs, round(float((costs * self._point).sum()))))
        return self._now()

    def _program(self, index: int, costs: Floats) -> Program:
        """Return the program of a level; the columns of loads are only there where they count."""
        model = self._model
        loads = LevelName.FAIRNESS in self._levels[: index + 1]
        program = model.program(costs, loads=loads)
        for locked, most in self._locks:
            program = program.at_most(locked[: len(program.costs)], most)
        return program

    def _until(self, index: int, name: LevelName) -> float:
        if not self._large:
            return self._ends_at
        now, later = monotonic(), len(self._levels) - index
        share = FILL_SHARE if name is LevelName.FILL and later > 1 else 1 / later
        return now + (self._ends_at - now) * share

    def _improve(self, level: _Level, *, ends_at: float) -> None:
        if self._proven(level) or self._over(ends_at):
            return
        pairs = len(self._part.pair_visit)
        if self._large or (pairs > RELAXED_PAIRS and not self._locks):
            self._relax(level, ends_at=ends_at)
            self._move_over(level, ends_at=ends_at)
        if self._large:
            tried = TRIED_SHARE if pairs <= TRIED_PAIRS else 0.0
            left_s = ends_at - monotonic()
            self._search_neighborhoods(level, ends_at=ends_at - tried * left_s)
            if not tried:
                return
        if not self._proven(level) and not self._over(ends_at):
            self._solve(level, ends_at=ends_at)

    def _proven(self, level: _Level) -> bool:
        return level.value(self._point[: len(level.program.costs)]) <= level.bound

    def _over(self, ends_at: float) -> bool:
        return monotonic() >= ends_at or self._stop()

    def _solve(self, level: _Level, *, ends_at: float) -> None:
        """Solve the level exactly."""
        count = len(level.program.costs)
        run = solver.best(
            level.program,
            start=self._point[:count],
            time_limit_s=ends_at - monotonic(),
            stop=self._stop,
        )
        if run.bound is not None:
            level.bound = max(level.bound, run.bound)
        if run.point is not None:
            self._take(level, np.ones(count, np.bool_), run.point)

    def _relax(self, level: _Level, *, ends_at: float) -> None:
        """Solve the relaxation: for a bound, a wish, and where nothing is locked a new start."""
        left_s = ends_at - monotonic()
        relaxed = solver.relax(level.program, time_limit_s=RELAX_SHARE * left_s)
        if relaxed is None:
            return
        level.bound = max(level.bound, relaxed.bound)
        level.wish = relaxed.point
        if not self._locks:
            wish = relaxed.point[: len(self._part.pair_visit)]
            if LevelName.KEPT in self._levels:  # it comes first: it was good, and is to stay
                wish = wish + (self._part.proposed >= 0)
            taken = greedy.fill(self._part, wish)
            start = self._model.encode(taken)
            count = len(level.program.costs)
            if level.value(start[:count]) < level.value(self._point[:count]):
                self._point = start
        self._tell(level)

    def _move_over(self, level: _Level, *, ends_at: float) -> None:
        """Make the level better by chains, where they help with it."""
        part, (*earlier, name) = self._part, self._levels[: len(self._locks) + 1]
        if self._over(ends_at) or not moves.help_with(name, earlier):
            return
        wish = np.ones(len(part.visits)) if level.wish is None else level.wish[self._model.fills]
        taken = moves.better(
            part,
            self._model.decode(self._point),
            name,
            earlier,
            wish=wish,
            most=level.value(self._point[: len(level.program.costs)]) - level.bound,
            over=lambda: self._over(ends_at),
        )
        count = len(level.program.costs)
        self._take(level, np.ones(count, np.bool_), self._model.encode(taken)[:count])
        self._tell(level)

    def _search_neighborhoods(self, level: _Level, *, ends_at: float) -> None:
        size, idle = SMALLEST_HOOD, 0
        tried = np.zeros(len(self._part.visits))
        while not self._proven(level) and not self._over(ends_at):
            weights = self._promising(level) / (1 + tried) ** 2
            if not weights.any():
                return
            hood = self._neighborhood(
                int(self._random.choice(len(tried), p=weights / weights.sum())), size
            )
            tried[hood] += 1
            if self._solve_neighborhood(level, hood, ends_at=ends_at):
                idle = 0
                self._tell(level)
                continue
            idle += 1
            if idle >= PATIENCE:
                if size >= LARGEST_HOOD:
                    return
                size, idle = 2 * size, 0

    def _promising(self, level: _Level) -> Floats:
        """Weigh the visits: where the level could gain, and more where the relaxation does."""
        costs, visits = level.program.costs, len(self._part.visits)
        if (costs >= 0).all():
            return np.ones(visits)
        missing = np.flatnonzero((costs < 0) & (self._point[: len(costs)] < HALF))
        wish = UNWISHED + (level.wish[missing] if level.wish is not None else 0.0)
        of = self._model.visit_of[missing]
        weights = np.zeros(visits)
        np.add.at(weights, of, wish)
        return weights

    def _neighborhood(self, visit: int, size: int) -> Ints:
        """Return the visit and others that share many candidates with it, by chance."""
        shared = (self._who[[visit]] @ self._who.T).tocsr()
        chance = shared.data * self._random.uniform(0.1, 1.0, len(shared.data))
        near = shared.indices[np.argsort(-chance, kind="stable")[:size]]
        return np.union1d(near, [visit])

    def _solve_neighborhood(self, level: _Level, hood: Ints, *, ends_at: float) -> bool:
        """Solve the level with everything outside fixed; tell whether it has become better."""
        count = len(level.program.costs)
        inside = np.zeros(len(self._part.visits), np.bool_)
        inside[hood] = True
        free = inside[self._model.visit_of[:count]]
        free |= self._free_loads(inside)[:count]
        program, kept = level.program.restricted(free, self._point[:count])
        run = solver.best(
            program,
            start=self._point[:count][kept],
            time_limit_s=max(0.0, min(HOOD_S, ends_at - monotonic())),
            stop=self._stop,
            nodes=HOOD_NODES,
        )
        return run.point is not None and self._take(level, kept, run.point)

    def _free_loads(self, inside: Bools) -> Bools:
        """Tell which columns of loads belong to a speaker who may come to a visit inside."""
        part = self._part
        touched = np.zeros(len(part.speakers), np.bool_)
        touched[part.pair_speaker[inside[part.pair_visit]]] = True
        return self._model.loads_of(touched)

    def _take(self, level: _Level, columns: Bools, values: Floats) -> bool:
        """Take these columns into the point if the level gains and every row still holds."""
        count = len(level.program.costs)
        point = self._point.copy()
        whole = columns & level.program.whole
        point[:count][columns] = values
        point[:count][whole] = np.rint(point[:count][whole])
        gains = level.value(point[:count]) < level.value(self._point[:count])
        if gains and level.program.holds(point[:count]):
            self._point = point
            return True
        return False

    def _settle(self) -> None:
        """Write the point anew from its whole columns: who comes, in which post."""
        self._point = self._model.encode(self._model.decode(self._point))

    def _tell(self, level: _Level) -> None:
        if monotonic() - self._told_at >= TELL_EVERY_S:
            self._on_better(self._now(level))
            self._told_at = monotonic()

    def _now(self, level: _Level | None = None) -> Found:
        taken = self._model.decode(self._point)
        bounds = list(self._bounds)
        if level is not None:
            index = len(self._locks)
            sign = -1 if self._levels[index] in MAXIMIZED else 1
            bounds[index] = sign * level.bound
        return Found(taken, part_values(self._part, self._levels, taken), tuple(bounds))

    @cached_property
    def _who(self) -> csr_array:
        """Which speakers are candidates of each visit."""
        part = self._part
        ones = np.ones(len(part.pair_visit), np.int32)
        shape = (len(part.visits), len(part.speakers))
        return csr_array((ones, (part.pair_visit, part.pair_speaker)), shape=shape)
