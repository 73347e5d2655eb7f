"""Visits by the day they are on: what the week and the month of every role draw.

Each role sees of a visit what its own list shows, and nothing else.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from outreach import access
from outreach.actor import Actor
from outreach.i18n import gettext as _
from outreach.reads import after_visit, agenda, board, units, words
from outreach.reads.agenda import VisitView
from outreach.reads.board import Filters
from outreach.reads.words import Status
from outreach.visits.models import Assignment, Slot, Visit

_A_DAY = timedelta(days=1)
"""More than any zone is ahead of or behind UTC, and little to read too much."""


@dataclass(frozen=True, slots=True)
class Span:
    """Whole days, from `begin` to the day before `end`."""

    begin: date
    end: date

    def holds(self, day: date) -> bool:
        """Say whether a day is one of them."""
        return self.begin <= day < self.end


@dataclass(frozen=True, slots=True, kw_only=True)
class DayVisit:
    """A visit in its day. `public_id` is what the reader's own page of it goes by.

    That is the visit's, or a speaker's assignment, or the offer where it is a question to them;
    `mark` then says so. `second` is a line under the place, `who` says who comes. All three may
    be empty.
    """

    public_id: str
    starts_at: datetime
    ends_at: datetime
    zone: str
    status: Status
    place: str
    second: str = ""
    who: str = ""
    mark: str = ""

    @property
    def day(self) -> date:
        """The day, where the visit is."""
        return self.starts_at.astimezone(ZoneInfo(self.zone)).date()


def of_bureau(
    session: Session, actor: Actor, filters: Filters, *, span: Span, now: datetime
) -> list[DayVisit]:
    """Return the visits of a coordinator's board, in order of time. Five queries.

    `filters.when` says nothing here: the days do.
    """
    wanted = board.narrowed(actor, filters).where(*_around(Visit.starts_at, span))
    rows = board.rows(session, wanted.order_by(Visit.starts_at, Visit.id), now=now)
    return _within(
        span,
        (
            DayVisit(
                public_id=row.public_id,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                zone=row.zone,
                status=row.status,
                place=row.hospital,
                second=row.unit,
                who=row.who_comes,
            )
            for row in rows
        ),
    )


def of_hospital(session: Session, actor: Actor, *, span: Span, now: datetime) -> list[DayVisit]:
    """Return the visits of a liaison's hospital, in order of time. At most seven queries."""
    wanted = access.scope(actor, Visit).where(*_around(Visit.starts_at, span))
    rows = board.rows(session, wanted.order_by(Visit.starts_at, Visit.id), now=now)
    told = after_visit.known(session, [row.id for row in rows if row.is_over])
    return _within(
        span,
        (
            DayVisit(
                public_id=row.public_id,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                zone=row.zone,
                status=units.how_it_stands(row, told[row.id], now=now),
                place=row.unit,
                who=words.names(row.who),
            )
            for row in rows
        ),
    )


def of_speaker(session: Session, speaker_id: int, *, span: Span, now: datetime) -> list[DayVisit]:
    """Return the visits a speaker has taken and what they are asked, in order of time.

    Of a visit that is only asked about the town is said, as beside the question. Six queries.
    """
    taken = (
        select(Assignment, Slot.role)
        .join(Slot, Slot.id == Assignment.slot_id)
        .where(
            Assignment.speaker_id == speaker_id,
            Assignment.active,
            *_around(Assignment.starts_at, span),
        )
    )
    going = session.execute(taken).all()
    asked = agenda.open_offers(session, speaker_id, now=now)
    roles = {offer.visit_id: role for offer, role in asked} | {a.visit_id: r for a, r in going}
    shown = agenda.views(session, roles, speaker_id=speaker_id)
    found = [_going(a.public_id, shown[a.visit_id], now=now) for a, _role in going]
    found += [
        _question(offer.public_id, shown[offer.visit_id], expires_at=offer.expires_at)
        for offer, _role in asked
    ]
    return _within(span, sorted(found, key=lambda each: (each.starts_at, each.public_id)))


def _going(public_id: str, visit: VisitView, *, now: datetime) -> DayVisit:
    if visit.called_off:
        status = Status("off", _("Called off"))
    elif visit.ends_at <= now:
        status = Status("off", _("Over"))
    else:
        status = Status("settled" if visit.is_full else "half", visit.company)
    return DayVisit(
        public_id=public_id,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        zone=visit.zone,
        status=status,
        place=visit.hospital,
        second=f"{visit.unit}, {_('by video')}" if visit.by_video else visit.unit,
    )


def _question(public_id: str, visit: VisitView, *, expires_at: datetime) -> DayVisit:
    until = agenda.part_of_day(expires_at, zone=visit.zone)
    return DayVisit(
        public_id=public_id,
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        zone=visit.zone,
        status=Status("waiting", _("We ask you; an answer helps by %(when)s", when=until)),
        place=visit.city,
        second=_("by video") if visit.by_video else "",
        mark=_("We ask you"),
    )


def _around(starts_at: InstrumentedAttribute[Any], span: Span) -> tuple[ColumnElement[bool], ...]:
    """Return the condition for what may begin on these days, whatever the hospital's zone is."""
    begin, end = (datetime.combine(day, time(), UTC) for day in (span.begin, span.end))
    return starts_at >= begin - _A_DAY, starts_at < end + _A_DAY


def _within(span: Span, found: Iterable[DayVisit]) -> list[DayVisit]:
    return [each for each in found if span.holds(each.day)]
