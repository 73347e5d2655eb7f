"""Signing in: a code is asked for and mailed, typed in, and becomes a session."""

from datetime import datetime

from sqlalchemy.orm import Session

from outreach.accounts import codes, limits, rules, service, sessions
from outreach.accounts.models import Account
from outreach.errors import TooMany
from outreach.i18n import lazy
from outreach.links import Links
from outreach.workflows import mails, recipients

TOO_MANY = lazy("There were too many tries. Please wait five minutes, then try again.")


def ask(
    session: Session, email: str, *, browser: str, address: str, links: Links, now: datetime
) -> None:
    """Mail a code to this address, if somebody has it. Nothing tells the caller whether.

    `browser` is the asking browser's secret, `address` its network address.

    Raises:
        TooMany: asked too often for this account, known or not, or from this network.
    """
    email = service.normal_email(email)
    limits.forget_old(session, now=now)
    if not (
        limits.take(session, rules.ASK_FROM_ADDRESS, rules.network(address), now=now)
        and limits.take(session, rules.ASK_FOR_ACCOUNT, email, now=now)
    ):
        raise TooMany(TOO_MANY)
    asked = codes.ask(session, email, browser=browser, now=now)
    digits = links.sign_in_code(asked.code.public_id)
    asked.code.code_hash = codes.hashed(digits, browser=browser)
    session.flush()
    if asked.account is not None:
        _mail(session, asked, asked.account, now=now)


def enter(
    session: Session,
    digits: str,
    *,
    browser: str,
    address: str,
    agent: str,
    instead_of: sessions.SignedIn | None = None,
    now: datetime,
) -> str | None:
    """Sign this browser in with a typed code; return the token for its cookie, None when wrong.

    The session it had, `instead_of`, ends. The caller commits either way: a wrong try counts.

    Raises:
        TooMany: the sixth wrong code for an account, or the twentieth from a network, in 5 minutes.
    """
    asked = codes.asked_for(session, browser=browser, now=now)
    network, account = rules.network(address), asked.email_hash if asked else browser
    if not (
        limits.take(session, rules.CODE_FROM_ADDRESS, network, now=now)
        and limits.take(session, rules.CODE_FOR_ACCOUNT, account, now=now)
    ):
        raise TooMany(TOO_MANY)
    account_id = codes.use(session, digits, browser=browser, now=now)
    place = sessions.usual_place(session, account_id, now=now) if account_id else None
    if account_id is None or place is None:
        return None
    limits.give_back(session, rules.CODE_FROM_ADDRESS, network)
    limits.give_back(session, rules.CODE_FOR_ACCOUNT, account)
    if instead_of is not None:
        sign_out(session, instead_of, now=now)
    return sessions.begin(session, place, account_id=account_id, browser=agent, now=now)


def enter_demo(
    session: Session,
    token: str,
    *,
    agent: str,
    instead_of: sessions.SignedIn | None = None,
    now: datetime,
) -> str:
    """Sign a demo's character in by the link the demo printed: it counts as both steps.

    Raises:
        NotFound: it is used.
    """
    membership = service.use_demo_link(session, token, now=now)
    if instead_of is not None:
        sign_out(session, instead_of, now=now)
    return sessions.begin(
        session,
        membership,
        account_id=membership.account_id,
        browser=agent,
        now=now,
        second_factor_at=now,
    )


def sign_out(session: Session, seen: sessions.SignedIn, *, now: datetime) -> None:
    """End this browser's session."""
    sessions.end(session, seen.session_id, actor=seen.actor, now=now)


def _mail(session: Session, asked: codes.Asked, account: Account, *, now: datetime) -> None:
    mails.plan(
        session,
        recipients.of_account(account, zone="UTC"),
        "sign_in_code",
        about=("sign_in_code", asked.code.id, 1),
        values={"code_id": asked.code.public_id},
        expires_at=asked.code.expires_at,
        now=now,
    )
