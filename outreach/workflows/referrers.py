"""Who of a hospital may refer people: given and taken by its coordinators."""

from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.accounts.models import Account, Membership
from outreach.actor import Actor, Kind
from outreach.directory.models import Affiliate, Hospital
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.workflows import mails, recipients

WORD_LASTS = timedelta(days=14)
"""After that the account page says it as well."""

NOT_A_LIAISON = lazy("Only liaisons of a hospital refer people.")
NO_PLACE = lazy("This person has no place here any more. Invite them anew.")


def let_refer(session: Session, place: Membership, *, by: Actor, now: datetime) -> None:
    """Let a liaison refer people of her hospital, and tell her; twice changes nothing.

    Raises:
        RuleBroken: the place is no liaison's, or has ended.
    """
    if place.kind != Kind.LIAISON:
        raise RuleBroken(NOT_A_LIAISON)
    if place.ends_at is not None and place.ends_at <= now:
        raise RuleBroken(NO_PLACE)
    _set(session, place, may=True, by=by, now=now)


def stop_referring(session: Session, place: Membership, *, by: Actor, now: datetime) -> None:
    """Take a liaison's right to refer, at once, and tell her; twice changes nothing."""
    _set(session, place, may=False, by=by, now=now)


def _set(session: Session, place: Membership, *, may: bool, by: Actor, now: datetime) -> None:
    changed = (
        update(Membership)
        .where(Membership.id == place.id, Membership.may_refer.is_(not may))
        .values(may_refer=may)
        .returning(Membership.id)
    )
    if session.scalar(changed) is None:
        return
    action = "referring.give" if may else "referring.take"
    audit.record(session, action, actor=by, subject=("membership", place.id), now=now)
    _tell(session, place, may=may, now=now)


def _tell(session: Session, place: Membership, *, may: bool, now: datetime) -> None:
    account = session.get_one(Account, place.account_id)
    hospital = session.get_one(Hospital, place.hospital_id)
    affiliate = session.get_one(Affiliate, hospital.affiliate_id)
    mails.plan(
        session,
        recipients.of_account(account, zone=affiliate.time_zone),
        "referring",
        # Given and taken again before it left: only the last word goes out.
        about=("membership", place.id, int(now.timestamp())),
        values={"affiliate": affiliate.name, "may": may},
        affiliate_id=affiliate.id,
        expires_at=now + WORD_LASTS,
        now=now,
    )
