"""Mails that come in, and addresses that take none."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEPT = sa.text("redacted_at IS NULL")
UNREAD = sa.text("settled_at IS NULL")


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "inbound_mail",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("message_key", sa.String(), nullable=False),
        sa.Column("sort", sa.String(), nullable=False),
        sa.Column("from_address", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=True),
        sa.Column("speaker_id", sa.Integer(), nullable=True),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.Column("received_at", UTCDateTime(), nullable=False),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.Column("redacted_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "sort IN ('bounce', 'automatic', 'calendar', 'person', 'unreadable')",
            name=op.f("ck_inbound_mail_sort_known"),
        ),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliate.id"], name=op.f("fk_inbound_mail_affiliate_id")
        ),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name=op.f("fk_inbound_mail_speaker_id")
        ),
        sa.ForeignKeyConstraint(
            ["about_id"], ["message.id"], name=op.f("fk_inbound_mail_about_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbound_mail")),
        sa.UniqueConstraint("public_id", name=op.f("uq_inbound_mail_public_id")),
        sa.UniqueConstraint("message_key", name=op.f("uq_inbound_mail_message_key")),
    )
    op.create_index(op.f("ix_inbound_mail_affiliate_id"), "inbound_mail", ["affiliate_id"])
    op.create_index(
        "ix_inbound_mail_settled_at_kept",
        "inbound_mail",
        ["settled_at"],
        sqlite_where=KEPT,
        postgresql_where=KEPT,
    )
    op.create_index(
        "ix_inbound_mail_received_at_unread",
        "inbound_mail",
        ["affiliate_id", "received_at"],
        sqlite_where=UNREAD,
        postgresql_where=UNREAD,
    )
    op.create_table(
        "mailbox_round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mailbox", sa.String(), nullable=False),
        sa.Column("next_at", UTCDateTime(), nullable=False),
        sa.Column("read_at", UTCDateTime(), nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mailbox_round")),
        sa.UniqueConstraint("mailbox", name=op.f("uq_mailbox_round_mailbox")),
    )
    op.create_table(
        "mail_address_trouble",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("since", UTCDateTime(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("cleared_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_mail_address_trouble_message_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_address_trouble")),
        sa.UniqueConstraint("address", name=op.f("uq_mail_address_trouble_address")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("mail_address_trouble")
    op.drop_table("mailbox_round")
    op.drop_table("inbound_mail")
