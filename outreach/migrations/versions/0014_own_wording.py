"""An affiliate's own wording of messages, and what its texts cost."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "own_wording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=True),
        sa.Column("written_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint("channel IN ('sms', 'mail')", name=op.f("ck_own_wording_channel_known")),
        sa.CheckConstraint("locale IN ('en', 'es')", name=op.f("ck_own_wording_locale_known")),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliate.id"], name=op.f("fk_own_wording_affiliate_id")
        ),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["account.id"], name=op.f("fk_own_wording_written_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_own_wording")),
    )
    op.create_index(
        "ix_own_wording_place",
        "own_wording",
        ["affiliate_id", "kind", "channel", "locale", "id"],
    )
    op.create_table(
        "sms_budget",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "unit IN ('segments', 'dollars')", name=op.f("ck_sms_budget_unit_known")
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_sms_budget_amount_positive")),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliate.id"], name=op.f("fk_sms_budget_affiliate_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_budget")),
        sa.UniqueConstraint("affiliate_id", name=op.f("uq_sms_budget_affiliate_id")),
    )
    op.add_column("message", sa.Column("wording_id", sa.Integer(), nullable=True))
    op.add_column("message_attempt", sa.Column("affiliate_id", sa.Integer(), nullable=True))
    op.add_column(
        "message_attempt",
        sa.Column("segments", sa.Integer(), nullable=False, server_default="0"),
    )
    _count_what_has_left()
    op.create_index(
        "ix_message_attempt_cost",
        "message_attempt",
        ["affiliate_id", "started_at", "segments"],
        sqlite_where=sa.text("segments > 0"),
        postgresql_where=sa.text("segments > 0"),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_message_attempt_cost", "message_attempt")
    op.drop_column("message_attempt", "segments")
    op.drop_column("message_attempt", "affiliate_id")
    op.drop_column("message", "wording_id")
    op.drop_table("sms_budget")
    op.drop_index("ix_own_wording_place", "own_wording")
    op.drop_table("own_wording")


def _count_what_has_left() -> None:
    """Give each earlier attempt its message's affiliate, and its cost where it may have left."""
    attempt = sa.table(
        "message_attempt",
        sa.column("message_id"),
        sa.column("outcome"),
        sa.column("affiliate_id"),
        sa.column("segments"),
    )
    message = sa.table("message", *(sa.column(c) for c in ("id", "affiliate_id", "segments")))
    mine = message.c.id == attempt.c.message_id
    whose = sa.select(message.c.affiliate_id).where(mine).scalar_subquery()
    cost = sa.select(message.c.segments).where(mine).scalar_subquery()
    unsent = attempt.c.outcome.in_(("retry", "rejected"))
    op.execute(
        sa.update(attempt).values(affiliate_id=whose, segments=sa.case((unsent, 0), else_=cost))
    )
