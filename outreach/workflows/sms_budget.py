"""The budget of texts: when it is used up reminders and notes go by mail; coordinators are told."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.messaging import rules, spending
from outreach.messaging.models import Message, SmsBudget
from outreach.messaging.rules import Month
from outreach.workflows import mails, recipients

KIND: Final = "sms_budget"
GO_BY_MAIL: Final = frozenset({"reminder", "note"})
"""What may wait for a mail to be read; questions, corrections and answers may not."""

MARKS: Final = (100, 80)
"""Percents at which coordinators are told, each once a month."""

MOST: Final = 1_000_000


def is_used_up(
    session: Session, affiliate_id: int | None, *, price_cents: float, now: datetime
) -> bool:
    """Say whether this month's texts have reached the affiliate's budget."""
    if affiliate_id is None:
        return False
    left = room(session, affiliate_id, price_cents=price_cents, now=now)
    return left is not None and left <= 0


def room(session: Session, affiliate_id: int, *, price_cents: float, now: datetime) -> int | None:
    """Return how many parts of texts the month's budget leaves; None is without limit."""
    limit = _limit(session, affiliate_id, price_cents=price_cents)
    if limit is None:
        return None
    return limit - spending.used(session, affiliate_id, _month(session, affiliate_id, now=now))


def tell(session: Session, affiliate_id: int | None, *, price_cents: float, now: datetime) -> None:
    """Tell the coordinators when four fifths of the budget are used, and when all of it is."""
    limit = None if affiliate_id is None else _limit(session, affiliate_id, price_cents=price_cents)
    if affiliate_id is None or limit is None:
        return
    month = _month(session, affiliate_id, now=now)
    used = spending.used(session, affiliate_id, month)
    mark = next((mark for mark in MARKS if used * 100 >= mark * limit), None)
    if mark is None or str(mark) in _told(session, affiliate_id, month):
        return
    for to in recipients.coordinators(session, affiliate_id, now=now):
        mails.plan(
            session,
            to,
            KIND,
            about=("affiliate", affiliate_id, month.number),
            values={"mark": str(mark)},
            affiliate_id=affiliate_id,
            expires_at=month.until,
            now=now,
        )


def choose(
    session: Session,
    affiliate: Affiliate,
    *,
    unit: str,
    amount: int | None,
    price_cents: float,
    by: Actor,
    now: datetime,
) -> None:
    """Set the budget of a month in "segments" or "dollars"; None takes it away.

    Raises:
        RuleBroken: the amount is out of bounds, or money is asked for and no price is known.
    """
    if amount is not None and not 0 < amount <= MOST:
        message = lazy("Write a number from 1 to %(most)s, or leave it empty for no budget.")
        raise RuleBroken(message, field="amount", most=MOST)
    if amount is not None and unit == "dollars" and price_cents <= 0:
        message = lazy(
            "What a text costs is not known here, so choose texts instead of dollars, or ask your "
            "administrator to set the price."
        )
        raise RuleBroken(message, field="unit")
    row = spending.budget(session, affiliate.id)
    if amount is None:
        if row is not None:
            session.delete(row)
    elif row is None:
        session.add(SmsBudget(affiliate_id=affiliate.id, unit=unit, amount=amount))
    else:
        row.unit, row.amount = unit, amount
    session.flush()
    audit.record(
        session,
        "sms_budget.change",
        actor=by,
        subject=("affiliate", affiliate.id),
        now=now,
        details={"unit": unit, "amount": amount},
    )
    tell(session, affiliate.id, price_cents=price_cents, now=now)


def _limit(session: Session, affiliate_id: int, *, price_cents: float) -> int | None:
    return spending.most(spending.budget(session, affiliate_id), price_cents=price_cents)


def _month(session: Session, affiliate_id: int, *, now: datetime) -> Month:
    zone = session.get_one(Affiliate, affiliate_id).time_zone
    return rules.months(now, zone=zone)[0]


def _told(session: Session, affiliate_id: int, month: Month) -> set[str]:
    """Return the marks that were told this month, so that not every text plans the mails anew."""
    rows = select(Message.values).where(
        Message.subject_kind == "affiliate",
        Message.subject_id == affiliate_id,
        Message.subject_revision == month.number,
        Message.kind == KIND,
    )
    return {values.get("mark", "") for values in session.scalars(rows)}
