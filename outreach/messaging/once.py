"""Inserting a row at most once: what arrives or is planned twice stays one."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from outreach.db import Base


def insert_once(
    session: Session, table: type[Base], *, unique: tuple[str, ...], values: Mapping[str, Any]
) -> int | None:
    """Insert a row unless one with the same `unique` columns stands; return its id, or None."""
    new: Any
    if session.get_bind().dialect.name == "postgresql":
        new = postgresql.insert(table).values(**values)
    else:
        new = sqlite.insert(table).values(**values)
    key = table.__table__.c.id
    found: int | None = session.scalar(
        new.on_conflict_do_nothing(index_elements=unique).returning(key)
    )
    return found
