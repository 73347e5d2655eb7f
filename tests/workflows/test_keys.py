"""The keys: made once, refused where the data need others, swept when their record never was."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from sqlalchemy.orm import Session

from outreach import keyring
from outreach.db import Database
from outreach.errors import Unusable
from outreach.keyring import Source, UnknownKey
from outreach.tables import metadata
from outreach.vault import Vault
from outreach.wiring import Wiring
from outreach.workflows import keys
from outreach.workflows.keys import DATA_KEY, SEALED, Made
from tests import builders, sealed_builders
from tests.builders import AUDIT_KEY, NOW


@pytest.fixture
def vault(wired: Wiring) -> Vault:
    """The store and the ring of the test's database."""
    return wired.vault


@pytest.fixture
def own(db: Database, tmp_path: Path) -> Iterator[Vault]:
    """A vault of the test's own beside the database: no key file, no store."""
    del db
    made = Vault(f"sqlite:///{tmp_path / 'own.keys.sqlite'}", Source(tmp_path / "keys.json"))
    yield made
    made.dispose()


def test_every_sealed_column_is_listed() -> None:
    listed = {(column.table, column.column) for column in SEALED}
    named = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.name.startswith("sealed_")
    }

    assert named | {("totp_factor", "secret")} == listed


@pytest.mark.parametrize("column", SEALED, ids=lambda column: f"{column.table}.{column.column}")
def test_what_is_listed_has_a_public_id_and_a_data_key(column: keys.SealedColumn) -> None:
    shown = str(column.rows)

    assert f"{column.table}.public_id" in shown
    assert (DATA_KEY in shown) is not column.by_ring


def test_keys_and_store_are_made_once(db: Database, own: Vault) -> None:
    first, second = keys.set_up(db, own), keys.set_up(db, own)

    assert (first, second) == (Made(key_file=True, store=True), Made(key_file=False, store=False))
    assert (own.keys.exists(), own.exists(), own.is_empty()) == (True, True, True)


def test_nothing_sealed_needs_no_keys(db: Database, own: Vault) -> None:
    keys.refuse_without_keys(db, own)

    assert not own.keys.exists()
    assert not own.exists()


def test_a_key_file_that_is_wrong_is_refused_before_anything_is_sealed(
    db: Database, own: Vault
) -> None:
    own.keys.path.write_text("{}")
    own.keys.path.chmod(0o600)

    with pytest.raises(Unusable, match="no key file of ours"):
        keys.refuse_without_keys(db, own)


def test_a_missing_key_file_is_refused_where_data_keys_are_wrapped(
    db: Database, own: Vault
) -> None:
    keys.set_up(db, own)
    own.new_key("AnasReferral")
    own.keys.path.unlink()

    for start in (keys.refuse_without_keys, keys.set_up):
        with pytest.raises(Unusable, match="no key file"):
            start(db, own)
    assert not own.keys.exists()


def test_a_missing_key_file_is_refused_where_the_ring_sealed_something(
    db: Database, vault: Vault, own: Vault
) -> None:
    with db.transaction() as session:
        sealed_builders.totp(session, vault)

    with pytest.raises(Unusable, match="no key file"):
        keys.refuse_without_keys(db, own)


def test_another_installations_key_file_is_refused_by_the_missing_keys_name(
    db: Database, vault: Vault, own: Vault
) -> None:
    sealed_builders.everything(db, vault)
    keyring.make(own.keys.path)
    stranger = Vault(vault.store.url.render_as_string(hide_password=False), own.keys)

    with pytest.raises(UnknownKey, match="the key first,"):
        keys.refuse_without_keys(db, stranger)
    stranger.dispose()


@pytest.mark.parametrize("is_empty", [True, False])
def test_a_lost_store_is_not_made_anew(
    db: Database, vault: Vault, own: Vault, is_empty: bool
) -> None:
    with db.transaction() as session:
        sealed_builders.referral(session, vault, builders.affiliate(session))
    if is_empty:
        own.prepare()

    for start in (keys.refuse_without_keys, keys.set_up):
        with pytest.raises(Unusable, match="missing or empty"):
            start(db, own)
    assert own.exists() is is_empty


@pytest.mark.both_engines
def test_only_the_key_without_a_record_is_swept(
    db: Database, vault: Vault, present: time_machine.Traveller
) -> None:
    with db.transaction() as session:
        used = sealed_builders.referral(session, vault, builders.affiliate(session)).data_key_id
    orphan = vault.new_key("never written")
    too_early = keys.sweep(db, vault, now=NOW)
    present.shift(timedelta(hours=1, seconds=1))

    swept = keys.sweep(db, vault, now=NOW + timedelta(hours=1, seconds=1))

    assert (too_early, swept) == (0, 1)
    assert [key_id for key_id, _ in vault.checked()] == [used]
    assert orphan != used


def test_a_record_that_is_not_written_leaves_a_key_that_is_swept(
    db: Database, vault: Vault, present: time_machine.Traveller
) -> None:
    sealed_builders.everything(db, vault)
    with pytest.raises(RuntimeError, match="power"), db.transaction() as session:
        _write_half(session, vault)
    held = len(list(vault.checked()))
    present.shift(timedelta(hours=2))

    assert held == 2
    assert keys.sweep(db, vault, now=NOW + timedelta(hours=2)) == 1


def test_an_empty_store_is_swept_without_harm(db: Database, own: Vault) -> None:
    assert keys.sweep(db, own, now=NOW) == 0


def test_another_database_sweeps_nothing(
    db: Database, vault: Vault, sqlite_template: Path, present: time_machine.Traveller
) -> None:
    sealed_builders.everything(db, vault)
    present.shift(timedelta(days=1))
    other = Database(f"sqlite:///{sqlite_template}", audit_key=AUDIT_KEY)

    assert keys.sweep(other, vault, now=NOW + timedelta(days=1)) == 0
    assert len(list(vault.checked())) == 1
    other.dispose()


def _write_half(session: Session, vault: Vault) -> None:
    sealed_builders.referral(session, vault, builders.affiliate(session, "Riverbend"))
    raise RuntimeError("the power went")
