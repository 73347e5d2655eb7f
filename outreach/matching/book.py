"""Who is booked for what, and which further visits that leaves to each speaker."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from outreach.matching.columns import Grouped
from outreach.matching.problem import Problem
from outreach.matching.timetable import Bools, Ints, Timetable


class Seat(NamedTuple):
    """A speaker in a role of a visit, by positions in the problem."""

    visit: int
    speaker: int
    role: str
    fixed: bool


class Book:
    """The seats taken so far, as arrays; asks about one visit are for all speakers at once.

    Many visits share a day or a month, and what those take is remembered.
    """

    def __init__(self, problem: Problem, timetable: Timetable, seats: Sequence[Seat]) -> None:
        self.seats = tuple(seats)
        self.quota: Ints = np.array([s.quota_per_month for s in problem.speakers], np.int64)
        self._timetable = timetable
        self._visit: Ints = np.array([seat.visit for seat in self.seats], np.int64)
        self._speaker: Ints = np.array([seat.speaker for seat in self.seats], np.int64)
        rest_days = np.array([s.rest_days for s in problem.speakers], np.int64)
        self._rest_days: Ints = rest_days[self._speaker]
        self._of_visit = Grouped(self._visit, len(problem.visits))
        self._of_speaker = Grouped(self._speaker, len(self.quota))
        # How long before and after a visit another one can be in its way.
        self._reach = np.where(self._rest_days == 0, timetable.longest_travel(), 0.0)
        self._used: dict[int, Ints] = {}
        self._close: dict[int, Bools] = {}

    def load(self) -> Ints:
        """Count each speaker's seats."""
        return np.bincount(self._speaker, minlength=len(self.quota))

    def used(self, visit: int) -> Ints:
        """Count each speaker's seats in the calendar month of this visit."""
        month = int(self._timetable.month[visit])
        if month not in self._used:
            same = self._timetable.month[self._visit] == month
            self._used[month] = np.bincount(self._speaker[same], minlength=len(self.quota))
        return self._used[month]

    def full(self, visit: int) -> Bools:
        """Tell whose monthly quota leaves no room for this visit as well."""
        full: Bools = self.used(visit) >= self.quota
        return full

    def resting(self, visit: int) -> Bools:
        """Tell who has a visit too few days from this one; also those who rest and are on it."""
        day = int(self._timetable.day[visit])
        if day not in self._close:
            here = np.array(visit)
            close = self._timetable.resting(here, self._visit, rest_days=self._rest_days)
            self._close[day] = self._anyone(np.flatnonzero(close))
        return self._close[day]

    def overlapping(self, visit: int) -> Bools:
        """Tell who cannot come from, or reach, another visit in time."""
        timetable = self._timetable
        near = np.flatnonzero(
            (timetable.starts[self._visit] - self._reach < timetable.ends[visit])
            & (timetable.ends[self._visit] + self._reach > timetable.starts[visit])
            & (self._visit != visit)
        )
        clash = timetable.overlapping(
            np.array(visit), self._visit[near], rest_days=self._rest_days[near]
        )
        return self._anyone(near[clash])

    def taken(self, visit: int) -> Bools:
        """Tell whom, of those not on it, quota, rest or another visit keeps from this one."""
        taken: Bools = self.full(visit) | self.resting(visit) | self.overlapping(visit)
        return taken

    def on(self, visit: int) -> Bools:
        """Tell who is booked for this very visit."""
        return self._anyone(self._of_visit.of(visit))

    def blocking_rest(self, visit: int, speaker: int) -> Iterator[int]:
        """Give this speaker's other visits that are too few days from this one."""
        return self._blocking(self._timetable.resting, visit, speaker)

    def blocking_overlap(self, visit: int, speaker: int) -> Iterator[int]:
        """Give this speaker's other visits that clash with this one in time."""
        return self._blocking(self._timetable.overlapping, visit, speaker)

    def _anyone(self, seats: Ints) -> Bools:
        found = np.zeros(len(self.quota), np.bool_)
        found[self._speaker[seats]] = True
        return found

    def _blocking(self, rule: Callable[..., Bools], visit: int, speaker: int) -> Iterator[int]:
        mine = self._of_speaker.of(speaker)
        mine = mine[self._visit[mine] != visit]
        others, rest_days = self._visit[mine], self._rest_days[mine]
        blocked = rule(np.array(visit), others, rest_days=rest_days)
        return iter(sorted(set(others[blocked].tolist())))


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
