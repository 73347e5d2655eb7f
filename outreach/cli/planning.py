"""`outreach propose`: speakers for the open visits."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Self

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import clock, matching
from outreach.actor import SYSTEM
from outreach.cli.command import DATE, moment
from outreach.cli.main import main, opened
from outreach.directory.models import Affiliate
from outreach.errors import RuleBroken, Unusable
from outreach.workflows import matching_runs

LINES_EVERY_S = 5.0


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
    nobody to look first. The search is kept as one that a coordinator asks for on a page.

    \b
    Examples:
      outreach propose
      outreach propose --as-of 2027-01-04 --json
    """
    wired = opened(context)
    with wired.db.transaction() as session:
        bureau = _affiliate(session, affiliate)
        claimed = matching_runs.begin(session, bureau, by=SYSTEM, now=clock.now())
    with _Shown(Console(stderr=True)) as shown:
        found = matching_runs.carry_out(
            wired.db,
            claimed,
            links=wired.links,
            time_limit_s=wired.config.matching_time_limit_s,
            on_progress=shown.tell,
            now=moment(as_of),
        )
    if found is None:
        raise RuleBroken("Another process has taken this search over. See the page of proposals.")
    if as_json:
        solution = matching.solution_to_json(found.solution)
        click.echo(json.dumps(solution, indent=2, allow_nan=False))
    else:
        click.echo(f"{found.stored.count} proposals for {found.search.visits} open visits.")
        for level in found.solution.levels:
            click.echo(f"  {level.name}: {level.value:g}, at best {level.bound:g}")


class _Shown:
    """How far the search is: a bar on a terminal, elsewhere a line where something is new."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
        self._bar = Progress(
            *columns, console=console, transient=True, disable=not console.is_terminal
        )
        self._task = self._bar.add_task("Looking up who could come", total=None)
        self._said_at = -LINES_EVERY_S

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self._bar.stop()

    def tell(self, now: matching.Progress) -> None:
        """Show it."""
        words = (
            f"{now.filled} of {now.visits} visits have people, at most {now.fill_bound};"
            f" part {now.components_done} of {now.components}"
        )
        self._bar.update(self._task, description=words, total=now.fill_bound, completed=now.filled)
        is_done = now.components_done == now.components
        if not self._console.is_terminal and (
            is_done or now.seconds - self._said_at >= LINES_EVERY_S
        ):
            self._said_at = now.seconds
            self._console.print(words, highlight=False, soft_wrap=True)


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
