"""A large part made better on one level after another by moving people over.

More visits are filled by chains alone. Where none is left, a visit is filled by emptying another
one, and chains are tried for that: a walk over answers that fill as many, until one of them can
fill one more. On the later levels chains let those come who count there, and give visits to those
who have had fewer or live nearer.
"""

from collections.abc import Callable, Collection, Sequence
from random import Random

import numpy as np

from outreach.matching.chains import Chains
from outreach.matching.parts import Part
from outreach.matching.problem import LevelName
from outreach.matching.roster import Roster
from outreach.matching.timetable import Floats, Ints

PLACES = (10, 30, 100)
"""How many places a chain may look at, in the rounds over all visits that lack somebody."""
PLACES_OF_EXCHANGE, PLACES_AFTER = 10, 20
"""The same in an exchange: for the visit that is filled, and then for the one emptied."""
EMPTIED, EMPTIED_FOR_CRITICAL = 6, 60
"""So many visits are tried to be emptied for another."""
RESTS = 30
"""A visit that was emptied is let be for so many exchanges."""
PATIENCE, PATIENCE_A_VISIT = 4_000, 4
"""So many exchanges without a gain end the walk, or so many for each visit of the part."""
LEAST_WISH = 0.01
"""What a relaxation takes less of is not tried."""


def help_with(level: LevelName, earlier: Collection[LevelName]) -> bool:
    """Tell whether chains make this level better without giving up what the earlier ones have."""
    if level is LevelName.DISTANCE:
        return True
    return not {LevelName.FAIRNESS, LevelName.DISTANCE} & set(earlier)


def better(
    part: Part,
    taken: Ints,
    level: LevelName,
    earlier: Collection[LevelName],
    *,
    wish: Floats,
    most: int,
    over: Callable[[], bool],
) -> Ints:
    """Return `taken` made better on a level that chains help with, no worse on the earlier ones.

    `wish[visit]` is how much a relaxation fills of it: those it fills most come first. Ends when
    nothing helps any more, `over` says so, or `most` more visits are filled.
    """
    mover = _Mover(part, taken, level, earlier, over)
    order = np.argsort(-wish, kind="stable")
    wanted: list[int] = order[wish[order] >= LEAST_WISH].tolist()
    match level:
        case LevelName.FILL:
            gained = mover.fill(wanted, most)
            return mover.walk(wanted, most - gained)
        case LevelName.CRITICAL:
            wanted = [visit for visit in wanted if part.critical[visit]]
            mover.fill(wanted, most)
            mover.prefer(wanted)
        case LevelName.KEPT:
            mover.bring_back()
        case LevelName.USUAL:
            mover.bring_usual()
        case LevelName.FAIRNESS:
            mover.even_out()
        case LevelName.DISTANCE:
            mover.shorten(evenly=LevelName.FAIRNESS in earlier)
    return mover.roster.as_array()


class _Mover:
    """Moves people over. Whoever counts for an earlier level by being where they are stays."""

    def __init__(
        self,
        part: Part,
        taken: Ints,
        level: LevelName,
        earlier: Collection[LevelName],
        over: Callable[[], bool],
    ) -> None:
        self.roster = Roster(part)
        there = taken >= 0
        for pair in np.flatnonzero(there).tolist():
            self.roster.give(pair, int(taken[pair]))
        self._part = part
        self._over = over
        self._random = Random(0)  # noqa: S311 - repeatable, not secret
        self._load: list[int] = part.load.tolist()
        self._meters: list[int] = part.meters.tolist()
        for speaker in part.pair_speaker[there].tolist():
            self._load[speaker] += 1
        staying, full = np.zeros(len(taken), np.bool_), np.zeros(len(part.visits), np.bool_)
        if level is LevelName.KEPT or LevelName.KEPT in earlier:
            staying |= there & (taken == part.proposed)
        if level is LevelName.USUAL or LevelName.USUAL in earlier:
            staying |= there & part.usual
        full[part.pair_visit[staying]] = True
        if LevelName.CRITICAL in earlier:
            full |= part.critical
        self._chains = Chains(self.roster, set(np.flatnonzero(staying).tolist()))
        self._not_emptied = set(np.flatnonzero(full).tolist())

    def fill(self, wanted: Sequence[int], most: int) -> int:
        """Fill more of these visits, and give none up for it; tell how many."""
        filled = 0
        for places in PLACES:
            for visit in self._unfilled(wanted):
                if filled == most or self._over():
                    return filled
                filled += self._chains.fill(visit, places)
        return filled

    def walk(self, wanted: Sequence[int], most: int) -> Ints:
        """Exchange visits until that fills no more any more; return the best on the way."""
        best, filled, found = self.roster.as_array(), 0, 0
        step, gained = 0, 0
        patience = min(PATIENCE, PATIENCE_A_VISIT * len(self._part.visits))
        resting: dict[int, int] = {}
        while found < most and step - gained < patience and not self._over():
            step += 1
            self.roster.settle()
            able = [visit for visit in self._unfilled(wanted) if resting.get(visit, 0) < step]
            if not able:
                continue
            emptied = self._exchange(self._random.choice(able), EMPTIED)
            if emptied is None:
                continue
            if self._chains.fill(emptied, PLACES_AFTER):
                filled += 1
            else:
                resting[emptied] = step + RESTS
            if filled > found:
                best, found, gained = self.roster.as_array(), filled, step
        return best

    def prefer(self, wanted: Sequence[int]) -> None:
        """Fill these visits instead of others, and the others as well where that can be."""
        self._not_emptied.update(wanted)
        for visit in self._unfilled(wanted):
            if self._over():
                return
            emptied = self._exchange(visit, EMPTIED_FOR_CRITICAL)
            if emptied is not None:
                self._chains.fill(emptied, PLACES_AFTER)

    def bring_back(self) -> None:
        """Let those come who are proposed, for others, where the visit stays filled."""
        proposed = self._part.proposed
        for pair in np.flatnonzero(proposed >= 0).tolist():
            if self._over():
                return
            self._insist(pair, int(proposed[pair]))

    def bring_usual(self) -> None:
        """Let one of a visit's usual speakers come, for another, where none does."""
        part, roster = self._part, self.roster
        has = {
            roster.visit[pair]
            for pair in np.flatnonzero(part.usual).tolist()
            if roster.taken[pair] >= 0
        }
        may = np.flatnonzero(part.usual[part.able])
        for pair, post in zip(part.able[may].tolist(), part.post[may].tolist(), strict=True):
            if self._over():
                return
            if roster.visit[pair] not in has and self._insist(pair, post):
                has.add(roster.visit[pair])

    def even_out(self) -> None:
        """Give visits of those who have many to those who have fewer, until nobody can."""
        for places in PLACES:
            moved = True
            while moved:
                moved = False
                for pair in self._seated(lambda pair: self._load[self.roster.speaker[pair]]):
                    if self._over():
                        return
                    moved |= self._may_leave(pair) and self._pass_on(pair, places)

    def shorten(self, *, evenly: bool) -> None:
        """Let those come who have a shorter way; `evenly` where it leaves the loads as even."""
        moved = True
        while moved:
            moved = False
            for pair in self._seated(lambda pair: self._meters[pair]):
                if self._over():
                    return
                moved |= self._may_leave(pair) and self._nearer(pair, evenly=evenly)

    def _seated(self, most: Callable[[int], int]) -> list[int]:
        """Return the pairs that come, those with the most of something first."""
        seated = [pair for pair, post in enumerate(self.roster.taken) if post >= 0]
        return sorted(seated, key=lambda pair: -most(pair))

    def _may_leave(self, pair: int) -> bool:
        return self.roster.taken[pair] >= 0 and pair not in self._chains.staying

    def _pass_on(self, pair: int, places: int) -> bool:
        """Let somebody with fewer visits take the pair's place, if need be by a chain."""
        roster, load, began = self.roster, self._load, self.roster.mark()
        speaker, post = roster.speaker[pair], roster.taken[pair]
        roster.take_back(pair)
        found = self._chains.take(
            post,
            places,
            not_by=speaker,
            ends_with=lambda other: load[roster.speaker[other]] + 1 < load[speaker],
        )
        if found is None:
            roster.back_to(began)
            return False
        roster.settle()
        load[speaker] -= 1
        load[roster.speaker[found]] += 1
        return True

    def _nearer(self, pair: int, *, evenly: bool) -> bool:
        """Let somebody who is free and lives nearer take the place, or change with somebody."""
        roster, load, meters = self.roster, self._load, self._meters
        speaker, post = roster.speaker[pair], roster.taken[pair]
        for other in roster.pairs_of[post]:
            if meters[other] >= meters[pair] or roster.taken[other] >= 0:
                continue
            leaving = roster.in_the_way(other)
            if leaving == ():
                if evenly and load[roster.speaker[other]] + 1 > load[speaker]:
                    continue
                roster.take_back(pair)
                roster.give(other, post)
                load[speaker] -= 1
                load[roster.speaker[other]] += 1
                return True
            if any(self._change(pair, other, left) for left in leaving or ()):
                return True
        return False

    def _change(self, pair: int, other: int, left: int) -> bool:
        """Let two speakers take each other's places if that is nearer in all."""
        roster, meters = self.roster, self._meters
        if left in self._chains.staying:
            return False
        here, there = roster.taken[pair], roster.taken[left]
        mine = next(
            (
                each
                for each in roster.pairs_of[there]
                if roster.speaker[each] == roster.speaker[pair]
            ),
            None,
        )
        if mine is None or roster.taken[mine] >= 0:
            return False
        if meters[other] + meters[mine] >= meters[pair] + meters[left]:
            return False
        began = roster.mark()
        roster.take_back(pair)
        roster.take_back(left)
        if roster.is_free(other) and roster.is_free(mine):
            roster.give(other, here)
            roster.give(mine, there)
            return True
        roster.back_to(began)
        return False

    def _insist(self, pair: int, post: int) -> bool:
        """Let the pair's speaker take a post of a filled visit, and somebody else move over."""
        roster, began = self.roster, self.roster.mark()
        if pair in self._chains.staying:
            return False
        on_it = roster.taken[pair] >= 0
        leaving = (pair,) if on_it else roster.in_the_way(pair)
        if leaving is None:
            return False
        for left in leaving or (None,):
            if left in self._chains.staying:
                continue
            vacated = None if left is None else roster.taken[left]
            if left is not None:
                roster.take_back(left)
            for holder in self._holders(roster.visit[pair], post):
                sure = roster.mark()
                roster.take_back(holder)
                roster.give(pair, post)
                self._chains.staying.add(pair)
                if vacated is None or self._chains.take(vacated, PLACES[1]) is not None:
                    return True
                self._chains.staying.remove(pair)
                roster.back_to(sure)
            roster.back_to(began)
        return False

    def _holders(self, visit: int, post: int) -> list[int]:
        """Return who takes the post and may be asked to leave."""
        there = sorted(self.roster.at[visit] - self._chains.staying)
        return [each for each in there if self.roster.taken[each] == post]

    def _unfilled(self, wanted: Sequence[int]) -> list[int]:
        return [visit for visit in wanted if not self.roster.at[visit]]

    def _exchange(self, visit: int, tries: int) -> int | None:
        """Fill the visit by emptying another one; return that one, or None."""
        roster = self.roster
        for other in self._in_the_way(visit)[:tries]:
            began = roster.mark()
            for pair in list(roster.at[other]):
                roster.take_back(pair)
            if self._chains.fill(visit, PLACES_OF_EXCHANGE):
                return other
            roster.back_to(began)
        return None

    def _in_the_way(self, visit: int) -> list[int]:
        """Return the visits that keep somebody from this one, in a random order."""
        roster = self.roster
        found = {
            roster.visit[left]
            for post in roster.posts_of[visit]
            for pair in roster.pairs_of[post]
            for left in roster.in_the_way(pair) or ()
        } - self._not_emptied
        return self._random.sample(sorted(found), len(found))
