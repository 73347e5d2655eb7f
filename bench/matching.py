"""The matching engine beside its bars, two greedy plans and a plain CP-SAT model.

Gated: what share of the certified bound is filled, how much of the gap from the better greedy
plan to the bound is closed, levels proven or at least bounded, memory, rules broken (none, by a
checker without the engine's code), how much faster candidates are than a plain loop and whether
their reasons are the same, and how many proposals a re-solve changes. Shown, never gated:
seconds, and CP-SAT's fill in the same time. Each solve is a process of its own, started as
`outreach match solve`. Everything takes an hour and a half; --quick takes less than a minute.
"""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench.rivals import candidates, checking, commands, greedy, resolving
from bench.rivals.rules import Json, Rules
from outreach.matching import problem_to_json
from outreach.matching.make_problem import SCALES, SHAPES, make_problem

SEEDS = {"affiliate": 50, "state": 3, "nation": 1}
TIME_LIMIT_S = {"affiliate": 60.0, "state": 110.0, "nation": 160.0}
"""For the engine: what is left of the 120 and 180 seconds is reading, writing and starting."""
CP_SAT_S = {"affiliate": 10.0, "state": 110.0}
"""A nation's pairwise clauses are millions: nobody would write that model in Python."""
COUNTED = {"affiliate": None, "state": 60, "nation": 20}
FILLED = {"state": 0.99, "nation": 0.998}
GAP_CLOSED = 0.95
CHANGED = 0.35
NATION_MB = 2_560
WIDE = 140
"""Columns where there is no terminal that has its own."""
QUICK_SHAPES = ("typical", "rest-free")


@dataclass(frozen=True, slots=True)
class Case:
    """One problem solved, and what its rivals filled."""

    scale: str
    shape: str
    seed: int
    solution: Json
    wrong: list[str]
    greedy: int
    cp_sat: int | None
    seconds: float
    peak_mb: float

    @property
    def filled(self) -> float:
        """How many visits the engine filled."""
        return float(self._fill()["value"])

    @property
    def bound(self) -> float:
        """What no plan can pass."""
        return float(self._fill()["bound"])

    @property
    def share(self) -> float:
        """Return the part of the bound that is filled."""
        return self.filled / self.bound if self.bound else 1.0

    @property
    def gap_closed(self) -> float:
        """Return the part of the way from the better greedy plan to the bound."""
        gap = self.bound - self.greedy
        return (self.filled - self.greedy) / gap if gap > 0 else 1.0

    @property
    def proven(self) -> float:
        """Return the share of levels that are proven optimal."""
        return statistics.fmean(bool(level["proven"]) for level in self.solution["levels"])

    @property
    def bounded(self) -> float:
        """Return the share of levels that have a bound that says something.

        Nobody needs an engine to know that a distance is not below 0.
        """
        return statistics.fmean(_says_something(level) for level in self.solution["levels"])

    def _fill(self) -> Json:
        found: Json = next(each for each in self.solution["levels"] if each["name"] == "fill")
        return found


@dataclass(frozen=True, slots=True)
class Row:
    """A figure beside its bar, which is the least it may be or the most; or only shown."""

    name: str
    value: float
    unit: str
    n: int
    baseline: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def bar(self) -> float | None:
        """Return the bar, if the figure is gated."""
        return self.at_most if self.at_least is None else self.at_least

    @property
    def met(self) -> bool:
        """Whether it holds."""
        over = self.at_least is None or self.value >= self.at_least
        return over and (self.at_most is None or self.value <= self.at_most)


def main() -> int:
    """Measure, print, and say by the exit status whether the bars were met."""
    options = _options()
    console = Console(stderr=True)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="outreach-bench-") as name:
        folder = Path(name)
        for scale in options.scale:
            cases = list(_cases(scale, options, folder, console))
            rows += _rows(scale, cases)
        rows += _candidates(visits=40 if options.quick else 300)
        rows += _resolves(seeds=_seeds("affiliate", options, at_most=10))
    if options.json:
        print(json.dumps([_to_json(row) for row in rows], indent=2))
    else:
        _print(rows)
    return 0 if all(row.met for row in rows) else 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="an affiliate of two shapes, one seed")
    parser.add_argument("--scale", action="append", choices=list(SCALES), help="may be repeated")
    parser.add_argument("--shape", action="append", choices=list(SHAPES), help="may be repeated")
    parser.add_argument("--seeds", type=int, help="how many seeds, from 1 on (default: by scale)")
    parser.add_argument("--time-limit-s", type=float, help="for each solve (default: by scale)")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    options.scale = options.scale or (["affiliate"] if options.quick else list(SCALES))
    options.shape = options.shape or list(QUICK_SHAPES if options.quick else SHAPES)
    return options


def _seeds(scale: str, options: argparse.Namespace, *, at_most: int = 1_000) -> range:
    count = options.seeds or (1 if options.quick else SEEDS[scale])
    return range(1, min(count, at_most) + 1)


def _cases(
    scale: str, options: argparse.Namespace, folder: Path, console: Console
) -> Iterator[Case]:
    for shape in options.shape:
        for seed in _seeds(scale, options):
            with console.status(f"{scale} {shape} {seed}"):
                case = _case(scale, shape, seed, folder, options)
            console.print(
                f"{scale} {shape} {seed}: {case.filled:.0f} of at most {case.bound:.0f} filled, "
                f"greedy {case.greedy}, {case.seconds:.1f} s, {case.peak_mb:.0f} MB"
            )
            for sentence in case.wrong[:5]:
                console.print(f"  wrong: {sentence}", markup=False)
            yield case


def _case(scale: str, shape: str, seed: int, folder: Path, options: argparse.Namespace) -> Case:
    file, out = folder / "problem.json", folder / "solution.json"
    limit_s = options.time_limit_s or TIME_LIMIT_S[scale]
    problem = problem_to_json(make_problem(scale, shape=shape, seed=seed))
    file.write_text(json.dumps(problem))
    ran = commands.outreach("solve", str(file), "--out", str(out), "--time-limit-s", str(limit_s))
    solution = json.loads(out.read_bytes())
    rules = Rules(problem)
    able = greedy.able_of(rules)
    plans = (greedy.chronological_nearest(rules, able), greedy.scarce_least_loaded(rules, able))
    wrong = checking.violations(problem, solution, rules=rules, most_counted=COUNTED[scale])
    cp_sat = None
    if seed == 1 and scale in CP_SAT_S:
        cp_sat = _cp_sat(file, 3.0 if options.quick else min(CP_SAT_S[scale], limit_s))
    return Case(
        scale=scale,
        shape=shape,
        seed=seed,
        solution=solution,
        wrong=wrong,
        greedy=max(len(checking.filled(rules, plan)) for plan in plans),
        cp_sat=cp_sat,
        seconds=ran.seconds,
        peak_mb=ran.peak_mb,
    )


def _cp_sat(file: Path, limit_s: float) -> int:
    ran = commands.run(
        [sys.executable, "-m", "bench.rivals.cp_sat", str(file), "--time-limit-s", str(limit_s)]
    )
    return int(json.loads(ran.stdout)["fill"])


def _says_something(level: Json) -> bool:
    bound = level["bound"]
    return bound is not None and (
        bound > 0 or level["value"] == bound or level["name"] != "distance"
    )


def _rows(scale: str, cases: list[Case]) -> Iterator[Row]:
    n = len(cases)
    wrong = sum(len(case.wrong) for case in cases)
    yield Row(f"{scale}: violations", wrong, "", n, at_most=0)
    yield from _gates(scale, cases)
    times = statistics.fmean(case.filled / case.greedy for case in cases if case.greedy)
    yield Row(f"{scale}: fill / better greedy, mean", times, "x", n)
    beside = [case for case in cases if case.cp_sat is not None]
    if beside:
        ours, theirs = sum(c.filled for c in beside), sum(c.cp_sat or 0 for c in beside)
        yield Row(f"{scale}: filled", ours, "visits", len(beside), f"CP-SAT {theirs}")
    slowest, largest = max(case.seconds for case in cases), max(case.peak_mb for case in cases)
    most_mb = NATION_MB if scale == "nation" else None
    yield Row(f"{scale}: memory, most", largest, "MB", n, at_most=most_mb)
    yield Row(f"{scale}: time with reading and writing, most", slowest, "s", n)


def _gates(scale: str, cases: list[Case]) -> Iterator[Row]:
    if scale == "affiliate":
        yield _least("affiliate: levels proven", cases, lambda case: case.proven, bar=1)
        return
    yield _least(f"{scale}: fill / bound", cases, lambda case: case.share, bar=FILLED[scale])
    yield _least(f"{scale}: gap closed", cases, lambda case: case.gap_closed, bar=GAP_CLOSED)
    if scale == "nation":
        yield _least("nation: levels with a bound", cases, lambda case: case.bounded, bar=1)
    proven = statistics.fmean(case.proven for case in cases)
    yield Row(f"{scale}: levels proven, mean", proven, "", len(cases))


def _least(name: str, cases: list[Case], figure: Callable[[Case], float], *, bar: float) -> Row:
    worst = min(cases, key=figure)
    told = f"{worst.shape} {worst.seed}: greedy {worst.greedy}, bound {worst.bound:.0f}"
    return Row(f"{name}, least", figure(worst), "", len(cases), told, at_least=bar)


def _candidates(*, visits: int) -> Iterator[Row]:
    found = candidates.measure(make_problem("state"), visits=visits)
    for name, plain_s, ours_s, bar in (
        ("without reasons", found.plain_s, found.ours_s, 20),
        ("with every reason", found.plain_with_reasons_s, found.ours_with_reasons_s, 5),
    ):
        told = f"{plain_s:.1f} s and {ours_s:.2f} s"
        yield Row(f"candidates {name}: plain / ours", plain_s / ours_s, "x", visits, told, bar)
    told = f"of {found.compared:,} pairs"
    yield Row("candidates: other reasons", found.differing, "pairs", visits, told, at_most=0)


def _resolves(*, seeds: Iterable[int]) -> Iterator[Row]:
    done = [each for seed in seeds for each in resolving.drop_outs(seed=seed)]
    kept, freely = sum(each.changed for each in done), sum(each.changed_freely for each in done)
    told = f"{kept} with the level, {freely} without"
    ratio = kept / freely if freely else 0.0
    yield Row("re-solve: proposals changed", ratio, "", len(done), told, at_most=CHANGED)
    unequal = sum(each.filled != each.filled_freely for each in done)
    yield Row("re-solve: fill not equal", unequal, "", len(done), at_most=0)
    fewest = statistics.fmean(each.proven for each in done)
    yield Row("re-solve: proven to be the fewest", fewest, "", len(done), at_least=1)


def _to_json(row: Row) -> dict[str, object]:
    shown = ("name", "value", "unit", "baseline", "n", "bar", "met")
    return {name: getattr(row, name) for name in shown}


def _print(rows: list[Row]) -> None:
    table = Table("figure", "value", "unit", "beside", "n", "bar", "met")
    for row in rows:
        bar = "" if row.bar is None else f"{row.bar:g}"
        met = "shown" if row.bar is None else ("yes" if row.met else "NO")
        table.add_row(row.name, f"{row.value:.5g}", row.unit, row.baseline, str(row.n), bar, met)
    Console(width=None if sys.stdout.isatty() else WIDE).print(table)


if __name__ == "__main__":
    sys.exit(main())
