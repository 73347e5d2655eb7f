"""The commands that run and look after the service."""

import sys
from pathlib import Path

import click
from rich.console import Console
from sqlalchemy import make_url

from outreach import app, audit, clock, config, logs, migrations, wiring, worker
from outreach.actor import SYSTEM
from outreach.cli.command import Commands
from outreach.config import Config
from outreach.demo import show
from outreach.demo.tour import play as play_tour
from outreach.errors import Unusable
from outreach.wiring import Wiring
from outreach.workflows import founding, keys


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


def configured(context: click.Context) -> Config:
    """Read the configuration, and write the log as it says."""
    settings = config.load(context.find_root().obj)
    logs.configure(level=settings.log_level)
    return settings


def opened(context: click.Context, *, make: bool = False) -> Wiring:
    """Open the database of the configuration; with `make`, an empty one gets its tables."""
    wired = wiring.build(configured(context), terminal=sys.stdout)
    migrations.prepare(wired.db, make=make)
    return wired


def ready(context: click.Context) -> Wiring:
    """Open the database, and refuse to start without the keys that what is sealed needs."""
    wired = opened(context)
    keys.refuse_without_keys(wired.db, wired.vault)
    return wired


@main.command()
@click.option("--affiliate", required=True, help="Name of the affiliate that runs the bureau.")
@click.option("--email", required=True, help="Mail address of its first coordinator.")
@click.option("--name", required=True, help="That person's name.")
@click.option("--time-zone", default="America/New_York", show_default=True, help="IANA zone.")
@click.pass_context
def init(context: click.Context, affiliate: str, email: str, name: str, time_zone: str) -> None:
    r"""Make the tables, the keys and the first account.

    The account is administrator and coordinator of the affiliate. There is no password: whoever
    reads that mailbox signs in with a code. Run it again to add another affiliate, or for one
    that an import made.

    \b
    Example:
      outreach init --affiliate "Harbor Falls" --email ruth@example.org --name "Ruth Adler"
    """
    wired = opened(context, make=True)
    _make_keys(wired)
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
    wired = ready(context)
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
    worker.run(ready(context))


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
    wired = wiring.build(configured(context))
    migrations.bring_up_to_date(wired.db)
    click.echo("The tables are up to date.")
    _make_keys(wired)


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
    found = configured(context)
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
    with opened(context).db.reading() as session:
        broken = audit.verify(session)
    if broken is not None:
        click.echo(f"The chain is broken at entry {broken.event_id}.", err=True)
        sys.exit(1)
    click.echo("The chain holds.")


def _make_keys(wired: Wiring) -> None:
    """Make the key file and the store of data keys where they are missing, and say so."""
    made = keys.set_up(wired.db, wired.vault)
    if made.store:
        store = wired.vault.store.url.render_as_string(hide_password=True)
        click.echo(f"Made the store of data keys: {store}.")
    if made.key_file:
        click.echo(
            f"Made the key file {wired.vault.keys.name}. Only its owner can read it. Back it up "
            "now, apart from the databases: without it nothing confidential can be read again."
        )


def _without_password(settings: Config) -> str:
    return make_url(settings.database).render_as_string(hide_password=True)
