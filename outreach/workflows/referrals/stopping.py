"""Every way to an end before time: recalled, withdrawn, revoked, entered in error."""

from datetime import date, datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import audit, crypto
from outreach.accounts import limits
from outreach.accounts.rules import Bucket, network
from outreach.actor import SYSTEM, Actor
from outreach.db import locked
from outreach.errors import Conflict, RuleBroken, TooMany
from outreach.i18n import lazy
from outreach.referrals.codes import OPEN, Action, Cancel, Revoked
from outreach.referrals.machine import Clock
from outreach.referrals.models import Authorization, Referral
from outreach.workflows.referrals import deadlines, doors, facts, steps
from outreach.workflows.referrals.desk import Desk
from outreach.workflows.referrals.steps import Order

STOP_FROM_ADDRESS: Final = Bucket("stop-from", size=10, refills_after=doors.CODE_LASTS)
STOP_FOR_NUMBER: Final = Bucket("stop-for", size=5, refills_after=doors.CODE_LASTS)
SAID: Final = frozenset({Cancel.RECALLED, Cancel.PERSON_ASKED, Cancel.STAYS_LONGER})
"""Reasons people may give; the others are set by what happened."""

NEEDS_WITNESS = lazy("In this state a witness signs the withdrawal as well.")


def cancel(
    session: Session,
    referral: Referral,
    *,
    reason: str,
    by: Actor,
    version: int | None,
    reported_by: str = "",
    desk: Desk,
    now: datetime,
) -> None:
    """Call a referral back before it is done. What was disclosed stays in the log."""
    if reason not in SAID:
        raise RuleBroken(lazy("Choose one of the answers on the list."), field="reason")
    order = Order(
        action=Action.CANCEL, by=by, version=version, reason=reason, reported_by=reported_by
    )
    steps.take(session, referral, order, desk=desk, now=now)


def revoke(
    session: Session,
    authorization: Authorization,
    *,
    how: Revoked,
    received_by: str,
    by: Actor,
    desk: Desk,
    now: datetime,
) -> bool:
    """Withdraw an authorization, at once and as one: False when it was withdrawn before.

    Referrals that rest on it are cancelled, links dead, notices that wait deleted, and the
    affiliate is asked to confirm that it stopped. All of it in the caller's transaction.
    """
    withdrawn = (
        update(Authorization)
        .where(Authorization.id == authorization.id, Authorization.active)
        .values(active=False, revoked_at=now, revoked_how=how, revocation_received_by=received_by)
        .returning(Authorization.id)
    )
    # The referrals first, then the authorization: the order in which a sending locks them.
    resting = session.scalars(
        select(Referral.id)
        .where(Referral.authorization_id == authorization.id)
        .order_by(Referral.id)
    ).all()
    rows = [locked(session, Referral, row_id) for row_id in resting]
    if session.scalar(withdrawn) is None:
        return False
    audit.record(
        session,
        "authorization.revoke",
        actor=by,
        subject=("referral_authorization", authorization.id),
        now=now,
        details={"how": how},
    )
    for row in rows:
        if row.state in OPEN:
            order = Order(action=Action.CANCEL, by=SYSTEM, reason=Cancel.AUTHORIZATION_REVOKED)
            steps.take(session, row, order, desk=desk, now=now)
    return True


def stop_by_code(
    session: Session, number: str, code: str, *, address: str, desk: Desk, now: datetime
) -> bool:
    """Withdraw by the number and code of the patient's copy; False when they do not fit.

    The copy is in the person's hands before the form is recorded: then the referral itself ends.
    The caller commits either way (a wrong try counts) and says the same whether or not the number
    exists. Stopped before, it is stopped still.

    Raises:
        TooMany: too many tries from this network or for this number.
    """
    digits = _digits(number).lstrip("0")  # one number, one bucket, however it is written
    if not (
        limits.take(session, STOP_FROM_ADDRESS, network(address), now=now)
        and limits.take(session, STOP_FOR_NUMBER, digits, now=now)
    ):
        raise TooMany(doors.TOO_MANY)
    found = _by_number(session, digits)
    if found is None:
        return False
    # Held first: whoever is just recording the form is waited for.
    referral = locked(session, Referral, found.id)
    authorization = facts.authorization_of(session, referral)
    form_id = authorization.public_id if authorization else referral.form_id
    if not crypto.equal(desk.links.stop_code(form_id), _digits(code)):
        return False
    limits.give_back(session, STOP_FOR_NUMBER, digits)
    if authorization is not None:
        revoke(
            session,
            authorization,
            how=Revoked.STOP_CODE,
            received_by="",
            by=SYSTEM,
            desk=desk,
            now=now,
        )
    elif referral.state in OPEN:
        order = Order(action=Action.CANCEL, by=SYSTEM, reason=Cancel.PERSON_ASKED)
        steps.take(session, referral, order, desk=desk, now=now)
    return True


def written_revocation(
    session: Session,
    authorization: Authorization,
    *,
    on: date,
    witnessed: bool,
    zone: str,
    by: Actor,
    now: datetime,
) -> None:
    """Record that the written withdrawal the state asks for has come; the same again is nothing.

    `zone` is that of the referral: whether the day is to come is judged there.

    Raises:
        Conflict: the authorization was not withdrawn.
        RuleBroken: the day is to come, or the state asks for a witness and none signed.
    """
    if authorization.revoked_at is None:
        raise Conflict(lazy("The authorization was not withdrawn."))
    if on > facts.local_day(now, zone=zone):
        raise RuleBroken(lazy("This day is still to come."), field="written_on")
    if on < authorization.signed_on:
        raise RuleBroken(lazy("This day lies before the signature."), field="written_on")
    if facts.profile_of(session, authorization).revocation_is_witnessed and not witnessed:
        raise RuleBroken(NEEDS_WITNESS, field="witness")
    known = (authorization.written_revocation_on, authorization.written_revocation_witnessed)
    if known == (on, witnessed):
        return
    authorization.written_revocation_on = on
    authorization.written_revocation_witnessed = witnessed
    session.flush()
    audit.record(
        session,
        "authorization.written_revocation",
        actor=by,
        subject=("referral_authorization", authorization.id),
        now=now,
        details={"witnessed": witnessed},
    )


def confirm_stopped(session: Session, referral: Referral, *, by: Actor, now: datetime) -> None:
    """Record that the affiliate stopped contact and keeps nothing. Twice changes nothing."""
    confirmed = (
        update(Referral)
        .where(
            Referral.id == referral.id,
            Referral.state.not_in(sorted(OPEN)),
            Referral.stop_confirmed_at.is_(None),
        )
        .values(stop_confirmed_at=now)
        .returning(Referral.id)
    )
    if session.scalar(confirmed) is None:
        return
    deadlines.stop(session, referral, [Clock.CONFIRM_STOP], now=now)
    audit.record(
        session,
        "referral.confirm_stopped",
        actor=by,
        subject=("referral", referral.id),
        now=now,
        details={"number": referral.number},
    )


def ask_take_back(session: Session, referral: Referral, *, by: Actor, now: datetime) -> None:
    """Say that a referral that was sent should never have been; another coordinator confirms."""
    if referral.sent_at is None:
        raise Conflict(steps.MOVED_ON)
    if referral.error_asked_by_id is None:
        referral.error_asked_by_id = by.account_id
        session.flush()
        audit.record(
            session,
            "referral.ask_take_back",
            actor=by,
            subject=("referral", referral.id),
            now=now,
            details={"number": referral.number},
        )


def take_back(
    session: Session,
    referral: Referral,
    *,
    version: int | None,
    by: Actor,
    desk: Desk,
    now: datetime,
) -> None:
    """Mark a referral as entered in error; one that was sent needs a second person."""
    order = Order(action=Action.TAKE_BACK, by=by, version=version, reason="entered_in_error")
    steps.take(session, referral, order, desk=desk, now=now)


def in_force(session: Session, referral: Referral, *, now: datetime) -> bool:
    """Say whether what a referral rests on allows anybody to read it at this instant."""
    authorization = facts.authorization_of(session, referral)
    today = facts.local_day(now, zone=referral.time_zone)
    return authorization is not None and authorization.active and authorization.expires_on >= today


def _by_number(session: Session, digits: str) -> Referral | None:
    if not digits:
        return None
    return session.scalars(select(Referral).where(Referral.number == int(digits))).one_or_none()


def _digits(typed: str) -> str:
    """Return the figures of what was typed: "R-481207", "4812 0733"."""
    return "".join(figure for figure in typed[:40] if figure in "0123456789")[:12]
