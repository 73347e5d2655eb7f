"""Ending mails one chose to get, by their link or on one's own page; and having them again."""

from datetime import datetime

from sqlalchemy.orm import Session

from outreach import audit, db
from outreach.accounts.models import Account
from outreach.actor import Actor, Kind
from outreach.reads.endings import Ending
from outreach.speakers.models import Speaker
from outreach.workflows import profile


def choose(session: Session, ending: Ending, *, comes: bool, now: datetime) -> None:
    """End the mails, or let them come again. Twice changes nothing."""
    if isinstance(ending.whose, Speaker):
        by = Actor(Kind.LINK, speaker_id=ending.whose.id)
        most = None if comes else 0
        profile.change_reminders(session, ending.whose, most=most, by=by, now=now)
    else:
        by = Actor(Kind.LINK, account_id=ending.whose.id)
        choose_morning_mail(session, ending.whose.id, comes=comes, by=by, now=now)


def choose_morning_mail(
    session: Session, account_id: int, *, comes: bool, by: Actor, now: datetime
) -> None:
    """Choose whether the coordinators' morning mail comes to an account."""
    account = db.locked(session, Account, account_id)
    if account.morning_mail == comes:
        return
    account.morning_mail = comes
    audit.record(
        session,
        "account.choose_morning_mail",
        actor=by,
        subject=("account", account.id),
        now=now,
        details={"comes": comes},
    )
