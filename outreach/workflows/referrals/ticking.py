"""What the worker does for referrals: clocks that ran out, each in a transaction of its own.

Each function looks at the database and can run again, in any number of processes: a clock is won
in one UPDATE, in the same transaction as what follows from it.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach import audit, logs
from outreach.actor import SYSTEM, Actor
from outreach.db import locked
from outreach.directory.models import Affiliate
from outreach.errors import Conflict, OutreachError
from outreach.referrals.codes import WAITING_FOR_ANSWER, Action, Cancel
from outreach.referrals.machine import SETTLED_BY_DOING, Clock
from outreach.referrals.models import Referral, ReferralClock, ReferralLink
from outreach.workflows.referrals import deadlines, doors, steps, telling
from outreach.workflows.referrals.desk import Desk
from outreach.workflows.referrals.steps import Order

log = logs.get(__name__)

REMIND_AFTER: Final = timedelta(minutes=30)
"""How long after a notice or a reminder another would be one too many."""

Follow = Callable[[Session, Referral, ReferralClock, Desk, datetime], None]


def run_out(session: Session, clock_id: int, *, desk: Desk, now: datetime) -> bool:
    """Let one clock run out and do what follows; False where another worker was first."""
    clock = deadlines.run_out(session, clock_id, now=now)
    if clock is None:
        return False
    referral = session.get_one(Referral, clock.referral_id)
    _FOLLOWS.get(Clock(clock.kind), _escalate)(session, referral, clock, desk, now)
    log.info("referral.clock", referral=referral.id, clock=clock.kind)
    return True


def tell_deputy(session: Session, clock_id: int, *, now: datetime) -> bool:
    """Tell the deputy of a clock that nobody settled in time; once."""
    clock = session.get_one(ReferralClock, clock_id, with_for_update=True, populate_existing=True)
    if clock.deputy_told_at is not None or clock.settled_at is not None:
        return False
    clock.deputy_told_at = now
    telling.deputy(session, session.get_one(Referral, clock.referral_id), clock, now=now)
    session.flush()
    return True


def settle(
    session: Session, referral: Referral, clocks: Collection[str], *, by: Actor, now: datetime
) -> None:
    """Say that a coordinator has taken care of clocks that ran out; twice changes nothing.

    `clocks` are the public ids of those she saw: what ran out since stays. A decision that is due
    and a stop that is to be confirmed are settled by being done, not here.
    """
    settled = (
        update(ReferralClock)
        .where(
            ReferralClock.referral_id == referral.id,
            ReferralClock.public_id.in_(clocks),
            ReferralClock.kind.not_in(sorted(SETTLED_BY_DOING)),
            ReferralClock.ran_out_at.is_not(None),
            ReferralClock.settled_at.is_(None),
        )
        .values(settled_at=now)
        .returning(ReferralClock.kind)
    )
    for kind in sorted(session.scalars(settled)):
        audit.record(
            session,
            "referral.settle",
            actor=by,
            subject=("referral", referral.id),
            now=now,
            details={"clock": kind},
        )


def remind_again(
    session: Session, referral: Referral, *, by: Actor, desk: Desk, now: datetime
) -> bool:
    """Tell the affiliate once more because a coordinator asks; False where it was told just now.

    So a doubled POST is one reminder.

    Raises:
        Conflict: the affiliate has answered since, or receives by telephone.
    """
    held = locked(session, Referral, referral.id)
    affiliate = session.get_one(Affiliate, held.affiliate_id or held.bureau_id)
    if held.state not in WAITING_FOR_ANSWER or affiliate.intake_by == "phone":
        raise Conflict(steps.MOVED_ON)
    newest = select(func.max(ReferralLink.created_at)).where(ReferralLink.referral_id == held.id)
    told_at = session.scalar(newest)
    if told_at is not None and told_at > now - REMIND_AFTER:
        return False
    remind(session, held, desk=desk, now=now)
    audit.record(
        session,
        "referral.remind",
        actor=by,
        subject=("referral", held.id),
        now=now,
        details={"number": held.number},
    )
    return True


def remind(session: Session, referral: Referral, *, desk: Desk, now: datetime) -> None:
    """Tell the affiliate once more that an item waits, with a fresh link."""
    if referral.state not in WAITING_FOR_ANSWER:
        return
    link = doors.open_link(session, referral, links=desk.links, now=now)
    telling.item_waits(session, referral, link=link, now=now, again=link.id)


def _escalate(
    session: Session, referral: Referral, clock: ReferralClock, desk: Desk, now: datetime
) -> None:
    del desk
    telling.clock_ran_out(session, referral, clock, now=now)
    deadlines.call_deputy_later(session, clock, referral, now=now)


def _nobody_acknowledged(
    session: Session, referral: Referral, clock: ReferralClock, desk: Desk, now: datetime
) -> None:
    remind(session, referral, desk=desk, now=now)
    _escalate(session, referral, clock, desk, now)


def _nobody_answered(
    session: Session, referral: Referral, clock: ReferralClock, desk: Desk, now: datetime
) -> None:
    deadlines.start(session, referral, Clock.GRACE, now=now)
    _escalate(session, referral, clock, desk, now)


def _expire(
    session: Session, referral: Referral, clock: ReferralClock, desk: Desk, now: datetime
) -> None:
    del clock
    steps.take(session, referral, Order(action=Action.EXPIRE, by=SYSTEM), desk=desk, now=now)


def _authorization_over(
    session: Session, referral: Referral, clock: ReferralClock, desk: Desk, now: datetime
) -> None:
    del clock
    order = Order(action=Action.CANCEL, by=SYSTEM, reason=Cancel.AUTHORIZATION_EXPIRED)
    steps.take(session, referral, order, desk=desk, now=now)


def _send(
    session: Session, referral: Referral, clock: ReferralClock, desk: Desk, now: datetime
) -> None:
    """Send what was to leave at discharge; where that can't be, a person decides."""
    try:
        with session.begin_nested():
            order = Order(action=Action.SEND, by=SYSTEM)
            steps.take(session, referral, order, desk=desk, now=now)
    except OutreachError:
        _escalate(session, referral, clock, desk, now)


def _nudge(
    session: Session, referral: Referral, clock: ReferralClock, desk: Desk, now: datetime
) -> None:
    del desk
    telling.referrer(session, referral, about=Clock(clock.kind), now=now)
    clock.settled_at = now


_FOLLOWS: Final[Mapping[Clock, Follow]] = {
    Clock.SEND: _send,
    Clock.DRAFT: _nudge,
    Clock.ACKNOWLEDGE: _nobody_acknowledged,
    Clock.ACCEPT: _nobody_answered,
    Clock.GRACE: _expire,
    Clock.EXPIRY: _authorization_over,
}
"""Clock → what follows when it runs out; the others are told to the coordinator on duty."""
