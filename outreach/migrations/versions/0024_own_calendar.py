"""Speakers' own calendars, and when those say busy."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "own_calendar",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("speaker_id", sa.Integer(), nullable=False),
        sa.Column("sealed_address", sa.String(), nullable=False),
        sa.Column("etag", sa.String(), nullable=False),
        sa.Column("last_modified", sa.String(), nullable=False),
        sa.Column("next_read_at", UTCDateTime(), nullable=False),
        sa.Column("reading_until", UTCDateTime(), nullable=True),
        sa.Column("last_read_at", UTCDateTime(), nullable=True),
        sa.Column("last_ok_at", UTCDateTime(), nullable=True),
        sa.Column("laid_out_at", UTCDateTime(), nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_own_calendar_failures_counted")),
        sa.CheckConstraint(
            "(trouble = '') = (failures = 0)", name=op.f("ck_own_calendar_trouble_is_a_failure")
        ),
        sa.ForeignKeyConstraint(
            ["speaker_id"],
            ["speaker.id"],
            name=op.f("fk_own_calendar_speaker_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_calendar")),
        sa.UniqueConstraint("public_id", name=op.f("uq_own_calendar_public_id")),
        sa.UniqueConstraint("speaker_id", name=op.f("uq_own_calendar_speaker_id")),
    )
    op.create_index(op.f("ix_own_calendar_next_read_at"), "own_calendar", ["next_read_at"])
    op.create_table(
        "busy_time",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("speaker_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("ends_at", UTCDateTime(), nullable=False),
        sa.Column("tentative", sa.Boolean(), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_busy_time_forward")),
        sa.ForeignKeyConstraint(
            ["speaker_id"],
            ["own_calendar.speaker_id"],
            name=op.f("fk_busy_time_speaker_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_busy_time")),
        sa.UniqueConstraint(
            "speaker_id",
            "tentative",
            "starts_at",
            name=op.f("uq_busy_time_speaker_id_tentative_starts_at"),
        ),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("busy_time")
    op.drop_index(op.f("ix_own_calendar_next_read_at"), "own_calendar")
    op.drop_table("own_calendar")
