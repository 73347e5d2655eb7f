"""What every command has in common: help with examples, and one line for what went wrong."""

import sys
from datetime import UTC, datetime, time
from typing import Any, NoReturn

import click
from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError, ProgrammingError

from outreach import clock
from outreach.errors import OutreachError

DATE = click.DateTime(formats=["%Y-%m-%d"])
WRONG = 2
"""The exit code for what a person can put right."""
INTERRUPTED = 130
"""128 and the number of SIGINT, as shells have it."""


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

    def main(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ANN401 - click's own signature
        """Run a command and exit. Only faults of ours end in a traceback."""
        try:
            # click's own handling would spread a wrong argument over four lines.
            result = super().main(*args, **kwargs | {"standalone_mode": False})
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message(), err=True)
            sys.exit(WRONG)
        except click.UsageError as error:
            path = error.ctx.command_path if error.ctx else "outreach"
            stop(f"{error.format_message()} See: {path} --help")
        except click.ClickException as error:
            stop(error.format_message())
        except (click.Abort, KeyboardInterrupt):
            stop("Stopped.", code=INTERRUPTED)
        except OutreachError as error:
            stop(str(error))
        except DBAPIError as error:
            if not _is_the_databases(error):
                raise
            stop(f"The database cannot be used: {error.orig}")
        except OSError as error:
            if error.strerror is None:
                raise
            about = f" {error.filename}" if error.filename else ""
            stop(f"Cannot use{about}: {error.strerror}.")
        sys.exit(result if isinstance(result, int) else 0)


def stop(message: str, *, code: int = WRONG) -> NoReturn:
    """Say on one line what is wrong, and exit."""
    click.echo(f"outreach: {' '.join(message.split())}", err=True)
    sys.exit(code)


def moment(day: datetime | None) -> datetime:
    """Return noon UTC of that day, which is that day everywhere in the US; or the present."""
    if day is None:
        return clock.now()
    return datetime.combine(day.date(), time(12), UTC)


def _is_the_databases(error: DBAPIError) -> bool:
    """Tell a database that is away, locked, no database or not ours from a fault of ours."""
    return isinstance(error, OperationalError | ProgrammingError) or type(error) is DatabaseError
