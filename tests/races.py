"""Racing for slots: processes on SQLite, threads on PostgreSQL, all let go at the same moment."""

import multiprocessing
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from multiprocessing.pool import ThreadPool
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import audit
from outreach.actor import SYSTEM, Actor
from outreach.db import Database, retrying
from outreach.errors import Conflict
from outreach.links import Links
from outreach.messaging import service as messaging
from outreach.visits.models import Assignment, Offer
from outreach.workflows import offers
from tests import builders
from tests.builders import AUDIT_KEY, NOW, VISIT_AT, Person, World

LINKS = Links("https://outreach.example", b"a key for tests")
WON, CONFLICT = "won", "conflict"
_LIMIT_S = 60


def one_slot(session: Session, *, rivals: int) -> list[int]:
    """Offer one slot to `rivals` speakers; return the offers' primary keys."""
    world = builders.world(session)
    visit = builders.visit(session, world, roles=("lead",))
    (slot,) = builders.slots(session, visit)
    speakers = [_speaker(session, world, number) for number in range(rivals)]
    return [builders.offer(session, slot, speaker).id for speaker in speakers]


def one_speaker(session: Session, *, rivals: int) -> list[int]:
    """Offer `rivals` visits that overlap to one speaker; return the offers' primary keys."""
    world = builders.world(session)
    speaker = _speaker(session, world, 0)
    found = []
    for number in range(rivals):
        unit = builders.unit(session, world.hospital, world.affiliate, name=f"Unit {number + 5}")
        starts_at = VISIT_AT + timedelta(minutes=5 * (number % 8))
        visit = builders.visit(session, world, roles=("lead",), at=unit, starts_at=starts_at)
        (slot,) = builders.slots(session, visit)
        found.append(builders.offer(session, slot, speaker).id)
    return found


def run(database: Database, offer_ids: Sequence[int]) -> Counter[str]:
    """Accept every offer at the same moment; count how it ended for each."""
    url = database.url.render_as_string(hide_password=False)
    entries = [(url, offer_id) for offer_id in offer_ids]
    if database.is_sqlite:
        # Forked before anything of ours has started a thread; each child opens its own database.
        fork = multiprocessing.get_context("fork")
        gate = fork.Barrier(len(entries))
        with fork.Pool(len(entries), initializer=_stand_at, initargs=(gate,)) as pool:
            return Counter(pool.map_async(_accept, entries, chunksize=1).get(_LIMIT_S))
    _stand_at(threading.Barrier(len(entries)))
    with ThreadPool(len(entries)) as threads:
        return Counter(threads.map_async(_accept, entries, chunksize=1).get(_LIMIT_S))


def at_once(database: Database, units: Sequence[Callable[[Session], bool]]) -> list[bool]:
    """Do each in a transaction and a thread of its own, all let go at the same moment."""
    gate = threading.Barrier(len(units))

    def do(unit: Callable[[Session], bool]) -> bool:
        gate.wait(_LIMIT_S)
        with database.transaction() as session:
            return unit(session)

    with ThreadPool(len(units)) as threads:
        return threads.map_async(do, units, chunksize=1).get(_LIMIT_S)


def write_ledgers(session: Session, *, actor: Actor) -> None:
    """Write a row into each table that may only grow."""
    audit.record(session, "test.write", actor=actor, subject=("affiliate", 1), now=NOW)
    messaging.record_consent(
        session, phone="+13135550101", event="opt_in", source="form", actor=actor, now=NOW
    )


def active(session: Session) -> list[Assignment]:
    """Return every assignment that stands."""
    return list(session.scalars(select(Assignment).where(Assignment.active)))


_gate: Any = None


def _stand_at(gate: Any) -> None:  # noqa: ANN401 - a barrier of threads or of processes
    global _gate  # noqa: PLW0603 - a child process knows nothing else of its parent
    _gate = gate


def _accept(entry: tuple[str, int]) -> str:
    url, offer_id = entry
    database = Database(url, audit_key=AUDIT_KEY)
    try:
        _gate.wait(_LIMIT_S)
        _take(database, offer_id)
    except Conflict:
        return CONFLICT
    finally:
        database.dispose()
    return WON


@retrying
def _take(database: Database, offer_id: int) -> None:
    with database.transaction() as session:
        offer = session.get_one(Offer, offer_id)
        offers.accept(session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=NOW)


def _speaker(session: Session, world: World, number: int) -> Any:  # noqa: ANN401 - a row
    person = Person(f"Rival{number}", "Speaker")
    return builders.speaker(
        session, world.affiliate, person, certified_for=world.program, quota_per_month=31
    )
