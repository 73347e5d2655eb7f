"""`outreach account`: the last way in, for whoever runs the service."""

import click

from outreach import clock
from outreach.cli.main import main, opened
from outreach.workflows import factor_reset


@main.group("account")
def account() -> None:
    """Look after the accounts."""


@account.command("reset-factor")
@click.argument("email")
@click.pass_context
def reset_factor(context: click.Context, email: str) -> None:
    r"""Take every second step from an account, so that it sets one up at the next sign-in.

    For the only administrator who lost phone, key and recovery codes. Every browser is signed out,
    a mail tells the person, and the audit log keeps it. Make sure who asks: whoever reads that
    mailbox can sign in afterwards.

    \b
    Example:
      outreach account reset-factor ruth@example.org
    """
    wired = opened(context)
    with wired.db.transaction() as session:
        factor_reset.by_address(session, email, now=clock.now())
    wired.close()
    click.echo(f"{email} sets up a new second step when signing in next.")
