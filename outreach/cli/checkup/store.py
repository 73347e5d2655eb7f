"""The database, what is sealed in it, and whether messages leave it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from outreach import migrations
from outreach.cli.checkup import machine
from outreach.cli.checkup.finding import Finding, look, ok, wrong
from outreach.db import Database
from outreach.errors import Unusable
from outreach.reads import health
from outreach.vault import Vault
from outreach.workflows import key_check

DATABASE, KEYS, SENDING = "database", "keys", "sending"
OLDEST: Final = timedelta(minutes=5)
SQLITE: Final = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
POSTGRES: Final = {"fsync": "on", "full_page_writes": "on", "TimeZone": "UTC"}
SAFE_COMMITS: Final = {"on", "remote_apply", "remote_write", "local"}


def database(db: Database, *, now: Callable[[], datetime]) -> list[Finding]:
    """Look whether it answers, has this program's tables, and keeps what it was given."""
    try:
        if migrations.is_empty(db):
            return [wrong(DATABASE, "The database is empty.", "Run: outreach init")]
        with db.reading() as session:
            revision = health.schema_revision(session)
            settings = _sqlite(session) if db.is_sqlite else _postgres(session, now=now)
    except DBAPIError as error:
        return [
            wrong(
                DATABASE,
                f"The database cannot be used: {' '.join(str(error.orig).split())}",
                "Look at database_url, and whether the server runs.",
            )
        ]
    return [_tables(revision), *settings]


def keys(db: Database, vault: Vault) -> list[Finding]:
    """Look at the key file's rights, and open everything that is sealed, as `keys check` does."""
    try:
        report = key_check.check(db, vault, told=lambda: None)
    except (Unusable, DBAPIError) as error:
        return [wrong(KEYS, str(error), "See Keys in operations.md.")]
    if report.findings:
        return [
            wrong(
                KEYS,
                f"{len(report.findings)} sealed values or keys cannot be opened.",
                "Run outreach keys check: it names them.",
            )
        ]
    return [ok(KEYS, f"{report.data_keys} data keys and {report.values} sealed values: all open.")]


def sending(db: Database, *, now: datetime) -> list[Finding]:
    """Look whether a worker lives, and what waits or went wrong."""
    with db.reading() as session:
        last = health.last_beat(session)
        waiting = health.backlog(session, now=now)
        doubts = sum(row.number for row in health.in_doubt(session))
        bad = health.ended_badly(session, now=now)
    oldest = min((row.oldest_due_at for row in waiting if row.oldest_due_at), default=now)
    found = [_worker(last, now=now), _oldest(oldest, now=now)]
    if doubts:
        found.append(
            look(
                SENDING,
                f"Of {doubts} text(s) nobody knows whether they left.",
                "They are looked up each minute. If they stay, look whether Twilio can be reached.",
            )
        )
    given_up = sum(row.number for row in bad if row.state == "dead")
    if given_up:
        found.append(
            look(
                SENDING,
                f"{given_up} message(s) were given up in the last day.",
                "Messages, under Went wrong, says of each why.",
            )
        )
    return found


def _tables(revision: str) -> Finding:
    newest = migrations.head()
    if revision == newest:
        return ok(DATABASE, f"The tables are up to date ({revision}).")
    return wrong(
        DATABASE,
        f"The tables are of revision {revision}, this program's of {newest}.",
        "Run: outreach db upgrade (after a backup), or install the program that made them.",
    )


def _sqlite(session: Session) -> list[Finding]:
    found = {name: session.scalar(text(f"PRAGMA {name}")) for name in SQLITE}
    if found == SQLITE:
        return [ok(DATABASE, "SQLite keeps each commit (WAL, synchronous FULL).")]
    return [
        wrong(
            DATABASE,
            f"SQLite does not keep each commit: {found}.",
            "Is the file on a network drive? It must be on a disk of this machine.",
        )
    ]


def _postgres(session: Session, *, now: Callable[[], datetime]) -> list[Finding]:
    found = {name: _setting(session, name) for name in POSTGRES}
    commits = _setting(session, "synchronous_commit")
    theirs = session.scalar(select(func.clock_timestamp()))
    apart = now() - theirs if theirs is not None else timedelta()
    clock = machine.compared(apart, with_whom="the database's")
    if found == POSTGRES and commits in SAFE_COMMITS:
        return [ok(DATABASE, "PostgreSQL keeps each commit."), clock]
    off = [name for name, value in found.items() if value != POSTGRES[name]]
    off += [] if commits in SAFE_COMMITS else ["synchronous_commit"]
    return [
        wrong(
            DATABASE,
            f"PostgreSQL may lose what was committed: {', '.join(off)}.",
            "Set them back to their defaults.",
        ),
        clock,
    ]


def _setting(session: Session, name: str) -> str:
    return str(session.scalar(select(func.current_setting(name))))


def _worker(last: datetime | None, *, now: datetime) -> Finding:
    if health.is_silent(last, now=now):
        ever = f"been alive since {last:%Y-%m-%d %H:%M} UTC" if last else "ever been alive"
        return wrong(
            SENDING,
            f"No worker has {ever}, so nothing is being sent.",
            "Start outreach worker, or outreach serve --with-worker.",
        )
    return ok(SENDING, "A worker is alive.")


def _oldest(oldest: datetime, *, now: datetime) -> Finding:
    late = now - oldest
    if late <= OLDEST:
        return ok(SENDING, "Nothing waits that should have left.")
    return wrong(
        SENDING,
        f"The oldest message that is due has waited for {int(late.total_seconds() // 60)} minutes.",
        "Does the worker live, does the mail or text service answer, does sms_per_second suffice?",
    )
