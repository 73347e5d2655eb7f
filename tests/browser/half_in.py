"""Two who stand between the mailed code and the second step, and how one goes through it.

Ines has no second step yet. Ida has an app and recovery codes. Ruth has everything, and is in.
"""

from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import clock, crypto
from outreach.accounts import factors, sessions
from outreach.accounts.models import Account, Membership, Passkey, TotpFactor, WebSession
from outreach.crypto import token
from tests import builders, factor_builders
from tests.browser.served import Demo
from tests.browser.visitor import Visitor
from tests.factor_builders import App

INES, IDA = "Ines", "Ida"
INES_COOKIE = token()
"""Kept, because each second step gives her another one."""


def stand(session: Session, demo: Demo) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Make the two; return what pages name, and their cookies."""
    ring, now = demo.wired.vault.ring, clock.now()
    ines = builders.intake(session, demo.world.affiliate, "Ines Castro")
    ida = builders.intake(session, demo.world.affiliate, "Ida Wells")
    for member in (ida, demo.world.memberships["Ruth"]):
        factor_builders.app(session, member, at=now, ring=ring)
        factor_builders.codes(session, member)
    key = Passkey(
        account_id=demo.world.memberships["Ruth"].account_id,
        credential_id=token(),
        public_key=b"a key for tests",
        sign_count=0,
        transports=[],
        name="Work laptop",
        created_at=now,
    )
    session.add(key)
    come_in(session, ines)
    _have_her_cookie_back(session, ines.account_id)
    cookies = {INES: INES_COOKIE, IDA: come_in(session, ida)}
    return {"membership of Ida": ida.public_id}, cookies


def come_in(session: Session, member: Membership) -> str:
    """Let somebody type the mailed code; return the cookie."""
    return sessions.begin(
        session, member, account_id=member.account_id, browser="Firefox", now=clock.now()
    )


def begin_app(visitor: Visitor) -> None:
    """Press "Set up an app"."""
    _press_first(visitor, "main form[action$='/app'] button")


def type_wrong_code(visitor: Visitor) -> None:
    """Set an app up, and mistype its first code."""
    begin_app(visitor)
    _type(visitor, "000 000")


def set_app_up(visitor: Visitor) -> None:
    """Set an app up, so that recovery codes are shown."""
    begin_app(visitor)
    secret = visitor.page.locator(".secret code").text_content() or ""
    _type(visitor, App(secret.replace(" ", "")).code(clock.now()))


def take_app_back(demo: Demo) -> None:
    """Let Ines stand where she stood before she set an app up: others look at her pages too."""
    with demo.wired.db.transaction() as session:
        mine = select(TotpFactor.account_id).join(Account, Account.id == TotpFactor.account_id)
        for account_id in session.scalars(mine.where(Account.name == "Ines Castro")).all():
            factors.forget_all(session, account_id)
            _have_her_cookie_back(session, account_id)


def _have_her_cookie_back(session: Session, account_id: int) -> None:
    session.execute(
        update(WebSession)
        .where(WebSession.account_id == account_id)
        .values(second_factor_at=None, token_hash=crypto.digest(INES_COOKIE))
    )


def _type(visitor: Visitor, digits: str) -> None:
    visitor.page.locator("main [name=code]").fill(digits)
    _press_first(visitor, "main form[action$='/code'] button")


def _press_first(visitor: Visitor, what: str) -> None:
    with visitor.page.expect_navigation():
        visitor.page.locator(what).first.click()
