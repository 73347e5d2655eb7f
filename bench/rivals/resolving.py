"""A speaker drops out: how many of the other proposals change, with and without `kept`."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from bench.rivals import commands
from bench.rivals.rules import Json
from outreach.matching import problem_to_json
from outreach.matching.make_problem import make_problem

LEVELS = ["fill", "critical", "kept", "usual", "fairness", "distance"]


@dataclass(frozen=True, slots=True)
class DroppedOut:
    """Proposals for the others that are no more, and visits filled: with `kept` and freely."""

    changed: int
    changed_freely: int
    filled: int
    filled_freely: int


def drop_out(folder: Path, *, seed: int) -> DroppedOut:
    """Plan an affiliate, take away whoever has most visits, and plan again both ways."""
    problem: Json = problem_to_json(make_problem("affiliate", seed=seed))
    seats = _seats(_solve(folder, problem))
    ((gone, _),) = Counter(speaker for _, speaker, _ in seats).most_common(1)
    left = {seat for seat in seats if seat[1] != gone}
    _take_away(problem, gone)
    for visit in problem["visits"]:
        visit["proposed"] = [
            {"speaker": s, "role": r} for v, s, r in sorted(left) if v == visit["id"]
        ]
    kept = _solve(folder, problem)
    problem["settings"]["levels"] = [level for level in LEVELS if level != "kept"]
    freely = _solve(folder, problem)
    return DroppedOut(
        changed=len(left - _seats(kept)),
        changed_freely=len(left - _seats(freely)),
        filled=kept["levels"][0]["value"],
        filled_freely=freely["levels"][0]["value"],
    )


def _solve(folder: Path, problem: Json) -> Json:
    file = folder / "again.json"
    file.write_text(json.dumps(problem))
    solution: Json = json.loads(commands.outreach("solve", str(file), "--json").stdout)
    return solution


def _seats(solution: Json) -> set[tuple[str, str, str]]:
    return {
        (plan["id"], each["id"], each["role"])
        for plan in solution["visits"]
        for each in plan["speakers"]
    }


def _take_away(problem: Json, gone: str) -> None:
    problem["speakers"] = [each for each in problem["speakers"] if each["id"] != gone]
    for visit in problem["visits"]:
        visit["usual"] = [name for name in visit["usual"] if name != gone]
