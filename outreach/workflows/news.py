"""News of a visit: told to whoever means to come, and to the ward, about the time they know.

By text where that is wanted; by mail only where no calendar mail says the same.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from outreach.actor import SYSTEM, Actor
from outreach.messaging import service as messaging
from outreach.visits.models import Assignment, Visit
from outreach.workflows import invites, notices, recipients
from outreach.workflows.recipients import Recipient

OUTDATED: Final = ("request_received", "still_looking", "moved")
"""What is said of a visit and no longer holds once it has moved or is off. That somebody need not
come still does."""


@dataclass(frozen=True, slots=True)
class Span:
    """When a visit is, or was."""

    starts_at: datetime
    ends_at: datetime


def span(visit: Visit) -> Span:
    """Return when the visit is now."""
    return Span(visit.starts_at, visit.ends_at)


def of_a_move(
    session: Session,
    visit: Visit,
    *,
    was: Span,
    stay: Iterable[Assignment],
    leave: Iterable[Assignment],
    by: Actor,
    now: datetime,
) -> None:
    """Tell those who come and the ward of the new time, and those let go that they need not come.

    Who has not heard of the last move yet hears of both as one; moved there and back is no news.
    """
    for to in [*_speakers(session, stay), *_ward(session, visit)]:
        known = _known(session, visit, to, otherwise=was)
        if known != span(visit):
            _tell(session, to, "moved", visit=visit, known=known, by=by, now=now)
    of_a_release(session, visit, was=was, leave=leave, by=by, now=now)
    _forget(session, visit, now=now)


def of_a_release(
    session: Session,
    visit: Visit,
    *,
    was: Span,
    leave: Iterable[Assignment],
    by: Actor = SYSTEM,
    now: datetime,
) -> None:
    """Tell those whom the visit's new time lets go that they need not come."""
    for to in _speakers(session, leave):
        known = _known(session, visit, to, otherwise=was)
        _tell(session, to, "released", visit=visit, known=known, by=by, now=now)


def of_the_end(
    session: Session, visit: Visit, *, who: Iterable[Assignment], by: Actor, now: datetime
) -> None:
    """Tell those who meant to come and the ward that the visit is called off."""
    for to in [*_speakers(session, who), *_ward(session, visit)]:
        known = _known(session, visit, to, otherwise=span(visit))
        _tell(session, to, "called_off", visit=visit, known=known, by=by, now=now)
    _forget(session, visit, now=now)


def who_heard_of_the_end(session: Session, visit: Visit) -> list[Recipient]:
    """Return whom word has reached that the visit is called off, calendar mails apart."""
    heard = messaging.who_got(session, subject=("visit", visit.id), kind="called_off")
    known = (recipients.owner(session, kind, row_id, visit=visit) for kind, row_id in heard)
    return [to for to in known if to is not None]


def of_the_return(
    session: Session, visit: Visit, *, to: Iterable[Recipient], now: datetime
) -> None:
    """Tell those who heard that the visit was off that it takes place; the others need no word."""
    notices.forget_earlier(session, notices.about(visit), kinds=("called_off",), now=now)
    for each in to:
        notices.tell(session, each, "on_again", visit=visit, channels=("sms",), now=now)


def _speakers(session: Session, assignments: Iterable[Assignment]) -> Iterator[Recipient]:
    for assignment in assignments:
        yield recipients.speaker_by_id(session, assignment.speaker_id)


def _ward(session: Session, visit: Visit) -> Iterator[Recipient]:
    to = recipients.liaison(session, visit)
    if to is not None:
        yield to


def _known(session: Session, visit: Visit, to: Recipient, *, otherwise: Span) -> Span:
    """Return the time the person knows: before a move of which word has not left yet."""
    waiting = messaging.last_waiting(
        session, subject=("visit", visit.id), kind="moved", recipient=to.key
    )
    if waiting is None:
        return otherwise
    starts_at, ends_at = (waiting.values[name] for name in ("was", "was_until"))
    return Span(datetime.fromisoformat(starts_at), datetime.fromisoformat(ends_at))


def _tell(
    session: Session,
    to: Recipient,
    kind: str,
    *,
    visit: Visit,
    known: Span,
    by: Actor,
    now: datetime,
) -> None:
    starts_at, ends_at = known.starts_at.isoformat(), known.ends_at.isoformat()
    values = {"was": starts_at, "was_until": ends_at}
    if kind == "called_off":
        values = {"starts_at": starts_at, "ends_at": ends_at}
    # A text names the start alone: of another length only a mail can tell.
    says_it = kind != "moved" or known.starts_at != visit.starts_at
    channels: tuple[str, ...] = ()
    if says_it and notices.may_be_texted(session, to):
        channels = ("sms",)
    elif not invites.reaches(session, visit, to):
        channels = ("mail",)
    notices.tell(session, to, kind, visit=visit, values=values, channels=channels, by=by, now=now)


def _forget(session: Session, visit: Visit, *, now: datetime) -> None:
    notices.forget_earlier(session, notices.about(visit), kinds=OUTDATED, now=now)
