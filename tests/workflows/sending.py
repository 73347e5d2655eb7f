"""What the tests of sending share: planning, preparing, concluding as the worker does."""

from datetime import datetime, timedelta
from email import message_from_bytes, policy
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM
from outreach.messaging import outbox, service
from outreach.messaging.models import Message, MessageAttempt
from outreach.messaging.outbox import Claimed
from outreach.messaging.ports import Mail, Result
from outreach.messaging.service import NewMessage
from outreach.workflows import delivery, offers
from outreach.workflows.delivery import Post, Prepared, Skipped
from tests.builders import NOW, VISIT_AT, ZONE
from tests.workflows.conftest import LINKS, Bureau


def may_text(bureau: Bureau) -> None:
    """Let Maria have chosen texts and agreed to them."""
    bureau.maria.channel = "sms"
    agree(bureau.session, bureau.maria.phone or "", speaker_id=bureau.maria.id)


def agree(session: Session, phone: str, *, event: str = "opt_in", speaker_id: int) -> None:
    service.record_consent(
        session,
        phone=phone,
        event=event,
        source="form",
        actor=SYSTEM,
        speaker_id=speaker_id,
        now=NOW,
    )


def prepare(
    bureau: Bureau, post: Post, *, channel: str = "sms", now: datetime = NOW
) -> Prepared | Skipped:
    """Prepare the first message of a channel that is due."""
    (claimed,) = outbox.claim(bureau.session, channel=channel, now=now, limit=1)
    return delivery.prepare(bureau.session, claimed, post=post, now=now)


def told(bureau: Bureau) -> list[tuple[str, str, str, str]]:
    """Give every message: kind, channel, state, reason."""
    rows = bureau.session.scalars(
        select(Message).order_by(Message.id).execution_options(populate_existing=True)
    )
    return [(m.kind, m.channel, m.state, m.reason) for m in rows]


def plan(bureau: Bureau, *, kind: str, channel: str, **changes: Any) -> None:  # noqa: ANN401 - any field
    maria, visit = bureau.maria, bureau.visit
    about = {
        "starts_at": visit.starts_at.isoformat(),
        "ends_at": visit.ends_at.isoformat(),
        "was": visit.starts_at.isoformat(),
        "zone": visit.time_zone,
        "offer_id": "o",
        "speaker_id": "s",
        "expires_at": visit.starts_at.isoformat(),
        "number": 4312,
        "assignment_id": "a",
        "debrief_until": visit.ends_at.isoformat(),
        "text": "Bring your badge.",
        "text_es": "",
        "phone": "",
        "stop_id": "n",
        "change": "c",
    }
    fields: dict[str, Any] = {
        "kind": kind,
        "channel": channel,
        "affiliate_id": bureau.world.affiliate.id,
        "recipient_kind": "speaker",
        "recipient_id": maria.id,
        "to_address": maria.phone if channel == "sms" else maria.email,
        "to_name": maria.first_name,
        "subject": ("visit", visit.id, visit.revision),
        "time_zone": ZONE,
        "send_after": NOW,
        "expires_at": VISIT_AT,
        **changes,
        "values": about | changes.get("values", {}),
    }
    assert service.plan(bureau.session, NewMessage(**fields), now=NOW)


def book(bureau: Bureau) -> Any:  # noqa: ANN401 - an assignment
    """Let Maria say yes."""
    offer = bureau.ask(bureau.maria)
    return offers.accept(bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=NOW)


def prepare_kind(
    bureau: Bureau, post: Post, kind: str, *, now: datetime
) -> Prepared | Skipped | None:
    """Prepare Maria's first waiting message of a kind; None where there is none."""
    mine = select(Message).where(
        Message.kind == kind,
        Message.recipient_kind == "speaker",
        Message.recipient_id == bureau.maria.id,
        Message.state == "pending",
    )
    message = bureau.session.scalars(
        mine.order_by(Message.send_after).execution_options(populate_existing=True)
    ).first()
    if message is None:
        return None
    message.state, message.lease_token = "claimed", "mine"
    message.lease_until = now + timedelta(seconds=outbox.LEASE_S)
    bureau.session.flush()
    return delivery.prepare(bureau.session, Claimed(message.id, "mine"), post=post, now=now)


def mail_of(prepared: Prepared | Skipped | None) -> Any:  # noqa: ANN401 - an e-mail
    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.parcel, Mail)
    return message_from_bytes(prepared.parcel.raw, policy=policy.default)


def calendar_of(mail: Any) -> str:  # noqa: ANN401 - an e-mail
    (part,) = [p for p in mail.walk() if p.get_content_type() == "text/calendar"]
    return str(part.get_payload(decode=True).decode()).replace("\r\n ", "")


def uid_of(mail: Any) -> str:  # noqa: ANN401 - an e-mail
    return calendar_of(mail).partition("UID:")[2].partition("\r\n")[0]


def conclude(bureau: Bureau, post: Post, result: Result, *, now: datetime = NOW) -> None:
    prepared = prepare(bureau, post, now=now)
    assert isinstance(prepared, Prepared)
    delivery.conclude(bureau.session, prepared, result, post=post, now=now)


def said(bureau: Bureau, status: str, code: str, *, provider_id: str) -> None:
    attempt = bureau.session.scalars(
        select(MessageAttempt).where(MessageAttempt.provider_id == provider_id)
    ).one()
    delivery.provider_said(
        bureau.session,
        attempt=attempt.public_id,
        provider_id=provider_id,
        status=status,
        code=code,
        now=NOW,
    )
