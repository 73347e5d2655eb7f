"""Passkeys and hardware keys: what a key is asked to sign, and whether it did (WebAuthn).

A challenge belongs to one signed-in browser and one purpose, lasts some minutes and is used once,
right or wrong. The key must have asked its owner (user verification); a count that does not grow
betrays a copy and is refused.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import webauthn
from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from outreach import crypto
from outreach.accounts import rules
from outreach.accounts.models import Account, Passkey, PasskeyChallenge

Purpose = Literal["add", "show"]

NAME_LENGTH = 40
TRANSPORTS = {transport.value for transport in AuthenticatorTransport}
REFUSALS = (WebAuthnException, ValueError, RecursionError)
"""What the library raises at an answer that is wrong, garbled or nested without end."""
_VERIFIED = UserVerificationRequirement.REQUIRED


@dataclass(frozen=True, slots=True)
class Site:
    """Who asks: the host a key is bound to, the one origin that may use it, and a name to show."""

    host: str
    origin: str
    name: str


def options_to_add(
    session: Session, account: Account, *, browser_id: int, site: Site, now: datetime
) -> str:
    """Return what a browser needs to make a key for this account, as JSON."""
    options = webauthn.generate_registration_options(
        rp_id=site.host,
        rp_name=site.name,
        user_id=account.public_id.encode(),
        user_name=account.email,
        user_display_name=account.name,
        challenge=_challenge(session, browser_id, purpose="add", now=now),
        timeout=_timeout_ms(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED, user_verification=_VERIFIED
        ),
        exclude_credentials=_known(session, account.id),
    )
    return webauthn.options_to_json(options)


def options_to_show(
    session: Session, account_id: int, *, browser_id: int, site: Site, now: datetime
) -> str:
    """Return what a browser needs to have one of the account's keys sign, as JSON."""
    options = webauthn.generate_authentication_options(
        rp_id=site.host,
        challenge=_challenge(session, browser_id, purpose="show", now=now),
        timeout=_timeout_ms(),
        allow_credentials=_known(session, account_id),
        user_verification=_VERIFIED,
    )
    return webauthn.options_to_json(options)


def add(
    session: Session,
    account_id: int,
    credential: str,
    *,
    name: str,
    browser_id: int,
    site: Site,
    now: datetime,
) -> Passkey | None:
    """Keep the key that a browser made; None: it is not for this challenge, or known already."""
    challenge = _use_challenge(session, browser_id, purpose="add", now=now)
    if challenge is None:
        return None
    try:
        made = webauthn.verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except REFUSALS:
        return None
    credential_id = bytes_to_base64url(made.credential_id)
    if session.scalar(select(Passkey.id).where(Passkey.credential_id == credential_id)):
        return None
    key = Passkey(
        account_id=account_id,
        credential_id=credential_id,
        public_key=made.credential_public_key,
        sign_count=made.sign_count,
        transports=_transports(credential),
        name=name[:NAME_LENGTH],
        created_at=now,
    )
    session.add(key)
    session.flush()
    return key


def use(
    session: Session,
    account_id: int,
    credential: str,
    *,
    browser_id: int,
    site: Site,
    now: datetime,
) -> bool:
    """Say whether one of the account's keys signed this browser's challenge, just now."""
    challenge = _use_challenge(session, browser_id, purpose="show", now=now)
    key = _named(session, account_id, credential)
    if challenge is None or key is None:
        return False
    try:
        shown = webauthn.verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=key.public_key,
            credential_current_sign_count=key.sign_count,
            require_user_verification=True,
        )
    except REFUSALS:
        return False
    count = shown.new_sign_count
    # Many passkeys never count: zero stays zero (WebAuthn Level 2, 6.1.1).
    grew = Passkey.sign_count < count if count else Passkey.sign_count == 0
    used = (
        update(Passkey)
        .where(Passkey.id == key.id, grew)
        .values(sign_count=count, last_used_at=now)
        .returning(Passkey.id)
    )
    return session.scalar(used) is not None


def remove(session: Session, key: Passkey) -> bool:
    """Forget a key; False when it is gone already."""
    gone = delete(Passkey).where(Passkey.id == key.id).returning(Passkey.id)
    return session.scalar(gone) is not None


def _challenge(session: Session, browser_id: int, *, purpose: Purpose, now: datetime) -> bytes:
    """Write a challenge; the browser's earlier ones for this purpose, and all old ones, go."""
    mine = and_(PasskeyChallenge.web_session_id == browser_id, PasskeyChallenge.purpose == purpose)
    session.execute(delete(PasskeyChallenge).where(or_(mine, PasskeyChallenge.expires_at <= now)))
    row = PasskeyChallenge(
        web_session_id=browser_id,
        purpose=purpose,
        challenge=crypto.token(),
        created_at=now,
        expires_at=now + rules.CHALLENGE_LASTS,
    )
    session.add(row)
    session.flush()
    return base64url_to_bytes(row.challenge)


def _use_challenge(
    session: Session, browser_id: int, *, purpose: Purpose, now: datetime
) -> bytes | None:
    used = (
        update(PasskeyChallenge)
        .where(
            PasskeyChallenge.web_session_id == browser_id,
            PasskeyChallenge.purpose == purpose,
            PasskeyChallenge.used_at.is_(None),
            PasskeyChallenge.expires_at > now,
        )
        .values(used_at=now)
        .returning(PasskeyChallenge.challenge)
    )
    found = session.scalars(used).one_or_none()
    return base64url_to_bytes(found) if found else None


def _named(session: Session, account_id: int, credential: str) -> Passkey | None:
    """Return the account's key that a browser's answer names."""
    try:
        credential_id = json.loads(credential)["id"]
    except (ValueError, TypeError, LookupError, RecursionError):
        return None
    if not isinstance(credential_id, str) or "\0" in credential_id:
        return None
    mine = Passkey.account_id == account_id, Passkey.credential_id == credential_id
    return session.scalars(select(Passkey).where(*mine)).one_or_none()


def _known(session: Session, account_id: int) -> list[PublicKeyCredentialDescriptor]:
    keys = session.scalars(
        select(Passkey).where(Passkey.account_id == account_id).order_by(Passkey.id)
    )
    return [
        PublicKeyCredentialDescriptor(
            id=base64url_to_bytes(key.credential_id),
            transports=[AuthenticatorTransport(name) for name in key.transports] or None,
        )
        for key in keys
    ]


def _transports(credential: str) -> list[str]:
    """Return how a browser says it can reach the key: the next time it need not ask."""
    said = json.loads(credential)["response"].get("transports")
    names = said if isinstance(said, list) else []
    return sorted({name for name in names if isinstance(name, str)} & TRANSPORTS)


def _timeout_ms() -> int:
    return int(rules.CHALLENGE_LASTS.total_seconds()) * 1000
