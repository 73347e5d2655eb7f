"""What a speaker has said of themselves, for their own eyes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import access
from outreach.actor import Actor
from outreach.directory.models import Hospital, Unit
from outreach.i18n import gettext as _
from outreach.messaging import service as messaging
from outreach.messaging.models import Consent
from outreach.reads import words
from outreach.speakers.models import Availability, Away, Exclusion, Speaker
from outreach.visits.rules import Hours


@dataclass(frozen=True, slots=True)
class Times:
    """When a speaker is free and when not."""

    spans: Sequence[tuple[int, time, time]]
    lines: Sequence[str]
    away: Sequence[Away]
    zone: str
    paused_until: date | None


@dataclass(frozen=True, slots=True)
class Texts:
    """Whether texts may be sent to the speaker's number, and since when."""

    agreed: bool
    at: datetime | None
    event: str


@dataclass(frozen=True, slots=True)
class Never:
    """A place never to be offered; `public_id` is the exclusion's."""

    public_id: str
    name: str


def me(session: Session, actor: Actor) -> Speaker:
    """Return the speaker who asks."""
    return session.scalars(access.scope(actor, Speaker)).one()


def times(session: Session, speaker: Speaker, *, now: datetime) -> Times:
    """Return the weekly pattern in order, the days away that are not over, and the pause."""
    today = now.astimezone(ZoneInfo(speaker.time_zone)).date()
    free = select(Availability).where(Availability.speaker_id == speaker.id)
    spans = [
        (row.weekday, row.starts, row.ends)
        for row in session.scalars(free.order_by(Availability.weekday, Availability.starts))
    ]
    gone = select(Away).where(Away.speaker_id == speaker.id, Away.ends_on >= today)
    is_paused = speaker.paused_until is not None and speaker.paused_until >= today
    return Times(
        spans=spans,
        lines=words.visiting_hours(Hours(*span) for span in spans),
        away=session.scalars(gone.order_by(Away.starts_on)).all(),
        zone=speaker.time_zone,
        paused_until=speaker.paused_until if is_paused else None,
    )


def texts(session: Session, speaker: Speaker) -> Texts:
    """Return how the ledger stands for the speaker's own number."""
    if speaker.phone is None:
        return Texts(agreed=False, at=None, event="")
    last = session.scalar(
        select(Consent)
        .where(Consent.phone == speaker.phone, Consent.speaker_id == speaker.id)
        .order_by(Consent.id.desc())
        .limit(1)
    )
    agreed = messaging.agreed(session, speaker.phone, speaker_id=speaker.id)
    return Texts(agreed=agreed, at=last.at if last else None, event=last.event if last else "")


def never(session: Session, speaker: Speaker) -> list[Never]:
    """Return the places never to be offered, by name. Only the speaker sees them."""
    rows = session.execute(
        select(Exclusion.public_id, Hospital.name, Unit.name, Unit.hospital_id)
        .outerjoin(Unit, Unit.id == Exclusion.unit_id)
        .outerjoin(Hospital, Hospital.id.in_((Exclusion.hospital_id, Unit.hospital_id)))
        .where(Exclusion.speaker_id == speaker.id)
    )
    found = [
        Never(public_id, f"{hospital}, {unit}" if unit else _all_of(hospital))
        for public_id, hospital, unit, _hospital_id in rows
    ]
    return sorted(found, key=lambda each: each.name)


def place_choices(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """Return the hospitals and units one may never want to be offered, as (public id, name)."""
    units = session.execute(
        access.scope(actor, Unit)
        .add_columns(Hospital.public_id, Hospital.name)
        .join(Hospital, Hospital.id == Unit.hospital_id)
        .where(Unit.archived_at.is_(None), Hospital.archived_at.is_(None))
        .order_by(Hospital.name, Unit.name)
    )
    found: dict[str, str] = {}
    for unit, hospital_id, hospital in units:
        found.setdefault(f"hospital-{hospital_id}", _all_of(hospital))
        found[f"unit-{unit.public_id}"] = f"{hospital}, {unit.name}"
    return list(found.items())


def _all_of(hospital: str) -> str:
    return _("All of %(hospital)s", hospital=hospital)
