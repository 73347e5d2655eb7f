"""Searches for speakers as rows: asked for, claimed by one worker, held while it works, over.

Who works on a run is decided by conditional updates with a lease, as with messages: a worker that
dies lets its lease run out, and another takes the run up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from outreach import crypto
from outreach.errors import Conflict
from outreach.i18n import lazy
from outreach.visits.models import MatchingRun

LEASE = timedelta(seconds=45)
MOST_TRIES = 2
"""How many workers may die over one run before it is said to have failed."""

LIVE = ("waiting", "running")
OVER = ("done", "stopped", "failed")
UNDER_WAY = lazy("A search for speakers is under way already.")


@dataclass(frozen=True, slots=True)
class Claimed:
    """A run that is ours as long as its row holds this token."""

    id: int
    token: str


def ask(session: Session, run: MatchingRun) -> None:
    """Keep a new run. Raises Conflict where one of the affiliate is under way."""
    attempt = session.begin_nested()
    session.add(run)
    try:
        session.flush()
    except IntegrityError as error:
        attempt.rollback()
        raise Conflict(UNDER_WAY) from error
    attempt.commit()


def under_way(session: Session, affiliate_id: int) -> MatchingRun | None:
    """Return the affiliate's run that waits or is being worked on."""
    return session.scalar(
        select(MatchingRun).where(
            MatchingRun.affiliate_id == affiliate_id, MatchingRun.state.in_(LIVE)
        )
    )


def newest(session: Session, affiliate_id: int) -> MatchingRun | None:
    """Return the affiliate's run that was asked for last; one under way is always that one."""
    mine = select(MatchingRun).where(MatchingRun.affiliate_id == affiliate_id)
    return session.scalars(mine.order_by(MatchingRun.id.desc()).limit(1)).first()


def last(session: Session, affiliate_id: int, *, whole: bool = False) -> MatchingRun | None:
    """Return the run that changed the affiliate's proposals last.

    With `whole` one that looked at every visit it could: a narrower one says nothing of the others.
    """
    changed = (
        select(MatchingRun)
        .where(
            MatchingRun.affiliate_id == affiliate_id,
            MatchingRun.state.in_(("done", "stopped")),
            MatchingRun.started_at.is_not(None),
        )
        .order_by(MatchingRun.created_at.desc(), MatchingRun.id.desc())
        .limit(1)
    )
    if whole:
        changed = changed.where(
            MatchingRun.until_at.is_(None),
            MatchingRun.hospital_id.is_(None),
            MatchingRun.visit_id.is_(None),
        )
    return session.scalars(changed).first()


def is_due(session: Session, *, now: datetime) -> bool:
    """Say whether a run waits for a worker, or was left by one."""
    return session.scalar(select(MatchingRun.id).where(_due(now)).limit(1)) is not None


def give_up(session: Session, *, now: datetime, affiliate_id: int | None = None) -> int:
    """Say of runs that several workers have died over that they failed; return how many.

    Of an affiliate: one dead worker is enough, because somebody asks for another run.
    """
    enough = (
        MatchingRun.attempts >= MOST_TRIES
        if affiliate_id is None
        else MatchingRun.affiliate_id == affiliate_id
    )
    lost = (
        update(MatchingRun)
        .where(_left(now), enough)
        .values(state="failed", failure="lost", finished_at=now, lease_token=None, lease_until=None)
        .returning(MatchingRun.id)
    )
    return len(session.scalars(lost).all())


def claim(session: Session, *, now: datetime, run_id: int | None = None) -> Claimed | None:
    """Take the run that has waited longest (or this one); None where there is nothing to do.

    One statement: PostgreSQL skips rows another worker is claiming, SQLite has one writer.
    """
    token = crypto.token()
    wanted = [_due(now)] if run_id is None else [_due(now), MatchingRun.id == run_id]
    due = (
        select(MatchingRun.id)
        .where(*wanted)
        .order_by(MatchingRun.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    taken = session.scalar(
        update(MatchingRun)
        .where(MatchingRun.id.in_(select(due.c.id)))
        .values(
            state="running",
            started_at=func.coalesce(MatchingRun.started_at, now),
            attempts=MatchingRun.attempts + 1,
            lease_token=token,
            lease_until=now + LEASE,
        )
        .returning(MatchingRun.id),
        execution_options={"synchronize_session": False},
    )
    return None if taken is None else Claimed(taken, token)


def hold(
    session: Session, claimed: Claimed, *, progress: Mapping[str, Any] | None, now: datetime
) -> bool | None:
    """Keep the run a while longer, and how far it has come.

    Return whether somebody asked to stop it; None where it is not ours any more.
    """
    values: dict[str, Any] = {"lease_until": now + LEASE}
    if progress is not None:
        values["progress"] = dict(progress)
    held = session.execute(
        update(MatchingRun)
        .where(*_ours(claimed))
        .values(**values)
        .returning(MatchingRun.stop_asked_at),
        execution_options={"synchronize_session": False},
    ).one_or_none()
    return None if held is None else held[0] is not None


def let_go(session: Session, claimed: Claimed) -> None:
    """Give the run back to whichever worker comes next."""
    session.execute(
        update(MatchingRun)
        .where(*_ours(claimed))
        .values(
            state="waiting",
            attempts=MatchingRun.attempts - 1,
            lease_token=None,
            lease_until=None,
        ),
        execution_options={"synchronize_session": False},
    )


def finish(
    session: Session,
    claimed: Claimed,
    *,
    state: str,
    failure: str = "",
    progress: Mapping[str, Any] | None = None,
    levels: Sequence[Mapping[str, Any]] = (),
    now: datetime,
) -> bool:
    """End the run; False where it is not ours any more, and nothing may be kept of it."""
    values: dict[str, Any] = {"progress": dict(progress)} if progress is not None else {}
    ended = (
        update(MatchingRun)
        .where(*_ours(claimed))
        .values(
            state=state,
            failure=failure,
            finished_at=now,
            lease_token=None,
            lease_until=None,
            levels=[dict(level) for level in levels],
            **values,
        )
        .returning(MatchingRun.id)
    )
    return session.scalar(ended, execution_options={"synchronize_session": False}) is not None


def ask_to_stop(session: Session, run: MatchingRun, *, now: datetime) -> bool:
    """Ask for the best so far; a run nobody has begun is over at once. False where it was over."""
    asked = session.scalar(
        update(MatchingRun)
        .where(MatchingRun.id == run.id, MatchingRun.state == "running")
        .values(stop_asked_at=func.coalesce(MatchingRun.stop_asked_at, now))
        .returning(MatchingRun.id)
    )
    if asked is not None:
        return True
    ended = session.scalar(
        update(MatchingRun)
        .where(MatchingRun.id == run.id, MatchingRun.state == "waiting")
        .values(state="stopped", stop_asked_at=now, finished_at=now)
        .returning(MatchingRun.id)
    )
    return ended is not None


def _left(now: datetime) -> ColumnElement[bool]:
    return and_(MatchingRun.state == "running", MatchingRun.lease_until <= now)


def _due(now: datetime) -> ColumnElement[bool]:
    return or_(MatchingRun.state == "waiting", _left(now))


def _ours(claimed: Claimed) -> tuple[ColumnElement[bool], ...]:
    return (
        MatchingRun.id == claimed.id,
        MatchingRun.state == "running",
        MatchingRun.lease_token == claimed.token,
    )
