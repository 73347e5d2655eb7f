"""The affiliate's work: acknowledged, taken on, tried, reached, closed.

Every function may be called by a helper, an intake account, or a coordinator who enters what the
affiliate told her by telephone (`reported_by`, the name of who told it). A repeated tap is
harmless: what stands already is not done again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.actor import Actor, Kind
from outreach.crypto import public_id
from outreach.db import locked
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.referrals.codes import (
    CAME_OF,
    TWO_WAY,
    Action,
    Channel,
    Decline,
    Evidence,
    Hold,
    Outcome,
    Result,
    State,
)
from outreach.referrals.models import Referral, ReferralAttempt
from outreach.workflows import screened
from outreach.workflows.referrals import authorizing, facts, steps, stopping
from outreach.workflows.referrals.desk import Desk
from outreach.workflows.referrals.steps import Order

NOTE: Final = ("referral_attempt", "sealed_note")
OLDEST_ATTEMPT: Final = timedelta(days=14)
CHOOSE = lazy("Choose one of the answers on the list.")


@dataclass(frozen=True, slots=True, kw_only=True)
class By:
    """Who does it, and from which version of the page; `reported_by` where a coordinator enters."""

    actor: Actor
    version: int | None = None
    reported_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try to reach the person. `request_key` makes a doubled POST one attempt."""

    request_key: str
    at: datetime
    channel: str
    result: str
    note: str = ""


def acknowledge(session: Session, referral: Referral, *, by: By, desk: Desk, now: datetime) -> None:
    """Say that somebody at the affiliate has it. Acknowledged already, it changes nothing."""
    if referral.state == State.ACKNOWLEDGED:
        return
    _take(session, referral, Action.ACKNOWLEDGE, by, desk=desk, now=now)


def accept(session: Session, referral: Referral, *, by: By, desk: Desk, now: datetime) -> None:
    """Take the referral on. Of two helpers who do at once, the second is told it has moved on."""
    _take(session, referral, Action.ACCEPT, by, desk=desk, now=now)


def decline(
    session: Session, referral: Referral, *, reason: str, by: By, desk: Desk, now: datetime
) -> None:
    """Say that the affiliate can't take it, and why. Raises RuleBroken for an unknown reason."""
    _known(reason, Decline, field="reason")
    _take(session, referral, Action.DECLINE, by, reason=reason, desk=desk, now=now)


def attempt(
    session: Session, referral: Referral, tried: Attempt, *, by: By, desk: Desk, now: datetime
) -> None:
    """Record a try to reach the person; one that reached them connects the referral.

    Raises:
        RuleBroken: a code, the time or the note cannot be; the field is named.
        Conflict: it has moved on.
    """
    # Held first: of two doubled POSTs at one instant the second finds the first one's row.
    locked(session, Referral, referral.id)
    if _is_known(session, referral, tried.request_key):
        return
    _check_way(tried, facts.possible_tries(session, referral))
    _check_time(tried, sent_at=referral.sent_at, now=now)
    action = Action.CONNECT if tried.result in TWO_WAY else Action.ATTEMPT
    if referral.state == State.CONNECTED:
        _refuse_unless_in_force(session, referral, now=now)
    else:
        values = _connection(referral, tried) if action is Action.CONNECT else {}
        _take(session, referral, action, by, desk=desk, now=now, values=values)
    _write_attempt(session, referral, tried, by=by, desk=desk, now=now)


def hold(
    session: Session,
    referral: Referral,
    *,
    reason: str,
    resume_on: date | None,
    by: By,
    desk: Desk,
    now: datetime,
) -> None:
    """Let a referral rest until a day, for a reason."""
    _known(reason, Hold, field="reason")
    values = {"resume_on": resume_on}
    _take(session, referral, Action.HOLD, by, reason=reason, values=values, desk=desk, now=now)


def resume(session: Session, referral: Referral, *, by: By, desk: Desk, now: datetime) -> None:
    """Go on with a referral that rested."""
    _take(session, referral, Action.RESUME, by, desk=desk, now=now)


def close(
    session: Session, referral: Referral, *, outcome: str, by: By, desk: Desk, now: datetime
) -> None:
    """End a referral with how it ended. Closed with the same outcome already, nothing changes."""
    _known(outcome, Outcome, field="outcome")
    if referral.state == State.CLOSED and referral.outcome == outcome:
        return
    values = {"outcome": outcome}
    _take(session, referral, Action.CLOSE, by, values=values, desk=desk, now=now)


def attempts(session: Session, referral: Referral) -> Sequence[ReferralAttempt]:
    """Return every try to reach the person, the newest first."""
    return session.scalars(
        select(ReferralAttempt)
        .where(ReferralAttempt.referral_id == referral.id)
        .order_by(ReferralAttempt.at.desc(), ReferralAttempt.id.desc())
    ).all()


def note_of(tried: ReferralAttempt, *, data_key_id: str, desk: Desk) -> str:
    """Return an attempt's note, opened."""
    if tried.sealed_note is None:
        return ""
    return desk.vault.open(data_key_id, (*NOTE, tried.public_id), tried.sealed_note)


def _take(
    session: Session,
    referral: Referral,
    action: Action,
    by: By,
    *,
    reason: str = "",
    values: Mapping[str, object] | None = None,
    desk: Desk,
    now: datetime,
) -> None:
    order = Order(
        action=action,
        by=by.actor,
        version=by.version,
        reason=reason,
        reported_by=_reporter(by),
        values=values or {},
    )
    steps.take(session, referral, order, desk=desk, now=now)


def _reporter(by: By) -> str:
    """Return who told it; a coordinator must say, for others it is themselves."""
    told = " ".join(by.reported_by.split())
    if by.actor.kind is not Kind.COORDINATOR:
        return ""
    if not 0 < len(told) <= authorizing.LONGEST_NAME:
        raise RuleBroken(lazy("Write who at the affiliate told you."), field="reported_by")
    return told


def _refuse_unless_in_force(session: Session, referral: Referral, *, now: datetime) -> None:
    """Refuse to write about somebody who withdrew: a try after that is no step of the machine."""
    if not stopping.in_force(session, referral, now=now):
        raise Conflict(steps.MOVED_ON)


def _known(code: str, codes: type[Decline | Hold | Outcome], *, field: str) -> None:
    if code not in set(codes):
        raise RuleBroken(CHOOSE, field=field)


def _check_way(tried: Attempt, possible: Mapping[Channel, frozenset[Result]]) -> None:
    if tried.channel not in set(Channel):
        raise RuleBroken(CHOOSE, field="channel")
    if tried.result not in set(Result):
        raise RuleBroken(CHOOSE, field="result")
    channel, result = Channel(tried.channel), Result(tried.result)
    if channel not in possible:
        raise RuleBroken(lazy("The signed form does not allow this way."), field="channel")
    if result not in CAME_OF[channel]:
        raise RuleBroken(lazy("This does not go with the way you chose."), field="result")
    if result not in possible[channel]:
        raise RuleBroken(lazy("The signed form allows no voicemail."), field="result")


def _check_time(tried: Attempt, *, sent_at: datetime | None, now: datetime) -> None:
    if tried.at > now + timedelta(minutes=5):
        raise RuleBroken(lazy("This time is still to come."), field="at")
    if tried.at < now - OLDEST_ATTEMPT:
        raise RuleBroken(lazy("This was more than two weeks ago."), field="at")
    # A form knows no seconds. A mistyped day must not count towards "unable to reach".
    if sent_at and tried.at < sent_at.replace(second=0, microsecond=0):
        raise RuleBroken(lazy("This was before the referral was sent."), field="at")


def _connection(referral: Referral, tried: Attempt) -> dict[str, object]:
    came = tried.result == Result.CAME_TO_GROUP
    return {
        "connected_on": facts.local_day(tried.at, zone=referral.time_zone),
        "evidence": Evidence.ATTENDANCE if came else Evidence.AFFILIATE,
    }


def _is_known(session: Session, referral: Referral, request_key: str) -> bool:
    there = session.scalars(
        select(ReferralAttempt.referral_id).where(ReferralAttempt.request_key == request_key)
    ).one_or_none()
    if there is not None and there != referral.id:
        raise Conflict(steps.MOVED_ON)
    return there is not None


def _write_attempt(
    session: Session, referral: Referral, tried: Attempt, *, by: By, desk: Desk, now: datetime
) -> None:
    row_id, note = public_id(), screened.note(tried.note)
    sealed = None
    if note:
        place = (*NOTE, row_id)
        sealed = desk.vault.seal(referral.data_key_id or "", place, note)
    session.add(
        ReferralAttempt(
            public_id=row_id,
            request_key=tried.request_key,
            referral_id=referral.id,
            at=tried.at,
            channel=tried.channel,
            result=tried.result,
            actor=by.actor.label,
            reported_by=_reporter(by),
            sealed_note=sealed,
            created_at=now,
        )
    )
    session.flush()
