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


@dataclass(frozen=True, slots=True)
class Where:
    """Where people go for a visit: all but names. A ZIP code has one town."""

    street: str
    city: str
    zip_code: str

    @property
    def in_calendars(self) -> tuple[str, str]:
        """As much of it as an entry says, to those who may see places."""
        return self.street, self.city


def addresses(session: Session, visits: Iterable[Visit]) -> dict[int, Where]:
    """Return where visits are now, by primary key; those by video are nowhere."""
    ids, found = [visit.id for visit in visits], dict[int, Where]()
    for first in range(0, len(ids), db.AT_ONCE):
        some = (
            select(Visit.id, Unit.street, Hospital.city, Hospital.zip_code)
            .join(VisitRequest, VisitRequest.id == Visit.request_id)
            .join(Unit, Unit.id == Visit.unit_id)
            .join(Hospital, Hospital.id == Unit.hospital_id)
            .where(Visit.id.in_(ids[first : first + db.AT_ONCE]), VisitRequest.by_video.is_(False))
        )
        found |= {visit_id: Where(*where) for visit_id, *where in session.execute(some)}
    return found


def tell(
    session: Session, visits: Sequence[Visit], *, were: Mapping[int, Where], now: datetime
) -> None:
    """Tell those who come to these visits where that has changed; calendars are right by now.

    `were` is what `addresses` said before. What waits of an earlier change is no longer said.
    """
    change = crypto.public_id()  # each change is told, also two of one day
    are = addresses(session, visits)
    for visit in visits:
        if are.get(visit.id) == were.get(visit.id):
            continue
        entries_say_it = are[visit.id].in_calendars != were[visit.id].in_calendars
        for assignment in service.active_assignments(session, visit.id):
            to = recipients.speaker_by_id(session, assignment.speaker_id)
            channels = _channels(session, visit, to, entries_say_it=entries_say_it)
            cause = Cause("assignment", assignment.id, visit.revision)
            notices.forget(session, cause, kinds=(KIND,), now=now)
            _tell(session, visit, to, cause, change=change, channels=channels, now=now)


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
    to = recipients.speaker_by_id(session, assignment.speaker_id)
    # Whether it is to be a call, `notices.tell` knows.
    channels = tuple(each.channel for each in unsaid if each.channel != kinds.CALL)
    change = unsaid[0].values["change"]
    _tell(session, visit, to, cause, change=change, channels=channels, now=now)


def _tell(
    session: Session,
    visit: Visit,
    to: Recipient,
    cause: Cause,
    *,
    change: str,
    channels: tuple[str, ...],
    now: datetime,
) -> None:
    notices.tell(
        session,
        to,
        KIND,
        visit=visit,
        cause=cause,
        values={"change": change},
        channels=channels,
        expires_at=visit.starts_at,
        now=now,
    )


def _channels(
    session: Session, visit: Visit, to: Recipient, *, entries_say_it: bool
) -> tuple[str, ...]:
    if notices.may_be_texted(session, to):
        return (kinds.SMS,)
    if entries_say_it and to.sees_places and invites.reaches(session, visit, to):
        return ()
    return (kinds.MAIL,)


def _unsaid(session: Session, assignment: Assignment) -> list[Message]:
    """Return what was planned of the last change and waits, or was cancelled as overtaken."""
    about = (
        Message.subject_kind == "assignment",
        Message.subject_id == assignment.id,
        Message.kind == KIND,
    )
    in_order = select(Message).where(*about).order_by(Message.id)
    planned = session.scalars(in_order.execution_options(populate_existing=True)).all()
    newest = {message.channel: message for message in planned}
    return [
        message
        for message in newest.values()
        if message.values.get("change") == planned[-1].values.get("change")
        and (message.state in WAITING or _is_overtaken(message))
    ]


def _is_overtaken(message: Message) -> bool:
    return message.state == "cancelled" and message.reason == Reason.SUPERSEDED


def _is_about(message: Message, cause: Cause) -> bool:
    return (message.subject_id, message.subject_revision) == (cause.id, cause.revision)
