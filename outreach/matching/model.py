"""A part as a mixed-integer program: columns, rows, and an objective for each level."""

from functools import cached_property

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.sparse import csr_array

from outreach.matching.clashes import at_most_one
from outreach.matching.columns import Grouped, counting
from outreach.matching.parts import Part
from outreach.matching.problem import LevelName
from outreach.matching.program import Program
from outreach.matching.timetable import Bools, Floats, Ints

HALF = 0.5  # the solver's whole values are off by up to its tolerance


class Model:
    """Columns in this order, from 0 to `upper`; the first `whole_count` are whole.

    attend[k]     the speaker of pair k comes to its visit
    fill[v]       the visit's vacancies are all taken
    usual[v]      one of the visit's usual speakers attends
    takes[q, p]   how many speakers of kind q take post p; whole by themselves
    load[s, i]    the speaker takes an i-th new visit (i = 1, 2, ...); whole by themselves,
                  because each costs more than the one before it

    Speakers of a visit who may take the same posts, and are proposed for the same one, are of a
    kind. A kind that may take one post alone needs no `takes`. Rows are
    `row_lower <= matrix @ columns <= row_upper`.
    """

    def __init__(self, part: Part) -> None:
        self.part = part
        self._pairs, visits = len(part.pair_visit), len(part.visits)
        self._kinds = _Kinds(part)
        self._usual_visit = np.unique(part.pair_visit[part.usual])
        self._usual_of = _numbered(self._usual_visit, visits, self._pairs + visits)
        self.whole_count = self._pairs + visits + len(self._usual_visit)
        self._takes = self.whole_count + np.arange(len(self._kinds.take_post))
        self._load_speaker, self._load_cost = _loads(part)
        self._loads = self.whole_count + len(self._takes) + np.arange(len(self._load_cost))
        self.column_count = self.whole_count + len(self._takes) + len(self._loads)
        self.upper: Floats = np.ones(self.column_count)
        self.upper[self._takes] = part.vacant[self._kinds.take_post]
        rows = _Rows()
        self._fill_or_leave(rows)
        self._keep_apart(rows)
        self._count(rows)
        self.fills = slice(self._pairs, self._pairs + visits)
        self.matrix, self.row_lower, self.row_upper = rows.build(self.column_count)

    def costs(self, level: LevelName) -> Floats:
        """Return what each column counts on a level."""
        part, costs = self.part, np.zeros(self.column_count)
        fill = self._pairs + np.arange(len(part.visits))
        match level:
            case LevelName.FILL:
                costs[fill] = 1
            case LevelName.CRITICAL:
                costs[fill[part.critical]] = 1
            case LevelName.KEPT:
                costs[: self._pairs] = part.proposed == self._kinds.only_post
                costs[: self._pairs][part.proposed < 0] = 0
                costs[self._takes] = self._kinds.take_post == self._kinds.take_proposed
            case LevelName.USUAL:
                costs[self._usual_of[self._usual_visit]] = 1
            case LevelName.FAIRNESS:
                costs[self._loads] = self._load_cost
            case LevelName.DISTANCE:
                costs[: self._pairs] = part.meters
        return costs

    def program(self, costs: Floats, *, loads: bool) -> Program:
        """Return the program that makes `costs` least, with or without the columns of loads."""
        columns = self.column_count - (0 if loads else len(self._loads))
        rows = self.matrix.shape[0] - (0 if loads else len(self.part.speakers))
        return Program(
            costs=costs[:columns],
            matrix=self.matrix[:rows, :columns],
            row_lower=self.row_lower[:rows],
            row_upper=self.row_upper[:rows],
            upper=self.upper[:columns],
            whole=np.arange(columns) < self.whole_count,
        )

    @cached_property
    def visit_of(self) -> Ints:
        """The visit that each column is about; -1 for loads."""
        part = self.part
        of: Ints = np.full(self.column_count, -1, np.int64)
        of[: self._pairs] = part.pair_visit
        of[self._pairs : self._pairs + len(part.visits)] = np.arange(len(part.visits))
        of[self._usual_of[self._usual_visit]] = self._usual_visit
        of[self._takes] = part.post_visit[self._kinds.take_post]
        return of

    def loads_of(self, speakers: Bools) -> Bools:
        """Tell which columns are loads of these speakers."""
        found: Bools = np.zeros(self.column_count, np.bool_)
        found[self._loads] = speakers[self._load_speaker]
        return found

    def encode(self, taken: Ints) -> Floats:
        """Return the columns for `taken[pair]`, the post that the pair's speaker takes, or -1."""
        part, point = self.part, np.zeros(self.column_count)
        pairs = np.flatnonzero(taken >= 0)
        point[pairs] = 1
        point[self._pairs + part.pair_visit[pairs]] = 1
        point[self._usual_of[part.pair_visit[pairs[part.usual[pairs]]]]] = 1
        kind, post = self._kinds.of_pair[pairs], taken[pairs]
        shared = kind >= 0
        np.add.at(point, self._takes[self._kinds.take(kind[shared], post[shared])], 1)
        new = np.bincount(part.pair_speaker[pairs], minlength=len(part.speakers))
        nth = counting(np.bincount(self._load_speaker, minlength=len(part.speakers)))
        point[self._loads[nth < new[self._load_speaker]]] = 1
        return point

    def decode(self, point: Floats) -> Ints:
        """Return `taken` of a solved point; who may take several posts takes the one proposed."""
        part = self.part
        taken: Ints = np.full(self._pairs, -1, np.int64)
        chosen = np.flatnonzero(point[: self._pairs] > HALF)
        taken[chosen] = self._kinds.only_post[chosen]
        shared = np.unique(part.pair_visit[chosen[taken[chosen] < 0]])
        if not len(shared):
            return taken
        pairs_of = Grouped(part.pair_visit[chosen], len(part.visits))
        posts_of = Grouped(part.post_visit, len(part.visits))
        for visit in shared.tolist():
            pairs, posts = chosen[pairs_of.of(visit)], posts_of.of(visit)
            places = np.repeat(posts, part.vacant[posts])
            able = (self._kinds.mask[pairs][:, None] >> (places - posts[0])) & 1
            wish = (part.proposed[pairs][:, None] == places) + able * (1 + len(places))
            rows, columns = linear_sum_assignment(wish, maximize=True)
            taken[pairs[rows]] = places[columns]
        return taken

    def _fill_or_leave(self, rows: "_Rows") -> None:
        """Each post takes its vacancies or nobody, and whoever comes takes one post."""
        part, kinds = self.part, self._kinds
        fill = self._pairs + part.post_visit
        alone = np.flatnonzero(kinds.only_post >= 0)
        rows.add(
            np.concatenate([np.arange(len(part.posts)), kinds.only_post[alone], kinds.take_post]),
            np.concatenate([fill, alone, self._takes]),
            np.concatenate([-part.vacant, np.ones(len(alone) + len(self._takes))]),
            lower=0,
            upper=0,
        )
        shared = np.flatnonzero(kinds.of_pair >= 0)
        rows.add(
            np.concatenate([kinds.of_pair[shared], kinds.take_kind]),
            np.concatenate([shared, self._takes]),
            np.concatenate([np.ones(len(shared)), -np.ones(len(self._takes))]),
            lower=0,
            upper=0,
        )
        # Says nothing new of whole values, but keeps the relaxation from filling by halves.
        places = np.bincount(part.post_visit, part.vacant, minlength=len(part.visits))
        several = np.flatnonzero(places[part.pair_visit] > 1)
        number = np.arange(len(several))
        rows.add(
            np.concatenate([number, number]),
            np.concatenate([several, self._pairs + part.pair_visit[several]]),
            np.concatenate([np.ones(len(several)), -np.ones(len(several))]),
            lower=-np.inf,
            upper=0,
        )

    def _keep_apart(self, rows: "_Rows") -> None:
        """At most one of every set of visits that exclude each other, and no month too full."""
        part = self.part
        number, pair = at_most_one(part)
        rows.add(number, pair, np.ones(len(pair)), lower=-np.inf, upper=1)
        months = part.room.shape[1]
        key = part.pair_speaker * months + part.month[part.pair_visit]
        counts = np.bincount(key, minlength=part.room.size)
        bound = np.flatnonzero(counts > part.room.ravel())
        binds = np.flatnonzero(np.isin(key, bound))
        rows.add(
            np.searchsorted(bound, key[binds]),
            binds,
            np.ones(len(binds)),
            lower=-np.inf,
            upper=part.room.ravel()[bound],
        )

    def _count(self, rows: "_Rows") -> None:
        """A usual speaker attends only where one does; loads add up to the visits taken."""
        part = self.part
        usual = np.flatnonzero(part.usual)
        flags = self._usual_of[self._usual_visit]
        rows.add(
            np.concatenate(
                [
                    np.arange(len(flags)),
                    np.searchsorted(self._usual_visit, part.pair_visit[usual]),
                ]
            ),
            np.concatenate([flags, usual]),
            np.concatenate([np.ones(len(flags)), -np.ones(len(usual))]),
            lower=-np.inf,
            upper=0,
        )
        rows.add(
            np.concatenate([part.pair_speaker, self._load_speaker]),
            np.concatenate([np.arange(self._pairs), self._loads]),
            np.concatenate([np.ones(self._pairs), -np.ones(len(self._loads))]),
            lower=0,
            upper=0,
        )


class _Kinds:
    """The kinds of speakers of each visit.

    `mask[pair]` has a bit for each post of the visit that they may take. `only_post[pair]` is
    the one post they may take, or -1, and then `of_pair[pair]` is the kind. `take_kind`,
    `take_post` and `take_proposed` are what the kinds may take, in that order.
    """

    def __init__(self, part: Part) -> None:
        able = np.argsort(part.able, kind="stable")
        posts, starts = part.post[able], np.flatnonzero(np.diff(part.able[able], prepend=-1))
        first = part.post_visit.searchsorted(part.pair_visit)
        masks = np.bitwise_or.reduceat(1 << (posts - first[part.able[able]]), starts)
        self.mask: Ints = masks
        single = np.bincount(part.able, minlength=len(part.pair_visit)) == 1
        self.only_post: Ints = np.where(single, posts[starts], -1)
        shared = np.flatnonzero(~single)
        keys = np.stack([part.pair_visit[shared], masks[shared], part.proposed[shared]])
        kinds, of_shared = np.unique(keys, axis=1, return_inverse=True)
        self.of_pair: Ints = np.full(len(single), -1, np.int64)
        self.of_pair[shared] = of_shared.ravel()
        widest = int(masks.max(initial=1)).bit_length()
        may = (kinds[1][:, None] >> np.arange(widest)) & 1
        self.take_kind, bit = np.nonzero(may)
        begin = part.post_visit.searchsorted(kinds[0])
        self.take_post: Ints = begin[self.take_kind] + bit
        self.take_proposed: Ints = kinds[2][self.take_kind]
        self._posts = len(part.posts)

    def take(self, kind: Ints, post: Ints) -> Ints:
        """Return which of the `takes` is the one of this kind and post."""
        keys = self.take_kind * self._posts + self.take_post
        return np.searchsorted(keys, kind * self._posts + post)


class _Rows:
    """Blocks of sparse rows, put together at the end."""

    def __init__(self) -> None:
        self._count = 0
        self._blocks: list[tuple[Ints, Ints, Floats]] = []
        self._bounds: list[tuple[Floats, Floats]] = []

    def add(
        self,
        row: Ints,
        column: Ints,
        value: Floats,
        *,
        lower: float | Ints,
        upper: float | Ints,
    ) -> None:
        """Append rows numbered from 0 as they are in `row`."""
        count = int(row.max(initial=-1)) + 1
        self._blocks.append((row + self._count, column, value))
        self._bounds.append((np.broadcast_to(lower, count), np.broadcast_to(upper, count)))
        self._count += count

    def build(self, columns: int) -> tuple[csr_array, Floats, Floats]:
        row, column, value = (np.concatenate(each) for each in zip(*self._blocks, strict=True))
        lower, upper = (np.concatenate(each) for each in zip(*self._bounds, strict=True))
        matrix = csr_array((value, (row, column)), shape=(self._count, columns))
        return matrix, lower.astype(np.float64), upper.astype(np.float64)


def _numbered(keys: Ints, count: int, first: int) -> Ints:
    """Return an array over `count` keys: the n-th of `keys` has `first` + n, others -1."""
    number: Ints = np.full(count, -1, np.int64)
    number[keys] = first + np.arange(len(keys))
    return number


def _loads(part: Part) -> tuple[Ints, Floats]:
    """Return one row for each further visit that a speaker's quotas leave room for.

    What it adds to the square: (b + 1)^2 - b^2 = 2b + 1, always more than the one before.
    """
    months = part.room.shape[1]
    visits = np.bincount(
        part.pair_speaker * months + part.month[part.pair_visit], minlength=part.room.size
    )
    most = np.minimum(visits.reshape(part.room.shape), part.room).sum(axis=1)
    speaker = np.repeat(np.arange(len(most)), most)
    costs = 2 * (part.load[speaker] + counting(most)) + 1
    return speaker, costs.astype(np.float64)
