"""Another address of a visit: whoever comes hears of it, or would stand at the old door.

Their calendars follow as well, but most people's entries show no place, and a feed may lag a day.
The ward is not told: it is its own address.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import crypto, db
from outreach.actor import SYSTEM, Actor
from outreach.directory.models import Hospital, Unit
from outreach.messaging import kinds
from outreach.messaging.models import Message
from outreach.messaging.reasons import Reason
from outreach.messaging.service import WAITING
from outreach.visits import service
from outreach.visits.models import Assignment, Visit, VisitRequest
from outreach.workflows import invites, notices, recipients
from outreach.workflows.notices import Cause
from outreach.workflows.recipients import Recipient

KIND: Final = "other_place"

TOLD: Final[tuple[str, ...]] = ("change", "knew")
"""What a message keeps: which change it tells of, and the mark of the place known before it."""


@dataclass(frozen=True, slots=True)
class Where:
    """Where people go for a visit: all but names, and no ZIP code, which alone moves no door."""

    street: str
    city: str

    @property
    def mark(self) -> str:
        """What a message that waits keeps of it: never the address itself."""
        return crypto.digest(f"{self.street}\n{self.city}")

    def is_elsewhere(self, was: "Where") -> bool:
        """Say whether people would go to another door. A street that was not yet known is none."""
        return self.city != was.city or was.street not in {"", self.street}


def addresses(session: Session, visits: Iterable[Visit]) -> dict[int, Where]:
    """Return where visits are now, by primary key; those by video are nowhere."""
    ids, found = [visit.id for visit in visits], dict[int, Where]()
    for first in range(0, len(ids), db.AT_ONCE):
        some = (
            select(Visit.id, Unit.street, Hospital.city)
            .join(VisitRequest, VisitRequest.id == Visit.request_id)
            .join(Unit, Unit.id == Visit.unit_id)
            .join(Hospital, Hospital.id == Unit.hospital_id)
            .where(Visit.id.in_(ids[first : first + db.AT_ONCE]), VisitRequest.by_video.is_(False))
        )
        found |= {visit_id: Where(*where) for visit_id, *where in session.execute(some)}
    return found


def tell(
    session: Session,
    visits: Sequence[Visit],
    *,
    were: Mapping[int, Where],
    by: Actor = SYSTEM,
    now: datetime,
) -> None:
    """Tell those who come to these visits where that has changed; calendars are right by now.

    `were` is what `addresses` said before, `by` who made the change, as in `notices.tell`. What
    waits of an earlier change is no longer said; nor is this one, where it brings back what they
    know: a slip of the pen that was set right in time.
    """
    change = crypto.public_id()  # each change is told, also two of one day
    are = addresses(session, visits)
    for visit in visits:
        was, where = were.get(visit.id), are.get(visit.id)
        if was is None or where is None or was == where:
            continue
        for assignment in service.active_assignments(session, visit.id):
            knew = _knew(session, assignment)
            cause = Cause("assignment", assignment.id, visit.revision)
            notices.forget(session, cause, kinds=(KIND,), now=now)
            if knew == where.mark or (knew is None and not where.is_elsewhere(was)):
                continue
            to = recipients.speaker_by_id(session, assignment.speaker_id)
            channels = _channels(session, visit, to)
            told = {"change": change, "knew": knew or was.mark}
            _tell(session, visit, to, cause, told=told, channels=channels, by=by, now=now)


def tell_anew(
    session: Session, visit: Visit, assignment: Assignment, *, since: Assignment, now: datetime
) -> None:
    """Say what was to be said about `since` and has not left, of the visit as it is now.

    `since` is the same assignment where the visit has moved, else the one that was given up and
    is taken back.
    """
    unsaid = _unsaid(session, since)
    cause = Cause("assignment", assignment.id, visit.revision)
    if not unsaid or _is_about(unsaid[0], cause):
        return
    told = {name: unsaid[0].values[name] for name in TOLD if name in unsaid[0].values}
    where = addresses(session, [visit]).get(visit.id)
    if where is None or told.get("knew") == where.mark:
        return
    to = recipients.speaker_by_id(session, assignment.speaker_id)
    # Whether it is to be a call, `notices.tell` knows.
    channels = tuple(each.channel for each in unsaid if each.channel != kinds.CALL)
    _tell(session, visit, to, cause, told=told, channels=channels, now=now)


def _tell(
    session: Session,
    visit: Visit,
    to: Recipient,
    cause: Cause,
    *,
    told: Mapping[str, str],
    channels: tuple[str, ...],
    by: Actor = SYSTEM,
    now: datetime,
) -> None:
    notices.tell(
        session,
        to,
        KIND,
        visit=visit,
        cause=cause,
        values=told,
        channels=channels,
        expires_at=visit.starts_at,
        by=by,
        now=now,
    )


def _channels(session: Session, visit: Visit, to: Recipient) -> tuple[str, ...]:
    if notices.may_be_texted(session, to):
        return (kinds.SMS,)
    if to.sees_places and invites.reaches(session, visit, to):
        return ()
    return (kinds.MAIL,)


def _knew(session: Session, assignment: Assignment) -> str | None:
    """Return the mark of where the person means to go; None where they know of every change."""
    last = _last_change(session, assignment)
    if not last or not all(map(_has_not_left, last)):
        return None
    mark: str | None = last[0].values.get("knew")
    return mark


def _unsaid(session: Session, assignment: Assignment) -> list[Message]:
    """Return what was planned of the last change and waits, or was cancelled as overtaken."""
    return [each for each in _last_change(session, assignment) if _has_not_left(each)]


def _last_change(session: Session, assignment: Assignment) -> list[Message]:
    """Return what was planned of the last change, the newest of each channel.

    What was emptied is long settled.
    """
    about = (
        Message.subject_kind == "assignment",
        Message.subject_id == assignment.id,
        Message.kind == KIND,
        Message.redacted_at.is_(None),
    )
    in_order = select(Message).where(*about).order_by(Message.id)
    planned = session.scalars(in_order.execution_options(populate_existing=True)).all()
    newest = {message.channel: message for message in planned}
    return [
        message
        for message in newest.values()
        if message.values.get("change") == planned[-1].values.get("change")
    ]


def _has_not_left(message: Message) -> bool:
    return message.state in WAITING or _is_overtaken(message)


def _is_overtaken(message: Message) -> bool:
    return message.state == "cancelled" and message.reason == Reason.SUPERSEDED


def _is_about(message: Message, cause: Cause) -> bool:
    return (message.subject_id, message.subject_revision) == (cause.id, cause.revision)
