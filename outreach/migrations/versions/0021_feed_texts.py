"""Each visit in a calendar keeps its text for feeds."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0019"
branch_labels = None
depends_on = None

COLUMNS = ("vevent", "vevent_of")


def upgrade() -> None:
    """Make the change. What is there already is rendered as before, until it changes."""
    for name in COLUMNS:
        op.add_column("calendar_item", sa.Column(name, sa.String(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    for name in COLUMNS:
        op.drop_column("calendar_item", name)
