"""How often one may try: buckets in the database, so that they hold across processes."""

from datetime import datetime, timedelta

from sqlalchemy import case, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts.models import RateBucket
from outreach.accounts.rules import Bucket

OLD_BUCKETS_STAY = timedelta(days=1)


def take(session: Session, bucket: Bucket, owner: str, *, now: datetime) -> bool:
    """Take from a bucket; False when it is empty, and then nothing changes.

    One statement that inserts or updates, so that two takers never get the same token. The caller
    must commit whatever comes after: a refused try counts.
    """
    key = f"{bucket.name}:{crypto.digest(owner)}"
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    is_refilled = RateBucket.filled_at <= now - bucket.refills_after
    taken = (
        insert(RateBucket)
        .values(key=key, tokens=bucket.size - 1, filled_at=now)
        .on_conflict_do_update(
            index_elements=[RateBucket.key],
            set_={
                "tokens": case((is_refilled, bucket.size - 1), else_=RateBucket.tokens - 1),
                "filled_at": now,
            },
            where=or_(is_refilled, RateBucket.tokens >= 1),
        )
        .returning(RateBucket.id)
    )
    return session.scalar(taken) is not None


def is_empty(session: Session, bucket: Bucket, owner: str) -> bool:
    """Say whether the last was just taken: asked by its taker, in the transaction of the taking."""
    key = f"{bucket.name}:{crypto.digest(owner)}"
    left = session.scalar(select(RateBucket.tokens).where(RateBucket.key == key))
    return left is not None and left < 1


def forget_old(session: Session, *, now: datetime) -> None:
    """Delete the buckets nobody has taken from for a day: they are full again."""
    session.execute(delete(RateBucket).where(RateBucket.filled_at < now - OLD_BUCKETS_STAY))


def give_back(session: Session, bucket: Bucket, owner: str) -> None:
    """Put one back: the try was right, so it does not count."""
    session.execute(
        update(RateBucket)
        .where(RateBucket.key == f"{bucket.name}:{crypto.digest(owner)}")
        .values(tokens=RateBucket.tokens + 1)
    )
