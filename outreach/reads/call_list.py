"""Whom a coordinator is asked to call: the number, what to say, and by when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Select
from sqlalchemy.orm import Session

from outreach import access, i18n, phone
from outreach.actor import Actor
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.messaging import kinds
from outreach.messaging.models import Message
from outreach.speakers.models import Speaker

MOST: Final = 100

_SAY: Final = {
    "offer": lazy("Ask whether %(name)s can visit on %(when)s."),
    "moved": lazy("Say that the visit of %(was)s is now on %(when)s."),
    "other_place": lazy(
        "Say that the address of the visit on %(when)s has changed. The visit’s page has it."
    ),
    "called_off": lazy("Say that the visit on %(when)s is called off. %(name)s need not go."),
    "released": lazy(
        "Say that the visit of %(was)s has moved, to a time when %(name)s has another one. "
        "%(name)s need not go."
    ),
    "on_again": lazy("Say that the visit on %(when)s takes place after all."),
    "note": lazy("Tell %(name)s: “%(text)s”"),
    "reminder": lazy("Remind %(name)s of the visit on %(when)s."),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call to make. `tried` counts those nobody answered; `visit_id` is a public id."""

    public_id: str
    name: str
    speaker_id: str
    number: str
    dial: str
    say: str
    until: datetime
    zone: str
    tried: int
    visit_id: str
    is_question: bool


def waiting(actor: Actor, *, now: datetime) -> Select[Message]:
    """Select the calls that are due, the most pressing first."""
    return (
        access.scope(actor, Message)
        .where(
            Message.channel == kinds.CALL,
            Message.state == "pending",
            Message.send_after <= now,
            Message.expires_at > now,
        )
        .order_by(Message.expires_at, Message.id)
    )


def calls(session: Session, actor: Actor, *, now: datetime) -> Sequence[Call]:
    """Return the calls to make, at most a hundred."""
    rows = (
        waiting(actor, now=now)
        .add_columns(Speaker)
        .join(Speaker, Speaker.id == Message.recipient_id)
        .limit(MOST)
    )
    return [_call(message, speaker) for message, speaker in session.execute(rows)]


def _note(message: Message) -> str:
    """Return a note's words in the language of whoever is called; "" for another message."""
    told = message.values
    spanish = told.get("text_es") if message.locale == "es" else ""
    return " ".join((spanish or told.get("text", "")).split())


def _call(message: Message, speaker: Speaker) -> Call:
    told = message.values
    instants = {
        name: i18n.when(datetime.fromisoformat(told[key]), zone=told["zone"])
        for name, key in {"when": "starts_at", "was": "was"}.items()
        if key in told
    }
    return Call(
        public_id=message.public_id,
        name=f"{speaker.first_name} {speaker.last_name}",
        speaker_id=speaker.public_id,
        number=phone.display(speaker.phone) if speaker.phone else speaker.email,
        dial=speaker.phone or "",
        say=_(_SAY[message.kind], name=speaker.first_name, text=_note(message), **instants),
        until=message.expires_at,
        zone=message.time_zone,
        tried=message.attempts,
        visit_id=told.get("visit_id", ""),
        is_question=message.kind == "offer",
    )
