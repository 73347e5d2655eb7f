"""Days the coordinator on duty is away, and when a helper's PIN was set."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

CHECKS = {
    "away_has_both_ends": "(away_from IS NULL) = (away_until IS NULL)",
    "away_forward": "away_until >= away_from",
}


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("affiliate") as affiliate:
        affiliate.add_column(sa.Column("away_from", sa.Date(), nullable=True))
        affiliate.add_column(sa.Column("away_until", sa.Date(), nullable=True))
        for name, condition in CHECKS.items():
            affiliate.create_check_constraint(op.f(f"ck_affiliate_{name}"), condition)
    # When the PINs there are were set is not known.
    op.add_column("intake_helper", sa.Column("pin_set_at", UTCDateTime(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("intake_helper") as helper:
        helper.drop_column("pin_set_at")
    with op.batch_alter_table("affiliate") as affiliate:
        for name in CHECKS:
            affiliate.drop_constraint(op.f(f"ck_affiliate_{name}"), type_="check")
        affiliate.drop_column("away_until")
        affiliate.drop_column("away_from")
