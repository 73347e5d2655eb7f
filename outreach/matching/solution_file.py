"""A solution as a JSON object, with reasons in short English for whoever reads the file."""

from collections.abc import Iterable
from enum import StrEnum
from typing import TypeVar

from outreach.matching.fields import Fields, flag, integer, number, text, tuple_of
from outreach.matching.json_stream import Each, Member, Once, Source, read_members
from outreach.matching.problem import Assigned, LevelName, Problem, ProblemError, Visit
from outreach.matching.reasons import (
    Change,
    ChangeCode,
    Reason,
    ReasonCode,
    Refusal,
    RefusalCode,
)
from outreach.matching.solution import Chosen, FixedConflict, Level, Plan, Solution, Unfilled

SOLUTION_FORMAT = "outreach-matching-solution/1"
_REASONS = {
    ReasonCode.USUAL: "usually comes to this visit",
    ReasonCode.CERTIFIED: "certified as {role} until {until}",
    ReasonCode.FREE: "free at that time",
    ReasonCode.DISTANCE: "{km:.1f} km away",
    ReasonCode.CLEARED: "cleared at {site} until {until}",
    ReasonCode.RECENT: "visits in the last 90 days: {visits}",
    ReasonCode.QUOTA: "visit {used} of {limit} in {month}",
}
_Code = TypeVar("_Code", bound=StrEnum)


def solution_to_json(solution: Solution) -> dict[str, object]:
    """Write the solution; only `seconds` differs between two runs of one proven problem."""
    return {
        "format": SOLUTION_FORMAT,
        "seconds": round(solution.seconds, 3),
        "levels": [_level_to_json(level) for level in solution.levels],
        "visits": [
            {"id": plan.visit, "speakers": [_chosen_to_json(each) for each in plan.speakers]}
            for plan in solution.visits
        ],
        "unfilled": [
            {
                "id": each.visit,
                "considered": each.considered,
                "refusals": {code.value: count for code, count in each.refusals.items()},
                "would_fill_if": [change_in_english(change) for change in each.would_fill_if],
            }
            for each in solution.unfilled
        ],
        "fixed_conflicts": [
            {
                "visit": each.visit,
                "speaker": each.speaker,
                "reasons": _distinct(refusal.code.value for refusal in each.reasons),
            }
            for each in solution.fixed_conflicts
        ],
    }


def read_solution(source: Source, problem: Problem) -> Solution:
    """Read a solution file of this problem.

    Its sentences are checked for being text and left behind: reasons for and against are asked
    of the rules again (`Explainer.of`), and they do not lie. Raises ProblemError for what is no
    solution file, and for what this problem does not have.
    """
    reader = _SolutionReader(problem)
    seconds, levels = Once(number, 0.0), Each(_level)
    visits, unfilled = Each(reader.plan), Each(reader.unfilled)
    conflicts = Each(reader.conflict)
    known: dict[str, Member] = {
        "format": Once(_format, ""),
        "seconds": seconds,
        "levels": levels,
        "visits": visits,
        "unfilled": unfilled,
        "fixed_conflicts": conflicts,
    }
    read_members(source, known, optional=(), name="solution")
    return Solution(
        seconds=seconds.value,
        levels=tuple(levels.rows),
        visits=tuple(visits.rows),
        unfilled=tuple(unfilled.rows),
        fixed_conflicts=tuple(conflicts.rows),
    )


class _SolutionReader:
    """Reads what names the visits and speakers of a problem."""

    def __init__(self, problem: Problem) -> None:
        self._visits = {visit.id: visit for visit in problem.visits}
        self._speakers = {speaker.id for speaker in problem.speakers}
        self._planned: set[str] = set()
        self._unfilled: set[str] = set()

    def plan(self, data: object) -> Plan:
        fields = Fields(data)
        name = fields.take("id", self._visit)
        _once("id", name, self._planned)
        visit = self._visits[name]
        found = fields.take("speakers", tuple_of(lambda item: self._chosen(item, visit)))
        fields.end()
        if len({each.speaker for each in found}) < len(found):
            raise ProblemError("speakers", "has somebody twice")
        return Plan(visit=name, speakers=found)

    def unfilled(self, data: object) -> Unfilled:
        fields = Fields(data)
        name = fields.take("id", self._visit)
        _once("id", name, self._unfilled)
        considered = fields.take("considered", integer)
        refusals = fields.take("refusals", _counts)
        fields.take("would_fill_if", tuple_of(text))
        fields.end()
        return Unfilled(visit=name, considered=considered, refusals=refusals, would_fill_if=())

    def conflict(self, data: object) -> FixedConflict:
        fields = Fields(data)
        visit = fields.take("visit", self._visit)
        speaker = fields.take("speaker", self._speaker)
        codes = fields.take("reasons", tuple_of(lambda item: _code(item, RefusalCode)))
        fields.end()
        return FixedConflict(visit=visit, speaker=speaker, reasons=tuple(map(Refusal, codes)))

    def _chosen(self, data: object, visit: Visit) -> Chosen:
        fields = Fields(data)
        speaker = fields.take("id", self._speaker)
        role = fields.take("role", text)
        distance_km = fields.take("distance_km", number)
        fields.take("reasons", tuple_of(text))
        fields.end()
        if role not in visit.roles:
            raise ProblemError("role", f"{role!r} is not a role of this visit")
        fixed = Assigned(speaker=speaker, role=role) in visit.fixed
        return Chosen(speaker=speaker, role=role, distance_km=distance_km, fixed=fixed, reasons=())

    def _visit(self, data: object) -> str:
        name = text(data)
        if name not in self._visits:
            raise ProblemError("", f"the problem has no visit {name!r}")
        return name

    def _speaker(self, data: object) -> str:
        name = text(data)
        if name not in self._speakers:
            raise ProblemError("", f"the problem has no speaker {name!r}")
        return name


def _once(path: str, name: str, seen: set[str]) -> None:
    if name in seen:
        raise ProblemError(path, f"{name!r} is there twice")
    seen.add(name)


def _format(data: object) -> str:
    written = text(data)
    if written != SOLUTION_FORMAT:
        raise ProblemError("", f"is {written!r}, must be {SOLUTION_FORMAT!r}")
    return written


def _level(data: object) -> Level:
    fields = Fields(data)
    level = Level(
        name=fields.take("name", lambda item: _code(item, LevelName)),
        value=fields.take("value", number),
        bound=fields.take("bound", number),
        proven=fields.take("proven", flag),
    )
    fields.end()
    return level


def _counts(data: object) -> dict[RefusalCode, int]:
    fields = Fields(data)
    counts = {code: fields.optional(code.value, integer, 0) for code in RefusalCode}
    fields.end()
    return {code: count for code, count in counts.items() if count}


def _code(data: object, codes: type[_Code]) -> _Code:
    written = text(data)
    try:
        return codes(written)
    except ValueError:
        raise ProblemError("", f"is {written!r}, must be one of {', '.join(codes)}") from None


def _level_to_json(level: Level) -> dict[str, object]:
    counted = level.name is not LevelName.DISTANCE
    return {
        "name": level.name.value,
        "value": int(level.value) if counted else level.value,
        "bound": level.bound,
        "proven": level.proven,
    }


def _chosen_to_json(chosen: Chosen) -> dict[str, object]:
    return {
        "id": chosen.speaker,
        "role": chosen.role,
        "distance_km": chosen.distance_km,
        "reasons": [reason_in_english(reason) for reason in chosen.reasons],
    }


def reason_in_english(reason: Reason) -> str:
    """Word what speaks for a speaker."""
    return _REASONS[reason.code].format_map(reason.params)


def change_in_english(change: Change) -> str:
    """Word what would fill a visit, as the end of a sentence."""
    params = change.params
    match change.code:
        case ChangeCode.RENEW_CLEARANCE:
            done = "were renewed" if params["ended_on"] else "were given"
            return f"if {params['speaker']}'s clearance at {params['site']} {done}"
        case ChangeCode.CERTIFY:
            return (
                f"if {params['speaker']} were certified as {params['role']} in {params['program']}"
            )
        case ChangeCode.RAISE_QUOTA:
            return f"if {params['speaker']}'s quota for {params['month']} were {params['limit']}"
        case ChangeCode.MOVE:
            return f"if it began at {params['starts_at']:%Y-%m-%d %H:%M}"


def _distinct(codes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(codes))
