"""Word by mail that a helper's PIN was set or is locked: a helper has no mailbox of their own.

Whoever reads the affiliate's mailbox can come in by a link and its code, and choose the first PIN
of a name nobody has used yet. So who looks after the affiliate is told, and the affiliate's other
address where it has one. The mails say no name: the page of helpers does, to who may see it.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy.orm import Session

from outreach import crypto
from outreach.accounts.models import Account
from outreach.directory.models import Affiliate
from outreach.reads import duty
from outreach.referrals.models import IntakeHelper
from outreach.workflows import mails, recipients
from outreach.workflows.recipients import Recipient

KEEPS: Final = timedelta(days=3)

What = Literal["set", "locked"]


def tell(session: Session, helper: IntakeHelper, what: What, *, now: datetime) -> None:
    """Tell the coordinator, and of a PIN that was set the affiliate's other address as well."""
    affiliate = session.get_one(Affiliate, helper.affiliate_id)
    keeper = duty.keeper_of(session, affiliate)
    told = list(_coordinators(session, keeper, now=now))
    other = _other_address(affiliate)
    if what == "set" and other is not None:
        told.append(other)
    event = crypto.public_id()  # each time is told, also two of a kind at once
    for to in told:
        is_ours = to.kind == "account"
        mails.plan(
            session,
            to,
            "helper_pin",
            about=("intake_helper", helper.id, 1),
            values={
                "what": what,
                "event": event,
                "helpers_of": affiliate.public_id if is_ours else "",
                "phone": keeper.phone or "",
            },
            affiliate_id=keeper.id,
            expires_at=now + KEEPS,
            now=now,
        )


def _coordinators(session: Session, keeper: Affiliate, *, now: datetime) -> Iterator[Recipient]:
    for each in duty.duty(session, keeper, now=now).first:
        account = session.get_one(Account, each.account_id)
        yield recipients.of_account(account, zone=keeper.time_zone)


def _other_address(affiliate: Affiliate) -> Recipient | None:
    """Return the affiliate's address besides the one that links and codes go to."""
    office, intake = affiliate.email, affiliate.intake_email
    if not office or not intake or office.lower() == intake.lower():
        return None
    return Recipient(
        kind="office",
        id=affiliate.id,
        email=office,
        name=affiliate.name,
        locale="en",
        time_zone=affiliate.time_zone,
        sees_places=False,
    )
