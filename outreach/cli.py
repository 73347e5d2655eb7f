"""Commands. Every one has help with examples; what a person got wrong is one line and exit 2."""

import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from sqlalchemy import make_url, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from outreach import app, audit, clock, config, logs, matching, migrations, wiring, worker
from outreach.actor import SYSTEM
from outreach.config import Config
from outreach.db import Database
from outreach.demo import show
from outreach.demo.tour import play as play_tour
from outreach.directory.models import Affiliate
from outreach.errors import OutreachError, RuleBroken, Unusable
from outreach.wiring import Wiring
from outreach.workflows import founding, imports, proposals
from outreach.workflows.imports import Report

DATE = click.DateTime(formats=["%Y-%m-%d"])


class Command(click.Command):
    """A command whose examples keep their lines.

    click looks for a backspace character; in our raw docstrings stand the two letters.
    """

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help with its examples as they were typed."""
        self.help = (self.help or "").replace("\\b", "\b")
        super().format_help_text(ctx, formatter)


class Commands(Command, click.Group):
    """A group, with one line and exit 2 for whatever a person can put right."""

    command_class = Command
    group_class = type

    def main(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - click's own signature
        """Run a command and turn our errors into exit 2."""
        try:
            return super().main(*args, **kwargs)
        except OutreachError as error:
            _stop(str(error))
        except OperationalError as error:
            _stop(f"The database cannot be used: {error.orig}".split("\n", 1)[0])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config", "path", type=click.Path(path_type=Path), help="Configuration file (TOML)."
)
@click.version_option(package_name="outreach")
@click.pass_context
def main(context: click.Context, path: Path | None) -> None:
    r"""Speaker bureau and hospital outreach scheduler.

    \b
    Examples:
      outreach demo                       look around with fictional people
      outreach init --affiliate "Harbor Falls" --email ruth@example.org --name "Ruth Adler"
      outreach serve --with-worker        run the service, and send what is due
    """
    context.obj = path


def _configured(context: click.Context) -> Config:
    settings = config.load(context.find_root().obj)
    logs.configure(level=settings.log_level)
    return settings


def _opened(context: click.Context, *, make: bool = False) -> Wiring:
    """Open the database of the configuration; with `make`, an empty one gets its tables."""
    wired = wiring.build(_configured(context), terminal=sys.stdout)
    migrations.prepare(wired.db, make=make)
    return wired


@main.command()
@click.option("--affiliate", required=True, help="Name of the affiliate that runs the bureau.")
@click.option("--email", required=True, help="Mail address of its first coordinator.")
@click.option("--name", required=True, help="That person's name.")
@click.option("--time-zone", default="America/New_York", show_default=True, help="IANA zone.")
@click.pass_context
def init(context: click.Context, affiliate: str, email: str, name: str, time_zone: str) -> None:
    r"""Make the tables, the key and the first account.

    The account is administrator and coordinator of the affiliate. There is no password: whoever
    reads that mailbox signs in with a code. Run it again to add another affiliate, or for one
    that an import made.

    \b
    Example:
      outreach init --affiliate "Harbor Falls" --email ruth@example.org --name "Ruth Adler"
    """
    wired = _opened(context, make=True)
    with wired.db.transaction() as session:
        founding.found_affiliate(
            session,
            name=affiliate,
            time_zone=time_zone,
            coordinator_name=name,
            coordinator_email=email,
            by=SYSTEM,
            now=clock.now(),
        )
    click.echo(f"{affiliate} is ready. {name} signs in at {wired.links.to('/sign-in')}.")


@main.command("demo")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--tour", is_flag=True, help="Play the loop in the terminal and stop.")
@click.option("--out", type=click.Path(path_type=Path), help="With --tour: keep what left here.")
def run_demo(port: int, tour: bool, out: Path | None) -> None:  # noqa: FBT001 - a click flag
    r"""Look around with fictional people. Nothing leaves this machine, nothing is kept.

    \b
    Examples:
      outreach demo --port 8001
      outreach demo --tour --out tour/     each mail, text, feed and page as a file
    """
    if out is not None and not tour:
        raise Unusable("--out belongs to --tour.")
    if tour:
        held = play_tour(out=out, console=Console(highlight=False, soft_wrap=True))
        sys.exit(0 if held else 1)
    show.run(port=port)


@main.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--with-worker/--without-worker", default=None, help="Run a worker in this process.")
@click.pass_context
def serve(context: click.Context, host: str, port: int, with_worker: bool | None) -> None:  # noqa: FBT001 - a click flag
    r"""Serve the pages, and run a worker beside them where the configuration says so.

    \b
    Examples:
      outreach serve --with-worker
      outreach serve --host 0.0.0.0 --port 8080 --without-worker
    """
    wired = _opened(context)
    runs_worker = wired.config.embedded_worker if with_worker is None else with_worker
    click.echo(f"Serving on http://{host}:{port}. Stop with Ctrl-C.")
    if runs_worker:
        with worker.embedded(wired):
            app.serve(app.create_app(wired), host=host, port=port)
    else:
        app.serve(app.create_app(wired), host=host, port=port)


@main.command("worker")
@click.pass_context
def run_worker(context: click.Context) -> None:
    r"""Send what is due and let unanswered offers lapse, until stopped. Any number may run.

    \b
    Example:
      outreach worker
    """
    worker.run(_opened(context))


@main.group("db")
def database() -> None:
    """Look after the database's tables."""


@database.command()
@click.pass_context
def upgrade(context: click.Context) -> None:
    r"""Bring the tables to this version. Take a backup first.

    \b
    Example:
      outreach db upgrade
    """
    migrations.bring_up_to_date(wiring.build(_configured(context)).db)
    click.echo("The tables are up to date.")


@main.group("config")
def settings() -> None:
    """Look at the configuration."""


@settings.command("check")
@click.pass_context
def check_config(context: click.Context) -> None:
    r"""Name each wrong or unknown key, misspelt OUTREACH_* variables included.

    \b
    Example:
      outreach --config config.toml config check
    """
    found = _configured(context)
    click.echo(f"The configuration is right. The database is {_without_password(found)}.")


@main.group("audit")
def audit_log() -> None:
    """Look at the audit log."""


@audit_log.command("verify")
@click.pass_context
def verify_audit(context: click.Context) -> None:
    r"""Walk the chain of the audit log; name the first broken entry and exit 1.

    \b
    Example:
      outreach audit verify
    """
    with _opened(context).db.reading() as session:
        broken = audit.verify(session)
    if broken is not None:
        click.echo(f"The chain is broken at entry {broken.event_id}.", err=True)
        sys.exit(1)
    click.echo("The chain holds.")


@main.command("import")
@click.argument("kind", type=click.Choice(["units", "speakers", "requests"]))
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--map", "mapping_file", type=click.Path(path_type=Path), help="Mapping (TOML).")
@click.option("--affiliate", help="Affiliate the rows belong to; made where it is missing.")
@click.option("--as-of", type=DATE, help="Judge dates as of this day (default: today).")
@click.option("--dry-run", is_flag=True, help="Say what would happen and change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def run_import(  # noqa: PLR0917 - click passes every option by name
    context: click.Context,
    kind: str,
    file: Path,
    mapping_file: Path | None,
    affiliate: str | None,
    as_of: datetime | None,
    dry_run: bool,  # noqa: FBT001 - a click flag
    as_json: bool,  # noqa: FBT001 - a click flag
) -> None:
    r"""Read a spreadsheet (CSV or XLSX) of units, speakers or requests.

    Rows that are wrong are told by row, column and value; the others are imported. Importing the
    same file again changes nothing. Exit 1 when a row was refused.

    \b
    Examples:
      outreach import units units.csv --map docs/examples/units.toml --affiliate "Lake County"
      outreach import requests visits.xlsx --dry-run --json
    """
    now = _as_of(as_of)
    content = _read(file, most=imports.MOST_BYTES)
    given = _read(mapping_file, most=imports.MOST_BYTES) if mapping_file else None
    mapping = imports.read_mapping(given, kind=kind)
    with ExitStack() as stack:
        database = _database_to_import_into(context, stack, dry_run=dry_run)
        bar = Progress(console=Console(stderr=True), transient=True, disable=as_json)
        progress = stack.enter_context(bar)
        task = progress.add_task(f"Reading {file.name}", total=None)
        session = stack.enter_context(database.transaction())
        report = imports.run(
            session,
            filename=file.name,
            content=content,
            mapping=mapping,
            affiliate=affiliate,
            as_of=now.date(),
            dry_run=dry_run,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
            now=now,
        )
    if as_json:
        click.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        _show(report, dry_run=dry_run)
    sys.exit(1 if report.refused else 0)


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
    wired = _opened(context)
    now = _as_of(as_of)
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
            click.echo(f"  {level.name}: {level.value:g} of at most {level.bound:g}")


def _affiliate(session: Session, name: str | None) -> Affiliate:
    found: Sequence[Affiliate] = session.scalars(select(Affiliate).order_by(Affiliate.name)).all()
    named = [one for one in found if name is None or one.name == name]
    if len(named) == 1:
        return named[0]
    if not named:
        raise Unusable("There is no such affiliate. Import units or run: outreach init")
    names = ", ".join(one.name for one in named)
    raise RuleBroken(f"There are several affiliates. Choose one with --affiliate: {names}.")


def _as_of(day: datetime | None) -> datetime:
    """Return noon UTC of that day, which is that day everywhere in the US; or the present."""
    if day is None:
        return clock.now()
    return datetime.combine(day.date(), time(12), UTC)


def _read(file: Path, *, most: int) -> bytes:
    try:
        if file.stat().st_size > most:
            raise Unusable(f"{file} is too large: at most {most // 1024**2} MiB.")
        return file.read_bytes()
    except OSError as error:
        raise Unusable(f"Cannot read {file}: {error.strerror}.") from error


def _database_to_import_into(
    context: click.Context, stack: ExitStack, *, dry_run: bool
) -> Database:
    """Open the configured database; a dry run on an empty one takes place in a scratch one."""
    database = wiring.build(_configured(context)).db
    stack.callback(database.dispose)
    if dry_run and migrations.is_empty(database):
        folder = stack.enter_context(TemporaryDirectory(prefix="outreach-dry-run-"))
        database = Database(f"sqlite:///{folder}/scratch.sqlite", audit_key=b"scratch")
        stack.callback(database.dispose)
    migrations.prepare(database, make=True)
    return database


def _show(report: Report, *, dry_run: bool) -> None:
    """Print a report for people: what is wrong by row, then the sums."""
    for title, findings in (("Refused", report.refused), ("Please look at", report.warnings)):
        if findings:
            click.echo(f"{title}:")
        for found in findings:
            click.echo(f"  row {found.row}, {found.column} “{found.value}”: {found.problem}")
    would = "would be " if dry_run else ""
    click.echo(
        f"{report.file}: {report.read} rows read, {report.imported} {would}imported, "
        f"{report.unchanged} unchanged, {report.rows_refused} {would}refused."
    )


def _without_password(settings: Config) -> str:
    return make_url(settings.database).render_as_string(hide_password=True)


def _stop(message: str) -> None:
    click.echo(f"outreach: {message}", err=True)
    sys.exit(2)
