"""What affiliates serve, and what hospitals agreed to."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

CHECKS = {
    "kept_by_another": "kept_by_id <> id",
    "intake_by_known": "intake_by IN ('link', 'account', 'phone')",
    "capacity_known": (
        "capacity IN ('has_capacity', 'no_capacity', 'waitlist', 'additional_assessment_required')"
    ),
    "latitude_on_earth": "latitude BETWEEN -90 AND 90",
    "longitude_on_earth": "longitude BETWEEN -180 AND 180",
    "deputy_is_another": "deputy_id <> on_duty_id",
    "closes_after_opening": "closes > opens",
}
"""What an affiliate's new columns may hold."""

CLOCKS = (
    '{"acknowledge_days": 1, "accept_days": 2, "grace_days": 2, "attempt_days": 1,'
    ' "attempt_red_hours": 48, "connect_days": 7, "close_days": 30, "hold_days": 30,'
    ' "expiry_warning_days": 7}'
)
"""What an affiliate that was there before starts with."""


def upgrade() -> None:
    """Make the change."""
    with op.batch_alter_table("affiliate") as affiliate:
        for column in _columns():
            affiliate.add_column(column)
        for name, condition in CHECKS.items():
            affiliate.create_check_constraint(op.f(f"ck_affiliate_{name}"), condition)
        affiliate.create_foreign_key(
            op.f("fk_affiliate_kept_by_id"), "affiliate", ["kept_by_id"], ["id"]
        )
        affiliate.create_foreign_key(
            op.f("fk_affiliate_on_duty_id"), "account", ["on_duty_id"], ["id"]
        )
        affiliate.create_foreign_key(
            op.f("fk_affiliate_deputy_id"), "account", ["deputy_id"], ["id"]
        )
        affiliate.create_index(op.f("ix_affiliate_kept_by_id"), ["kept_by_id"])
    op.add_column("hospital", sa.Column("form_profile", sa.String(), nullable=True))
    op.add_column(
        "unit", sa.Column("part_two", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    _make_tables()


def downgrade() -> None:
    """Take the change back."""
    for table in ("hospital_agreement", "closed_day", "county_served"):
        op.drop_table(table)
    with op.batch_alter_table("unit") as unit:
        unit.drop_column("part_two")
    with op.batch_alter_table("hospital") as hospital:
        hospital.drop_column("form_profile")
    with op.batch_alter_table("affiliate") as affiliate:
        affiliate.drop_index(op.f("ix_affiliate_kept_by_id"))
        for name in ("kept_by_id", "on_duty_id", "deputy_id"):
            affiliate.drop_constraint(op.f(f"fk_affiliate_{name}"), type_="foreignkey")
        for name in CHECKS:
            affiliate.drop_constraint(op.f(f"ck_affiliate_{name}"), type_="check")
        for column in _columns():
            affiliate.drop_column(column.name)


def _columns() -> list[sa.Column[object]]:
    # Each that must hold something has a default of the database's, for the rows there are.
    return [
        sa.Column("kept_by_id", sa.Integer(), nullable=True),
        sa.Column("receives_referrals", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("intake_by", sa.String(), nullable=False, server_default="link"),
        sa.Column("intake_name", sa.String(), nullable=False, server_default=""),
        sa.Column("intake_phone", sa.String(), nullable=True),
        sa.Column("intake_email", sa.String(), nullable=True),
        sa.Column("capacity", sa.String(), nullable=False, server_default="has_capacity"),
        sa.Column("capacity_changed_at", UTCDateTime(), nullable=True),
        sa.Column("zip_code", sa.String(), nullable=True),
        sa.Column("latitude", sa.Double(), nullable=True),
        sa.Column("longitude", sa.Double(), nullable=True),
        sa.Column("on_duty_id", sa.Integer(), nullable=True),
        sa.Column("deputy_id", sa.Integer(), nullable=True),
        sa.Column("business_days", sa.JSON(), nullable=False, server_default="[0, 1, 2, 3, 4]"),
        sa.Column("opens", sa.Time(), nullable=False, server_default="09:00:00.000000"),
        sa.Column("closes", sa.Time(), nullable=False, server_default="17:00:00.000000"),
        sa.Column("holiday_region", sa.String(), nullable=False, server_default="US"),
        sa.Column("clocks", sa.JSON(), nullable=False, server_default=CLOCKS),
    ]


def _make_tables() -> None:
    op.create_table(
        "county_served",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("county", sa.String(), nullable=False),
        sa.CheckConstraint(
            "length(state) = 2 AND state = upper(state)",
            name=op.f("ck_county_served_state_of_two_letters"),
        ),
        sa.ForeignKeyConstraint(
            ["affiliate_id"],
            ["affiliate.id"],
            name=op.f("fk_county_served_affiliate_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_county_served")),
        sa.UniqueConstraint(
            "affiliate_id",
            "state",
            "county",
            name=op.f("uq_county_served_affiliate_id_state_county"),
        ),
    )
    op.create_index("ix_county_served_place", "county_served", ["state", "county"])
    op.create_table(
        "closed_day",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("closed_on", sa.Date(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["affiliate_id"],
            ["affiliate.id"],
            name=op.f("fk_closed_day_affiliate_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closed_day")),
        sa.UniqueConstraint(
            "affiliate_id", "closed_on", name=op.f("uq_closed_day_affiliate_id_closed_on")
        ),
    )
    op.create_table(
        "hospital_agreement",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("hospital_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("reference", sa.String(), nullable=False),
        sa.Column("recorded_by_id", sa.Integer(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.Column("ended_by_id", sa.Integer(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('business_associate', 'counsel_memo')",
            name=op.f("ck_hospital_agreement_kind_known"),
        ),
        sa.CheckConstraint("ends_on >= starts_on", name=op.f("ck_hospital_agreement_forward")),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by_id IS NULL)",
            name=op.f("ck_hospital_agreement_ended_by_someone"),
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["account.id"], name=op.f("fk_hospital_agreement_ended_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name=op.f("fk_hospital_agreement_hospital_id")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"], ["account.id"], name=op.f("fk_hospital_agreement_recorded_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hospital_agreement")),
        sa.UniqueConstraint("public_id", name=op.f("uq_hospital_agreement_public_id")),
    )
    op.create_index(
        op.f("ix_hospital_agreement_hospital_id"), "hospital_agreement", ["hospital_id"]
    )
