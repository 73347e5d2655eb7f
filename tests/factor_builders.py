"""Second factors for tests: an app, recovery codes, and what they show at a moment."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyotp
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import keyring
from outreach.accounts import factors, passkeys, sessions
from outreach.accounts.models import Account, Membership, Passkey, WebSession
from outreach.accounts.passkeys import Site
from outreach.accounts.sessions import SignedIn
from outreach.keyring import KeyRing
from outreach.messaging.models import Message
from tests.builders import NOW
from tests.software_key import SoftwareKey
from tests.vaults import KEYS

RING = keyring.parse(KEYS, named="the tests' ring")
SITE = Site("localhost", "http://localhost", "Outreach")


@dataclass(frozen=True)
class App:
    """An authenticator app with one entry."""

    secret: str

    def code(self, at: datetime = NOW, *, step: int = 0) -> str:
        """Return the six digits shown at a moment, or some steps before or after it."""
        return pyotp.TOTP(self.secret).at(at + step * timedelta(seconds=30))


def app(session: Session, of: Membership, *, at: datetime = NOW, ring: KeyRing = RING) -> App:
    """Give an account an app that was set up long before: no step of the present is used."""
    begun = factors.begin_app(session, of.account_id, ring=ring, now=at)
    secret = factors.secret_of(begun, ring=ring)
    begun.confirmed_at, begun.last_used_at, begun.last_counter = at, at, 1
    session.flush()
    return App(secret)


def codes(session: Session, of: Membership) -> list[str]:
    """Give an account ten recovery codes."""
    return factors.make_codes(session, of.account_id, now=NOW)


def passkey(session: Session, of: Membership, key: SoftwareKey, *, browser_id: int) -> Passkey:
    """Let an account have a key, made in one of its browsers."""
    account = session.get_one(Account, of.account_id)
    options = passkeys.options_to_add(session, account, browser_id=browser_id, site=SITE, now=NOW)
    made = passkeys.add(
        session,
        of.account_id,
        key.make(options),
        name="Blue key",
        browser_id=browser_id,
        site=SITE,
        now=NOW,
    )
    assert made
    return made


def enter(session: Session, member: Membership) -> SignedIn:
    """Sign a member's browser in by the mailed code alone."""
    token = sessions.begin(session, member, account_id=member.account_id, browser="", now=NOW)
    found = sessions.find(session, token, now=NOW)
    assert found
    return found


def fresh(seen: SignedIn) -> SignedIn:
    """Return a browser whose person has shown a factor just now."""
    return replace(seen, second_factor_at=NOW)


def has_shown(session: Session, seen: SignedIn) -> bool:
    """Say whether a factor was shown in this browser."""
    session.expire_all()
    return session.get_one(WebSession, seen.session_id).second_factor_at is not None


def told(session: Session) -> list[str]:
    """Return what people were told about their signing in, in order."""
    rows = select(Message).where(Message.kind == "sign_in_changed").order_by(Message.id)
    return [row.values["what"] for row in session.scalars(rows)]
