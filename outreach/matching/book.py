"""Who is booked for what, and which further visits that leaves to each speaker."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from outreach.matching.problem import Problem
from outreach.matching.timetable import Bools, Ints, Timetable


class Seat(NamedTuple):
    """A speaker in a role of a visit, by positions in the problem."""

    visit: int
    speaker: int
    role: str
    fixed: bool


class Book:
    """The seats taken so far, as arrays; asks about one visit are for all speakers at once."""

    def __init__(self, problem: Problem, timetable: Timetable, seats: Sequence[Seat]) -> None:
        self.seats = tuple(seats)
        self.quota: Ints = np.array([s.quota_per_month for s in problem.speakers], np.int64)
        self._rest_days: Ints = np.array([s.rest_days for s in problem.speakers], np.int64)
        self._timetable = timetable
        self._visit: Ints = np.array([seat.visit for seat in self.seats], np.int64)
        self._speaker: Ints = np.array([seat.speaker for seat in self.seats], np.int64)

    def load(self) -> Ints:
        """Count each speaker's seats."""
        return np.bincount(self._speaker, minlength=len(self.quota))

    def used(self, visit: int) -> Ints:
        """Count each speaker's seats in the calendar month of this visit."""
        month = self._timetable.month
        same = month[self._visit] == month[visit]
        return np.bincount(self._speaker[same], minlength=len(self.quota))

    def full(self, visit: int) -> Bools:
        """Tell whose monthly quota leaves no room for this visit as well."""
        full: Bools = self.used(visit) >= self.quota
        return full

    def resting(self, visit: int) -> Bools:
        """Tell who has another visit too few days from this one."""
        return self._anyone(self._others(visit) & self._resting(visit))

    def overlapping(self, visit: int) -> Bools:
        """Tell who cannot come from, or reach, another visit in time."""
        return self._anyone(self._others(visit) & self._overlapping(visit))

    def taken(self, visit: int) -> Bools:
        """Tell whom quota, rest or another visit keeps from this one."""
        taken: Bools = self.full(visit) | self.resting(visit) | self.overlapping(visit)
        return taken

    def on(self, visit: int) -> Bools:
        """Tell who is booked for this very visit."""
        return self._anyone(self._visit == visit)

    def blocking_rest(self, visit: int, speaker: int) -> Iterator[int]:
        """Give this speaker's other visits that are too few days from this one."""
        return self._blocking(self._resting(visit), visit, speaker)

    def blocking_overlap(self, visit: int, speaker: int) -> Iterator[int]:
        """Give this speaker's other visits that clash with this one in time."""
        return self._blocking(self._overlapping(visit), visit, speaker)

    def _others(self, visit: int) -> Bools:
        others: Bools = self._visit != visit
        return others

    def _resting(self, visit: int) -> Bools:
        rest_days = self._rest_days[self._speaker]
        return self._timetable.resting(np.array(visit), self._visit, rest_days=rest_days)

    def _overlapping(self, visit: int) -> Bools:
        rest_days = self._rest_days[self._speaker]
        return self._timetable.overlapping(np.array(visit), self._visit, rest_days=rest_days)

    def _anyone(self, seats: Bools) -> Bools:
        found = np.zeros(len(self.quota), np.bool_)
        found[self._speaker[seats]] = True
        return found

    def _blocking(self, blocked: Bools, visit: int, speaker: int) -> Iterator[int]:
        mine = blocked & self._others(visit) & (self._speaker == speaker)
        return iter(sorted({int(other) for other in self._visit[mine]}))


def fixed_seats(problem: Problem) -> list[Seat]:
    """Return the seats that never move, in the order of the visits."""
    position = {speaker.id: index for index, speaker in enumerate(problem.speakers)}
    return [
        Seat(visit=index, speaker=position[each.speaker], role=each.role, fixed=True)
        for index, visit in enumerate(problem.visits)
        for each in visit.fixed
    ]


def standing_seats(problem: Problem) -> list[Seat]:
    """Return the fixed seats and then the proposed ones, as they are."""
    position = {speaker.id: index for index, speaker in enumerate(problem.speakers)}
    seats = fixed_seats(problem)
    sitting = {(seat.visit, seat.speaker) for seat in seats}
    return seats + [
        Seat(visit=index, speaker=position[each.speaker], role=each.role, fixed=False)
        for index, visit in enumerate(problem.visits)
        for each in visit.proposed
        if (index, position[each.speaker]) not in sitting
    ]
