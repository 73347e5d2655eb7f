"""Reads and writes of the speakers' own tables, each change with its line in the audit log."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import Actor
from outreach.errors import RuleBroken
from outreach.i18n import lazy
from outreach.speakers.models import Certification, Clearance, Speaker

SAME_ADDRESS = lazy("Another speaker has this e-mail address already.")
BACKWARD = lazy("Choose a last day that is not before the first.")
THERE_ALREADY = lazy("This is recorded already.")


def add(
    session: Session, affiliate_id: int, facts: Mapping[str, Any], *, by: Actor, now: datetime
) -> Speaker:
    """Add a speaker; `facts` are columns by name.

    Raises:
        RuleBroken: another speaker of the affiliate has the address.
    """
    _refuse_same_address(session, affiliate_id, facts["email"], but=None)
    speaker = Speaker(affiliate_id=affiliate_id, created_at=now, **facts)
    session.add(speaker)
    session.flush()
    audit.record(session, "speaker.add", actor=by, subject=("speaker", speaker.id), now=now)
    return speaker


def change(
    session: Session, speaker: Speaker, facts: Mapping[str, Any], *, by: Actor, now: datetime
) -> bool:
    """Change a speaker's columns; False when nothing is different.

    Raises:
        RuleBroken: another speaker of the affiliate has the address.
    """
    _refuse_same_address(session, speaker.affiliate_id, facts["email"], but=speaker.id)
    different = [name for name, value in facts.items() if getattr(speaker, name) != value]
    if not different:
        return False
    for name in different:
        setattr(speaker, name, facts[name])
    speaker.revision += 1
    session.flush()
    audit.record(
        session,
        "speaker.change",
        actor=by,
        subject=("speaker", speaker.id),
        details={"fields": sorted(different)},
        now=now,
    )
    return True


def set_archived(
    session: Session, speaker: Speaker, *, archived: bool, by: Actor, now: datetime
) -> None:
    """Put a speaker aside, or take the speaker back. Twice changes nothing."""
    if (speaker.archived_at is not None) == archived:
        return
    speaker.archived_at = now if archived else None
    session.flush()
    action = "speaker.archive" if archived else "speaker.restore"
    audit.record(session, action, actor=by, subject=("speaker", speaker.id), now=now)


def keep_certification(
    session: Session,
    speaker: Speaker,
    *,
    program_id: int,
    role: str,
    starts_on: date,
    ends_on: date,
    certification: Certification | None = None,
    by: Actor,
    now: datetime,
) -> Certification:
    """Record what a speaker is trained for, or change `certification`. Both days inclusive.

    Raises:
        RuleBroken: the days are the wrong way round, or the same is recorded already.
    """
    if ends_on < starts_on:
        raise RuleBroken(BACKWARD, field="ends_on")
    row = certification or Certification(speaker_id=speaker.id)
    row.program_id, row.role, row.starts_on, row.ends_on = program_id, role, starts_on, ends_on
    _keep(session, row, speaker, "certification.keep", by=by, now=now)
    return row


def keep_clearance(
    session: Session,
    speaker: Speaker,
    *,
    kind: str,
    hospital_id: int | None,
    starts_on: date,
    ends_on: date | None,
    clearance: Clearance | None = None,
    by: Actor,
    now: datetime,
) -> Clearance:
    """Record a clearance a speaker holds, or change `clearance`. Without an end it does not end.

    Raises:
        RuleBroken: the days are the wrong way round, or the same is recorded already.
    """
    if ends_on is not None and ends_on < starts_on:
        raise RuleBroken(BACKWARD, field="ends_on")
    # NULLs differ in a unique constraint, so the database alone would take it twice.
    same = select(Clearance.id).where(
        Clearance.speaker_id == speaker.id,
        Clearance.kind == kind,
        Clearance.hospital_id.is_not_distinct_from(hospital_id),
        Clearance.starts_on == starts_on,
    )
    if clearance is not None:
        same = same.where(Clearance.id != clearance.id)
    if session.scalar(same.limit(1)) is not None:
        raise RuleBroken(THERE_ALREADY, field="starts_on")
    row = clearance or Clearance(speaker_id=speaker.id)
    row.kind, row.hospital_id, row.starts_on, row.ends_on = kind, hospital_id, starts_on, ends_on
    _keep(session, row, speaker, "clearance.keep", by=by, now=now)
    return row


def remove(session: Session, row: Certification | Clearance, *, by: Actor, now: datetime) -> None:
    """Take back a certification or clearance that was recorded by mistake."""
    action, subject = f"{row.__tablename__}.remove", ("speaker", row.speaker_id)
    session.delete(row)
    session.flush()
    audit.record(session, action, actor=by, subject=subject, now=now)


def _keep(
    session: Session,
    row: Certification | Clearance,
    speaker: Speaker,
    action: str,
    *,
    by: Actor,
    now: datetime,
) -> None:
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise RuleBroken(THERE_ALREADY, field="starts_on") from error
    audit.record(session, action, actor=by, subject=("speaker", speaker.id), now=now)


def _refuse_same_address(
    session: Session, affiliate_id: int, email: str, *, but: int | None
) -> None:
    same = select(Speaker.id).where(Speaker.affiliate_id == affiliate_id, Speaker.email == email)
    other = session.scalar(same)
    if other is not None and other != but:
        raise RuleBroken(SAME_ADDRESS, field="email")
