"""`outreach keys rotate`: a new active key, and everything wrapped or sealed anew under it.

It may be stopped at any moment: both keys are in the ring until everything is under the new one,
and the next run goes on where this one ended.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy import update

from outreach import keyring, sealing
from outreach.db import Database
from outreach.errors import Unusable
from outreach.tables import metadata
from outreach.vault import Vault
from outreach.workflows import keys
from outreach.workflows.keys import SEALED, SealedColumn


@dataclass(frozen=True, slots=True)
class Rotation:
    """What was done. `resumed`: no new key was made, an unfinished rotation was finished."""

    active: str
    resumed: bool
    data_keys: int
    values: int
    unused: tuple[str, ...]


def rotate(db: Database, vault: Vault, *, told: Callable[[int], object]) -> Rotation:
    """Make a new key the active one, unless a rotation is unfinished, and turn everything over.

    `told` is called with how many keys and values were done since the last time.

    Raises:
        Unusable: the keys are in the environment, and everything is under the active one already.
        sealing.Unreadable, UnknownKey: something cannot be opened; `outreach keys check` says what.
    """
    resumed = _begin(db, vault)
    data_keys = 0
    while done := vault.rewrap_some():
        data_keys += done
        told(done)
    values = sum(_seal_anew(db, vault, column, told=told) for column in SEALED if column.by_ring)
    ring = vault.ring
    unused = tuple(sorted(ring.keys.keys() - keys.needed(db, vault) - {ring.active.id}))
    return Rotation(ring.active.id, resumed, data_keys, values, unused)


def forget(db: Database, vault: Vault, key_id: str) -> None:
    """Take a key that nothing is wrapped under any more out of the key file.

    Raises:
        Unusable: there is no such key, it is in use, or the keys are in the environment.
    """
    _refuse_environment(vault)
    with vault.alone():
        ring = vault.ring
        if key_id not in ring.keys:
            raise Unusable("The key file holds no key %(key_id)s.", key_id=key_id)
        if key_id in {ring.active.id, *keys.needed(db, vault)}:
            raise Unusable("The key %(key_id)s is in use.", key_id=key_id)
        left = {name: key for name, key in ring.keys.items() if name != key_id}
        keyring.replace(vault.keys.path, replace(ring, keys=left))


def _begin(db: Database, vault: Vault) -> bool:
    """Make a new active key where nothing is under an older one; say whether there was something.

    Two that begin at once: the second finds the first one's rotation under way, or done.
    """
    with vault.alone():
        ring = vault.ring
        if keys.needed(db, vault) - {ring.active.id}:
            return True
        _refuse_environment(vault)
        keyring.replace(vault.keys.path, ring.with_new_key())
        return False


def _refuse_environment(vault: Vault) -> None:
    if not vault.keys.is_file:
        raise Unusable(
            "The keys are in OUTREACH_KEYS, which this program cannot change. Change them there, "
            "start everything again, and run: outreach keys rotate"
        )


def _seal_anew(
    db: Database, vault: Vault, column: SealedColumn, *, told: Callable[[int], object]
) -> int:
    """Seal under the active key what another key of the ring sealed; return how many values."""
    last = done = 0
    while True:
        with db.transaction() as session:
            rows = column.batch(session, after=last)
            table, ring = metadata.tables[column.table], vault.ring
            changed = 0
            for row_id, public_id, sealed, _ in rows:
                if sealing.key_id_of(sealed) != ring.active.id:
                    place = column.place(public_id)
                    anew = ring.seal(place, ring.open(place, sealed))
                    same = (table.c.id == row_id, table.c[column.column] == sealed)
                    session.execute(update(table).where(*same).values({column.column: anew}))
                    changed += 1
        if not rows:
            return done
        last, done = rows[-1][0], done + changed
        told(changed)
