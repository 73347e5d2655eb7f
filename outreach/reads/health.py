"""How sending fares: who is alive, what waits, what was late, what is in doubt.

Each question is one bounded query, answered from the database when it is asked, so that any process
can be asked about all of them. Counts and times only, no person and no text.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, case, extract, func, select, text
from sqlalchemy.orm import Session

from outreach.messaging.models import Message, MessageAttempt, WorkerHeartbeat
from outreach.reads.outbox import SILENT_AFTER

WAITING: Final = ("pending", "claimed", "sending")
ENDED_BADLY: Final = ("undelivered", "failed", "dead", "expired")
LATENESS_WINDOW: Final = timedelta(hours=6)
OUTCOME_WINDOW: Final = timedelta(hours=24)
HEARTBEATS_KEPT: Final = timedelta(hours=24)
MOST_WORKERS: Final = 20
BY_KIND: Final = (Message.channel, Message.kind)
BUCKETS_S: Final = (1, 3, 5, 15, 60, 300, 1800, 7200)
"""Upper bounds of lateness in seconds, each included."""


@dataclass(frozen=True, slots=True)
class Beat:
    """One worker, and when it last said that it lives."""

    worker: str
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits of one kind on one channel: all of it, what is due, the oldest that is due."""

    channel: str
    kind: str
    waiting: int
    due: int
    oldest_due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Count:
    """How many of one kind on one channel are in a state."""

    channel: str
    kind: str
    state: str
    number: int


@dataclass(frozen=True, slots=True)
class Lateness:
    """How long after its time one kind was accepted: `buckets` counts those up to BUCKETS_S."""

    channel: str
    kind: str
    buckets: tuple[int, ...]
    number: int
    sum_s: float


def schema_revision(session: Session) -> str:
    """Return the revision of the tables."""
    return str(session.scalar(text("SELECT version_num FROM alembic_version")) or "")


def last_beat(session: Session) -> datetime | None:
    """Return when any worker last said that it lives; None where none ever did."""
    return session.scalar(select(func.max(WorkerHeartbeat.seen_at)))


def is_silent(seen_at: datetime | None, *, now: datetime) -> bool:
    """Say whether nothing is being sent: no worker for five minutes."""
    return seen_at is None or seen_at < now - SILENT_AFTER


def beats(session: Session, *, now: datetime) -> list[Beat]:
    """Return the workers of the last day, the liveliest first, at most 20."""
    found = (
        select(WorkerHeartbeat.worker, WorkerHeartbeat.seen_at)
        .where(WorkerHeartbeat.seen_at >= now - HEARTBEATS_KEPT)
        .order_by(WorkerHeartbeat.seen_at.desc(), WorkerHeartbeat.worker)
        .limit(MOST_WORKERS)
    )
    return [Beat(worker, seen_at) for worker, seen_at in session.execute(found)]


def backlog(session: Session, *, now: datetime, affiliate_id: int | None = None) -> list[Backlog]:
    """Return what waits, by channel and kind."""
    is_due = Message.send_after <= now
    found = (
        select(
            *BY_KIND,
            func.count(),
            func.sum(case((is_due, 1), else_=0)),
            func.min(case((is_due, Message.send_after))),
        )
        .where(Message.state.in_(WAITING), *_whose(affiliate_id))
        .group_by(*BY_KIND)
        .order_by(*BY_KIND)
    )
    return [Backlog(*row) for row in session.execute(found)]


def in_doubt(session: Session, *, affiliate_id: int | None = None) -> list[Count]:
    """Return of how many texts nobody knows whether they left, by channel and kind."""
    return _counts(session, Message.state == "unknown", *_whose(affiliate_id))


def ended_badly(session: Session, *, now: datetime, affiliate_id: int | None = None) -> list[Count]:
    """Return how many failed in the last day, by channel, kind and state."""
    return _counts(
        session,
        Message.state_at >= now - OUTCOME_WINDOW,
        Message.state.in_(ENDED_BADLY),
        # What is redacted ended long before; saying so lets the index answer.
        Message.redacted_at.is_(None),
        *_whose(affiliate_id),
    )


def attempts(session: Session, *, now: datetime) -> dict[str, int]:
    """Return how many calls of the last day ended how: outcome → number."""
    found = (
        select(MessageAttempt.outcome, func.count())
        .where(MessageAttempt.finished_at >= now - OUTCOME_WINDOW)
        .group_by(MessageAttempt.outcome)
        .order_by(MessageAttempt.outcome)
    )
    return dict(session.execute(found).all())


def lateness(session: Session, *, now: datetime, affiliate_id: int | None = None) -> list[Lateness]:
    """Return how late what was accepted in the last six hours was, by channel and kind.

    From its (last) due time to the provider's yes. What had to be tried again is due anew then.
    """
    late_s = _seconds(session, MessageAttempt.finished_at, Message.send_after)
    found = (
        select(
            *BY_KIND,
            func.count(),
            func.sum(late_s),
            *(func.sum(case((late_s <= bound, 1), else_=0)) for bound in BUCKETS_S),
        )
        .join(MessageAttempt, MessageAttempt.message_id == Message.id)
        .where(
            MessageAttempt.finished_at >= now - LATENESS_WINDOW,
            MessageAttempt.outcome == "ok",
            *_whose(affiliate_id),
        )
        .group_by(*BY_KIND)
        .order_by(*BY_KIND)
    )
    rows: list[Any] = list(session.execute(found))
    return [
        Lateness(channel, kind, tuple(buckets), number, float(sum_s))
        for channel, kind, number, sum_s, *buckets in rows
    ]


def _whose(affiliate_id: int | None) -> tuple[ColumnElement[bool], ...]:
    return () if affiliate_id is None else (Message.affiliate_id == affiliate_id,)


def _counts(session: Session, *conditions: ColumnElement[bool]) -> list[Count]:
    by = (*BY_KIND, Message.state)
    found = select(*by, func.count()).where(*conditions).group_by(*by).order_by(*by)
    return [Count(*row) for row in session.execute(found)]


def _seconds(session: Session, later: Any, earlier: Any) -> ColumnElement[Any]:  # noqa: ANN401 - two columns
    if session.get_bind().dialect.name == "sqlite":
        return (func.julianday(later) - func.julianday(earlier)) * 86_400
    return extract("epoch", later - earlier)
