"""Seats turned into the answer: who and why, what stayed empty, which fixed ones break rules."""

from collections import defaultdict
from collections.abc import Sequence

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
    return describe(Candidates(problem, Timetable(problem)), seats, levels=(), seconds=0.0)


def describe(
    candidates: Candidates, seats: Sequence[Seat], *, levels: tuple[Level, ...], seconds: float
) -> Solution:
    """Word the seats as a solution, in the order of the problem's visits."""
    problem = candidates.problem
    explainer = Explainer(candidates, seats)
    filled = filled_visits(candidates, seats)
    return Solution(
        seconds=seconds,
        levels=levels,
        visits=tuple(_plans(explainer, seats)),
        unfilled=tuple(
            _unfilled(explainer, visit)
            for visit in range(len(problem.visits))
            if visit not in filled
        ),
        fixed_conflicts=tuple(_fixed_conflicts(candidates)),
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


def _unfilled(explainer: Explainer, visit: int) -> Unfilled:
    return Unfilled(
        visit=explainer.problem.visits[visit].id,
        considered=int((~explainer.book.on(visit)).sum()),
        refusals=explainer.counts(visit),
        would_fill_if=would_fill_if(explainer, visit),
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
