"""The coordinators' morning mail: what happened since the last one, and how much waits.

In place of a mail for every change; late trouble alone does not wait (`workflows.trouble`).
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from outreach.actor import Actor, Kind
from outreach.directory.models import Affiliate
from outreach.messaging import rules
from outreach.messaging.models import Message
from outreach.reads import today
from outreach.visits.models import Assignment, Offer, Visit, VisitRequest
from outreach.workflows import mails, recipients
from outreach.workflows.recipients import Recipient

KIND: Final = "digest"
MORNING: Final = time(8)
EVENING: Final = time(20)
"""What has not left by then is overtaken by the next morning's."""

AT_EIGHT: Final = timedelta(hours=1)
"""Up to then what only waits is worth a mail; what begins to wait later is on Today anyway."""

AT_MOST: Final = timedelta(days=7)
"""How far back a digest looks where none was sent for a while."""


def plan_due(session: Session, *, now: datetime) -> int:
    """Plan today's digests of the affiliates where it is morning; return how many mails.

    Planning the same day again changes nothing. Two queries for an affiliate that has its own.
    """
    planned = 0
    for affiliate in session.scalars(select(Affiliate).order_by(Affiliate.id)).all():
        day = now.astimezone(ZoneInfo(affiliate.time_zone)).date()
        opens = _at(day, MORNING, zone=affiliate.time_zone)
        closes = _at(day, EVENING, zone=affiliate.time_zone)
        if opens <= now < closes and not _is_planned(session, affiliate, day):
            planned += _plan(session, affiliate, day=day, until=opens, closes=closes, now=now)
    return planned


def _plan(
    session: Session,
    affiliate: Affiliate,
    *,
    day: date,
    until: datetime,
    closes: datetime,
    now: datetime,
) -> int:
    coordinators = recipients.coordinators(session, affiliate.id, now=now)
    people = [to for to in coordinators if to.morning_mail]
    if not people:
        return 0
    counts = _counts(session, affiliate, since=_since(session, affiliate, until), until=until)
    has_news = any(counts.values())
    if not has_news and now >= until + AT_EIGHT:
        return 0
    planned = 0
    for to in people:
        waiting = today.count(session, _actor(to, affiliate), now=now)
        if not waiting and not has_news:
            continue
        planned += mails.plan(
            session,
            to,
            KIND,
            about=("affiliate", affiliate.id, day.toordinal()),
            values={**counts, "waiting": waiting, "day": day.isoformat()},
            affiliate_id=affiliate.id,
            expires_at=closes,
            now=now,
        )
    return planned


def _counts(
    session: Session, affiliate: Affiliate, *, since: datetime, until: datetime
) -> dict[str, int]:
    """Count what happened from `since` on, up to `until`."""
    offered = select(func.count()).select_from(Offer).join(Visit, Visit.id == Offer.visit_id)
    taken = (
        select(func.count()).select_from(Assignment).join(Visit, Visit.id == Assignment.visit_id)
    )
    refused, lapsed = Offer.state == "not_this_time", Offer.state == "lapsed"
    wanted: Mapping[str, Select[int]] = {
        "asked_for": select(func.count()).where(
            VisitRequest.affiliate_id == affiliate.id,
            VisitRequest.created_at >= since,
            VisitRequest.created_at < until,
        ),
        "yes": taken.where(Assignment.created_at >= since, Assignment.created_at < until),
        "no": offered.where(refused, Offer.answered_at >= since, Offer.answered_at < until),
        "silent": offered.where(lapsed, Offer.expires_at >= since, Offer.expires_at < until),
        "stepped_back": taken.where(
            Assignment.ended_because == "cannot_come",
            Assignment.ended_at >= since,
            Assignment.ended_at < until,
        ),
        "called_off": select(func.count()).where(
            Visit.affiliate_id == affiliate.id,
            Visit.called_off_at >= since,
            Visit.called_off_at < until,
        ),
    }
    of_visits = {"yes", "no", "silent", "stepped_back"}
    return {
        name: session.scalar(
            query.where(Visit.affiliate_id == affiliate.id) if name in of_visits else query
        )
        or 0
        for name, query in wanted.items()
    }


def _since(session: Session, affiliate: Affiliate, until: datetime) -> datetime:
    """Return when the last digest ended: at eight on its day."""
    last = session.scalar(
        select(func.max(Message.subject_revision)).where(
            Message.subject_kind == "affiliate",
            Message.subject_id == affiliate.id,
            Message.kind == KIND,
        )
    )
    if last is None:
        return until - timedelta(days=1)
    ended = _at(date.fromordinal(last), MORNING, zone=affiliate.time_zone)
    return max(ended, until - AT_MOST)


def _is_planned(session: Session, affiliate: Affiliate, day: date) -> bool:
    planned = select(Message.id).where(
        Message.subject_kind == "affiliate",
        Message.subject_id == affiliate.id,
        Message.kind == KIND,
        Message.subject_revision == day.toordinal(),
    )
    return session.scalar(planned.limit(1)) is not None


def _actor(to: Recipient, affiliate: Affiliate) -> Actor:
    return Actor(Kind.COORDINATOR, account_id=to.id, affiliate_id=affiliate.id)


def _at(day: date, at: time, *, zone: str) -> datetime:
    return rules.instant(datetime.combine(day, at), zone=zone)
