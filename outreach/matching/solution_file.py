"""A solution as a JSON object, with reasons in short English for whoever reads the file."""

from collections.abc import Iterable

from outreach.matching.problem import LevelName
from outreach.matching.reasons import Change, ChangeCode, Reason, ReasonCode
from outreach.matching.solution import Chosen, Level, Solution

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
                "would_fill_if": [_change_in_english(change) for change in each.would_fill_if],
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
        "reasons": [_reason_in_english(reason) for reason in chosen.reasons],
    }


def _reason_in_english(reason: Reason) -> str:
    return _REASONS[reason.code].format_map(reason.params)


def _change_in_english(change: Change) -> str:
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


def _distinct(codes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(codes))
