"""`outreach mail take`: one mail from a pipe, as procmail and Postfix hand it over."""

import os
import sys
from typing import Final

import click
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from outreach import mail_jobs
from outreach.cli.command import stop
from outreach.cli.main import main, opened
from outreach.errors import OutreachError

MOST_BYTES: Final = 10 * 1024 * 1024
AGAIN_LATER: Final = getattr(os, "EX_TEMPFAIL", 75)
"""By this the mail server keeps the mail and tries again; any other would send it back."""


@main.group("mail")
def mail() -> None:
    """Take mail that comes in."""


@mail.command("take")
@click.pass_context
def take_mail(context: click.Context) -> None:
    r"""File one mail from standard input. The same mail again changes nothing.

    Exit 0 once it is kept, 75 where the mail server should try again later. Of more than 10 MiB
    the beginning is taken.

    \b
    Examples:
      outreach --config /etc/outreach/config.toml mail take < mail.eml
      |/usr/bin/outreach --config /etc/outreach/config.toml mail take     in a mail server's aliases
    """
    raw = _all_of_stdin()
    if not raw:
        stop("There is no mail on standard input.")
    try:
        wired = opened(context)
        filed = mail_jobs.file_mail(wired.db, raw, links=wired.links)
        wired.close()
    except OutreachError as error:
        stop(str(error), code=AGAIN_LATER)
    except (DBAPIError, PoolTimeoutError, OSError) as error:
        stop(f"Cannot keep it now ({type(error).__name__}).", code=AGAIN_LATER)
    click.echo("Filed." if filed.is_new else "It was here already.")


def _all_of_stdin() -> bytes:
    """Read to the end, so that who pipes is not cut off; keep the beginning."""
    kept = sys.stdin.buffer.read(MOST_BYTES)
    while sys.stdin.buffer.read(1024 * 1024):
        pass
    return kept
