"""What people are told: each function plans outbox rows in the transaction of the cause."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM, Actor
from outreach.directory.models import Affiliate, Hospital, Unit
from outreach.messaging import kinds, rules
from outreach.messaging import service as messaging
from outreach.messaging.rules import Window
from outreach.messaging.service import NewMessage
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Visit
from outreach.workflows import recipients
from outreach.workflows.recipients import Recipient

NEAR = timedelta(hours=24)
"""Within this time of a visit news of it does not wait for the morning (product.md, step 6)."""

NEWS = frozenset({"moved", "other_place", "called_off", "released"})
"""What somebody who means to come must hear in time. Questions and reminders let people sleep."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The row a message is about, at one revision: its kind, primary key and revision."""

    kind: str
    id: int
    revision: int


def about(visit: Visit) -> Cause:
    """Return a visit as the cause of a message."""
    return Cause("visit", visit.id, visit.revision)


def facts(session: Session, visit: Visit, *, to: Recipient) -> dict[str, Any]:
    """Return what a text about a visit may say to this person.

    Unit and hospital are there only for those who may see places.
    """
    told = {
        "visit_id": visit.public_id,
        "starts_at": visit.starts_at.isoformat(),
        "ends_at": visit.ends_at.isoformat(),
        "zone": visit.time_zone,
    }
    return told | (places(session, visit) if to.sees_places else {})


def places(session: Session, visit: Visit) -> dict[str, str]:
    """Return where a visit is, for those who may see places."""
    unit = session.get_one(Unit, visit.unit_id)
    hospital = session.get_one(Hospital, unit.hospital_id)
    return {"unit": unit.name, "hospital": hospital.name}


def own_page(session: Session, visit: Visit, *, to: Recipient) -> dict[str, str]:
    """Return what leads a speaker who comes to the visit's own page, where no one signs in.

    It is the page of the offer they said yes to; without one they sign in, and this is empty.
    """
    if to.kind != "speaker":
        return {}
    taken = (
        select(Offer.public_id, Speaker.public_id, Offer.expires_at)
        .join(Assignment, Assignment.offer_id == Offer.id)
        .join(Speaker, Speaker.id == Assignment.speaker_id)
        .where(Assignment.visit_id == visit.id, Assignment.speaker_id == to.id, Assignment.active)
    )
    row = session.execute(taken).one_or_none()
    return link_values(*row) if row else {}


def link_values(offer_id: str, speaker_id: str, expires_at: datetime) -> dict[str, str]:
    """Return what the texts derive an answer link from; the ids are public ids."""
    return {
        "offer_id": offer_id,
        "speaker_id": speaker_id,
        "expires_at": expires_at.isoformat(),
    }


def question(offer: Offer, speaker_id: str, *, role: str) -> dict[str, Any]:
    """Return what the question of an offer is made of; `speaker_id` is the public id."""
    return {
        **link_values(offer.public_id, speaker_id, offer.expires_at),
        "number": offer.number,
        "role": role,
        "distance_km": offer.distance_km,
    }


def tell(
    session: Session,
    to: Recipient,
    kind: str,
    *,
    visit: Visit,
    now: datetime,
    cause: Cause | None = None,
    values: Mapping[str, Any] | None = None,
    channels: tuple[str, ...] = ("mail",),
    send_after: datetime | None = None,
    expires_at: datetime | None = None,
    by: Actor = SYSTEM,
) -> None:
    """Plan a message about a visit on each of `channels`; text only to those who agreed to it.

    Who prefers calls is put on the coordinators' call list besides, and so is whom news within a
    day of the visit could not reach by text: no agreement to texts, or none to texts at night.

    `by` is who made the change it tells of, where that can be taken back: the others hear of it
    once it no longer can.
    """
    cause = cause or about(visit)
    told = {
        **facts(session, visit, to=to),
        **own_page(session, visit, to=to),
        **(values or {}),
    }
    near = _first_start(visit, told) - now <= NEAR
    if send_after is None:
        waits = not near and _may_be_undone(to, by=by)
        send_after = now + _undo_time(session, visit) if waits else now
    allowed = _allowed(session, to, channels)
    window = _window(session, visit.affiliate_id)
    if _needs_a_call(to, kind, asked=channels, allowed=allowed, near=near, window=window, now=now):
        allowed = (*allowed, kinds.CALL)
    for channel in allowed:
        message = NewMessage(
            kind=kind,
            channel=channel,
            affiliate_id=visit.affiliate_id,
            recipient_kind=to.kind,
            recipient_id=to.id,
            to_address=to.email if channel == kinds.MAIL else to.phone or "",
            to_name=to.name,
            locale=to.locale,
            subject=(cause.kind, cause.id, cause.revision),
            values=told,
            time_zone=to.time_zone,
            window=window,
            send_after=send_after,
            expires_at=expires_at or visit.ends_at,
            urgent=kind in NEWS and near and to.any_hour,
            spread=kind == "reminder",
        )
        messaging.plan(session, message, now=now)


def tell_liaison(
    session: Session,
    kind: str,
    *,
    visit: Visit,
    now: datetime,
    cause: Cause | None = None,
    values: Mapping[str, Any] | None = None,
) -> None:
    """Plan a mail to whoever asked for the visit, or to the ward's mailbox."""
    to = recipients.liaison(session, visit)
    if to is not None:
        tell(session, to, kind, visit=visit, cause=cause, values=values, now=now)


def forget(session: Session, cause: Cause, *, kinds: tuple[str, ...] = (), now: datetime) -> None:
    """Cancel what waits to be said about a row."""
    messaging.cancel(session, subject=(cause.kind, cause.id), kinds=kinds, now=now)


def forget_earlier(
    session: Session, cause: Cause, *, kinds: tuple[str, ...] = (), now: datetime
) -> None:
    """Cancel what waits to be said about earlier revisions of a row."""
    subject = (cause.kind, cause.id)
    messaging.cancel(session, subject=subject, kinds=kinds, before=cause.revision, now=now)


def may_be_texted(session: Session, to: Recipient) -> bool:
    """Say whether the person chose texts, has a number, and agreed in the ledger."""
    return to.by_text and has_agreed(session, to)


def has_agreed(session: Session, to: Recipient) -> bool:
    """Say whether the ledger allows texting the person: an answer to their own text, for one."""
    return bool(to.phone and messaging.agreed(session, to.phone, speaker_id=to.id))


def _needs_a_call(
    to: Recipient,
    kind: str,
    *,
    asked: tuple[str, ...],
    allowed: tuple[str, ...],
    near: bool,
    window: Window,
    now: datetime,
) -> bool:
    if to.kind != "speaker" or kinds.CALL not in kinds.KINDS[kind].channels:
        return False
    if to.by_call:
        # Of several reminders those are called that would be texts.
        return kind != "reminder" or kinds.SMS in asked
    if not (near and kind in NEWS):
        return False
    at_night = not rules.is_allowed(now, zone=to.time_zone, window=window)
    return kinds.SMS not in allowed or (at_night and not to.any_hour)


def _may_be_undone(to: Recipient, *, by: Actor) -> bool:
    """Say whether this person hears of what another did; who did it hears at once."""
    if by == SYSTEM:
        return False
    doer = {"speaker": by.speaker_id, "account": by.account_id}.get(to.kind)
    return doer != to.id


def _undo_time(session: Session, visit: Visit) -> timedelta:
    return timedelta(minutes=session.get_one(Affiliate, visit.affiliate_id).undo_minutes)


def _first_start(visit: Visit, told: Mapping[str, Any]) -> datetime:
    """Return when the person may set out: at the time the visit has, or at the one they know."""
    known = (told[name] for name in ("starts_at", "was") if name in told)
    return min(visit.starts_at, *map(datetime.fromisoformat, known))


def _window(session: Session, affiliate_id: int) -> Window:
    affiliate = session.get_one(Affiliate, affiliate_id)
    return rules.window(quiet_from=affiliate.quiet_from, quiet_until=affiliate.quiet_until)


def _allowed(session: Session, to: Recipient, channels: tuple[str, ...]) -> tuple[str, ...]:
    """Return the channels that may be used: mail stands in for a text that may not be sent."""
    if "sms" not in channels or may_be_texted(session, to):
        return channels
    return ("mail",)
