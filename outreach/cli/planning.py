"""`outreach propose`: speakers for the open visits."""

import json
from collections.abc import Sequence
from datetime import datetime

import click
from rich.console import Console
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import matching
from outreach.actor import SYSTEM
from outreach.cli.command import DATE, moment
from outreach.cli.main import main, opened
from outreach.directory.models import Affiliate
from outreach.errors import RuleBroken, Unusable
from outreach.workflows import proposals


@main.command()
@click.option("--affiliate", help="Affiliate to plan for, where there are several.")
@click.option("--as-of", type=DATE, help="Plan as of this day (default: today).")
@click.option("--json", "as_json", is_flag=True, help="Print the solution as JSON.")
@click.pass_context
def propose(
    context: click.Context,
    affiliate: str | None,
    as_of: datetime | None,
    as_json: bool,  # noqa: FBT001 - a click flag
) -> None:
    r"""Find speakers for all open visits and keep the proposals for a coordinator's yes.

    Nobody is asked yet: that happens on the page of proposals, unless the affiliate wants
    nobody to look first.

    \b
    Examples:
      outreach propose
      outreach propose --as-of 2027-01-04 --json
    """
    wired = opened(context)
    now = moment(as_of)
    with wired.db.reading() as session:
        bureau = _affiliate(session, affiliate)
        problem = proposals.problem(session, bureau, now=now)
    with Console(stderr=True).status(f"Planning {len(problem.visits)} visits"):
        solution = matching.solve(problem)
    with wired.db.transaction() as session:
        stored = proposals.store(session, bureau, solution, by=SYSTEM, now=now)
        proposals.ask_by_itself(session, bureau, by=SYSTEM, links=wired.links, now=now)
    if as_json:
        click.echo(json.dumps(matching.solution_to_json(solution), indent=2, allow_nan=False))
    else:
        click.echo(f"{stored} proposals for {len(problem.visits)} open visits.")
        for level in solution.levels:
            click.echo(f"  {level.name}: {level.value:g}, at best {level.bound:g}")


def _affiliate(session: Session, name: str | None) -> Affiliate:
    bureaus = select(Affiliate).where(Affiliate.kept_by_id.is_(None)).order_by(Affiliate.name)
    found: Sequence[Affiliate] = session.scalars(bureaus).all()
    wanted = (name or "").strip().casefold()
    named = [one for one in found if name is None or one.name.casefold() == wanted]
    named = [one for one in named if one.name == name] or named
    if len(named) == 1:
        return named[0]
    if not named:
        raise Unusable("There is no such affiliate. Import units or run: outreach init")
    names = ", ".join(one.name for one in named)
    raise RuleBroken(f"There are several affiliates. Choose one with --affiliate: {names}.")
