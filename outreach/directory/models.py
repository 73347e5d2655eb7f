"""Tables: affiliates and their settings, programs, hospitals, units and what these ask for."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from outreach.crypto import public_id
from outreach.db import Base

REMINDERS: list[dict[str, Any]] = [
    {"before": "days", "count": 7, "channel": "mail"},
    {"before": "days", "count": 2, "channel": "sms"},
    {"before": "hours", "count": 3, "channel": "sms"},
]
"""The default plan: wall-clock days, elapsed hours (messaging.md)."""

LEVELS = ["fill", "critical", "kept", "usual", "fairness", "distance"]

BUSINESS_DAYS = [0, 1, 2, 3, 4]

CLOCKS = {
    "acknowledge_days": 1,
    "accept_days": 2,
    "grace_days": 2,
    "attempt_days": 1,
    "attempt_red_hours": 48,
    "connect_days": 7,
    "close_days": 30,
    "hold_days": 30,
    "expiry_warning_days": 7,
}
"""How long each step of a referral may take (referrals.md). The first four are business days."""


class Affiliate(Base):
    """A local organization: it runs a bureau, or receives referrals, or both.

    One that only receives has no coordinators of its own: those of `kept_by_id` keep its record.
    The coordinator on duty is whom a clock of a referral calls first, and then her deputy; from
    `away_from` to `away_until`, both days included, she is away and the deputy is first. Proposals
    for visits nearer than `cut_off_days` are not moved by a new search. For `undo_minutes` a person
    may take back an answer or a cancellation, and others hear of it only then.
    """

    __tablename__ = "affiliate"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    name: Mapped[str] = mapped_column(unique=True)
    phone: Mapped[str | None]
    email: Mapped[str | None]
    time_zone: Mapped[str] = mapped_column(default="America/New_York")
    lead_days: Mapped[int] = mapped_column(default=7)
    horizon_days: Mapped[int] = mapped_column(default=365)
    cut_off_days: Mapped[int] = mapped_column(default=3)
    approval: Mapped[str] = mapped_column(default="review")
    offers_per_week: Mapped[int] = mapped_column(default=4)
    undo_minutes: Mapped[int] = mapped_column(default=10)
    quiet_from: Mapped[time] = mapped_column(default=time(20))
    quiet_until: Mapped[time] = mapped_column(default=time(9))
    reminders: Mapped[list[dict[str, Any]]] = mapped_column(default=lambda: list(REMINDERS))
    levels: Mapped[list[str]] = mapped_column(default=lambda: list(LEVELS))
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    kept_by_id: Mapped[int | None] = mapped_column(ForeignKey("affiliate.id"), index=True)
    receives_referrals: Mapped[bool] = mapped_column(default=False)
    intake_by: Mapped[str] = mapped_column(default="link")
    intake_name: Mapped[str] = mapped_column(default="")
    intake_phone: Mapped[str | None]
    intake_email: Mapped[str | None]
    capacity: Mapped[str] = mapped_column(default="has_capacity")
    capacity_changed_at: Mapped[datetime | None]
    zip_code: Mapped[str | None]
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    on_duty_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    deputy_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    away_from: Mapped[date | None]
    away_until: Mapped[date | None]
    business_days: Mapped[list[int]] = mapped_column(default=lambda: list(BUSINESS_DAYS))
    opens: Mapped[time] = mapped_column(default=time(9))
    closes: Mapped[time] = mapped_column(default=time(17))
    holiday_region: Mapped[str] = mapped_column(default="US")
    clocks: Mapped[dict[str, Any]] = mapped_column(default=lambda: dict(CLOCKS))

    __table_args__ = (
        CheckConstraint("approval IN ('review', 'automatic')", name="approval_known"),
        CheckConstraint("lead_days BETWEEN 0 AND 90", name="lead_days_sane"),
        CheckConstraint("horizon_days BETWEEN 7 AND 730", name="horizon_days_sane"),
        CheckConstraint("cut_off_days BETWEEN 0 AND 60", name="cut_off_days_sane"),
        CheckConstraint("offers_per_week BETWEEN 1 AND 50", name="offers_per_week_sane"),
        CheckConstraint("undo_minutes BETWEEN 0 AND 60", name="undo_minutes_sane"),
        CheckConstraint("kept_by_id <> id", name="kept_by_another"),
        CheckConstraint("intake_by IN ('link', 'account', 'phone')", name="intake_by_known"),
        CheckConstraint(
            "capacity IN ('has_capacity', 'no_capacity', 'waitlist',"
            " 'additional_assessment_required')",
            name="capacity_known",
        ),
        CheckConstraint("latitude BETWEEN -90 AND 90", name="latitude_on_earth"),
        CheckConstraint("longitude BETWEEN -180 AND 180", name="longitude_on_earth"),
        CheckConstraint("deputy_id <> on_duty_id", name="deputy_is_another"),
        CheckConstraint("closes > opens", name="closes_after_opening"),
        CheckConstraint("(away_from IS NULL) = (away_until IS NULL)", name="away_has_both_ends"),
        CheckConstraint("away_until >= away_from", name="away_forward"),
    )


class CountyServed(Base):
    """A county whose people an affiliate receives, as geography.py spells it ("Cook County")."""

    __tablename__ = "county_served"

    id: Mapped[int] = mapped_column(primary_key=True)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id", ondelete="CASCADE"))
    state: Mapped[str]
    county: Mapped[str]

    __table_args__ = (
        UniqueConstraint("affiliate_id", "state", "county"),
        Index("ix_county_served_place", "state", "county"),
        CheckConstraint("length(state) = 2 AND state = upper(state)", name="state_of_two_letters"),
    )


class ClosedDay(Base):
    """A holiday of an affiliate's own, besides those of its region."""

    __tablename__ = "closed_day"

    id: Mapped[int] = mapped_column(primary_key=True)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id", ondelete="CASCADE"))
    closed_on: Mapped[date]
    name: Mapped[str] = mapped_column(default="")

    __table_args__ = (UniqueConstraint("affiliate_id", "closed_on"),)


class Program(Base):
    """A kind of visit: the lengths it may have and, in `ProgramRole`, the people it needs."""

    __tablename__ = "program"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"), index=True)
    name: Mapped[str]
    minutes: Mapped[list[int]]

    __table_args__ = (UniqueConstraint("affiliate_id", "name"),)


class ProgramRole(Base):
    """How many people a program needs in one role ("lead", "co-presenter", "peer", "family")."""

    __tablename__ = "program_role"

    id: Mapped[int] = mapped_column(primary_key=True)
    program_id: Mapped[int] = mapped_column(ForeignKey("program.id", ondelete="CASCADE"))
    role: Mapped[str]
    count: Mapped[int]

    __table_args__ = (
        UniqueConstraint("program_id", "role"),
        CheckConstraint("count BETWEEN 1 AND 9", name="count_sane"),
    )


class Hospital(Base):
    """A campus. It owns the time zone; `affiliate_id` is whose coordinators keep the record.

    `form_profile` says which elements a patient's authorization needs there; None: no referrals.
    """

    __tablename__ = "hospital"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"), index=True)
    name: Mapped[str]
    city: Mapped[str]
    state: Mapped[str]
    zip_code: Mapped[str]
    latitude: Mapped[float]
    longitude: Mapped[float]
    time_zone: Mapped[str]
    form_profile: Mapped[str | None]
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("affiliate_id", "name"),)


class HospitalAgreement(Base):
    """Why a hospital may refer: its contract with the operator, or the operator's counsel's memo.

    `reference` says where the paper lies. Both days are inclusive. A renewal is a row of its own;
    `ended_at` is set when an agreement was ended before its last day.
    """

    __tablename__ = "hospital_agreement"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"), index=True)
    kind: Mapped[str]
    signed_on: Mapped[date]
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    reference: Mapped[str]
    recorded_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    recorded_at: Mapped[datetime]
    ended_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("kind IN ('business_associate', 'counsel_memo')", name="kind_known"),
        CheckConstraint("ends_on >= starts_on", name="forward"),
        CheckConstraint("(ended_at IS NULL) = (ended_by_id IS NULL)", name="ended_by_someone"),
    )


class Unit(Base):
    """A ward under a neutral label, never a diagnosis. `affiliate_id` is its primary affiliate.

    `part_two`: records here fall under 42 CFR Part 2 (substance use); referrals are refused.
    """

    __tablename__ = "unit"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    hospital_id: Mapped[int] = mapped_column(ForeignKey("hospital.id"), index=True)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"), index=True)
    name: Mapped[str]
    age_group: Mapped[str] = mapped_column(default="adult")
    street: Mapped[str] = mapped_column(default="")
    contact_name: Mapped[str] = mapped_column(default="")
    contact_phone: Mapped[str | None]
    contact_email: Mapped[str | None]
    part_two: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    archived_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("hospital_id", "name"),
        CheckConstraint(
            "age_group IN ('adult', 'adolescent', 'older adult')", name="age_group_known"
        ),
    )


class UnitBrief(Base):
    """What visitors must know on arrival. A new version is a new row; the highest is current."""

    __tablename__ = "unit_brief"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id", ondelete="CASCADE"))
    version: Mapped[int]
    text: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("unit_id", "version"),)


class UnitPause(Base):
    """Days on which a unit takes no visits, both inclusive; without an end, until it is ended."""

    __tablename__ = "unit_pause"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id", ondelete="CASCADE"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    created_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="forward"),)


class VisitingHours(Base):
    """When visits are allowed on a weekday (0 is Monday), in the hospital's wall time."""

    __tablename__ = "visiting_hours"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id", ondelete="CASCADE"), index=True)
    weekday: Mapped[int]
    opens: Mapped[time]
    closes: Mapped[time]

    __table_args__ = (
        UniqueConstraint("unit_id", "weekday", "opens"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday_known"),
        CheckConstraint("closes > opens", name="forward"),
    )


class ClearanceRequirement(Base):
    """A kind of clearance a unit demands of every visitor.

    Kinds: "tb", "flu", "background_check", or "hospital" (given by the hospital itself: badge,
    orientation), or a word of the affiliate's own.
    """

    __tablename__ = "clearance_requirement"

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id", ondelete="CASCADE"))
    kind: Mapped[str]

    __table_args__ = (UniqueConstraint("unit_id", "kind"),)
