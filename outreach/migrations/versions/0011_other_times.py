"""Other times that the bureau proposes to a unit."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "other_time",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("visit_revision", sa.Integer(), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", UTCDateTime(), nullable=False),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.Column("answered_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "state IN ('waiting', 'accepted', 'kept', 'withdrawn')",
            name=op.f("ck_other_time_state_known"),
        ),
        sa.CheckConstraint(
            "(state IN ('accepted', 'kept')) = (answered_at IS NOT NULL)",
            name=op.f("ck_other_time_answered_at_known"),
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_other_time_visit_id")),
        sa.ForeignKeyConstraint(
            ["asked_by_id"], ["account.id"], name=op.f("fk_other_time_asked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["account.id"], name=op.f("fk_other_time_answered_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_other_time")),
        sa.UniqueConstraint("public_id", name=op.f("uq_other_time_public_id")),
    )
    op.create_index(op.f("ix_other_time_visit_id"), "other_time", ["visit_id"])
    op.create_index(
        "uq_other_time_visit_id_waiting",
        "other_time",
        ["visit_id"],
        unique=True,
        sqlite_where=sa.text("state = 'waiting'"),
        postgresql_where=sa.text("state = 'waiting'"),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("other_time")
