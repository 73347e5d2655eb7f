"""What the worker does about speakers' own calendars: it reads those that are due, one by one.

The network is asked between two short transactions: one takes the turn, one writes what was found.
"""

import random
from collections.abc import Callable
from functools import partial
from typing import Final

from outreach import clock, db, logs
from outreach.db import Database
from outreach.speakers import own_calendar, rules
from outreach.speakers.own_calendar import Claimed
from outreach.speakers.ports import CalendarReader, CouldNotRead, Reading, Trouble, Wanted
from outreach.vault import Vault

log = logs.get(__name__)

MOST_A_ROUND: Final = 50


def _never() -> bool:
    return False


def read_calendars(
    database: Database,
    vault: Vault,
    reader: CalendarReader,
    *,
    host: str,
    stopping: Callable[[], bool] = _never,
    spread: Callable[[], float] = random.random,
) -> int:
    """Read the calendars that are due, 50 at most; return how many were tried.

    `host` is ours: visits of ours in a calendar do not count. Looks without writing first: mostly
    none is due.
    """
    count = 0
    while count < MOST_A_ROUND and not stopping():
        with database.reading() as session:
            if not own_calendar.is_due(session, now=clock.now()):
                break
        claimed = _claim(database)
        if claimed is None:
            break
        _settle(database, partial(_found(vault, reader, claimed, host=host), spread=spread()))
        count += 1
    if count:
        log.info("calendars.read", count=count)
    return count


def _found(
    vault: Vault, reader: CalendarReader, claimed: Claimed, *, host: str
) -> Callable[..., bool]:
    """Read one calendar; return what is to be written of it.

    No failure is logged with its own words: they may hold the address, or what stands there.
    """
    try:
        reading = reader.read(_wanted(vault, claimed, host=host))
    except CouldNotRead as error:
        trouble = error.trouble
    except Exception as error:  # noqa: BLE001 - one that fails keeps none of the others waiting
        log.error("calendar.failed", error=type(error).__name__)  # noqa: TRY400 - see above
        trouble = Trouble.OURS
    else:
        return _kept(claimed, reading)
    log.info("calendar.could_not_read", trouble=str(trouble), speaker=claimed.speaker_id)
    return partial(own_calendar.fail, claimed=claimed, trouble=trouble)


def _kept(claimed: Claimed, reading: Reading | None) -> Callable[..., bool]:
    if reading is None:
        return partial(own_calendar.confirm, claimed=claimed)
    return partial(
        own_calendar.replace,
        claimed=claimed,
        busy=reading.busy,
        etag=reading.etag,
        last_modified=reading.last_modified,
    )


def _wanted(vault: Vault, claimed: Claimed, *, host: str) -> Wanted:
    now = clock.now()
    starts_at, ends_at = rules.window(now)
    # Times end 180 days after they were laid out: "not changed" would let them run out.
    may_stay = rules.may_stay(claimed.laid_out_at, now=now)
    return Wanted(
        address=claimed.address(vault.ring),
        etag=claimed.etag if may_stay else "",
        last_modified=claimed.last_modified if may_stay else "",
        starts_at=starts_at,
        ends_at=ends_at,
        zone=claimed.zone,
        host=host,
    )


def _claim(database: Database) -> Claimed | None:
    return db.in_transaction(database, lambda session: own_calendar.claim(session, now=clock.now()))


def _settle(database: Database, write: Callable[..., bool]) -> bool:
    return db.in_transaction(database, lambda session: write(session, now=clock.now()))
