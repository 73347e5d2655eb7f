"""Which visits a private feed shows, and whose feed it is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from outreach.accounts import service as accounts
from outreach.accounts.models import Account, Membership
from outreach.actor import Actor, Kind
from outreach.calendars import rules
from outreach.calendars import service as calendars
from outreach.calendars.models import BUREAU, CalendarItem, FeedAddress
from outreach.calendars.service import Kept
from outreach.directory.models import Unit
from outreach.speakers.models import Speaker
from outreach.visits.models import Visit


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose feed it is: a speaker, the account of a liaison, or the membership of a coordinator."""

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
    if actor.kind is Kind.COORDINATOR and actor.membership_id is not None:
        return Owner("membership", actor.membership_id)
    raise ValueError("Only speakers, liaisons and coordinators have a feed.")


@dataclass(frozen=True, slots=True)
class Feed:
    """What a feed shows; `says_all` is False where no more than that there is a visit, and when."""

    items: Sequence[Kept]
    says_all: bool
    locale: str


def find(session: Session, token: str, *, now: datetime) -> Feed | None:
    """Return the feed with this token; None when there is no such feed any more."""
    found = calendars.find_address(session, token)
    if found is None:
        return None
    read = {"speaker": _of_speaker, "account": _of_liaison, "membership": _of_coordinator}
    items = read[found.owner_kind](session, found, now=now)
    if items is None:
        return None
    return Feed(items, found.detail == "full", _locale(session, found))


def file_item(session: Session, actor: Actor, visit: Visit) -> CalendarItem | None:
    """Return the entry of a visit that the actor may take as a file; None where there is none."""
    mine = owner(actor)
    kinds = {
        "speaker": ("speaker",),
        "account": ("account", "unit"),
        "membership": (BUREAU,),
    }[mine.kind]
    found = session.scalars(
        select(CalendarItem).where(
            CalendarItem.visit_id == visit.id,
            CalendarItem.owner_kind.in_(kinds),
            CalendarItem.cancelled_at.is_(None),
        )
    ).all()
    if mine.kind == "speaker":
        found = [item for item in found if item.owner_id == mine.id]
    own_first = sorted(
        found, key=lambda item: (item.owner_kind, item.owner_id) != (mine.kind, mine.id)
    )
    return own_first[0] if own_first else None


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


def _of_coordinator(session: Session, address: FeedAddress, *, now: datetime) -> list[Kept] | None:
    """Return the visits of the bureau, those without anyone too."""
    place = select(Membership.affiliate_id).join(Account, Account.id == Membership.account_id)
    affiliate_id = session.scalar(
        place.where(
            Membership.id == address.owner_id,
            Membership.kind == "coordinator",
            Account.disabled_at.is_(None),
            accounts.holds_at(now),
        )
    )
    if affiliate_id is None:
        return None
    its = (CalendarItem.owner_kind == BUREAU, CalendarItem.owner_id == affiliate_id)
    return _shown(session.execute(select(*calendars.FED).where(*its, *_window(now))), now=now)


def _locale(session: Session, address: FeedAddress) -> str:
    """Return the language of what a feed says where it does not say all."""
    if address.owner_kind == "speaker":
        return session.get_one(Speaker, address.owner_id).locale
    account = select(Account.locale)
    if address.owner_kind == "account":
        return session.scalars(account.where(Account.id == address.owner_id)).one()
    of = account.join(Membership, Membership.account_id == Account.id)
    return session.scalars(of.where(Membership.id == address.owner_id)).one()


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
