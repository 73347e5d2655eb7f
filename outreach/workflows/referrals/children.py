"""Linked children: a referral goes to another affiliate, or is opened again; the old one stays."""

from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.crypto import public_id
from outreach.db import locked
from outreach.directory.models import Affiliate
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.referrals import rules
from outreach.referrals.codes import State
from outreach.referrals.machine import Clock
from outreach.referrals.models import Referral
from outreach.workflows.referrals import (
    deadlines,
    disclosing,
    drafts,
    facts,
    forms,
    steps,
    stopping,
)
from outreach.workflows.referrals.desk import Desk

REROUTED_FROM: Final = frozenset({State.DECLINED, State.EXPIRED})
REROUTE, REOPEN = "reroute", "reopen"


def reroute(
    session: Session,
    referral: Referral,
    affiliate: Affiliate,
    *,
    key: tuple[str, str],
    by: Actor,
    desk: Desk,
    now: datetime,
) -> Referral:
    """Hand a referral that was not taken to another affiliate, as a linked child.

    Where the signed form names the new affiliate it is ready to be sent; otherwise the child
    waits for a new signature, and holds no name until then.

    Raises:
        Conflict: it has moved on, or the person has an open referral there already
            (`steps.SecondReferral`).
        RuleBroken: the affiliate takes nobody now.
    """
    held = locked(session, Referral, referral.id)
    if held.state not in REROUTED_FROM or child_of(session, held) is not None:
        raise Conflict(steps.MOVED_ON)
    if not facts.takes(affiliate):
        raise RuleBroken(lazy("This affiliate takes no referrals now."), field="affiliate")
    return _child(session, held, affiliate, REROUTE, key, by=by, desk=desk, now=now)


def reopen(
    session: Session,
    referral: Referral,
    *,
    key: tuple[str, str],
    by: Actor,
    desk: Desk,
    now: datetime,
) -> Referral:
    """Open a closed referral again, within 30 days, as a linked child with the same affiliate.

    Raises:
        Conflict: it has moved on, was closed longer ago, or the person has been referred anew
            (`steps.SecondReferral`).
    """
    held = locked(session, Referral, referral.id)
    if held.state != State.CLOSED or child_of(session, held) is not None:
        raise Conflict(steps.MOVED_ON)
    closed_on = facts.local_day(held.ended_at or now, zone=held.time_zone)
    if not rules.may_reopen(closed_on=closed_on, today=facts.local_day(now, zone=held.time_zone)):
        raise Conflict(lazy("It was closed more than 30 days ago. Please begin a new referral."))
    affiliate = session.get_one(Affiliate, held.affiliate_id)
    return _child(session, held, affiliate, REOPEN, key, by=by, desk=desk, now=now)


def leave(session: Session, referral: Referral, *, by: Actor, now: datetime) -> None:
    """Say that no other affiliate is asked, so that nobody waits for a decision any more.

    Twice changes nothing.

    Raises:
        Conflict: it was taken on, or handed to another affiliate already.
    """
    held = locked(session, Referral, referral.id)
    if held.state not in REROUTED_FROM or child_of(session, held) is not None:
        raise Conflict(steps.MOVED_ON)
    if deadlines.stop(session, held, [Clock.DECIDE], now=now):
        audit.record(
            session,
            "referral.leave",
            actor=by,
            subject=("referral", held.id),
            now=now,
            details={"number": held.number},
        )


def child_of(session: Session, referral: Referral) -> Referral | None:
    """Return what came of a referral that was rerouted or opened again."""
    return session.scalars(
        select(Referral).where(Referral.parent_id == referral.id).limit(1)
    ).one_or_none()


def prepare_key(desk: Desk) -> tuple[str, str]:
    """Make a child's public id and data key, before the transaction that writes it."""
    row_id = public_id()
    return row_id, desk.vault.new_key(row_id)


def _child(
    session: Session,
    parent: Referral,
    affiliate: Affiliate,
    because: str,
    key: tuple[str, str],
    *,
    by: Actor,
    desk: Desk,
    now: datetime,
) -> Referral:
    authorization = facts.authorization_of(session, parent)
    named = authorization is not None and affiliate.id in authorization.affiliate_ids
    goes_on = named and stopping.in_force(session, parent, now=now)
    child = Referral(
        public_id=key[0],
        number=drafts.free_number(session),
        request_key=f"child:{parent.public_id}",
        bureau_id=parent.bureau_id,
        hospital_id=parent.hospital_id,
        unit_id=parent.unit_id,
        affiliate_id=affiliate.id,
        chosen_by=parent.chosen_by,
        parent_id=parent.id,
        child_because=because,
        state=State.READY if goes_on else State.AWAITING,
        state_at=now,
        time_zone=parent.time_zone,
        discharged_at=parent.discharged_at,
        discharge_hour_known=parent.discharge_hour_known,
        zip_code=parent.zip_code,
        age_group=parent.age_group,
        groups=list(parent.groups),
        created_by_id=by.account_id,
        created_at=now,
    )
    if goes_on:
        child.authorization_id = parent.authorization_id
        child.data_key_id = key[1]
        child.person_key = parent.person_key
        disclosing.copy(parent, child, desk=desk)
    session.add(child)
    try:
        session.flush()
    except IntegrityError as error:
        if steps.is_second(error):
            raise steps.SecondReferral from error
        raise
    if not goes_on:
        forms.lay_down(session, child, now=now)
    deadlines.stop(session, parent, [Clock.DECIDE], now=now)
    # A child that nobody signs or sends is remembered like any other draft.
    deadlines.start(session, child, Clock.DRAFT, now=now)
    audit.record(
        session,
        f"referral.{because}",
        actor=by,
        subject=("referral", child.id),
        now=now,
        details={"number": child.number, "parent": parent.number},
    )
    return child
