"""The second factor of an account: an authenticator app, recovery codes; passkeys stand beside.

Whatever was shown once is of no use again: each use is one UPDATE whose condition decides, so that
of two requests with the same code one comes through.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts import rules
from outreach.accounts.models import (
    Account,
    Passkey,
    PasskeyChallenge,
    RecoveryCode,
    TotpFactor,
    WebSession,
)
from outreach.db import locked
from outreach.keyring import KeyRing


@dataclass(frozen=True, slots=True)
class Held:
    """What an account can show: its app, its keys, and how many recovery codes are left."""

    app: TotpFactor | None
    passkeys: Sequence[Passkey]
    codes_left: int

    @property
    def count(self) -> int:
        """How many factors there are. Recovery codes stand in for one, they are none."""
        return len(self.passkeys) + (self.app is not None)


def held(session: Session, account_id: int) -> Held:
    """Return the factors of an account, passkeys in the order they came."""
    app = select(TotpFactor).where(
        TotpFactor.account_id == account_id, TotpFactor.confirmed_at.is_not(None)
    )
    keys = select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.id)
    left = (
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None))
    )
    return Held(
        app=session.scalars(app).one_or_none(),
        passkeys=session.scalars(keys).all(),
        codes_left=session.scalar(left) or 0,
    )


def who_has_some(session: Session, account_ids: Collection[int]) -> set[int]:
    """Return which of these accounts have a factor."""
    apps = select(TotpFactor.account_id).where(
        TotpFactor.account_id.in_(account_ids), TotpFactor.confirmed_at.is_not(None)
    )
    keys = select(Passkey.account_id).where(Passkey.account_id.in_(account_ids))
    return set(session.scalars(apps.union(keys)))


def alone(session: Session, account_id: int) -> Held:
    """Hold the account until the transaction ends, and return its factors as they then are."""
    locked(session, Account, account_id)
    return held(session, account_id)


# --- the authenticator app


def begin_app(session: Session, account_id: int, *, ring: KeyRing, now: datetime) -> TotpFactor:
    """Make a secret for an app that is being set up; an earlier one that still waits is gone."""
    locked(session, Account, account_id)
    waiting = TotpFactor.confirmed_at.is_(None)
    session.execute(delete(TotpFactor).where(TotpFactor.account_id == account_id, waiting))
    # Known before the row is, because the secret is sealed for it.
    public_id = crypto.public_id()
    made = TotpFactor(
        public_id=public_id,
        account_id=account_id,
        secret=ring.seal(_place(public_id), pyotp.random_base32()),
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def app_in_hand(session: Session, account_id: int, *, now: datetime) -> TotpFactor | None:
    """Return the app that is being set up, unless it was begun too long ago."""
    return session.scalars(
        select(TotpFactor).where(
            TotpFactor.account_id == account_id,
            TotpFactor.confirmed_at.is_(None),
            TotpFactor.created_at > now - rules.SET_UP_LASTS,
        )
    ).one_or_none()


def secret_of(app: TotpFactor, *, ring: KeyRing) -> str:
    """Return an app's secret, in base32. The one place where it is opened."""
    return ring.open(_place(app.public_id), app.secret)


def app_address(secret: str, *, email: str, service: str) -> str:
    """Return what the picture for an app says: an otpauth address."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=service)


def confirm_app(
    session: Session, account_id: int, digits: str, *, ring: KeyRing, now: datetime
) -> bool:
    """Take the first code of the app that is being set up; it replaces the one there was."""
    app = app_in_hand(session, account_id, now=now)
    counter = _matching_step(app, digits, ring=ring, now=now) if app else None
    if app is None or counter is None:
        return False
    remove_app(session, account_id)
    confirmed = (
        update(TotpFactor)
        .where(TotpFactor.id == app.id, TotpFactor.confirmed_at.is_(None))
        .values(confirmed_at=now, last_used_at=now, last_counter=counter)
        .returning(TotpFactor.id)
    )
    return session.scalar(confirmed) is not None


def use_app(
    session: Session, account_id: int, digits: str, *, ring: KeyRing, now: datetime
) -> bool:
    """Take a code of the account's app, once: the next must be of a later step (RFC 6238, 5.2)."""
    app = held(session, account_id).app
    counter = _matching_step(app, digits, ring=ring, now=now) if app else None
    if app is None or counter is None:
        return False
    used = (
        update(TotpFactor)
        .where(TotpFactor.id == app.id, TotpFactor.last_counter < counter)
        .values(last_counter=counter, last_used_at=now)
        .returning(TotpFactor.id)
    )
    return session.scalar(used) is not None


def remove_app(session: Session, account_id: int) -> bool:
    """Forget the account's app; False when there is none."""
    gone = (
        delete(TotpFactor)
        .where(TotpFactor.account_id == account_id, TotpFactor.confirmed_at.is_not(None))
        .returning(TotpFactor.id)
    )
    return session.scalar(gone) is not None


# --- recovery codes


def make_codes(session: Session, account_id: int, *, now: datetime) -> list[str]:
    """Return ten new recovery codes, to be shown once; those of before are gone."""
    locked(session, Account, account_id)
    session.execute(delete(RecoveryCode).where(RecoveryCode.account_id == account_id))
    codes = [_recovery_code() for _ in range(rules.RECOVERY_CODES)]
    session.add_all(
        RecoveryCode(account_id=account_id, code_hash=_hashed(account_id, code), created_at=now)
        for code in codes
    )
    session.flush()
    return [rules.in_groups(code, between="-") for code in codes]


def use_code(session: Session, account_id: int, typed: str, *, now: datetime) -> bool:
    """Take a recovery code, once."""
    used = (
        update(RecoveryCode)
        .where(
            RecoveryCode.account_id == account_id,
            RecoveryCode.code_hash == _hashed(account_id, rules.plain_code(typed)),
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .returning(RecoveryCode.id)
    )
    return session.scalar(used) is not None


# --- all of it


def forget_all(session: Session, account_id: int) -> None:
    """Leave an account without any factor, and without a set-up that waits."""
    locked(session, Account, account_id)
    browsers = select(WebSession.id).where(WebSession.account_id == account_id)
    session.execute(delete(PasskeyChallenge).where(PasskeyChallenge.web_session_id.in_(browsers)))
    for table in (TotpFactor, Passkey, RecoveryCode):
        session.execute(delete(table).where(table.account_id == account_id))


def _matching_step(app: TotpFactor, digits: str, *, ring: KeyRing, now: datetime) -> int | None:
    """Return the latest step these digits belong to; every step is looked at, in equal time."""
    totp = pyotp.TOTP(secret_of(app, ring=ring))
    found = [
        step
        for step in rules.steps(now)
        if crypto.equal(totp.generate_otp(step), rules.plain_code(digits))
    ]
    return max(found, default=None)


def _recovery_code() -> str:
    return "".join(secrets.choice(rules.RECOVERY_LETTERS) for _ in range(rules.RECOVERY_LENGTH))


def _hashed(account_id: int, code: str) -> str:
    return crypto.digest(f"recovery:{account_id}:{code}")


def _place(public_id: str) -> tuple[str, str, str]:
    return (TotpFactor.__tablename__, "secret", public_id)
