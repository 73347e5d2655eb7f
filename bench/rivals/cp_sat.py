"""The problem as a user of OR-Tools would write it down: a plain CP-SAT model.

A boolean for each visit, speaker and role, a clause for each pair of visits that one speaker
cannot both attend, and one weighted sum. Run as a program, for highspy and ortools cannot be
imported into one process:

    python -m bench.rivals.cp_sat problem.json --time-limit-s 60 --workers 2

The limit is the solver's alone: what building the model takes comes on top of it. Printed is one
JSON object: fill, bound of the weighted sum over the weight of a visit, the status, the seconds
to build, and the seats.
"""

import argparse
import json
import sys
import time as stopwatch
from collections import defaultdict
from itertools import combinations
from pathlib import Path

from ortools.sat.python import cp_model

from bench.rivals.rules import Event, Json, Person, Rules, Seat

WEIGHTS = {"fill": 100_000, "critical": 5_000, "kept": 500, "usual": 200, "load": 20, "km": 1}


def main() -> int:
    """Solve one file and print the answer."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("problem", type=Path)
    parser.add_argument("--time-limit-s", type=float, default=60)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    began = stopwatch.perf_counter()
    model = _Model(Rules(json.loads(options.problem.read_bytes())))
    built_s = stopwatch.perf_counter() - began
    answer = model.solve(time_limit_s=options.time_limit_s, workers=options.workers)
    print(json.dumps(answer | {"built_s": built_s}))
    return 0


class _Model:
    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._model = cp_model.CpModel()
        self._takes: dict[Seat, cp_model.IntVar] = {}
        self._comes: defaultdict[str, list[tuple[Event, cp_model.IntVar]]] = defaultdict(list)
        self._filled: dict[str, cp_model.IntVar] = {}
        self._goals: list[tuple[int, cp_model.IntVar]] = []
        self._fixed: defaultdict[str, list[Event]] = defaultdict(list)
        for event in rules.events.values():
            for seat in event.fixed:
                self._fixed[seat.speaker].append(event)
            self._add_visit(event)
        for name, comes in self._comes.items():
            self._add_speaker(rules.people[name], comes)
        self._model.maximize(sum(weight * variable for weight, variable in self._goals))

    def solve(self, *, time_limit_s: float, workers: int) -> Json:
        """Run CP-SAT and read its answer."""
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = time_limit_s
        solver.parameters.num_workers = workers
        status = solver.solve(self._model)
        found = status in {cp_model.OPTIMAL, cp_model.FEASIBLE}
        seats = [seat for seat, takes in self._takes.items() if found and solver.value(takes)]
        return {
            "fill": sum(bool(solver.value(filled)) for filled in self._filled.values())
            if found
            else 0,
            "bound": solver.best_objective_bound / WEIGHTS["fill"],
            "status": solver.status_name(status),
            "seats": seats,
        }

    def _add_visit(self, event: Event) -> None:
        filled = self._model.new_bool_var(f"{event.id} filled")
        self._filled[event.id] = filled
        weight = WEIGHTS["fill"] + WEIGHTS["critical"] * event.critical
        self._goals.append((weight, filled))
        fixed = {seat.speaker for seat in event.fixed}
        by_role: defaultdict[str, list[cp_model.IntVar]] = defaultdict(list)
        for person, roles in self._rules.able(event):
            if person.id in fixed:
                continue
            takes = []
            for role in roles:
                variable = self._model.new_bool_var(f"{event.id} {person.id} {role}")
                self._takes[Seat(event.id, person.id, role)] = variable
                by_role[role].append(variable)
                takes.append(variable)
                self._goals.append((self._worth(event, person, role), variable))
            self._model.add_at_most_one(takes)
            self._comes[person.id].extend((event, variable) for variable in takes)
        for role, vacant in event.vacancies().items():
            self._model.add(sum(by_role[role]) == vacant * filled)

    def _worth(self, event: Event, person: Person, role: str) -> int:
        kept = Seat(event.id, person.id, role) in event.proposed
        usual = person.id in event.usual
        return (
            WEIGHTS["kept"] * kept
            + WEIGHTS["usual"] * usual
            - WEIGHTS["load"] * person.recent
            - WEIGHTS["km"] * round(self._rules.km(event, person))
        )

    def _add_speaker(self, person: Person, comes: list[tuple[Event, cp_model.IntVar]]) -> None:
        by_month: defaultdict[tuple[int, int], list[cp_model.IntVar]] = defaultdict(list)
        fixed = self._fixed.get(person.id, [])
        for event, takes in comes:
            by_month[event.month].append(takes)
            if any(self._rules.clash(event, other, person.rest_days) for other in fixed):
                self._model.add(takes == 0)
        for month, takes_all in by_month.items():
            used = sum(event.month == month for event in fixed)
            self._model.add(sum(takes_all) <= max(0, person.quota - used))
        for (one, takes), (other, takes_too) in combinations(comes, 2):
            if one is not other and self._rules.clash(one, other, person.rest_days):
                self._model.add_bool_or([takes.negated(), takes_too.negated()])


if __name__ == "__main__":
    sys.exit(main())
