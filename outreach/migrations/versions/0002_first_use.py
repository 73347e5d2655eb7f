"""When a membership was first used: what its place may know of the account."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("membership", sa.Column("first_used_at", UTCDateTime(), nullable=True))
    # Which place was used is not known of those before: whoever has signed in is known to all.
    op.execute(
        "UPDATE membership SET first_used_at ="
        " (SELECT first_signed_in_at FROM account WHERE account.id = membership.account_id)"
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("membership", "first_used_at")
