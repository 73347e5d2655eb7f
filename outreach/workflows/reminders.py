"""Reminders follow the rows: after any change of a visit or its people, `sync` plans them anew.

So does what waits to be told of another address. After a speaker's own choice of fewer or more
reminders, `follow_choice` does.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.directory.models import Affiliate
from outreach.messaging import rules
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Visit
from outreach.workflows import notices, other_places, recipients
from outreach.workflows.notices import Cause

OF_AN_ASSIGNMENT = ("reminder", "confirmed")
"""What is said to a speaker who comes, and no longer holds once that or the time has changed."""

OF_WHO_COMES = (*OF_AN_ASSIGNMENT, other_places.KIND)
"""What no longer holds once the speaker does not come; another address does at any time."""


def sync(session: Session, visit: Visit, *, now: datetime) -> None:
    """Plan the affiliate's reminders for whoever comes; cancel what told of a state that is over.

    A reminder whose time has passed is not planned: the invite has just said the same.
    """
    everyone = select(Assignment).where(Assignment.visit_id == visit.id)
    for assignment in session.scalars(everyone).all():
        cause = Cause("assignment", assignment.id, visit.revision)
        if not assignment.active or visit.called_off_at is not None:
            notices.forget(session, cause, kinds=OF_WHO_COMES, now=now)
        else:
            notices.forget_earlier(session, cause, kinds=OF_AN_ASSIGNMENT, now=now)
            _plan(session, visit, assignment, cause, now=now)
            other_places.tell_anew(session, visit, assignment, since=assignment, now=now)


def follow_choice(session: Session, assignment: Assignment, *, now: datetime) -> None:
    """Plan one speaker's reminders of a visit as they want them now. The visit is locked."""
    visit = session.get_one(Visit, assignment.visit_id)
    cause = Cause("assignment", assignment.id, visit.revision)
    notices.forget(session, cause, kinds=("reminder",), now=now)
    _plan(session, visit, assignment, cause, now=now)


def _plan(
    session: Session, visit: Visit, assignment: Assignment, cause: Cause, *, now: datetime
) -> None:
    plan = session.get_one(Affiliate, visit.affiliate_id).reminders
    speaker = session.get_one(Speaker, assignment.speaker_id)
    to = recipients.speaker(speaker)
    planned = rules.reminder_times(visit.starts_at, zone=visit.time_zone, plan=plan)
    for reminder in rules.wanted(planned, most=speaker.most_reminders):
        if reminder.due_at <= now:
            continue
        notices.tell(
            session,
            to,
            "reminder",
            visit=visit,
            cause=cause,
            values={"reminder": reminder.name},
            channels=(reminder.channel,),
            send_after=reminder.due_at,
            expires_at=visit.starts_at,
            now=now,
        )
