"""What the database refuses by itself beyond indexes and checks, on both engines.

A table that a batch migration rebuilds on SQLite loses its triggers: call `put_up` for it again.
"""

from alembic import op

OVERLAP = "ex_assignment_speaker_overlap"
APPEND_ONLY = ("audit_event", "consent")

_OVERLAPS = """
    SELECT RAISE(ABORT, 'ex_assignment_speaker_overlap')
    FROM assignment AS other
    WHERE NEW.active AND other.active AND other.id IS NOT NEW.id
      AND other.speaker_id = NEW.speaker_id
      AND other.starts_at < NEW.ends_at AND NEW.starts_at < other.ends_at
"""


def put_up() -> None:
    """Make every guard: no overlapping assignments of a speaker, append-only logs."""
    if op.get_bind().dialect.name == "postgresql":
        _put_up_on_postgresql()
    else:
        _put_up_on_sqlite()


def take_down() -> None:
    """Drop what `put_up` made. On SQLite the triggers fall with their tables."""
    if op.get_bind().dialect.name == "postgresql":
        for table in APPEND_ONLY:
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        op.execute("DROP FUNCTION refuse_change()")
        op.execute(f"ALTER TABLE assignment DROP CONSTRAINT {OVERLAP}")


def make_append_only(*tables: str) -> None:
    """Let nobody update or delete rows of these tables. Needs `put_up` to have run before."""
    for table in tables:
        if op.get_bind().dialect.name == "postgresql":
            _refuse_on_postgresql(table)
        else:
            _refuse_on_sqlite(table)


def free(*tables: str) -> None:
    """Take back `make_append_only`; on SQLite the triggers fall with their tables."""
    if op.get_bind().dialect.name == "postgresql":
        for table in tables:
            op.execute(f"DROP TRIGGER {table}_append_only ON {table}")


def _put_up_on_postgresql() -> None:
    # int8range needs no extension: a speaker's id as a range of one beside the span of time.
    op.execute(
        f"ALTER TABLE assignment ADD CONSTRAINT {OVERLAP} EXCLUDE USING gist ("
        "int8range(speaker_id, speaker_id, '[]') WITH &&,"
        " tstzrange(starts_at, ends_at) WITH &&) WHERE (active)"
    )
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        _refuse_on_postgresql(table)


def _put_up_on_sqlite() -> None:
    for moment in ("INSERT", "UPDATE"):
        op.execute(
            f"CREATE TRIGGER assignment_overlap_{moment.lower()} BEFORE {moment} ON assignment"
            f" BEGIN {_OVERLAPS}; END"
        )
    for table in APPEND_ONLY:
        _refuse_on_sqlite(table)


def _refuse_on_postgresql(table: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION refuse_change()"
    )


def _refuse_on_sqlite(table: str) -> None:
    for moment in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{moment.lower()} BEFORE {moment} ON {table}"
            f" BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
