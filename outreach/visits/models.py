"""Tables: from a unit's request to the people who come, and what is told after they were there.

A request lays out visits; a visit has slots, one per person and role; a slot is filled by one
active assignment. That nobody is booked twice is the database's business: partial unique indexes
here, and an exclusion constraint (PostgreSQL) or triggers (SQLite) made by the migration.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from outreach.crypto import public_id
from outreach.db import Base
from outreach.visits import rules


def _offset_now(context: Any) -> int:  # noqa: ANN401 - SQLAlchemy's own
    given = context.get_current_parameters()
    return rules.utc_offset_s(given["starts_at"], zone=given["time_zone"])


class VisitRequest(Base):
    """What a liaison asked for: one date, or a repeat kept in the words it was asked in."""

    __tablename__ = "visit_request"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    program_id: Mapped[int] = mapped_column(ForeignKey("program.id"))
    requested_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    first_starts_at: Mapped[datetime]
    minutes: Mapped[int]
    repeats: Mapped[str] = mapped_column(default="")
    language: Mapped[str]
    critical: Mapped[bool] = mapped_column(default=False)
    group_size: Mapped[int | None]
    room: Mapped[str] = mapped_column(default="")
    screen: Mapped[bool] = mapped_column(default=False)
    by_video: Mapped[bool] = mapped_column(default=False)
    access_needs: Mapped[str] = mapped_column(default="")
    notes: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]

    __table_args__ = (
        UniqueConstraint("unit_id", "program_id", "first_starts_at"),
        CheckConstraint("minutes BETWEEN 10 AND 480", name="minutes_sane"),
    )


class Visit(Base):
    """One date on one unit. `warnings` are the soft rules it broke when it was laid out.

    `utc_offset_s` is by how much the clocks there were to be ahead of UTC when the time was set:
    what people mean is the time on the wall, and a law may move that.
    """

    __tablename__ = "visit"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    request_id: Mapped[int] = mapped_column(ForeignKey("visit_request.id"), index=True)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    program_id: Mapped[int] = mapped_column(ForeignKey("program.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    time_zone: Mapped[str]
    utc_offset_s: Mapped[int] = mapped_column(default=_offset_now)
    language: Mapped[str]
    critical: Mapped[bool] = mapped_column(default=False)
    warnings: Mapped[list[str]] = mapped_column(default=list)
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime]
    called_off_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="forward"),
        Index(
            "uq_visit_unit_id_program_id_starts_at_live",
            "unit_id",
            "program_id",
            "starts_at",
            unique=True,
            sqlite_where=text("called_off_at IS NULL"),
            postgresql_where=text("called_off_at IS NULL"),
        ),
        Index("ix_visit_affiliate_id_starts_at", "affiliate_id", "starts_at"),
        Index(
            "ix_visit_ends_at_held",
            "ends_at",
            sqlite_where=text("called_off_at IS NULL"),
            postgresql_where=text("called_off_at IS NULL"),
        ),
        Index("ix_visit_unit_id_starts_at", "unit_id", "starts_at"),
    )


class OtherTime(Base):
    """Another start that the bureau proposes to the unit; the length stays. One waits at most.

    `visit_revision` is the visit's when it was asked: once the visit has changed, it is overtaken.
    """

    __tablename__ = "other_time"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    visit_revision: Mapped[int]
    starts_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="waiting")
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    asked_at: Mapped[datetime]
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'accepted', 'kept', 'withdrawn')", name="state_known"
        ),
        CheckConstraint(
            "(state IN ('accepted', 'kept')) = (answered_at IS NOT NULL)", name="answered_at_known"
        ),
        Index(
            "uq_other_time_visit_id_waiting",
            "visit_id",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )


class Slot(Base):
    """A place for one person in one role. `state` is decided by conditional updates only."""

    __tablename__ = "slot"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    role: Mapped[str]
    position: Mapped[int]
    state: Mapped[str] = mapped_column(default="open")

    __table_args__ = (
        UniqueConstraint("visit_id", "role", "position"),
        CheckConstraint("state IN ('open', 'filled', 'closed')", name="state_known"),
    )


class Proposal(Base):
    """The engine's choice for a slot, before anyone is asked. At most one waits per slot."""

    __tablename__ = "proposal"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), index=True)
    speaker_id: Mapped[int] = mapped_column(ForeignKey("speaker.id"), index=True)
    reasons: Mapped[list[dict[str, Any]]]
    distance_km: Mapped[float]
    state: Mapped[str] = mapped_column(default="waiting")
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'approved', 'dropped')", name="state_known"),
        Index(
            "uq_proposal_slot_id_waiting",
            "slot_id",
            unique=True,
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )


class MatchingRun(Base):
    """A search for speakers that somebody asked for. At most one of an affiliate is under way.

    What was asked: the open visits that begin before `until_at`, of one hospital, the one visit,
    those that lack people without a proposal; none of these: all. `progress`, `levels` and
    `result` are what `workflows.runs` writes. `asked_by_id` is None for the command line.
    """

    __tablename__ = "matching_run"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"))
    asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    until_at: Mapped[datetime | None]
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))
    only_missing: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(default="waiting")
    failure: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    stop_asked_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    lease_token: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    progress: Mapped[dict[str, Any]] = mapped_column(default=dict)
    levels: Mapped[list[dict[str, Any]]] = mapped_column(default=list)
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = (
        CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'stopped', 'failed')", name="state_known"
        ),
        CheckConstraint("failure IN ('', 'lost', 'broken')", name="failure_known"),
        CheckConstraint(
            "(state IN ('waiting', 'running')) = (finished_at IS NULL)", name="finished_when_over"
        ),
        CheckConstraint(
            "(state = 'running') = (lease_token IS NOT NULL)", name="held_while_running"
        ),
        Index(
            "uq_matching_run_affiliate_id_live",
            "affiliate_id",
            unique=True,
            sqlite_where=text("state IN ('waiting', 'running')"),
            postgresql_where=text("state IN ('waiting', 'running')"),
        ),
        Index("ix_matching_run_affiliate_id_created_at", "affiliate_id", "created_at"),
    )


class Offer(Base):
    """A slot offered to one speaker. `number` is what the speaker types in a text answer."""

    __tablename__ = "offer"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    number: Mapped[int]
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), index=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    speaker_id: Mapped[int] = mapped_column(ForeignKey("speaker.id"), index=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    reasons: Mapped[list[dict[str, Any]]]
    distance_km: Mapped[float]
    wave: Mapped[int]
    state: Mapped[str] = mapped_column(default="open")
    offered_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str | None]

    __table_args__ = (
        CheckConstraint(
            "state IN ('open', 'accepted', 'not_this_time', 'lapsed', 'withdrawn')",
            name="state_known",
        ),
        CheckConstraint("expires_at > offered_at", name="forward"),
        Index(
            "uq_offer_slot_id_speaker_id_open",
            "slot_id",
            "speaker_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "uq_offer_speaker_id_number_open",
            "speaker_id",
            "number",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index("ix_offer_state_expires_at", "state", "expires_at"),
    )


class Assignment(Base):
    """One speaker fills one slot. It carries the visit's span, so that overlaps can be refused."""

    __tablename__ = "assignment"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    slot_id: Mapped[int] = mapped_column(ForeignKey("slot.id"), index=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    speaker_id: Mapped[int] = mapped_column(ForeignKey("speaker.id"))
    offer_id: Mapped[int | None] = mapped_column(ForeignKey("offer.id"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]

    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="forward"),
        Index(
            "uq_assignment_slot_id_active",
            "slot_id",
            unique=True,
            sqlite_where=text("active"),
            postgresql_where=text("active"),
        ),
        Index("ix_assignment_speaker_id_starts_at", "speaker_id", "starts_at"),
    )


_TELLERS = "('speaker', 'liaison', 'coordinator')"
"""Who may have said something about a visit that is over."""


class Attendance(Base):
    """Whether one speaker came, and the time and miles it took: two statements.

    Each keeps who made it last. `minutes` are there and on the way, `miles` both ways.
    """

    __tablename__ = "attendance"

    id: Mapped[int] = mapped_column(primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"), unique=True)
    came: Mapped[str] = mapped_column(default="unknown")
    came_said_by: Mapped[str | None]
    came_said_at: Mapped[datetime | None]
    minutes: Mapped[int | None]
    miles: Mapped[int | None]
    effort_said_by: Mapped[str | None]
    effort_said_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("came IN ('yes', 'no', 'unknown')", name="came_known"),
        CheckConstraint(f"came_said_by IN {_TELLERS}", name="came_said_by_known"),
        CheckConstraint(f"effort_said_by IN {_TELLERS}", name="effort_said_by_known"),
        CheckConstraint(
            "came = 'unknown' OR came_said_by IS NOT NULL", name="came_said_by_somebody"
        ),
        CheckConstraint(
            "(minutes IS NULL AND miles IS NULL) OR effort_said_by IS NOT NULL",
            name="effort_said_by_somebody",
        ),
        CheckConstraint("minutes BETWEEN 0 AND 1440", name="minutes_sane"),
        CheckConstraint("miles BETWEEN 0 AND 1000", name="miles_sane"),
    )


class Audience(Base):
    """How many patients came to a visit: a number, and who said it last."""

    __tablename__ = "audience"

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), unique=True)
    people: Mapped[int]
    said_by: Mapped[str]
    said_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint("people BETWEEN 0 AND 500", name="people_sane"),
        CheckConstraint(f"said_by IN {_TELLERS}", name="said_by_known"),
    )


class WardReport(Base):
    """What the unit said after a visit: whether they came, and anything we should know."""

    __tablename__ = "ward_report"

    id: Mapped[int] = mapped_column(primary_key=True)
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), unique=True)
    outcome: Mapped[str]
    words: Mapped[str] = mapped_column(default="")
    said_at: Mapped[datetime]

    __table_args__ = (
        CheckConstraint(
            "outcome IN ('all_came', 'someone_missing', 'not_held')", name="outcome_known"
        ),
    )


class Debrief(Base):
    """What a speaker told after a visit. Private to her and her coordinators; ranks nobody.

    Every page of a coordinator counts who waits for a call: the affiliate stands here as well.
    """

    __tablename__ = "debrief"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"))
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"), unique=True)
    how_was_it: Mapped[str]
    how_are_you: Mapped[str]
    words: Mapped[str] = mapped_column(default="")
    said_at: Mapped[datetime]
    called_at: Mapped[datetime | None]
    called_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    __table_args__ = (
        CheckConstraint(
            "how_was_it IN ('well', 'mixed', 'hard', 'not_there', 'not_held')",
            name="how_was_it_known",
        ),
        CheckConstraint(
            "how_are_you IN ('well', 'all_right', 'not_so_well', 'call')",
            name="how_are_you_known",
        ),
        CheckConstraint("(called_at IS NULL) = (called_by_id IS NULL)", name="called_by_somebody"),
        Index(
            "ix_debrief_affiliate_id_waiting",
            "affiliate_id",
            sqlite_where=text("called_at IS NULL AND how_are_you IN ('not_so_well', 'call')"),
            postgresql_where=text("called_at IS NULL AND how_are_you IN ('not_so_well', 'call')"),
        ),
    )


class IncidentReport(Base):
    """Something happened on a visit that a coordinator must know of, and settles with a note.

    `fingerprint` is of the visit, the teller and the words, so that a form sent twice is one
    report. By a unit's link nobody is named.
    """

    __tablename__ = "incident_report"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visit.id"), index=True)
    kind: Mapped[str]
    words: Mapped[str]
    said_by: Mapped[str]
    speaker_id: Mapped[int | None] = mapped_column(ForeignKey("speaker.id"))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    fingerprint: Mapped[str] = mapped_column(unique=True)
    said_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]
    settled_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    note: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        CheckConstraint(
            "kind IN ('hurt', 'distress', 'boundary', 'privacy', 'other')", name="kind_known"
        ),
        CheckConstraint(f"said_by IN {_TELLERS}", name="said_by_known"),
        CheckConstraint(
            "(settled_at IS NULL) = (settled_by_id IS NULL)", name="settled_by_somebody"
        ),
        Index(
            "ix_incident_report_affiliate_id_open",
            "affiliate_id",
            sqlite_where=text("settled_at IS NULL"),
            postgresql_where=text("settled_at IS NULL"),
        ),
    )
