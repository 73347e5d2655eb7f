"""Own wordings as rows: which is in force, and what there was before."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from outreach.messaging.models import OwnWording

Place = tuple[str, str, str]
"""Kind, channel, language."""


def in_force(session: Session, affiliate_id: int, place: Place) -> OwnWording | None:
    """Return the affiliate's wording of a message; None where it is ours."""
    newest = _of(affiliate_id, place).order_by(OwnWording.id.desc()).limit(1)
    row = session.scalar(newest)
    return row if row is not None and row.text else None


def all_in_force(session: Session, affiliate_id: int) -> dict[Place, OwnWording]:
    """Return every wording of the affiliate that is in force. One query."""
    newest = (
        select(func.max(OwnWording.id))
        .where(OwnWording.affiliate_id == affiliate_id)
        .group_by(OwnWording.kind, OwnWording.channel, OwnWording.locale)
    )
    rows = session.scalars(select(OwnWording).where(OwnWording.id.in_(newest)))
    return {(row.kind, row.channel, row.locale): row for row in rows if row.text}


def history(
    session: Session, affiliate_id: int, place: Place, *, most: int = 10
) -> Sequence[OwnWording]:
    """Return what was in force until now, the latest first."""
    latest = _of(affiliate_id, place).order_by(OwnWording.id.desc()).limit(most)
    return session.scalars(latest).all()


def add(
    session: Session,
    affiliate_id: int,
    place: Place,
    *,
    text: str,
    account_id: int | None,
    now: datetime,
) -> OwnWording:
    """Put a wording in force, or ours again where `text` is empty."""
    kind, channel, locale = place
    row = OwnWording(
        affiliate_id=affiliate_id,
        kind=kind,
        channel=channel,
        locale=locale,
        text=text,
        written_by_id=account_id,
        written_at=now,
    )
    session.add(row)
    session.flush()
    return row


def _of(affiliate_id: int, place: Place) -> Select[OwnWording]:
    kind, channel, locale = place
    return select(OwnWording).where(
        OwnWording.affiliate_id == affiliate_id,
        OwnWording.kind == kind,
        OwnWording.channel == channel,
        OwnWording.locale == locale,
    )
