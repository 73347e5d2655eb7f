"""What is said of a referral: that something waits, that it stops, that a clock ran out.

No message of these says more than a number and a way in: no name, contact, hospital, unit or
reason (referrals.md). Affiliates are told by mail; who receives by telephone has a clock on the
coordinator's Today page instead.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts import service as accounts
from outreach.accounts.models import Account, Membership
from outreach.directory.models import Affiliate
from outreach.reads import duty
from outreach.reads.duty import Colleague
from outreach.referrals.machine import Clock
from outreach.referrals.models import Referral, ReferralClock, ReferralLink
from outreach.workflows import mails, recipients
from outreach.workflows.recipients import Recipient

KEEPS: Final = timedelta(days=7)
"""How long a notice may wait for a mail server before it is no news any more."""


def item_waits(
    session: Session, referral: Referral, *, link: ReferralLink, now: datetime, again: int = 0
) -> None:
    """Tell the affiliate that an item waits, once for each sending and each reminder of it."""
    affiliate = session.get_one(Affiliate, referral.affiliate_id)
    values = {**_way_in(referral, link), "round": again}
    for to in _intake(session, affiliate, now=now):
        kind = "item_waits" if to.kind == "affiliate" else "item_waits_inside"
        _plan(session, to, kind, referral=referral, values=values, now=now)


def item_changed(
    session: Session, referral: Referral, *, link: ReferralLink, now: datetime
) -> None:
    """Tell the affiliate to open the item again; a coordinator calls who has no mailbox."""
    affiliate = session.get_one(Affiliate, referral.affiliate_id)
    told = _intake(session, affiliate, now=now)
    for to in told:
        kind = "item_changed" if to.kind == "affiliate" else "item_changed_inside"
        _plan(session, to, kind, referral=referral, values=_way_in(referral, link), now=now)
    if not told:
        _alert(session, referral, about="changed", now=now)


def stop(session: Session, referral: Referral, *, now: datetime) -> None:
    """Tell the affiliate to stop contact; a coordinator calls who has no mailbox."""
    affiliate = session.get_one(Affiliate, referral.affiliate_id)
    values = {"number": written(referral)}
    for to in _intake(session, affiliate, now=now):
        _plan(session, to, "item_stopped", referral=referral, values=values, now=now)
    if affiliate.intake_by == "phone":
        _alert(session, referral, about="stop", now=now)


def decision_due(session: Session, referral: Referral, *, now: datetime) -> None:
    """Tell the coordinator on duty that the affiliate can't, or did not answer."""
    _alert(session, referral, about=referral.state, now=now)


def clock_ran_out(
    session: Session, referral: Referral, clock: ReferralClock, *, now: datetime
) -> None:
    """Tell the coordinator on duty that a clock has run out."""
    _alert(session, referral, about=f"{clock.kind}:{clock.cycle}", now=now)


def deputy(session: Session, referral: Referral, clock: ReferralClock, *, now: datetime) -> None:
    """Tell the deputy what the coordinator on duty was told and has not settled.

    Where the deputy was told first, or there is none, the other coordinators are.
    """
    bureau = session.get_one(Affiliate, referral.bureau_id)
    for to in _colleagues(session, bureau, duty.duty(session, bureau, now=now).second):
        values = _alert_values(referral, about=f"deputy:{clock.kind}:{clock.cycle}")
        _plan(session, to, "referral_alert", referral=referral, values=values, now=now)


def referrer(session: Session, referral: Referral, *, about: Clock, now: datetime) -> None:
    """Nudge who began a referral that was never sent."""
    if referral.created_by_id is None:
        return
    bureau = session.get_one(Affiliate, referral.bureau_id)
    for to in _people(session, bureau, (referral.created_by_id,)):
        values = _alert_values(referral, about=str(about))
        _plan(session, to, "referral_waits", referral=referral, values=values, now=now)


def written(referral: Referral) -> str:
    """Return a referral's number as people say and write it: R-481207."""
    return f"R-{referral.number}"


def _way_in(referral: Referral, link: ReferralLink) -> dict[str, Any]:
    return {
        "number": written(referral),
        "link_id": link.public_id,
        "expires_at": link.expires_at.isoformat(),
    }


def _alert(session: Session, referral: Referral, *, about: str, now: datetime) -> None:
    bureau = session.get_one(Affiliate, referral.bureau_id)
    for to in _colleagues(session, bureau, duty.duty(session, bureau, now=now).first):
        values = _alert_values(referral, about=about)
        _plan(session, to, "referral_alert", referral=referral, values=values, now=now)


def _alert_values(referral: Referral, *, about: str) -> dict[str, Any]:
    return {"number": written(referral), "referral_id": referral.public_id, "about": about}


def _intake(session: Session, affiliate: Affiliate, *, now: datetime) -> list[Recipient]:
    """Return whom an affiliate's notices go to, as it receives: mailbox, accounts, or nobody."""
    if affiliate.intake_by == "account":
        people = session.scalars(
            select(Membership.account_id).where(
                Membership.affiliate_id == affiliate.id,
                Membership.kind == "intake",
                accounts.holds_at(now),
            )
        )
        return _people(session, affiliate, people.all())
    mailbox = affiliate.intake_email or affiliate.email
    if affiliate.intake_by == "phone" or not mailbox:
        return []
    return [
        Recipient(
            kind="affiliate",
            id=affiliate.id,
            email=mailbox,
            name=affiliate.intake_name or affiliate.name,
            locale="en",
            time_zone=affiliate.time_zone,
            sees_places=False,
        )
    ]


def _people(
    session: Session, affiliate: Affiliate, account_ids: Iterable[int | None]
) -> list[Recipient]:
    """Return accounts that can still sign in as recipients, in the order given."""
    found: list[Recipient] = []
    for account_id in account_ids:
        account = session.get(Account, account_id) if account_id is not None else None
        if account is not None and account.disabled_at is None:
            found.append(recipients.of_account(account, zone=affiliate.time_zone))
    return found


def _colleagues(
    session: Session, affiliate: Affiliate, people: Iterable[Colleague]
) -> list[Recipient]:
    return _people(session, affiliate, (each.account_id for each in people))


def _plan(
    session: Session,
    to: Recipient,
    kind: str,
    *,
    referral: Referral,
    values: Mapping[str, Any],
    now: datetime,
) -> None:
    mails.plan(
        session,
        to,
        kind,
        about=("referral", referral.id, referral.version),
        values=values,
        affiliate_id=referral.bureau_id,
        expires_at=now + KEEPS,
        now=now,
    )
