"""A command run as a user runs it, with its time and the memory of it and its children."""

import os
import subprocess
import sys
import threading
import time as stopwatch
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
LOOK_EVERY_S = 0.2
BYTES_PER_MB = 1 << 20


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command printed, how long it took and the most memory it had at a time."""

    stdout: str
    seconds: float
    peak_mb: float


def run(arguments: Sequence[str]) -> Ran:
    """Run a command. RuntimeError with what it said where it fails."""
    began = stopwatch.perf_counter()
    with subprocess.Popen(
        arguments,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as process:
        watch = _Watch(process.pid)
        watch.start()
        stdout, stderr = process.communicate()
        watch.ends.set()
        watch.join()
    if process.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: exit {process.returncode}\n{stderr}")
    return Ran(stdout, stopwatch.perf_counter() - began, watch.peak_bytes / BYTES_PER_MB)


def outreach(*arguments: str) -> Ran:
    """Run `outreach match …`."""
    return run([str(Path(sys.executable).with_name("outreach")), "match", *arguments])


class _Watch(threading.Thread):
    """Looks how much memory a process and its children have together, five times a second."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.ends = threading.Event()
        self.peak_bytes = 0
        self._pid = pid

    def run(self) -> None:
        while not self.ends.wait(LOOK_EVERY_S):
            self.peak_bytes = max(self.peak_bytes, _memory(self._pid))


def _memory(pid: int) -> int:
    try:
        top = psutil.Process(pid)
        return sum(_share(process) for process in [top, *top.children(recursive=True)])
    except psutil.Error:
        return 0


def _share(process: psutil.Process) -> int:
    """Return what a process has to itself and its part of what it shares, where that is told."""
    try:
        told = process.memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(told, "pss", 0) or told.rss)
