"""Rows with sealed values, each the least that the tables allow."""

from itertools import count

from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts.models import TotpFactor
from outreach.db import Database
from outreach.directory.models import Affiliate
from outreach.referrals.models import Referral, ReferralAttempt
from outreach.vault import Vault
from tests import builders
from tests.builders import NOW, ZONE

_numbers = count(1)

NOTE = "Ana reads large print."
SECRET = "JBSWY3DPEHPK3PXP"


def referral(session: Session, vault: Vault, of: Affiliate, *, note: str = NOTE) -> Referral:
    """Make a draft with a sealed note, under a data key of its own."""
    public_id = crypto.public_id()
    key = vault.new_key(public_id)
    made = Referral(
        public_id=public_id,
        number=100_000 + next(_numbers),
        request_key=crypto.public_id(),
        bureau_id=of.id,
        state_at=NOW,
        time_zone=ZONE,
        discharged_at=NOW,
        zip_code="48201",
        groups=[],
        data_key_id=key,
        sealed_note=vault.seal(key, ("referral", "sealed_note", public_id), note),
        created_at=NOW,
    )
    session.add(made)
    session.flush()
    return made


def attempt(session: Session, vault: Vault, of: Referral, *, note: str = NOTE) -> ReferralAttempt:
    """Make an attempt to reach the person, its note under the referral's data key."""
    public_id = crypto.public_id()
    place = ("referral_attempt", "sealed_note", public_id)
    made = ReferralAttempt(
        public_id=public_id,
        request_key=crypto.public_id(),
        referral_id=of.id,
        at=NOW,
        channel="phone",
        result="no_answer",
        actor="system",
        sealed_note=vault.seal(of.data_key_id or "", place, note),
        created_at=NOW,
    )
    session.add(made)
    session.flush()
    return made


def totp(session: Session, vault: Vault) -> TotpFactor:
    """Make somebody's authenticator app, its secret sealed under the key ring."""
    public_id = crypto.public_id()
    made = TotpFactor(
        public_id=public_id,
        account_id=builders.account(session).id,
        secret=vault.ring.seal(("totp_factor", "secret", public_id), SECRET),
        created_at=NOW,
    )
    session.add(made)
    session.flush()
    return made


def everything(db: Database, vault: Vault) -> tuple[Referral, ReferralAttempt, TotpFactor]:
    """Commit one row of each kind."""
    with db.transaction() as session:
        of = referral(session, vault, builders.affiliate(session))
        return of, attempt(session, vault, of), totp(session, vault)
