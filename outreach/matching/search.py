"""The levels one after another, each made best without giving up what the earlier ones reached."""

from time import monotonic

import numpy as np

from outreach.matching import describe, solver
from outreach.matching.book import Book, Seat, fixed_seats
from outreach.matching.candidates import Candidates
from outreach.matching.greedy import fill_greedily
from outreach.matching.levels import measure, shown
from outreach.matching.model import Model, Objective, Rows
from outreach.matching.problem import LevelName, Problem
from outreach.matching.progress import OnProgress, Progress, Stop, never, untold
from outreach.matching.solution import Level, Solution
from outreach.matching.timetable import Bools, Timetable


def solve(
    problem: Problem,
    *,
    time_limit_s: float = 60.0,
    on_progress: OnProgress = untold,
    stop: Stop = never,
) -> Solution:
    """Choose speakers for the visits of `problem`, best on every level in their order.

    The same problem gives the same answer wherever every level is proven. When
    the time is up or `stop` says so, the best so far is returned with the bounds known by
    then; a limit of 0 gives the greedy answer.
    """
    began = monotonic()
    candidates = Candidates(problem, Timetable(problem))
    fixed = fixed_seats(problem)
    search = _Search(candidates, fixed, began=began, time_limit_s=time_limit_s, stop=stop)
    levels = tuple(search.improve(on_progress))
    seats = sorted([*fixed, *search.seats])
    return describe.describe(candidates, seats, levels=levels, seconds=monotonic() - began)


class _Search:
    """The best new seats so far, and the rows that keep what earlier levels reached."""

    def __init__(
        self,
        candidates: Candidates,
        fixed: list[Seat],
        *,
        began: float,
        time_limit_s: float,
        stop: Stop,
    ) -> None:
        eligible = eligible_posts(candidates, fixed)
        self.seats = fill_greedily(candidates, eligible)
        self._candidates = candidates
        self._fixed = fixed
        self._model = Model(candidates, eligible, fixed)
        self._locks = Rows()
        self._began = began
        self._ends_at = began + time_limit_s
        self._stop = stop

    def improve(self, on_progress: OnProgress) -> list[Level]:
        levels: list[Level] = []
        fill = self._model.objective(LevelName.FILL).limit()
        on_progress(self._progress(fill, done=False))
        for name in self._candidates.problem.settings.levels:
            objective = self._model.objective(name)
            bound = self._improve(objective)
            value = measure(self._candidates, [*self._fixed, *self.seats])[name]
            self._lock(objective, value)
            if name is LevelName.FILL:
                fill = bound
                on_progress(self._progress(fill, done=False))
            levels.append(
                Level(
                    name=name,
                    value=shown(name, value),
                    bound=float(shown(name, bound)),
                    proven=value == bound,
                )
            )
        on_progress(self._progress(fill, done=True))
        return levels

    def _progress(self, fill_bound: int, *, done: bool) -> Progress:
        measured = measure(self._candidates, [*self._fixed, *self.seats])
        return Progress(
            seconds=monotonic() - self._began,
            components=1,
            components_done=int(done),
            visits=len(self._candidates.problem.visits),
            filled=measured[LevelName.FILL],
            fill_bound=fill_bound,
        )

    def _improve(self, objective: Objective) -> int:
        """Better the seats on this level if time allows; return the bound that is proven."""
        limit = objective.limit()
        start = self._model.encode(self.seats)
        value = objective.value(start)
        left_s = self._ends_at - monotonic()
        if value == limit or left_s <= 0 or self._stop():
            return limit
        found = solver.run(
            self._model, objective, locks=self._locks, start=start, time_limit_s=left_s
        )
        if found.point is not None and objective.prefers(found.point, start):
            self.seats = self._model.decode(found.point)
        if found.bound is None:
            return limit
        return min(limit, found.bound) if objective.maximize else max(limit, found.bound)

    def _lock(self, objective: Objective, value: int) -> None:
        """Let no later level give up what this one reached."""
        columns = np.flatnonzero(objective.costs).tolist()
        reached = float(value - objective.offset)
        lower, upper = (reached, np.inf) if objective.maximize else (-np.inf, reached)
        self._locks.add(columns, objective.costs[columns].tolist(), lower=lower, upper=upper)


def eligible_posts(candidates: Candidates, fixed: list[Seat]) -> Bools:
    """Tell who may take each post beside the fixed seats, where the visit can be filled at all.

    A row for each post, a column for each speaker; posts without a vacancy have nobody.
    """
    book = Book(candidates.problem, candidates.timetable, fixed)
    eligible = np.zeros((len(candidates.posts), len(candidates.problem.speakers)), np.bool_)
    for visit, posts in candidates.posts_of.items():
        busy = book.taken(visit) | book.on(visit)
        vacant = [post for post in posts if candidates.posts[post].vacant]
        able = {post: (candidates.bits_for(post) == 0) & ~busy for post in vacant}
        if all(able[post].sum() >= candidates.posts[post].vacant for post in vacant):
            for post in vacant:
                eligible[post] = able[post]
    return eligible
