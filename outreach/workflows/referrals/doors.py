"""The way in for an affiliate without accounts: an opaque link, a code, a name and a PIN.

The link alone shows a page with a button. The button sends a code to the address on file (a
landline hears it from the coordinator); with the code the browser is known to be the affiliate's
from then on, and the helper's own name and PIN say who reads. A link is for one referral of one
affiliate and dies after 72 hours, or at once when the referral ends. The browser that came in by it
stays the affiliate's, for what else is open there, until its own time is over.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts import limits
from outreach.accounts.rules import Bucket
from outreach.actor import Actor, Kind
from outreach.directory.models import Affiliate
from outreach.errors import Conflict, NotFound, RuleBroken, TooMany
from outreach.i18n import lazy
from outreach.links import Links
from outreach.referrals.models import (
    HelperSession,
    IntakeHelper,
    LinkCode,
    Referral,
    ReferralLink,
)
from outreach.workflows import mails
from outreach.workflows.recipients import Recipient
from outreach.workflows.referrals import helper_news, helping

LINK_LASTS: Final = timedelta(hours=72)
CODE_LASTS: Final = timedelta(minutes=10)
IDLE: Final = timedelta(minutes=15)
LONGEST: Final = timedelta(hours=2)
MOST_WRONG_PINS: Final = 5
PIN_DIGITS: Final = 6
CODES_FOR_LINK: Final = Bucket("link-code-ask", size=5, refills_after=timedelta(minutes=10))
TRIES_FOR_LINK: Final = Bucket("link-code-try", size=5, refills_after=timedelta(minutes=5))

UNKNOWN_LINK = lazy("This link does not lead anywhere any more.")
WRONG_CODE = lazy("This code is not right, or it is no longer good. You can ask for a new one.")
WRONG_PIN = lazy("Name and PIN do not fit together.")
LOCKED = lazy("This PIN is locked after five wrong tries. Please call the coordinator.")
TOO_MANY = lazy("There were too many tries. Please wait a few minutes, then try again.")
CODE_FIRST = lazy(
    "A PIN is chosen right after the code. Sign out, open the link again and ask for a new code."
)
BAD_PIN = lazy("Choose six digits, not all alike and not in a row.")


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser of an affiliate: through the code, and with a helper, through the PIN as well."""

    session_id: int
    affiliate_id: int
    helper_id: int | None
    began_at: datetime
    touch_is_due: bool
    name: str = ""

    @property
    def actor(self) -> Actor:
        """Who reads and acts; only with a helper's name."""
        if self.helper_id is None:
            raise LookupError("no helper has shown a PIN")
        return Actor(Kind.HELPER, affiliate_id=self.affiliate_id, helper_id=self.helper_id)


def open_link(session: Session, referral: Referral, *, links: Links, now: datetime) -> ReferralLink:
    """Make the link of a notice, for the affiliate that has the referral now."""
    link_id, expires_at = crypto.public_id(), now + LINK_LASTS
    link = ReferralLink(
        public_id=link_id,
        referral_id=referral.id,
        affiliate_id=referral.affiliate_id,
        token_hash=crypto.digest(links.item_token(link_id, expires_at=expires_at)),
        created_at=now,
        expires_at=expires_at,
    )
    session.add(link)
    session.flush()
    return link


def close_links(session: Session, referral: Referral, *, now: datetime) -> None:
    """Close every link of a referral. Who came in by one stays in, for what else is open there."""
    session.execute(
        update(ReferralLink)
        .where(ReferralLink.referral_id == referral.id, ReferralLink.closed_at.is_(None))
        .values(closed_at=now)
    )


def find_link(session: Session, token: str, *, now: datetime) -> ReferralLink | None:
    """Return the live link with this token; None when unknown, over its time, or closed."""
    return session.scalars(
        select(ReferralLink).where(
            ReferralLink.token_hash == crypto.digest(token),
            ReferralLink.expires_at > now,
            ReferralLink.closed_at.is_(None),
        )
    ).one_or_none()


def ask_code(session: Session, link: ReferralLink, *, browser: str, now: datetime) -> LinkCode:
    """Write a code for this browser and mail it to the affiliate's address on file.

    Where the affiliate has no mailbox the coordinator reads the code out (`spoken`); she finds it
    on the referral's page.

    Raises:
        TooMany: asked too often for this link.
    """
    if not limits.take(session, CODES_FOR_LINK, link.public_id, now=now):
        raise TooMany(TOO_MANY)
    affiliate = session.get_one(Affiliate, link.affiliate_id)
    mailbox = affiliate.intake_email or affiliate.email
    code = LinkCode(
        link_id=link.id,
        browser_hash=crypto.digest(browser),
        spoken=not mailbox,
        created_at=now,
        expires_at=now + CODE_LASTS,
    )
    session.add(code)
    session.flush()
    if mailbox:
        _mail_code(session, code, affiliate, mailbox=mailbox, now=now)
    return code


def use_code(
    session: Session,
    link: ReferralLink,
    digits: str,
    *,
    browser: str,
    instead_of: Visitor | None = None,
    links: Links,
    now: datetime,
) -> str | None:
    """Begin a session of the affiliate with a typed code; return its token, None when wrong.

    The one this browser had, `instead_of`, ends.
    One UPDATE decides, so of two that race with the same code one comes through. The caller
    commits either way: a wrong try counts.

    Raises:
        TooMany: the sixth try within five minutes.
    """
    if not limits.take(session, TRIES_FOR_LINK, link.public_id, now=now):
        raise TooMany(TOO_MANY)
    code = session.scalars(
        select(LinkCode)
        .where(
            LinkCode.link_id == link.id,
            LinkCode.browser_hash == crypto.digest(browser),
            LinkCode.used_at.is_(None),
            LinkCode.expires_at > now,
        )
        .order_by(LinkCode.id.desc())
        .limit(1)
    ).one_or_none()
    if code is None or not crypto.equal(links.link_code(code.public_id), digits):
        return None
    used = (
        update(LinkCode)
        .where(LinkCode.id == code.id, LinkCode.used_at.is_(None))
        .values(used_at=now)
        .returning(LinkCode.id)
    )
    if session.scalar(used) is None:
        return None
    limits.give_back(session, TRIES_FOR_LINK, link.public_id)
    if instead_of is not None:
        leave(session, instead_of, now=now)
    return _begin(session, link, now=now)


def show_pin(
    session: Session, visitor: Visitor, helper_public_id: str, pin: str, *, now: datetime
) -> str | None:
    """Say who reads: a helper's name with the PIN; the first time, the PIN is chosen.

    Return the session's new token (that of before is dead); None when the PIN is wrong. The caller
    commits either way, for a wrong try counts.

    Raises:
        NotFound: no such helper at this affiliate, or the session has ended.
        Conflict: the PIN is locked, or is to be chosen by whom the code let in too long ago, or
            who is inside under another name.
        RuleBroken: a new PIN that is too easy.
    """
    helper = session.scalars(
        select(IntakeHelper)
        .where(
            IntakeHelper.public_id == helper_public_id,
            IntakeHelper.affiliate_id == visitor.affiliate_id,
            IntakeHelper.left_at.is_(None),
        )
        .with_for_update()
    ).one_or_none()
    if helper is None:
        raise NotFound(lazy("There is no such helper."))
    if helper.locked_at is not None:
        raise Conflict(LOCKED)
    if helper.pin_hash is None:
        _choose_pin(session, visitor, helper, pin, now=now)
    elif not pin_fits(pin, helper.pin_hash):
        _count_wrong(session, helper, now=now)
        return None
    helper.wrong_tries = 0
    token = crypto.token()
    entered = (
        update(HelperSession)
        .where(HelperSession.id == visitor.session_id, HelperSession.ended_at.is_(None))
        .values(helper_id=helper.id, seen_at=now, token_hash=crypto.digest(token))
        .returning(HelperSession.id)
    )
    if session.scalar(entered) is None:
        raise NotFound(UNKNOWN_LINK)
    helping.note(session, "helper.enter", helper, by=_as(helper), now=now)
    return token


def visitor(session: Session, token: str, *, now: datetime) -> Visitor | None:
    """Return whose browser this is; None when unknown, idle too long, too old, or ended."""
    found = session.execute(
        select(HelperSession, IntakeHelper.name)
        .outerjoin(IntakeHelper, IntakeHelper.id == HelperSession.helper_id)
        .where(
            HelperSession.token_hash == crypto.digest(token),
            HelperSession.ended_at.is_(None),
            HelperSession.seen_at > now - IDLE,
            HelperSession.created_at > now - LONGEST,
        )
    ).one_or_none()
    if found is None:
        return None
    row, name = found
    return Visitor(
        row.id,
        row.affiliate_id,
        row.helper_id,
        began_at=row.created_at,
        touch_is_due=row.seen_at < now - timedelta(minutes=1),
        name=name or "",
    )


def touch(session: Session, seen: Visitor, *, now: datetime) -> None:
    """Note that a browser is in use."""
    session.execute(
        update(HelperSession)
        .where(HelperSession.id == seen.session_id, HelperSession.ended_at.is_(None))
        .values(seen_at=now)
    )


def leave(session: Session, seen: Visitor, *, now: datetime) -> None:
    """End this browser's session."""
    session.execute(
        update(HelperSession)
        .where(HelperSession.id == seen.session_id, HelperSession.ended_at.is_(None))
        .values(ended_at=now)
    )


def checked_pin(pin: str) -> str:
    """Return a PIN good enough to keep. Raises RuleBroken otherwise."""
    digits = pin.strip()
    if len(digits) != PIN_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise RuleBroken(BAD_PIN, field="pin")
    steps = {int(b) - int(a) for a, b in pairwise(digits)}
    if steps <= {0} or steps in ({1}, {-1}):
        raise RuleBroken(BAD_PIN, field="pin")
    return digits


def hashed_pin(pin: str) -> str:
    """Return what is stored of a PIN: scrypt with a salt, for six digits alone are soon guessed."""
    salt = secrets.token_bytes(16)
    return f"{salt.hex()}:{_scrypt(pin, salt).hex()}"


def pin_fits(pin: str, stored: str) -> bool:
    """Say whether a typed PIN is the stored one, in constant time."""
    salt, _, expected = stored.partition(":")
    return crypto.equal(_scrypt(pin.strip(), bytes.fromhex(salt)).hex(), expected)


def _scrypt(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, n=2**14, r=8, p=1, dklen=32)


def _choose_pin(
    session: Session, visitor: Visitor, helper: IntakeHelper, pin: str, *, now: datetime
) -> None:
    """Set the first PIN of a name; only fresh from the code, and before any other name was used."""
    if visitor.helper_id is not None or visitor.began_at <= now - CODE_LASTS:
        raise Conflict(CODE_FIRST)
    helper.pin_hash, helper.pin_set_at = hashed_pin(checked_pin(pin)), now
    helping.note(session, "helper.set_pin", helper, by=_as(helper), now=now)
    helper_news.tell(session, helper, "set", now=now)


def _count_wrong(session: Session, helper: IntakeHelper, *, now: datetime) -> None:
    helper.wrong_tries += 1
    if helper.wrong_tries >= MOST_WRONG_PINS:
        helper.locked_at = now
        helping.note(session, "helper.locked", helper, by=_as(helper), now=now)
        helper_news.tell(session, helper, "locked", now=now)


def _as(helper: IntakeHelper) -> Actor:
    return Actor(Kind.HELPER, affiliate_id=helper.affiliate_id, helper_id=helper.id)


def _begin(session: Session, link: ReferralLink, *, now: datetime) -> str:
    token = crypto.token()
    session.add(
        HelperSession(
            token_hash=crypto.digest(token),
            affiliate_id=link.affiliate_id,
            link_id=link.id,
            created_at=now,
            seen_at=now,
        )
    )
    session.flush()
    return token


def _mail_code(
    session: Session, code: LinkCode, affiliate: Affiliate, *, mailbox: str, now: datetime
) -> None:
    name = affiliate.intake_name or affiliate.name
    mails.plan(
        session,
        Recipient("affiliate", affiliate.id, mailbox, name, "en", affiliate.time_zone),
        "item_code",
        about=("link_code", code.id, 1),
        values={"link_code_id": code.public_id},
        expires_at=code.expires_at,
        now=now,
    )
