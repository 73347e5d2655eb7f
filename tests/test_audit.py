from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import SYSTEM, Actor, Kind
from outreach.audit import AuditEvent, Broken
from outreach.db import Database

NOW = datetime(2026, 12, 1, 17, 0, tzinfo=UTC)
ANA = Actor(Kind.COORDINATOR, account_id=7, affiliate_id=1)
KEY = b"k" * 32


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with Session(database.writer, info={"audit_key": KEY}) as session:
        yield session
        session.rollback()


def record_three(session: Session) -> None:
    audit.record(session, "visit.requested", actor=ANA, subject=("visit", 1), now=NOW)
    audit.record(
        session,
        "offer.made",
        actor=SYSTEM,
        subject=("offer", 4),
        now=NOW + timedelta(minutes=1),
        details={"wave": 1, "speakers": [3, 5], "note": "niño"},
    )
    audit.record(session, "offer.accepted", actor=ANA, subject=("offer", 4), now=NOW)


def let_rows_be_changed(session: Session, engine: str) -> None:
    if engine == "postgresql":
        session.execute(text("ALTER TABLE audit_event DISABLE TRIGGER ALL"))
        return
    named = text(
        "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_event'"
    )
    for name in session.scalars(named).all():
        session.execute(text(f"DROP TRIGGER {name}"))


@pytest.mark.both_engines
def test_an_event_says_who_did_what_to_which_row_and_when(session: Session) -> None:
    record_three(session)

    event = session.scalars(select(AuditEvent).where(AuditEvent.action == "offer.made")).one()

    assert (event.actor, event.subject_kind, event.subject_id) == ("system", "offer", 4)
    assert event.at == NOW + timedelta(minutes=1)
    assert event.details == {"wave": 1, "speakers": [3, 5], "note": "niño"}


@pytest.mark.both_engines
def test_an_untouched_log_holds_even_in_a_new_session(session: Session) -> None:
    record_three(session)
    session.expire_all()

    assert audit.verify(session) is None


@pytest.mark.both_engines
def test_an_empty_log_holds(session: Session) -> None:
    assert audit.verify(session) is None


def test_each_event_names_the_one_before(session: Session) -> None:
    record_three(session)

    first, second, third = session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()

    assert first.previous_hash == audit.GENESIS
    assert (second.previous_hash, third.previous_hash) == (first.hash, second.hash)


def test_the_zone_of_the_instant_does_not_matter(session: Session) -> None:
    in_chicago = NOW.astimezone(timezone(timedelta(hours=-6)))
    audit.record(session, "visit.moved", actor=ANA, subject=("visit", 1), now=in_chicago)
    session.expire_all()

    assert audit.verify(session) is None


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE audit_event SET actor = 'liaison:9' WHERE action = 'offer.made'",
        "UPDATE audit_event SET subject_id = 5 WHERE action = 'offer.made'",
        "UPDATE audit_event SET details = '{}' WHERE action = 'offer.made'",
    ],
)
def test_a_changed_event_is_found(session: Session, engine: str, change: str) -> None:
    record_three(session)
    made = select(AuditEvent.id).where(AuditEvent.action == "offer.made")
    event_id = session.scalars(made).one()
    let_rows_be_changed(session, engine)

    session.execute(text(change))
    session.expire_all()

    assert audit.verify(session) == Broken(event_id)


@pytest.mark.both_engines
def test_a_removed_event_is_found_at_the_next_one(session: Session, engine: str) -> None:
    record_three(session)
    accepted = select(AuditEvent.id).where(AuditEvent.action == "offer.accepted")
    event_id = session.scalars(accepted).one()
    let_rows_be_changed(session, engine)

    session.execute(text("DELETE FROM audit_event WHERE action = 'offer.made'"))
    session.expire_all()

    assert audit.verify(session) == Broken(event_id)


def test_nobody_without_the_key_can_write_a_chain_that_holds(session: Session) -> None:
    record_three(session)

    session.info["audit_key"] = b"j" * 32

    assert audit.verify(session) is not None


@pytest.mark.both_engines
@pytest.mark.parametrize(
    "change", ["UPDATE audit_event SET actor = 'nobody'", "DELETE FROM audit_event"]
)
def test_the_database_refuses_to_change_the_log(session: Session, change: str) -> None:
    record_three(session)

    with pytest.raises(DBAPIError, match="append-only"):
        session.execute(text(change))


@pytest.mark.both_engines
def test_an_event_falls_with_the_transaction_of_its_change(database: Database) -> None:
    with database.transaction() as session:
        record_three(session)
        session.rollback()

    with database.reading() as session:
        assert session.scalars(select(AuditEvent)).all() == []
