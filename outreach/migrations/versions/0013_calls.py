"""Calls that a person makes, among the messages; and who may be texted at any hour."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KNOWN = "ck_message_channel_known"


def upgrade() -> None:
    """Make the change."""
    op.add_column(
        "speaker", sa.Column("any_hour", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    _let_channels_be("channel IN ('sms', 'mail', 'call')")


def downgrade() -> None:
    """Take the change back; calls nobody made by then are gone with it."""
    message = sa.table("message", sa.column("id"), sa.column("channel"))
    attempt = sa.table("message_attempt", sa.column("message_id"))
    calls = sa.select(message.c.id).where(message.c.channel == "call")
    op.execute(sa.delete(attempt).where(attempt.c.message_id.in_(calls)))
    op.execute(sa.delete(message).where(message.c.channel == "call"))
    _let_channels_be("channel IN ('sms', 'mail')")
    op.drop_column("speaker", "any_hour")


def _let_channels_be(condition: str) -> None:
    with op.batch_alter_table("message") as message:
        message.drop_constraint(op.f(KNOWN), type_="check")
        message.create_check_constraint(op.f(KNOWN), condition)
