"""A worker that dies as told, to be started as a process in the place of the real one.

Real processes import it by name, so it is a module of its own, without pytest.
"""

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from threading import Event
from time import monotonic
from typing import TypeAlias

import numpy as np

from outreach.matching.parts import Part
from outreach.matching.problem import LevelName
from outreach.matching.progress import never
from outreach.matching.search import Found, at_once, part_values, search

DEATHS = "OUTREACH_TEST_DEATHS"
"""Names the file that has a line for each process that died: the part it had."""
Levels: TypeAlias = tuple[LevelName, ...]
Work: TypeAlias = Callable[[Connection, Part, Levels], None]


def once(connection: Connection) -> None:
    """Die with every part after telling the greedy answer; solve it the next time."""
    _serve(connection, _greedy_then_killed, _solved)


def always(connection: Connection) -> None:
    """Tell the best answer the first time and that nobody comes the second, and die both times."""
    _serve(connection, _best_then_killed, _nobody_then_killed)


def silently(connection: Connection) -> None:
    """Die without a word."""
    _serve(connection, _killed, _killed)


def forever(connection: Connection) -> None:
    """Tell the greedy answer and never end."""
    _serve(connection, _greedy_for_ever, _greedy_for_ever)


def _serve(connection: Connection, first: Work, later: Work) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(EOFError, OSError):
        while True:
            part, levels, _seconds = connection.recv()
            begun = DEATHS in os.environ and _name(part) in _deaths().read_text().splitlines()
            (later if begun else first)(connection, part, levels)


def _solved(connection: Connection, part: Part, levels: Levels) -> None:
    connection.send((_best(part, levels), True))


def _greedy_for_ever(connection: Connection, part: Part, levels: Levels) -> None:
    connection.send((at_once(part, levels), False))
    Event().wait(600)


def _greedy_then_killed(connection: Connection, part: Part, levels: Levels) -> None:
    connection.send((at_once(part, levels), False))
    _killed(connection, part, levels)


def _best_then_killed(connection: Connection, part: Part, levels: Levels) -> None:
    connection.send((_best(part, levels), False))
    _killed(connection, part, levels)


def _nobody_then_killed(connection: Connection, part: Part, levels: Levels) -> None:
    first, nobody = at_once(part, levels), np.full(len(part.pair_visit), -1)
    values = part_values(part, levels, nobody)
    connection.send((replace(first, taken=nobody, values=values), False))
    _killed(connection, part, levels)


def _killed(_connection: Connection, part: Part, _levels: Levels) -> None:
    with _deaths().open("a", encoding="utf-8") as file:
        file.write(f"{_name(part)}\n")
    os.kill(os.getpid(), signal.SIGKILL)


def _best(part: Part, levels: Levels) -> Found:
    return search(part, levels, ends_at=monotonic() + 30, stop=never, on_better=lambda _found: None)


def _deaths() -> Path:
    return Path(os.environ[DEATHS])


def _name(part: Part) -> str:
    return f"the part of visit {part.visits[0]}"
