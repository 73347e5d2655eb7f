"""`outreach keys check`: whether everything that is sealed can be opened, without showing any."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select

from outreach.db import Database
from outreach.errors import Unusable
from outreach.sealing import Unreadable
from outreach.vault import ERASED, Destroyed, Vault
from outreach.workflows.keys import SEALED, SealedColumn, SealedRow

DATA_KEYS = "data_key"
"""What a finding in the store of data keys names as its table."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that does not open: where, and why. Never what it holds."""

    table: str
    column: str
    public_id: str
    problem: str


@dataclass(frozen=True, slots=True)
class Report:
    """What the check saw. Erased are values whose key was destroyed, or forgotten, on purpose."""

    data_keys: int
    destroyed: int
    values: int
    erased: int
    findings: tuple[Finding, ...]


def count(db: Database) -> int:
    """Return how many sealed values there are to look at."""
    with db.reading() as session:
        return sum(
            session.scalar(select(func.count()).select_from(column.rows.subquery())) or 0
            for column in SEALED
        )


def check(db: Database, vault: Vault, *, told: Callable[[], object]) -> Report:
    """Unwrap every data key and open every sealed value; `told` is called once for each value.

    Raises:
        Unusable: the key file is missing, wrong, or can be read by others.
    """
    _ = vault.ring
    findings: list[Finding] = []
    seen: Counter[str] = Counter()
    for key_id, error in vault.checked() if vault.exists() else ():
        seen["destroyed" if isinstance(error, Destroyed) else "data_keys"] += 1
        if isinstance(error, Unusable):
            findings.append(Finding(DATA_KEYS, "wrapped", key_id, str(error)))
    for column in SEALED:
        for public_id, error in _opened(db, vault, column):
            seen["erased" if isinstance(error, Destroyed) else "values"] += 1
            if isinstance(error, Unusable):
                found = Finding(column.table, column.column, public_id, str(error))
                findings.append(found)
            told()
    return Report(
        data_keys=seen["data_keys"],
        destroyed=seen["destroyed"],
        values=seen["values"],
        erased=seen["erased"],
        findings=tuple(findings),
    )


def _opened(
    db: Database, vault: Vault, column: SealedColumn
) -> Iterator[tuple[str, Destroyed | Unusable | None]]:
    """Try every value of a column; give its row's public id and what is wrong."""
    last = 0
    while True:
        with db.reading() as session:
            rows = column.batch(session, after=last)
        if not rows:
            return
        last = rows[-1][0]
        yield from _by_ring(vault, column, rows) if column.by_ring else _by_key(vault, column, rows)


def _by_ring(
    vault: Vault, column: SealedColumn, rows: Sequence[SealedRow]
) -> Iterator[tuple[str, Destroyed | Unusable | None]]:
    ring = vault.ring
    for _, public_id, sealed, _ in rows:
        try:
            ring.open(column.place(public_id), sealed)
        except Unusable as error:
            yield public_id, error
        else:
            yield public_id, None


def _by_key(
    vault: Vault, column: SealedColumn, rows: Sequence[SealedRow]
) -> Iterator[tuple[str, Destroyed | Unusable | None]]:
    tried = vault.tried((key, column.place(row), sealed) for _, row, sealed, key in rows if key)
    # What hangs on an erased record stays where it is, and the record has forgotten its key.
    without = Destroyed(ERASED) if column.through else Unreadable("Its record names no data key.")
    for _, public_id, _, key in rows:
        result = next(tried) if key else without
        yield public_id, None if isinstance(result, str) else result
