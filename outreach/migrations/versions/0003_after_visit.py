"""After the visit: attendance, audience, debriefs, incident reports."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "audience",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("said_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "said_by IN ('speaker', 'liaison', 'coordinator')",
            name=op.f("ck_audience_said_by_known"),
        ),
        sa.CheckConstraint("people BETWEEN 0 AND 500", name=op.f("ck_audience_people_sane")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_audience_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audience")),
        sa.UniqueConstraint("visit_id", name=op.f("uq_audience_visit_id")),
    )
    op.create_table(
        "incident_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("said_by", sa.String(), nullable=False),
        sa.Column("speaker_id", sa.Integer(), nullable=True),
        sa.Column("account_id", sa.Integer(), nullable=True),
        sa.Column("fingerprint", sa.String(), nullable=False),
        sa.Column("said_at", UTCDateTime(), nullable=False),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.Column("settled_by_id", sa.Integer(), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('hurt', 'distress', 'boundary', 'privacy', 'other')",
            name=op.f("ck_incident_report_kind_known"),
        ),
        sa.CheckConstraint(
            "said_by IN ('speaker', 'liaison', 'coordinator')",
            name=op.f("ck_incident_report_said_by_known"),
        ),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (settled_by_id IS NULL)",
            name=op.f("ck_incident_report_settled_by_somebody"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["account.id"], name=op.f("fk_incident_report_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliate.id"], name=op.f("fk_incident_report_affiliate_id")
        ),
        sa.ForeignKeyConstraint(
            ["settled_by_id"], ["account.id"], name=op.f("fk_incident_report_settled_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name=op.f("fk_incident_report_speaker_id")
        ),
        sa.ForeignKeyConstraint(
            ["visit_id"], ["visit.id"], name=op.f("fk_incident_report_visit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident_report")),
        sa.UniqueConstraint("fingerprint", name=op.f("uq_incident_report_fingerprint")),
        sa.UniqueConstraint("public_id", name=op.f("uq_incident_report_public_id")),
    )
    with op.batch_alter_table("incident_report", schema=None) as batch_op:
        batch_op.create_index(
            "ix_incident_report_affiliate_id_open",
            ["affiliate_id"],
            unique=False,
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )
        batch_op.create_index(batch_op.f("ix_incident_report_visit_id"), ["visit_id"], unique=False)

    op.create_table(
        "ward_report",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("said_at", UTCDateTime(), nullable=False),
        sa.CheckConstraint(
            "outcome IN ('all_came', 'someone_missing', 'not_held')",
            name=op.f("ck_ward_report_outcome_known"),
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_ward_report_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ward_report")),
        sa.UniqueConstraint("visit_id", name=op.f("uq_ward_report_visit_id")),
    )
    op.create_table(
        "attendance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("came", sa.String(), nullable=False),
        sa.Column("came_said_by", sa.String(), nullable=True),
        sa.Column("came_said_at", UTCDateTime(), nullable=True),
        sa.Column("minutes", sa.Integer(), nullable=True),
        sa.Column("miles", sa.Integer(), nullable=True),
        sa.Column("effort_said_by", sa.String(), nullable=True),
        sa.Column("effort_said_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "came = 'unknown' OR came_said_by IS NOT NULL",
            name=op.f("ck_attendance_came_said_by_somebody"),
        ),
        sa.CheckConstraint(
            "came IN ('yes', 'no', 'unknown')", name=op.f("ck_attendance_came_known")
        ),
        sa.CheckConstraint(
            "came_said_by IN ('speaker', 'liaison', 'coordinator')",
            name=op.f("ck_attendance_came_said_by_known"),
        ),
        sa.CheckConstraint(
            "effort_said_by IN ('speaker', 'liaison', 'coordinator')",
            name=op.f("ck_attendance_effort_said_by_known"),
        ),
        sa.CheckConstraint(
            "(minutes IS NULL AND miles IS NULL) OR effort_said_by IS NOT NULL",
            name=op.f("ck_attendance_effort_said_by_somebody"),
        ),
        sa.CheckConstraint("miles BETWEEN 0 AND 1000", name=op.f("ck_attendance_miles_sane")),
        sa.CheckConstraint("minutes BETWEEN 0 AND 1440", name=op.f("ck_attendance_minutes_sane")),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_attendance_assignment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendance")),
        sa.UniqueConstraint("assignment_id", name=op.f("uq_attendance_assignment_id")),
    )
    op.create_table(
        "debrief",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("assignment_id", sa.Integer(), nullable=False),
        sa.Column("how_was_it", sa.String(), nullable=False),
        sa.Column("how_are_you", sa.String(), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("said_at", UTCDateTime(), nullable=False),
        sa.Column("called_at", UTCDateTime(), nullable=True),
        sa.Column("called_by_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "how_are_you IN ('well', 'all_right', 'not_so_well', 'call')",
            name=op.f("ck_debrief_how_are_you_known"),
        ),
        sa.CheckConstraint(
            "how_was_it IN ('well', 'mixed', 'hard', 'not_there', 'not_held')",
            name=op.f("ck_debrief_how_was_it_known"),
        ),
        sa.CheckConstraint(
            "(called_at IS NULL) = (called_by_id IS NULL)",
            name=op.f("ck_debrief_called_by_somebody"),
        ),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliate.id"], name=op.f("fk_debrief_affiliate_id")
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_debrief_assignment_id")
        ),
        sa.ForeignKeyConstraint(
            ["called_by_id"], ["account.id"], name=op.f("fk_debrief_called_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_debrief")),
        sa.UniqueConstraint("assignment_id", name=op.f("uq_debrief_assignment_id")),
        sa.UniqueConstraint("public_id", name=op.f("uq_debrief_public_id")),
    )
    with op.batch_alter_table("debrief", schema=None) as batch_op:
        batch_op.create_index(
            "ix_debrief_affiliate_id_waiting",
            ["affiliate_id"],
            unique=False,
            sqlite_where=sa.text("called_at IS NULL AND how_are_you IN ('not_so_well', 'call')"),
            postgresql_where=sa.text(
                "called_at IS NULL AND how_are_you IN ('not_so_well', 'call')"
            ),
        )


def downgrade() -> None:
    """Take the change back."""
    with op.batch_alter_table("debrief", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_debrief_affiliate_id_waiting",
            sqlite_where=sa.text("called_at IS NULL AND how_are_you IN ('not_so_well', 'call')"),
            postgresql_where=sa.text(
                "called_at IS NULL AND how_are_you IN ('not_so_well', 'call')"
            ),
        )

    op.drop_table("debrief")
    op.drop_table("attendance")
    op.drop_table("ward_report")
    with op.batch_alter_table("incident_report", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_incident_report_visit_id"))
        batch_op.drop_index(
            "ix_incident_report_affiliate_id_open",
            sqlite_where=sa.text("settled_at IS NULL"),
            postgresql_where=sa.text("settled_at IS NULL"),
        )

    op.drop_table("incident_report")
    op.drop_table("audience")
