"""What the worker does when a law on clocks has changed: visits keep their time on the wall."""

from sqlalchemy.orm import Session

from outreach import clock, db, logs
from outreach.db import Database
from outreach.links import Links
from outreach.visits.models import Visit
from outreach.workflows import visits

log = logs.get(__name__)


def follow_clocks(database: Database, *, links: Links) -> int:
    """Move the visits to come whose zone has another law by now; return how many.

    Each in a transaction of its own: one that would clash stays, is told in the log, and is tried
    again the next time. Mostly there is nothing to do, and that is one query.
    """
    with database.reading() as session:
        found = visits.with_other_clocks(session, now=clock.now())
    return sum(_follow(database, visit_id, links=links) for visit_id in found)


def _follow(database: Database, visit_id: int, *, links: Links) -> bool:
    def follow(session: Session) -> bool:
        visit = session.get_one(Visit, visit_id)
        return visits.keep_wall_time(session, visit, links=links, now=clock.now())

    try:
        has_moved = db.in_transaction(database, follow)
    except Exception as error:
        log.exception("visit.clocks_failed", visit=visit_id, error=type(error).__name__)
        return False
    if has_moved:
        log.info("visit.clocks_followed", visit=visit_id)
    return has_moved
