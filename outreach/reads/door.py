"""What the pages before an affiliate's item say: where the code goes, whom to call. No person."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.directory.models import Affiliate
from outreach.reads import intake
from outreach.referrals.models import Referral, ReferralLink


@dataclass(frozen=True, slots=True)
class Door:
    """The way to one item. `sent_to` is the masked address the code goes to; "" for no mailbox."""

    sent_to: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class Stop:
    """An item whose contact must stop: its number, and whom to call."""

    referral_id: int
    number: str
    phone: str | None


def door(session: Session, link: ReferralLink) -> Door:
    """Return what the pages of a live link say."""
    affiliate = session.get_one(Affiliate, link.affiliate_id)
    mailbox = affiliate.intake_email or affiliate.email
    return Door(masked(mailbox) if mailbox else "", _phone(session, link))


def stop(session: Session, token: str) -> Stop | None:
    """Return what is to be stopped, for a link whose referral was withdrawn; None otherwise.

    However old the link: what it can still do is say that contact has stopped, and no more.
    """
    found = session.execute(
        select(ReferralLink, Referral)
        .join(Referral, Referral.id == ReferralLink.referral_id)
        .where(
            ReferralLink.token_hash == crypto.digest(token),
            ReferralLink.affiliate_id == Referral.affiliate_id,
        )
    ).one_or_none()
    if found is None or not intake.waits_for_stop(found[1]):
        return None
    link, referral = found
    return Stop(referral.id, intake.number(referral), _phone(session, link))


def masked(address: str) -> str:
    """Return a mail address so that its owner knows it and nobody else learns it: "l…@lake.org"."""
    name, _at, domain = address.rpartition("@")
    return f"{name[:1]}…@{domain}"


def _phone(session: Session, link: ReferralLink) -> str | None:
    referral = session.get_one(Referral, link.referral_id)
    return session.get_one(Affiliate, referral.bureau_id).phone
