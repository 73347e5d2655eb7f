"""The whole problem: cut into parts, each searched, put together and described."""

from collections.abc import Sequence
from functools import partial
from time import monotonic

import numpy as np

from outreach.matching import describe
from outreach.matching.book import Seat, fixed_seats
from outreach.matching.candidates import Candidates
from outreach.matching.levels import MAXIMIZED, measure, shown
from outreach.matching.parts import parts
from outreach.matching.problem import LevelName, Problem
from outreach.matching.progress import OnProgress, Progress, Stop, never, untold
from outreach.matching.search import EXACT_PAIRS, Found, at_once, search, share_of_first
from outreach.matching.solution import Level, Solution
from outreach.matching.timetable import Timetable
from outreach.matching.workers import solve_apart

DESCRIBING_S_PER_PAIR = 2e-8
DESCRIBING_S_PER_VISIT = 3e-4
"""What wording the answer takes, so that it is ready when the time is up."""


def solve(
    problem: Problem,
    *,
    time_limit_s: float = 60.0,
    workers: int = 1,
    on_progress: OnProgress = untold,
    stop: Stop = never,
) -> Solution:
    """Choose speakers for the visits of `problem`, best on every level in their order.

    The same problem gives the same answer wherever every level is proven. When the time is up or
    `stop` says so, the best so far is returned with the bounds known by then; a limit of 0 gives
    the greedy answer. With several `workers` the parts of a large problem are solved in processes.
    """
    began = monotonic()
    candidates = Candidates(problem, Timetable(problem))
    fixed = fixed_seats(problem)
    run = _Run(candidates, fixed, began=began, on_progress=on_progress)
    describing_s = len(problem.visits) * (
        DESCRIBING_S_PER_VISIT + len(problem.speakers) * DESCRIBING_S_PER_PAIR
    )
    run.search(ends_at=began + time_limit_s - describing_s, workers=workers, stop=stop)
    seats = sorted([*fixed, *run.seats()])
    return describe.describe(
        candidates,
        seats,
        levels=run.levels(seats),
        began=began,
        ends_at=began + time_limit_s,
    )


class _Run:
    """The parts and the best that is known of each."""

    def __init__(
        self,
        candidates: Candidates,
        fixed: Sequence[Seat],
        *,
        began: float,
        on_progress: OnProgress,
    ) -> None:
        self._candidates = candidates
        self._names = candidates.problem.settings.levels
        self._base = measure(candidates, fixed)
        self._parts = parts(candidates, fixed)
        self._found: dict[int, Found] = {}
        self._finished: set[int] = set()
        self._began = began
        self._on_progress = on_progress

    def search(self, *, ends_at: float, workers: int, stop: Stop) -> None:
        """Search every part; what is not reached in time keeps the greedy answer."""
        self._tell()
        large = bool(self._parts) and len(self._parts[0].pair_visit) > EXACT_PAIRS
        if workers > 1 and large and monotonic() < ends_at:
            solve_apart(
                self._parts,
                self._names,
                workers=workers,
                ends_at=ends_at,
                stop=stop,
                on_found=self._note,
            )
        else:
            self._search_here(ends_at=ends_at, stop=stop)
        for index, part in enumerate(self._parts):
            if index not in self._found:
                self._found[index] = at_once(part, self._names)
        self._tell()

    def seats(self) -> list[Seat]:
        """Return the new seats."""
        posts = self._candidates.posts
        found: list[Seat] = []
        for index, part in enumerate(self._parts):
            taken = self._found[index].taken
            pairs = np.flatnonzero(taken >= 0)
            visits = part.visits[part.pair_visit[pairs]].tolist()
            speakers = part.speakers[part.pair_speaker[pairs]].tolist()
            of_post = part.posts[taken[pairs]].tolist()
            found += [
                Seat(visit, speaker, posts[post].role, fixed=False)
                for visit, speaker, post in zip(visits, speakers, of_post, strict=True)
            ]
        return found

    def levels(self, seats: Sequence[Seat]) -> tuple[Level, ...]:
        """Return what all the seats reach on each level, measured anew, and the bounds."""
        values = measure(self._candidates, seats)
        levels: list[Level] = []
        for index, name in enumerate(self._names):
            value = values[name]
            bound = self._base[name] + sum(each.bounds[index] for each in self._found.values())
            levels.append(
                Level(
                    name=name,
                    value=shown(name, value),
                    bound=float(shown(name, bound)),
                    proven=value == bound,
                )
            )
        return tuple(levels)

    def _search_here(self, *, ends_at: float, stop: Stop) -> None:
        # The smallest first: what they leave over goes to the larger ones.
        for index in reversed(range(len(self._parts))):
            now = monotonic()
            if now >= ends_at or stop():
                return
            share = share_of_first(self._parts[index::-1])
            found = search(
                self._parts[index],
                self._names,
                ends_at=now + (ends_at - now) * share,
                stop=stop,
                on_better=partial(self._note, index, finished=False),
            )
            self._note(index, found, finished=True)

    def _note(self, part: int, found: Found, finished: bool) -> None:  # noqa: FBT001 - as OnFound
        # A part that is begun again because its process died may be told worse than before.
        known = self._found.get(part)
        if known is None or self._rank(found) <= self._rank(known):
            self._found[part] = found
        if finished:
            self._finished.add(part)
        self._tell()

    def _rank(self, found: Found) -> list[int]:
        """Return what sorts the better answer of a part first."""
        return [
            -value if name in MAXIMIZED else value
            for name, value in zip(self._names, found.values, strict=True)
        ]

    def _tell(self) -> None:
        fill, bound = self._base[LevelName.FILL], self._base[LevelName.FILL]
        for index, part in enumerate(self._parts):
            found = self._found.get(index)
            bound += len(part.visits)
            if found and LevelName.FILL in self._names:
                level = self._names.index(LevelName.FILL)
                fill += found.values[level]
                bound += found.bounds[level] - len(part.visits)
        self._on_progress(
            Progress(
                seconds=monotonic() - self._began,
                components=len(self._parts),
                components_done=len(self._finished),
                visits=len(self._candidates.problem.visits),
                filled=fill,
                fill_bound=bound,
            )
        )
