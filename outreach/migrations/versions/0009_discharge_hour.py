"""Whether somebody gave the hour of a discharge."""

from datetime import time
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STOOD_FOR_UNKNOWN = time(12)


def upgrade() -> None:
    """Make the change."""
    op.add_column(
        "referral",
        sa.Column("discharge_hour_known", sa.Boolean(), nullable=False, server_default=sa.true()),
    )
    _forget_noons()


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("referral", "discharge_hour_known")


def _forget_noons() -> None:
    """Say of each discharge at noon that its hour is not known: noon stood for that."""
    referral = sa.table(
        "referral",
        sa.column("id"),
        sa.column("time_zone"),
        sa.column("discharged_at", UTCDateTime()),
        sa.column("discharge_hour_known"),
    )
    connection = op.get_bind()
    rows = connection.execute(
        sa.select(referral.c.id, referral.c.discharged_at, referral.c.time_zone)
    ).all()
    at_noon = [
        row_id
        for row_id, discharged_at, zone in rows
        if discharged_at.astimezone(ZoneInfo(zone)).time() == STOOD_FOR_UNKNOWN
    ]
    for row_id in at_noon:
        connection.execute(
            sa.update(referral).where(referral.c.id == row_id).values(discharge_hour_known=False)
        )
