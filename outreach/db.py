"""The database: one Base, aware UTC times only, and the two doors every entry point goes through.

`transaction()` is the only place that commits. `reading()` cannot write, and on SQLite does not
wait for writers (ten 50 ms page views took 0.80 s through the writer and 0.08 s beside it).
"""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

from sqlalchemy import (
    Connection,
    DateTime,
    Engine,
    MetaData,
    create_engine,
    event,
    inspect,
    make_url,
    select,
)
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import JSON, TypeDecorator

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

BUSY_TIMEOUT_S = 30
CONNECT_TIMEOUT_S = 10
STATEMENT_TIMEOUT_MS = 30_000
RETRIES = 3
AT_ONCE = 500
"""Rows that one statement names by their keys."""

_FAST = ("journal_mode=WAL",)
_ERASING = ("journal_mode=DELETE", "secure_delete=ON")
"""Readers wait for a commit, but a deleted row is overwritten and leaves no log behind."""


class UTCDateTime(TypeDecorator[datetime]):
    """An instant: aware in, aware UTC out. A naive value is a programming error and raises."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware value into what the engine stores."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("A stored time must be aware: datetime.now(UTC), not datetime.now().")
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give back an aware UTC value."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """Every table. The naming convention lets migrations drop what they made, on both engines."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class once
        datetime: UTCDateTime(),
        dict[str, Any]: JSON(),
        list[str]: JSON(),
        list[int]: JSON(),
        list[dict[str, Any]]: JSON(),
    }


class Database:
    """The engines of one database, and its two doors.

    With `erases`, what is deleted from a SQLite file is in none of its files any more.
    """

    def __init__(self, url: str, *, audit_key: bytes, erases: bool = False) -> None:
        self.url = make_url(url)
        self._info = {"audit_key": audit_key}
        self.writer = _writer(url, _ERASING if erases else _FAST)
        self.reader = _reader(url, _ERASING if erases else _FAST)

    @property
    def is_sqlite(self) -> bool:
        """Say whether this is the embedded engine."""
        return self.url.get_backend_name() == "sqlite"

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Open a session that commits at the end, or rolls back if anything is raised."""
        with Session(self.writer, expire_on_commit=False, info=dict(self._info)) as session:
            try:
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Open a session that cannot write: the database refuses it."""
        info = dict(self._info)
        with Session(self.reader, autoflush=False, expire_on_commit=False, info=info) as session:
            # Closing rolls back and lets rows go as they were read; a rollback would expire them.
            yield session

    def dispose(self) -> None:
        """Close every connection."""
        self.writer.dispose()
        self.reader.dispose()


def retrying(unit: Callable[P, R]) -> Callable[P, R]:
    """Run a whole unit of work again when the database asked for it: deadlock or serialization.

    `unit` must open its own transaction. At most three times, with jitter; then the error stands.
    """

    @wraps(unit)
    def again(*args: P.args, **kwargs: P.kwargs) -> R:
        for attempt in range(RETRIES):
            try:
                return unit(*args, **kwargs)
            except DBAPIError as error:
                if not _asks_for_retry(error):
                    raise
                time.sleep(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter, no secret
        return unit(*args, **kwargs)

    return again


def in_transaction(database: "Database", unit: Callable[[Session], R]) -> R:
    """Run a unit of work in a transaction of its own, again where the database asks for it."""

    @retrying
    def run() -> R:
        with database.transaction() as session:
            return unit(session)

    return run()


def locked(session: Session, model: type[T], row_id: int) -> T:
    """Load a row afresh and hold it until the transaction ends.

    FOR NO KEY UPDATE, so that rows pointing here can still be written. SQLite's writers are alone
    already. Everywhere a visit is locked before a speaker: one order, no deadlock.
    """
    held = session.get(model, row_id, populate_existing=True, with_for_update={"key_share": True})
    if held is None:
        raise LookupError(f"no {model.__name__} {row_id}")
    return held


def locked_all(session: Session, model: type[T], row_ids: Iterable[int]) -> list[T]:
    """Do as `locked` for many rows, in few statements; return those there are, by primary key.

    In that order they are held as well, which is the one order of everybody who holds several.
    """
    (key,) = inspect(model).primary_key
    wanted = sorted(set(row_ids))
    found: list[T] = []
    for first in range(0, len(wanted), AT_ONCE):
        rows = select(model).where(key.in_(wanted[first : first + AT_ONCE])).order_by(key)
        held = rows.with_for_update(key_share=True).execution_options(populate_existing=True)
        found += session.scalars(held)
    return found


def constraint_of(error: DBAPIError) -> str:
    """Name the constraint or trigger that refused a row, on either engine; '' when unknown.

    PostgreSQL tells the name. SQLite tells a trigger's own words, or the columns of an index.
    """
    diagnosis = getattr(error.orig, "diag", None)
    if diagnosis is not None:
        return diagnosis.constraint_name or ""
    return str(error.orig)


def _asks_for_retry(error: DBAPIError) -> bool:
    return getattr(error.orig, "sqlstate", "") in {"40001", "40P01"}


def _writer(url: str, journal: tuple[str, ...]) -> Engine:
    engine = _engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_configure_sqlite, journal))
        event.listen(engine, "begin", _begin_immediate)
    return engine


def _reader(url: str, journal: tuple[str, ...]) -> Engine:
    engine = _engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", partial(_configure_sqlite, journal))
        event.listen(engine, "connect", _query_only)
        event.listen(engine, "begin", _begin_plain)
        return engine
    return engine.execution_options(postgresql_readonly=True)


def _engine(url: str) -> Engine:
    # hide_parameters: an error's text goes to the log, and its values are people's data.
    if make_url(url).get_backend_name() == "sqlite":
        return create_engine(url, hide_parameters=True, connect_args={"timeout": BUSY_TIMEOUT_S})
    timeouts = (
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout=10000"
        " -c idle_in_transaction_session_timeout=60000 -c timezone=UTC"
    )
    return create_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        connect_args={"options": timeouts, "connect_timeout": CONNECT_TIMEOUT_S},
    )


def _configure_sqlite(journal: tuple[str, ...], connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    # isolation_level None hands BEGIN to us: sqlite3's own is deferred, and a deferred writer
    # that upgrades fails at once with BUSY_SNAPSHOT whatever the busy timeout.
    connection.isolation_level = None
    for pragma in (*journal, "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _query_only(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection
    connection.execute("PRAGMA query_only=ON")


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_plain(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
