"""Clocks as rows: started and stopped by steps; each runs out once, whatever worker sees it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import Session

from outreach.referrals import clocks
from outreach.referrals.machine import Clock, Step
from outreach.referrals.models import Referral, ReferralClock
from outreach.workflows.referrals import facts

DEPUTY_AFTER: Final = timedelta(hours=2)
"""Office time the coordinator on duty has before her deputy is told as well."""

_WINDOWS: Final = frozenset({Clock.DRAFT, Clock.CONNECT, Clock.CLOSE})


def follow(session: Session, referral: Referral, step: Step, *, now: datetime) -> None:
    """Stop and start the clocks of a step that was just taken."""
    stop(session, referral, step.stops, now=now)
    for clock in step.starts:
        # Who was never told to begin has nothing to confirm.
        if clock is not Clock.CONFIRM_STOP or referral.sent_at is not None:
            start(session, referral, clock, now=now)


def start(session: Session, referral: Referral, clock: Clock, *, now: datetime) -> None:
    """Start a clock; one of its kind that runs already goes on."""
    running = _running(referral).where(ReferralClock.kind == clock)
    if session.scalar(running) is not None:
        return
    made = select(func.count()).where(
        ReferralClock.referral_id == referral.id, ReferralClock.kind == clock
    )
    session.add(
        ReferralClock(
            referral_id=referral.id,
            kind=clock,
            cycle=(session.scalar(made) or 0) + 1,
            due_at=due(session, referral, clock, now=now),
        )
    )
    session.flush()


def due(session: Session, referral: Referral, clock: Clock, *, now: datetime) -> datetime:
    """Return when a clock that starts now runs out.

    The windows count from the discharge, or from the day on which a person who came by themselves
    asked. A child of an older referral, or somebody who asked a while ago, that would find its
    window over already gets it anew from today: a clock nobody could keep warns of nothing.
    """
    moments = facts.moments(session, referral, now=now)
    # Who decides is the bureau; everything else is the affiliate's to do.
    theirs = referral.affiliate_id if clock is not Clock.DECIDE else None
    office = facts.office(session, theirs or referral.bureau_id, now=now)
    limits = facts.limits(session, referral)
    at = clocks.due(clock, moments=moments, office=office, limits=limits)
    may_begin_anew = referral.parent_id is not None or referral.hospital_id is None
    if clock in _WINDOWS and may_begin_anew and at <= now:
        anew = clocks.Moments(now=now, discharged_at=now, zone=referral.time_zone)
        return clocks.due(clock, moments=anew, office=office, limits=limits)
    return at


def stop(session: Session, referral: Referral, kinds: Iterable[Clock], *, now: datetime) -> bool:
    """Stop running clocks of these kinds, and settle those that ran out; say whether any was."""
    mine = (ReferralClock.referral_id == referral.id, ReferralClock.kind.in_(list(kinds)))
    running = (ReferralClock.stopped_at.is_(None), ReferralClock.ran_out_at.is_(None))
    over = (ReferralClock.ran_out_at.is_not(None), ReferralClock.settled_at.is_(None))
    ids = ReferralClock.id
    stopped = update(ReferralClock).where(*mine, *running).values(stopped_at=now).returning(ids)
    settled = update(ReferralClock).where(*mine, *over).values(settled_at=now).returning(ids)
    found = [session.scalars(change).all() for change in (stopped, settled)]
    return any(found)


def run_out(session: Session, row_id: int, *, now: datetime) -> ReferralClock | None:
    """Let a due clock run out; return it to the one caller who may act on it, None to others."""
    won = (
        update(ReferralClock)
        .where(
            ReferralClock.id == row_id,
            ReferralClock.due_at <= now,
            ReferralClock.stopped_at.is_(None),
            ReferralClock.ran_out_at.is_(None),
        )
        .values(ran_out_at=now)
        .returning(ReferralClock.id)
    )
    if session.scalar(won) is None:
        return None
    return session.get_one(ReferralClock, row_id, populate_existing=True)


def call_deputy_later(
    session: Session, clock: ReferralClock, referral: Referral, *, now: datetime
) -> None:
    """Give the coordinator on duty her time before the deputy is told."""
    office = facts.office(session, referral.bureau_id, now=now)
    clock.deputy_at = clocks.add_business_time(now, DEPUTY_AFTER, office=office)
    session.flush()


def due_now(session: Session, *, now: datetime, limit: int = 200) -> list[int]:
    """Return the clocks that have run out and were not seen yet, the earliest first."""
    rows = session.scalars(
        select(ReferralClock.id)
        .where(
            ReferralClock.due_at <= now,
            ReferralClock.stopped_at.is_(None),
            ReferralClock.ran_out_at.is_(None),
        )
        .order_by(ReferralClock.due_at, ReferralClock.id)
        .limit(limit)
    )
    return list(rows)


def deputies_due(session: Session, *, now: datetime, limit: int = 200) -> list[int]:
    """Return the clocks whose deputy is to be told now."""
    rows = session.scalars(
        select(ReferralClock.id)
        .where(
            ReferralClock.deputy_at <= now,
            ReferralClock.deputy_told_at.is_(None),
            ReferralClock.settled_at.is_(None),
        )
        .order_by(ReferralClock.deputy_at, ReferralClock.id)
        .limit(limit)
    )
    return list(rows)


def _running(referral: Referral) -> Select[int]:
    return select(ReferralClock.id).where(
        ReferralClock.referral_id == referral.id,
        ReferralClock.stopped_at.is_(None),
        ReferralClock.ran_out_at.is_(None),
    )
