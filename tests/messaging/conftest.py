from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.db import Database
from outreach.messaging import service
from outreach.messaging.models import Message
from outreach.messaging.service import NewMessage
from tests import builders
from tests.builders import NOW, ZONE

MARIA = "+13135550101"
Plan = Callable[..., Message | None]


def new_message(**changes: Any) -> NewMessage:  # noqa: ANN401 - any field
    """Make a text to Maria about visit 1: called off, to be sent now."""
    fields: dict[str, Any] = {
        "kind": "called_off",
        "channel": "sms",
        "affiliate_id": None,
        "recipient_kind": "speaker",
        "recipient_id": 1,
        "to_address": MARIA,
        "subject": ("visit", 1, 1),
        "values": {
            "starts_at": "2026-12-08T15:00:00+00:00",
            "ends_at": "2026-12-08T16:00:00+00:00",
            "zone": ZONE,
        },
        "time_zone": ZONE,
        "send_after": NOW,
        "expires_at": NOW + timedelta(days=2),
    }
    return NewMessage(**(fields | changes))


@pytest.fixture
def planned(session: Session) -> Plan:
    """Plan messages and find them again."""

    def plan(*, now: datetime = NOW, **changes: Any) -> Message | None:  # noqa: ANN401 - any field
        message = new_message(**changes)
        if not service.plan(session, message, now=now):
            return None
        return session.query(Message).filter_by(dedupe_key=message.dedupe_key).one()

    return plan


@pytest.fixture
def affiliate_id(session: Session) -> int:
    return builders.affiliate(session).id


@pytest.fixture
def plan(database: Database) -> Callable[..., int]:
    """Plan a message in its own transaction; return its primary key."""

    def plan(recipient_id: int = 1, **changes: Any) -> int:  # noqa: ANN401 - any field
        message = new_message(recipient_id=recipient_id, **changes)
        with database.transaction() as session:
            service.plan(session, message, now=NOW)
            found = select(Message.id).where(Message.dedupe_key == message.dedupe_key)
            return session.scalars(found).one()

    return plan
