"""How many reminders a speaker wants, and who wants no morning mail."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.add_column("speaker", sa.Column("most_reminders", sa.Integer(), nullable=True))
    op.add_column(
        "account",
        sa.Column("morning_mail", sa.Boolean(), nullable=False, server_default=sa.true()),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("account", "morning_mail")
    op.drop_column("speaker", "most_reminders")
