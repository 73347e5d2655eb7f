"""What a bureau's own affiliate has received, written as rows: for tests of access."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.referrals.codes import State
from outreach.referrals.models import HelperSession, IntakeHelper, Referral, ReferralLink
from tests import referral_rows
from tests.builders import NOW, World


def received(session: Session, place: World, *, by: Actor) -> tuple[IntakeHelper, dict[str, str]]:
    """Let one item wait and one be withdrawn, with a helper inside; return helper and secrets."""
    own = place.affiliate
    item = referral_rows.sent(session, place, own, by=by)
    gone = referral_rows.sent(session, place, own, by=by)
    gone.state, gone.ended_at, gone.reason = State.CANCELLED, NOW, "recalled"
    helper = IntakeHelper(affiliate_id=own.id, name=f"Lena {own.name}", created_at=NOW)
    session.add(helper)
    session.flush()
    link, token = _link(session, item, own)
    _closed, stopped = _link(session, gone, own)
    return helper, {
        "item": item.public_id,
        "withdrawn item": gone.public_id,
        "item link": token,
        "stopped link": stopped,
        "helper": f"item={_inside(session, helper, link)}",
    }


def let_go(session: Session, helper: IntakeHelper) -> None:
    """Let a helper have left; what they had in their browser stays there."""
    helper.left_at = NOW
    for row in session.scalars(select(HelperSession).where(HelperSession.helper_id == helper.id)):
        row.ended_at = NOW


def _link(session: Session, to: Referral, own: Affiliate) -> tuple[ReferralLink, str]:
    token = crypto.token()
    row = ReferralLink(
        referral_id=to.id,
        affiliate_id=own.id,
        token_hash=crypto.digest(token),
        created_at=NOW,
        expires_at=NOW + timedelta(hours=72),
        closed_at=to.ended_at,
    )
    session.add(row)
    session.flush()
    return row, token


def _inside(session: Session, helper: IntakeHelper, link: ReferralLink) -> str:
    token = crypto.token()
    row = HelperSession(
        token_hash=crypto.digest(token),
        affiliate_id=helper.affiliate_id,
        link_id=link.id,
        helper_id=helper.id,
        created_at=NOW,
        seen_at=NOW,
    )
    session.add(row)
    session.flush()
    return token
