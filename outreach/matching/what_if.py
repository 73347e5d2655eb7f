"""What it would cost to have one speaker where the plan has another, or nobody.

Asked for Ana in a role of a visit, the answer is one of two: the hard rules that speak
against her beside what is promised already, or the best plan with her there, told as the
difference to the present one. That plan is found by the ordinary search: she is fixed,
everything else that is not fixed may move.
"""

from collections import Counter
from dataclasses import dataclass, replace

from outreach.matching.problem import Assigned, LevelName, Problem, Visit
from outreach.matching.reasons import Refusal
from outreach.matching.solution import Solution
from outreach.matching.solve import solve
from outreach.matching.turns import Wanted, refusals_in_turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """One level before and after, as `solution.Level` counts it; distance in kilometers."""

    level: LevelName
    before: float
    after: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A visit whose speakers differ between two plans: who left it, and who came to it.

    Somebody who has another role is in both.
    """

    visit: str
    left: tuple[Assigned, ...]
    came: tuple[Assigned, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class WhatIf:
    """The answer. With `refusals` it cannot be, and all the rest is empty.

    `levels` are in the order of the problem's settings. `emptied` visits were filled and are
    no more, `filled` ones the other way round. `proven`: no plan with her there is better.
    """

    refusals: tuple[Refusal, ...] = ()
    levels: tuple[Compared, ...] = ()
    emptied: tuple[str, ...] = ()
    filled: tuple[str, ...] = ()
    changed: tuple[Changed, ...] = ()
    proven: bool = False

    @property
    def is_possible(self) -> bool:
        """Whether no hard rule speaks against it."""
        return not self.refusals


def what_if(
    problem: Problem,
    present: Solution,
    visit_id: str,
    speaker_id: str,
    role: str,
    *,
    instead_of: str | None = None,
    time_limit_s: float = 60.0,
) -> WhatIf:
    """Tell what speaks against this speaker in this role, or what it would change.

    `present` is the plan to compare with. Whoever the speaker would come `instead_of` loses
    this place even where it was fixed; another role of the visit stays open to them.
    A speaker the problem does not know is unavailable.

    Raises:
        KeyError: the problem has no such visit, or the visit no such role.
        ValueError: the speaker has a fixed place on the visit already.
    """
    asked = _without(problem, visit_id, role, instead_of)
    against = refusals_in_turn(asked, [Wanted(visit_id, speaker_id, role)], together=False)[0]
    visit = _visit(asked, visit_id)
    if any(each.speaker == speaker_id for each in visit.fixed):
        raise ValueError(f"{speaker_id!r} is on the visit {visit_id!r} already")
    if against:
        return WhatIf(refusals=against)
    with_her = replace(visit, fixed=(*visit.fixed, Assigned(speaker=speaker_id, role=role)))
    found = solve(_with(asked, with_her), time_limit_s=time_limit_s)
    before, after = filled_visits(problem, present), filled_visits(problem, found)
    return WhatIf(
        levels=compared(problem, present, found),
        emptied=tuple(each.id for each in problem.visits if each.id in before - after),
        filled=tuple(each.id for each in problem.visits if each.id in after - before),
        changed=changes(problem, present, found),
        proven=all(level.proven for level in found.levels),
    )


def compared(problem: Problem, before: Solution, after: Solution) -> tuple[Compared, ...]:
    """Compare two plans of one problem on every level of its settings, in their order."""
    was, is_now = measured(problem, before), measured(problem, after)
    return tuple(
        Compared(level=level, before=was[level], after=is_now[level])
        for level in problem.settings.levels
    )


def changes(problem: Problem, before: Solution, after: Solution) -> tuple[Changed, ...]:
    """List the visits whose speakers or roles differ, in the problem's order."""
    was, is_now = _seats(before), _seats(after)
    found: list[Changed] = []
    for visit in problem.visits:
        mine, theirs = was.get(visit.id, ()), is_now.get(visit.id, ())
        left = tuple(each for each in mine if each not in theirs)
        came = tuple(each for each in theirs if each not in mine)
        if left or came:
            found.append(Changed(visit=visit.id, left=left, came=came))
    return tuple(found)


def filled_visits(problem: Problem, solution: Solution) -> frozenset[str]:
    """Return the ids of the visits whose every role has its speakers."""
    seats = _seats(solution)
    return frozenset(
        visit.id for visit in problem.visits if _is_filled(visit, seats.get(visit.id, ()))
    )


def measured(problem: Problem, solution: Solution) -> dict[LevelName, float]:
    """Return what each level counts for a plan, whether or not it was solved for that level."""
    seats, filled = _seats(solution), filled_visits(problem, solution)
    load = Counter(each.speaker for there in seats.values() for each in there)
    chosen = [each for plan in solution.visits for each in plan.speakers]
    attending = {(visit, each.speaker) for visit, there in seats.items() for each in there}
    return {
        LevelName.FILL: len(filled),
        LevelName.CRITICAL: sum(v.critical for v in problem.visits if v.id in filled),
        LevelName.KEPT: sum(
            each in seats.get(visit.id, ()) for visit in problem.visits for each in visit.proposed
        ),
        LevelName.USUAL: sum(
            any((visit.id, speaker) in attending for speaker in visit.usual)
            for visit in problem.visits
        ),
        LevelName.FAIRNESS: sum(
            (speaker.recent_visits + load[speaker.id]) ** 2 for speaker in problem.speakers
        ),
        # Whole meters are summed, as the search does, so that equal plans are equal.
        LevelName.DISTANCE: sum(round(each.distance_km * 1000) for each in chosen) / 1000,
    }


def _without(problem: Problem, visit_id: str, role: str, speaker_id: str | None) -> Problem:
    """Return the problem in which the speaker lacks this place, wherever else they may be."""
    visit = _visit(problem, visit_id)
    if speaker_id is None:
        return problem
    left = tuple(each for each in visit.fixed if each != Assigned(speaker=speaker_id, role=role))
    places = visit.roles[role] - sum(each.role == role for each in left)
    # With one place it is taken by whom the question is about; of several, none may be theirs.
    barred = (*visit.excluded_speakers, speaker_id) if places > 1 else visit.excluded_speakers
    return _with(
        problem, replace(visit, fixed=left, excluded_speakers=tuple(dict.fromkeys(barred)))
    )


def _with(problem: Problem, visit: Visit) -> Problem:
    visits = tuple(visit if each.id == visit.id else each for each in problem.visits)
    return replace(problem, visits=visits)


def _visit(problem: Problem, visit_id: str) -> Visit:
    for visit in problem.visits:
        if visit.id == visit_id:
            return visit
    raise KeyError(visit_id)


def _seats(solution: Solution) -> dict[str, tuple[Assigned, ...]]:
    return {
        plan.visit: tuple(Assigned(speaker=each.speaker, role=each.role) for each in plan.speakers)
        for plan in solution.visits
    }


def _is_filled(visit: Visit, there: tuple[Assigned, ...]) -> bool:
    has = Counter(each.role for each in there)
    return all(has[role] >= needed for role, needed in visit.roles.items())
