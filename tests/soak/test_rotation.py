"""Changing keys while it is killed at any moment: nothing that is sealed is ever lost."""

import multiprocessing
import random
from pathlib import Path

import pytest

from outreach import keyring, vault
from outreach.db import Database
from outreach.keyring import Source
from outreach.vault import Vault
from outreach.workflows import key_check, key_rotation, keys
from tests import builders, sealed_builders, vaults
from tests.builders import AUDIT_KEY

ROUNDS = 60
RECORDS = 40
LONGEST_S = 0.4


@pytest.mark.only("sqlite")
def test_killed_at_any_moment_again_and_again_everything_opens(
    db: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vault, "BATCH", 3)
    key_file = tmp_path / "keys.json"
    keyring.make(key_file)
    held = Vault(vaults.store_url(database_url), Source(key_file))
    with db.transaction() as session:
        here = builders.affiliate(session)
        for _ in range(RECORDS):
            sealed_builders.referral(session, held, here)
        sealed_builders.totp(session, held)
    db.dispose()
    held.dispose()
    when, ends = random.Random(1), set()  # noqa: S311 - the same moments each time
    for _ in range(ROUNDS):
        child = multiprocessing.get_context("fork").Process(
            target=_rotate, args=(database_url, key_file)
        )
        child.start()
        child.join(when.uniform(0, LONGEST_S))
        child.kill()
        child.join()
        ends.add(child.exitcode)
        assert key_check.check(db, held, told=lambda: None).findings == ()
        assert key_file.stat().st_mode & 0o777 == 0o600

    key_rotation.rotate(db, held, told=lambda _: None)

    assert -9 in ends
    assert len(held.ring.keys) > 1
    assert keys.needed(db, held) == {held.ring.active.id}
    assert key_check.check(db, held, told=lambda: None).values == RECORDS + 1
    held.dispose()


def _rotate(database_url: str, key_file: Path) -> None:
    db = Database(database_url, audit_key=AUDIT_KEY)
    held = Vault(vaults.store_url(database_url), Source(key_file))
    key_rotation.rotate(db, held, told=lambda _: None)
