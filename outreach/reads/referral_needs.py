"""What of referrals needs a coordinator today: clocks that ran out, decisions, stops, drafts.

Its rows name a number and an affiliate, never a person, a hospital or a unit.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.orm import Session

from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.i18n import gettext as _
from outreach.reads import referral_board as board
from outreach.reads import referral_words as words
from outreach.reads.needs import Group, Need, Step
from outreach.reads.words import Status
from outreach.referrals import clocks
from outreach.referrals.codes import BEFORE_RELEASE
from outreach.referrals.machine import Clock
from outreach.referrals.models import Referral, ReferralAttempt, ReferralClock

SOON: Final = frozenset({Clock.CLOSE, Clock.HOLD})
"""Clocks that may wait until the afternoon once they have run out."""
LATER: Final = frozenset({Clock.EXPIRY_AHEAD})


def needs(session: Session, actor: Actor, *, zone: str, now: datetime) -> Iterator[Need]:
    """Give each referral that needs somebody once, the longest waiting first.

    Three queries, however many there are.
    """
    found = session.execute(_waiting(actor, now=now)).all()
    tries = _attempts(session, [row[1].id for row in found])
    seen: set[int] = set()
    for clock, referral, affiliate in found:
        if referral.id not in seen:
            seen.add(referral.id)
            yield _of_clock(
                clock, referral, affiliate, attempts=tries.get(referral.id, 0), zone=zone, now=now
            )
    for referral, affiliate in session.execute(_never_sent(actor)):
        if referral.id not in seen:
            yield _of_draft(referral, affiliate, now=now)


def waiting(actor: Actor, *, now: datetime) -> tuple[Select[int], Select[int]]:
    """Return selects of what `needs` gives, to be counted."""
    by_clock = _waiting(actor, now=now).with_only_columns(Referral.id).order_by(None).distinct()
    drafts = _never_sent(actor).with_only_columns(Referral.id).order_by(None)
    return by_clock, drafts.where(Referral.id.not_in(by_clock))


def _waiting(actor: Actor, *, now: datetime) -> Select[ReferralClock, Referral, Affiliate]:
    at_once = ReferralClock.kind.in_([str(Clock.DECIDE), str(Clock.CONFIRM_STOP)])
    return (
        select(ReferralClock, Referral, Affiliate)
        .join(Referral, Referral.id == ReferralClock.referral_id)
        .outerjoin(Affiliate, Affiliate.id == Referral.affiliate_id)
        .where(
            Referral.bureau_id == actor.affiliate_id,
            board.unsettled(),
            or_(ReferralClock.due_at <= now, at_once),
        )
        .order_by(ReferralClock.due_at, ReferralClock.id)
    )


def _never_sent(actor: Actor) -> Select[Referral, Affiliate]:
    """Return drafts whose time ran out; who began them was told, and did nothing since."""
    draft = (ReferralClock.referral_id == Referral.id, ReferralClock.kind == Clock.DRAFT)
    over = exists().where(*draft, ReferralClock.ran_out_at.is_not(None))
    runs = exists().where(
        *draft, ReferralClock.stopped_at.is_(None), ReferralClock.ran_out_at.is_(None)
    )
    return (
        select(Referral, Affiliate)
        .outerjoin(Affiliate, Affiliate.id == Referral.affiliate_id)
        .where(
            Referral.bureau_id == actor.affiliate_id,
            Referral.state.in_(sorted(BEFORE_RELEASE)),
            over,
            ~runs,
        )
        .order_by(Referral.created_at, Referral.id)
    )


def _attempts(session: Session, ids: list[int]) -> Mapping[int, int]:
    rows = session.execute(
        select(ReferralAttempt.referral_id, func.count())
        .where(ReferralAttempt.referral_id.in_(ids))
        .group_by(ReferralAttempt.referral_id)
    )
    return {row[0]: row[1] for row in rows}


def _of_clock(
    clock: ReferralClock,
    referral: Referral,
    affiliate: Affiliate | None,
    *,
    attempts: int,
    zone: str,
    now: datetime,
) -> Need:
    is_late = clock.due_at <= now
    said = board.status_of(referral, attempts=attempts, needs_somebody=is_late)
    due = board.clock_words(clock, referral, zone=zone, now=now)
    return Need(
        group=_group(clock, now=now, zone=zone),
        status=said,
        title=_title(referral, affiliate),
        text=f"{due}. {_since(referral, now=now)}",
        step=_STEPS.get(Clock(clock.kind), Step.SEE_REFERRAL),
        target=referral.public_id,
    )


def _of_draft(referral: Referral, affiliate: Affiliate | None, *, now: datetime) -> Need:
    return Need(
        group=Group.WEEK,
        status=Status("needs", _("Never sent")),
        title=_title(referral, affiliate),
        text=_("Whoever began it was told. %(since)s", since=_since(referral, now=now)),
        step=Step.SEE_REFERRAL,
        target=referral.public_id,
    )


_STEPS: Final[Mapping[Clock, Step]] = {
    Clock.DECIDE: Step.CHOOSE_AFFILIATE,
    Clock.CONFIRM_STOP: Step.CONFIRM_STOP,
}


def _group(clock: ReferralClock, *, now: datetime, zone: str) -> Group:
    if clock.kind in LATER:
        return Group.WEEK
    if clock.kind == Clock.DECIDE:
        return Group.FIRST
    if clock.due_at <= now:
        return Group.TODAY if clock.kind in SOON else Group.FIRST
    there = ZoneInfo(zone)
    ends_today = clock.due_at.astimezone(there).date() == now.astimezone(there).date()
    return Group.TODAY if ends_today else Group.WEEK


def _title(referral: Referral, affiliate: Affiliate | None) -> str:
    number = words.written(referral.number)
    if affiliate is None:
        return _("Referral %(number)s, without an affiliate yet", number=number)
    return _("Referral %(number)s, with %(affiliate)s", number=number, affiliate=affiliate.name)


def _since(referral: Referral, *, now: datetime) -> str:
    if now < referral.discharged_at:
        return _("The discharge is still to come.")
    today = now.astimezone(ZoneInfo(referral.time_zone)).date()
    days = clocks.days_since(board.discharged_on(referral), today=today)
    if referral.hospital_id is None:
        return _("It is day %(day)s after the person asked.", day=days)
    return _("It is day %(day)s after the discharge.", day=days)
