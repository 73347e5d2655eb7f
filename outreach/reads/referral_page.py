"""One referral as its coordinators follow it: how it stands, its clocks, and what was done.

Nothing of the person is here: that has a page of its own.

A coordinator of the affiliate it was sent to sees what happened from the sending on, and neither
the hospital, nor the authorization, nor what went to others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import access, i18n
from outreach.accounts.models import Account
from outreach.actor import Actor, Kind
from outreach.directory.models import Affiliate, Hospital, Unit
from outreach.i18n import gettext as _
from outreach.reads import referral_authorization as authorizations
from outreach.reads import referral_board as board
from outreach.reads import referral_words as words
from outreach.reads.referral_authorization import Given
from outreach.reads.referral_board import Step
from outreach.reads.words import Status
from outreach.referrals import clocks, machine
from outreach.referrals.codes import AT_WORK, BEFORE_RELEASE, Action, Channel, Result, State
from outreach.referrals.machine import SETTLED_BY_DOING, Clock
from outreach.referrals.models import (
    Authorization,
    IntakeHelper,
    LinkCode,
    Referral,
    ReferralAttempt,
    ReferralClock,
    ReferralEvent,
    ReferralLink,
)

BY_KIND: Final = frozenset({Kind.COORDINATOR, Kind.LIAISON, Kind.INTAKE, Kind.ADMINISTRATOR})
"""Kinds whose label ends in the id of an account."""


@dataclass(frozen=True, slots=True)
class ClockRow:
    """One clock: what it says, and whether it runs, waits for somebody, or is done with."""

    public_id: str
    words: str
    state: str
    may_be_settled: bool


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that was done, and by whom."""

    when: str
    words: str
    who: str


@dataclass(frozen=True, slots=True)
class Relative:
    """A referral this one came from, or that came of it."""

    public_id: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """All that a coordinator's page of one referral shows.

    `by_themselves` is whether the person came without a hospital; `may_sign` whether the reader may
    have it signed. `is_ours` is whether the reader's bureau follows it, and not only received it.
    `leaves_later` says when it leaves by itself, "" where it does not.
    `possible` are the machine's actions for a coordinator; `is_sent` whether anything was
    disclosed.
    """

    public_id: str
    number: str
    version: int
    state: State
    status: Status
    days: int
    days_words: str
    is_late: bool
    is_ours: bool
    by_themselves: bool
    may_sign: bool
    is_sent: bool
    place: str
    affiliate: Affiliate | None
    holder: str
    clock: str
    clocks: Sequence[ClockRow]
    step: Step
    possible: frozenset[Action]
    happened: Sequence[Happened]
    attempts: Sequence[Happened]
    parent: Relative | None
    children: Sequence[Relative]
    given: Given | None
    waits_for_decision: bool
    waits_for_stop: bool
    stop_confirmed: str
    error_asked: bool
    error_asked_here: bool
    has_code: bool
    zone: str
    leaves_later: str


def page(session: Session, referral: Referral, actor: Actor, *, now: datetime) -> Page:
    """Return everything a coordinator's page shows. The count of queries does not depend on it."""
    zone = access.own_affiliate(session, actor).time_zone
    is_ours = referral.bureau_id == actor.affiliate_id
    affiliate = session.get(Affiliate, referral.affiliate_id) if referral.affiliate_id else None
    every = _clocks(session, referral, is_ours=is_ours)
    first = next((each for each in every if _counts(each)), None)
    kinds = {each.kind for each in every if _counts(each)}
    tried = _attempts(session, referral)
    events = _events(session, referral, is_ours=is_ours)
    labels = [*(each.actor for each in tried), *(each.actor for each in events), referral.held_by]
    known = names(session, labels)
    is_late = first is not None and first.due_at <= now
    state = State(referral.state)
    authorization = _authorization(session, referral) if is_ours else None
    today = now.astimezone(ZoneInfo(referral.time_zone)).date()
    days = clocks.days_since(board.discharged_on(referral), today=today)
    return Page(
        public_id=referral.public_id,
        number=words.written(referral.number),
        version=referral.version,
        state=state,
        status=board.status_of(
            referral, attempts=len(tried), needs_somebody=is_late, is_ours=is_ours
        ),
        days=days,
        days_words=words.days(days, is_before=words.is_before_discharge(referral, now=now)),
        is_late=is_late,
        is_ours=is_ours,
        by_themselves=referral.hospital_id is None,
        may_sign=is_ours and referral.is_bureaus,
        is_sent=referral.sent_at is not None,
        place=_place(session, referral) if is_ours else "",
        affiliate=affiliate,
        holder=known.get(referral.held_by, ""),
        clock=board.clock_words(first, referral, zone=zone, now=now) if first else "",
        clocks=[_clock_row(each, referral, zone=zone, now=now) for each in every],
        step=board.step_of(referral, affiliate, first.kind if first else "", actor=actor),
        possible=frozenset(machine.possible(state, by=Kind.COORDINATOR)),
        happened=[_happened(each, known, zone=zone, is_ours=is_ours) for each in events],
        attempts=[_attempt(each, known, zone=zone) for each in tried],
        parent=_parent(session, referral) if is_ours else None,
        children=_children(session, referral) if is_ours else [],
        given=authorizations.given(session, authorization, zone=zone) if authorization else None,
        waits_for_decision=Clock.DECIDE in kinds,
        waits_for_stop=Clock.CONFIRM_STOP in kinds and referral.stop_confirmed_at is None,
        stop_confirmed=_when(referral.stop_confirmed_at, zone=zone),
        error_asked=referral.error_asked_by_id is not None,
        error_asked_here=referral.error_asked_by_id == actor.account_id,
        has_code=is_ours and waiting_code(session, referral, now=now) is not None,
        zone=zone,
        leaves_later=_leaves_later(referral),
    )


def names(session: Session, labels: Iterable[str]) -> Mapping[str, str]:
    """Return who did something, by label: people by their name, the program as itself."""
    accounts: dict[str, int] = {}
    helpers: dict[str, int] = {}
    for label in {each for each in labels if each}:
        kind, _colon, row_id = label.partition(":")
        if row_id.isdigit() and kind in BY_KIND:
            accounts[label] = int(row_id)
        elif row_id.isdigit() and kind == Kind.HELPER:
            helpers[label] = int(row_id)
    known = _named(session, Account, accounts) | _named(session, IntakeHelper, helpers)
    return known | {Kind.SYSTEM: _("by itself")}


def waiting_code(session: Session, referral: Referral, *, now: datetime) -> LinkCode | None:
    """Return the newest code that waits to be read out to the affiliate; None without one."""
    return session.scalars(
        select(LinkCode)
        .join(ReferralLink, ReferralLink.id == LinkCode.link_id)
        .where(
            ReferralLink.referral_id == referral.id,
            ReferralLink.closed_at.is_(None),
            LinkCode.spoken,
            LinkCode.used_at.is_(None),
            LinkCode.expires_at > now,
        )
        .order_by(LinkCode.id.desc())
        .limit(1)
    ).one_or_none()


def may_record(page: Page) -> list[str]:
    """Return what a coordinator may enter of what the affiliate told her, in the usual order."""
    actions = {
        "acknowledge": Action.ACKNOWLEDGE,
        "accept": Action.ACCEPT,
        "attempt": Action.ATTEMPT,
        "hold": Action.HOLD,
        "resume": Action.RESUME,
        "close": Action.CLOSE,
        "decline": Action.DECLINE,
    }
    found = [what for what, action in actions.items() if action in page.possible]
    if page.state is State.CONNECTED:
        found.insert(0, "attempt")  # tries go on after the first success, without a step
    if page.state in AT_WORK:
        found.append("stop")
    return found


def _named(session: Session, table: Any, ids: Mapping[str, int]) -> dict[str, str]:  # noqa: ANN401 - a table with a name
    if not ids:
        return {}
    rows = session.execute(select(table.id, table.name).where(table.id.in_(ids.values())))
    by_id: dict[int, str] = {row[0]: row[1] for row in rows}
    return {label: by_id.get(row_id, "") for label, row_id in ids.items()}


def _counts(clock: ReferralClock) -> bool:
    """Say whether a clock runs, or ran out and nobody has seen to it."""
    return clock.stopped_at is None and clock.settled_at is None


def _clocks(session: Session, referral: Referral, *, is_ours: bool) -> Sequence[ReferralClock]:
    wanted = select(ReferralClock).where(ReferralClock.referral_id == referral.id)
    if not is_ours:
        wanted = wanted.where(
            ReferralClock.kind.not_in([str(Clock.DECIDE), str(Clock.SEND), str(Clock.DRAFT)])
        )
    return session.scalars(wanted.order_by(ReferralClock.due_at, ReferralClock.id)).all()


def _clock_row(clock: ReferralClock, referral: Referral, *, zone: str, now: datetime) -> ClockRow:
    ended_at = referral.ended_at
    if clock.stopped_at is not None and ended_at is not None and clock.stopped_at >= ended_at:
        state = _("Ended with the referral")
    elif clock.stopped_at is not None:
        state = _("Kept")
    elif clock.settled_at is not None:
        state = _("Taken care of")
    elif clock.due_at <= now:
        state = _("Has run out")
    else:
        state = _("Runs")
    may = clock.ran_out_at is not None and clock.settled_at is None
    elsewhere = clock.kind in SETTLED_BY_DOING
    said = board.clock_words(clock, referral, zone=zone, now=now)
    return ClockRow(clock.public_id, said, state, may_be_settled=may and not elsewhere)


def _events(session: Session, referral: Referral, *, is_ours: bool) -> Sequence[ReferralEvent]:
    wanted = select(ReferralEvent).where(ReferralEvent.referral_id == referral.id)
    if not is_ours:
        before = sorted(BEFORE_RELEASE)
        wanted = wanted.where(ReferralEvent.to_state.not_in(before))
    return session.scalars(wanted.order_by(ReferralEvent.version.desc())).all()


def _attempts(session: Session, referral: Referral) -> Sequence[ReferralAttempt]:
    return session.scalars(
        select(ReferralAttempt)
        .where(ReferralAttempt.referral_id == referral.id)
        .order_by(ReferralAttempt.at.desc(), ReferralAttempt.id.desc())
    ).all()


def _happened(
    event: ReferralEvent, known: Mapping[str, str], *, zone: str, is_ours: bool
) -> Happened:
    # Why it was called back is between the person and who referred.
    reason = event.reason if is_ours or event.action != Action.CANCEL else ""
    said = words.event(event.action, to_state=event.to_state, reason_code=reason)
    who = _who(event.actor, event.reported_by, known)
    return Happened(_when(event.at, zone=zone), said, who)


def _attempt(tried: ReferralAttempt, known: Mapping[str, str], *, zone: str) -> Happened:
    said = _(
        "%(channel)s: %(result)s",
        channel=_(words.CHANNELS[Channel(tried.channel)]),
        result=_(words.RESULTS[Result(tried.result)]),
    )
    return Happened(_when(tried.at, zone=zone), said, _who(tried.actor, tried.reported_by, known))


def _who(label: str, reported_by: str, known: Mapping[str, str]) -> str:
    name = known.get(label, "")
    if reported_by:
        return _("%(told)s told %(name)s", told=reported_by, name=name)
    return name


def _when(at: datetime | None, *, zone: str) -> str:
    if at is None:
        return ""
    local = at.astimezone(ZoneInfo(zone))
    return f"{i18n.short_day(local)}, {i18n.clock_time(local)}"


def _place(session: Session, referral: Referral) -> str:
    """Return where the person was referred from, for the bureau that looks after the hospital."""
    if referral.hospital_id is None:
        return _("Came to the affiliate by themselves")
    hospital = session.get_one(Hospital, referral.hospital_id)
    unit = session.get(Unit, referral.unit_id) if referral.unit_id else None
    return f"{hospital.name}, {unit.name}" if unit else hospital.name


def _leaves_later(referral: Referral) -> str:
    if not referral.send_at_discharge or referral.state != State.READY:
        return ""
    return words.leaves_later(referral.time_zone, hour_known=referral.discharge_hour_known)


def _authorization(session: Session, referral: Referral) -> Authorization | None:
    if referral.authorization_id is None:
        return None
    return session.get(Authorization, referral.authorization_id)


def _parent(session: Session, referral: Referral) -> Relative | None:
    found = session.get(Referral, referral.parent_id) if referral.parent_id else None
    return Relative(found.public_id, words.written(found.number)) if found else None


def _children(session: Session, referral: Referral) -> list[Relative]:
    rows = session.scalars(
        select(Referral).where(Referral.parent_id == referral.id).order_by(Referral.id)
    )
    return [Relative(each.public_id, words.written(each.number)) for each in rows]
