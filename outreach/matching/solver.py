"""One run of HiGHS over a model. The only importer of highspy."""

from dataclasses import dataclass
from math import ceil, floor, isfinite

import highspy
import numpy as np

from outreach.errors import OutreachError
from outreach.matching.model import Model, Objective, Rows
from outreach.matching.timetable import Floats

# Objectives are whole numbers, so a dual bound may be rounded to the next one.
# The slack is well above HiGHS's feasibility tolerance (1e-6) and well below 1.
_SLACK = 1e-4
_OPTIONS: dict[str, bool | int | float | str] = {
    "output_flag": False,
    # HiGHS keeps one scheduler for the process: another value than at the first
    # run makes later runs fail, so it is the same everywhere. It also makes runs repeatable.
    "threads": 1,
    "parallel": "off",
    # The presolve of HiGHS 1.12 to 1.15 cuts off best points and reports the rest as optimal
    # (tests/matching/test_search.py has such a problem). Our models are as fast without it.
    "presolve": "off",
    "mip_rel_gap": 0.0,
    "mip_abs_gap": 1e-6,
    # The relaxation is tight and each level starts from a good point, so these searches
    # by smaller models cost more than they find: a third of the time of 45 affiliates.
    "mip_heuristic_run_rens": False,
    "mip_heuristic_run_rins": False,
    "mip_heuristic_run_root_reduced_cost": False,
}


class SolverFailed(OutreachError):
    """HiGHS ended in a way that a well-formed model cannot cause. A bug, not an input."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run found: the best point, if any, and the bound it proved, if any."""

    point: Floats | None
    bound: int | None
    optimal: bool


def run(
    model: Model,
    objective: Objective,
    *,
    locks: Rows,
    start: Floats,
    time_limit_s: float,
) -> Run:
    """Make `objective` best under the model's rows and `locks`, beginning from `start`.

    Raises:
        SolverFailed: for any status but optimal or out of time.
    """
    # A new instance for each run: its clock and its search begin afresh.
    highs = highspy.Highs()  # type: ignore[no-untyped-call]  # its __init__ has no annotations
    for option, value in {**_OPTIONS, "time_limit": time_limit_s}.items():
        _check(highs.setOptionValue(option, value), f"option {option}")
    _pass_model(highs, model, objective, locks)
    everywhere = np.arange(model.column_count, dtype=np.int32)
    _check(highs.setSolution(model.column_count, everywhere, start), "start")
    status = highs.run()
    reached = highs.getModelStatus()
    if reached not in {highspy.HighsModelStatus.kOptimal, highspy.HighsModelStatus.kTimeLimit}:
        name = highs.modelStatusToString(reached)
        raise SolverFailed("The solver ended with %(name)s (%(status)s).", name=name, status=status)
    return _read(highs, objective, optimal=reached == highspy.HighsModelStatus.kOptimal)


def _pass_model(highs: highspy.Highs, model: Model, objective: Objective, locks: Rows) -> None:
    rows = model.rows
    sense = highspy.ObjSense.kMaximize if objective.maximize else highspy.ObjSense.kMinimize
    whole, free = int(highspy.HighsVarType.kInteger), int(highspy.HighsVarType.kContinuous)
    count = model.column_count
    starts = rows.starts + [len(rows.columns) + start for start in locks.starts]
    columns = rows.columns + locks.columns
    passed = highs.passModel(
        count,
        len(starts),
        len(columns),
        int(highspy.MatrixFormat.kRowwise),
        int(sense),
        0.0,
        objective.costs,
        np.zeros(count),
        np.ones(count),
        np.array(rows.lower + locks.lower, np.float64),
        np.array(rows.upper + locks.upper, np.float64),
        np.array(starts, np.int32),
        np.array(columns, np.int32),
        np.array(rows.values + locks.values, np.float64),
        np.where(np.arange(count) < model.whole_count, whole, free).astype(np.int32),
    )
    _check(passed, "model")


def _read(highs: highspy.Highs, objective: Objective, *, optimal: bool) -> Run:
    info = highs.getInfo()
    found = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    point = np.array(highs.getSolution().col_value, np.float64) if found else None
    dual = info.mip_dual_bound
    if not isfinite(dual):
        return Run(point=point, bound=None, optimal=optimal)
    whole = floor(dual + _SLACK) if objective.maximize else ceil(dual - _SLACK)
    return Run(point=point, bound=objective.offset + whole, optimal=optimal)


def _check(status: highspy.HighsStatus, step: str) -> None:
    if status == highspy.HighsStatus.kError:
        raise SolverFailed("The solver refused the %(step)s.", step=step)
