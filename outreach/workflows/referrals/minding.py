"""Several people, one telephone: who has a referral today, and what one helper leaves the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.crypto import public_id
from outreach.db import locked
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.referrals.codes import RELEASED
from outreach.referrals.models import Referral, ReferralNote
from outreach.workflows import screened
from outreach.workflows.referrals import steps, stopping
from outreach.workflows.referrals.desk import Desk

NOTE: Final = ("referral_note", "sealed_note")
FIRST = lazy("Somebody else has just taken it for today. Look again; nothing changed.")


@dataclass(frozen=True, slots=True)
class ShiftNote:
    """A note for the next helper, opened. `actor` is who wrote it, as a label."""

    actor: str
    text: str
    at: datetime


def take(
    session: Session, referral: Referral, *, seen: datetime | None, by: Actor, now: datetime
) -> None:
    """Say that one has it today; `seen` is since when the page showed somebody to have it.

    Of two who take it at once the first has it. Who has it already keeps it.

    Raises:
        Conflict: somebody else was first, or the referral has ended.
    """
    held = locked(session, Referral, referral.id)
    if held.held_by == by.label and held.state in RELEASED:
        return
    taken = (
        update(Referral)
        .where(
            Referral.id == referral.id,
            Referral.state.in_(sorted(RELEASED)),
            Referral.held_at.is_(None) if seen is None else Referral.held_at == seen,
        )
        .values(held_by=by.label, held_at=now)
        .returning(Referral.id)
    )
    if session.scalar(taken) is None:
        raise Conflict(FIRST if held.state in RELEASED else steps.MOVED_ON)
    _note(session, held, "referral.take_today", by=by, now=now)


def give_back(session: Session, referral: Referral, *, by: Actor, now: datetime) -> None:
    """Say that one no longer has it. Who does not have it changes nothing."""
    given = (
        update(Referral)
        .where(Referral.id == referral.id, Referral.held_by == by.label)
        .values(held_by="", held_at=None)
        .returning(Referral.id)
    )
    if session.scalar(given) is not None:
        _note(session, referral, "referral.give_back", by=by, now=now)


def write_note(
    session: Session,
    referral: Referral,
    text: str,
    *,
    request_key: str,
    by: Actor,
    desk: Desk,
    now: datetime,
) -> None:
    """Leave a note for the next helper, screened and sealed. The same form again writes no second.

    Raises:
        RuleBroken: it is empty, or holds what no note may.
        Conflict: the referral has ended, or was withdrawn.
    """
    plain = screened.note(text)
    if not plain:
        raise RuleBroken(lazy("Write what the next helper should know."), field="note")
    held = locked(session, Referral, referral.id)
    written = select(ReferralNote.referral_id).where(ReferralNote.request_key == request_key)
    there = session.scalar(written)
    if there == held.id:
        return
    if there is not None or held.state not in RELEASED:
        raise Conflict(steps.MOVED_ON)
    if not stopping.in_force(session, held, now=now):
        raise Conflict(steps.MOVED_ON)
    row_id = public_id()
    sealed = desk.vault.seal(held.data_key_id or "", (*NOTE, row_id), plain)
    session.add(
        ReferralNote(
            public_id=row_id,
            request_key=request_key,
            referral_id=held.id,
            sealed_note=sealed,
            actor=by.label,
            at=now,
        )
    )
    _note(session, held, "referral.leave_note", by=by, now=now)


def notes(session: Session, referral: Referral, *, desk: Desk) -> Sequence[ShiftNote]:
    """Return the notes of a referral, opened, the newest first. Only where one may read it.

    Raises:
        vault.Destroyed: they were erased.
    """
    rows = session.scalars(
        select(ReferralNote)
        .where(ReferralNote.referral_id == referral.id)
        .order_by(ReferralNote.id.desc())
    )
    key = referral.data_key_id or ""
    return [
        ShiftNote(row.actor, desk.vault.open(key, (*NOTE, row.public_id), row.sealed_note), row.at)
        for row in rows
    ]


def _note(session: Session, referral: Referral, action: str, *, by: Actor, now: datetime) -> None:
    session.flush()
    audit.record(
        session,
        action,
        actor=by,
        subject=("referral", referral.id),
        now=now,
        details={"number": referral.number},
    )
