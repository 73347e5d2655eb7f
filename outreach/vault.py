"""Sealed values whose key can be destroyed: one data key per record, in a store of its own.

The store is another database than the main one, so that its backups can be short-lived: once a
data key is destroyed and those backups are gone, no old backup of the main database can be read.

Two databases have no transaction in common, and neither may hold up the other. So the key comes
first and the record after: call `new_key` before the main transaction begins. A crash in between
leaves a key without a record, which `sweep` removes. To erase, `destroy` first and let the record
forget its key after: a crash in between leaves a record that nobody can read, and that is still
due. A store restored from a backup holds keys destroyed since; as no record names them any more,
`sweep` removes them again.

Nothing is kept in memory: a key destroyed by one process is gone for all of them at once. Opening
a value costs one query on the store, `open_many` one for each 500 values.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeAlias, TypeVar

from sqlalchemy import (
    CheckConstraint,
    Column,
    MetaData,
    String,
    Table,
    delete,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.orm import Session

from outreach import clock, crypto, sealing
from outreach.db import Base, Database, UTCDateTime
from outreach.errors import NotFound, Unusable
from outreach.keyring import KeyRing, Source
from outreach.sealing import Field, Key, Place, Unreadable

T = TypeVar("T")

SCHEMA = "vault"
"""The store's own schema in PostgreSQL."""
BATCH = 500
LEAST_AGE = timedelta(hours=1)
"""No transaction takes this long: a younger key's record may still be on its way."""
ERASED = "This was erased for good."
_LOCK = 0x0A0D18
"""The advisory lock under which PostgreSQL's processes wrap keys or change the ring."""

Sealed: TypeAlias = tuple[str, Place, str]
"""The id of a data key, the place of a value, and the sealed value."""
Wrapped: TypeAlias = tuple[str, str | None]
"""The record a data key belongs to, and the wrapped key; None once it is destroyed."""
Known: TypeAlias = Iterable[str] | Callable[[Sequence[str]], Iterable[str]]
"""The ids of data keys that records name, or what picks them from the ids it is given."""


class Destroyed(NotFound):
    """The value's key was destroyed on purpose; nobody can ever read it again."""


class KeyMissing(Unreadable):
    """A record names a data key that the store does not hold: the store is not the record's."""


class Vault:
    """The key ring and the store of data keys: seals and opens, and forgets for good."""

    def __init__(self, url: str, keys: Source) -> None:
        self.keys = keys
        self.store = Database(url, audit_key=b"", erases=True)
        self._table = _data_keys(None if self.store.is_sqlite else SCHEMA)
        self._was_found = False

    @property
    def ring(self) -> KeyRing:
        """The key ring as it stands now. Raises Unusable where there is none or a wrong one."""
        return self.keys.ring()

    def new_key(self, record: str) -> str:
        """Make and commit a data key for the record with this public id; return the key's id.

        Call it before the main transaction begins, and give the record the id.
        """
        data_key = Key(crypto.public_id(), sealing.new_secret())
        with self.alone() as session:
            ring = self.ring
            row = {
                "id": data_key.id,
                "record": record,
                "wrapped": ring.wrap(data_key, record=record),
                "wrapping_key": ring.active.id,
                "created_at": clock.now(),
            }
            session.execute(insert(self._table).values(row))
        return data_key.id

    def seal(self, data_key_id: str, field: Place, value: str) -> str:
        """Return `value` sealed for its place. Raises Destroyed, KeyMissing, UnknownKey."""
        key = _unwrapped(data_key_id, self._rows([data_key_id]), self.ring)
        return sealing.seal(value.encode(), key, associated=Field(*field).associated)

    def open(self, data_key_id: str, field: Place, sealed: str) -> str:
        """Return what was sealed for this place.

        Raises:
            Destroyed: the key was destroyed.
            sealing.Unreadable: the value was changed or moved, or its key is missing.
            UnknownKey: the key ring lacks the key that wraps the data key.
        """
        key = _unwrapped(data_key_id, self._rows([data_key_id]), self.ring)
        return _opened(key, field, sealed)

    def open_many(self, values: Iterable[Sealed]) -> list[str | None]:
        """Open many values in their order; None for those whose key was destroyed.

        Raises:
            sealing.Unreadable, UnknownKey: as `open` does, for the first that cannot be opened.
        """
        found: list[str | None] = []
        for value in self.tried(values):
            if isinstance(value, Unusable):
                raise value
            found.append(None if isinstance(value, Destroyed) else value)
        return found

    def tried(self, values: Iterable[Sealed]) -> Iterator[str | Destroyed | Unusable]:
        """Open many values in their order; give the error in place of what does not open."""
        for batch in _batches(values):
            rows = self._rows({key_id for key_id, _, _ in batch})
            ring = self.ring  # after the rows: a key that wraps one is in the ring before it does
            for key_id, field, sealed in batch:
                try:
                    yield _opened(_unwrapped(key_id, rows, ring), field, sealed)
                except (Destroyed, Unusable) as error:
                    yield error

    def destroy(self, data_key_id: str) -> bool:
        """Destroy a data key for good; return whether it was still there. Twice is no harm."""
        keys = self._table.c
        gone = (
            update(self._table)
            .where(keys.id == data_key_id, keys.wrapped.is_not(None))
            .values(wrapped=None, wrapping_key=None, destroyed_at=clock.now())
            .returning(keys.id)
        )
        with self._found().transaction() as session:
            return session.scalar(gone) is not None

    def index(self, *parts: str) -> str:
        """Return the blind index of a value, or of several that belong together (32 digits)."""
        return self.ring.index(*parts)

    def sweep(self, known: Known, older_than: datetime) -> int:
        """Remove data keys that no record names; return how many. Destroyed ones stay on record.

        Never one that is younger than an hour. And none where not one key of the store is known:
        then the database is another than the one these keys belong to.
        """
        pick = known if callable(known) else frozenset(known).intersection
        before = min(older_than, clock.now() - LEAST_AGE)
        orphans: list[str] = []
        some_are_known = False
        for batch in _batches(self._ids_and_ages(left=True)):
            named = set(pick([key_id for key_id, _ in batch]))
            some_are_known = some_are_known or bool(named)
            orphans.extend(i for i, created_at in batch if i not in named and created_at < before)
        if not some_are_known:
            return 0
        for some in _batches(orphans):
            with self._found().transaction() as session:
                session.execute(delete(self._table).where(self._table.c.id.in_(some)))
        return len(orphans)

    def prepare(self) -> None:
        """Make the store where there is none."""
        with self.store.transaction() as session:
            self._lock(session)
            if not self.store.is_sqlite:
                session.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            self._table.create(session.connection(), checkfirst=True)

    def exists(self) -> bool:
        """Say whether the store is there, without making its file."""
        if self.store.is_sqlite and not Path(self.store.url.database or "").exists():
            return False
        return inspect(self.store.reader).has_table(self._table.name, schema=self._table.schema)

    def is_empty(self) -> bool:
        """Say whether the store holds no key and none was destroyed, or there is no store."""
        if not self.exists():
            return True
        with self.store.reading() as session:
            return session.scalar(select(self._table.c.id).limit(1)) is None

    def wrapping_keys(self) -> set[str]:
        """Return the ids of the ring's keys that wrap data keys."""
        if not self.exists():
            return set()
        wrapping = self._table.c.wrapping_key
        with self.store.reading() as session:
            return set(session.scalars(select(wrapping).where(wrapping.is_not(None)).distinct()))

    def checked(self) -> Iterator[tuple[str, Destroyed | Unusable | None]]:
        """Unwrap every data key; give its id and what is wrong, Destroyed for one that is gone."""
        for batch in _batches(key_id for key_id, _ in self._ids_and_ages()):
            rows = self._rows(batch)
            ring = self.ring
            for key_id in rows:
                try:
                    _unwrapped(key_id, rows, ring)
                except (Destroyed, Unusable) as error:
                    yield key_id, error
                else:
                    yield key_id, None

    def rewrap_some(self) -> int:
        """Wrap up to 500 data keys anew that another key than the active one wraps.

        Returns how many there were; 0 when all are done. A key destroyed meanwhile stays so.
        """
        keys = self._table.c
        with self.alone() as session:
            ring = self.ring
            others = select(keys.id, keys.record, keys.wrapped).where(
                keys.wrapping_key != ring.active.id
            )
            rows = session.execute(others.limit(BATCH)).all()
            for key_id, record, wrapped in rows:
                key = ring.unwrap(wrapped, data_key_id=key_id, record=record)
                anew = {
                    "wrapped": ring.wrap(key, record=record),
                    "wrapping_key": ring.active.id,
                }
                same = (keys.id == key_id, keys.wrapped == wrapped)
                session.execute(update(self._table).where(*same).values(anew))
        return len(rows)

    @contextmanager
    def alone(self) -> Iterator[Session]:
        """Be the only process that wraps keys or changes the ring, until the block is left.

        So nothing is wrapped under a key that is being taken out of the ring.
        """
        with self._found().transaction() as session:
            self._lock(session)
            yield session

    def dispose(self) -> None:
        """Close every connection to the store."""
        self.store.dispose()

    def _found(self) -> Database:
        """Return the store. Raises Unusable where there is none."""
        if not self._was_found and not self.exists():
            raise Unusable("There is no store of data keys. Restore it, or run: outreach init")
        self._was_found = True
        return self.store

    def _rows(self, ids: Collection[str]) -> dict[str, Wrapped]:
        keys = self._table.c
        wanted = select(keys.id, keys.record, keys.wrapped).where(keys.id.in_(ids))
        with self._found().reading() as session:
            return {row.id: (row.record, row.wrapped) for row in session.execute(wanted)}

    def _ids_and_ages(self, *, left: bool = False) -> list[tuple[str, datetime]]:
        """Return every key's id and birth; with `left` of those that were not destroyed."""
        keys = self._table.c
        every = select(keys.id, keys.created_at)
        if left:
            every = every.where(keys.wrapped.is_not(None))
        with self._found().reading() as session:
            return [(key_id, created_at) for key_id, created_at in session.execute(every)]

    def _lock(self, session: Session) -> None:
        """Be alone until the transaction ends. SQLite's writers are, once they have begun."""
        session.connection()
        if not self.store.is_sqlite:
            session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _data_keys(schema: str | None) -> Table:
    """Describe the store's one table. A destroyed key leaves its row, to be told from a lost one.

    Not in `Base.metadata`: it is no part of the main database, nor of its migrations.
    """
    return Table(
        "data_key",
        MetaData(naming_convention=Base.metadata.naming_convention),
        Column("id", String, primary_key=True),
        Column("record", String, nullable=False),
        Column("wrapped", String),
        Column("wrapping_key", String),
        Column("created_at", UTCDateTime, nullable=False),
        Column("destroyed_at", UTCDateTime),
        CheckConstraint("(wrapped IS NULL) = (destroyed_at IS NOT NULL)", name="is_there_or_not"),
        CheckConstraint("(wrapped IS NULL) = (wrapping_key IS NULL)", name="is_wrapped_by_one"),
        schema=schema,
    )


def _unwrapped(data_key_id: str, rows: Mapping[str, Wrapped], ring: KeyRing) -> Key:
    if data_key_id not in rows:
        raise KeyMissing(
            "The store of data keys lacks the key %(key_id)s. Restore the store's backup.",
            key_id=data_key_id,
        )
    record, wrapped = rows[data_key_id]
    if wrapped is None:
        raise Destroyed(ERASED)
    return ring.unwrap(wrapped, data_key_id=data_key_id, record=record)


def _opened(key: Key, field: Place, sealed: str) -> str:
    return sealing.unseal(sealed, key, associated=Field(*field).associated).decode()


def _batches(values: Iterable[T]) -> Iterator[list[T]]:
    batch: list[T] = []
    for value in values:
        batch.append(value)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
