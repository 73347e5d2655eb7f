"""The first affiliate, and the first person who can sign in."""

from datetime import datetime
from zoneinfo import available_timezones

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.accounts.models import Account, Membership
from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy


def found_affiliate(
    session: Session,
    *,
    name: str,
    time_zone: str,
    coordinator_name: str,
    coordinator_email: str,
    by: Actor,
    now: datetime,
) -> Affiliate:
    """Make an affiliate, and an account that is its administrator and coordinator.

    An account with that address becomes both here too. An affiliate that nobody coordinates yet,
    made by an import or kept by another one, gets its people and keeps its zone.

    Raises:
        Conflict: an affiliate of that name has its people already.
        RuleBroken: the zone or the address is none.
    """
    email = _checked_address(coordinator_email)
    if time_zone not in available_timezones():
        raise RuleBroken(lazy("There is no time zone of this name."), field="time_zone")
    affiliate = session.scalar(select(Affiliate).where(Affiliate.name == name))
    if affiliate is None:
        affiliate = Affiliate(name=name, time_zone=time_zone, created_at=now)
        session.add(affiliate)
        session.flush()
    elif _has_staff(session, affiliate):
        raise Conflict(lazy("There is an affiliate of this name already."))
    affiliate.kept_by_id = None
    account = _account(session, coordinator_name, email, now=now)
    for kind in ("coordinator", "administrator"):
        session.add(
            Membership(account_id=account.id, kind=kind, affiliate_id=affiliate.id, starts_at=now)
        )
    session.flush()
    audit.record(session, "affiliate.found", actor=by, subject=("affiliate", affiliate.id), now=now)
    return affiliate


def _has_staff(session: Session, affiliate: Affiliate) -> bool:
    staff = select(Membership.id).where(
        Membership.affiliate_id == affiliate.id,
        Membership.kind.in_(("coordinator", "administrator")),
    )
    return session.scalar(staff.limit(1)) is not None


def _checked_address(address: str) -> str:
    try:
        return validate_email(address, check_deliverability=False).normalized.lower()
    except EmailNotValidError as error:
        raise RuleBroken(lazy("This is not a mail address."), field="email") from error


def _account(session: Session, name: str, email: str, *, now: datetime) -> Account:
    known = session.scalar(select(Account).where(Account.email == email))
    if known is not None:
        return known
    account = Account(name=name, email=email, created_at=now)
    session.add(account)
    session.flush()
    return account
