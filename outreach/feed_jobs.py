"""What the worker does for feeds at its ticks; `jobs` says how ticks behave."""

from collections.abc import Callable
from typing import Final

from sqlalchemy.orm import Session

from outreach import clock, db, logs
from outreach.calendars import service as calendars
from outreach.db import Database
from outreach.links import Links
from outreach.visits.models import Visit
from outreach.workflows import invites

log = logs.get(__name__)

AT_ONCE: Final = 200
"""Rows of one transaction: some 60 ms, for which other writers wait on SQLite."""


def _never() -> bool:
    return False


def enter_visits(database: Database, *, links: Links, stopping: Callable[[], bool] = _never) -> int:
    """Enter visits to come that the bureau's calendar does not show yet; return how many.

    Those that were just asked for, and those from before there was such a calendar. Mostly there
    are none, and that is one query.
    """
    with database.reading() as session:
        ids = invites.not_entered(session, now=clock.now(), most=AT_ONCE)
    done = 0
    for visit_id in ids:
        if stopping():
            break
        done += _enter(database, visit_id, links=links)
    return done


def _enter(database: Database, visit_id: int, *, links: Links) -> bool:
    def enter(session: Session) -> None:
        visit = db.locked(session, Visit, visit_id)
        invites.sync(session, visit, links=links, now=clock.now())

    try:
        db.in_transaction(database, enter)
    except Exception as error:
        log.exception("feed.cannot_enter", visit=visit_id, error=type(error).__name__)
        return False
    return True


def renew_texts(database: Database, *, links: Links, stopping: Callable[[], bool] = _never) -> int:
    """Make the texts anew that feeds could not use as they are; return how many.

    They are from before texts were kept, from before tzdata was renewed, written another way, or
    lead to an address that is no longer ours.
    """
    db.in_transaction(database, lambda session: invites.lead_to(session, links, now=clock.now()))
    with database.reading() as session:
        ids = calendars.out_of_date(session, now=clock.now())
    done = 0
    while done < len(ids) and not stopping():
        with database.transaction() as session:
            calendars.renew(session, ids[done : done + AT_ONCE])
        done = min(done + AT_ONCE, len(ids))
    if done:
        log.info("feed.texts_renewed", count=done)
    return done
