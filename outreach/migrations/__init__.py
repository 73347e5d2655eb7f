"""The schema's history, by Alembic.

`outreach db upgrade` and every test database come through here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine

from outreach.db import Database
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


def is_empty(database: Database) -> bool:
    """Say whether a database has no tables of ours, without making its file."""
    if database.is_sqlite and not Path(database.url.database or "").exists():
        return True
    with _engine(database) as engine:
        return current(engine) is None


def prepare(database: Database, *, make: bool) -> None:
    """Make sure the database fits this program; with `make`, an empty one gets its tables.

    Raises:
        Unusable: it is empty (and `make` is off), older, or made by a newer version.
    """
    if make and is_empty(database):
        bring_up_to_date(database)
    if is_empty(database):
        raise Unusable("This database is empty. Run: outreach init")
    with _engine(database) as engine:
        if current(engine) == head():
            return
        _refuse_newer(engine)
    raise Unusable("This database is older than the program. Run: outreach db upgrade")


def bring_up_to_date(database: Database) -> None:
    """Make or upgrade the tables of a database.

    Raises:
        Unusable: it was made by a newer version.
    """
    if database.is_sqlite and database.url.database:
        Path(database.url.database).parent.mkdir(parents=True, exist_ok=True)
    with _engine(database) as engine:
        _refuse_newer(engine)
        upgrade(engine)


def _refuse_newer(engine: Engine) -> None:
    found = current(engine)
    known = {script.revision for script in ScriptDirectory(str(HERE)).walk_revisions()}
    if found is not None and found not in known:
        raise Unusable(
            f"This database was made by a newer version of outreach (revision {found}). "
            "Install that version, or restore a backup."
        )


@contextmanager
def _engine(database: Database) -> Iterator[Engine]:
    """Open an engine without our begin events: Alembic drives its own transaction."""
    engine = create_engine(database.url)
    try:
        yield engine
    finally:
        engine.dispose()


def _config(engine: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["engine"] = engine
    return config
