"""A quick answer that keeps every rule: the solver's start, and what stays without time."""

from collections import defaultdict

import numpy as np

from outreach.matching.book import Seat
from outreach.matching.candidates import Candidates
from outreach.matching.timetable import Bools


def fill_greedily(candidates: Candidates, eligible: Bools) -> list[Seat]:
    """Fill visits one after another, the critical and the hardest to fill first.

    `eligible[post, speaker]` already leaves room for the fixed seats, except that
    their month's quota may still be filled up by several new ones: `_Diary` counts them.
    Each role takes whoever has the smallest load, then the shortest way.
    """
    diary = _Diary(candidates)
    seats: list[Seat] = []
    for visit in _order(candidates, eligible):
        chosen = _choose(candidates, eligible, visit, diary)
        for seat in chosen:
            diary.add(seat)
        seats += chosen
    return seats


class _Diary:
    """What each speaker has taken while filling, the fixed visits included."""

    def __init__(self, candidates: Candidates) -> None:
        problem = candidates.problem
        self._timetable = candidates.timetable
        self._speakers = problem.speakers
        self._visits: defaultdict[int, list[int]] = defaultdict(list)
        self._used: defaultdict[tuple[int, int], int] = defaultdict(int)
        self.load = [speaker.recent_visits for speaker in problem.speakers]
        position = {speaker.id: index for index, speaker in enumerate(problem.speakers)}
        for index, visit in enumerate(problem.visits):
            for each in visit.fixed:
                self.add(Seat(index, position[each.speaker], each.role, fixed=True))

    def add(self, seat: Seat) -> None:
        self._visits[seat.speaker].append(seat.visit)
        self._used[seat.speaker, int(self._timetable.month[seat.visit])] += 1
        self.load[seat.speaker] += 1

    def has_room(self, visit: int, speaker: int) -> bool:
        facts = self._speakers[speaker]
        if self._used[speaker, int(self._timetable.month[visit])] >= facts.quota_per_month:
            return False
        booked = np.array(self._visits[speaker], np.int64)
        rest_days = np.array(facts.rest_days)
        clashes = self._timetable.clashing(np.array(visit), booked, rest_days=rest_days)
        return not clashes.any()


def _order(candidates: Candidates, eligible: Bools) -> list[int]:
    visits = candidates.problem.visits
    fewest: dict[int, int] = {}
    for index, post in enumerate(candidates.posts):
        if post.vacant:
            choices = int(eligible[index].sum())
            fewest[post.visit] = min(choices, fewest.get(post.visit, choices))
    return sorted(fewest, key=lambda visit: (not visits[visit].critical, fewest[visit], visit))


def _choose(candidates: Candidates, eligible: Bools, visit: int, diary: _Diary) -> list[Seat]:
    """Return a seat for every vacancy of this visit, or none at all."""
    meters = candidates.meters[candidates.timetable.site[visit]]
    chosen: list[Seat] = []
    vacant = [post for post in candidates.posts_of[visit] if candidates.posts[post].vacant]
    for index in sorted(vacant, key=lambda post: int(eligible[post].sum())):
        post = candidates.posts[index]
        taken = {seat.speaker for seat in chosen}
        free = [
            speaker
            for speaker in np.flatnonzero(eligible[index]).tolist()
            if speaker not in taken and diary.has_room(visit, speaker)
        ]
        if len(free) < post.vacant:
            return []
        free.sort(key=lambda speaker: (diary.load[speaker], meters[speaker], speaker))
        chosen += [Seat(visit, s, post.role, fixed=False) for s in free[: post.vacant]]
    return chosen
