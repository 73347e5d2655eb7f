"""A digest of a database: what a GET, or a refused request, must leave as it was."""

import hashlib

from sqlalchemy.engine.interfaces import DBAPICursor

from outreach.db import Database
from outreach.tables import metadata

MAY_CHANGE = frozenset(
    {"web_session", "helper_session", "rate_bucket", "denied_access", "referral_reading"}
)
"""What a GET may write: "last seen" at most once a minute, limits, that it was refused, and who
opened a referral."""
TABLES = sorted(set(metadata.tables) - MAY_CHANGE)


def digest(db: Database) -> dict[str, str]:
    """Return a hash of each table's rows, so that a difference names the table."""
    with db.reader.connect() as connection:
        # The driver's own rows: a look through SQLAlchemy takes five times as long.
        cursor = connection.connection.cursor()
        return {name: _of_table(cursor, name) for name in TABLES}


def _of_table(cursor: DBAPICursor, name: str) -> str:
    keys = ", ".join(column.name for column in metadata.tables[name].primary_key)
    cursor.execute(f'SELECT * FROM "{name}" ORDER BY {keys}')  # noqa: S608 - our own names
    return hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
