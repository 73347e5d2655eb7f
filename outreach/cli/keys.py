"""`outreach keys`: whether everything sealed can be opened, and new keys."""

import json
import sys
from dataclasses import asdict

import click
from rich.console import Console
from rich.progress import Progress

from outreach.cli.main import main, opened
from outreach.workflows import key_check, key_rotation
from outreach.workflows.key_check import Report
from outreach.workflows.key_rotation import Rotation


@main.group("keys")
def keys() -> None:
    """Look after the keys under which what is confidential is sealed."""


@keys.command("check")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
@click.pass_context
def check_keys(context: click.Context, as_json: bool) -> None:  # noqa: FBT001 - a click flag
    r"""Open everything that is sealed, and show none of it.

    The key file is readable by its owner alone and has an active key, every data key unwraps,
    every sealed value opens. What does not is named by table, column and public id, and the exit
    code is 1; 2 where there is no key file to try with.

    \b
    Examples:
      outreach keys check
      outreach keys check --json
    """
    wired = opened(context)
    ring = wired.vault.ring
    with _progress() as progress:
        task = progress.add_task("Opening", total=key_check.count(wired.db))
        report = key_check.check(wired.db, wired.vault, told=lambda: progress.advance(task))
    wired.close()
    if as_json:
        names = {"active": ring.active.id, "keys": sorted(ring.keys)}
        click.echo(json.dumps(names | asdict(report), indent=2))
    else:
        click.echo(f"The keys are those of {wired.vault.keys.name}; {ring.active.id} is active.")
        _show(report)
    sys.exit(1 if report.findings else 0)


@keys.command("rotate")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@click.pass_context
def rotate_keys(context: click.Context, as_json: bool) -> None:  # noqa: FBT001 - a click flag
    r"""Make a new key the active one, and wrap and seal everything anew under it.

    The service may run meanwhile. Stopped half way, the next run goes on. The old key stays in
    the key file until `outreach keys forget` takes it out.

    \b
    Example:
      outreach keys rotate
    """
    wired = opened(context)
    with _progress() as progress:
        task = progress.add_task("Turning over", total=None)
        done = key_rotation.rotate(
            wired.db, wired.vault, told=lambda count: progress.advance(task, count)
        )
    wired.close()
    click.echo(json.dumps(asdict(done), indent=2) if as_json else _in_words(done))


@keys.command("forget")
@click.argument("key")
@click.pass_context
def forget_key(context: click.Context, key: str) -> None:
    r"""Take a key out of the key file that nothing is under any more.

    Backups of the store of data keys from before the rotation cannot be read without it.

    \b
    Example:
      outreach keys forget 3f9a1c02
    """
    wired = opened(context)
    key_rotation.forget(wired.db, wired.vault, key)
    wired.close()
    click.echo(f"The key {key} is no longer in {wired.vault.keys.name}.")


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(console=console, transient=True, disable=not console.is_terminal)


def _show(report: Report) -> None:
    for found in report.findings:
        click.echo(f"  {found.table}.{found.column} of {found.public_id}: {found.problem}")
    wrong = f"{len(report.findings)} cannot be opened" if report.findings else "Everything opens"
    click.echo(
        f"{report.data_keys} data keys and {report.values} sealed values; {report.destroyed} keys "
        f"and {report.erased} values were erased. {wrong}."
    )


def _in_words(done: Rotation) -> str:
    began = "Finished the rotation to" if done.resumed else "Rotated to"
    lines = [f"{began} the key {done.active}: {done.data_keys} data keys, {done.values} values."]
    if done.resumed:
        lines.append("No new key was made. For one, run it again.")
    if done.unused:
        lines.append(
            f"Nothing is under {', '.join(done.unused)} any more. When no backup from before is "
            "left, take it out by: outreach keys forget"
        )
    return "\n".join(lines)
