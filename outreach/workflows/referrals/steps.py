"""Taking a step: guards, one UPDATE that decides, the event, clocks and effects."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.db import constraint_of, locked
from outreach.errors import Conflict, Forbidden, RuleBroken
from outreach.i18n import lazy
from outreach.referrals import machine, rules
from outreach.referrals.codes import BEFORE_RELEASE, ENDED, Action, State
from outreach.referrals.models import Referral, ReferralEvent
from outreach.referrals.rules import Refusal
from outreach.workflows.referrals import deadlines, effects, facts
from outreach.workflows.referrals.desk import Desk

MOVED_ON = lazy(
    "This referral has moved on since you opened the page. Look again; nothing changed."
)
NOT_YOURS = lazy("This is not yours to do.")
TWICE = lazy(
    "This can’t be recorded as a second referral to the same affiliate. Please call the "
    "coordinator; nothing was changed."
)
DUPLICATE = "uq_referral_person_key_affiliate_id_open"

WHY_NOT: Mapping[Refusal, str] = {
    Refusal.NOT_DESCRIBED: lazy("Unit, discharge and ZIP code come first."),
    Refusal.REFERRALS_OFF: lazy("Referrals are off for this unit."),
    Refusal.AUTHORIZATION_MISSING: lazy("There is no signed authorization on record."),
    Refusal.AUTHORIZATION_INCOMPLETE: lazy("The authorization is not complete."),
    Refusal.AUTHORIZATION_INACTIVE: lazy("The person has withdrawn the authorization."),
    Refusal.AUTHORIZATION_EXPIRED: lazy("The authorization has expired."),
    Refusal.AUTHORIZATION_NAMES_OTHERS: lazy("The signed form does not name this affiliate."),
    Refusal.AFFILIATE_MISSING: lazy("Choose an affiliate first."),
    Refusal.AFFILIATE_TAKES_NONE: lazy("This affiliate takes no referrals now."),
    Refusal.REASON_MISSING: lazy("Choose a reason."),
    Refusal.REST_MISSING: lazy("Say until when it rests."),
    Refusal.REST_IN_PAST: lazy("The day must be after today."),
    Refusal.REST_TOO_LONG: lazy("It may rest for 30 days at most."),
    Refusal.TOO_FEW_ATTEMPTS: lazy(
        "“Unable to reach” needs at least three attempts on two different days."
    ),
    Refusal.OUTCOME_MISSING: lazy("Choose how it ended."),
    Refusal.NOT_CONNECTED: lazy("Record first when the person was reached."),
    Refusal.SECOND_PERSON_NEEDED: lazy("Another coordinator must confirm this."),
}

FIELDS: Mapping[Refusal, str] = {
    Refusal.AFFILIATE_MISSING: "affiliate",
    Refusal.AFFILIATE_TAKES_NONE: "affiliate",
    Refusal.AUTHORIZATION_NAMES_OTHERS: "affiliate",
    Refusal.REASON_MISSING: "reason",
    Refusal.REST_MISSING: "resume_on",
    Refusal.REST_IN_PAST: "resume_on",
    Refusal.REST_TOO_LONG: "resume_on",
    Refusal.TOO_FEW_ATTEMPTS: "outcome",
    Refusal.OUTCOME_MISSING: "outcome",
    Refusal.NOT_CONNECTED: "outcome",
}
"""Which input of a form a refusal belongs to."""


class SecondReferral(Conflict):
    """The person has an open referral with this affiliate already.

    Whoever is told so learns something of a person, so each time leaves a trace.
    """

    def __init__(self) -> None:
        super().__init__(TWICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Who takes which step, and on what grounds.

    `version` is the one the person saw; None trusts the row (the system, and repeated taps that
    were judged before). `values` are columns that change with the state. `reported_by` is the
    affiliate's person in whose name a coordinator enters something.
    """

    action: Action
    by: Actor
    version: int | None = None
    reason: str = ""
    reported_by: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def take(session: Session, referral: Referral, order: Order, *, desk: Desk, now: datetime) -> None:
    """Take a step with a referral, or change nothing.

    Raises:
        Conflict: it has moved on, or the action leads nowhere from here.
        SecondReferral: the person has an open referral with this affiliate already.
        Forbidden: this kind of person may not take the step.
        RuleBroken: a guard speaks against it; the first of all the reasons names its field.
    """
    held = locked(session, Referral, referral.id)
    step = machine.step(order.action, state=State(held.state))
    if step is None or order.version not in {None, held.version}:
        raise Conflict(MOVED_ON)
    if order.by.kind not in step.by:
        raise Forbidden(NOT_YOURS)
    known = facts.of(session, held, order, now=now)
    refuse(rules.refusals(step, known))
    before = State(held.state)
    _move(session, held, step, order, now=now)
    _write_event(session, held, order, before=before, now=now)
    deadlines.follow(session, held, step, now=now)
    for effect in step.effects:
        effects.carry_out(effect, session, held, desk=desk, now=now)


def refuse(refusals: tuple[Refusal, ...]) -> None:
    """Raise RuleBroken with the first refusal's words, if there is any."""
    if refusals:
        first = refusals[0]
        raise RuleBroken(WHY_NOT[first], field=FIELDS.get(first))


def _move(
    session: Session, referral: Referral, step: machine.Step, order: Order, *, now: datetime
) -> None:
    values = dict(order.values)
    if step.action is not Action.CORRECT:  # it stays as it is, and so does why
        values = {"reason": order.reason, "state_at": now, **values, **_stamps(step, now=now)}
    moved = (
        update(Referral)
        .where(
            Referral.id == referral.id,
            Referral.state == referral.state,
            Referral.version == referral.version,
        )
        .values(state=step.target, version=Referral.version + 1, **values)
        .returning(Referral.id)
    )
    try:
        won = session.scalar(moved)
    except IntegrityError as error:
        if is_second(error):
            raise SecondReferral from error
        raise
    if won is None:
        raise Conflict(MOVED_ON)
    session.refresh(referral)


def is_second(error: IntegrityError) -> bool:
    """Say whether a row was refused because the person has an open referral there already."""
    told = constraint_of(error)
    return DUPLICATE in told or "referral.person_key" in told


def _stamps(step: machine.Step, *, now: datetime) -> dict[str, Any]:
    """Return the instants a step leaves in the row."""
    if step.target in ENDED:
        return {"ended_at": now, "resume_on": None}
    stamps = {
        Action.SEND: {"sent_at": now},
        Action.ACKNOWLEDGE: {"acknowledged_at": now},
        Action.ACCEPT: {"accepted_at": now},
    }
    resting = {} if step.action is Action.HOLD else {"resume_on": None}
    return stamps.get(step.action, {}) | resting


def _write_event(
    session: Session, referral: Referral, order: Order, *, before: State, now: datetime
) -> None:
    session.add(
        ReferralEvent(
            referral_id=referral.id,
            version=referral.version,
            action=order.action,
            from_state=before,
            to_state=referral.state,
            actor=order.by.label,
            membership_id=order.by.membership_id,
            reported_by=order.reported_by,
            reason=order.reason,
            at=now,
        )
    )
    details = {"number": referral.number, "to": str(referral.state)}
    audit.record(
        session,
        f"referral.{order.action}",
        actor=order.by,
        subject=("referral", referral.id),
        now=now,
        details=details if before in BEFORE_RELEASE else details | {"reason": order.reason},
    )
