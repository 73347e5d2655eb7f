"""What the worker does at each tick. Every function looks at the database and can run again.

They may run in any number of processes at once: rows are claimed, winners decided in SQL. One row
that raises is logged and put off; the others go on.
"""

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import clock, db, logs
from outreach.db import Database
from outreach.links import Links
from outreach.messaging import kinds, outbox, reconcile, redaction
from outreach.messaging.models import WorkerHeartbeat
from outreach.messaging.outbox import Claimed
from outreach.messaging.ports import Ambiguous, CouldNotLook, Result
from outreach.messaging.reasons import Reason
from outreach.messaging.reconcile import Doubt
from outreach.vault import Vault
from outreach.visits import runs
from outreach.workflows import (
    after_visit,
    asking,
    calls,
    delivery,
    digests,
    keys,
    matching_runs,
    unfilled,
)
from outreach.workflows.delivery import Post, Prepared, Skipped
from outreach.workflows.referrals import deadlines, ticking
from outreach.workflows.referrals.desk import Desk

R = TypeVar("R")

log = logs.get(__name__)

MOST_AT_ONCE = 200
"""How many one tick sends at most, so that a stop is never far away."""


def _never() -> bool:
    return False


def deliver_due(post: Post, *, channel: str, stopping: Callable[[], bool] = _never) -> int:
    """Send what is due on a channel, the earliest first; return how many were handed over.

    Stops between two messages when `stopping` says so; what was claimed is given back.
    """
    sent = 0
    goes_on = True
    while goes_on and sent < MOST_AT_ONCE and not stopping():
        batch = _claim(post, channel=channel)
        count, goes_on = _deliver(post, batch, stopping=stopping)
        sent += count
    return sent


def deliver_everything(post: Post) -> int:
    """Send whatever is due now on every channel, until nothing is (the demo's tour, tests)."""
    return sum(deliver_due(post, channel=channel) for channel in (kinds.SMS, kinds.MAIL))


def reap(post: Post) -> int:
    """Settle what dead workers left behind and what is past its time; return how many rows."""
    return _in_transaction(post.db, lambda session, now: reconcile.reap(session, now=now))


def look_up_doubts(post: Post, *, stopping: Callable[[], bool] = _never) -> int:
    """Look for texts in doubt in the provider's list; return how many were settled.

    At most MOST_AT_ONCE a tick. The first look that fails is the last of this tick.
    """
    settled = looks = 0
    while looks < MOST_AT_ONCE and not stopping():
        doubts = _take_doubts(post)
        for doubt, body in doubts:
            state = _look_up(post, doubt, body=body)
            if state is None:
                return settled
            settled += state != "unknown"
        looks += len(doubts)
        if len(doubts) < reconcile.DOUBTS:
            break
    return settled


def ask_about_silent(post: Post, *, stopping: Callable[[], bool] = _never) -> int:
    """Ask the provider about texts it took and said nothing final of; return how many were asked.

    The first question that gets no answer is the last of this tick.
    """
    if post.sms is None:
        return 0
    silent = _in_transaction(post.db, lambda session, now: reconcile.take_silent(session, now=now))
    for count, text in enumerate(silent):
        if stopping():
            return count
        try:
            standing = post.sms.status(text.provider_id)
        except CouldNotLook as error:
            log.warning("message.could_not_look", message=text.message_id, error=str(error))
            return count
        answer = partial(delivery.provider_answered, silent=text, standing=standing)
        _carry_out(post.db, answer)
    return len(silent)


def redact(post: Post, *, keep_days: int, stopping: Callable[[], bool] = _never) -> int:
    """Empty the messages and texts that had their end `keep_days` ago; return how many.

    In batches of 200, each in a transaction of its own. Then the provider is asked to forget.
    """
    age, asks = timedelta(days=keep_days), post.sms is not None

    def messages(session: Session, now: datetime) -> int:
        return redaction.redact_messages(session, before=now - age, asks_provider=asks, now=now)

    def broadcasts(session: Session, now: datetime) -> int:
        return redaction.redact_broadcasts(session, before=now - age, now=now)

    def inbound(session: Session, now: datetime) -> int:
        return redaction.redact_inbound(session, before=now - age, asks_provider=asks, now=now)

    def console(session: Session, now: datetime) -> int:
        return redaction.drop_console(session, before=now - age)

    steps = (messages, broadcasts, inbound, console)
    done = sum(_in_batches(post.db, step, stopping=stopping) for step in steps)
    forgotten = _let_provider_forget(post, stopping=stopping)
    if done or forgotten:
        log.info("messages.redacted", count=done, at_provider=forgotten)
    return done


def lapse_offers(database: Database, *, links: Links) -> int:
    """Close offers nobody answered in time and ask the next speakers; return how many."""
    return _in_transaction(
        database, lambda session, now: asking.lapse_due(session, links=links, now=now)
    )


def tell_units(database: Database) -> int:
    """Tell units whose visit still lacks somebody a week and two days before; return how many."""
    return _in_transaction(database, lambda session, now: unfilled.tell_units(session, now=now))


def tidy_calls(database: Database) -> int:
    """Take calls off the list that are no longer needed; return how many."""
    return _in_transaction(database, lambda session, now: calls.tidy(session, now=now))


def plan_digests(database: Database) -> int:
    """Plan the coordinators' morning mails where it is morning; return how many."""
    return _in_transaction(database, lambda session, now: digests.plan_due(session, now=now))


def ask_afterwards(database: Database) -> int:
    """Ask the people of visits that have ended how it went and who came; return how many."""
    return _in_transaction(database, lambda session, now: after_visit.ask(session, now=now))


def run_clocks(database: Database, *, desk: Desk) -> int:
    """Let referrals' clocks run out that are due, and tell deputies; return how many did.

    Each in a transaction of its own, so that one that fails keeps none of the others waiting.
    """
    now = clock.now()
    with database.reading() as session:
        due = deadlines.due_now(session, now=now)
        late = deadlines.deputies_due(session, now=now)
    done = 0
    for row_id in due:
        done += _run_clock(database, partial(ticking.run_out, clock_id=row_id, desk=desk), row_id)
    for row_id in late:
        done += _run_clock(database, partial(ticking.tell_deputy, clock_id=row_id), row_id)
    return done


def find_speakers(
    database: Database,
    *,
    links: Links,
    time_limit_s: float,
    stopping: Callable[[], bool] = _never,
) -> int:
    """Carry out the search for speakers that has waited longest; return how many were begun.

    Looks without writing first: mostly there is none.
    """
    with database.reading() as session:
        if not runs.is_due(session, now=clock.now()):
            return 0
    claimed = _in_transaction(database, _take_run)
    if claimed is None:
        return 0
    try:
        matching_runs.carry_out(
            database, claimed, links=links, time_limit_s=time_limit_s, stopping=stopping
        )
    except Exception as error:
        log.exception("matching.failed", run=claimed.id, error=type(error).__name__)
    return 1


def sweep_keys(database: Database, vault: Vault) -> int:
    """Remove data keys that no record names; return how many."""
    swept = keys.sweep(database, vault, now=clock.now())
    if swept:
        log.info("keys.swept", count=swept)
    return swept


def beat(database: Database, *, worker: str) -> None:
    """Write that this worker is alive."""
    with database.transaction() as session:
        row = session.scalar(select(WorkerHeartbeat).where(WorkerHeartbeat.worker == worker))
        if row is None:
            row = WorkerHeartbeat(worker=worker)
            session.add(row)
        row.seen_at = clock.now()


def worker_name() -> str:
    """Return what this process is called in the table of heartbeats."""
    return f"{socket.gethostname()}:{os.getpid()}"


def _take_run(session: Session, now: datetime) -> runs.Claimed | None:
    lost = runs.give_up(session, now=now)
    if lost:
        log.error("matching.lost", count=lost)
    return runs.claim(session, now=now)


def _run_clock(database: Database, unit: Callable[..., bool], row_id: int) -> int:
    try:
        return int(_in_transaction(database, lambda session, now: unit(session, now=now)))
    except Exception as error:
        log.exception("referral.clock_failed", clock=row_id, error=type(error).__name__)
        return 0


def _carry_out(database: Database, unit: Callable[..., object]) -> None:
    _in_transaction(database, lambda session, now: unit(session, now=now))


def _in_batches(
    database: Database,
    step: Callable[[Session, datetime], int],
    *,
    stopping: Callable[[], bool],
) -> int:
    """Run a step until it finds less than a whole batch; return how many rows in all."""
    done, last = 0, redaction.BATCH
    while last == redaction.BATCH and not stopping():
        last = _in_transaction(database, step)
        done += last
    return done


def _let_provider_forget(post: Post, *, stopping: Callable[[], bool]) -> int:
    """Ask the provider to forget what is due; return how many it has. Stops where it is away."""
    if post.sms is None:
        return 0
    due = _in_transaction(post.db, lambda session, now: redaction.take_to_forget(session, now=now))
    count = 0
    for text in due:
        if stopping():
            break
        try:
            done = post.sms.redact(text.provider_id)
        except CouldNotLook as error:
            log.warning("message.could_not_redact", error=str(error))
            break
        note = partial(redaction.forgotten, asked=text, done=done)
        _carry_out(post.db, note)
        count += done
    return count


def _claim(post: Post, *, channel: str) -> list[Claimed]:
    return _in_transaction(
        post.db, lambda session, now: outbox.claim(session, channel=channel, now=now)
    )


def _deliver(post: Post, batch: list[Claimed], *, stopping: Callable[[], bool]) -> tuple[int, bool]:
    """Send a batch in order; return how many were handed over, and whether to go on.

    When the rate is used up, or after trouble that others would share, the rest is given back.
    """
    sent = 0
    for place, claimed in enumerate(batch):
        if stopping():
            _give_back(post, batch[place:])
            return sent, False
        prepared = _prepare(post, claimed)
        if isinstance(prepared, Prepared):
            sent += 1
            if not _send(post, prepared).is_shared_trouble:
                continue
        elif prepared is not Skipped.WAIT:
            continue
        _give_back(post, batch[place + 1 :])
        return sent, False
    return sent, bool(batch)


def _prepare(post: Post, claimed: Claimed) -> Prepared | Skipped:
    try:
        return _prepared(post, claimed)
    except Exception as error:
        log.exception("message.cannot_prepare", message=claimed.id, error=type(error).__name__)
        with post.db.transaction() as session:
            outbox.stumbled(session, claimed, now=clock.now(), rng=post.rng)
        return Skipped.SETTLED


def _send(post: Post, prepared: Prepared) -> outbox.Outcome:
    try:
        result: Result = delivery.hand_over(prepared, post=post, now=clock.now())
    except Exception as error:
        # A gateway must not raise; if it does, nobody knows how far it came.
        log.exception("message.gateway", message=prepared.claimed.id, error=type(error).__name__)
        result = Ambiguous(Reason.GATEWAY)
    return _conclude(post, prepared, result)


def _prepared(post: Post, claimed: Claimed) -> Prepared | Skipped:
    def prepare(session: Session, now: datetime) -> Prepared | Skipped:
        return delivery.prepare(session, claimed, post=post, now=now)

    return _in_transaction(post.db, prepare)


def _conclude(post: Post, prepared: Prepared, result: Result) -> outbox.Outcome:
    def conclude(session: Session, now: datetime) -> outbox.Outcome:
        return delivery.conclude(session, prepared, result, post=post, now=now)

    return _in_transaction(post.db, conclude)


def _give_back(post: Post, rest: list[Claimed]) -> None:
    with post.db.transaction() as session:
        for claimed in rest:
            outbox.let_go(session, claimed, state="pending", now=clock.now())


def _take_doubts(post: Post) -> list[tuple[Doubt, str]]:
    def take(session: Session, now: datetime) -> list[tuple[Doubt, str]]:
        doubts = reconcile.take_doubts(session, now=now)
        return [(each, delivery.body_of(session, each.message_id, post=post)) for each in doubts]

    return [] if post.sms is None else _in_transaction(post.db, take)


def _look_up(post: Post, doubt: Doubt, *, body: str) -> str | None:
    """Return the state a text in doubt has after a look; None where the provider is away."""
    if post.sms is None:
        return None
    try:
        seen = post.sms.sent_to(doubt.phone, since=doubt.since)
    except CouldNotLook as error:
        log.warning("message.could_not_look", message=doubt.message_id, error=str(error))
        return None

    def conclude(session: Session, now: datetime) -> str:
        return reconcile.looked(session, doubt, body=body, seen=seen, now=now)

    return _in_transaction(post.db, conclude)


def _in_transaction(database: Database, unit: Callable[[Session, datetime], R]) -> R:
    """Run a unit of work as `db.in_transaction`; the time is that of each try."""
    return db.in_transaction(database, lambda session: unit(session, clock.now()))
