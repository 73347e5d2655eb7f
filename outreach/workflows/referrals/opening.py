"""Opening a referral: what may be shown at this instant, to whom, and that it was opened.

The authorization is judged anew at each opening, so a withdrawal closes every page at once. The
affiliate sees the frozen snapshot of what was disclosed to it; those who refer see what the
authorization lets out. Who opened it is written down (on the list of what a GET may write).
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from outreach.actor import Actor, Kind
from outreach.referrals.codes import RELEASED
from outreach.referrals.models import Referral, ReferralReading
from outreach.vault import Destroyed
from outreach.workflows.referrals import disclosing, facts, stopping
from outreach.workflows.referrals.desk import Desk

AT_AFFILIATE: Final = frozenset({Kind.INTAKE, Kind.HELPER})


def person(
    session: Session, referral: Referral, *, by: Actor, desk: Desk, now: datetime
) -> Mapping[str, Any] | None:
    """Return what may be shown of the person now, by `codes.Field`; None where nothing may.

    Nothing may before the signature, after a withdrawal, once the authorization has expired, and
    when the data were erased. Who only received it sees the snapshot, a coordinator of the
    affiliate like its other people, and nothing once the referral has ended.
    """
    if referral.data_key_id is None or not stopping.in_force(session, referral, now=now):
        return None
    received = by.kind in AT_AFFILIATE or by.affiliate_id not in {None, referral.bureau_id}
    if received and referral.state not in RELEASED:
        return None
    try:
        if received:
            return disclosing.last_snapshot(session, referral, vault=desk.vault)
        authorization = facts.authorization_of(session, referral)
        if authorization is None:
            return None
        return disclosing.allowed(referral, authorization, vault=desk.vault)
    except (Destroyed, LookupError):
        return None


def note(session: Session, referral: Referral, *, by: Actor, via: str, now: datetime) -> None:
    """Write down who opened a referral, and how: "page", "link", "print"."""
    session.add(ReferralReading(referral_id=referral.id, actor=by.label, via=via, at=now))
    session.flush()
