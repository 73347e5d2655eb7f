"""A mail to one recipient about something that is not a visit (those are planned by `notices`)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from outreach.messaging import service as messaging
from outreach.messaging.service import NewMessage
from outreach.workflows.recipients import Recipient


def plan(
    session: Session,
    to: Recipient,
    kind: str,
    *,
    about: tuple[str, int, int],
    values: Mapping[str, Any],
    affiliate_id: int | None = None,
    expires_at: datetime,
    now: datetime,
) -> bool:
    """Put a mail into the outbox that leaves at once, or not at all after `expires_at`.

    False when the same one is there already.

    `about` is its cause: table, primary key and revision. `affiliate_id` is whose coordinators see
    that it left; None for what is between a person and the service alone.
    """
    message = NewMessage(
        kind=kind,
        channel="mail",
        affiliate_id=affiliate_id,
        recipient_kind=to.kind,
        recipient_id=to.id,
        to_address=to.email,
        to_name=to.name,
        locale=to.locale,
        subject=about,
        values=values,
        time_zone=to.time_zone,
        send_after=now,
        expires_at=expires_at,
    )
    return messaging.plan(session, message, now=now)
