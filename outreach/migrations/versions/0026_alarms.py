"""How long before a visit a speaker's calendar reminds."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("speaker") as table:
        table.add_column(sa.Column("alarm_minutes", sa.Integer(), nullable=True))
        table.create_check_constraint(
            op.f("ck_speaker_alarm_sane"), "alarm_minutes BETWEEN 0 AND 10080"
        )
    op.add_column("calendar_item", sa.Column("alarm_minutes", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take the change back."""
    op.drop_column("calendar_item", "alarm_minutes")
    with op.batch_alter_table("speaker") as table:
        table.drop_constraint(op.f("ck_speaker_alarm_sane"))
        table.drop_column("alarm_minutes")
