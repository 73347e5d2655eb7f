"""Which columns are sealed, and the keys they need: made once, there at each start, swept."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias

from sqlalchemy import Column, Select, literal, select
from sqlalchemy.orm import Session

from outreach import keyring, sealing
from outreach.db import Database
from outreach.errors import Unusable
from outreach.sealing import Field, NotSealed
from outreach.tables import metadata
from outreach.vault import LEAST_AGE, Vault

DATA_KEY = "data_key_id"
"""The column that names a record's data key. Whatever such a column names is in use."""
BATCH = 500
SealedRow: TypeAlias = tuple[int, str, str, str | None]
"""Primary key, public id, sealed value, and the data key's id."""


@dataclass(frozen=True, slots=True)
class SealedColumn:
    """A column whose values are sealed for `table:column:public_id`.

    They are sealed under the data key of their own row, or of the row that the foreign key
    `through` leads to; under the key ring itself where `by_ring`.
    """

    table: str
    column: str
    through: str | None = None
    by_ring: bool = False

    @property
    def rows(self) -> Select[Any]:
        """Select each row that has a value, as a SealedRow."""
        table = metadata.tables[self.table]
        sealed = table.c[self.column]
        found = select(table.c.id, table.c.public_id, sealed)
        if self.by_ring:
            found = found.add_columns(literal(None))
        elif self.through:
            (key,) = table.c[self.through].foreign_keys
            holder = key.column.table
            found = found.add_columns(holder.c[DATA_KEY]).join(holder, key.column == key.parent)
        else:
            found = found.add_columns(table.c[DATA_KEY])
        return found.where(sealed.is_not(None)).order_by(table.c.id)

    def place(self, public_id: str) -> Field:
        """Return where the value of that row stands."""
        return Field(self.table, self.column, public_id)

    def batch(self, session: Session, *, after: int) -> list[SealedRow]:
        """Return the next rows by primary key, 500 at most."""
        table = metadata.tables[self.table]
        rows = session.execute(self.rows.where(table.c.id > after).limit(BATCH))
        return [(row[0], row[1], row[2], row[3]) for row in rows]


SEALED = (
    SealedColumn("referral", "sealed_name"),
    SealedColumn("referral", "sealed_contacts"),
    SealedColumn("referral", "sealed_note"),
    SealedColumn("referral_attempt", "sealed_note", through="referral_id"),
    SealedColumn("referral_note", "sealed_note", through="referral_id"),
    SealedColumn("disclosure", "sealed_snapshot", through="referral_id"),
    SealedColumn("totp_factor", "secret", by_ring=True),
    SealedColumn("own_calendar", "sealed_address", by_ring=True),
)
"""Every sealed column. What is not listed is neither checked nor turned over to new keys."""


@dataclass(frozen=True, slots=True)
class Made:
    """What `set_up` made."""

    key_file: bool
    store: bool


def set_up(db: Database, vault: Vault) -> Made:
    """Make the key file and the store of data keys where they are missing.

    Raises:
        Unusable: as `refuse_without_keys`; new keys would be of no use to what is sealed already.
    """
    refuse_without_keys(db, vault)
    made_keys = not vault.keys.exists() and keyring.make(vault.keys.path)
    made_store = not vault.exists()
    if made_store:
        vault.prepare()
    return Made(key_file=made_keys, store=made_store)


def refuse_without_keys(db: Database, vault: Vault) -> None:
    """Make sure that the keys are there which the data need; without sealed data none has to be.

    Raises:
        Unusable: the key file is wrong, or others can read it; it is missing and needed, or lacks
            a key that the data name; or records name data keys and the store holds none.
    """
    if vault.keys.exists():
        _ = vault.ring
    with db.reading() as session:
        if vault.is_empty() and _names_data_keys(session):
            raise Unusable(
                "Records need the store of data keys, but it is missing or empty. Restore it."
            )
    for key_id in sorted(needed(db, vault)):
        vault.ring.key(key_id)


def needed(db: Database, vault: Vault) -> set[str]:
    """Return the ids of the ring's keys under which anything is wrapped or sealed."""
    with db.reading() as session:
        return vault.wrapping_keys() | _sealed_by_ring(session)


def sweep(db: Database, vault: Vault, *, now: datetime) -> int:
    """Remove data keys that no record names; return how many.

    Their record never was, or was erased and the store restored from an older backup.
    """
    if vault.is_empty():
        return 0
    return vault.sweep(partial(_in_use, db), now - LEAST_AGE)


def _in_use(db: Database, ids: Sequence[str]) -> set[str]:
    with db.reading() as session:
        return {
            key_id
            for column in _data_key_columns()
            for key_id in session.scalars(select(column).where(column.in_(ids)))
        }


def _names_data_keys(session: Session) -> bool:
    named = (select(column).where(column.is_not(None)).limit(1) for column in _data_key_columns())
    return any(session.scalar(one) is not None for one in named)


def _data_key_columns() -> Iterable[Column[Any]]:
    """Give every column that names a data key, listed above or not: a sweep is for good."""
    return [table.c[DATA_KEY] for table in metadata.tables.values() if DATA_KEY in table.c]


def _sealed_by_ring(session: Session) -> set[str]:
    found: set[str] = set()
    for column in SEALED:
        if column.by_ring:
            for row in session.execute(column.rows):
                with suppress(NotSealed):  # `outreach keys check` names it
                    found.add(sealing.key_id_of(row[2]))
    return found
