"""The affiliates' people of the demo: Ines by her account, Lena by a link, a code and her PIN."""

from collections.abc import Mapping

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import clock, crypto
from outreach.accounts import sessions
from outreach.directory.models import Affiliate
from outreach.referrals.codes import Cancel, State
from outreach.referrals.models import HelperSession, IntakeHelper, Referral, ReferralLink
from outreach.workflows.referrals import doors, stopping
from tests import builders
from tests.browser.served import Demo

INES, LENA, AT_THE_DOOR = "Ines inside", "Lena", "Lena at the door"


def stand(session: Session, demo: Demo) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Let a link wait, one be withdrawn, and both people be inside; return ids and cookies."""
    now, desk = clock.now(), demo.wired.desk
    lakeshore = session.get_one(Affiliate, demo.world.receivers["Lakeshore Peers"].id)
    helper = session.scalars(
        select(IntakeHelper).where(IntakeHelper.affiliate_id == lakeshore.id)
    ).one()
    helper.pin_hash, helper.pin_set_at = "a:b", now
    session.add(
        IntakeHelper(affiliate_id=lakeshore.id, name="Gus Meyer", created_at=now, left_at=now)
    )
    dee = _of(session, lakeshore, State.ACKNOWLEDGED)
    link = doors.open_link(session, dee, links=desk.links, now=now)
    bea = _of(session, lakeshore, State.CONNECTED)
    gone = doors.open_link(session, bea, links=desk.links, now=now)
    ruth = builders.actor(demo.world.memberships["Ruth"])
    stopping.cancel(
        session, bea, reason=Cancel.PERSON_ASKED, by=ruth, version=None, desk=desk, now=now
    )
    ines = demo.world.memberships["Ines"]
    bureau = demo.world.affiliate
    ids = {
        "item link": desk.links.item_token(link.public_id, expires_at=link.expires_at),
        "stopped link": desk.links.item_token(gone.public_id, expires_at=gone.expires_at),
        "item of Lena": dee.public_id,
        "stopped item": bea.public_id,
        "helper": helper.public_id,
        "affiliate of Lena": lakeshore.public_id,
        "item sent": _of(session, bureau, State.SENT).public_id,
        "item tried": _of(session, bureau, State.CONTACTING).public_id,
        "item connected": _of(session, bureau, State.CONNECTED).public_id,
    }
    cookies = {
        INES: sessions.begin(
            session,
            ines,
            account_id=ines.account_id,
            browser="Firefox",
            now=now,
            second_factor_at=now,
        ),
        LENA: _inside(session, link, helper),
        AT_THE_DOOR: _inside(session, link, None),
    }
    return ids, cookies


def _of(session: Session, affiliate: Affiliate, state: State) -> Referral:
    wanted = select(Referral).where(Referral.affiliate_id == affiliate.id, Referral.state == state)
    found = session.scalars(wanted.order_by(Referral.id)).first()
    assert found is not None, (affiliate.name, state)
    return found


def _inside(session: Session, link: ReferralLink, helper: IntakeHelper | None) -> str:
    """Let a browser have come through the code, and with a helper through the PIN."""
    now, token = clock.now(), crypto.token()
    row = HelperSession(
        token_hash=crypto.digest(token),
        affiliate_id=link.affiliate_id,
        link_id=link.id,
        helper_id=helper.id if helper else None,
        created_at=now,
        seen_at=now,
    )
    session.add(row)
    session.flush()
    return f"item={token}"
