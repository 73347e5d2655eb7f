"""What visitors of a unit are told beforehand: the brief, and whom they meet on the day."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit, db
from outreach.actor import Actor
from outreach.directory.models import Unit, UnitBrief


def write_brief(session: Session, unit: Unit, text: str, *, by: Actor, now: datetime) -> UnitBrief:
    """Keep a new version of the brief; the same text again makes no version."""
    db.locked(session, Unit, unit.id)
    newest = select(UnitBrief).where(UnitBrief.unit_id == unit.id)
    last = session.scalars(newest.order_by(UnitBrief.version.desc()).limit(1)).first()
    if last is not None and last.text == text:
        return last
    version = last.version + 1 if last else 1
    written = UnitBrief(unit_id=unit.id, version=version, text=text, created_at=now)
    session.add(written)
    session.flush()
    audit.record(
        session,
        "unit.write_brief",
        actor=by,
        subject=("unit", unit.id),
        details={"version": version},
        now=now,
    )
    return written


def change_contact(
    session: Session,
    unit: Unit,
    *,
    name: str,
    phone: str | None,
    email: str | None,
    by: Actor,
    now: datetime,
) -> None:
    """Say whom visitors ask for on the day, and where the ward reads its mail."""
    unit = db.locked(session, Unit, unit.id)
    if (unit.contact_name, unit.contact_phone, unit.contact_email) == (name, phone, email):
        return
    unit.contact_name, unit.contact_phone, unit.contact_email = name, phone, email
    session.flush()
    audit.record(session, "unit.change_contact", actor=by, subject=("unit", unit.id), now=now)
