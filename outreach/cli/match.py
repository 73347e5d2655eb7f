"""`outreach match`: the engine on files, without a configuration or a database."""

import json
from functools import partial
from math import isnan

import click

from outreach import matching
from outreach.cli import explaining, files
from outreach.cli.main import main
from outreach.cli.running import Run, watched
from outreach.errors import Unusable
from outreach.matching import make_problem as making


@main.group()
def match() -> None:
    r"""Plan visits from a file, explain a plan, or make a problem to try it with.

    \b
    Examples:
      outreach match make-problem --scale affiliate --out problem.json
      outreach match solve problem.json --out solution.json
      outreach match explain problem.json solution.json --visit v7
    """


@match.command()
@click.argument("problem")
@click.option("--out", help="Where the solution goes (default: standard output).")
@click.option(
    "--time-limit-s",
    default=60.0,
    show_default=True,
    type=click.FloatRange(0, 86_400),
    callback=lambda _context, _option, value: _seconds(value),
    help="Seconds after which the best so far is the answer.",
)
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(1, 256),
    help="Processes that solve parts of the problem side by side.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the solution, also beside --out.")
def solve(
    problem: str,
    out: str | None,
    time_limit_s: float,
    workers: int,
    as_json: bool,  # noqa: FBT001 - a click flag
) -> None:
    r"""Find the best speakers for the visits in PROBLEM ("-" is standard input).

    Each level comes with what no plan can pass; "proven" says that the two are the same. Ctrl-C
    ends the search, and the best so far is the answer; a second Ctrl-C ends without one.

    \b
    Examples:
      outreach match solve problem.json --out solution.json
      outreach match solve - --json < problem.json | jq .levels
    """
    if out is not None:
        files.check_writable(out)
    asked = _problem(problem)
    run = Run()
    work = partial(
        matching.solve,
        asked,
        time_limit_s=time_limit_s,
        workers=workers,
        on_progress=run.told,
        stop=run.stops,
    )
    solution = watched(run, work)
    written = json.dumps(matching.solution_to_json(solution), indent=1, allow_nan=False) + "\n"
    if out is not None:
        files.write(out, written)
    prints = as_json or out is None
    if prints and out != files.STANDARD:
        files.write(files.STANDARD, written)
    if run.stopped_by:
        click.echo("Stopped: this is the best found so far, with its bounds.", err=True)
    _summarize(solution, visits=len(asked.visits), err=prints or out == files.STANDARD)


@match.command()
@click.argument("problem")
@click.argument("solution")
@click.option("--visit", "visit_id", required=True, help="The visit's id.")
@click.option("--speaker", "speaker_id", help="Tell about this speaker only.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON, with nobody left out.")
def explain(
    problem: str,
    solution: str,
    visit_id: str,
    speaker_id: str | None,
    as_json: bool,  # noqa: FBT001 - a click flag
) -> None:
    r"""Tell who goes to a visit and why, and what speaks against everyone else.

    Of a visit that lacks somebody, also what would fill it. Of one speaker who is not on it but
    could be, also what the best plan with them there would change, which may take 10 seconds.

    \b
    Examples:
      outreach match explain problem.json solution.json --visit v7
      outreach match explain problem.json solution.json --visit v7 --speaker s12
    """
    if problem == solution == files.STANDARD:
        raise Unusable("Only one of the two can be standard input.")
    asked = _problem(problem)
    with files.reading(solution) as source:
        answer = matching.read_solution(source, asked)
    if all(visit.id != visit_id for visit in asked.visits):
        raise Unusable(f"{problem}: there is no visit {visit_id!r}.")
    if speaker_id is not None and all(each.id != speaker_id for each in asked.speakers):
        raise Unusable(f"{problem}: there is no speaker {speaker_id!r}.")
    told = explaining.explain(asked, answer, visit_id)
    instead = explaining.instead(asked, answer, told.visit, speaker_id) if speaker_id else None
    if as_json:
        shown = told.to_json(only=speaker_id)
        if speaker_id:
            shown["if_they_came"] = instead.to_json() if instead else None
        click.echo(json.dumps(shown, indent=1, allow_nan=False))
    else:
        click.echo("\n".join([*told.lines(only=speaker_id), *(instead.lines() if instead else ())]))


@match.command("make-problem")
@click.option("--scale", required=True, type=click.Choice(list(making.SCALES)))
@click.option(
    "--shape", default="typical", show_default=True, type=click.Choice(list(making.SHAPES))
)
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0, 2**63 - 1))
@click.option("--out", default=files.STANDARD, help="Where it goes (default: standard output).")
def make_problem(scale: str, shape: str, seed: int, out: str) -> None:
    r"""Make a problem with fictional speakers and visits, the same for the same seed.

    A nation takes half a minute. The shapes differ in what is scarce.

    \b
    Examples:
      outreach match make-problem --scale affiliate --out problem.json
      outreach match make-problem --scale state --shape rural --seed 7 | outreach match solve -
    """
    files.check_writable(out)
    made = making.make_problem(scale, shape=shape, seed=seed)
    files.write(out, json.dumps(matching.problem_to_json(made), allow_nan=False) + "\n")


def _seconds(value: float) -> float:
    """Refuse NaN, which is in every range."""
    if isnan(value):
        raise click.BadParameter("must be a number.")
    return value


def _problem(name: str) -> matching.Problem:
    with files.reading(name) as source:
        return matching.read_problem(source)


def _summarize(solution: matching.Solution, *, visits: int, err: bool) -> None:
    click.echo(f"{'level':<10} {'value':>14} {'at best':>14}", err=err)
    for level in solution.levels:
        proven = "proven" if level.proven else "not proven"
        row = f"{level.name:<10} {level.value:>14,.10g} {level.bound:>14,.10g} {proven}"
        click.echo(row, err=err)
    unfilled = len(solution.unfilled)
    click.echo(
        f"{visits - unfilled:,} of {visits:,} visits have all their people, {unfilled:,} do not "
        f"({solution.seconds:.1f} s).",
        err=err,
    )
    if solution.fixed_conflicts:
        count = len(solution.fixed_conflicts)
        click.echo(f"Fixed places that break a rule, and stay: {count:,}.", err=err)
