"""Incident reports: taken from whoever was there, read and settled by a coordinator."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach import audit, crypto, db
from outreach.actor import Actor
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import lazy
from outreach.visits import telling
from outreach.visits.models import IncidentReport, Visit
from outreach.visits.telling import Incident, Teller
from outreach.workflows import notices, recipients, screened
from outreach.workflows.notices import Cause

KIND: Final = "incident"

NOT_HELD = lazy("This visit was called off. Please call the bureau.")
NOT_BEGUN = lazy("This visit has not begun yet.")
TOO_LATE = lazy("It is more than two weeks ago. Please call the bureau.")
TOO_MANY = lazy("We have several reports of this visit already. Please call the bureau.")
NO_WORDS = lazy("Say in a few words what happened.")
NO_NOTE = lazy("Say in a few words what was done.")


def report(
    session: Session, visit: Visit, *, kind: Incident, words: str, by: Actor, now: datetime
) -> IncidentReport:
    """Take an incident report; coordinators get a mail that something waits, and not what.

    The same report sent twice is one.

    Raises:
        Conflict: the visit has not begun or was called off, it is too late, or there are many.
        RuleBroken: nothing is said, or the words hold what identifies somebody.
    """
    teller = telling.teller(by)
    screened.told(words, field="words", label=screened.INCIDENT)
    visit = db.locked(session, Visit, visit.id)
    if not words.strip():
        raise RuleBroken(NO_WORDS, field="words")
    _refuse_time(visit, teller, now=now)
    fingerprint = crypto.digest(f"{visit.public_id}\n{teller}\n{_who(by)}\n{kind}\n{words}")
    known = select(IncidentReport).where(IncidentReport.fingerprint == fingerprint)
    found = session.scalars(known).one_or_none()
    if found is not None:
        return found
    _refuse_many(session, visit, teller)
    made = IncidentReport(
        affiliate_id=visit.affiliate_id,
        visit_id=visit.id,
        kind=kind,
        words=words,
        said_by=teller,
        speaker_id=by.speaker_id,
        account_id=by.account_id,
        fingerprint=fingerprint,
        said_at=now,
    )
    session.add(made)
    session.flush()
    audit.record(
        session, "incident.report", actor=by, subject=("incident_report", made.id), now=now
    )
    _alert(session, made, visit, now=now)
    return made


def settle(
    session: Session, report: IncidentReport, *, note: str, by: Actor, now: datetime
) -> None:
    """Settle a report with a note on what was done. Once: a second one changes nothing.

    Raises:
        RuleBroken: the note is empty, or holds what identifies somebody.
        Conflict: somebody has settled it already, with another note.
    """
    if not note.strip():
        raise RuleBroken(NO_NOTE, field="note")
    screened.told(note, field="note", label=screened.SETTLED)
    settled = (
        update(IncidentReport)
        .where(IncidentReport.id == report.id, IncidentReport.settled_at.is_(None))
        .values(settled_at=now, settled_by_id=by.account_id, note=note)
        .returning(IncidentReport.id)
    )
    if session.scalar(settled) is not None:
        subject = ("incident_report", report.id)
        audit.record(session, "incident.settle", actor=by, subject=subject, now=now)
        return
    session.refresh(report)
    if (report.settled_by_id, report.note) != (by.account_id, note):
        raise Conflict(lazy("Somebody has settled this report already."))


def _who(by: Actor) -> int:
    """Return what tells a teller from others: a speaker is the same by link and signed in."""
    return by.speaker_id or by.account_id or 0


def _refuse_time(visit: Visit, teller: Teller, *, now: datetime) -> None:
    if visit.called_off_at is not None:
        raise Conflict(NOT_HELD)
    if now < visit.starts_at:
        raise Conflict(NOT_BEGUN)
    if not telling.may_report(visit.starts_at, visit.ends_at, by=teller, now=now):
        raise Conflict(TOO_LATE)


def _refuse_many(session: Session, visit: Visit, teller: Teller) -> None:
    count = select(func.count()).where(IncidentReport.visit_id == visit.id)
    if teller is not Teller.COORDINATOR and (session.scalar(count) or 0) >= telling.MOST_REPORTS:
        raise Conflict(TOO_MANY)


def _alert(session: Session, made: IncidentReport, visit: Visit, *, now: datetime) -> None:
    """Mail every coordinator but who reported it; the mail says nothing of visit or place."""
    cause = Cause("incident_report", made.id, 1)
    for to in recipients.coordinators(session, visit.affiliate_id, now=now):
        if to.key != ("account", made.account_id):
            quiet = replace(to, sees_places=False)
            until = now + telling.OPEN_FOR
            notices.tell(session, quiet, KIND, visit=visit, cause=cause, expires_at=until, now=now)
