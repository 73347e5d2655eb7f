"""A digest of a database: what a GET, or a refused request, must leave as it was."""

import hashlib

from sqlalchemy import Connection

from outreach.db import Database
from outreach.tables import metadata

MAY_CHANGE = frozenset(
    {"web_session", "helper_session", "rate_bucket", "denied_access", "referral_reading"}
)
"""What a GET may write: "last seen" at most once a minute, limits, that it was refused, and who
opened a referral."""


def digest(db: Database) -> dict[str, str]:
    """Return a hash of each table's rows, so that a difference names the table."""
    with db.reader.connect() as connection:
        return {
            name: _of_table(connection, name)
            for name in sorted(metadata.tables)
            if name not in MAY_CHANGE
        }


def _of_table(connection: Connection, name: str) -> str:
    # As the driver gives the rows: reading them through types would take ten times as long.
    keys = ", ".join(column.name for column in metadata.tables[name].primary_key)
    rows = connection.exec_driver_sql(f'SELECT * FROM "{name}" ORDER BY {keys}').all()  # noqa: S608 - our own names
    return hashlib.sha256(repr(rows).encode()).hexdigest()
