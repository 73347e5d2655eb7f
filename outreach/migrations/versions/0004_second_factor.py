"""Second factors, intake memberships and the right to refer."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

WITH_INTAKE = {
    "kind_known": "kind IN ('administrator', 'coordinator', 'intake', 'liaison', 'speaker')",
    "place_fits_kind": (
        "(kind = 'liaison' AND hospital_id IS NOT NULL)"
        " OR (kind = 'speaker' AND speaker_id IS NOT NULL AND affiliate_id IS NOT NULL)"
        " OR (kind IN ('administrator', 'coordinator', 'intake')"
        " AND affiliate_id IS NOT NULL)"
    ),
    "liaisons_refer": "NOT may_refer OR kind = 'liaison'",
}
WITHOUT = {
    "kind_known": "kind IN ('administrator', 'coordinator', 'liaison', 'speaker')",
    "place_fits_kind": (
        "(kind = 'liaison' AND hospital_id IS NOT NULL)"
        " OR (kind = 'speaker' AND speaker_id IS NOT NULL AND affiliate_id IS NOT NULL)"
        " OR (kind IN ('administrator', 'coordinator') AND affiliate_id IS NOT NULL)"
    ),
}
TABLES = ("recovery_code", "passkey_challenge", "passkey", "totp_factor")


def upgrade() -> None:
    """Make the change."""
    may_refer: sa.Column[bool] = sa.Column(
        "may_refer", sa.Boolean(), nullable=False, server_default=sa.false()
    )
    with op.batch_alter_table("membership") as membership:
        membership.add_column(may_refer)
        for name in WITHOUT:
            membership.drop_constraint(op.f(f"ck_membership_{name}"), type_="check")
        for name, condition in WITH_INTAKE.items():
            membership.create_check_constraint(op.f(f"ck_membership_{name}"), condition)
    _make_tables()


def downgrade() -> None:
    """Take the change back. Intake people lose their place, and the browsers signed in under it."""
    for table in TABLES:
        op.drop_table(table)
    intake = "(SELECT id FROM membership WHERE kind = 'intake')"
    op.execute(f"DELETE FROM web_session WHERE membership_id IN {intake}")  # noqa: S608 - our own words
    op.execute(f"DELETE FROM demo_sign_in WHERE membership_id IN {intake}")  # noqa: S608 - the same
    op.execute("DELETE FROM membership WHERE kind = 'intake'")
    with op.batch_alter_table("membership") as membership:
        for name in WITH_INTAKE:
            membership.drop_constraint(op.f(f"ck_membership_{name}"), type_="check")
        for name, condition in WITHOUT.items():
            membership.create_check_constraint(op.f(f"ck_membership_{name}"), condition)
        membership.drop_column("may_refer")


def _make_tables() -> None:
    op.create_table(
        "totp_factor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("last_counter", sa.Integer(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("last_used_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "(confirmed_at IS NULL) = (last_counter IS NULL)",
            name=op.f("ck_totp_factor_confirmed_by_a_code"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_totp_factor_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_totp_factor")),
        sa.UniqueConstraint("public_id", name=op.f("uq_totp_factor_public_id")),
    )
    op.create_index(op.f("ix_totp_factor_account_id"), "totp_factor", ["account_id"])
    for name, condition in {"confirmed": "IS NOT NULL", "waiting": "IS NULL"}.items():
        where = sa.text(f"confirmed_at {condition}")
        op.create_index(
            f"uq_totp_factor_account_id_{name}",
            "totp_factor",
            ["account_id"],
            unique=True,
            sqlite_where=where,
            postgresql_where=where,
        )
    op.create_table(
        "passkey",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("credential_id", sa.String(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.Integer(), nullable=False),
        sa.Column("transports", sa.JSON(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("last_used_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint("sign_count >= 0", name=op.f("ck_passkey_sign_count_counts")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_passkey_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("public_id", name=op.f("uq_passkey_public_id")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_account_id"), "passkey", ["account_id"])
    op.create_table(
        "passkey_challenge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("web_session_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("challenge", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('add', 'show')", name=op.f("ck_passkey_challenge_purpose_known")
        ),
        sa.CheckConstraint("expires_at > created_at", name=op.f("ck_passkey_challenge_lasts")),
        sa.ForeignKeyConstraint(
            ["web_session_id"],
            ["web_session.id"],
            name=op.f("fk_passkey_challenge_web_session_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey_challenge")),
        sa.UniqueConstraint("challenge", name=op.f("uq_passkey_challenge_challenge")),
    )
    for column in ("web_session_id", "expires_at"):
        op.create_index(op.f(f"ix_passkey_challenge_{column}"), "passkey_challenge", [column])
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint(
            "account_id", "code_hash", name=op.f("uq_recovery_code_account_id_code_hash")
        ),
    )
