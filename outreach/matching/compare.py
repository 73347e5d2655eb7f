"""What a solution does with the proposals it was given: who stays, who changes, and why.

Changes that share a speaker depend on each other, so each reason is looked for among the changes
it hangs together with: first a rule that speaks against who was proposed, then the first level, in
the order of the settings, that is better than before.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from outreach.matching.book import fixed_seats
from outreach.matching.candidates import Candidates
from outreach.matching.explain import Explainer
from outreach.matching.problem import LevelName, Problem
from outreach.matching.reasons import Refusal
from outreach.matching.solution import Solution
from outreach.matching.timetable import Timetable


class WhyCode(StrEnum):
    """Why somebody who was proposed is not any more."""

    REFUSED = "refused"
    FILL = "fill"
    CRITICAL = "critical"
    USUAL = "usual"
    FAIRNESS = "fairness"
    DISTANCE = "distance"
    # The visit stays without all its people, and nobody is proposed for a part of it.
    INCOMPLETE = "incomplete"
    # Nothing is better for these changes by themselves, only for the whole.
    WHOLE = "whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """One reason. `refusals` with REFUSED; `count` more visits with FILL, CRITICAL and USUAL."""

    code: WhyCode
    refusals: tuple[Refusal, ...] = ()
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One place of a visit: who was proposed before and who is now, by id; None for nobody."""

    visit: str
    role: str
    before: str | None
    after: str | None
    why: Why | None


class _Seat(NamedTuple):
    visit: int
    speaker: str
    role: str


def compare(problem: Problem, solution: Solution) -> tuple[Difference, ...]:
    """Return where `solution` differs from what the problem has as proposed, in its order.

    `why` is None where nobody was proposed before. Fixed seats are the same in both.
    """
    return tuple(_Comparison(problem, solution).differences())


class _Comparison:
    def __init__(self, problem: Problem, solution: Solution) -> None:
        self.problem = problem
        positions = {visit.id: index for index, visit in enumerate(problem.visits)}
        self.unfilled = {positions[each.visit] for each in solution.unfilled}
        self.before = {
            _Seat(index, seat.speaker, seat.role)
            for index, visit in enumerate(problem.visits)
            for seat in visit.proposed
            if seat.speaker not in {fixed.speaker for fixed in visit.fixed}
        }
        self.after = {
            _Seat(positions[plan.visit], each.speaker, each.role)
            for plan in solution.visits
            for each in plan.speakers
            if not each.fixed
        }
        self.speakers = {speaker.id: index for index, speaker in enumerate(problem.speakers)}
        self.booked = Counter(seat.speaker for visit in problem.visits for seat in visit.fixed)
        self.candidates = Candidates(problem, Timetable(problem))
        self.refused = self._refused()

    def differences(self) -> Iterator[Difference]:
        gone, come = self.before - self.after, self.after - self.before
        groups = _Groups(gone | come)
        better = {root: self._better(seats) for root, seats in groups.by_root().items()}
        for visit, role, old, new in _pairs(gone, come):
            seat = _Seat(visit, old, role) if old else None
            yield Difference(
                visit=self.problem.visits[visit].id,
                role=role,
                before=old,
                after=new,
                why=self._why(seat, better[groups.root(visit)]) if seat else None,
            )

    def _why(self, seat: _Seat, better: Why) -> Why:
        refusals = self.refused.get(seat, ())
        if refusals:
            return Why(code=WhyCode.REFUSED, refusals=refusals)
        if seat.visit in self.unfilled and better.code not in {WhyCode.FILL, WhyCode.CRITICAL}:
            return Why(code=WhyCode.INCOMPLETE)
        return better

    def _refused(self) -> dict[_Seat, tuple[Refusal, ...]]:
        """Return what speaks against each seat that was given up, beside the fixed ones."""
        explainer = Explainer(self.candidates, fixed_seats(self.problem))
        return {
            seat: tuple(
                explainer.refusals(
                    seat.visit,
                    self.speakers[seat.speaker],
                    explainer.posts_asked(seat.visit, role=seat.role),
                )
            )
            for seat in self.before - self.after
        }

    def _better(self, seats: Sequence[_Seat]) -> Why:
        """Return the first level that differs from what could have stayed, if it is better.

        If it is worse, these changes are the price of others, and only the whole is better.
        """
        visits, speakers = {seat.visit for seat in seats}, {seat.speaker for seat in seats}
        stayed = {seat for seat in self.before if not self.refused.get(seat)}
        old, new = (
            self._values(stayed, visits, speakers),
            self._values(self.after, visits, speakers),
        )
        for level in self.problem.settings.levels:
            gain = new[level] - old[level]
            if gain > 0:
                return Why(code=WhyCode(level.value), count=gain)
            if gain < 0:
                break
        return Why(code=WhyCode.WHOLE)

    def _values(
        self, seats: set[_Seat], visits: set[int], speakers: set[str]
    ) -> dict[LevelName, int]:
        """Measure the levels for some visits and speakers alone; more is better in each."""
        mine = [seat for seat in seats if seat.visit in visits]
        attending = {visit: self._fixed(visit) for visit in visits}
        for seat in mine:
            attending[seat.visit].append((seat.speaker, seat.role))
        filled = [visit for visit in visits if self._is_filled(visit, attending[visit])]
        load = Counter(seat.speaker for seat in seats)
        facts = self.problem.visits
        return {
            LevelName.FILL: len(filled),
            LevelName.CRITICAL: sum(facts[visit].critical for visit in filled),
            LevelName.KEPT: 0,  # less in every change
            LevelName.USUAL: sum(
                any(speaker in facts[visit].usual for speaker, _ in attending[visit])
                for visit in visits
            ),
            LevelName.FAIRNESS: -sum((self._had(each) + load[each]) ** 2 for each in speakers),
            LevelName.DISTANCE: -sum(self._meters(seat) for seat in mine),
        }

    def _fixed(self, visit: int) -> list[tuple[str, str]]:
        return [(seat.speaker, seat.role) for seat in self.problem.visits[visit].fixed]

    def _is_filled(self, visit: int, attending: Sequence[tuple[str, str]]) -> bool:
        sitting = Counter(role for _, role in attending)
        needed = self.problem.visits[visit].roles
        return all(sitting[role] >= count for role, count in needed.items())

    def _had(self, speaker: str) -> int:
        """Count the visits this speaker has besides what is proposed."""
        recent = self.problem.speakers[self.speakers[speaker]].recent_visits
        return recent + self.booked[speaker]

    def _meters(self, seat: _Seat) -> int:
        speaker = self.speakers[seat.speaker]
        return int(self.candidates.meters(np.array(seat.visit), np.array(speaker)))


class _Groups:
    """Visits whose changes hang together because a speaker is in both."""

    def __init__(self, seats: Iterable[_Seat]) -> None:
        self._seats = sorted(seats)
        self._parent = {seat.visit: seat.visit for seat in self._seats}
        first: dict[str, int] = {}
        for seat in self._seats:
            other = first.setdefault(seat.speaker, seat.visit)
            self._parent[self.root(seat.visit)] = self.root(other)

    def root(self, visit: int) -> int:
        """Return the visit that stands for the group."""
        while self._parent[visit] != visit:
            self._parent[visit] = visit = self._parent[self._parent[visit]]
        return visit

    def by_root(self) -> dict[int, list[_Seat]]:
        """Return the changed seats of each group."""
        groups: defaultdict[int, list[_Seat]] = defaultdict(list)
        for seat in self._seats:
            groups[self.root(seat.visit)].append(seat)
        return groups


def _pairs(
    gone: Iterable[_Seat], come: Iterable[_Seat]
) -> Iterator[tuple[int, str, str | None, str | None]]:
    """Put who left a role of a visit beside who came to it, as far as there are both."""
    left: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    came: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
    for seats, by_place in ((gone, left), (come, came)):
        for seat in sorted(seats):
            by_place[seat.visit, seat.role].append(seat.speaker)
    for visit, role in sorted({*left, *came}):
        old, new = left[visit, role], came[visit, role]
        for index in range(max(len(old), len(new))):
            yield (
                visit,
                role,
                old[index] if index < len(old) else None,
                new[index] if index < len(new) else None,
            )
