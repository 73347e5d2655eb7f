"""Vacancies taken by moving people over: chains of changes, each a speaker for a speaker.

A vacancy is taken by somebody who is free; or by somebody who gives up another visit, if somebody
else takes over there, and so on. For one place a visit that is the augmenting path of matchings
(Berge, 1957), found breadth first; with rest days, quotas and visits that need several it is a
heuristic (ejection chains: Glover, 1996). It costs some microseconds for each place looked at,
where an exact neighborhood costs a tenth of a second. No chain leaves a visit that was filled
without its people.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from outreach.matching.roster import Roster


class _Place(NamedTuple):
    """A vacancy in a chain: `moved` takes the vacancy before it, and so gives up `left` here."""

    post: int
    before: int
    moved: int
    left: int


class Chains:
    """Chains over a roster; whoever has one of the pairs in `staying` is not moved from there."""

    def __init__(self, roster: Roster, staying: set[int]) -> None:
        self.roster = roster
        self.staying = staying

    def fill(self, visit: int, places: int) -> bool:
        """Fill a visit by a chain for each of its vacancies, or leave all as it is."""
        began = self.roster.mark()
        for post in list(self.roster.lacking(visit)):
            if self.take(post, places) is None:
                self.roster.back_to(began)
                return False
        return True

    def take(
        self,
        post: int,
        most: int,
        *,
        not_by: int = -1,
        ends_with: Callable[[int], bool] = lambda _pair: True,
    ) -> int | None:
        """Fill one vacancy, looking at so many places at most; return who came that was free.

        The speaker `not_by` has no part in it, and `ends_with` says who may be the free one.
        """
        roster = self.roster
        places, given_up = [_Place(post, -1, -1, -1)], set[int]()
        for at, place in enumerate(places):
            moving = {roster.speaker[each.moved] for each in _way(places, at)} | {not_by}
            for pair in roster.pairs_of[place.post]:
                leaving: Sequence[int] | None
                if roster.speaker[pair] in moving:
                    continue
                if roster.taken[pair] >= 0:  # on the visit already, in this post or another
                    leaving = () if roster.taken[pair] == place.post else (pair,)
                else:
                    leaving = roster.in_the_way(pair)
                    if leaving == () and ends_with(pair):
                        self._move_along(places, at, pair)
                        return pair
                if len(places) >= most:
                    continue
                for left in leaving or ():
                    if left not in given_up and left not in self.staying:
                        given_up.add(left)
                        places.append(_Place(roster.taken[left], at, pair, left))
        return None

    def _move_along(self, places: list[_Place], at: int, pair: int) -> None:
        """Let `pair`, who is free, take this place, and everybody on the way the one before."""
        way = list(_way(places, at))
        for place in way:
            self.roster.take_back(place.left)
        for place in way:
            self.roster.give(pair, place.post)
            pair = place.moved
        self.roster.give(pair, places[0].post)


def _way(places: list[_Place], at: int) -> Iterator[_Place]:
    """Give the places of the chain that leads to this one, but for its first."""
    while at > 0:
        yield places[at]
        at = places[at].before
