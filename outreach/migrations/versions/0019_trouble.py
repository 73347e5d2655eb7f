"""Since when nothing gets through on a channel."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("sender", sa.Column("troubled_since", UTCDateTime(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("sender", "troubled_since")
