"""Tables: what each person's calendar shows of a visit, what it answered, addresses of feeds."""

from datetime import datetime
from typing import Final

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from outreach.crypto import public_id
from outreach.db import Base

BUREAU: Final = "affiliate"
"""The `owner_kind` of the entries that coordinators' feeds show; nobody is mailed these."""


class CalendarItem(Base):
    """One visit in one person's calendar: one UID for its whole life.

    `sequence` and `stamped_at` rise only when `fingerprint`, what the person sees, changes.
    `link` leads to the visit's page, which who may see it finds after signing in.
    One that is `tentative` asks whether the person would go. `answer` is what their calendar said
    last ("" for nothing), of which sequence and when.
    `agreed_to` is a hash of the time and place its owner has said yes to ("" for none).
    `vevent` is the row as feeds hold it and `vevent_of` what it was made of: the service keeps
    both with every change, and takes no text that was made of something else.
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
    link: Mapped[str] = mapped_column(default="")
    cancelled_at: Mapped[datetime | None]
    tentative: Mapped[bool] = mapped_column(default=False)
    alarm_minutes: Mapped[int | None]
    agreed_to: Mapped[str] = mapped_column(default="")
    answer: Mapped[str] = mapped_column(default="")
    answer_sequence: Mapped[int | None]
    answer_at: Mapped[datetime | None]
    vevent: Mapped[str | None]
    vevent_of: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("answer IN ('', 'ACCEPTED', 'DECLINED', 'TENTATIVE')", name="answer_known"),
        UniqueConstraint("visit_id", "owner_kind", "owner_id"),
        Index("ix_calendar_item_owner_starts_at", "owner_kind", "owner_id", "starts_at"),
    )


class CalendarReply(Base):
    """What a mail said for a calendar, where somebody has to look at it: `why`, a code.

    `item_id` is whose entry it is about, None for one we do not know. `starts_at` and `ends_at`
    are what a calendar proposed instead. The mail's own row says whether it is settled.
    """

    __tablename__ = "calendar_reply"

    id: Mapped[int] = mapped_column(primary_key=True)
    mail_id: Mapped[int] = mapped_column(ForeignKey("inbound_mail.id"), unique=True)
    item_id: Mapped[int | None] = mapped_column(ForeignKey("calendar_item.id"), index=True)
    why: Mapped[str]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("starts_at < ends_at", name="span"),)


class FeedAddress(Base):
    """The secret address of a person's feed. The token is derived; only its hash is kept.

    `detail` says how much it shows: "minimal" that there is a visit, and when; "full" the rest. A
    speaker's entries follow the speaker's own choice already, so theirs is "full".
    """

    __tablename__ = "feed_address"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    owner_kind: Mapped[str]
    owner_id: Mapped[int]
    token_hash: Mapped[str] = mapped_column(unique=True)
    detail: Mapped[str] = mapped_column(default="full")
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_feed_address_owner", "owner_kind", "owner_id"),
        CheckConstraint("detail IN ('minimal', 'full')", name="detail_known"),
    )
