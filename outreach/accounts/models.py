"""Tables: who may sign in, as what, and where they are signed in now."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from outreach.crypto import public_id
from outreach.db import Base


class Account(Base):
    """A person who may sign in. No password: a code goes to `email`, always lower case.

    `morning_mail` says whether coordinators' one mail of the morning is wanted.
    """

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    locale: Mapped[str] = mapped_column(default="en")
    created_at: Mapped[datetime]
    first_signed_in_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    morning_mail: Mapped[bool] = mapped_column(default=True)

    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)


class Membership(Base):
    """What an account is at one place: coordinator of an affiliate, liaison of a hospital.

    `may_refer` is a liaison's right to refer people of the hospital, given by a coordinator.
    `first_used_at` is when the person first signed in under it. Until then the place learns nothing
    of an account that was there before: to be known here at all can out a person.
    """

    __tablename__ = "membership"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    kind: Mapped[str]
    affiliate_id: Mapped[int | None] = mapped_column(ForeignKey("affiliate.id"), index=True)
    hospital_id: Mapped[int | None] = mapped_column(ForeignKey("hospital.id"), index=True)
    speaker_id: Mapped[int | None] = mapped_column(ForeignKey("speaker.id"), index=True)
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    invited_at: Mapped[datetime | None]
    first_used_at: Mapped[datetime | None]
    may_refer: Mapped[bool] = mapped_column(default=False, server_default=false())

    __table_args__ = (
        CheckConstraint(
            "kind IN ('administrator', 'coordinator', 'intake', 'liaison', 'speaker')",
            name="kind_known",
        ),
        CheckConstraint(
            "(kind = 'liaison' AND hospital_id IS NOT NULL)"
            " OR (kind = 'speaker' AND speaker_id IS NOT NULL AND affiliate_id IS NOT NULL)"
            " OR (kind IN ('administrator', 'coordinator', 'intake')"
            " AND affiliate_id IS NOT NULL)",
            name="place_fits_kind",
        ),
        CheckConstraint("NOT may_refer OR kind = 'liaison'", name="liaisons_refer"),
        UniqueConstraint("speaker_id"),
        # Two indexes, because a NULL differs from a NULL in a unique constraint.
        Index(
            "uq_membership_account_id_kind_affiliate_id",
            "account_id",
            "kind",
            "affiliate_id",
            unique=True,
            sqlite_where=text("affiliate_id IS NOT NULL"),
            postgresql_where=text("affiliate_id IS NOT NULL"),
        ),
        Index(
            "uq_membership_account_id_hospital_id",
            "account_id",
            "hospital_id",
            unique=True,
            sqlite_where=text("hospital_id IS NOT NULL"),
            postgresql_where=text("hospital_id IS NOT NULL"),
        ),
    )


class SignInCode(Base):
    """A mailed one-time code: eight digits, ten minutes, once, for the browser that asked.

    The digits are derived from `public_id`. An address nobody has gets a row without an account,
    so that asking answers alike for everyone.
    """

    __tablename__ = "sign_in_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), index=True)
    email_hash: Mapped[str]
    browser_hash: Mapped[str] = mapped_column(index=True)
    code_hash: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]


class WebSession(Base):
    """A signed-in browser. The cookie holds the token, this row its hash."""

    __tablename__ = "web_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    token_hash: Mapped[str] = mapped_column(unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    browser: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    second_factor_at: Mapped[datetime | None]


class TotpFactor(Base):
    """An authenticator app. `secret` is sealed; `last_counter` the step of the last code taken.

    Not confirmed: shown once as a picture, and waiting for its first code.
    """

    __tablename__ = "totp_factor"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    secret: Mapped[str]
    last_counter: Mapped[int | None]
    created_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            "(confirmed_at IS NULL) = (last_counter IS NULL)", name="confirmed_by_a_code"
        ),
        Index(
            "uq_totp_factor_account_id_confirmed",
            "account_id",
            unique=True,
            sqlite_where=text("confirmed_at IS NOT NULL"),
            postgresql_where=text("confirmed_at IS NOT NULL"),
        ),
        Index(
            "uq_totp_factor_account_id_waiting",
            "account_id",
            unique=True,
            sqlite_where=text("confirmed_at IS NULL"),
            postgresql_where=text("confirmed_at IS NULL"),
        ),
    )


class Passkey(Base):
    """A passkey or hardware key. `credential_id` is base64url without padding."""

    __tablename__ = "passkey"

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(unique=True, default=public_id)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    credential_id: Mapped[str] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    sign_count: Mapped[int]
    transports: Mapped[list[str]]
    name: Mapped[str]
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("sign_count >= 0", name="sign_count_counts"),)


class PasskeyChallenge(Base):
    """What a key has to sign: for one browser and one purpose, used once, for some minutes."""

    __tablename__ = "passkey_challenge"

    id: Mapped[int] = mapped_column(primary_key=True)
    web_session_id: Mapped[int] = mapped_column(ForeignKey("web_session.id"), index=True)
    purpose: Mapped[str]
    challenge: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("purpose IN ('add', 'show')", name="purpose_known"),
        CheckConstraint("expires_at > created_at", name="lasts"),
    )


class RecoveryCode(Base):
    """One of ten codes on paper, each good once. Only the hash is kept."""

    __tablename__ = "recovery_code"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    code_hash: Mapped[str]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("account_id", "code_hash"),)


class RateBucket(Base):
    """A token bucket in the database, so that limits hold across processes."""

    __tablename__ = "rate_bucket"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    tokens: Mapped[float]
    filled_at: Mapped[datetime]


class DemoSignIn(Base):
    """A one-time sign-in link of a fictional character. Rows exist only where `demo` made them."""

    __tablename__ = "demo_sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    used_at: Mapped[datetime | None]


class DeniedAccess(Base):
    """Somebody asked for what is not theirs: which action, which kind of thing, 403 or 404."""

    __tablename__ = "denied_access"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject_kind: Mapped[str]
    status: Mapped[int]

    __table_args__ = (Index("ix_denied_access_at", "at"),)
