"""What a referral's record lacked: a withdrawal's witness, an authority by code, its copy's code."""

import sqlalchemy as sa
from alembic import op

from outreach.crypto import public_id

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

CHECKS = {
    "authority_known": "authority IN ('', 'parent', 'guardian', 'agent', 'other')",
    "other_authority_is_said": "authority <> 'other' OR authority_words <> ''",
    "witness_of_a_paper": "NOT written_revocation_witnessed OR written_revocation_on IS NOT NULL",
}
"""What an authorization's columns may hold from now on."""


def upgrade() -> None:
    """Make the change."""
    for column in _columns():
        op.add_column("referral_authorization", column)
    # What was typed until now says it in words.
    op.execute(
        "UPDATE referral_authorization SET authority_words = authority, authority = 'other'"
        " WHERE authority <> ''"
    )
    # Both pages that record the paper refused it without a witness where the state asks for one.
    op.execute(
        "UPDATE referral_authorization SET written_revocation_witnessed = TRUE"
        " WHERE written_revocation_on IS NOT NULL AND wording_id IN"
        " (SELECT id FROM form_wording WHERE profile = 'IL')"
    )
    with op.batch_alter_table("referral_authorization") as authorization:
        for name, condition in CHECKS.items():
            authorization.create_check_constraint(
                op.f(f"ck_referral_authorization_{name}"), condition
            )
    op.add_column("referral", sa.Column("form_id", sa.String(), nullable=False, server_default=""))
    _give_form_ids()
    op.create_index(
        "ix_visit_ends_at_held",
        "visit",
        ["ends_at"],
        sqlite_where=sa.text("called_off_at IS NULL"),
        postgresql_where=sa.text("called_off_at IS NULL"),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_index("ix_visit_ends_at_held", "visit")
    op.drop_column("referral", "form_id")
    with op.batch_alter_table("referral_authorization") as authorization:
        for name in CHECKS:
            authorization.drop_constraint(op.f(f"ck_referral_authorization_{name}"), type_="check")
    op.execute(
        "UPDATE referral_authorization SET authority = authority_words WHERE authority = 'other'"
    )
    for column in _columns():
        op.drop_column("referral_authorization", column.name)


def _columns() -> list[sa.Column[object]]:
    # Each has a default of the database's, for the rows there are.
    return [
        sa.Column("authority_words", sa.String(), nullable=False, server_default=""),
        sa.Column(
            "written_revocation_witnessed",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
        ),
    ]


def _give_form_ids() -> None:
    """Let codes that were handed out go on, and every other referral have one of its own."""
    referral = sa.table(
        "referral", sa.column("id"), sa.column("authorization_id"), sa.column("form_id")
    )
    authorization = sa.table("referral_authorization", sa.column("id"), sa.column("public_id"))
    connection = op.get_bind()
    rows = connection.execute(
        sa.select(referral.c.id, authorization.c.public_id).outerjoin_from(
            referral, authorization, authorization.c.id == referral.c.authorization_id
        )
    ).all()
    for row_id, signed in rows:
        connection.execute(
            sa.update(referral).where(referral.c.id == row_id).values(form_id=signed or public_id())
        )
