"""Searches for speakers as rows, and how near a visit's proposals stand still."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

LIVE = sa.text("state IN ('waiting', 'running')")


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("affiliate") as affiliate:
        affiliate.add_column(
            sa.Column("cut_off_days", sa.Integer(), nullable=False, server_default="3")
        )
        affiliate.create_check_constraint(
            op.f("ck_affiliate_cut_off_days_sane"), "cut_off_days BETWEEN 0 AND 60"
        )
    op.create_table(
        "matching_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", sa.Integer(), nullable=True),
        sa.Column("until_at", UTCDateTime(), nullable=True),
        sa.Column("hospital_id", sa.Integer(), nullable=True),
        sa.Column("visit_id", sa.Integer(), nullable=True),
        sa.Column("only_missing", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("failure", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("started_at", UTCDateTime(), nullable=True),
        sa.Column("stop_asked_at", UTCDateTime(), nullable=True),
        sa.Column("finished_at", UTCDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_token", sa.String(), nullable=True),
        sa.Column("lease_until", UTCDateTime(), nullable=True),
        sa.Column("progress", sa.JSON(), nullable=False),
        sa.Column("levels", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'running', 'done', 'stopped', 'failed')",
            name=op.f("ck_matching_run_state_known"),
        ),
        sa.CheckConstraint(
            "failure IN ('', 'lost', 'broken')", name=op.f("ck_matching_run_failure_known")
        ),
        sa.CheckConstraint(
            "(state IN ('waiting', 'running')) = (finished_at IS NULL)",
            name=op.f("ck_matching_run_finished_when_over"),
        ),
        sa.CheckConstraint(
            "(state = 'running') = (lease_token IS NOT NULL)",
            name=op.f("ck_matching_run_held_while_running"),
        ),
        *(
            sa.ForeignKeyConstraint([column], [target], name=op.f(f"fk_matching_run_{column}"))
            for column, target in (
                ("affiliate_id", "affiliate.id"),
                ("asked_by_id", "account.id"),
                ("hospital_id", "hospital.id"),
                ("visit_id", "visit.id"),
            )
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_matching_run")),
        sa.UniqueConstraint("public_id", name=op.f("uq_matching_run_public_id")),
    )
    op.create_index(
        op.f("uq_matching_run_affiliate_id_live"),
        "matching_run",
        ["affiliate_id"],
        unique=True,
        sqlite_where=LIVE,
        postgresql_where=LIVE,
    )
    op.create_index(
        op.f("ix_matching_run_affiliate_id_created_at"),
        "matching_run",
        ["affiliate_id", "created_at"],
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("matching_run")
    with op.batch_alter_table("affiliate") as affiliate:
        affiliate.drop_constraint(op.f("ck_affiliate_cut_off_days_sane"), type_="check")
        affiliate.drop_column("cut_off_days")
