"""Notes that were sent to many, and how far each got."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from outreach import access
from outreach.accounts.models import Account
from outreach.actor import Actor
from outreach.i18n import gettext as _
from outreach.i18n import lazy, ngettext
from outreach.messaging.models import Broadcast, Message
from outreach.messaging.service import WAITING
from outreach.reads import outbox
from outreach.reads.paging import Page

PAGE_SIZE: Final = 25
SHOWN_OF_TEXT: Final = 60
GONE: Final = lazy("Its words are deleted.")

STATES: Final = (
    ("waiting", lazy("Waiting to leave"), "waiting"),
    ("sent", lazy("Sent"), "settled"),
    ("delivered", lazy("Delivered"), "settled"),
    ("failed", lazy("Failed"), "needs"),
    ("unknown", lazy("Unknown"), "needs"),
    ("off", lazy("Not sent"), "off"),
)
"""The filters of the list of messages that together show each message once."""


@dataclass(frozen=True, slots=True)
class NoteRow:
    """One note in the list."""

    public_id: str
    words: str
    audience: str
    at: datetime
    people: str
    waiting: int
    is_taken_back: bool


@dataclass(frozen=True, slots=True)
class State:
    """How many messages are in a state: a filter's name, words, the kind of its mark."""

    name: str
    words: str
    kind: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NotePage:
    """Everything a note's page shows. `text` is "" once its words are deleted."""

    public_id: str
    audience: str
    text: str
    text_es: str
    who: str
    at: datetime
    zone: str
    by_text: int
    by_mail: int
    by_call: int
    nobody: int
    states: Sequence[State]
    waiting: int
    taken_back_at: datetime | None


def page(session: Session, actor: Actor, *, number: int = 1) -> Page[NoteRow]:
    """Return one page of the notes, the latest first. Three queries."""
    wanted = access.scope(actor, Broadcast)
    total = session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    found = session.scalars(
        wanted.order_by(Broadcast.id.desc()).offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE)
    ).all()
    waiting = _waiting(session, [row.id for row in found])
    rows = [
        NoteRow(
            public_id=row.public_id,
            words=_beginning(row.text) or _(GONE),
            audience=row.audience,
            at=row.created_at,
            people=_people(row.by_text + row.by_mail + row.by_call),
            waiting=waiting.get(row.id, 0),
            is_taken_back=row.taken_back_at is not None,
        )
        for row in found
    ]
    return Page(rows, total, number, PAGE_SIZE)


def note(session: Session, row: Broadcast, *, zone: str) -> NotePage:
    """Return everything a note's page shows. Two queries."""
    who = session.get(Account, row.written_by_id) if row.written_by_id else None
    counted = session.execute(
        select(Message.state, func.count())
        .where(Message.subject_kind == "broadcast", Message.subject_id == row.id)
        .group_by(Message.state)
    ).all()
    counts = dict(counted)
    states = [
        State(name, _(words), kind, sum(counts.get(each, 0) for each in outbox.STATES[name]))
        for name, words, kind in STATES
    ]
    return NotePage(
        public_id=row.public_id,
        audience=row.audience,
        text=row.text,
        text_es=row.text_es,
        who=who.name if who else "",
        at=row.created_at,
        zone=zone,
        by_text=row.by_text,
        by_mail=row.by_mail,
        by_call=row.by_call,
        nobody=row.nobody,
        states=[state for state in states if state.count],
        waiting=sum(counts.get(state, 0) for state in WAITING),
        taken_back_at=row.taken_back_at,
    )


def _waiting(session: Session, ids: Sequence[int]) -> dict[int, int]:
    is_waiting = case((Message.state.in_(WAITING), 1), else_=0)
    counted = (
        select(Message.subject_id, func.sum(is_waiting))
        .where(Message.subject_kind == "broadcast", Message.subject_id.in_(ids))
        .group_by(Message.subject_id)
    )
    return {row_id: int(count) for row_id, count in session.execute(counted)}


def _beginning(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_OF_TEXT else line[:SHOWN_OF_TEXT].rstrip() + "…"


def _people(count: int) -> str:
    return ngettext("%(num)s person", "%(num)s people", count)
