"""What it would cost to have one speaker where the plan has another, or nobody.

Asked for Ana in a role of a visit, the answer is one of two: the hard rules that speak
against her beside what is promised already, or the best plan with her there, told as the
difference to the present one. That plan is found by the ordinary search in the part of the
problem that she and the visit belong to: she is fixed, everything else there that is not fixed
may move. No other part shares a speaker with it, so nothing else changes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from outreach.matching.book import Seat, fixed_seats
from outreach.matching.candidates import Candidates
from outreach.matching.explain import seats_of
from outreach.matching.levels import filled_visits, measure, shown
from outreach.matching.parts import parts
from outreach.matching.problem import Assigned, LevelName, Problem, Visit
from outreach.matching.reasons import Refusal
from outreach.matching.solution import Solution
from outreach.matching.solve import solve
from outreach.matching.timetable import Timetable
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
    there = _Part(asked, visit_id, speaker_id)
    with_her = replace(visit, fixed=(*visit.fixed, Assigned(speaker=speaker_id, role=role)))
    found = solve(there.cut_from(_with(asked, with_her)), time_limit_s=time_limit_s)
    before, after = seats_of(problem, present), there.put_into(problem, present, found)
    candidates = Candidates(problem, Timetable(problem))
    had, has = filled_visits(candidates, before), filled_visits(candidates, after)
    return WhatIf(
        levels=_compared(candidates, before, after),
        emptied=tuple(problem.visits[each].id for each in sorted(had - has)),
        filled=tuple(problem.visits[each].id for each in sorted(has - had)),
        changed=_changes(problem, before, after),
        proven=all(level.proven for level in found.levels),
    )


def compared(problem: Problem, before: Solution, after: Solution) -> tuple[Compared, ...]:
    """Compare two plans of one problem on every level of its settings, in their order."""
    candidates = Candidates(problem, Timetable(problem))
    return _compared(candidates, seats_of(problem, before), seats_of(problem, after))


def changes(problem: Problem, before: Solution, after: Solution) -> tuple[Changed, ...]:
    """List the visits whose speakers or roles differ, in the problem's order."""
    return _changes(problem, seats_of(problem, before), seats_of(problem, after))


class _Part:
    """The visits and speakers that hang together with one visit and one speaker."""

    def __init__(self, problem: Problem, visit_id: str, speaker_id: str) -> None:
        self._visits, self._speakers = {visit_id}, {speaker_id}
        for part in parts(Candidates(problem, Timetable(problem)), fixed_seats(problem)):
            visits = {problem.visits[each].id for each in part.visits.tolist()}
            speakers = {problem.speakers[each].id for each in part.speakers.tolist()}
            if visit_id in visits or speaker_id in speakers:
                self._visits |= visits
                self._speakers |= speakers

    def cut_from(self, problem: Problem) -> Problem:
        """Return these visits as a problem, with all that those who may come have elsewhere."""
        inside = [each for each in problem.visits if each.id in self._visits]
        named = self._speakers | {each.speaker for visit in inside for each in visit.fixed}
        return replace(
            problem,
            speakers=tuple(each for each in problem.speakers if each.id in named),
            visits=tuple(self._cut(problem.visits, named)),
        )

    def put_into(self, problem: Problem, present: Solution, found: Solution) -> list[Seat]:
        """Return the seats of `present`, but in this part those of `found`."""
        visits, speakers = problem.visits, problem.speakers
        return [
            seat
            for seat in seats_of(problem, present)
            if visits[seat.visit].id not in self._visits
            and (seat.fixed or speakers[seat.speaker].id not in self._speakers)
        ] + [seat for seat in seats_of(problem, found) if visits[seat.visit].id in self._visits]

    def _cut(self, visits: Iterable[Visit], named: set[str]) -> Iterator[Visit]:
        for visit in visits:
            fixed = tuple(each for each in visit.fixed if each.speaker in named)
            if visit.id in self._visits:
                yield replace(
                    visit,
                    proposed=tuple(each for each in visit.proposed if each.speaker in named),
                    usual=tuple(each for each in visit.usual if each in named),
                    excluded_speakers=tuple(
                        each for each in visit.excluded_speakers if each in named
                    ),
                )
            elif fixed:
                yield replace(
                    visit,
                    roles=Counter(each.role for each in fixed),
                    fixed=fixed,
                    proposed=(),
                    usual=(),
                    excluded_speakers=(),
                )


def _compared(
    candidates: Candidates, before: Sequence[Seat], after: Sequence[Seat]
) -> tuple[Compared, ...]:
    was, is_now = measure(candidates, before), measure(candidates, after)
    return tuple(
        Compared(level=level, before=shown(level, was[level]), after=shown(level, is_now[level]))
        for level in candidates.problem.settings.levels
    )


def _changes(
    problem: Problem, before: Iterable[Seat], after: Iterable[Seat]
) -> tuple[Changed, ...]:
    was, is_now = _by_visit(problem, before), _by_visit(problem, after)
    found: list[Changed] = []
    for index, visit in enumerate(problem.visits):
        left = tuple(each for each in was[index] if each not in is_now[index])
        came = tuple(each for each in is_now[index] if each not in was[index])
        if left or came:
            found.append(Changed(visit=visit.id, left=left, came=came))
    return tuple(found)


def _by_visit(problem: Problem, seats: Iterable[Seat]) -> defaultdict[int, list[Assigned]]:
    found: defaultdict[int, list[Assigned]] = defaultdict(list)
    for seat in seats:
        speaker = problem.speakers[seat.speaker].id
        found[seat.visit].append(Assigned(speaker=speaker, role=seat.role))
    return found


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
