"""Calendar rows and their files: one visit to keep, and the secret addresses of feeds."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from sqlalchemy import ColumnElement, Row, event, select, update
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.calendars import feed, rules, zones
from outreach.calendars.invite import (
    Answer,
    Cancellation,
    Entry,
    Invite,
    Question,
    calendar_of,
)
from outreach.calendars.models import CalendarItem, FeedAddress
from outreach.links import Links


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody a calendar names. The organizer is neutral: the service and its mailbox."""

    name: str
    email: str


Kept: TypeAlias = CalendarItem | Row[*tuple[Any, ...]]
"""A row as an object, or what a feed reads of one."""

FED: Final = (
    CalendarItem.visit_id,
    CalendarItem.owner_kind,
    CalendarItem.owner_id,
    CalendarItem.uid,
    CalendarItem.sequence,
    CalendarItem.stamped_at,
    CalendarItem.starts_at,
    CalendarItem.ends_at,
    CalendarItem.time_zone,
    CalendarItem.summary,
    CalendarItem.location,
    CalendarItem.description,
    CalendarItem.link,
    CalendarItem.cancelled_at,
    CalendarItem.tentative,
    CalendarItem.alarm_minutes,
    CalendarItem.vevent,
    CalendarItem.vevent_of,
)
"""What a feed reads of each row: a thousand objects would cost a third more than plain values."""

_ANY_ORGANIZER: Final = Person("", "nobody@example.invalid")
"""An entry has one; a row's text for feeds is the same whoever it is."""


def entry(
    item: Kept,
    *,
    organizer: Person,
    attendee: Person | None = None,
    answer: Answer = Answer.NEEDED,
) -> Entry:
    """Return a row as it stands: mails and files about it say the same, under the same UID.

    A published file names no attendee; the organizer is then in that place, and never written.
    `answer` is what the attendee of an invite is taken to have said. A row on its way into the
    database may not look yet as it will come out of it: without a sequence, or in another zone.
    The link is in the description too, for most programs show no other.
    """
    attendee = attendee or Person("", organizer.email)
    kind = _kind(item)
    shown = kind(
        uid=item.uid,
        sequence=item.sequence or 0,
        dtstamp=item.stamped_at.astimezone(UTC),
        starts_at=item.starts_at.astimezone(UTC),
        ends_at=item.ends_at.astimezone(UTC),
        time_zone=item.time_zone,
        summary=item.summary,
        location=item.location,
        description=f"{item.description}\n{item.link or ''}",
        url=item.link or "",
        organizer_name=organizer.name,
        organizer_email=organizer.email,
        attendee_name=attendee.name,
        attendee_email=attendee.email,
    )
    if not isinstance(shown, Invite):
        return shown
    return replace(shown, answer=answer, alarm_minutes=item.alarm_minutes)


def farewell(
    item: CalendarItem,
    *,
    organizer: Person,
    attendee: Person,
    sequence: int,
    stamped_at: datetime,
    starts_at: datetime,
    ends_at: datetime,
    summary: str,
) -> Cancellation:
    """Return what takes an entry out of a calendar that its owner has no more.

    The row itself stands, at a later `sequence`. The times are those that calendar knows.
    """
    return Cancellation(
        uid=item.uid,
        sequence=sequence,
        dtstamp=stamped_at.astimezone(UTC),
        starts_at=starts_at.astimezone(UTC),
        ends_at=ends_at.astimezone(UTC),
        time_zone=item.time_zone,
        summary=summary,
        organizer_name=organizer.name,
        organizer_email=organizer.email,
        attendee_name=attendee.name,
        attendee_email=attendee.email,
    )


def _kind(item: Kept) -> type[Entry]:
    if item.cancelled_at is not None:
        return Cancellation
    return Question if item.tentative else Invite


def single_file(item: CalendarItem, *, organizer: Person) -> bytes:
    """Return one visit as a file to open in a calendar; no client answers it by mail."""
    shown = calendar_of([entry(item, organizer=organizer)], method="PUBLISH", with_attendee=False)
    body: bytes = shown.to_ical()
    return body


def feed_file(items: Iterable[Kept], *, organizer: Person, summary: str = "") -> bytes:
    """Return the feed of these visits. The same rows give the same bytes.

    With a `summary` it says no more than that of each visit, and when it is.
    """
    pieces = [
        feed.Piece(
            item.starts_at,
            item.uid,
            feed.without_details(_text(item), summary=summary) if summary else _text(item),
        )
        for item in items
    ]
    return feed.join(pieces, name=organizer.name, organizer_email=organizer.email)


@event.listens_for(CalendarItem, "before_insert")
@event.listens_for(CalendarItem, "before_update")
def keep_text(_mapper: object, _connection: object, item: CalendarItem) -> None:
    """Make a row's text for feeds anew in the statement that changes the row."""
    if not _is_up_to_date(item):
        item.vevent, item.vevent_of = _rendered(item), _made_of(item)


def out_of_date(session: Session, *, now: datetime) -> list[int]:
    """Return the rows in the feeds' window whose text is of another state or age, or is missing."""
    earliest_end, latest_start = rules.feed_window(now)
    shown = select(CalendarItem.id, *FED).where(
        CalendarItem.ends_at >= earliest_end, CalendarItem.starts_at <= latest_start
    )
    return [row.id for row in session.execute(shown) if not _is_up_to_date(row)]


def renew(session: Session, ids: Sequence[int]) -> None:
    """Make the texts of these rows anew."""
    for item in session.scalars(select(CalendarItem).where(CalendarItem.id.in_(ids))):
        keep_text(None, None, item)


def _text(item: Kept) -> str:
    """Return the row as feeds hold it; made now where what is kept cannot be used."""
    kept: str | None = item.vevent
    return kept if kept is not None and _is_up_to_date(item) else _rendered(item)


def _is_up_to_date(item: Kept) -> bool:
    return item.vevent is not None and item.vevent_of == _made_of(item)


def _rendered(item: Kept) -> str:
    return feed.render(entry(item, organizer=_ANY_ORGANIZER))


def _made_of(item: Kept) -> str:
    """Return a mark of everything a row's text depends on."""
    parts = (
        feed.EDITION,
        zones.edition(item.time_zone),
        item.uid,
        item.sequence or 0,
        item.cancelled_at is None,
        bool(item.tentative),
        item.alarm_minutes,
        item.stamped_at.timestamp(),
        item.starts_at.timestamp(),
        item.ends_at.timestamp(),
        item.time_zone,
        item.summary,
        item.location,
        item.description,
        item.link or "",
    )
    return hashlib.sha256(repr(parts).encode(errors="replace")).hexdigest()[:32]


def address(session: Session, *, owner_kind: str, owner_id: int) -> FeedAddress | None:
    """Return the address of a person's feed that works now."""
    mine = _live(owner_kind, owner_id)
    return session.scalars(
        select(FeedAddress).where(*mine).order_by(FeedAddress.id.desc()).limit(1)
    ).one_or_none()


def find_address(session: Session, token: str) -> FeedAddress | None:
    """Return the feed this token opens; None when there is none, or it was revoked."""
    known = select(FeedAddress).where(
        FeedAddress.token_hash == crypto.digest(token), FeedAddress.revoked_at.is_(None)
    )
    return session.scalars(known).one_or_none()


def issue(
    session: Session,
    *,
    owner_kind: str,
    owner_id: int,
    detail: str = "full",
    links: Links,
    now: datetime,
) -> FeedAddress:
    """Give a person a new feed address; every earlier one stops working."""
    revoke(session, owner_kind=owner_kind, owner_id=owner_id, now=now)
    public_id = crypto.public_id()
    made = FeedAddress(
        public_id=public_id,
        owner_kind=owner_kind,
        owner_id=owner_id,
        token_hash=crypto.digest(links.feed_token(public_id)),
        detail=detail,
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def revoke(session: Session, *, owner_kind: str, owner_id: int, now: datetime) -> int:
    """Make every feed address of a person stop working; return how many there were."""
    stop = (
        update(FeedAddress)
        .where(*_live(owner_kind, owner_id))
        .values(revoked_at=now)
        .returning(FeedAddress.id)
    )
    return len(session.scalars(stop).all())


def _live(owner_kind: str, owner_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        FeedAddress.owner_kind == owner_kind,
        FeedAddress.owner_id == owner_id,
        FeedAddress.revoked_at.is_(None),
    )
