"""`outreach keys check`: whatever does not open is named, and nothing it holds is."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from outreach.accounts import factors
from outreach.accounts.models import TotpFactor
from outreach.db import Database
from outreach.errors import Unusable
from outreach.keyring import fresh
from outreach.referrals.models import Referral
from outreach.vault import Vault
from outreach.wiring import Wiring
from outreach.workflows import key_check, keys
from outreach.workflows.key_check import Finding, Report
from outreach.workflows.referrals import working
from tests import builders, referral_builders, sealed_builders, vaults
from tests.builders import AUDIT_KEY, NOW


@pytest.fixture
def vault(wired: Wiring) -> Vault:
    """The store and the ring of the test's database."""
    return wired.vault


def check(db: Database, vault: Vault) -> Report:
    return key_check.check(db, vault, told=lambda: None)


def wrong(report: Report) -> list[tuple[str, str, str]]:
    return [(found.table, found.column, found.public_id) for found in report.findings]


@pytest.mark.both_engines
def test_whatever_is_sealed_is_opened(db: Database, vault: Vault) -> None:
    sealed_builders.everything(db, vault)
    told: list[int] = []

    report = key_check.check(db, vault, told=lambda: told.append(1))

    assert report == Report(data_keys=1, destroyed=0, values=3, erased=0, findings=())
    assert len(told) == key_check.count(db) == 3


def test_more_values_than_one_batch_are_all_opened(
    db: Database, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "BATCH", 2)
    with db.transaction() as session:
        of = sealed_builders.referral(session, vault, builders.affiliate(session))
        for _ in range(5):
            sealed_builders.attempt(session, vault, of)

    assert check(db, vault).values == 6


def test_whatever_the_referral_loop_seals_is_listed_and_opens(wired: Wiring) -> None:
    with wired.db.transaction() as session:
        at = referral_builders.ward(session, wired.desk)
        sent = referral_builders.accepted(session, at)
        tried = referral_builders.tried(note="Prefers mornings")
        by = referral_builders.by_helper(at.made["helper"])
        working.attempt(session, sent, tried, by=by, desk=wired.desk, now=NOW)
        factors.begin_app(session, at.coordinator.account_id, ring=wired.vault.ring, now=NOW)

    report = check(wired.db, wired.vault)

    # Name, contacts and note; the attempt's note; what was disclosed; the app's secret.
    assert report == Report(data_keys=1, destroyed=0, values=6, erased=0, findings=())


@pytest.mark.only("sqlite")
def test_no_file_of_the_databases_holds_the_person(wired: Wiring, sqlite_file: Path) -> None:
    with wired.db.transaction() as session:
        at = referral_builders.ward(session, wired.desk)
        referral_builders.closed(session, at)

    held = b"".join(file.read_bytes() for file in sqlite_file.parent.iterdir())
    assert at.receiver.name.encode() in held
    assert [each for each in referral_builders.CANARIES if each.encode() in held] == []


@pytest.mark.only("sqlite")
def test_after_erasing_an_old_backup_opens_no_more(
    wired: Wiring, sqlite_file: Path, tmp_path: Path
) -> None:
    with wired.db.transaction() as session:
        at = referral_builders.ward(session, wired.desk)
        closed = referral_builders.closed(session, at)
    old = tmp_path / "old.sqlite"
    with closing(sqlite3.connect(sqlite_file)) as here, closing(sqlite3.connect(old)) as there:
        here.backup(there)
    backup = Database(f"sqlite:///{old}", audit_key=AUDIT_KEY)
    before = check(backup, wired.vault)

    wired.vault.destroy(closed.data_key_id or "")

    after = check(backup, wired.vault)
    assert (before.values, before.erased) == (4, 0)
    assert (after.values, after.erased, after.findings) == (0, 4, ())
    backup.dispose()


def test_nothing_sealed_is_nothing_wrong(db: Database, vault: Vault) -> None:
    assert check(db, vault) == Report(0, 0, 0, 0, ())


def test_a_value_that_was_changed_is_named_and_not_shown(db: Database, vault: Vault) -> None:
    referral, _, totp = sealed_builders.everything(db, vault)
    with db.transaction() as session:
        session.execute(update(Referral).values(sealed_note="Ana, +12165550142"))
        session.execute(update(TotpFactor).values(secret=(totp.secret[:-4] + "AAAA")))

    report = check(db, vault)

    assert wrong(report) == [
        ("referral", "sealed_note", referral.public_id),
        ("totp_factor", "secret", totp.public_id),
    ]
    assert "Ana" not in str(report)
    assert totp.secret[-12:-4] not in str(report)


def test_a_value_moved_to_another_row_is_found(db: Database, vault: Vault) -> None:
    with db.transaction() as session:
        here = builders.affiliate(session)
        anas, bens = (sealed_builders.referral(session, vault, here) for _ in range(2))
        bens.data_key_id, bens.sealed_note = anas.data_key_id, anas.sealed_note

    report = check(db, vault)

    assert report.findings == (
        Finding(
            "referral",
            "sealed_note",
            bens.public_id,
            "This sealed value was changed, or belongs elsewhere.",
        ),
    )


def test_what_was_erased_is_counted_and_not_wrong(db: Database, vault: Vault) -> None:
    referral, _, _ = sealed_builders.everything(db, vault)
    vault.destroy(referral.data_key_id or "")

    assert check(db, vault) == Report(data_keys=0, destroyed=1, values=1, erased=2, findings=())


def test_what_hangs_on_an_erased_record_is_counted_and_not_wrong(
    db: Database, vault: Vault
) -> None:
    referral, _, _ = sealed_builders.everything(db, vault)
    vault.destroy(referral.data_key_id or "")
    with db.transaction() as session:
        session.execute(update(Referral).values(sealed_note=None, data_key_id=None))

    assert check(db, vault) == Report(data_keys=0, destroyed=1, values=1, erased=1, findings=())


def test_a_record_without_its_key_is_found(db: Database, vault: Vault) -> None:
    with db.transaction() as session:
        here = builders.affiliate(session)
        lost, none = (sealed_builders.referral(session, vault, here) for _ in range(2))
        lost.data_key_id, none.data_key_id = "lost", None

    report = check(db, vault)

    assert [found.problem for found in report.findings] == [
        "The store of data keys lacks the key lost. Restore the store's backup.",
        "Its record names no data key.",
    ]


def test_a_data_key_that_does_not_unwrap_is_found_with_what_it_sealed(
    db: Database, vault: Vault
) -> None:
    referral, attempt, _ = sealed_builders.everything(db, vault)
    with vault.store.transaction() as session:
        session.execute(update(vault._table).values(record="SomebodyElses"))

    assert wrong(check(db, vault)) == [
        ("data_key", "wrapped", referral.data_key_id),
        ("referral", "sealed_note", referral.public_id),
        ("referral_attempt", "sealed_note", attempt.public_id),
    ]


def test_another_key_ring_is_named_by_the_missing_key(
    db: Database, vault: Vault, database_url: str
) -> None:
    sealed_builders.everything(db, vault)
    stranger = vaults.vault(database_url, keys=fresh().to_json())

    report = check(db, stranger)

    assert len(report.findings) == 4
    assert all("the key first," in found.problem for found in report.findings)
    stranger.dispose()


def test_without_a_key_file_there_is_no_check(db: Database, database_url: str) -> None:
    with pytest.raises(Unusable, match="no key file of ours"):
        check(db, vaults.vault(database_url, keys="{}"))
