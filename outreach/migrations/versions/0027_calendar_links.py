"""The page of its visit that a calendar entry leads to."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change. The worker fills it in: a migration does not know our address."""
    op.add_column(
        "calendar_item", sa.Column("link", sa.String(), nullable=False, server_default="")
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("calendar_item", "link")
