"""Having no more notes, and having them again: the link in each note's mail."""

from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from outreach import audit, crypto
from outreach.actor import SYSTEM
from outreach.links import Links, id_in
from outreach.messaging import notes
from outreach.messaging.models import Message, NoteStop
from outreach.messaging.once import insert_once


def find(session: Session, token: str, *, links: Links) -> Message | None:
    """Return the note whose mail held this link; None where none did."""
    message_id = id_in(token)
    if not crypto.equal(links.no_notes_token(message_id), token):
        return None
    sent = select(Message).where(Message.public_id == message_id, Message.kind == notes.KIND)
    return session.scalars(sent).one_or_none()


def has_stopped(session: Session, note: Message) -> bool:
    """Say whether whoever got the note wants no more of them."""
    return session.scalar(select(NoteStop.id).where(*_of(note))) is not None


def stop(session: Session, note: Message, *, now: datetime) -> None:
    """Send its reader no more notes; those that wait are not sent either. Twice is once."""
    new = insert_once(
        session,
        NoteStop,
        unique=("affiliate_id", "recipient_kind", "recipient_id"),
        values={
            "affiliate_id": note.affiliate_id,
            "recipient_kind": note.recipient_kind,
            "recipient_id": note.recipient_id,
            "at": now,
        },
    )
    if new is not None:
        _record(session, "notes.stop", note, now=now)


def resume(session: Session, note: Message, *, now: datetime) -> None:
    """Send its reader notes again. Twice is once."""
    gone = session.scalars(delete(NoteStop).where(*_of(note)).returning(NoteStop.id)).all()
    if gone:
        _record(session, "notes.resume", note, now=now)


def _of(note: Message) -> tuple[ColumnElement[bool], ...]:
    return (
        NoteStop.affiliate_id == note.affiliate_id,
        NoteStop.recipient_kind == note.recipient_kind,
        NoteStop.recipient_id == note.recipient_id,
    )


def _record(session: Session, action: str, note: Message, *, now: datetime) -> None:
    subject = (note.recipient_kind, note.recipient_id)
    audit.record(session, action, actor=SYSTEM, subject=subject, now=now)
