"""The outbox for many people at once: one statement, however many there are."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from outreach.messaging import service
from outreach.messaging.models import Consent, Message, NoteStop
from outreach.messaging.reasons import Reason
from outreach.messaging.service import NewMessage

MOST_ROWS: Final = 250
"""Of one INSERT: PostgreSQL takes 65,535 values in a statement, SQLite 32,766."""


def plan_new(session: Session, messages: Collection[NewMessage], *, now: datetime) -> None:
    """Put messages into the outbox whose subject is new, so that none can be there already.

    The `stop_id` among a message's values becomes its public id: the link that ends notes names it.

    Raises:
        ValueError: the kind does not exist on a channel, or a value is missing.
    """
    rows = [
        service.row_of(message, now=now) | {"public_id": message.values["stop_id"]}
        for message in messages
    ]
    for first in range(0, len(rows), MOST_ROWS):
        session.execute(insert(Message), rows[first : first + MOST_ROWS])


def agreed_among(session: Session, phones: Mapping[int, str]) -> set[int]:
    """Return which of these speakers the ledger allows to be texted, as `service.agreed` does.

    `phones` are their numbers by primary key. One query.
    """
    events = (
        select(Consent.phone, Consent.speaker_id, Consent.event)
        .where(Consent.phone.in_(set(phones.values())))
        .order_by(Consent.id)
    )
    last: dict[tuple[str, int | None], str] = {}
    for phone, speaker_id, event in session.execute(events):
        if event == "opt_in":
            last[phone, speaker_id] = event
        else:
            # A stop holds for everyone who shares the number.
            last = {key: said for key, said in last.items() if key[0] != phone}
    return {speaker_id for speaker_id, phone in phones.items() if (phone, speaker_id) in last}


def stopped_among(
    session: Session, affiliate_id: int, keys: Collection[tuple[str, int]]
) -> set[tuple[str, int]]:
    """Return which of these recipients (kind, primary key) want no notes. One query."""
    stopped = select(NoteStop.recipient_kind, NoteStop.recipient_id).where(
        NoteStop.affiliate_id == affiliate_id,
        NoteStop.recipient_id.in_({row_id for _kind, row_id in keys}),
    )
    return {(kind, row_id) for kind, row_id in session.execute(stopped)} & set(keys)


def take_back(session: Session, *, subject: tuple[str, int], now: datetime) -> int:
    """Take back what waits to be said about a row; return how many messages."""
    stop = service.cancelling(Reason.TAKEN_BACK, now=now).where(
        Message.subject_kind == subject[0], Message.subject_id == subject[1]
    )
    return len(session.scalars(stop, execution_options={"synchronize_session": False}).all())
