"""How long a person may take back an answer."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NAME = "ck_affiliate_undo_minutes_sane"


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("affiliate") as affiliate:
        affiliate.add_column(
            sa.Column("undo_minutes", sa.Integer(), nullable=False, server_default="10")
        )
        affiliate.create_check_constraint(op.f(NAME), "undo_minutes BETWEEN 0 AND 60")


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("affiliate") as affiliate:
        affiliate.drop_constraint(op.f(NAME), type_="check")
        affiliate.drop_column("undo_minutes")
