"""Visits filled one after another: the quick answer that keeps every rule.

It is the solver's start, and what stays where there is no time.
"""

from collections import defaultdict

import numpy as np

from outreach.matching.clashes import at_most_one
from outreach.matching.columns import Grouped
from outreach.matching.parts import Part
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
    return filler.taken


class _Filler:
    def __init__(self, part: Part) -> None:
        self.part = part
        self.taken: Ints = np.full(len(part.pair_visit), -1, np.int64)
        self._load = part.load.tolist()
        self._posts_of = Grouped(part.post_visit, len(part.visits))
        self._pairs_of = Grouped(part.post, len(part.posts))
        self._room = part.room.copy()
        sets, members = at_most_one(part)
        self._sets_of: defaultdict[int, list[int]] = defaultdict(list)
        for number, pair in zip(sets.tolist(), members.tolist(), strict=True):
            self._sets_of[pair].append(number)
        self._full: set[int] = set()

    def fill(self, visit: int, wish: Floats | None) -> None:
        """Give every vacancy of the visit to somebody, or none at all."""
        part = self.part
        chosen: dict[int, int] = {}
        coming: set[int] = set()
        posts = self._posts_of.of(visit).tolist()
        for post in sorted(posts, key=lambda post: len(self._pairs_of.of(post))):
            free = [
                pair
                for pair in part.able[self._pairs_of.of(post)].tolist()
                if pair not in coming and self._has_room(visit, pair)
            ]
            if len(free) < part.vacant[post]:
                return
            free.sort(key=lambda pair: self._rank(pair, wish))
            for pair in free[: part.vacant[post]]:
                chosen[pair] = post
                coming.add(pair)
        for pair, post in chosen.items():
            speaker = int(part.pair_speaker[pair])
            self.taken[pair] = post
            self._load[speaker] += 1
            self._room[speaker, part.month[visit]] -= 1
            self._full.update(self._sets_of[pair])

    def _has_room(self, visit: int, pair: int) -> bool:
        if self._room[self.part.pair_speaker[pair], self.part.month[visit]] <= 0:
            return False
        return self._full.isdisjoint(self._sets_of[pair])

    def _rank(self, pair: int, wish: Floats | None) -> tuple[float, int, int, int]:
        load = self._load[int(self.part.pair_speaker[pair])]
        wished = 0.0 if wish is None else -float(wish[pair])
        return (wished, load, int(self.part.meters[pair]), pair)
