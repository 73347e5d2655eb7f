"""Calendars follow the rows: after any change of a visit or its people, `sync` makes them right."""

import uuid
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import literal, or_, select, update
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM, Actor
from outreach.calendars import rules
from outreach.calendars.models import BUREAU, CalendarItem
from outreach.calendars.rules import Revision
from outreach.links import Links
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Visit
from outreach.workflows import entries, notices, recipients
from outreach.workflows import invite_mails as mails
from outreach.workflows.entries import Shown
from outreach.workflows.notices import Cause
from outreach.workflows.recipients import Recipient


def sync(
    session: Session,
    visit: Visit,
    *,
    links: Links,
    by: Actor = SYSTEM,
    taken_back: bool = False,
    now: datetime,
) -> None:
    """Make every calendar show this visit as it is now, mailing only what a person sees change.

    Whoever comes has an item, so has the ward once somebody comes, and who is asked if they chose
    so; whoever no longer comes or is asked gets one cancellation. Unchanged items mail nothing.
    `by` is who made the change, as in `notices.tell`. With `taken_back` an entry that has reached
    nobody yet ends with its cause.
    """
    items = session.scalars(select(CalendarItem).where(CalendarItem.visit_id == visit.id)).all()
    known = {(item.owner_kind, item.owner_id): item for item in items}
    kept = {
        key
        for key, item in known.items()
        if not taken_back or mails.left(session, item) is not None
    }
    wanted = {to.key: (to, shown) for to, shown in entries.wanted(session, visit, known=kept)}
    for to, entry in wanted.values():
        before = known.get(to.key)
        _show(
            session,
            before,
            to,
            entry,
            agrees=not (before and taken_back),
            visit=visit,
            links=links,
            by=by,
            now=now,
        )
    for key, item in known.items():
        if key not in wanted and item.cancelled_at is None:
            _cancel(session, item, visit=visit, by=by, now=now)


def not_entered(session: Session, *, now: datetime, most: int) -> list[int]:
    """Return visits to come that coordinators' feeds lack, the next first."""
    entered = (
        select(CalendarItem.id)
        .where(CalendarItem.visit_id == Visit.id, CalendarItem.owner_kind == BUREAU)
        .exists()
    )
    lacking = select(Visit.id).where(Visit.ends_at > now, Visit.called_off_at.is_(None), ~entered)
    return list(session.scalars(lacking.order_by(Visit.starts_at, Visit.id).limit(most)))


def lead_to(session: Session, links: Links, *, now: datetime) -> int:
    """Have the entries that feeds show lead to their visits under our address of today.

    Those from before entries had a link, or from another public address. Mails nothing.
    """
    earliest_end, latest_start = rules.feed_window(now)
    visit_id = select(Visit.public_id).where(Visit.id == CalendarItem.visit_id).scalar_subquery()
    page = literal(links.visit("")) + visit_id
    led = (
        update(CalendarItem)
        .where(
            CalendarItem.ends_at >= earliest_end,
            CalendarItem.starts_at <= latest_start,
            CalendarItem.link != page,
        )
        .values(link=page)
        .returning(CalendarItem.id)
    )
    return len(session.scalars(led).all())


def sync_questions(
    session: Session,
    visit: Visit,
    offers: Iterable[Offer],
    *,
    links: Links,
    by: Actor = SYSTEM,
    now: datetime,
) -> None:
    """Do as `sync` where one of these offers is to be, or was, a question in a calendar."""
    in_a_calendar = (
        select(CalendarItem.id)
        .where(
            CalendarItem.visit_id == visit.id,
            CalendarItem.owner_kind == "speaker",
            CalendarItem.owner_id == Speaker.id,
            CalendarItem.tentative,
            CalendarItem.cancelled_at.is_(None),
        )
        .exists()
    )
    concerned = select(Speaker.id).where(
        Speaker.id.in_({offer.speaker_id for offer in offers}),
        or_(Speaker.asked_by_calendar, in_a_calendar),
    )
    if session.scalar(concerned.limit(1)) is not None:
        sync(session, visit, links=links, by=by, now=now)


def hide_places(session: Session, speaker: Speaker, *, now: datetime) -> None:
    """Take the places out of what is over or off, which feeds show for a while. Mails nothing."""
    earliest_end, _latest_start = rules.feed_window(now)
    shown = select(CalendarItem).where(
        CalendarItem.owner_kind == "speaker",
        CalendarItem.owner_id == speaker.id,
        CalendarItem.ends_at >= earliest_end,
    )
    hidden = entries.without_place(speaker.locale)
    for item in session.scalars(shown):
        if item.cancelled_at is not None or item.starts_at <= now:
            item.summary, item.location = hidden.summary, hidden.location
            item.description = hidden.description
    session.flush()


def asks_by_mail(speaker: Speaker) -> bool:
    """Say whether the question of an offer comes as a calendar's mail, in place of a plain one."""
    return speaker.asked_by_calendar and speaker.calendar != "feed"


def reaches(session: Session, visit: Visit, to: Recipient) -> bool:
    """Say whether a change of this visit reaches the person as a calendar mail.

    Only where an invite has left: a change of one that waits would be no news to its reader.
    """
    item = _live_item(session, visit, to)
    return item is not None and mails.mailed(session, item, to) is not None


def has_entry(session: Session, visit: Visit, to: Recipient) -> bool:
    """Say whether the visit is, or is about to be, in the person's calendar."""
    return _live_item(session, visit, to) is not None


def right_since(session: Session, item: CalendarItem) -> int:
    """Return the sequence from which on a calendar shows the entry as it is.

    It is lower than the entry's own after a change that was taken back before anybody was told.
    """
    known = mails.left(session, item)
    if known is None or not mails.still_says(known, item):
        return item.sequence
    return known.subject_revision


def confirm(
    session: Session,
    assignment: Assignment,
    visit: Visit,
    *,
    via: str,
    by: Actor = SYSTEM,
    now: datetime,
) -> None:
    """Tell a speaker that the visit is theirs, unless an invite or the answer to a text says so."""
    to = recipients.speaker_by_id(session, assignment.speaker_id)
    is_answered = via == "sms" and notices.has_agreed(session, to)
    item = _live_item(session, visit, to)
    if is_answered or (item is not None and mails.goes_by_mail(session, item, to)):
        return
    cause = Cause("assignment", assignment.id, visit.revision)
    notices.tell(
        session,
        to,
        "confirmed",
        visit=visit,
        cause=cause,
        channels=("sms",),
        expires_at=visit.starts_at,
        by=by,
        now=now,
    )


def _show(
    session: Session,
    item: CalendarItem | None,
    to: Recipient,
    shown: Shown,
    *,
    agrees: bool,
    visit: Visit,
    links: Links,
    by: Actor,
    now: datetime,
) -> None:
    """Make an entry show this; with `agrees` one that begins to stand follows a yes."""
    mark = rules.fingerprint(
        cancelled=False,
        tentative=shown.tentative,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        time_zone=visit.time_zone,
        summary=shown.summary,
        location=shown.location,
        description=shown.description,
        attendee_email=to.email,
    )
    revision = rules.next_revision(_revision(item), fingerprint=mark, now=now)
    if revision is None:
        if item is not None:
            # No news to mail; feeds follow.
            item.alarm_minutes, item.link = to.alarm_minutes, links.visit(visit.public_id)
            mails.invite_late(session, item, to, visit=visit, by=by, now=now)
        return
    begins = item is None or item.cancelled_at is not None or item.tentative
    kind = "invite" if item is None or item.cancelled_at else "invite_update"
    if item is not None:
        revision = mails.leave_mailbox(session, item, to, visit=visit, revision=revision, now=now)
    else:
        uid = f"visit-{uuid.uuid4()}@{links.host}"
        item = CalendarItem(uid=uid, visit_id=visit.id, owner_kind=to.kind, owner_id=to.id)
        session.add(item)
    item.starts_at, item.ends_at, item.time_zone = visit.starts_at, visit.ends_at, visit.time_zone
    item.summary, item.location, item.description = shown.summary, shown.location, shown.description
    item.cancelled_at, item.tentative = None, shown.tentative
    item.alarm_minutes, item.link = to.alarm_minutes, links.visit(visit.public_id)
    if begins and agrees and not item.tentative:
        item.agreed_to = mails.time_and_place(item)
    mails.tell(
        session, item, to, kind, asks=shown.asks, revision=revision, visit=visit, by=by, now=now
    )


def _cancel(
    session: Session, item: CalendarItem, *, visit: Visit, by: Actor, now: datetime
) -> None:
    to = recipients.owner(session, item.owner_kind, item.owner_id, visit=visit)
    mark = rules.fingerprint(
        cancelled=True,
        starts_at=item.starts_at,
        ends_at=item.ends_at,
        time_zone=item.time_zone,
        summary=item.summary,
        location=item.location,
        description=item.description,
        attendee_email=to.email if to else "",
    )
    revision = rules.next_revision(_revision(item), fingerprint=mark, now=now)
    if revision is None:
        return
    if to is None:
        mails.leave_mailbox(session, item, to, visit=visit, revision=revision, now=now)
    item.cancelled_at = now
    mails.tell(session, item, to, "invite_cancel", revision=revision, visit=visit, by=by, now=now)


def _revision(item: CalendarItem | None) -> Revision | None:
    if item is None:
        return None
    return Revision(sequence=item.sequence, dtstamp=item.stamped_at, fingerprint=item.fingerprint)


def _live_item(session: Session, visit: Visit, to: Recipient) -> CalendarItem | None:
    return session.scalar(
        select(CalendarItem).where(
            CalendarItem.visit_id == visit.id,
            CalendarItem.owner_kind == to.kind,
            CalendarItem.owner_id == to.id,
            CalendarItem.cancelled_at.is_(None),
        )
    )
