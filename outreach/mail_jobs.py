"""What the worker does about mail that comes in: it fetches what waits, and empties what is old.

One worker at a time fetches. That saves the server work and no more: a mail counts once however
often it is brought, so a worker that stood still in the middle does no harm.
"""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Final

from outreach import clock, db, logs
from outreach.db import Database
from outreach.links import Links
from outreach.messaging import mail_rounds, redaction
from outreach.messaging.ports import CouldNotLook, Mailbox
from outreach.workflows import inbound_mail
from outreach.workflows.inbound_mail import Filed

log = logs.get(__name__)

AFTER_TROUBLE: Final = timedelta(minutes=5)
"""Servers lock out who comes with a wrong password every minute."""


def _never() -> bool:
    return False


def file_mail(database: Database, raw: bytes, *, links: Links) -> Filed:
    """File one mail, whichever way it came; when this returns it is kept."""
    return db.in_transaction(
        database,
        lambda session: inbound_mail.process_inbound(session, raw, links=links, now=clock.now()),
    )


def fetch_mail(
    database: Database,
    mailbox: Mailbox | None,
    *,
    links: Links,
    every_s: float,
    stopping: Callable[[], bool] = _never,
) -> int:
    """Fetch what waits in the mailbox, where it is time and nobody else does; return how many.

    Looks without writing first: mostly it is not time.
    """
    if mailbox is None:
        return 0
    with database.reading() as session:
        if not mail_rounds.is_due(session, mailbox.name, now=clock.now()):
            return 0
    begun_at = clock.now()
    if not _write(database, partial(mail_rounds.take, mailbox=mailbox.name)):
        return 0
    next_at, trouble, count = begun_at + timedelta(seconds=every_s), "", 0
    try:
        count = mailbox.fetch(partial(_taken, database, links), stopping=stopping)
    except CouldNotLook as error:
        trouble, next_at = str(error), clock.now() + AFTER_TROUBLE
        log.warning("mailbox.could_not_read", error=trouble)
    end = partial(mail_rounds.end, mailbox=mailbox.name, next_at=next_at, trouble=trouble)
    _write(database, end)
    if count:
        log.info("mailbox.read", count=count)
    return count


def redact_mail(
    database: Database, *, keep_days: int, stopping: Callable[[], bool] = _never
) -> int:
    """Empty the mails that came in and were settled `keep_days` ago; return how many.

    In batches of 200, each in a transaction of its own.
    """
    before = clock.now() - timedelta(days=keep_days)
    done, last = 0, redaction.BATCH
    while last == redaction.BATCH and not stopping():
        last = _write(database, partial(redaction.redact_mail, before=before))
        done += last
    if done:
        log.info("mails.redacted", count=done)
    return done


def _taken(database: Database, links: Links, raw: bytes) -> bool:
    """File a mail; False where that failed, so that it stays in the mailbox for the next round."""
    try:
        file_mail(database, raw, links=links)
    except Exception as error:
        log.exception("mail.cannot_file", error=type(error).__name__)
        return False
    return True


def _write(database: Database, unit: Callable[..., int]) -> int:
    return db.in_transaction(database, lambda session: unit(session, now=clock.now()))
