"""The page a calendar entry leads to, and the time and place its owner has said yes to."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change. The worker fills it in: a migration does not know our address."""
    for name in ("link", "agreed_to"):
        op.add_column(
            "calendar_item", sa.Column(name, sa.String(), nullable=False, server_default="")
        )


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("calendar_item", "agreed_to")
    op.drop_column("calendar_item", "link")
