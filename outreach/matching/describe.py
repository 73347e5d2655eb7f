"""Seats turned into the answer: who and why, what stayed empty, which fixed ones break rules."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from math import inf
from time import monotonic

from outreach.matching.book import Seat, fixed_seats, standing_seats
from outreach.matching.candidates import Candidates
from outreach.matching.explain import Explainer
from outreach.matching.levels import filled_visits
from outreach.matching.problem import Problem
from outreach.matching.remedies import would_fill_if
from outreach.matching.solution import FixedConflict, Level, Plan, Solution, Unfilled
from outreach.matching.timetable import Timetable


def as_it_stands(problem: Problem) -> Solution:
    """Describe the fixed and the proposed seats as they are, without choosing any.

    For a page that shows stored proposals: nothing is solved, `levels` is empty, and
    a proposal that breaks a rule by now is shown like any other.
    """
    seats = standing_seats(problem)
    candidates = Candidates(problem, Timetable(problem))
    described = describe(candidates, seats, levels=(), began=monotonic())
    return replace(described, seconds=0.0)


def describe(
    candidates: Candidates,
    seats: Sequence[Seat],
    *,
    levels: tuple[Level, ...],
    began: float,
    ends_at: float = inf,
) -> Solution:
    """Word the seats as a solution, in the order of the problem's visits.

    `began` and `ends_at` are moments of `monotonic`. When the time is up, the changes that would
    fill a visit are no longer looked for (`remedies` finds them whenever it is asked).
    """
    problem = candidates.problem
    explainer = Explainer(candidates, seats)
    filled = filled_visits(candidates, seats)
    plans = tuple(_plans(explainer, seats))
    conflicts = tuple(_fixed_conflicts(candidates))
    unfilled = tuple(
        _unfilled(explainer, visit, remedied=monotonic() < ends_at)
        for visit in range(len(problem.visits))
        if visit not in filled
    )
    return Solution(
        seconds=monotonic() - began,
        levels=levels,
        visits=plans,
        unfilled=unfilled,
        fixed_conflicts=conflicts,
    )


def _plans(explainer: Explainer, seats: Sequence[Seat]) -> list[Plan]:
    by_visit: defaultdict[int, list[Seat]] = defaultdict(list)
    for seat in seats:
        by_visit[seat.visit].append(seat)
    visits = explainer.problem.visits
    plans: list[Plan] = []
    for visit in sorted(by_visit):
        roles = list(visits[visit].roles)
        ordered = sorted(by_visit[visit], key=lambda seat: roles.index(seat.role))
        speakers = tuple(explainer.chosen(seat) for seat in ordered)
        plans.append(Plan(visit=visits[visit].id, speakers=speakers))
    return plans


def _unfilled(explainer: Explainer, visit: int, *, remedied: bool) -> Unfilled:
    return Unfilled(
        visit=explainer.problem.visits[visit].id,
        considered=int((~explainer.book.on(visit)).sum()),
        refusals=explainer.counts(visit),
        would_fill_if=would_fill_if(explainer, visit) if remedied else (),
    )


def _fixed_conflicts(candidates: Candidates) -> list[FixedConflict]:
    problem = candidates.problem
    seats = fixed_seats(problem)
    explainer = Explainer(candidates, seats)
    found: list[FixedConflict] = []
    for seat in seats:
        reasons = tuple(explainer.fixed_conflicts(seat))
        if reasons:
            visit, speaker = problem.visits[seat.visit].id, problem.speakers[seat.speaker].id
            found.append(FixedConflict(visit=visit, speaker=speaker, reasons=reasons))
    return found
