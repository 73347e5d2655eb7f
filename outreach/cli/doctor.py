"""`outreach doctor`: whether everything is set up and running, and what to do where it is not."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TypeAlias

import click
from rich.console import Console
from rich.table import Table

from outreach import clock, config, logs, wiring
from outreach.cli.checkup import machine, mail, mailbox, store, texts
from outreach.cli.checkup.finding import Finding, State, ok, skipped, wrong
from outreach.cli.main import main
from outreach.config import Config
from outreach.errors import Unusable

Check: TypeAlias = Callable[[Config], list[Finding]]

SETTINGS: Sequence[Check] = (
    machine.address,
    texts.settings,
    mail.settings,
    mailbox.settings,
    machine.disk,
)
NETWORK: Sequence[Check] = (
    texts.account,
    texts.callback,
    mail.server,
    mail.records,
    mailbox.server,
    lambda settings: machine.clock(settings, now=clock.now),
)
"""What asks others, each a few seconds at most, all at once."""

LOOKS = {State.OK: "green", State.LOOK: "yellow", State.WRONG: "red", State.SKIPPED: "dim"}


@main.command("doctor")
@click.option("--offline", is_flag=True, help="Leave out what needs a network.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def doctor(context: click.Context, offline: bool, as_json: bool) -> None:  # noqa: FBT001 - click flags
    r"""Look at settings, texts, mail, database, keys, backups and workers, and say what to do.

    Nothing is sent and nothing is changed. What cannot be reached from here is said so. Exit 1
    when something is wrong.

    \b
    Examples:
      outreach doctor
      outreach doctor --offline
      outreach doctor --json
    """
    found = examine(context.find_root().obj, offline=offline)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in found], indent=2))
    else:
        _show(found)
    sys.exit(1 if any(finding.state is State.WRONG for finding in found) else 0)


def examine(path: Path | None, *, offline: bool) -> list[Finding]:
    """Look at everything; without a configuration that can be read there is nothing more."""
    try:
        settings = config.load(path)
    except Unusable as error:
        return [wrong("configuration", str(error), "See config.example.toml.")]
    # What a gateway or a library would log is said in the findings.
    logs.configure(level="error")
    found = [ok("configuration", "Every setting can be read.")]
    found += chain.from_iterable(check(settings) for check in SETTINGS)
    found += machine.backups(settings, now=clock.now())
    found += machine.time_zones(now=clock.now())
    found += _of_database(settings)
    found += [skipped("network", "Left out (--offline).")] if offline else _of_network(settings)
    order = list(dict.fromkeys(finding.part for finding in found))
    return sorted(found, key=lambda finding: order.index(finding.part))


def _of_database(settings: Config) -> list[Finding]:
    if not settings.secret_key and not (settings.data_dir / "secret.key").exists():
        # Whatever opens the database would make a new one, and hide that the old is gone.
        return [
            wrong(
                "keys",
                f"There is no secret_key, and no secret.key in {settings.data_dir}.",
                "New: run outreach init. Else restore it: without it every link sent is dead.",
            )
        ]
    try:
        wired = wiring.build(settings)
    except Unusable as error:
        return [wrong("keys", str(error), "See Keys in operations.md.")]
    try:
        found = store.database(wired.db, now=clock.now)
        if any(finding.state is State.WRONG for finding in found):
            return found
        found += store.keys(wired.db, wired.vault)
        found += store.sending(wired.db, now=clock.now())
        return found + mailbox.rounds(wired.db, settings, now=clock.now())
    finally:
        wired.close()


def _of_network(settings: Config) -> Iterator[Finding]:
    with ThreadPoolExecutor(len(NETWORK)) as pool:
        yield from chain.from_iterable(pool.map(lambda check: check(settings), NETWORK))


def _show(found: Sequence[Finding]) -> None:
    console = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    if console.is_terminal:
        _show_table(console, found)
    else:
        for finding in found:
            to_do = f" → {finding.to_do}" if finding.to_do else ""
            click.echo(f"{finding.state}: {finding.part}: {finding.said}{to_do}")
    click.echo(_summary(found))


def _show_table(console: Console, found: Sequence[Finding]) -> None:
    table = Table("", "What", "What was found", "What to do")
    for finding in found:
        state = f"[{LOOKS[finding.state]}]{finding.state}[/]"
        table.add_row(state, finding.part, _plain(finding.said), _plain(finding.to_do))
    console.print(table)


def _plain(words: str) -> str:
    return words.replace("[", r"\[")


def _summary(found: Sequence[Finding]) -> str:
    count = {state: sum(finding.state is state for finding in found) for state in State}
    if count[State.WRONG]:
        return f"{count[State.WRONG]} wrong, {count[State.LOOK]} to look at."
    if count[State.LOOK]:
        return f"Nothing is wrong; {count[State.LOOK]} to look at."
    return "All is well."
