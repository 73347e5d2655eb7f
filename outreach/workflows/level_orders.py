"""What the order of the goals costs, measured on the visits that are open now.

Read under `reading()` (`proposals.problem`), then measured under no transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from outreach import matching
from outreach.matching import LevelName, Problem

TIME_LIMIT_S = 4.0
"""For each of the two orders: somebody waits for the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What one order reaches: visits with everyone they need, and those of them that matter more.

    `proven`: no plan does better in this order.
    """

    levels: Sequence[str]
    filled: int
    critical: int
    proven: bool


def other_order(levels: Sequence[str]) -> tuple[str, ...]:
    """Return the order in which filling visits and filling critical ones change places."""
    swapped = {"fill": "critical", "critical": "fill"}
    return tuple(swapped.get(level, level) for level in levels)


def prices(problem: Problem) -> tuple[Price, Price]:
    """Measure the problem's own order, and the one with filling and critical visits swapped."""
    own = tuple(str(level) for level in problem.settings.levels)
    return _price(problem, own), _price(problem, other_order(own))


def _price(problem: Problem, levels: Sequence[str]) -> Price:
    ordered = tuple(LevelName(level) for level in levels)
    asked = replace(problem, settings=replace(problem.settings, levels=ordered))
    solution = matching.solve(asked, time_limit_s=TIME_LIMIT_S)
    reached = {level.name: level for level in solution.levels}
    two = (reached[LevelName.FILL], reached[LevelName.CRITICAL])
    filled, critical = (int(level.value) for level in two)
    return Price(
        levels=levels,
        filled=filled,
        critical=critical,
        proven=all(level.proven for level in two),
    )
