"""How visits are shared out: what each speaker made lately, and what is to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from outreach.actor import Actor
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment

RECENT = timedelta(days=90)
MONTHS = 3
"""Months in 90 days: so often does the limit a speaker chose for one month count."""

DRAWN = 40
"""More bars are no picture any more; the table has everybody."""

_STEPS = (1, 2, 3, 5, *(n * 10**power for power in range(1, 6) for n in (1, 2, 5)))
_MOST_LINES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """One speaker: visits of the last 90 days, those to come, and the most they chose for 90 days.

    `short` is the name beside a bar, where a phone has little room.
    """

    public_id: str
    name: str
    short: str
    done: int
    planned: int
    limit: int

    @property
    def together(self) -> int:
        """What was made and what is to come."""
        return self.done + self.planned


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """The loads to draw, most first, and the lines of the scale; all lie from 0 to `highest`."""

    rows: Sequence[Load]
    lines: Sequence[int]

    @property
    def highest(self) -> int:
        """Where the scale ends."""
        return self.lines[-1]


def loads(session: Session, actor: Actor, *, now: datetime) -> list[Load]:
    """Return every active speaker of the affiliate, most visits first. One query."""
    lately = Assignment.starts_at.between(now - RECENT, now)
    counted = (
        select(
            Assignment.speaker_id,
            func.count(case((lately, Assignment.id))).label("done"),
            func.count(case((Assignment.starts_at > now, Assignment.id))).label("planned"),
        )
        .where(Assignment.active, Assignment.starts_at >= now - RECENT)
        .group_by(Assignment.speaker_id)
        .subquery()
    )
    found = (
        select(
            Speaker.public_id,
            Speaker.first_name,
            Speaker.last_name,
            Speaker.quota_per_month,
            func.coalesce(counted.c.done, 0),
            func.coalesce(counted.c.planned, 0),
        )
        .outerjoin(counted, counted.c.speaker_id == Speaker.id)
        .where(Speaker.affiliate_id == actor.affiliate_id, Speaker.archived_at.is_(None))
    )
    rows = [
        Load(
            public_id=public_id,
            name=f"{first} {last}",
            short=f"{first} {last[:1]}.",
            done=done,
            planned=planned,
            limit=quota * MONTHS,
        )
        for public_id, first, last, quota, done, planned in session.execute(found)
    ]
    return sorted(rows, key=lambda row: (-row.together, row.name, row.public_id))


def plot(rows: Sequence[Load]) -> Plot:
    """Return what is drawn of these loads. A limit far above everyone's visits is left out."""
    drawn = rows[:DRAWN]
    return Plot(rows=drawn, lines=scale(max((row.together for row in drawn), default=0)))


def scale(most: int) -> tuple[int, ...]:
    """Return the lines of a scale from 0 to above the longest bar, a few round numbers apart."""
    step = next((each for each in _STEPS if each * _MOST_LINES > most), max(_STEPS))
    highest = step * max(1, -(-(most + 1) // step))
    return tuple(range(0, highest + 1, step))
