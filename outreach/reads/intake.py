"""What an affiliate's people see: their inbox, and how one referral stands. Never the hospital."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import access
from outreach.accounts.models import Account
from outreach.actor import Actor, Kind
from outreach.directory.models import Affiliate
from outreach.i18n import gettext as _
from outreach.reads import referral_words
from outreach.reads.words import Status
from outreach.referrals import clocks, machine
from outreach.referrals.codes import BEFORE_RELEASE, ENDED, RELEASED, Action, State
from outreach.referrals.machine import Clock
from outreach.referrals.models import (
    IntakeHelper,
    Referral,
    ReferralAttempt,
    ReferralClock,
    ReferralEvent,
)

ENDED_DAYS: Final = 30
"""How long a referral that ended stays on the list."""
STOPPED: Final = frozenset({State.CANCELLED, State.ERROR})
"""Ends after which the affiliate says that it has stopped."""
NOT_THEIRS: Final = (Clock.SEND, Clock.DRAFT, Clock.DECIDE, Clock.EXPIRY_AHEAD)
"""Clocks that are the bureau's to look after."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A referral in the inbox. `clock` is the next one in words, `is_over` once it has run out.

    `holder` is who has it today, None when nobody has.
    """

    public_id: str
    number: str
    days: str
    status: Status
    clock: str
    is_over: bool
    holder: str | None
    is_mine: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """A referral that ended: its number, how, and on which day."""

    public_id: str
    number: str
    status: Status
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Inbox:
    """An affiliate's referrals: to be stopped, open, and ended of late."""

    stops: Sequence[Ended]
    rows: Sequence[Row]
    ended: Sequence[Ended]
    zone: str


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that was done, in words, and who did it."""

    at: datetime
    words: str
    who: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """How one referral stands, without the person. `held_at` is "" while nobody has it today."""

    public_id: str
    number: str
    version: int
    state: State
    zone: str
    days: str
    status: Status
    clocks: Sequence[tuple[str, bool]]
    possible: frozenset[Action]
    holder: str | None
    is_mine: bool
    held_at: str
    is_open: bool
    waits_for_stop: bool
    stop_confirmed: bool
    was_connected: bool
    happened: Sequence[Happened]
    bureau_phone: str | None


def inbox(session: Session, actor: Actor, *, now: datetime) -> Inbox:
    """Return the affiliate's referrals, those whose clock ends first at the top."""
    own = access.own_affiliate(session, actor)
    mine = access.scope(actor, Referral)
    since = now - timedelta(days=ENDED_DAYS)
    open_ones = session.scalars(mine.where(Referral.state.in_(sorted(RELEASED)))).all()
    recent = session.scalars(
        mine.where(Referral.state.in_(sorted(ENDED)), Referral.ended_at > since).order_by(
            Referral.ended_at.desc(), Referral.id.desc()
        )
    ).all()
    older_stops = session.scalars(
        mine.where(
            Referral.state.in_(sorted(STOPPED)),
            Referral.stop_confirmed_at.is_(None),
            Referral.ended_at <= since,
        )
    ).all()
    stops = [row for row in (*recent, *older_stops) if waits_for_stop(row)]
    return Inbox(
        stops=[_ended(row) for row in stops],
        rows=_rows(session, open_ones, actor, zone=own.time_zone, now=now),
        ended=[_ended(row) for row in recent if not waits_for_stop(row)],
        zone=own.time_zone,
    )


def find(session: Session, actor: Actor, typed: str) -> str | None:
    """Return the public id of the own open referral with a number as people write it: R-481207."""
    digits = re.sub(r"[^0-9]", "", typed[:40])
    if len(digits) != 6:  # noqa: PLR2004 - every number has six digits
        return None
    wanted = access.scope(actor, Referral).where(
        Referral.number == int(digits), Referral.state.in_(sorted(RELEASED))
    )
    found = session.scalars(wanted).one_or_none()
    return found.public_id if found else None


def waits_for_stop(referral: Referral) -> bool:
    """Say whether the affiliate is still to say that it has stopped."""
    return (
        referral.state in STOPPED
        and referral.sent_at is not None
        and referral.stop_confirmed_at is None
    )


def item(session: Session, referral: Referral, actor: Actor, *, now: datetime) -> Item:
    """Return how a referral stands."""
    affiliate = session.get_one(Affiliate, referral.affiliate_id)
    bureau = session.get_one(Affiliate, referral.bureau_id)
    events = session.scalars(
        select(ReferralEvent)
        .where(
            ReferralEvent.referral_id == referral.id,
            ReferralEvent.to_state.not_in(sorted(BEFORE_RELEASE)),
            # Tries stand in a list of their own, each with what came of it.
            ReferralEvent.action != Action.ATTEMPT,
        )
        .order_by(ReferralEvent.version.desc())
    ).all()
    known = names(session, [*(event.actor for event in events), referral.held_by])
    running = sorted(_clocks(session, [referral.id]), key=_due)
    state = State(referral.state)
    return Item(
        public_id=referral.public_id,
        number=number(referral),
        version=referral.version,
        state=state,
        zone=affiliate.time_zone,
        days=_days(referral, now=now),
        status=_status(referral, _attempts(session, [referral.id]), over=_is_any_over(running)),
        clocks=[
            (_clock(each, referral, zone=affiliate.time_zone, now=now), _is_over(each))
            for each in _told(running)
        ],
        possible=frozenset(machine.possible(state, by=actor.kind)),
        holder=known[referral.held_by] if referral.held_by else None,
        is_mine=referral.held_by == actor.label,
        held_at=referral.held_at.isoformat() if referral.held_at else "",
        is_open=state in RELEASED,
        waits_for_stop=waits_for_stop(referral),
        stop_confirmed=referral.stop_confirmed_at is not None,
        was_connected=referral.connected_on is not None,
        happened=[_happened(event, known) for event in events],
        bureau_phone=bureau.phone,
    )


def first_after(
    session: Session, referral: Referral, *, version: int
) -> tuple[ReferralEvent, str] | None:
    """Return the first thing done after a version of the page, and who did it."""
    event = session.scalars(
        select(ReferralEvent)
        .where(ReferralEvent.referral_id == referral.id, ReferralEvent.version > version)
        .order_by(ReferralEvent.version)
        .limit(1)
    ).one_or_none()
    if event is None:
        return None
    return event, _who(event.actor, event.reported_by, names(session, [event.actor]))


def names(session: Session, labels: Iterable[str]) -> Mapping[str, str]:
    """Return how an affiliate's page names actors, by label: its own people by name."""
    wanted = {label for label in labels if label}
    ids: dict[str, set[int]] = {Kind.HELPER: set(), Kind.INTAKE: set()}
    for label in wanted:
        kind, _colon, row_id = label.partition(":")
        if kind in ids and row_id.isdigit():
            ids[kind].add(int(row_id))
    found: dict[str, str] = {}
    for kind, table in ((Kind.HELPER, IntakeHelper), (Kind.INTAKE, Account)):
        if ids[kind]:
            rows = session.execute(select(table.id, table.name).where(table.id.in_(ids[kind])))
            found |= {f"{kind}:{row_id}": name for row_id, name in rows}
    return {label: found.get(label) or _by_kind(label) for label in wanted}


def number(referral: Referral) -> str:
    """Return a referral's number as people say and write it: R-481207."""
    return f"R-{referral.number}"


def _by_kind(label: str) -> str:
    kind = label.partition(":")[0]
    if kind == Kind.COORDINATOR:
        return _("the coordinator")
    if kind == Kind.SYSTEM:
        return _("the program")
    return _("somebody else")


def _who(label: str, reported_by: str, known: Mapping[str, str]) -> str:
    if reported_by:
        return _("%(name)s, by telephone", name=reported_by)
    return known.get(label) or _by_kind(label)


def _happened(event: ReferralEvent, known: Mapping[str, str]) -> Happened:
    # Why it was called back is between the person and who referred.
    reason = "" if event.action == Action.CANCEL else event.reason
    said = referral_words.event(event.action, to_state=event.to_state, reason_code=reason)
    who = "" if event.action == Action.SEND else _who(event.actor, event.reported_by, known)
    return Happened(event.at, said, who)


def _rows(
    session: Session, referrals: Sequence[Referral], actor: Actor, *, zone: str, now: datetime
) -> list[Row]:
    ids = [referral.id for referral in referrals]
    first: dict[int, ReferralClock] = {}
    over: set[int] = set()
    for each in sorted(_clocks(session, ids), key=_due, reverse=True):
        first[each.referral_id] = each
        if _is_over(each):
            over.add(each.referral_id)
    tried = _attempts(session, ids)
    holders = names(session, [referral.held_by for referral in referrals])

    def due(referral: Referral) -> tuple[bool, datetime, int]:
        clock = first.get(referral.id)
        return clock is None, clock.due_at if clock else referral.created_at, referral.id

    return [
        Row(
            public_id=referral.public_id,
            number=number(referral),
            days=_days(referral, now=now),
            status=_status(referral, tried, over=referral.id in over),
            clock=_clock(first[referral.id], referral, zone=zone, now=now)
            if referral.id in first
            else "",
            is_over=referral.id in over,
            holder=holders.get(referral.held_by),
            is_mine=bool(referral.held_by) and referral.held_by == actor.label,
        )
        for referral in sorted(referrals, key=due)
    ]


def _clocks(session: Session, ids: Sequence[int]) -> Sequence[ReferralClock]:
    """Return the clocks of referrals that run, or have run out and wait for somebody."""
    return session.scalars(
        select(ReferralClock).where(
            ReferralClock.referral_id.in_(ids),
            ReferralClock.stopped_at.is_(None),
            ReferralClock.settled_at.is_(None),
            ReferralClock.kind.not_in([str(kind) for kind in NOT_THEIRS]),
        )
    ).all()


def _attempts(session: Session, ids: Sequence[int]) -> Mapping[int, int]:
    rows = session.execute(
        select(ReferralAttempt.referral_id, func.count())
        .where(ReferralAttempt.referral_id.in_(ids))
        .group_by(ReferralAttempt.referral_id)
    )
    return {row[0]: row[1] for row in rows}


def _due(clock: ReferralClock) -> tuple[datetime, int]:
    return clock.due_at, clock.id


def _is_over(clock: ReferralClock) -> bool:
    return clock.ran_out_at is not None


def _is_any_over(running: Iterable[ReferralClock]) -> bool:
    return any(_is_over(each) for each in running)


def _told(running: Sequence[ReferralClock]) -> list[ReferralClock]:
    """Leave out the later of the two clocks of the first try: one thing is due at one time."""
    of_first_try = [each for each in running if each.kind in machine.TRYING]
    return [each for each in running if each not in of_first_try[1:]]


def _clock(clock: ReferralClock, referral: Referral, *, zone: str, now: datetime) -> str:
    return referral_words.clock(
        clock.kind,
        clock.due_at,
        ran_out=_is_over(clock),
        zone=zone,
        now=now,
        day_zone=referral.time_zone,
        cycle=clock.cycle,
    )


def _status(referral: Referral, tried: Mapping[int, int], *, over: bool) -> Status:
    day = None
    if referral.connected_on is not None:
        discharged_on = referral.discharged_at.astimezone(ZoneInfo(referral.time_zone)).date()
        day = clocks.days_since(discharged_on, today=referral.connected_on)
    return referral_words.status(
        referral.state,
        attempts=tried.get(referral.id, 0),
        connected_day=day,
        reason="" if referral.state == State.CANCELLED else referral.reason,
        outcome=referral.outcome,
        needs_somebody=over,
    )


def _ended(referral: Referral) -> Ended:
    ended_at = referral.ended_at or referral.state_at
    said = _status(referral, {}, over=False)
    if waits_for_stop(referral):
        said = Status("needs", _("Please stop"))
    return Ended(referral.public_id, number(referral), said, ended_at)


def _days(referral: Referral, *, now: datetime) -> str:
    there = ZoneInfo(referral.time_zone)
    discharged_on, today = (
        instant.astimezone(there).date() for instant in (referral.discharged_at, now)
    )
    count = clocks.days_since(discharged_on, today=today)
    if today < discharged_on:
        return referral_words.days(count, is_before=True)
    said = referral_words.days(count)
    if referral.hospital_id is None:
        return _("%(days)s since the person asked", days=said)
    return _("%(days)s since the discharge", days=said)
