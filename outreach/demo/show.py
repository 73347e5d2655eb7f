"""`outreach demo`: pages and worker in one process, on loopback, until Ctrl-C."""

import signal
import sys
import tempfile
from pathlib import Path

import click

from outreach import app, clock, i18n, logs, worker
from outreach.demo import cast, stage
from outreach.demo.stage import Stage

WHO = {
    "Ruth": "coordinator on duty",
    "Dana": "coordinator, her deputy",
    "Nora": "liaison at St. Clare Hospital",
    "Omar": "liaison at Mercy North",
    "Ines": "takes referrals at Harbor Falls",
    "Maria": "peer speaker",
    "Daniel": "peer speaker",
    "Ana": "peer speaker, in Spanish",
}


def run(*, port: int) -> None:
    """Set the demo up in a folder of its own and serve it; the folder goes when it stops."""
    logs.configure(level="warning")
    # A stop from outside clears the folder away as Ctrl-C does.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="outreach-demo-") as folder:
        click.echo("Inventing a speaker bureau …")
        now = stage.wake_up()
        built = stage.build(Path(folder), port=port, now=now)
        _announce(built)
        with worker.embedded(built.wired):
            app.serve(app.create_app(built.wired), host=stage.HOST, port=port)


def _announce(built: Stage) -> None:
    if clock.is_moved():
        click.echo(f"It is night, so the demo's clock says {_time()}: texts leave by day only.")
    click.echo("\nSign in as one of these people. Each link works once:\n")
    for who, link in built.links.items():
        click.echo(f"  {who:<7} {WHO[who]:<31} {link}")
    click.echo(f"\nTheir phones and mailboxes: {built.wired.links.to('/demo/')}")
    click.echo("Afterwards anyone signs in with a code, which arrives in that mailbox.")
    click.echo("Stop with Ctrl-C; nothing is kept.")


def _time() -> str:
    return i18n.when(clock.now(), zone=cast.ZONE)
