"""By how much the clocks of a visit's zone were to be ahead of UTC when its time was set."""

from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

VISIT = sa.table(
    "visit",
    sa.column("id", sa.Integer),
    sa.column("starts_at", UTCDateTime),
    sa.column("time_zone", sa.String),
    sa.column("utc_offset_s", sa.Integer),
)


def upgrade() -> None:
    """Make the change; visits that are there are taken as set by today's law."""
    op.add_column(
        "visit", sa.Column("utc_offset_s", sa.Integer(), nullable=False, server_default="0")
    )
    connection = op.get_bind()
    known = sa.select(VISIT.c.id, VISIT.c.starts_at, VISIT.c.time_zone)
    for row_id, starts_at, zone in connection.execute(known).all():
        offset = starts_at.astimezone(ZoneInfo(zone)).utcoffset()
        set_it = VISIT.update().where(VISIT.c.id == row_id)
        connection.execute(set_it.values(utc_offset_s=int(offset.total_seconds())))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("visit", "utc_offset_s")
