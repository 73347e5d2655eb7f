"""A run of the engine that is watched on standard error and can be stopped."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import active_children
from time import monotonic
from types import FrameType
from typing import Generic, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from outreach import matching
from outreach.cli.command import INTERRUPTED

LINE_EVERY_S = 5.0
_LOOK_EVERY_S = 0.2
_T = TypeVar("_T")


@dataclass(eq=False)
class Run:
    """What a run and those who watch it tell each other."""

    latest: matching.Progress | None = None
    stopped_by: signal.Signals | None = None

    def told(self, progress: matching.Progress) -> None:
        """Take the news of the run, as its `on_progress`."""
        self.latest = progress

    def stops(self) -> bool:
        """Tell the run whether to stop, as its `stop`."""
        return self.stopped_by is not None


def watched(run: Run, work: Callable[[], _T]) -> _T:
    """Do the work beside this thread, which shows how far it is and hears signals at once."""
    worker = _Worker(work)
    with _stoppable(run), _shown() as show:
        worker.start()
        while worker.is_alive():
            worker.join(_LOOK_EVERY_S)
            if run.latest:
                show(run.latest)
    return worker.outcome()


class _Worker(threading.Thread, Generic[_T]):
    """Does one thing and keeps what came of it."""

    def __init__(self, work: Callable[[], _T]) -> None:
        super().__init__(daemon=True)
        self._work = work
        self._done: list[_T] = []
        self._failed: BaseException | None = None

    def run(self) -> None:
        try:
            self._done.append(self._work())
        except BaseException as error:  # noqa: BLE001 - raised again by `outcome`
            self._failed = error

    def outcome(self) -> _T:
        if self._failed:
            raise self._failed
        return self._done[0]


@contextmanager
def _stoppable(run: Run) -> Iterator[None]:
    """Let the first signal stop the run, and a second Ctrl-C the program."""

    def hear(number: int, _frame: FrameType | None) -> None:
        if run.stopped_by and number == signal.SIGINT:
            click.echo("outreach: Stopped, nothing is written.", err=True)
            _end_at_once()
        run.stopped_by = run.stopped_by or signal.Signals(number)

    before = {number: signal.signal(number, hear) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end_at_once() -> None:
    for child in active_children():
        child.kill()
    os._exit(INTERRUPTED)


@contextmanager
def _shown() -> Iterator[Callable[[matching.Progress], None]]:
    console = Console(stderr=True)
    if not console.is_terminal:
        yield Lines().show
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[filled]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Parts done", total=None, filled="")

        def show(progress: matching.Progress) -> None:
            bar.update(
                task,
                description=f"{progress.components_done:,} of {progress.components:,} parts done",
                total=progress.components,
                completed=progress.components_done,
                filled=_filled(progress),
            )

        yield show


class Lines:
    """One line at most every five seconds, for a log."""

    def __init__(self) -> None:
        self._began = self._said_at = monotonic()

    def show(self, progress: matching.Progress) -> None:
        """Say how far the run is, unless that was just said."""
        now = monotonic()
        if now - self._said_at < LINE_EVERY_S:
            return
        self._said_at = now
        click.echo(
            f"{now - self._began:.0f} s: {progress.components_done:,} of {progress.components:,} "
            f"parts done, {_filled(progress)}",
            err=True,
        )


def _filled(progress: matching.Progress) -> str:
    return f"{progress.filled:,} of at most {progress.fill_bound:,} visits filled"
