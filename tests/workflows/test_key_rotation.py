"""`outreach keys rotate`: everything is under the new key in the end, whenever it was stopped."""

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import update

from outreach import keyring, vault
from outreach.accounts.models import TotpFactor
from outreach.db import Database
from outreach.errors import Unusable
from outreach.keyring import Source
from outreach.referrals.models import Referral
from outreach.vault import Vault
from outreach.workflows import key_check, key_rotation, keys
from outreach.workflows.key_rotation import Rotation
from tests import builders, sealed_builders, vaults
from tests.builders import AUDIT_KEY


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """A key file, with the key "first"."""
    path = tmp_path / "keys.json"
    keyring.replace(path, keyring.parse(vaults.KEYS, named="test"))
    return path


@pytest.fixture
def held(database_url: str, key_file: Path) -> Iterator[Vault]:
    """The database's vault, its ring in a file."""
    made = open_vault(database_url, key_file)
    yield made
    made.dispose()


def open_vault(database_url: str, key_file: Path) -> Vault:
    return Vault(vaults.store_url(database_url), Source(key_file))


def rotate(db: Database, held: Vault) -> Rotation:
    return key_rotation.rotate(db, held, told=lambda _: None)


def assert_all_opens(db: Database, held: Vault) -> None:
    report = key_check.check(db, held, told=lambda: None)
    assert report.findings == ()
    assert keys.needed(db, held) == {held.ring.active.id}


@pytest.mark.both_engines
def test_everything_is_wrapped_and_sealed_anew(db: Database, held: Vault) -> None:
    referral, _, totp = sealed_builders.everything(db, held)

    done = rotate(db, held)

    assert done == Rotation(
        held.ring.active.id, resumed=False, data_keys=1, values=1, unused=("first",)
    )
    assert done.active != "first"
    assert_all_opens(db, held)
    with db.reading() as session:
        # The record's own values stay as they were: it is their data key that was wrapped anew.
        assert session.get_one(Referral, referral.id).sealed_note == referral.sealed_note
        assert session.get_one(TotpFactor, totp.id).secret != totp.secret


def test_rotating_again_makes_another_key(db: Database, held: Vault) -> None:
    sealed_builders.everything(db, held)

    first, second = rotate(db, held), rotate(db, held)

    assert first.active != second.active
    assert second.unused == tuple(sorted(("first", first.active)))
    assert_all_opens(db, held)


def test_a_destroyed_key_stays_destroyed(db: Database, held: Vault) -> None:
    referral, _, _ = sealed_builders.everything(db, held)
    held.destroy(referral.data_key_id or "")

    assert rotate(db, held).data_keys == 0
    with pytest.raises(vault.Destroyed):
        held.seal(referral.data_key_id or "", ("t", "c", "x"), "again")


@pytest.mark.only("sqlite")
@pytest.mark.parametrize("batches", [0, 1, 2])
def test_killed_half_way_the_next_run_goes_on(
    db: Database,
    held: Vault,
    database_url: str,
    monkeypatch: pytest.MonkeyPatch,
    batches: int,
) -> None:
    monkeypatch.setattr(vault, "BATCH", 2)
    with db.transaction() as session:
        here = builders.affiliate(session)
        for _ in range(5):
            sealed_builders.referral(session, held, here)
        sealed_builders.totp(session, held)
    child = multiprocessing.get_context("fork").Process(
        target=_rotate_and_die, args=(database_url, held.keys.path, batches)
    )
    child.start()
    child.join(30)
    killed_under = held.ring.active.id

    assert child.exitcode == -signal.SIGKILL
    assert killed_under != "first"
    assert key_check.check(db, held, told=lambda: None).findings == ()
    done = rotate(db, held)

    assert (done.active, done.resumed) == (killed_under, True)
    assert (done.data_keys, done.values) == (5 - 2 * batches, 1)
    assert_all_opens(db, held)


def _rotate_and_die(database_url: str, key_file: Path, batches: int) -> None:
    db, held = Database(database_url, audit_key=AUDIT_KEY), open_vault(database_url, key_file)
    left = iter(range(batches))
    rewrap = held.rewrap_some

    def rewrap_or_die() -> int:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)
        return rewrap()

    held.rewrap_some = rewrap_or_die  # type: ignore[method-assign]
    rotate(db, held)


@pytest.mark.both_engines
def test_two_that_rotate_at_once_lose_no_key(
    db: Database, held: Vault, database_url: str, key_file: Path
) -> None:
    sealed_builders.everything(db, held)
    others = [open_vault(database_url, key_file) for _ in range(4)]

    with ThreadPoolExecutor(4) as pool:
        done = [each.result() for each in [pool.submit(rotate, db, each) for each in others]]

    assert {each.active for each in done} <= set(held.ring.keys)
    rotate(db, held)
    assert_all_opens(db, held)
    for each in others:
        each.dispose()


def test_a_process_that_runs_meanwhile_uses_the_new_key(
    db: Database, held: Vault, database_url: str, key_file: Path
) -> None:
    sealed_builders.everything(db, held)
    running = open_vault(database_url, key_file)
    assert running.ring.active.id == "first"

    rotate(db, held)

    running.new_key("AnasReferral")
    assert running.wrapping_keys() == {held.ring.active.id}
    running.dispose()


def test_keys_in_the_environment_are_changed_there(db: Database, database_url: str) -> None:
    given = vaults.vault(database_url)
    sealed_builders.everything(db, given)

    with pytest.raises(Unusable, match="OUTREACH_KEYS"):
        rotate(db, given)
    given.dispose()


def test_new_keys_in_the_environment_are_turned_over_to(db: Database, database_url: str) -> None:
    before = vaults.vault(database_url)
    sealed_builders.everything(db, before)
    after = vaults.vault(database_url, keys=before.ring.with_new_key().to_json())

    done = rotate(db, after)

    assert (done.resumed, done.data_keys, done.values) == (True, 1, 1)
    assert_all_opens(db, after)
    before.dispose()
    after.dispose()


def test_a_broken_data_key_stops_the_rotation_and_harms_nothing(db: Database, held: Vault) -> None:
    sealed_builders.everything(db, held)
    with held.store.transaction() as session:
        session.execute(update(held._table).values(record="SomebodyElses"))

    with pytest.raises(Unusable):
        rotate(db, held)
    assert set(held.ring.keys) > {"first"}


def test_a_key_that_nothing_is_under_can_be_forgotten(db: Database, held: Vault) -> None:
    sealed_builders.everything(db, held)
    rotate(db, held)

    key_rotation.forget(db, held, "first")

    assert set(held.ring.keys) == {held.ring.active.id}
    assert_all_opens(db, held)


def test_a_key_in_use_cannot_be_forgotten(db: Database, held: Vault) -> None:
    sealed_builders.everything(db, held)
    keyring.replace(held.keys.path, held.ring.with_new_key())

    for key_id in ("first", held.ring.active.id):
        with pytest.raises(Unusable, match="is in use"):
            key_rotation.forget(db, held, key_id)
    with pytest.raises(Unusable, match="holds no key third"):
        key_rotation.forget(db, held, "third")
