"""`outreach import`: a spreadsheet's rows, and what became of each."""

import json
import sys
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.progress import Progress

from outreach import clock, migrations
from outreach.cli.command import DATE
from outreach.cli.main import configured, main
from outreach.config import Config
from outreach.db import Database
from outreach.errors import Unusable
from outreach.links import Links
from outreach.workflows import imports
from outreach.workflows.imports import Finding, Report


@main.command("import")
@click.argument("kind", type=click.Choice(imports.KINDS))
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
    r"""Read a spreadsheet (CSV or XLSX) of units, speakers, requests or affiliates.

    Rows that are wrong are told by row, column and value; the others are imported. Importing the
    same file again changes nothing. Exit 1 when a row was refused.

    \b
    Examples:
      outreach import units units.csv --map docs/examples/units.toml --affiliate "Lake County"
      outreach import requests visits.xlsx --dry-run --json
      outreach import affiliates affiliates.csv    who receives referrals, with the counties served
    """
    if affiliate is not None and not affiliate.strip():
        raise Unusable("--affiliate names nobody.")
    content = _read(file, most=imports.MOST_BYTES)
    given = _read(mapping_file, most=imports.MOST_BYTES) if mapping_file else None
    mapping = imports.read_mapping(given, kind=kind)
    settings = configured(context)
    # A dry run commits nothing, so it needs no key, and makes none.
    key = b"" if dry_run else settings.key()
    with ExitStack() as stack:
        database = _database_to_import_into(settings, stack, key=key, dry_run=dry_run)
        progress = stack.enter_context(_progress())
        task = progress.add_task(f"Reading {file.name}", total=None)
        session = stack.enter_context(database.transaction())
        report = imports.run(
            session,
            filename=file.name,
            content=content,
            mapping=mapping,
            affiliate=affiliate,
            as_of=as_of.date() if as_of else None,
            dry_run=dry_run,
            links=Links(settings.public_base_url, key),
            progress=lambda done, total: progress.update(task, completed=done, total=total),
            now=clock.now(),
        )
    if as_json:
        click.echo(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        _show(report, dry_run=dry_run)
    sys.exit(1 if report.refused else 0)


def _read(file: Path, *, most: int) -> bytes:
    """Return what a file holds, or a pipe; never more than `most` bytes of it."""
    try:
        with file.open("rb") as opened:
            content = opened.read(most + 1)
    except OSError as error:
        raise Unusable(f"Cannot read {file}: {error.strerror}.") from error
    if len(content) > most:
        raise Unusable(f"{file} is too large: at most {most // 1024**2} MiB.")
    return content


def _progress() -> Progress:
    """Return a bar on standard error; none where nobody watches."""
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _database_to_import_into(
    settings: Config, stack: ExitStack, *, key: bytes, dry_run: bool
) -> Database:
    """Open the configured database; a dry run on an empty one takes place in a scratch one."""
    database = Database(settings.database, audit_key=key)
    stack.callback(database.dispose)
    if dry_run and migrations.is_empty(database):
        folder = stack.enter_context(TemporaryDirectory(prefix="outreach-dry-run-"))
        database = Database(f"sqlite:///{folder}/scratch.sqlite", audit_key=b"")
        stack.callback(database.dispose)
    migrations.prepare(database, make=True)
    return database


def _show(report: Report, *, dry_run: bool) -> None:
    """Print a report for people: what is wrong by row, then the sums."""
    for title, findings in (("Refused", report.refused), ("Please look at", report.warnings)):
        if findings:
            click.echo(f"{title}:")
        for found in findings:
            click.echo(f"  {_place(found)}: {found.problem}")
    would = "would be " if dry_run else ""
    click.echo(
        f"{report.file}: {report.read} rows read, {report.imported} {would}imported, "
        f"{report.unchanged} unchanged, {report.rows_refused} {would}refused."
    )


def _place(found: Finding) -> str:
    cell = f"{found.column} “{found.value}”" if found.column or found.value else ""
    return ", ".join(filter(None, (f"row {found.row}", cell.strip())))
