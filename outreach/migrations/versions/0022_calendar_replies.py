"""What calendars answered, what of it somebody has to look at, and questions in calendars."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

ANSWER_KNOWN = "answer IN ('', 'ACCEPTED', 'DECLINED', 'TENTATIVE')"


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("calendar_item") as table:
        table.add_column(
            sa.Column("tentative", sa.Boolean(), nullable=False, server_default=sa.false())
        )
        table.add_column(sa.Column("answer", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("answer_sequence", sa.Integer(), nullable=True))
        table.add_column(sa.Column("answer_at", UTCDateTime(), nullable=True))
        table.create_check_constraint(op.f("ck_calendar_item_answer_known"), ANSWER_KNOWN)
    op.add_column(
        "speaker",
        sa.Column("asked_by_calendar", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "calendar_reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mail_id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("starts_at", UTCDateTime(), nullable=True),
        sa.Column("ends_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_calendar_reply_span")),
        sa.ForeignKeyConstraint(
            ["item_id"], ["calendar_item.id"], name=op.f("fk_calendar_reply_item_id")
        ),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["inbound_mail.id"], name=op.f("fk_calendar_reply_mail_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_reply")),
        sa.UniqueConstraint("mail_id", name=op.f("uq_calendar_reply_mail_id")),
    )
    op.create_index(op.f("ix_calendar_reply_item_id"), "calendar_reply", ["item_id"])


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("calendar_reply")
    op.drop_column("speaker", "asked_by_calendar")
    with op.batch_alter_table("calendar_item") as table:
        table.drop_constraint(op.f("ck_calendar_item_answer_known"))
        table.drop_column("answer_at")
        table.drop_column("answer_sequence")
        table.drop_column("answer")
        table.drop_column("tentative")
