"""Who takes which place of a part, while places are given, taken back and given again.

Plain lists and sets: one place is looked at a million times, never all of them at once.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from outreach.matching.clashes import at_most_one
from outreach.matching.columns import Grouped
from outreach.matching.parts import Part
from outreach.matching.timetable import Ints


class Roster:
    """The places taken so far, and what they leave of quotas and of sets of which one can be.

    `taken[pair]` is the post that the pair's speaker takes, or -1. `at[visit]` are the pairs that
    come to it, `posts_of[visit]` its posts with vacancies, `pairs_of[post]` who may take one,
    `pairs_with[speaker]` where they may go.
    """

    def __init__(self, part: Part) -> None:
        count, months = len(part.pair_visit), part.room.shape[1]
        month = part.pair_speaker * months + part.month[part.pair_visit]
        self.speaker: list[int] = part.pair_speaker.tolist()
        self.visit: list[int] = part.pair_visit.tolist()
        self.vacant: list[int] = part.vacant.tolist()
        self.taken = [-1] * count
        self.at: list[set[int]] = [set() for _ in part.visits]
        self.posts_of = _lists(part.post_visit, len(part.visits))
        self.pairs_of = _lists(part.post, len(part.posts), part.able)
        self.pairs_with = _lists(part.pair_speaker, len(part.speakers))
        self._month: list[int] = month.tolist()
        self._room: list[int] = part.room.ravel().tolist()
        self._in_month: defaultdict[int, dict[int, None]] = defaultdict(dict)
        number, member = at_most_one(part)
        self._sets_of = _lists(member, count, number)
        self._holder = [-1] * (int(number.max(initial=-1)) + 1)
        self._done: list[tuple[int, int, bool]] = []

    def give(self, pair: int, post: int) -> None:
        """Let the pair's speaker take the post; they must be free."""
        self._put(pair, post)
        self._done.append((pair, post, True))

    def take_back(self, pair: int) -> None:
        """Let the pair's speaker come no more."""
        self._done.append((pair, self.taken[pair], False))
        self._remove(pair)

    def lacking(self, visit: int) -> Iterator[int]:
        """Give each post of the visit as often as it has a vacancy that nobody takes."""
        posts = [self.taken[pair] for pair in self.at[visit]]
        for post in self.posts_of[visit]:
            yield from [post] * (self.vacant[post] - posts.count(post))

    def is_free(self, pair: int) -> bool:
        """Whether neither quota nor another visit keeps the speaker from this one."""
        return self.in_the_way(pair) == ()

    def in_the_way(self, pair: int) -> Sequence[int] | None:
        """Return the pairs of which each, taken back, makes this one free; None where none does."""
        blocking = -1
        for number in self._sets_of[pair]:
            holder = self._holder[number]
            if holder >= 0 and holder != blocking:
                if blocking >= 0:
                    return None
                blocking = holder
        month = self._month[pair]
        if blocking >= 0:
            helps = self._room[month] > 0 or self._month[blocking] == month
            return (blocking,) if helps else None
        if self._room[month] > 0:
            return ()
        return tuple(self._in_month[month]) or None

    def mark(self) -> int:
        """Return a moment to come back to."""
        return len(self._done)

    def back_to(self, moment: int) -> None:
        """Take back all that was done since."""
        while len(self._done) > moment:
            pair, post, given = self._done.pop()
            if given:
                self._remove(pair)
            else:
                self._put(pair, post)

    def settle(self) -> None:
        """Keep all that was done: there is no coming back to a moment before."""
        self._done.clear()

    def as_array(self) -> Ints:
        """Return `taken` as an array."""
        return np.array(self.taken, np.int64)

    def _put(self, pair: int, post: int) -> None:
        self.taken[pair] = post
        self.at[self.visit[pair]].add(pair)
        self._room[self._month[pair]] -= 1
        self._in_month[self._month[pair]][pair] = None
        for number in self._sets_of[pair]:
            self._holder[number] = pair

    def _remove(self, pair: int) -> None:
        self.taken[pair] = -1
        self.at[self.visit[pair]].remove(pair)
        self._room[self._month[pair]] += 1
        del self._in_month[self._month[pair]][pair]
        for number in self._sets_of[pair]:
            self._holder[number] = -1


def _lists(keys: Ints, count: int, values: Ints | None = None) -> list[list[int]]:
    """Return, of each key below `count`, the positions that have it, or their values."""
    grouped = Grouped(keys, count)
    order = grouped.order if values is None else values[grouped.order]
    return [each.tolist() for each in np.split(order, grouped.starts[1:-1])]
