"""The board of referrals: who waits for what, the clock that ends first on top.

Nothing in it identifies anybody: no name, contact, note, hospital or unit. A hospital is only a
filter, and only for the bureau that looks after it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, Subquery, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from outreach import access
from outreach.actor import Actor
from outreach.directory.models import Affiliate, Hospital
from outreach.reads import referral_words as words
from outreach.reads.board import Choice
from outreach.reads.paging import Page
from outreach.reads.words import Status
from outreach.referrals import clocks
from outreach.referrals.codes import (
    BEFORE_RELEASE,
    ENDED,
    OPEN,
    RELEASED,
    WAITING_FOR_ANSWER,
    Outcome,
    State,
)
from outreach.referrals.machine import Clock
from outreach.referrals.models import Referral, ReferralAttempt, ReferralClock

PAGE_SIZE: Final = 50
NEARLY: Final = timedelta(days=2)
"""How long before day 7 ends somebody who was not reached yet stands on the red list."""
SHOWS: Final = ("open", "waits", "day7", "closed")
OTHER_ENDS: Final = (State.DECLINED, State.EXPIRED, State.CANCELLED, State.ERROR)
ENDS: Final = (*(str(each) for each in Outcome), *(str(each) for each in OTHER_ENDS))
"""What may have become of a referral: how it was closed, or how else it ended."""


class Step(StrEnum):
    """The one thing to do next; pages know where it leads."""

    DRAFT = "draft"
    REMIND = "remind"
    CALL_AFFILIATE = "call_affiliate"
    CALL_HELPER = "call_helper"
    SEE_ATTEMPTS = "see_attempts"
    CLOSE = "close"
    SEE_HOLD = "see_hold"
    CHOOSE_ANOTHER = "choose_another"
    CONFIRM_STOP = "confirm_stop"
    SEE = "see"


@dataclass(frozen=True, slots=True)
class Filters:
    """What of the board is shown; `affiliate` and `hospital` are public ids, "" is all."""

    show: str = "open"
    affiliate: str = ""
    hospital: str = ""
    outcome: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One referral in the list. `days` count from the discharge, at most drawn up to 30."""

    public_id: str
    number: str
    days: int
    days_words: str
    is_late: bool
    status: Status
    clock: str
    affiliate: str
    step: Step


@dataclass(frozen=True, slots=True)
class Counts:
    """How many are open, and whose first clock has run out or ends today."""

    open: int
    over: int
    today: int


@dataclass(frozen=True, slots=True)
class BoardPage(Page[Row]):
    """A page of the list, its zone, and the counts of everything that is open."""

    counts: Counts
    zone: str


def page(
    session: Session, actor: Actor, filters: Filters, *, number: int, now: datetime
) -> BoardPage:
    """Return a page of the board. Six queries, however many rows there are."""
    zone = access.own_affiliate(session, actor).time_zone
    first = _first_due(actor)
    wanted = _wanted(actor, filters, first, now=now)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    order = (
        (Referral.ended_at.desc(), Referral.id.desc())
        if filters.show == "closed"
        else (first.c.due_at.is_(None), first.c.due_at, Referral.id)
    )
    shown = (
        wanted.with_only_columns(Referral, Affiliate)
        .outerjoin(Affiliate, Affiliate.id == Referral.affiliate_id)
        .order_by(*order)
        .limit(PAGE_SIZE)
        .offset((number - 1) * PAGE_SIZE)
    )
    found = [(referral, affiliate) for referral, affiliate in session.execute(shown)]
    ids = [referral.id for referral, _affiliate in found]
    next_clocks, tries = _next_clocks(session, ids), _attempts(session, ids)
    return BoardPage(
        rows=[
            _row(
                referral,
                affiliate,
                next_clocks.get(referral.id),
                attempts=tries.get(referral.id, 0),
                actor=actor,
                zone=zone,
                now=now,
            )
            for referral, affiliate in found
        ],
        total=total,
        number=number,
        size=PAGE_SIZE,
        counts=_counts(session, actor, first, zone=zone, now=now),
        zone=zone,
    )


def affiliates(session: Session, actor: Actor) -> list[Choice]:
    """Return the affiliates that have, or had, one of the referrals the actor can reach."""
    mine = access.scope(actor, Referral).with_only_columns(Referral.affiliate_id)
    found = select(Affiliate.public_id, Affiliate.name).where(Affiliate.id.in_(mine))
    return [Choice(*row) for row in session.execute(found.order_by(Affiliate.name))]


def hospitals(session: Session, actor: Actor) -> list[Choice]:
    """Return the actor's own hospitals from which somebody was referred."""
    mine = access.scope(actor, Referral).with_only_columns(Referral.hospital_id)
    found = access.scope(actor, Hospital).where(Hospital.id.in_(mine)).order_by(Hospital.name)
    return [Choice(each.public_id, each.name) for each in session.scalars(found)]


def waiting(actor: Actor, *, now: datetime) -> Select[Any]:
    """Return the ids of the bureau's referrals that need a coordinator, to be counted.

    A clock has run out that nobody has settled, or a decision is due.
    """
    needs = or_(ReferralClock.due_at <= now, ReferralClock.kind == Clock.DECIDE)
    return (
        select(ReferralClock.referral_id)
        .join(Referral, Referral.id == ReferralClock.referral_id)
        .where(Referral.bureau_id == actor.affiliate_id, unsettled(), needs)
        .distinct()
    )


def count(session: Session, actor: Actor, *, now: datetime) -> int:
    """Return how many referrals need a coordinator: every page asks for it, by one query."""
    waits = waiting(actor, now=now).subquery()
    return session.scalar(select(func.count()).select_from(waits)) or 0


def by_clock(actor: Actor, *, now: datetime) -> Select[ReferralClock]:
    """Return the clocks for which the bureau's referrals need a coordinator today.

    They have run out and nobody has settled them, or wait for a decision or a confirmed stop.
    """
    at_once = ReferralClock.kind.in_([str(Clock.DECIDE), str(Clock.CONFIRM_STOP)])
    return (
        select(ReferralClock)
        .join(Referral, Referral.id == ReferralClock.referral_id)
        .where(
            Referral.bureau_id == actor.affiliate_id,
            unsettled(),
            or_(ReferralClock.due_at <= now, at_once),
        )
    )


def never_sent(actor: Actor) -> Select[Referral]:
    """Return drafts whose time ran out; who began them was told, and did nothing since."""
    draft = (ReferralClock.referral_id == Referral.id, ReferralClock.kind == Clock.DRAFT)
    over = exists().where(*draft, ReferralClock.ran_out_at.is_not(None))
    runs = exists().where(
        *draft, ReferralClock.stopped_at.is_(None), ReferralClock.ran_out_at.is_(None)
    )
    return select(Referral).where(
        Referral.bureau_id == actor.affiliate_id,
        Referral.state.in_(sorted(BEFORE_RELEASE)),
        over,
        ~runs,
    )


def unsettled() -> ColumnElement[bool]:
    """Return what makes a clock count: it runs, or it ran out and nobody has seen to it."""
    return and_(ReferralClock.stopped_at.is_(None), ReferralClock.settled_at.is_(None))


def status_of(
    referral: Referral, *, attempts: int, needs_somebody: bool = False, is_ours: bool = True
) -> Status:
    """Say how a referral stands, as lists and its own page do.

    `is_ours` is whether the reader's bureau follows it: why it was called back is between the
    person and who referred.
    """
    is_hidden = referral.state == State.CANCELLED and not is_ours
    return words.status(
        referral.state,
        attempts=attempts,
        connected_day=_connected_day(referral),
        reason="" if is_hidden else referral.reason,
        outcome=referral.outcome,
        needs_somebody=needs_somebody,
    )


def discharged_on(referral: Referral) -> date:
    """Return the local day of the discharge."""
    return referral.discharged_at.astimezone(ZoneInfo(referral.time_zone)).date()


def step_of(referral: Referral, affiliate: Affiliate | None, clock: str, *, actor: Actor) -> Step:
    """Return the one thing to do next; `clock` is the kind of the first one, "" without any."""
    if referral.bureau_id != actor.affiliate_id:
        return Step.SEE
    if clock == Clock.CONFIRM_STOP:
        return Step.CONFIRM_STOP
    if clock == Clock.DECIDE:
        return Step.CHOOSE_ANOTHER
    state = State(referral.state)
    if state in BEFORE_RELEASE - {State.READY}:
        return Step.DRAFT
    if state in WAITING_FOR_ANSWER:
        by_phone = affiliate is not None and affiliate.intake_by == "phone"
        return Step.CALL_AFFILIATE if by_phone else Step.REMIND
    return _AT_WORK.get(state, Step.SEE)


_AT_WORK: Final[Mapping[State, Step]] = {
    State.ACCEPTED: Step.CALL_HELPER,
    State.CONTACTING: Step.SEE_ATTEMPTS,
    State.CONNECTED: Step.CLOSE,
    State.ON_HOLD: Step.SEE_HOLD,
}


def _first_due(actor: Actor) -> Subquery:
    """Return when the first clock of each referral ends. A decision is the bureau's alone."""
    concerns = or_(ReferralClock.kind != Clock.DECIDE, Referral.bureau_id == actor.affiliate_id)
    return (
        select(ReferralClock.referral_id, func.min(ReferralClock.due_at).label("due_at"))
        .join(Referral, Referral.id == ReferralClock.referral_id)
        .where(unsettled(), concerns)
        .group_by(ReferralClock.referral_id)
        .subquery()
    )


def _wanted(actor: Actor, filters: Filters, first: Subquery, *, now: datetime) -> Select[Any]:
    found: Select[Any] = access.scope(actor, Referral).outerjoin(
        first, first.c.referral_id == Referral.id
    )
    if filters.show == "closed":
        found = found.where(Referral.state.in_(sorted(ENDED)))
    else:
        found = found.where(or_(Referral.state.in_(sorted(OPEN)), first.c.due_at.is_not(None)))
    if filters.show == "waits":
        clocks_of = by_clock(actor, now=now).with_only_columns(ReferralClock.referral_id)
        drafts = never_sent(actor).with_only_columns(Referral.id)
        found = found.where(or_(Referral.id.in_(clocks_of), Referral.id.in_(drafts)))
    if filters.show == "day7":
        found = found.where(Referral.id.in_(_nearly_day_7(now)), Referral.connected_on.is_(None))
    if filters.affiliate:
        chosen = select(Affiliate.id).where(Affiliate.public_id == filters.affiliate)
        found = found.where(Referral.affiliate_id.in_(chosen))
    if filters.hospital:
        place = access.scope(actor, Hospital).where(Hospital.public_id == filters.hospital)
        found = found.where(Referral.hospital_id.in_(place.with_only_columns(Hospital.id)))
    if filters.outcome in set(OTHER_ENDS):
        found = found.where(Referral.state == filters.outcome)
    elif filters.outcome:
        found = found.where(Referral.outcome == filters.outcome)
    return found


def _nearly_day_7(now: datetime) -> Select[int]:
    return (
        select(ReferralClock.referral_id)
        .join(Referral, Referral.id == ReferralClock.referral_id)
        .where(
            ReferralClock.kind == Clock.CONNECT,
            ReferralClock.stopped_at.is_(None),
            ReferralClock.due_at <= now + NEARLY,
            Referral.state.in_(sorted(RELEASED)),
        )
    )


def _counts(session: Session, actor: Actor, first: Subquery, *, zone: str, now: datetime) -> Counts:
    there = ZoneInfo(zone)
    tonight = datetime.combine(now.astimezone(there).date() + timedelta(days=1), time(), there)
    due = first.c.due_at
    everything = _wanted(actor, Filters(), first, now=now).with_only_columns(
        func.count(),
        func.count().filter(due <= now),
        func.count().filter(and_(due > now, due < tonight)),
    )
    return Counts(*session.execute(everything).one())


def _next_clocks(session: Session, ids: Sequence[int]) -> dict[int, ReferralClock]:
    rows = session.scalars(
        select(ReferralClock)
        .where(ReferralClock.referral_id.in_(ids), unsettled())
        .order_by(ReferralClock.due_at.desc(), ReferralClock.id.desc())
    )
    return {row.referral_id: row for row in rows}


def _attempts(session: Session, ids: Sequence[int]) -> dict[int, int]:
    rows = session.execute(
        select(ReferralAttempt.referral_id, func.count())
        .where(ReferralAttempt.referral_id.in_(ids))
        .group_by(ReferralAttempt.referral_id)
    )
    return {row[0]: row[1] for row in rows}


def _row(
    referral: Referral,
    affiliate: Affiliate | None,
    clock: ReferralClock | None,
    *,
    attempts: int,
    actor: Actor,
    zone: str,
    now: datetime,
) -> Row:
    theirs = clock is not None and clock.kind == Clock.DECIDE
    if theirs and referral.bureau_id != actor.affiliate_id:
        clock = None
    is_late = clock is not None and clock.due_at <= now
    today = now.astimezone(ZoneInfo(referral.time_zone)).date()
    days = clocks.days_since(discharged_on(referral), today=today)
    return Row(
        public_id=referral.public_id,
        number=words.written(referral.number),
        days=days,
        days_words=words.days(days, is_before=words.is_before_discharge(referral, now=now)),
        is_late=is_late,
        status=status_of(
            referral,
            attempts=attempts,
            needs_somebody=is_late,
            is_ours=referral.bureau_id == actor.affiliate_id,
        ),
        clock=clock_words(clock, referral, zone=zone, now=now) if clock else "",
        affiliate=affiliate.name if affiliate else "",
        step=step_of(referral, affiliate, clock.kind if clock else "", actor=actor),
    )


def clock_words(clock: ReferralClock, referral: Referral, *, zone: str, now: datetime) -> str:
    """Say until when something should happen, or since when it is due."""
    return words.clock(
        clock.kind,
        clock.due_at,
        ran_out=clock.due_at <= now,
        zone=zone,
        day_zone=referral.time_zone,
        cycle=clock.cycle,
        now=now,
    )


def _connected_day(referral: Referral) -> int | None:
    if referral.connected_on is None:
        return None
    return clocks.days_since(discharged_on(referral), today=referral.connected_on)
