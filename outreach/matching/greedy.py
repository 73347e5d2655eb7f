"""Visits filled one after another: the quick answer that keeps every rule.

It is the solver's start, and what stays where there is no time.
"""

import numpy as np

from outreach.matching.parts import Part
from outreach.matching.roster import Roster
from outreach.matching.timetable import Floats, Ints


def fill(part: Part, wish: Floats | None = None) -> Ints:
    """Return `taken[pair]`: the post that the pair's speaker takes, or -1.

    Without `wish` the critical visits and those with the fewest candidates come first, and each
    post takes whoever has the smallest load, then the shortest way. `wish[pair]` is how much a
    solved relaxation takes of the pair: then visits and speakers come in the order of it.
    """
    filler = _Filler(part)
    visit_wish: Floats = np.zeros(len(part.visits))
    if wish is not None:
        places = np.bincount(part.post_visit, part.vacant, minlength=len(part.visits))
        visit_wish = np.bincount(part.pair_visit, wish, minlength=len(part.visits)) / places
    fewest = np.full(len(part.visits), len(part.able))
    np.minimum.at(fewest, part.post_visit, np.bincount(part.post, minlength=len(part.posts)))
    for visit in np.lexsort((fewest, ~part.critical, -visit_wish.round(6))).tolist():
        filler.fill(visit, wish)
    return filler.roster.as_array()


class _Filler:
    def __init__(self, part: Part) -> None:
        self.roster = Roster(part)
        self._load = part.load.tolist()
        self._meters = part.meters.tolist()

    def fill(self, visit: int, wish: Floats | None) -> None:
        """Give every vacancy of the visit to somebody, or none at all."""
        roster = self.roster
        chosen: dict[int, int] = {}
        for post in sorted(roster.posts_of[visit], key=lambda post: len(roster.pairs_of[post])):
            free = [
                pair
                for pair in roster.pairs_of[post]
                if pair not in chosen and roster.is_free(pair)
            ]
            if len(free) < roster.vacant[post]:
                return
            free.sort(key=lambda pair: self._rank(pair, wish))
            chosen.update(dict.fromkeys(free[: roster.vacant[post]], post))
        for pair, post in chosen.items():
            roster.give(pair, post)
            self._load[roster.speaker[pair]] += 1

    def _rank(self, pair: int, wish: Floats | None) -> tuple[float, int, int, int]:
        wished = 0.0 if wish is None else -float(wish[pair])
        return (wished, self._load[self.roster.speaker[pair]], self._meters[pair], pair)
