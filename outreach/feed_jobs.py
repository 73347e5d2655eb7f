"""What the worker does for feeds at its ticks; `jobs` says how ticks behave."""

from collections.abc import Callable
from typing import Final

from outreach import clock, logs
from outreach.calendars import service as calendars
from outreach.db import Database

log = logs.get(__name__)

AT_ONCE: Final = 200
"""Rows of one transaction: some 60 ms, for which other writers wait on SQLite."""


def _never() -> bool:
    return False


def renew_texts(database: Database, *, stopping: Callable[[], bool] = _never) -> int:
    """Make the texts anew that feeds could not use as they are; return how many.

    They are from before texts were kept, from before tzdata was renewed, or written another way.
    """
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
