"""Tables: authorizations, referrals, and what is written about them until each is closed.

There is no column for a diagnosis, a legal status, medication, risk, substance use, a record or
insurance number, a street address or a birth date, and there will be none (referrals.md, "The
record"). Columns named `sealed_*` hold ciphertext under the data key of the row's `data_key_id`;
what is associated with it is table, column and public id.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from outreach import crypto
from outreach.crypto import public_id
from outreach.db import Base
from outreach.referrals.codes import OPEN, RELEASED, Authority, State

_OPEN = ", ".join(f"'{state}'" for state in sorted(OPEN))
_NEEDS_AUTHORIZATION = ", ".join(f"'{state}'" for state in sorted({*RELEASED, State.READY}))
_IS_OPEN = f"state IN ({_OPEN})"


class FormWording(Base):
    """The text of an authorization form: one version of a profile in one language. Append-only.

    `digest` is SHA-256 of the text: what a person signed can be proved years later.
    """

    __tablename__ = "form_wording"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    profile: Mapped[str]
    version: Mapped[int]
    locale: Mapped[str]
    text: Mapped[str]
    digest: Mapped[str]
    created_at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("profile", "version", "locale"),)


class Authorization(Base):
    """A person's signed authorization, element by element (45 CFR 164.508(c)).

    The paper stays in the hospital's record, or in the bureau's where there is no hospital;
    `document_hash` is its SHA-256 where somebody gave one. `authority` is what entitles who signed
    for the person, by `codes.Authority`; another one is said in `authority_words`. Elements, dates
    and withdrawals stay six years, without a name.
    """

    __tablename__ = "referral_authorization"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"), index=True)
    wording_id: Mapped[int] = mapped_column(ForeignKey("form_wording.id"))
    information: Mapped[list[str]]
    discloser: Mapped[str]
    operator: Mapped[str]
    affiliate_ids: Mapped[list[int]]
    purpose: Mapped[str]
    expires_on: Mapped[date]
    signed_on: Mapped[date]
    signer: Mapped[str]
    authority: Mapped[str] = mapped_column(default="")
    authority_words: Mapped[str] = mapped_column(default="")
    statements: Mapped[list[str]]
    witnessed: Mapped[bool] = mapped_column(default=False)
    copy_given: Mapped[bool] = mapped_column(default=False)
    text_ok: Mapped[bool] = mapped_column(default=False)
    voicemail_ok: Mapped[bool] = mapped_column(default=False)
    mail_ok: Mapped[bool] = mapped_column(default=False)
    feedback_to_hospital: Mapped[bool] = mapped_column(default=False)
    document_hash: Mapped[str] = mapped_column(default="")
    active: Mapped[bool] = mapped_column(default=True)
    recorded_by: Mapped[str]
    recorded_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_how: Mapped[str | None]
    revocation_received_by: Mapped[str | None]
    written_revocation_on: Mapped[date | None]
    written_revocation_witnessed: Mapped[bool] = mapped_column(default=False)

    __table_args__ = (
        CheckConstraint("signer IN ('person', 'guardian')", name="signer_known"),
        CheckConstraint("expires_on >= signed_on", name="forward"),
        CheckConstraint("active = (revoked_at IS NULL)", name="revoked_is_inactive"),
        CheckConstraint("signer = 'person' OR authority <> ''", name="guardian_is_entitled"),
        CheckConstraint(f"authority IN {('', *map(str, Authority))!r}", name="authority_known"),
        CheckConstraint(
            "authority <> 'other' OR authority_words <> ''", name="other_authority_is_said"
        ),
        CheckConstraint(
            "NOT written_revocation_witnessed OR written_revocation_on IS NOT NULL",
            name="witness_of_a_paper",
        ),
    )


class Referral(Base):
    """A person who asked to be put in touch with an affiliate after discharge.

    `bureau_id` is whose coordinators follow it, `affiliate_id` who is to reach the person.
    `discharged_at` is what its windows count from: of a person who came by themselves, without a
    hospital, when they asked. Where nobody gave the hour it stands for one that is not known:
    pages then say the day alone. `number` is what people say on the telephone; it leads nowhere by
    itself. `person_key` is a blind index of the contact points: one open referral per person and
    affiliate. `form_id` is the public id its authorization gets: the stop code on the person's copy
    derives from it, so that the copy is printed with the form. `held_by` is the label of the
    affiliate's person who has it today, since `held_at`.
    """

    __tablename__ = "referral"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    number: Mapped[int] = mapped_column(unique=True)
    request_key: Mapped[str] = mapped_column(unique=True)
    form_id: Mapped[str] = mapped_column(default=crypto.public_id)
    bureau_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"))
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    affiliate_id: Mapped[int | None] = mapped_column(ForeignKey("affiliate.id"), index=True)
    chosen_by: Mapped[str] = mapped_column(default="area")
    authorization_id: Mapped[int | None] = mapped_column(
        ForeignKey("referral_authorization.id"), index=True
    )
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("referral.id"), index=True)
    child_because: Mapped[str | None]
    state: Mapped[str] = mapped_column(default=State.DRAFT)
    state_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)
    reason: Mapped[str] = mapped_column(default="")
    time_zone: Mapped[str]
    discharged_at: Mapped[datetime]
    discharge_hour_known: Mapped[bool] = mapped_column(default=True)
    send_at_discharge: Mapped[bool] = mapped_column(default=False)
    zip_code: Mapped[str]
    age_group: Mapped[str] = mapped_column(default="adult")
    groups: Mapped[list[str]]
    data_key_id: Mapped[str | None]
    sealed_name: Mapped[str | None]
    sealed_contacts: Mapped[str | None]
    sealed_note: Mapped[str | None]
    person_key: Mapped[str | None]
    resume_on: Mapped[date | None]
    outcome: Mapped[str | None]
    evidence: Mapped[str | None]
    connected_on: Mapped[date | None]
    sent_at: Mapped[datetime | None]
    acknowledged_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    stop_confirmed_at: Mapped[datetime | None]
    error_asked_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    created_at: Mapped[datetime]
    held_by: Mapped[str] = mapped_column(default="")
    held_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(f"state IN {tuple(map(str, State))!r}", name="state_known"),
        CheckConstraint("(held_by = '') = (held_at IS NULL)", name="held_since"),
        CheckConstraint("chosen_by IN ('area', 'person')", name="chosen_by_known"),
        CheckConstraint("age_group IN ('adult', 'youth', 'child')", name="age_group_known"),
        CheckConstraint("(parent_id IS NULL) = (child_because IS NULL)", name="child_has_parent"),
        # What must never happen, whatever the program believes.
        CheckConstraint(
            f"state NOT IN ({_NEEDS_AUTHORIZATION})"
            " OR (authorization_id IS NOT NULL AND affiliate_id IS NOT NULL)",
            name="released_on_authorization",
        ),
        CheckConstraint(
            "authorization_id IS NOT NULL"
            " OR (sealed_name IS NULL AND sealed_contacts IS NULL AND person_key IS NULL)",
            name="no_name_before_signature",
        ),
        CheckConstraint("state <> 'closed' OR outcome IS NOT NULL", name="closed_with_outcome"),
        CheckConstraint("state <> 'on_hold' OR resume_on IS NOT NULL", name="rest_has_end"),
        CheckConstraint("number BETWEEN 100000 AND 999999", name="number_has_six_digits"),
        Index(
            "uq_referral_person_key_affiliate_id_open",
            "person_key",
            "affiliate_id",
            unique=True,
            sqlite_where=text(f"{_IS_OPEN} AND person_key IS NOT NULL"),
            postgresql_where=text(f"{_IS_OPEN} AND person_key IS NOT NULL"),
        ),
        Index("ix_referral_bureau_id_state", "bureau_id", "state"),
        Index("ix_referral_affiliate_id_state", "affiliate_id", "state"),
    )

    @property
    def is_bureaus(self) -> bool:
        """Whether the bureau itself may have it signed.

        So it is where no hospital is part of it, and for a child of a hospital's referral.
        """
        return self.hospital_id is None or self.parent_id is not None


class ReferralEvent(Base):
    """One change of state, append-only; `version` is the referral's after it."""

    __tablename__ = "referral_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"))
    version: Mapped[int]
    action: Mapped[str]
    from_state: Mapped[str]
    to_state: Mapped[str]
    actor: Mapped[str]
    membership_id: Mapped[int | None] = mapped_column(ForeignKey("membership.id"))
    reported_by: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    at: Mapped[datetime]

    __table_args__ = (UniqueConstraint("referral_id", "version"),)


class ReferralAttempt(Base):
    """Somebody tried to reach the person. Append-only but for erasing its note's key."""

    __tablename__ = "referral_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    request_key: Mapped[str] = mapped_column(unique=True)
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"), index=True)
    at: Mapped[datetime]
    channel: Mapped[str]
    result: Mapped[str]
    actor: Mapped[str]
    reported_by: Mapped[str] = mapped_column(default="")
    sealed_note: Mapped[str | None]
    created_at: Mapped[datetime]


class ReferralNote(Base):
    """What one helper leaves for the next. Append-only; erased by destroying the record's key."""

    __tablename__ = "referral_note"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    request_key: Mapped[str] = mapped_column(unique=True)
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"), index=True)
    sealed_note: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]


class ReferralClock(Base):
    """A deadline. It is stopped, or it runs out once; `deputy_at` is when the deputy is told."""

    __tablename__ = "referral_clock"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"))
    kind: Mapped[str]
    cycle: Mapped[int]
    due_at: Mapped[datetime]
    stopped_at: Mapped[datetime | None]
    ran_out_at: Mapped[datetime | None]
    deputy_at: Mapped[datetime | None]
    deputy_told_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("referral_id", "kind", "cycle"),
        Index(
            "ix_referral_clock_due_at_running",
            "due_at",
            sqlite_where=text("stopped_at IS NULL AND ran_out_at IS NULL"),
            postgresql_where=text("stopped_at IS NULL AND ran_out_at IS NULL"),
        ),
        Index(
            "uq_referral_clock_referral_id_kind_running",
            "referral_id",
            "kind",
            unique=True,
            sqlite_where=text("stopped_at IS NULL AND ran_out_at IS NULL"),
            postgresql_where=text("stopped_at IS NULL AND ran_out_at IS NULL"),
        ),
    )


class Disclosure(Base):
    """To whom what was disclosed, on which authorization. Append-only, kept six years.

    `sealed_snapshot` is exactly what was disclosed, under the referral's own data key.
    """

    __tablename__ = "disclosure"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"), index=True)
    authorization_id: Mapped[int] = mapped_column(ForeignKey("referral_authorization.id"))
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"))
    recipient: Mapped[str]
    information: Mapped[list[str]]
    purpose: Mapped[str]
    version: Mapped[int]
    sealed_snapshot: Mapped[str]
    at: Mapped[datetime]


class ReferralReading(Base):
    """Who opened which referral, when and how. Append-only, without a person's data."""

    __tablename__ = "referral_reading"

    id: Mapped[int] = mapped_column(primary_key=True)
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"), index=True)
    actor: Mapped[str]
    via: Mapped[str]
    at: Mapped[datetime]


class IntakeHelper(Base):
    """A person of an affiliate who works by mailed link, under a name and PIN of their own.

    `speaker_id` says that they also speak: referrals of their hospitals stay closed to them.
    """

    __tablename__ = "intake_helper"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"), index=True)
    name: Mapped[str]
    speaker_id: Mapped[int | None] = mapped_column(ForeignKey("speaker.id"))
    pin_hash: Mapped[str | None]
    pin_set_at: Mapped[datetime | None]
    wrong_tries: Mapped[int] = mapped_column(default=0)
    locked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    left_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("affiliate_id", "name"),)


class ReferralLink(Base):
    """The way from a notice to its referral: for one affiliate, for 72 hours, dead when revoked.

    The token is derived from `public_id`, so that the same notice renders the same link.
    """

    __tablename__ = "referral_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    referral_id: Mapped[int] = mapped_column(ForeignKey("referral.id"), index=True)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"))
    token_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]


class LinkCode(Base):
    """The code that a link asks for: to the address or phone on file, ten minutes, once.

    Bound to the browser that asked; the digits are derived from `public_id`. `spoken` is read out
    by the coordinator, where the affiliate has only a landline.
    """

    __tablename__ = "link_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    link_id: Mapped[int] = mapped_column(ForeignKey("referral_link.id"), index=True)
    browser_hash: Mapped[str]
    spoken: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class HelperSession(Base):
    """A browser that has shown link and code; with a helper once a name and PIN are shown too."""

    __tablename__ = "helper_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    affiliate_id: Mapped[int] = mapped_column(ForeignKey("affiliate.id"))
    link_id: Mapped[int] = mapped_column(ForeignKey("referral_link.id"), index=True)
    helper_id: Mapped[int | None] = mapped_column(ForeignKey("intake_helper.id"))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
