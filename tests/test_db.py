import sqlite3
import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, StatementError
from sqlalchemy.orm import Session

from outreach import migrations
from outreach.accounts.models import Account, RateBucket
from outreach.db import RETRIES, Database, constraint_of, locked, locked_all, retrying

NOW = datetime(2026, 12, 1, 17, 0, tzinfo=UTC)


def make_account(email: str, *, created_at: datetime = NOW) -> Account:
    return Account(email=email, name="Ana Ruiz", created_at=created_at)


def count_accounts(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(Account)) or 0


@pytest.mark.both_engines
def test_a_transaction_that_ends_well_is_kept(db: Database) -> None:
    with db.transaction() as session:
        session.add(make_account("ana@outreach.example"))

    assert count_accounts(db) == 1


@pytest.mark.both_engines
def test_a_transaction_that_raises_leaves_nothing(db: Database) -> None:
    def stop_half_way() -> None:
        with db.transaction() as session:
            session.add(make_account("ana@outreach.example"))
            session.flush()
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        stop_half_way()

    assert count_accounts(db) == 0


@pytest.mark.both_engines
def test_a_reader_cannot_write(db: Database) -> None:
    with db.reading() as session:
        session.add(make_account("ana@outreach.example"))

        with pytest.raises(DBAPIError, match=r"read-?only"):
            session.flush()

    assert count_accounts(db) == 0


@pytest.mark.both_engines
def test_the_database_itself_refuses_a_reader_that_writes_by_hand(db: Database) -> None:
    with db.reading() as session, pytest.raises(DBAPIError, match=r"read-?only"):
        session.execute(text("DELETE FROM account"))


@pytest.mark.both_engines
def test_a_reader_does_not_wait_for_a_writer_and_sees_what_was_before(db: Database) -> None:
    with db.transaction() as session:
        session.add(make_account("ana@outreach.example"))
        session.flush()

        assert count_accounts(db) == 0

    assert count_accounts(db) == 1


@pytest.mark.only("sqlite")
def test_writers_come_one_after_the_other(db: Database) -> None:
    with db.transaction() as session:
        session.add(RateBucket(key="sign-in", tokens=0, filled_at=NOW))
    waiting = threading.Barrier(4)

    def take_one() -> None:
        waiting.wait()
        with db.transaction() as session:
            bucket = session.scalars(select(RateBucket)).one()
            bucket.tokens += 1

    threads = [threading.Thread(target=take_one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with db.reading() as session:
        assert session.scalar(select(RateBucket.tokens)) == 4


@pytest.mark.both_engines
def test_an_instant_comes_back_aware_and_in_utc(db: Database) -> None:
    noon_in_chicago = datetime(2026, 12, 1, 12, 0, tzinfo=timezone(timedelta(hours=-6)))
    with db.transaction() as session:
        session.add(make_account("ana@outreach.example", created_at=noon_in_chicago))

    with db.reading() as session:
        created_at = session.scalars(select(Account.created_at)).one()

    assert created_at == noon_in_chicago
    assert created_at.utcoffset() == timedelta(0)


@pytest.mark.both_engines
def test_a_naive_time_is_refused(session: Session) -> None:
    naive = NOW.replace(tzinfo=None)
    session.add(make_account("ana@outreach.example", created_at=naive))

    with pytest.raises(StatementError, match="must be aware"):
        session.flush()


@pytest.mark.both_engines
def test_instants_are_ordered_by_the_database(session: Session) -> None:
    later_by_the_clock = datetime(2026, 12, 1, 18, 30, tzinfo=timezone(timedelta(hours=2)))
    session.add(make_account("ana@outreach.example", created_at=NOW))
    session.add(make_account("ben@outreach.example", created_at=later_by_the_clock))
    session.flush()

    emails = session.scalars(select(Account.email).order_by(Account.created_at)).all()

    assert emails == ["ben@outreach.example", "ana@outreach.example"]


@pytest.mark.both_engines
def test_a_row_that_points_to_nothing_is_refused(session: Session) -> None:
    with pytest.raises(IntegrityError) as refused:
        session.execute(
            text("INSERT INTO demo_sign_in (token_hash, membership_id) VALUES ('x', 7)")
        )

    assert "foreign" in str(refused.value).lower()


@pytest.mark.both_engines
def test_the_constraint_that_refused_a_row_has_a_name(session: Session, engine: str) -> None:
    session.add(make_account("ana@outreach.example"))
    session.flush()
    session.add(make_account("ana@outreach.example"))

    with pytest.raises(IntegrityError) as refused:
        session.flush()

    named = {"sqlite": "UNIQUE constraint failed: account.email", "postgresql": "uq_account_email"}
    assert constraint_of(refused.value) == named[engine]


@pytest.mark.only("postgresql")
def test_a_locked_row_is_held_until_the_transaction_ends(db: Database) -> None:
    with db.transaction() as session:
        session.add(make_account("ana@outreach.example"))
    with db.transaction() as first, db.transaction() as second:
        account_id = first.scalars(select(Account.id)).one()
        locked(first, Account, account_id)
        second.execute(text("SET LOCAL lock_timeout = '50ms'"))

        with pytest.raises(OperationalError, match="lock timeout"):
            locked(second, Account, account_id)
        second.rollback()


@pytest.mark.both_engines
def test_a_row_is_locked_as_it_is_now(session: Session) -> None:
    account = make_account("ana@outreach.example")
    session.add(account)
    session.flush()
    session.execute(text("UPDATE account SET name = 'Ana Díaz'"))

    assert locked(session, Account, account.id).name == "Ana Díaz"


@pytest.mark.both_engines
def test_many_rows_are_locked_as_they_are_now_in_the_order_of_their_keys(
    session: Session,
) -> None:
    accounts = [make_account(f"{name}@outreach.example") for name in ("ana", "ben", "cleo")]
    session.add_all(accounts)
    session.flush()
    ids = [account.id for account in accounts]
    session.execute(text("UPDATE account SET name = 'Ana Díaz'"))

    held = locked_all(session, Account, [ids[2], ids[0], ids[2], 7_000])

    assert [(account.id, account.name) for account in held] == [
        (ids[0], "Ana Díaz"),
        (ids[2], "Ana Díaz"),
    ]
    assert locked_all(session, Account, []) == []


def test_a_row_that_is_gone_cannot_be_locked(session: Session) -> None:
    with pytest.raises(LookupError, match="no Account 7"):
        locked(session, Account, 7)


class Deadlock(Exception):
    sqlstate = "40P01"


def refusing(times: int, *, error: Exception) -> tuple[list[int], object]:
    runs: list[int] = []

    def unit() -> str:
        runs.append(1)
        if len(runs) <= times:
            raise OperationalError("UPDATE", {}, error)
        return "done"

    return runs, retrying(unit)


def test_a_deadlock_is_tried_again_as_a_whole() -> None:
    runs, unit = refusing(RETRIES, error=Deadlock())

    assert callable(unit)
    assert unit() == "done"
    assert len(runs) == RETRIES + 1


def test_a_deadlock_that_never_ends_is_told() -> None:
    runs, unit = refusing(RETRIES + 1, error=Deadlock())

    assert callable(unit)
    with pytest.raises(OperationalError):
        unit()
    assert len(runs) == RETRIES + 1


def test_any_other_error_is_not_tried_again() -> None:
    runs, unit = refusing(1, error=sqlite3.OperationalError("disk full"))

    assert callable(unit)
    with pytest.raises(OperationalError):
        unit()
    assert len(runs) == 1


@pytest.mark.only("sqlite")
def test_sqlite_is_durable_checked_and_readable_beside_a_writer(db: Database) -> None:
    with db.transaction() as session:
        pragmas = {
            name: session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }

    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert db.is_sqlite


@pytest.mark.only("postgresql")
def test_postgresql_gives_up_in_time_and_keeps_utc(db: Database) -> None:
    with db.transaction() as session:
        settings = {
            name: session.scalar(text(f"SHOW {name}"))
            for name in ("statement_timeout", "lock_timeout", "TimeZone")
        }

    assert settings == {"statement_timeout": "30s", "lock_timeout": "10s", "TimeZone": "UTC"}
    assert not db.is_sqlite


@pytest.mark.both_engines
def test_a_fresh_database_is_at_the_newest_revision(db: Database) -> None:
    assert migrations.current(db.writer) == migrations.head()
