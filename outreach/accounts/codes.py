"""One-time codes by mail: asked for, typed in, used up once."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts import rules, service
from outreach.accounts.models import Account, SignInCode

OLD_CODES_STAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """A code that was asked for. `account` is None when nobody has that address."""

    code: SignInCode
    account: Account | None


def ask(session: Session, email: str, *, browser: str, now: datetime) -> Asked:
    """Write a code for this browser; its digits are derived from its public id by the caller.

    An unknown address gets a row as well, without an account, so that what follows (how long it
    takes, how often one may try) is the same for everyone. Nothing can be signed in with it.
    """
    _forget_old_codes(session, now=now)
    account = service.by_email(session, email)
    if account and (
        account.disabled_at is not None or not service.current_places(session, account.id, now=now)
    ):
        account = None
    code = SignInCode(
        public_id=crypto.public_id(),
        account_id=account.id if account else None,
        email_hash=crypto.digest(service.normal_email(email)),
        browser_hash=crypto.digest(browser),
        code_hash="",
        created_at=now,
        expires_at=now + rules.CODE_LASTS,
    )
    session.add(code)
    return Asked(code, account)


def asked_for(session: Session, *, browser: str, now: datetime) -> SignInCode | None:
    """Return the newest live code this browser asked for."""
    return session.scalars(
        select(SignInCode)
        .where(
            SignInCode.browser_hash == crypto.digest(browser),
            SignInCode.used_at.is_(None),
            SignInCode.expires_at > now,
        )
        .order_by(SignInCode.id.desc())
        .limit(1)
    ).one_or_none()


def use(session: Session, digits: str, *, browser: str, now: datetime) -> int | None:
    """Use a code up; return whose it is, or None: wrong, old, used, another browser's.

    Only codes for the address this browser asked for last count: wrong tries are counted for that
    one, so a code for another address could be guessed at without end. One UPDATE decides, so of
    two that race with the same code one comes through.
    """
    asked = asked_for(session, browser=browser, now=now)
    if asked is None:
        return None
    used = (
        update(SignInCode)
        .where(
            SignInCode.browser_hash == crypto.digest(browser),
            SignInCode.email_hash == asked.email_hash,
            SignInCode.code_hash == hashed(digits, browser=browser),
            SignInCode.account_id.is_not(None),
            SignInCode.used_at.is_(None),
            SignInCode.expires_at > now,
        )
        .values(used_at=now)
        .returning(SignInCode.account_id)
    )
    account_id = session.scalars(used).first()
    if account_id is None:
        return None
    session.execute(
        update(SignInCode)
        .where(SignInCode.browser_hash == crypto.digest(browser), SignInCode.used_at.is_(None))
        .values(used_at=now)
    )
    return account_id


def hashed(digits: str, *, browser: str) -> str:
    """Return what is stored of a code. The browser's 256 bits keep eight digits from a table."""
    return crypto.digest(f"{browser}:{digits}")


def _forget_old_codes(session: Session, *, now: datetime) -> None:
    session.execute(delete(SignInCode).where(SignInCode.expires_at < now - OLD_CODES_STAY))
