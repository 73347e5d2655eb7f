"""Tables: what each person's calendar shows of a visit, and the private addresses of feeds."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from outreach.crypto import public_id
from outreach.db import Base


class CalendarItem(Base):
    """One visit in one person's calendar: one UID for its whole life.

    `sequence` and `stamped_at` rise only when `fingerprint`, what the person sees, changes.
    """

    __tablename__ = "calendar_item"

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    owner_kind: Mapped[str]
    owner_id: Mapped[int]
    sequence: Mapped[int] = mapped_column(default=0)
    stamped_at: Mapped[datetime]
    fingerprint: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    time_zone: Mapped[str]
    summary: Mapped[str]
    location: Mapped[str]
    description: Mapped[str]
    cancelled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("visit_id", "owner_kind", "owner_id"),
        Index("ix_calendar_item_owner_starts_at", "owner_kind", "owner_id", "starts_at"),
    )


class FeedAddress(Base):
    """The secret address of a person's feed. The token is derived; only its hash is kept."""

    __tablename__ = "feed_address"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    owner_kind: Mapped[str]
    owner_id: Mapped[int]
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (Index("ix_feed_address_owner", "owner_kind", "owner_id"),)
