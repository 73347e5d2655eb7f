"""Notes a coordinator writes to the people of a list, and who wants no more of them."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

KEPT = sa.text("redacted_at IS NULL")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "broadcast",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("once_key", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("text_es", sa.String(), nullable=False),
        sa.Column("by_text", sa.Integer(), nullable=False),
        sa.Column("by_mail", sa.Integer(), nullable=False),
        sa.Column("by_call", sa.Integer(), nullable=False),
        sa.Column("nobody", sa.Integer(), nullable=False),
        sa.Column("written_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("taken_back_at", UTCDateTime(), nullable=True),
        sa.Column("redacted_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("way IN ('sms', 'mail')", name=op.f("ck_broadcast_way_known")),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliate.id"], name=op.f("fk_broadcast_affiliate_id")
        ),
        sa.ForeignKeyConstraint(
            ["written_by_id"], ["account.id"], name=op.f("fk_broadcast_written_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcast")),
        sa.UniqueConstraint("public_id", name=op.f("uq_broadcast_public_id")),
        sa.UniqueConstraint(
            "affiliate_id", "once_key", name=op.f("uq_broadcast_affiliate_id_once_key")
        ),
    )
    op.create_index(
        "ix_broadcast_created_at_kept",
        "broadcast",
        ["created_at"],
        sqlite_where=KEPT,
        postgresql_where=KEPT,
    )
    op.create_table(
        "note_stop",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("recipient_kind", sa.String(), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliate.id"], name=op.f("fk_note_stop_affiliate_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_stop")),
        sa.UniqueConstraint(
            "affiliate_id",
            "recipient_kind",
            "recipient_id",
            name=op.f("uq_note_stop_affiliate_id_recipient_kind_recipient_id"),
        ),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("note_stop")
    op.drop_index("ix_broadcast_created_at_kept", "broadcast")
    op.drop_table("broadcast")
