"""What an affiliate's texts come to, and what it means to spend in a month."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import Session

from outreach.messaging import rules
from outreach.messaging.models import Message, MessageAttempt, SmsBudget
from outreach.messaging.rules import Month


@dataclass(frozen=True, slots=True)
class Spent:
    """How many parts of texts of one kind may have left, in each of the months asked for."""

    kind: str
    by_month: tuple[int, ...]


def used(session: Session, affiliate_id: int, month: Month) -> int:
    """Return how many parts of texts may have left in a month. Reads one index alone."""
    counted = select(func.sum(MessageAttempt.segments)).where(
        MessageAttempt.affiliate_id == affiliate_id, MessageAttempt.segments > 0, _in(month)
    )
    return session.scalar(counted) or 0


def by_kind(session: Session, affiliate_id: int, months: Sequence[Month]) -> list[Spent]:
    """Return what each kind of text came to in each of these months. One query."""
    sums = [func.sum(case((_in(month), MessageAttempt.segments), else_=0)) for month in months]
    counted = (
        select(Message.kind, *sums)
        .join(MessageAttempt, MessageAttempt.message_id == Message.id)
        .where(
            MessageAttempt.affiliate_id == affiliate_id,
            MessageAttempt.segments > 0,
            MessageAttempt.started_at >= min(month.since for month in months),
            MessageAttempt.started_at < max(month.until for month in months),
        )
        .group_by(Message.kind)
        .order_by(Message.kind)
    )
    return [Spent(kind, tuple(map(int, counts))) for kind, *counts in session.execute(counted)]


def budget(session: Session, affiliate_id: int) -> SmsBudget | None:
    """Return what the affiliate means to spend in a month; None where it set nothing."""
    return session.scalar(select(SmsBudget).where(SmsBudget.affiliate_id == affiliate_id))


def most(row: SmsBudget | None, *, price_cents: float) -> int | None:
    """Return how many parts of texts a budget buys; None is without limit."""
    if row is None:
        return None
    if row.unit == "segments":
        return row.amount
    return rules.affordable(row.amount, price_cents=price_cents)


def _in(month: Month) -> ColumnElement[bool]:
    at = MessageAttempt.started_at
    return and_(at >= month.since, at < month.until)
