"""A speaker drops out: how many of the other proposals change, with and without `kept`."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from outreach import matching
from outreach.matching import Assigned, LevelName, Problem, Solution
from outreach.matching.make_problem import make_problem

Seats = set[tuple[str, Assigned]]


@dataclass(frozen=True, slots=True)
class DroppedOut:
    """Proposals for the others that are no more, and visits filled: with `kept` and freely.

    `proven`: no plan that is as good on the levels before changes fewer.
    """

    changed: int
    changed_freely: int
    filled: float
    filled_freely: float
    proven: bool


def drop_outs(*, seed: int) -> Iterator[DroppedOut]:
    """Plan an affiliate; then, for each speaker who has a visit, plan again without them."""
    problem = make_problem("affiliate", seed=seed)
    seats = _seats(matching.solve(problem))
    for gone in sorted({seat.speaker for _, seat in seats}):
        yield _drop_out(problem, seats, gone)


def _drop_out(problem: Problem, seats: Seats, gone: str) -> DroppedOut:
    left = {(visit, seat) for visit, seat in seats if seat.speaker != gone}
    without = _without(problem, gone, left)
    levels = tuple(each for each in problem.settings.levels if each is not LevelName.KEPT)
    kept = matching.solve(without)
    freely = matching.solve(replace(without, settings=replace(without.settings, levels=levels)))
    return DroppedOut(
        changed=len(left - _seats(kept)),
        changed_freely=len(left - _seats(freely)),
        filled=kept.levels[0].value,
        filled_freely=freely.levels[0].value,
        proven=all(level.proven for level in kept.levels),
    )


def _without(problem: Problem, gone: str, left: Seats) -> Problem:
    """Return the problem without the speaker, with the others' seats as proposed."""
    proposed: dict[str, list[Assigned]] = {visit.id: [] for visit in problem.visits}
    for visit, seat in sorted(left, key=lambda each: (each[0], each[1].speaker)):
        proposed[visit].append(seat)
    return replace(
        problem,
        speakers=tuple(each for each in problem.speakers if each.id != gone),
        visits=tuple(
            replace(
                visit,
                proposed=tuple(proposed[visit.id]),
                usual=tuple(each for each in visit.usual if each != gone),
            )
            for visit in problem.visits
        ),
    )


def _seats(solution: Solution) -> Seats:
    return {
        (plan.visit, Assigned(speaker=each.speaker, role=each.role))
        for plan in solution.visits
        for each in plan.speakers
    }
