"""After the visit"""

revision = "0003"
down_revision = " debriefs, attendance, incident reports.:0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""


def downgrade() -> None:
    """Take the change back."""
