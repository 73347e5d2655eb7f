"""The schema's history leads to the models' tables, and what the database refuses by itself."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    Column,
    ColumnDefault,
    Connection,
    Engine,
    MetaData,
    Table,
    create_engine,
    inspect,
    make_url,
    text,
)

from outreach import migrations
from outreach.db import Database
from outreach.errors import Unusable
from outreach.migrations import guards
from outreach.tables import metadata
from tests.builders import NOW

pytestmark = pytest.mark.both_engines

CATALOG = {
    "sqlite": (
        "SELECT type || ' ' || name, sql FROM sqlite_master"
        " WHERE sql IS NOT NULL AND type = 'index'"
    ),
    "postgresql": (
        "SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid)"
        " FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype <> 'x'"
        " UNION ALL SELECT 'index ' || indexname, indexdef FROM pg_indexes"
        " WHERE schemaname = 'public'"
    ),
}
"""What Alembic's own comparison does not see: checks, and the conditions of partial indexes."""


@pytest.fixture
def migrated(database: Database) -> Engine:
    return database.writer


@pytest.fixture
def empty_url(engine: str, database_url: str, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database of the same engine without any table."""
    if engine == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
        return
    url = make_url(database_url)
    name = f"{url.database}_empty"
    server = create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield url.set(database=name).render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


@pytest.fixture
def empty(empty_url: str) -> Iterator[Engine]:
    engine = create_engine(empty_url)
    yield engine
    engine.dispose()


def definitions(connection: Connection) -> dict[str, str]:
    rows = connection.execute(text(CATALOG[connection.dialect.name])).all()
    ours = {name: sql for name, sql in rows if "alembic_version" not in f"{name} {sql}"}
    ours.pop(f"index {guards.OVERLAP}", None)
    return ours


def checks(connection: Connection) -> dict[str, set[tuple[str | None, str]]]:
    found = inspect(connection)
    return {
        table: {(check["name"], check["sqltext"]) for check in found.get_check_constraints(table)}
        for table in metadata.tables
    }


def as_it_was(engine: Engine, name: str) -> Table:
    """Give a table of the models with no more columns than it has at this revision."""
    there = {column["name"] for column in inspect(engine).get_columns(name)}
    columns = [column for column in metadata.tables[name].columns if column.name in there]
    defaults = {c.name: c.default.arg for c in columns if isinstance(c.default, ColumnDefault)}
    return Table(
        name, MetaData(), *(Column(c.name, c.type, default=defaults.get(c.name)) for c in columns)
    )


def test_the_migrations_lead_to_the_models_tables(migrated: Engine) -> None:
    with migrated.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})

        assert compare_metadata(context, metadata) == []


def test_checks_and_conditions_are_those_of_the_models(migrated: Engine, empty: Engine) -> None:
    metadata.create_all(empty)

    with migrated.connect() as by_history, empty.connect() as by_models:
        assert definitions(by_history) == definitions(by_models)
        assert checks(by_history) == checks(by_models)


def test_the_way_down_leaves_nothing_and_the_way_up_works_again(empty: Engine) -> None:
    migrations.upgrade(empty)
    migrations.downgrade(empty)
    left = set(inspect(empty).get_table_names()) - {"alembic_version"}
    migrations.upgrade(empty)

    assert left == set()
    assert migrations.current(empty) == migrations.head()


def test_who_had_signed_in_counts_as_known_at_their_places(empty: Engine) -> None:
    migrations.upgrade(empty, to="0001")
    tables = {name: as_it_was(empty, name) for name in ("affiliate", "account", "membership")}
    signed_in = {"ruth@people.example": NOW, "sam@people.example": None}
    with empty.begin() as connection:
        connection.execute(
            tables["affiliate"].insert(), {"id": 1, "name": "Lakeshore", "created_at": NOW}
        )
        for number, (email, at) in enumerate(signed_in.items(), 1):
            known = {"id": number, "email": email, "name": email, "created_at": NOW}
            place = {"account_id": number, "kind": "coordinator", "affiliate_id": 1}
            connection.execute(tables["account"].insert(), known | {"first_signed_in_at": at})
            connection.execute(tables["membership"].insert(), place | {"starts_at": NOW})

    migrations.upgrade(empty)

    with empty.connect() as connection:
        query = text("SELECT first_used_at FROM membership ORDER BY account_id")
        assert [used is not None for used in connection.scalars(query)] == [True, False]


def test_the_way_down_takes_intake_people_and_their_browsers_with_it(empty: Engine) -> None:
    migrations.upgrade(empty, to="0004")
    ines = {"id": 1, "email": "ines@people.example", "name": "Ines Castro", "created_at": NOW}
    affiliate = {"id": 1, "name": "Lakeshore", "created_at": NOW}
    browser = {"account_id": 1, "created_at": NOW, "seen_at": NOW}
    with empty.begin() as connection:
        connection.execute(as_it_was(empty, "affiliate").insert(), affiliate)
        connection.execute(as_it_was(empty, "account").insert(), ines)
        for number, kind in enumerate(("coordinator", "intake"), 1):
            place = {"id": number, "account_id": 1, "kind": kind, "affiliate_id": 1}
            session = {"membership_id": number, "token_hash": kind}
            connection.execute(as_it_was(empty, "membership").insert(), place | {"starts_at": NOW})
            connection.execute(as_it_was(empty, "web_session").insert(), browser | session)

    migrations.downgrade(empty, to="0003")

    with empty.connect() as connection:
        assert connection.scalars(text("SELECT kind FROM membership")).all() == ["coordinator"]
        assert connection.scalars(text("SELECT membership_id FROM web_session")).all() == [1]


def test_authorizations_of_before_keep_what_was_typed_and_the_code_of_their_copy(
    empty: Engine,
) -> None:
    migrations.upgrade(empty, to="0006")
    names = ("affiliate", "form_wording", "referral_authorization", "referral")
    tables = {name: as_it_was(empty, name) for name in names}
    wording = {"version": 1, "locale": "en", "text": "", "digest": "", "created_at": NOW}
    signed = {
        "information": ["name", "zip_code"],
        "discloser": "St. Clare",
        "operator": "Lakeshore",
        "affiliate_ids": [1],
        "purpose": "",
        "statements": [],
        "recorded_by": "account:1",
        "expires_on": NOW.date(),
        "signed_on": NOW.date(),
        "recorded_at": NOW,
    }
    withdrawn: dict[str, object] = {
        "active": False,
        "revoked_at": NOW,
        "written_revocation_on": NOW.date(),
    }
    referral = {"bureau_id": 1, "state_at": NOW, "time_zone": "America/Detroit", "created_at": NOW}
    begun = {"discharged_at": NOW, "zip_code": "48201", "groups": ["call_back"]}
    with empty.begin() as connection:
        connection.execute(
            tables["affiliate"].insert(), {"id": 1, "name": "Lakeshore", "created_at": NOW}
        )
        for number, profile in enumerate(("IL", "generic"), 1):
            connection.execute(
                tables["form_wording"].insert(), {"id": number, "profile": profile, **wording}
            )
        mother = {"signer": "guardian", "authority": "Mother", **withdrawn}
        signers: tuple[dict[str, object], ...] = (mother, {"signer": "person"})
        for number, more in enumerate(signers, 1):
            given = {"id": number, "wording_id": number, **signed, **more}
            connection.execute(tables["referral_authorization"].insert(), given)
        for number, authorization_id in enumerate((1, 2, None), 1):
            of = {"id": number, "number": 100_000 + number, "request_key": str(number)}
            connection.execute(
                tables["referral"].insert(),
                {**of, **referral, **begun, "authorization_id": authorization_id},
            )

    migrations.upgrade(empty)

    with empty.connect() as connection:
        kept = connection.execute(
            text(
                "SELECT authority, authority_words, written_revocation_witnessed"
                " FROM referral_authorization ORDER BY id"
            )
        ).all()
        ids = connection.execute(
            text(
                "SELECT form_id, a.public_id FROM referral"
                " LEFT JOIN referral_authorization a ON a.id = authorization_id"
                " ORDER BY referral.id"
            )
        ).all()
    assert [tuple(row) for row in kept] == [("other", "Mother", True), ("", "", False)]
    assert [form_id == signed_id for form_id, signed_id in ids] == [True, True, False]
    assert len({form_id for form_id, _signed in ids} - {""}) == 3
    migrations.downgrade(empty, to="0006")
    with empty.connect() as connection:
        typed = text("SELECT authority FROM referral_authorization ORDER BY id")
        assert connection.scalars(typed).all() == ["Mother", ""]


def test_a_discharge_of_before_counts_as_of_a_known_hour_unless_it_was_noon_there(
    empty: Engine,
) -> None:
    migrations.upgrade(empty, to="0008")
    tables = {name: as_it_was(empty, name) for name in ("affiliate", "referral")}
    referral = {"bureau_id": 1, "state_at": NOW, "created_at": NOW, "form_id": ""}
    begun = {"zip_code": "48201", "groups": ["call_back"]}
    noon = datetime(2026, 7, 1, 16, tzinfo=UTC)
    with empty.begin() as connection:
        connection.execute(
            tables["affiliate"].insert(), {"id": 1, "name": "Lakeshore", "created_at": NOW}
        )
        places = [
            ("America/Detroit", noon),
            ("America/Chicago", noon),
            ("America/Detroit", noon.replace(minute=30)),
        ]
        for number, (zone, at) in enumerate(places, 1):
            of = {"id": number, "number": 100_000 + number, "request_key": str(number)}
            when = {"time_zone": zone, "discharged_at": at}
            connection.execute(tables["referral"].insert(), {**of, **referral, **begun, **when})

    migrations.upgrade(empty)

    with empty.connect() as connection:
        known = text("SELECT discharge_hour_known FROM referral ORDER BY id")
        assert [bool(each) for each in connection.scalars(known)] == [False, True, True]
    migrations.downgrade(empty, to="0008")
    assert "discharge_hour_known" not in as_it_was(empty, "referral").columns


def test_texts_that_left_before_count_for_their_affiliate_unless_they_surely_did_not(
    empty: Engine,
) -> None:
    migrations.upgrade(empty, to="0011")
    tables = {name: as_it_was(empty, name) for name in ("affiliate", "message", "message_attempt")}
    of = {"id": 1, "affiliate_id": 1, "dedupe_key": "k", "kind": "offer", "channel": "sms"}
    to = {"recipient_kind": "speaker", "recipient_id": 1, "to_address": "+13135550101"}
    about = {"subject_kind": "offer", "subject_id": 1, "subject_revision": 1, "values": {}}
    when = dict.fromkeys(("send_after", "expires_at", "state_at", "created_at"), NOW)
    with empty.begin() as connection:
        connection.execute(
            tables["affiliate"].insert(), {"id": 1, "name": "Lakeshore", "created_at": NOW}
        )
        connection.execute(
            tables["message"].insert(),
            {**of, **to, **about, **when, "time_zone": "America/Detroit", "segments": 2},
        )
        for number, outcome in enumerate(("ok", "retry", "rejected", "crashed"), 1):
            tried = {"message_id": 1, "number": number, "started_at": NOW, "outcome": outcome}
            connection.execute(tables["message_attempt"].insert(), tried)

    migrations.upgrade(empty, to="0014")

    with empty.connect() as connection:
        cost = text("SELECT affiliate_id, segments FROM message_attempt ORDER BY number")
        assert list(map(tuple, connection.execute(cost))) == [(1, 2), (1, 0), (1, 0), (1, 2)]
    migrations.downgrade(empty, to="0011")
    assert "segments" not in as_it_was(empty, "message_attempt").columns


def test_every_guard_stands(migrated: Engine) -> None:
    on_sqlite = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    on_postgresql = (
        "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        " UNION SELECT conname FROM pg_constraint WHERE contype = 'x'"
    )
    is_sqlite = migrated.dialect.name == "sqlite"
    with migrated.connect() as connection:
        found = connection.scalars(text(on_sqlite if is_sqlite else on_postgresql)).all()

    overlap = {"assignment_overlap_insert", "assignment_overlap_update"}
    assert overlap <= set(found) if is_sqlite else guards.OVERLAP in found
    for table in guards.APPEND_ONLY:
        assert [name for name in found if name.startswith(table)], table


def test_a_program_older_or_newer_than_its_database_says_so(
    migrated: Engine, database: Database
) -> None:
    migrations.prepare(database, make=False)
    with migrated.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Unusable, match=r"newer version of outreach \(revision 9999\)"):
        migrations.prepare(database, make=False)
