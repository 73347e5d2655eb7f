"""The parts of a problem solved in processes of their own, several at a time.

Each tells the best it has as it goes. So whatever ends a process, the operating system, the time
limit or the person at the keyboard, what it had found by then stays.
"""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from time import monotonic
from typing import TypeAlias

from outreach.matching.parts import Part
from outreach.matching.problem import LevelName
from outreach.matching.progress import Stop, never
from outreach.matching.search import Found, search, share_of_first

GRACE_S = 0.5
"""How long after its time a process may still say what it has."""
WAIT_S = 0.2
MOST_STARTS = 2
"""A part whose process died is begun once more: it may not have been the part's fault."""

OnFound: TypeAlias = Callable[[int, Found, bool], None]


@dataclass(slots=True)
class _Worker:
    process: BaseProcess
    connection: Connection
    part: int | None = None
    ends_at: float = 0.0


def solve_apart(
    parts: Sequence[Part],
    levels: tuple[LevelName, ...],
    *,
    workers: int,
    ends_at: float,
    stop: Stop,
    on_found: OnFound,
) -> None:
    """Search the parts, the first ones first; tell `on_found(part, best so far, finished)`.

    A part that nothing was told of was not reached in time, or lost its process twice.
    """
    _Supervisor(parts, levels, ends_at=ends_at, stop=stop, on_found=on_found).run(workers)


class _Supervisor:
    def __init__(
        self,
        parts: Sequence[Part],
        levels: tuple[LevelName, ...],
        *,
        ends_at: float,
        stop: Stop,
        on_found: OnFound,
    ) -> None:
        self._parts = parts
        self._levels = levels
        self._ends_at = ends_at
        self._stop = stop
        self._on_found = on_found
        self._waiting: list[int] = []
        self._starts = [0] * len(parts)
        # What spawn costs is paid once: a process takes one part after another.
        self._context = get_context("spawn")

    def run(self, count: int) -> None:
        # Each process begins with one of the largest; the others come in the order of what they
        # need, so that what the small ones leave over goes to the larger.
        order = list(range(len(self._parts)))
        self._waiting = order[:count] + order[count:][::-1]
        with self._started(min(count, len(self._parts))) as team:
            while not self._over():
                for worker in team:
                    if worker.part is None and self._waiting:
                        self._hand_out(worker, team)
                busy = [worker for worker in team if worker.part is not None]
                if not busy:
                    return
                ready = wait([worker.connection for worker in busy], timeout=WAIT_S)
                for index, worker in enumerate(team):
                    if worker.connection in ready and not self._listen(worker):
                        team[index] = self._replaced(worker)

    def _over(self) -> bool:
        return monotonic() >= self._ends_at + GRACE_S or self._stop()

    def _hand_out(self, worker: _Worker, team: Sequence[_Worker]) -> None:
        """Give a free process the next part, with its share of the time of all that is left."""
        share = share_of_first([self._parts[part] for part in self._waiting])
        part = self._waiting.pop(0)
        now = monotonic()
        free_s = sum(
            self._ends_at - (now if other.part is None else min(other.ends_at, self._ends_at))
            for other in team
        )
        seconds = min(self._ends_at - now, free_s * share)
        self._starts[part] += 1
        worker.part, worker.ends_at = part, now + seconds
        with suppress(OSError):  # it died while idle: its silence is heard next
            worker.connection.send((self._parts[part], self._levels, seconds))

    def _listen(self, worker: _Worker) -> bool:
        """Take in what a process tells; False if it is gone."""
        part = worker.part
        if part is None:
            return True
        try:
            found, finished = worker.connection.recv()
        except (EOFError, OSError):
            return False
        self._on_found(part, found, finished)
        if finished:
            worker.part = None
        return True

    def _replaced(self, worker: _Worker) -> _Worker:
        if worker.part is not None and self._starts[worker.part] < MOST_STARTS:
            self._waiting.insert(0, worker.part)
        worker.process.join(timeout=0)
        worker.connection.close()
        return self._start()

    @contextmanager
    def _started(self, count: int) -> Iterator[list[_Worker]]:
        team = [self._start() for _ in range(count)]
        try:
            yield team
        finally:
            for worker in team:
                worker.connection.close()
                worker.process.kill()
            for worker in team:
                worker.process.join()

    def _start(self) -> _Worker:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(target=_work, args=(theirs,), daemon=True)
        with _deaf_to_ctrl_c():
            process.start()
        theirs.close()
        return _Worker(process, ours)


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Let a process begin with SIGINT held back, so that it does not end in a traceback.

    Ctrl-C goes to every process of a terminal; the first one decides what it means. Until
    `_work` can say so, a process imports for a second or two.
    """
    # Started with the first process otherwise, and then it lets SIGINT through again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(connection: Connection) -> None:
    """Solve the parts that come, until nobody is there any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            part, levels, seconds = connection.recv()
            found = search(
                part,
                levels,
                ends_at=monotonic() + seconds,
                stop=never,
                on_better=lambda better: connection.send((better, False)),
            )
            connection.send((found, True))
