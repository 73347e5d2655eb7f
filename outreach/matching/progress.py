"""How far a run has come, for whoever waits for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """A run at one moment.

    A component is a part of the problem that shares no speaker with another part. `filled`
    counts the visits that the best answer so far fills, `fill_bound` what no answer can pass.
    """

    seconds: float
    components: int
    components_done: int
    visits: int
    filled: int
    fill_bound: int


OnProgress: TypeAlias = Callable[[Progress], None]
Stop: TypeAlias = Callable[[], bool]
"""Asked now and then: True ends the search, and the best found so far is the answer."""


def untold(_progress: Progress) -> None:
    """Tell nobody."""


def never() -> bool:
    """Go on to the end."""
    return False
