"""Tables: peer speakers, their training and clearances, and when and where they want to go.

The busy times of a speaker's own calendar are here, and not with the calendars that we write: they
say when a speaker is available, as the weekly pattern and the days away do.
"""

from datetime import date, datetime, time

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from outreach.crypto import public_id
from outreach.db import Base


class Speaker(Base):
    """A trained volunteer with lived experience.

    `radius_km` None means any distance. `channel` is how offers and reminders reach the speaker.
    `any_hour` says that changes of a visit within a day may be texted at night too.
    Of an affiliate's reminders the last `most_reminders` are sent; None means all.
    A calendar entry reminds `alarm_minutes` before the visit; None: not at all. With
    `asked_by_calendar` questions come into the calendar too, as tentative entries.
    `detail` says how much a message or calendar may show: "minimal" names no place.
    """

    __tablename__ = "speaker"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"), index=True)
    first_name: Mapped[str]
    last_name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str | None]
    zip_code: Mapped[str]
    latitude: Mapped[float]
    longitude: Mapped[float]
    time_zone: Mapped[str]
    radius_km: Mapped[float | None]
    languages: Mapped[list[str]]
    age_groups: Mapped[list[str]]
    quota_per_month: Mapped[int] = mapped_column(default=4)
    rest_days: Mapped[int] = mapped_column(default=0)
    channel: Mapped[str] = mapped_column(default="mail")
    any_hour: Mapped[bool] = mapped_column(default=False)
    most_reminders: Mapped[int | None]
    detail: Mapped[str] = mapped_column(default="minimal")
    calendar: Mapped[str] = mapped_column(default="both")
    asked_by_calendar: Mapped[bool] = mapped_column(default=False)
    alarm_minutes: Mapped[int | None]
    locale: Mapped[str] = mapped_column(default="en")
    paused_until: Mapped[date | None]
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("affiliate_id", "email"),
        CheckConstraint("email = lower(email)", name="email_lower"),
        CheckConstraint("channel IN ('sms', 'mail', 'call')", name="channel_known"),
        CheckConstraint("detail IN ('minimal', 'full')", name="detail_known"),
        CheckConstraint("calendar IN ('feed', 'mail', 'both')", name="calendar_known"),
        CheckConstraint("alarm_minutes BETWEEN 0 AND 10080", name="alarm_sane"),
        CheckConstraint("quota_per_month BETWEEN 0 AND 31", name="quota_sane"),
        CheckConstraint("rest_days BETWEEN 0 AND 365", name="rest_days_sane"),
        Index("ix_speaker_phone", "phone"),
    )


class Certification(Base):
    """What a speaker is trained for, from and until which day, both inclusive."""

    __tablename__ = "certification"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    speaker_id: Mapped[int] = mapped_column(
        ForeignKey("speaker.id", ondelete="CASCADE"), index=True
    )
    program_id: Mapped[int] = mapped_column(ForeignKey("program.id"))
    role: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]

    __table_args__ = (
        UniqueConstraint("speaker_id", "program_id", "role", "starts_on"),
        CheckConstraint("ends_on >= starts_on", name="forward"),
    )


class Clearance(Base):
    """A clearance a speaker holds; `hospital_id` only where the hospital itself gives it."""

    __tablename__ = "clearance"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    speaker_id: Mapped[int] = mapped_column(
        ForeignKey("speaker.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str]
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"))
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]

    __table_args__ = (
        UniqueConstraint("speaker_id", "kind", "hospital_id", "starts_on"),
        CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="forward"),
    )


class Availability(Base):
    """A weekly span the speaker is free (weekday 0 is Monday), in the speaker's wall time."""

    __tablename__ = "availability"

    id: Mapped[int] = mapped_column(primary_key=True)
    speaker_id: Mapped[int] = mapped_column(
        ForeignKey("speaker.id", ondelete="CASCADE"), index=True
    )
    weekday: Mapped[int]
    starts: Mapped[time]
    ends: Mapped[time]

    __table_args__ = (
        UniqueConstraint("speaker_id", "weekday", "starts"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_known"),
        CheckConstraint("ends > starts", name="forward"),
    )


class Away(Base):
    """Days the speaker is away, both inclusive."""

    __tablename__ = "away"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    speaker_id: Mapped[int] = mapped_column(
        ForeignKey("speaker.id", ondelete="CASCADE"), index=True
    )
    starts_on: Mapped[date]
    ends_on: Mapped[date]

    __table_args__ = (
        UniqueConstraint("speaker_id", "starts_on", "ends_on"),
        CheckConstraint("ends_on >= starts_on", name="forward"),
    )


class OwnCalendar(Base):
    """Where a speaker's own calendar is read from, and how the readings went.

    Whoever has the address can read the calendar, so it is sealed. `reading_until` is until when
    the one who reads it now may take. `laid_out_at` is when its times were last worked out, which
    a server's "not changed" does not do. `trouble` is "" or why the last reading failed, and
    `failures` how many did in a row.
    """

    __tablename__ = "own_calendar"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    speaker_id: Mapped[int] = mapped_column(
        ForeignKey("speaker.id", ondelete="CASCADE"), unique=True
    )
    sealed_address: Mapped[str]
    etag: Mapped[str] = mapped_column(default="")
    last_modified: Mapped[str] = mapped_column(default="")
    next_read_at: Mapped[datetime] = mapped_column(index=True)
    reading_until: Mapped[datetime | None]
    last_read_at: Mapped[datetime | None]
    last_ok_at: Mapped[datetime | None]
    laid_out_at: Mapped[datetime | None]
    trouble: Mapped[str] = mapped_column(default="")
    failures: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("failures >= 0", name="failures_counted"),
        CheckConstraint("(trouble = '') = (failures = 0)", name="trouble_is_a_failure"),
    )


class BusyTime(Base):
    """When a speaker's own calendar says busy: never what with. The end is not included.

    It belongs to the calendar it was read from, and goes with it.
    """

    __tablename__ = "busy_time"

    id: Mapped[int] = mapped_column(primary_key=True)
    speaker_id: Mapped[int] = mapped_column(
        ForeignKey("own_calendar.speaker_id", ondelete="CASCADE")
    )
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    tentative: Mapped[bool]

    __table_args__ = (
        UniqueConstraint("speaker_id", "tentative", "starts_at"),
        CheckConstraint("ends_at > starts_at", name="forward"),
    )


class Exclusion(Base):
    """What the speaker is never to be offered: set without a reason, and private."""

    __tablename__ = "exclusion"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    speaker_id: Mapped[int] = mapped_column(
        ForeignKey("speaker.id", ondelete="CASCADE"), index=True
    )
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))

    __table_args__ = (
        CheckConstraint("(hospital_id IS NULL) <> (unit_id IS NULL)", name="one_place"),
        UniqueConstraint("speaker_id", "hospital_id", "unit_id"),
    )
