"""When a message's text was taken away, and when a provider is asked about one it is silent about."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OPEN = sa.text("state IN ('unknown', 'accepted')")
IN_DOUBT = sa.text("state = 'unknown'")
KEPT = sa.text("redacted_at IS NULL")
TO_FORGET = sa.text("redact_after IS NOT NULL")
ENDS = {"message": "state_at", "inbound_message": "settled_at"}
"""When each table's rows had come to their end."""


def upgrade() -> None:
    """Make the change."""
    op.add_column("message", sa.Column("checks", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ix_message_next_check_at_unknown", table_name="message")
    _index("ix_message_next_check_at_open", "message", "next_check_at", OPEN)
    for table, ended_at in ENDS.items():
        op.add_column(table, sa.Column("redacted_at", UTCDateTime(), nullable=True))
        op.add_column(table, sa.Column("redact_after", UTCDateTime(), nullable=True))
        _index(f"ix_{table}_{ended_at}_kept", table, ended_at, KEPT)
        _index(f"ix_{table}_redact_after", table, "redact_after", TO_FORGET)
    op.create_index("ix_message_attempt_finished_at", "message_attempt", ["finished_at"])


def downgrade() -> None:
    """Take the change back. What was redacted stays so."""
    op.drop_index("ix_message_attempt_finished_at", table_name="message_attempt")
    for table, ended_at in ENDS.items():
        op.drop_index(f"ix_{table}_redact_after", table_name=table)
        op.drop_index(f"ix_{table}_{ended_at}_kept", table_name=table)
        op.drop_column(table, "redact_after")
        op.drop_column(table, "redacted_at")
    op.drop_index("ix_message_next_check_at_open", table_name="message")
    _index("ix_message_next_check_at_unknown", "message", "next_check_at", IN_DOUBT)
    op.drop_column("message", "checks")


def _index(name: str, table: str, column: str, condition: sa.TextClause) -> None:
    op.create_index(name, table, [column], sqlite_where=condition, postgresql_where=condition)
