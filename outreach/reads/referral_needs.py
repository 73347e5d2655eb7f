"""What of referrals needs a coordinator today: clocks that ran out, decisions, stops, drafts.

Its rows name a number and an affiliate, never a person, a hospital or a unit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Select, and_, func, select
from sqlalchemy.orm import Session

from outreach.actor import Actor
from outreach.directory.models import Affiliate
from outreach.i18n import gettext as _
from outreach.reads import referral_board as board
from outreach.reads import referral_words as words
from outreach.reads.needs import Group, Need, Step
from outreach.reads.words import Status
from outreach.referrals import clocks
from outreach.referrals.machine import Clock
from outreach.referrals.models import Referral, ReferralAttempt, ReferralClock

MOST: Final = 10
"""How many are named on the page of today; the rest stands on the board."""
SOON: Final = frozenset({Clock.CLOSE, Clock.HOLD})
"""Clocks that may wait until the afternoon once they have run out."""
LATER: Final = frozenset({Clock.EXPIRY_AHEAD})


@dataclass(frozen=True, slots=True)
class Waiting:
    """The referrals that need somebody, the first `MOST` of them; `more` is how many are left."""

    needs: Sequence[Need]
    more: int


def first(session: Session, actor: Actor, *, zone: str, now: datetime) -> Waiting:
    """Return referrals that need somebody, each once, the longest waiting first.

    Four queries, however many there are.
    """
    found = session.execute(_first_clocks(actor, now=now)).all()
    tries = _attempts(session, [row[1].id for row in found])
    drafts = session.execute(_drafts(actor, now=now, most=MOST - len(found))).all()
    sizes = (select(func.count()).select_from(each.subquery()) for each in waiting(actor, now=now))
    total = sum(session.execute(select(*(each.scalar_subquery() for each in sizes))).one())
    shown = [
        *(
            _of_clock(each, row, affiliate, attempts=tries.get(row.id, 0), zone=zone, now=now)
            for each, row, affiliate in found
        ),
        *(_of_draft(row, affiliate, now=now) for row, affiliate in drafts),
    ]
    return Waiting(shown, total - len(shown))


def waiting(actor: Actor, *, now: datetime) -> tuple[Select[int], Select[int]]:
    """Return selects of all that waits, to be counted: by a clock, and drafts never sent."""
    return _ids_by_clock(actor, now=now).distinct(), _drafts_alone(actor, now=now)


def _first_clocks(actor: Actor, *, now: datetime) -> Select[ReferralClock, Referral, Affiliate]:
    """Select each referral with the first of its clocks that need somebody."""
    earliest = (ReferralClock.due_at, ReferralClock.id)
    place = func.row_number().over(partition_by=ReferralClock.referral_id, order_by=earliest)
    numbered = (
        board.by_clock(actor, now=now)
        .with_only_columns(ReferralClock.id, place.label("place"))
        .subquery()
    )
    return (
        select(ReferralClock, Referral, Affiliate)
        .join(numbered, and_(numbered.c.id == ReferralClock.id, numbered.c.place == 1))
        .join(Referral, Referral.id == ReferralClock.referral_id)
        .outerjoin(Affiliate, Affiliate.id == Referral.affiliate_id)
        .order_by(*earliest)
        .limit(MOST)
    )


def _drafts(actor: Actor, *, now: datetime, most: int) -> Select[Referral, Affiliate]:
    return (
        select(Referral, Affiliate)
        .outerjoin(Affiliate, Affiliate.id == Referral.affiliate_id)
        .where(Referral.id.in_(_drafts_alone(actor, now=now)))
        .order_by(Referral.created_at, Referral.id)
        .limit(most)
    )


def _drafts_alone(actor: Actor, *, now: datetime) -> Select[int]:
    """Select the drafts that were never sent, but for those that a clock names already."""
    named = _ids_by_clock(actor, now=now)
    return board.never_sent(actor).with_only_columns(Referral.id).where(Referral.id.not_in(named))


def _ids_by_clock(actor: Actor, *, now: datetime) -> Select[int]:
    return board.by_clock(actor, now=now).with_only_columns(ReferralClock.referral_id)


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
    if words.is_before_discharge(referral, now=now):
        return _("The discharge is still to come.")
    today = now.astimezone(ZoneInfo(referral.time_zone)).date()
    days = clocks.days_since(board.discharged_on(referral), today=today)
    if referral.hospital_id is None:
        return _("It is day %(day)s after the person asked.", day=days)
    return _("It is day %(day)s after the discharge.", day=days)
