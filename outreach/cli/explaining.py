"""Who goes to a visit and why, and what speaks against everyone else, in lines and as JSON."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from outreach import matching
from outreach.matching import Change, Chosen, Refusal, RefusalCode, Visit, WhatIf

MOST_NAMED = 12
"""How many people a line names; JSON names all."""
WHAT_IF_S = 10.0
"""How long the plan with somebody else there is looked for."""

_AGAINST = {
    RefusalCode.TOO_FAR: "{distance_km:.1f} km away, and goes {radius_km:.1f} km at most",
    RefusalCode.LANGUAGE: "does not speak {language}",
    RefusalCode.UNIT_TYPE: "does not visit units of the kind {unit_type}",
    RefusalCode.NOT_CERTIFIED: "not certified as {role} in {program} on that day",
    RefusalCode.NOT_CLEARED: "not cleared at {site} on that day",
    RefusalCode.UNAVAILABLE: "not available",
    RefusalCode.QUOTA: "has {used} of {limit} visits in {month}: {visits}",
    RefusalCode.REST: "rests {rest_days} days before and after a visit, and has {visit}",
    RefusalCode.OVERLAP: "has {visit} then, or could not be there in time",
}
_BY_OTHER_VISITS = {RefusalCode.QUOTA, RefusalCode.REST, RefusalCode.OVERLAP}


@dataclass(frozen=True, kw_only=True, slots=True)
class Explained:
    """One visit in a solution.

    `others` has everyone not on it with what speaks against, by speaker id; `order` the place
    of those whom nothing speaks against in the order of whom to ask, by role and speaker;
    `had` the visits of each speaker in that month, in order of time; `remedies` are single
    changes that would fill the visit, where it is not.
    """

    visit: Visit
    seats: tuple[Chosen, ...]
    others: Mapping[str, tuple[Refusal, ...]]
    order: Mapping[str, list[str]]
    had: Mapping[str, list[str]]
    remedies: tuple[Change, ...]

    def lines(self, *, only: str | None = None) -> Iterator[str]:
        """Give it in English, about one speaker or about all."""
        visit = self.visit
        yield (
            f"{visit.id} at {visit.site}, {visit.starts_at:%Y-%m-%d %H:%M}, {visit.minutes} "
            f"minutes, {visit.program}, {visit.language}, {visit.unit_type}"
        )
        yield from self._about(only) if only is not None else self._about_all()

    def to_json(self, *, only: str | None = None) -> dict[str, object]:
        """Give all of it, or what is about one speaker."""
        return {
            "visit": self.visit.id,
            "speakers": [
                {
                    "id": each.speaker,
                    "role": each.role,
                    "fixed": each.fixed,
                    "reasons": _reasons(each),
                }
                for each in self.seats
                if only in {None, each.speaker}
            ],
            "against": {
                speaker: [
                    {"code": refusal.code.value, "words": self._words(speaker, refusal)}
                    for refusal in refusals
                ]
                for speaker, refusals in self.others.items()
                if only in {None, speaker}
            },
            "would_fill_if": [matching.change_in_english(each) for each in self.remedies],
        }

    def _about(self, speaker: str) -> Iterator[str]:
        for seat in self.seats:
            if seat.speaker == speaker:
                yield _seat(seat)
                return
        refusals = self.others[speaker]
        for refusal in refusals:
            yield f"  {refusal.code}: {speaker} {self._words(speaker, refusal)}"
        if not refusals:
            yield f"Nothing speaks against {speaker}."
            yield from self._place(speaker)

    def _place(self, speaker: str) -> Iterator[str]:
        """Tell how near somebody who could come is to being asked."""
        for role, names in self.order.items():
            if speaker in names:
                place = names.index(speaker) + 1
                yield f"  As {role}: number {place} of {len(names)} in the order of whom to ask."

    def _about_all(self) -> Iterator[str]:
        for seat in self.seats:
            yield _seat(seat)
        for role, count in self._lacking().items():
            yield f"Still lacks {role}: {count}"
        could = [speaker for speaker, refusals in self.others.items() if not refusals]
        if could:
            yield f"Could come as well: {_named(could)}"
        yield f"What speaks against the other {len(self.others) - len(could):,}:"
        for code, found in self._by_code().items():
            yield from self._under(code, found)
        for number, change in enumerate(self.remedies):
            start = "It would be filled" if number == 0 else "               or"
            yield f"{start} {matching.change_in_english(change)}"

    def _under(self, code: RefusalCode, found: Mapping[str, list[Refusal]]) -> Iterator[str]:
        if code not in _BY_OTHER_VISITS:
            yield f"  {code} {len(found):,}: {_named(list(found))}"
            return
        yield f"  {code} {len(found):,}:"
        for speaker in list(found)[:MOST_NAMED]:
            words = "; ".join(self._words(speaker, refusal) for refusal in found[speaker])
            yield f"    {speaker} {words}"
        if len(found) > MOST_NAMED:
            yield f"    and {len(found) - MOST_NAMED:,} more"

    def _by_code(self) -> dict[RefusalCode, dict[str, list[Refusal]]]:
        """Sort what speaks against by rule, in the rules' order, then by speaker."""
        found: dict[RefusalCode, dict[str, list[Refusal]]] = {code: {} for code in RefusalCode}
        for speaker, refusals in self.others.items():
            for refusal in refusals:
                found[refusal.code].setdefault(speaker, []).append(refusal)
        return {code: under for code, under in found.items() if under}

    def _lacking(self) -> dict[str, int]:
        sitting = [seat.role for seat in self.seats]
        lacks = {role: count - sitting.count(role) for role, count in self.visit.roles.items()}
        return {role: lack for role, lack in lacks.items() if lack > 0}

    def _words(self, speaker: str, refusal: Refusal) -> str:
        visits = ", ".join(self.had.get(speaker, []))
        return _AGAINST[refusal.code].format_map({"visits": visits, **refusal.params})


def explain(problem: matching.Problem, solution: matching.Solution, visit_id: str) -> Explained:
    """Explain one visit of a solution. Raises KeyError for one that is not there."""
    explainer = matching.Explainer.of(problem, solution)
    visit = problem.visits[explainer.visit_at(visit_id)]
    return Explained(
        visit=visit,
        seats=explainer.attending(visit_id),
        others=explainer.refusals_for(visit_id),
        order={
            role: [each.speaker for each in explainer.ranking(visit_id, role)]
            for role in visit.roles
        },
        had=_had(problem, solution, (visit.starts_at.year, visit.starts_at.month)),
        remedies=matching.changes_to_fill(explainer, visit_id),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Instead:
    """What the best plan with a speaker in a role of the visit changes."""

    speaker: str
    role: str
    answer: WhatIf

    def lines(self) -> Iterator[str]:
        """Give it in English."""
        answer = self.answer
        yield f"If {self.speaker} came as {self.role}:"
        for each in answer.levels:
            if each.before != each.after:
                yield f"  {each.level} {each.before:,.10g} -> {each.after:,.10g}"
        for emptied in answer.emptied:
            yield f"  {emptied} would not have all its people any more"
        for filled in answer.filled:
            yield f"  {filled} would have all its people"
        for change in answer.changed:
            left = [f"{each.speaker} leaves as {each.role}" for each in change.left]
            came = [f"{each.speaker} comes as {each.role}" for each in change.came]
            yield f"  {change.visit}: {', '.join(left + came)}"
        if not answer.proven:
            yield "  The time was up: there may be a better plan with them."

    def to_json(self) -> dict[str, object]:
        """Give all of it."""
        answer = self.answer
        return {
            "role": self.role,
            "levels": [
                {"name": each.level.value, "before": each.before, "after": each.after}
                for each in answer.levels
            ],
            "emptied": list(answer.emptied),
            "filled": list(answer.filled),
            "changed": [
                {
                    "visit": change.visit,
                    "left": [{"id": each.speaker, "role": each.role} for each in change.left],
                    "came": [{"id": each.speaker, "role": each.role} for each in change.came],
                }
                for change in answer.changed
            ],
            "proven": answer.proven,
        }


def instead(
    problem: matching.Problem, solution: matching.Solution, visit: Visit, speaker: str
) -> Instead | None:
    """Tell what having a speaker on the visit would change, in the first role they could take.

    None where they are on it, and where a rule speaks against them whatever else is planned.
    """
    if any(each.speaker == speaker for each in solution.speakers_of(visit.id)):
        return None
    fixed = [each.role for each in visit.fixed]
    for role, needed in visit.roles.items():
        if fixed.count(role) < needed:
            answer = matching.what_if(
                problem, solution, visit.id, speaker, role, time_limit_s=WHAT_IF_S
            )
            if answer.is_possible:
                return Instead(speaker=speaker, role=role, answer=answer)
    return None


def _had(
    problem: matching.Problem, solution: matching.Solution, month: tuple[int, int]
) -> dict[str, list[str]]:
    """Name each speaker's visits of a month, in order of time."""
    starts = {visit.id: visit.starts_at for visit in problem.visits}
    had: defaultdict[str, list[str]] = defaultdict(list)
    for plan in sorted(solution.visits, key=lambda plan: starts[plan.visit]):
        if (starts[plan.visit].year, starts[plan.visit].month) == month:
            for each in plan.speakers:
                had[each.speaker].append(plan.visit)
    return had


def _seat(seat: Chosen) -> str:
    kind = ", fixed" if seat.fixed else ""
    return f"{seat.speaker} goes as {seat.role}{kind}: {'; '.join(_reasons(seat))}"


def _reasons(seat: Chosen) -> list[str]:
    return [matching.reason_in_english(reason) for reason in seat.reasons]


def _named(speakers: list[str]) -> str:
    more = len(speakers) - MOST_NAMED
    return ", ".join(speakers[:MOST_NAMED]) + (f" and {more:,} more" if more > 0 else "")
