"""How Alembic reaches the database: the engine is handed in, never read from a file."""

from alembic import context
from sqlalchemy import Connection, Engine, text

from outreach.errors import Unusable
from outreach.tables import metadata


def run() -> None:
    """Run the migrations on the engine that was handed in."""
    engine: Engine = context.config.attributes["engine"]
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            # A batch rebuild drops the old table, and with cascades on that empties its children.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            render_as_batch=connection.dialect.name == "sqlite",
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        _check_keys(connection)


def _check_keys(connection: Connection) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.execute(text("PRAGMA foreign_key_check")).all()
    if broken:
        raise Unusable(f"The migration left {len(broken)} rows that point to nothing.")


run()
