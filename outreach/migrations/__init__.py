"""The schema's history, by Alembic.

`outreach db upgrade` and every test database come through here.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine

from outreach.errors import Unusable

HERE = Path(__file__).parent


def upgrade(engine: Engine, *, to: str = "head") -> None:
    """Bring the database to revision `to`, creating every table of an empty one."""
    command.upgrade(_config(engine), to)


def downgrade(engine: Engine, *, to: str = "base") -> None:
    """Take the database back to revision `to`; "base" drops everything we made."""
    command.downgrade(_config(engine), to)


def head() -> str:
    """Return the newest revision this program knows."""
    return ScriptDirectory(str(HERE)).get_current_head() or ""


def current(engine: Engine) -> str | None:
    """Return the database's revision; None when it is empty."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def check(engine: Engine) -> None:
    """Make sure the program fits the database.

    Raises:
        Unusable: the database is empty, older, or made by a newer version.
    """
    found = current(engine)
    if found is None:
        raise Unusable("This database is empty. Run: outreach init")
    if found == head():
        return
    if found in {script.revision for script in ScriptDirectory(str(HERE)).walk_revisions()}:
        raise Unusable("This database is older than the program. Run: outreach db upgrade")
    raise Unusable(
        f"This database was made by a newer version of outreach (revision {found}). "
        "Install that version, or restore a backup."
    )


def plain_engine(url: str) -> Engine:
    """Return an engine without our begin events: Alembic drives its own transaction."""
    return create_engine(url)


def _config(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["engine"] = engine
    return config
