"""How much a private feed shows."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change; feeds that are there show what they did."""
    with op.batch_alter_table("feed_address") as table:
        table.add_column(sa.Column("detail", sa.String(), nullable=False, server_default="full"))
        table.create_check_constraint(
            op.f("ck_feed_address_detail_known"), "detail IN ('minimal', 'full')"
        )


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("feed_address") as table:
        table.drop_constraint(op.f("ck_feed_address_detail_known"))
        table.drop_column("detail")
