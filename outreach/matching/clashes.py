"""Which visits of one speaker exclude each other, as sets of which at most one can be taken."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

import numpy as np

from outreach.matching.columns import counting
from outreach.matching.parts import Part
from outreach.matching.timetable import Bools, Ints


def at_most_one(part: Part) -> tuple[Ints, Ints]:
    """Return sets of pairs of one speaker that all clash, covering every clash.

    As two columns: the number of the set and the pair. For those who rest n days the sets are
    the windows of n + 1 days that cannot be made larger: one row says what hundreds of pairs of
    visits would. For the others they are cliques of visits that overlap with travel.
    """
    day = part.times.day[part.pair_visit]
    nights = part.times.last_day[part.pair_visit] - day
    rest = part.rest_days[part.pair_speaker]
    # A visit that lasts longer than its speaker rests is not covered by windows of days.
    odd = np.zeros(len(part.speakers), np.bool_)
    odd[part.pair_speaker[nights > rest]] = True
    windowed = (rest > 0) & ~odd[part.pair_speaker]
    number, pair = _windows(part, np.flatnonzero(windowed), day, rest)
    first = int(number[-1]) + 1 if len(number) else 0
    sets = list(_cliques(*_clashing(part, np.flatnonzero(~windowed))))
    sizes = np.array([len(each) for each in sets], np.int64)
    more = np.array([pair for each in sets for pair in each], np.int64)
    return (
        np.concatenate([number, first + np.repeat(np.arange(len(sets)), sizes)]),
        np.concatenate([pair, more]),
    )


def _windows(part: Part, pairs: Ints, day: Ints, rest: Ints) -> tuple[Ints, Ints]:
    order = pairs[np.lexsort((day[pairs], part.pair_speaker[pairs]))]
    # One number for speaker and day, far enough apart that no window reaches the next speaker.
    stride = int(day.max(initial=0) - day.min(initial=0)) + int(rest.max(initial=0)) + 2
    key = part.pair_speaker[order] * stride + day[order] - int(day.min(initial=0))
    begin = np.searchsorted(key, key, side="left")
    end = np.searchsorted(key, key + rest[order], side="right")
    heads = np.flatnonzero(begin == np.arange(len(order)))
    # A window that ends where the one before it does lies inside it.
    larger = np.ones(len(heads), np.bool_)
    larger[1:] = end[heads[1:]] > end[heads[:-1]]
    heads = heads[larger & (end[heads] - heads > 1)]
    sizes = end[heads] - heads
    rows = np.repeat(np.arange(len(heads)), sizes)
    return rows, order[heads[rows] + counting(sizes)]


def _clashing(part: Part, pairs: Ints) -> tuple[Ints, Ints]:
    """Return the pairs that clash, one speaker's, each two once, by looking ahead in time."""
    starts = part.times.starts[part.pair_visit]
    order = pairs[np.lexsort((starts[pairs], part.pair_speaker[pairs]))]
    speaker, visit = part.pair_speaker[order], part.pair_visit[order]
    farthest = np.zeros(len(part.speakers), np.float64)
    np.maximum.at(farthest, part.pair_speaker, part.meters / 1000.0)
    rest = part.rest_days[speaker]
    reach = np.where(
        rest > 0, (rest + 1) * 24 * 60, np.ceil(part.times.longest_travel(farthest[speaker]))
    )
    until = part.times.ends[visit] + reach.astype(np.int64)
    low = int(starts.min(initial=0))
    stride = int(until.max(initial=0)) - low + 1
    key = speaker * stride + part.times.starts[visit] - low
    end = np.searchsorted(key, speaker * stride + until - low, side="right")
    here = np.arange(len(order))
    times = np.maximum(end - here - 1, 0)
    first = np.repeat(here, times)
    second = first + 1 + counting(times)
    clash: Bools = part.times.clashing(visit[first], visit[second], rest_days=rest[first])
    return order[first[clash]], order[second[clash]]


def _cliques(first: Ints, second: Ints) -> Iterator[list[int]]:
    """Cover every clash with sets whose members all clash; none can be made larger."""
    beside: defaultdict[int, set[int]] = defaultdict(set)
    edges = list(zip(first.tolist(), second.tolist(), strict=True))
    for one, other in edges:
        beside[one].add(other)
        beside[other].add(one)
    covered: set[tuple[int, int]] = set()
    for one, other in edges:
        if (one, other) in covered:
            continue
        members = [one, other]
        common = beside[one] & beside[other]
        while common:
            members.append(min(common))
            common &= beside[members[-1]]
        covered.update(_twos(members))
        yield members


def _twos(members: list[int]) -> Iterable[tuple[int, int]]:
    return ((one, other) for one in members for other in members if one != other)
