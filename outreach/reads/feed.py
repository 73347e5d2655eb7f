"""Which visits a private feed shows, and whose feed it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from outreach.accounts import service as accounts
from outreach.accounts.models import Account, Membership
from outreach.actor import Actor
from outreach.calendars import rules
from outreach.calendars import service as calendars
from outreach.calendars.models import CalendarItem, FeedAddress
from outreach.calendars.service import Kept
from outreach.directory.models import Unit
from outreach.speakers.models import Speaker
from outreach.visits.models import Visit


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose feed it is, as calendars keep it: a speaker, or the account of a liaison."""

    kind: str
    id: int


def owner(actor: Actor) -> Owner:
    """Return whose feed the actor's own is.

    Raises:
        ValueError: the actor is nobody who has a feed.
    """
    if actor.speaker_id is not None:
        return Owner("speaker", actor.speaker_id)
    if actor.account_id is not None and actor.hospital_id is not None:
        return Owner("account", actor.account_id)
    raise ValueError("Only speakers and liaisons have a feed.")


def items(session: Session, token: str, *, now: datetime) -> list[Kept] | None:
    """Return what the feed with this token shows; None when there is no such feed any more."""
    found = calendars.find_address(session, token)
    if found is None:
        return None
    if found.owner_kind == "speaker":
        return _of_speaker(session, found, now=now)
    return _of_liaison(session, found, now=now)


def _of_speaker(session: Session, address: FeedAddress, *, now: datetime) -> list[Kept] | None:
    disabled = (
        select(Membership.id)
        .join(Account, Account.id == Membership.account_id)
        .where(Membership.speaker_id == Speaker.id, Account.disabled_at.is_not(None))
    )
    allowed = select(Speaker.id).where(
        Speaker.id == address.owner_id, Speaker.archived_at.is_(None), ~disabled.exists()
    )
    if session.scalar(allowed) is None:
        return None
    mine = (CalendarItem.owner_kind == "speaker", CalendarItem.owner_id == address.owner_id)
    return _shown(session.execute(select(*calendars.FED).where(*mine, *_window(now))), now=now)


def _of_liaison(session: Session, address: FeedAddress, *, now: datetime) -> list[Kept] | None:
    """Return the visits of the liaison's hospitals: the own entry of each, else a colleague's.

    A visit without anyone is in nobody's calendar yet.
    """
    places = select(Membership.hospital_id).join(Account, Account.id == Membership.account_id)
    hospitals = session.scalars(
        places.where(
            Account.id == address.owner_id,
            Account.disabled_at.is_(None),
            Membership.kind == "liaison",
            accounts.holds_at(now),
        )
    ).all()
    if not hospitals:
        return None
    of_the_ward = (
        select(*calendars.FED)
        .join(Visit, Visit.id == CalendarItem.visit_id)
        .join(Unit, Unit.id == Visit.unit_id)
        .where(
            Unit.hospital_id.in_(hospitals),
            CalendarItem.owner_kind.in_(("account", "unit")),
            *_window(now),
        )
    )
    best: dict[int, Kept] = {}
    for item in session.execute(of_the_ward.order_by(CalendarItem.id)):
        known = best.get(item.visit_id)
        if known is None or _rank(item, address) >= _rank(known, address):
            best[item.visit_id] = item
    return _shown(best.values(), now=now)


def _rank(item: Kept, address: FeedAddress) -> tuple[bool, bool]:
    """Order the entries of one visit: those that stand first, then the liaison's own."""
    mine = (item.owner_kind, item.owner_id) == (address.owner_kind, address.owner_id)
    return (item.cancelled_at is None, mine)


def _window(now: datetime) -> tuple[ColumnElement[bool], ...]:
    earliest_end, latest_start = rules.feed_window(now)
    return (and_(CalendarItem.ends_at >= earliest_end, CalendarItem.starts_at <= latest_start),)


def _shown(found: Iterable[Kept], *, now: datetime) -> list[Kept]:
    return [
        item
        for item in found
        if rules.belongs_in_feed(
            starts_at=item.starts_at,
            ends_at=item.ends_at,
            cancelled_at=item.cancelled_at,
            now=now,
        )
    ]
