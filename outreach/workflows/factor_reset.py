"""Letting somebody who lost every second step set one up anew. Nobody does so for herself."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.orm import Session

from outreach import access, audit
from outreach.accounts import factors, sessions
from outreach.accounts import service as accounts
from outreach.accounts.models import Account, Membership
from outreach.accounts.service import Place
from outreach.actor import SYSTEM, Actor, Kind
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.workflows import sign_in_changes

REASONS: Mapping[str, str] = {
    "lost": lazy("Phone or key lost, or broken"),
    "new": lazy("New phone, and the old one is gone"),
    "taken": lazy("Somebody else may have it"),
    "other": lazy("Something else"),
}
"""Why. A code and no free words: what stands in the audit log stays there."""

ONESELF = lazy("You can’t do this for yourself. Ask a colleague.")
NOTHING = lazy("This person has no second step to take away.")
NOT_YOURS = lazy(
    "You can’t do this for this person. Ask an administrator, or whoever runs this service."
)
UNKNOWN_REASON = lazy("Choose a reason.")


def reset(session: Session, account: Account, *, reason: str, by: Actor, now: datetime) -> None:
    """Take every factor from an account, sign it out everywhere, and tell the person.

    Whoever may do it must look after each place of the person that needs a second step: else a
    coordinator could weaken an administrator, or a bureau another bureau's.

    Raises:
        RuleBroken: it is oneself, not all places are one's to look after, there is no factor, or
            the reason is none of REASONS.
    """
    if by.account_id == account.id:
        raise RuleBroken(ONESELF)
    if reason not in REASONS:
        raise RuleBroken(UNKNOWN_REASON, field="reason")
    if not may_reset(session, account.id, by=by, now=now):
        raise RuleBroken(NOT_YOURS)
    if not _has_any(factors.alone(session, account.id)):
        raise RuleBroken(NOTHING)
    factors.forget_all(session, account.id)
    audit.record(
        session,
        "second_factor.reset",
        actor=by,
        subject=("account", account.id),
        now=now,
        details={"reason": reason},
    )
    sessions.end_all(session, account.id, actor=by, now=now)
    sign_in_changes.tell(session, account.id, "reset", now=now)


def may_reset(session: Session, account_id: int, *, by: Actor, now: datetime) -> bool:
    """Say whether each place of an account that needs a second step is the actor's to look after.

    Administrators look after everyone of their affiliate, coordinators after intake people and
    liaisons. The system may: whoever runs it could change the database as well.
    """
    if by.kind is Kind.SYSTEM:
        return True
    if by.account_id == account_id:
        return False
    places = [
        place
        for place in accounts.current_places(session, account_id, now=now)
        if place.needs_second_factor
    ]
    return _reaches_all(session, places, by=by)


def _reaches_all(session: Session, places: list[Place], *, by: Actor) -> bool:
    if by.kind is Kind.COORDINATOR and any(
        place.kind not in {Kind.INTAKE, Kind.LIAISON} for place in places
    ):
        return False
    ids = {place.id for place in places}
    mine = access.scope(by, Membership).with_only_columns(Membership.id)
    return ids <= set(session.scalars(mine.where(Membership.id.in_(ids))))


def by_address(session: Session, email: str, *, now: datetime) -> None:
    """Do it for the account of a mail address, as the system: the only administrator's last way.

    Raises:
        RuleBroken: nobody has the address, or there is no factor.
    """
    account = accounts.by_email(session, email)
    if account is None:
        raise RuleBroken(lazy("Nobody signs in with this e-mail address."))
    reset(session, account, reason="lost", by=SYSTEM, now=now)


def _has_any(held: factors.Held) -> bool:
    return held.count > 0 or held.codes_left > 0
