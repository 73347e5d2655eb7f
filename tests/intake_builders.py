"""An affiliate's people at its pages: by link, code and PIN, or by an account."""

import re

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.links import Links
from outreach.referrals.models import IntakeHelper, LinkCode, Referral, ReferralLink
from outreach.workflows.referrals import doors
from tests.builders import NOW

PIN = "480713"


def link_of(session: Session, referral: Referral) -> ReferralLink:
    """Return the newest link to a referral."""
    return session.scalars(
        select(ReferralLink)
        .where(ReferralLink.referral_id == referral.id)
        .order_by(ReferralLink.id.desc())
        .limit(1)
    ).one()


def path_of(session: Session, referral: Referral, links: Links) -> str:
    """Return where the newest link of a referral leads."""
    row = link_of(session, referral)
    return f"/i/{links.item_token(row.public_id, expires_at=row.expires_at)}"


def code_of(session: Session, links: Links) -> str:
    """Return the digits of the code that was asked for last, as its mail has them."""
    row = session.scalars(select(LinkCode).order_by(LinkCode.id.desc()).limit(1)).one()
    return links.link_code(row.public_id)


def with_pin(session: Session, helper: IntakeHelper, pin: str = PIN) -> IntakeHelper:
    """Let a helper have chosen a PIN."""
    helper.pin_hash = doors.hashed_pin(pin)
    session.flush()
    return helper


def at_the_door(session: Session, client: FlaskClient, referral: Referral, links: Links) -> str:
    """Let a browser come through link and code, no further; return where it stands."""
    link = link_of(session, referral)
    code = doors.ask_code(session, link, browser="a browser", now=NOW)
    token = doors.use_code(
        session,
        link,
        links.link_code(code.public_id),
        browser="a browser",
        links=links,
        now=NOW,
    )
    session.commit()
    client.set_cookie("item", token or "")
    return path_of(session, referral, links)


def inside(
    session: Session,
    client: FlaskClient,
    referral: Referral,
    helper: IntakeHelper,
    links: Links,
) -> FlaskClient:
    """Let a helper in by a link to a referral; return their browser."""
    if helper.pin_hash is None:
        with_pin(session, helper)
    at_the_door(session, client, referral, links)
    cookie = client.get_cookie("item")
    seen = doors.visitor(session, cookie.value if cookie else "", now=NOW)
    assert seen is not None
    token = doors.show_pin(session, seen, helper.public_id, PIN, now=NOW)
    assert token
    session.commit()
    client.set_cookie("item", token)
    return client


def carried(page_text: str) -> dict[str, str]:
    """Return version and key that a page's forms carry."""
    found = dict(re.findall(r'name="(version|request_key)" value="([^"]*)"', page_text))
    return {"version": found["version"], "request_key": found["request_key"]}
