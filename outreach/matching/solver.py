"""One run of HiGHS over a program. The only importer of highspy."""

from dataclasses import dataclass
from math import ceil
from typing import TypeAlias

import highspy
import numpy as np

from outreach.errors import OutreachError
from outreach.matching.program import Program
from outreach.matching.progress import Stop
from outreach.matching.timetable import Floats

# Costs are whole numbers, so a bound may be rounded to the next one.
# The slack is well above HiGHS's feasibility tolerance (1e-6) and well below 1.
_SLACK = 1e-4
_Options: TypeAlias = dict[str, bool | int | float | str]
_OPTIONS: _Options = {
    "output_flag": False,
    # HiGHS keeps one scheduler for the process: another value than at the first
    # run makes later runs fail, so it is the same everywhere. It also makes runs repeatable.
    "threads": 1,
    "parallel": "off",
    # The presolve of HiGHS 1.12 to 1.15 cuts off best points and reports the rest as optimal
    # (tests/matching/test_search.py has such a problem). Our models are as fast without it.
    "presolve": "off",
    "mip_rel_gap": 0.0,
    # Costs are whole, so whatever is within less than 1 of the bound is the best.
    "mip_abs_gap": 0.999,
}
# Of the first-order method; the relaxations seen take 500 to 1,500.
_STEPS = 20_000
_ENDED = {
    highspy.HighsModelStatus.kOptimal,
    highspy.HighsModelStatus.kTimeLimit,
    highspy.HighsModelStatus.kInterrupt,
    highspy.HighsModelStatus.kSolutionLimit,
}


class SolverFailed(OutreachError):
    """HiGHS ended in a way that a well-formed model cannot cause. A bug, not an input."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run found: the best point, if any, and a bound, if it proved one."""

    point: Floats | None
    bound: int | None


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The program without wholeness: a point near its best, and a bound that holds anyway."""

    point: Floats
    bound: int


def best(
    program: Program, *, start: Floats, time_limit_s: float, stop: Stop, nodes: int = 0
) -> Run:
    """Make the costs least, beginning from `start`; with `nodes`, branch so often at most.

    Raises:
        SolverFailed: for any status but optimal, out of time or of nodes, or stopped.
    """
    options: _Options = {"time_limit": time_limit_s}
    if nodes:
        options["mip_max_nodes"] = nodes
    highs = _loaded(program, {**_OPTIONS, **options}, whole=True)
    every = np.arange(len(program.costs), dtype=np.int32)
    _check(highs.setSolution(len(every), every, start), "start")

    def interrupt(event: highspy.HighsCallbackEvent) -> None:
        if stop():
            event.interrupt()

    highs.cbMipInterrupt += interrupt
    status = highs.run()
    reached = highs.getModelStatus()
    if reached not in _ENDED:
        name = highs.modelStatusToString(reached)
        raise SolverFailed("The solver ended with %(name)s (%(status)s).", name=name, status=status)
    info = highs.getInfo()
    found = info.primal_solution_status == int(highspy.SolutionStatus.kSolutionStatusFeasible)
    point = np.array(highs.getSolution().col_value, np.float64) if found else None
    dual = info.mip_dual_bound
    return Run(point=point, bound=ceil(dual - _SLACK) if np.isfinite(dual) else None)


def relax(program: Program, *, time_limit_s: float) -> Relaxed | None:
    """Solve the program with every column continuous, as far as the time allows.

    By the first-order method (PDLP): on a state's problem 1 to 4 seconds, where the interior-point
    method takes 3 to 15 and the simplex method up to minutes. That it only comes near the best
    doesn't matter: the bound is reckoned from its duals. None where it got to none.
    """
    options: _Options = {
        "solver": "pdlp",
        "pdlp_iteration_limit": _STEPS,
        "time_limit": time_limit_s,
    }
    highs = _loaded(program, {**_OPTIONS, **options}, whole=False)
    highs.run()
    solution = highs.getSolution()
    if not solution.dual_valid:
        return None
    bound = ceil(program.bound(np.array(solution.row_dual, np.float64)) - _SLACK)
    point = np.clip(np.array(solution.col_value, np.float64), 0.0, program.upper)
    return Relaxed(point, bound)


def _loaded(program: Program, options: _Options, *, whole: bool) -> highspy.Highs:
    # A new instance for each run: its clock and its search begin afresh.
    highs = highspy.Highs()  # type: ignore[no-untyped-call]  # its __init__ has no annotations
    for option, value in options.items():
        _check(highs.setOptionValue(option, value), f"option {option}")
    matrix, count = program.matrix, len(program.costs)
    passed = highs.passModel(
        count,
        matrix.shape[0],
        matrix.nnz,
        int(highspy.MatrixFormat.kRowwise),
        int(highspy.ObjSense.kMinimize),
        0.0,
        program.costs,
        np.zeros(count),
        program.upper,
        program.row_lower,
        program.row_upper,
        matrix.indptr[:-1].astype(np.int32),
        matrix.indices.astype(np.int32),
        matrix.data,
        (program.whole & whole).astype(np.int32),
    )
    _check(passed, "model")
    return highs


def _check(status: highspy.HighsStatus, step: str) -> None:
    if status == highspy.HighsStatus.kError:
        raise SolverFailed("The solver refused the %(step)s.", step=step)
