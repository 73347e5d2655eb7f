"""Referrals and everything that follows one until it is closed."""

import sqlalchemy as sa
from alembic import op

from outreach.db import UTCDateTime
from outreach.migrations import guards

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "form_wording",
    "referral_event",
    "referral_attempt",
    "referral_note",
    "disclosure",
    "referral_reading",
)


def upgrade() -> None:
    """Make the change."""
    op.create_table(
        "form_wording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("profile", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("locale", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_wording")),
        sa.UniqueConstraint(
            "profile", "version", "locale", name=op.f("uq_form_wording_profile_version_locale")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_form_wording_public_id")),
    )
    op.create_table(
        "intake_helper",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("speaker_id", sa.Integer(), nullable=True),
        sa.Column("pin_hash", sa.String(), nullable=True),
        sa.Column("wrong_tries", sa.Integer(), nullable=False),
        sa.Column("locked_at", UTCDateTime(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("left_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliate.id"], name=op.f("fk_intake_helper_affiliate_id")
        ),
        sa.ForeignKeyConstraint(
            ["speaker_id"], ["speaker.id"], name=op.f("fk_intake_helper_speaker_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_intake_helper")),
        sa.UniqueConstraint(
            "affiliate_id", "name", name=op.f("uq_intake_helper_affiliate_id_name")
        ),
        sa.UniqueConstraint("public_id", name=op.f("uq_intake_helper_public_id")),
    )
    op.create_index(
        op.f("ix_intake_helper_affiliate_id"), "intake_helper", ["affiliate_id"], unique=False
    )
    op.create_table(
        "referral_authorization",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("hospital_id", sa.Integer(), nullable=True),
        sa.Column("wording_id", sa.Integer(), nullable=False),
        sa.Column("information", sa.JSON(), nullable=False),
        sa.Column("discloser", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("affiliate_ids", sa.JSON(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column("signed_on", sa.Date(), nullable=False),
        sa.Column("signer", sa.String(), nullable=False),
        sa.Column("authority", sa.String(), nullable=False),
        sa.Column("statements", sa.JSON(), nullable=False),
        sa.Column("witnessed", sa.Boolean(), nullable=False),
        sa.Column("copy_given", sa.Boolean(), nullable=False),
        sa.Column("text_ok", sa.Boolean(), nullable=False),
        sa.Column("voicemail_ok", sa.Boolean(), nullable=False),
        sa.Column("mail_ok", sa.Boolean(), nullable=False),
        sa.Column("feedback_to_hospital", sa.Boolean(), nullable=False),
        sa.Column("document_hash", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", UTCDateTime(), nullable=False),
        sa.Column("revoked_at", UTCDateTime(), nullable=True),
        sa.Column("revoked_how", sa.String(), nullable=True),
        sa.Column("revocation_received_by", sa.String(), nullable=True),
        sa.Column("written_revocation_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "signer = 'person' OR authority <> ''",
            name=op.f("ck_referral_authorization_guardian_is_entitled"),
        ),
        sa.CheckConstraint(
            "signer IN ('person', 'guardian')", name=op.f("ck_referral_authorization_signer_known")
        ),
        sa.CheckConstraint(
            "active = (revoked_at IS NULL)",
            name=op.f("ck_referral_authorization_revoked_is_inactive"),
        ),
        sa.CheckConstraint(
            "expires_on >= signed_on", name=op.f("ck_referral_authorization_forward")
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name=op.f("fk_referral_authorization_hospital_id")
        ),
        sa.ForeignKeyConstraint(
            ["wording_id"], ["form_wording.id"], name=op.f("fk_referral_authorization_wording_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_authorization")),
        sa.UniqueConstraint("public_id", name=op.f("uq_referral_authorization_public_id")),
    )
    op.create_index(
        op.f("ix_referral_authorization_hospital_id"),
        "referral_authorization",
        ["hospital_id"],
        unique=False,
    )
    op.create_table(
        "referral",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("request_key", sa.String(), nullable=False),
        sa.Column("bureau_id", sa.Integer(), nullable=False),
        sa.Column("hospital_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("affiliate_id", sa.Integer(), nullable=True),
        sa.Column("chosen_by", sa.String(), nullable=False),
        sa.Column("authorization_id", sa.Integer(), nullable=True),
        sa.Column("parent_id", sa.Integer(), nullable=True),
        sa.Column("child_because", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("state_at", UTCDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("discharged_at", UTCDateTime(), nullable=False),
        sa.Column("send_at_discharge", sa.Boolean(), nullable=False),
        sa.Column("zip_code", sa.String(), nullable=False),
        sa.Column("age_group", sa.String(), nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("data_key_id", sa.String(), nullable=True),
        sa.Column("sealed_name", sa.String(), nullable=True),
        sa.Column("sealed_contacts", sa.String(), nullable=True),
        sa.Column("sealed_note", sa.String(), nullable=True),
        sa.Column("person_key", sa.String(), nullable=True),
        sa.Column("resume_on", sa.Date(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("connected_on", sa.Date(), nullable=True),
        sa.Column("sent_at", UTCDateTime(), nullable=True),
        sa.Column("acknowledged_at", UTCDateTime(), nullable=True),
        sa.Column("accepted_at", UTCDateTime(), nullable=True),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.Column("stop_confirmed_at", UTCDateTime(), nullable=True),
        sa.Column("error_asked_by_id", sa.Integer(), nullable=True),
        sa.Column("created_by_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("held_by", sa.String(), nullable=False),
        sa.Column("held_at", UTCDateTime(), nullable=True),
        sa.CheckConstraint(
            "(held_by = '') = (held_at IS NULL)", name=op.f("ck_referral_held_since")
        ),
        sa.CheckConstraint(
            "age_group IN ('adult', 'youth', 'child')", name=op.f("ck_referral_age_group_known")
        ),
        sa.CheckConstraint(
            "chosen_by IN ('area', 'person')", name=op.f("ck_referral_chosen_by_known")
        ),
        sa.CheckConstraint(
            "state <> 'closed' OR outcome IS NOT NULL", name=op.f("ck_referral_closed_with_outcome")
        ),
        sa.CheckConstraint(
            "state <> 'on_hold' OR resume_on IS NOT NULL", name=op.f("ck_referral_rest_has_end")
        ),
        sa.CheckConstraint(
            "state IN ('draft', 'awaiting_authorization', 'ready', 'sent', 'acknowledged', 'accepted', 'contacting', 'connected', 'on_hold', 'declined', 'closed', 'cancelled', 'expired', 'entered_in_error')",
            name=op.f("ck_referral_state_known"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('accepted', 'acknowledged', 'connected', 'contacting', 'on_hold', 'ready', 'sent') OR (authorization_id IS NOT NULL AND affiliate_id IS NOT NULL)",
            name=op.f("ck_referral_released_on_authorization"),
        ),
        sa.CheckConstraint(
            "(parent_id IS NULL) = (child_because IS NULL)",
            name=op.f("ck_referral_child_has_parent"),
        ),
        sa.CheckConstraint(
            "authorization_id IS NOT NULL OR (sealed_name IS NULL AND sealed_contacts IS NULL AND person_key IS NULL)",
            name=op.f("ck_referral_no_name_before_signature"),
        ),
        sa.CheckConstraint(
            "number BETWEEN 100000 AND 999999", name=op.f("ck_referral_number_has_six_digits")
        ),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliate.id"], name=op.f("fk_referral_affiliate_id")
        ),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["referral_authorization.id"],
            name=op.f("fk_referral_authorization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["bureau_id"], ["affiliate.id"], name=op.f("fk_referral_bureau_id")
        ),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["account.id"], name=op.f("fk_referral_created_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["error_asked_by_id"], ["account.id"], name=op.f("fk_referral_error_asked_by_id")
        ),
        sa.ForeignKeyConstraint(
            ["hospital_id"], ["hospital.id"], name=op.f("fk_referral_hospital_id")
        ),
        sa.ForeignKeyConstraint(["parent_id"], ["referral.id"], name=op.f("fk_referral_parent_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_referral_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral")),
        sa.UniqueConstraint("number", name=op.f("uq_referral_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_referral_public_id")),
        sa.UniqueConstraint("request_key", name=op.f("uq_referral_request_key")),
    )
    op.create_index(op.f("ix_referral_affiliate_id"), "referral", ["affiliate_id"], unique=False)
    op.create_index(
        "ix_referral_affiliate_id_state", "referral", ["affiliate_id", "state"], unique=False
    )
    op.create_index(
        op.f("ix_referral_authorization_id"), "referral", ["authorization_id"], unique=False
    )
    op.create_index("ix_referral_bureau_id_state", "referral", ["bureau_id", "state"], unique=False)
    op.create_index(op.f("ix_referral_hospital_id"), "referral", ["hospital_id"], unique=False)
    op.create_index(op.f("ix_referral_parent_id"), "referral", ["parent_id"], unique=False)
    op.create_index(
        "uq_referral_person_key_affiliate_id_open",
        "referral",
        ["person_key", "affiliate_id"],
        unique=True,
        sqlite_where=sa.text(
            "state IN ('accepted', 'acknowledged', 'awaiting_authorization', 'connected', 'contacting', 'draft', 'on_hold', 'ready', 'sent') AND person_key IS NOT NULL"
        ),
        postgresql_where=sa.text(
            "state IN ('accepted', 'acknowledged', 'awaiting_authorization', 'connected', 'contacting', 'draft', 'on_hold', 'ready', 'sent') AND person_key IS NOT NULL"
        ),
    )
    op.create_table(
        "disclosure",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("referral_id", sa.Integer(), nullable=False),
        sa.Column("authorization_id", sa.Integer(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("information", sa.JSON(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sealed_snapshot", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliate.id"], name=op.f("fk_disclosure_affiliate_id")
        ),
        sa.ForeignKeyConstraint(
            ["authorization_id"],
            ["referral_authorization.id"],
            name=op.f("fk_disclosure_authorization_id"),
        ),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name=op.f("fk_disclosure_referral_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_disclosure")),
        sa.UniqueConstraint("public_id", name=op.f("uq_disclosure_public_id")),
    )
    op.create_index(op.f("ix_disclosure_referral_id"), "disclosure", ["referral_id"], unique=False)
    op.create_table(
        "referral_attempt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("request_key", sa.String(), nullable=False),
        sa.Column("referral_id", sa.Integer(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reported_by", sa.String(), nullable=False),
        sa.Column("sealed_note", sa.String(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name=op.f("fk_referral_attempt_referral_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_attempt")),
        sa.UniqueConstraint("public_id", name=op.f("uq_referral_attempt_public_id")),
        sa.UniqueConstraint("request_key", name=op.f("uq_referral_attempt_request_key")),
    )
    op.create_index(
        op.f("ix_referral_attempt_referral_id"), "referral_attempt", ["referral_id"], unique=False
    )
    op.create_table(
        "referral_note",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("request_key", sa.String(), nullable=False),
        sa.Column("referral_id", sa.Integer(), nullable=False),
        sa.Column("sealed_note", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name=op.f("fk_referral_note_referral_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_note")),
        sa.UniqueConstraint("public_id", name=op.f("uq_referral_note_public_id")),
        sa.UniqueConstraint("request_key", name=op.f("uq_referral_note_request_key")),
    )
    op.create_index(
        op.f("ix_referral_note_referral_id"), "referral_note", ["referral_id"], unique=False
    )
    op.create_table(
        "referral_clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("referral_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column("due_at", UTCDateTime(), nullable=False),
        sa.Column("stopped_at", UTCDateTime(), nullable=True),
        sa.Column("ran_out_at", UTCDateTime(), nullable=True),
        sa.Column("deputy_at", UTCDateTime(), nullable=True),
        sa.Column("deputy_told_at", UTCDateTime(), nullable=True),
        sa.Column("settled_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name=op.f("fk_referral_clock_referral_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_clock")),
        sa.UniqueConstraint("public_id", name=op.f("uq_referral_clock_public_id")),
        sa.UniqueConstraint(
            "referral_id", "kind", "cycle", name=op.f("uq_referral_clock_referral_id_kind_cycle")
        ),
    )
    op.create_index(
        "ix_referral_clock_due_at_running",
        "referral_clock",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("stopped_at IS NULL AND ran_out_at IS NULL"),
        postgresql_where=sa.text("stopped_at IS NULL AND ran_out_at IS NULL"),
    )
    op.create_index(
        "uq_referral_clock_referral_id_kind_running",
        "referral_clock",
        ["referral_id", "kind"],
        unique=True,
        sqlite_where=sa.text("stopped_at IS NULL AND ran_out_at IS NULL"),
        postgresql_where=sa.text("stopped_at IS NULL AND ran_out_at IS NULL"),
    )
    op.create_table(
        "referral_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("referral_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=False),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("membership_id", sa.Integer(), nullable=True),
        sa.Column("reported_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["membership_id"], ["membership.id"], name=op.f("fk_referral_event_membership_id")
        ),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name=op.f("fk_referral_event_referral_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_event")),
        sa.UniqueConstraint(
            "referral_id", "version", name=op.f("uq_referral_event_referral_id_version")
        ),
    )
    op.create_table(
        "referral_link",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("referral_id", sa.Integer(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("closed_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliate.id"], name=op.f("fk_referral_link_affiliate_id")
        ),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name=op.f("fk_referral_link_referral_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_link")),
        sa.UniqueConstraint("public_id", name=op.f("uq_referral_link_public_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_referral_link_token_hash")),
    )
    op.create_index(
        op.f("ix_referral_link_referral_id"), "referral_link", ["referral_id"], unique=False
    )
    op.create_table(
        "referral_reading",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("referral_id", sa.Integer(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("via", sa.String(), nullable=False),
        sa.Column("at", UTCDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["referral_id"], ["referral.id"], name=op.f("fk_referral_reading_referral_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_referral_reading")),
    )
    op.create_index(
        op.f("ix_referral_reading_referral_id"), "referral_reading", ["referral_id"], unique=False
    )
    op.create_table(
        "helper_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("affiliate_id", sa.Integer(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("helper_id", sa.Integer(), nullable=True),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("seen_at", UTCDateTime(), nullable=False),
        sa.Column("ended_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["affiliate_id"], ["affiliate.id"], name=op.f("fk_helper_session_affiliate_id")
        ),
        sa.ForeignKeyConstraint(
            ["helper_id"], ["intake_helper.id"], name=op.f("fk_helper_session_helper_id")
        ),
        sa.ForeignKeyConstraint(
            ["link_id"], ["referral_link.id"], name=op.f("fk_helper_session_link_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_helper_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_helper_session_token_hash")),
    )
    op.create_index(op.f("ix_helper_session_link_id"), "helper_session", ["link_id"], unique=False)
    op.create_table(
        "link_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("public_id", sa.String(), nullable=False),
        sa.Column("link_id", sa.Integer(), nullable=False),
        sa.Column("browser_hash", sa.String(), nullable=False),
        sa.Column("spoken", sa.Boolean(), nullable=False),
        sa.Column("created_at", UTCDateTime(), nullable=False),
        sa.Column("expires_at", UTCDateTime(), nullable=False),
        sa.Column("used_at", UTCDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["link_id"], ["referral_link.id"], name=op.f("fk_link_code_link_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_code")),
        sa.UniqueConstraint("public_id", name=op.f("uq_link_code_public_id")),
    )
    op.create_index(op.f("ix_link_code_link_id"), "link_code", ["link_id"], unique=False)
    guards.make_append_only(*APPEND_ONLY)


def downgrade() -> None:
    """Take the change back."""
    guards.free(*APPEND_ONLY)
    op.drop_index(op.f("ix_link_code_link_id"), table_name="link_code")
    op.drop_table("link_code")
    op.drop_index(op.f("ix_helper_session_link_id"), table_name="helper_session")
    op.drop_table("helper_session")
    op.drop_index(op.f("ix_referral_reading_referral_id"), table_name="referral_reading")
    op.drop_table("referral_reading")
    op.drop_index(op.f("ix_referral_link_referral_id"), table_name="referral_link")
    op.drop_table("referral_link")
    op.drop_table("referral_event")
    op.drop_index(
        "uq_referral_clock_referral_id_kind_running",
        table_name="referral_clock",
        sqlite_where=sa.text("stopped_at IS NULL AND ran_out_at IS NULL"),
        postgresql_where=sa.text("stopped_at IS NULL AND ran_out_at IS NULL"),
    )
    op.drop_index(
        "ix_referral_clock_due_at_running",
        table_name="referral_clock",
        sqlite_where=sa.text("stopped_at IS NULL AND ran_out_at IS NULL"),
        postgresql_where=sa.text("stopped_at IS NULL AND ran_out_at IS NULL"),
    )
    op.drop_table("referral_clock")
    op.drop_index(op.f("ix_referral_note_referral_id"), table_name="referral_note")
    op.drop_table("referral_note")
    op.drop_index(op.f("ix_referral_attempt_referral_id"), table_name="referral_attempt")
    op.drop_table("referral_attempt")
    op.drop_index(op.f("ix_disclosure_referral_id"), table_name="disclosure")
    op.drop_table("disclosure")
    op.drop_index(
        "uq_referral_person_key_affiliate_id_open",
        table_name="referral",
        sqlite_where=sa.text(
            "state IN ('accepted', 'acknowledged', 'awaiting_authorization', 'connected', 'contacting', 'draft', 'on_hold', 'ready', 'sent') AND person_key IS NOT NULL"
        ),
        postgresql_where=sa.text(
            "state IN ('accepted', 'acknowledged', 'awaiting_authorization', 'connected', 'contacting', 'draft', 'on_hold', 'ready', 'sent') AND person_key IS NOT NULL"
        ),
    )
    op.drop_index(op.f("ix_referral_parent_id"), table_name="referral")
    op.drop_index(op.f("ix_referral_hospital_id"), table_name="referral")
    op.drop_index("ix_referral_bureau_id_state", table_name="referral")
    op.drop_index(op.f("ix_referral_authorization_id"), table_name="referral")
    op.drop_index("ix_referral_affiliate_id_state", table_name="referral")
    op.drop_index(op.f("ix_referral_affiliate_id"), table_name="referral")
    op.drop_table("referral")
    op.drop_index(
        op.f("ix_referral_authorization_hospital_id"), table_name="referral_authorization"
    )
    op.drop_table("referral_authorization")
    op.drop_index(op.f("ix_intake_helper_affiliate_id"), table_name="intake_helper")
    op.drop_table("intake_helper")
    op.drop_table("form_wording")
