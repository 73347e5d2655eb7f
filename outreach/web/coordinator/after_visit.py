"""After a visit: who came, how many patients, whom to call, and what happened."""

from typing import TypeVar

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.db import Base
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import gettext as _
from outreach.reads import visit as visit_reads
from outreach.reads import visit_record
from outreach.speakers.models import Speaker
from outreach.visits import afterwards
from outreach.visits.models import Assignment, Debrief, IncidentReport, Visit
from outreach.visits.telling import Incident
from outreach.web import context
from outreach.web.after_visit_forms import AttendanceForm, AudienceForm, IncidentForm, SettleForm
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import Form
from outreach.workflows import after_visit as workflows
from outreach.workflows import incidents

M = TypeVar("M", bound=Base)


@bp.route("/assignments/<assignment_id>/attendance", methods=["GET", "POST"])
@requires("attendance.record")
def attendance(assignment_id: str) -> ResponseReturnValue:
    """Record whether a speaker came, and the time and miles it took."""
    with context.reading() as session:
        row = _load(session, Assignment, assignment_id, "attendance.record")
        visit = session.get_one(Visit, row.visit_id)
        speaker = session.get_one(Speaker, row.speaker_id)
        known = afterwards.attendance(session, row)
    if _is_ahead(visit):
        return _to(visit)
    form = AttendanceForm(
        came=known.came if known else None,
        hours=known.minutes if known else None,
        miles=known.miles if known else None,
    )
    if form.is_sent_and_right():
        with context.transaction() as session:
            workflows.record_attendance(
                session,
                _load(session, Assignment, assignment_id, "attendance.record"),
                came=form.came.data,
                minutes=form.hours.data,
                miles=form.miles.data,
                by=context.current_actor(),
                now=clock.now(),
            )
        flash(_("It is recorded, and stands whatever else is told."))
        return _to(visit)
    return _page("attendance", form, visit, name=speaker.first_name)


@bp.route("/visits/<visit_id>/audience", methods=["GET", "POST"])
@requires("audience.record")
def audience(visit_id: str) -> ResponseReturnValue:
    """Record how many patients came."""
    with context.reading() as session:
        visit = _load(session, Visit, visit_id, "audience.record")
        known = afterwards.audience(session, visit)
    if _is_ahead(visit):
        return _to(visit)
    form = AudienceForm(people=known.people if known else None)
    if form.is_sent_and_right() and form.people.data is not None:
        with context.transaction() as session:
            workflows.record_audience(
                session,
                _load(session, Visit, visit_id, "audience.record"),
                people=form.people.data,
                by=context.current_actor(),
                now=clock.now(),
            )
        flash(_("It is recorded, and stands whatever else is told."))
        return _to(visit)
    return _page("audience", form, visit)


@bp.post("/debriefs/<debrief_id>/call")
@requires("debrief.call")
def have_called(debrief_id: str) -> ResponseReturnValue:
    """Note that somebody who wished for it was called; twice changes nothing."""
    with context.transaction() as session:
        debrief = _load(session, Debrief, debrief_id, "debrief.call")
        workflows.have_called(session, debrief, by=context.current_actor(), now=clock.now())
    flash(_("Thank you for calling."))
    return redirect(url_for("coordinator.today"), 303)


@bp.route("/visits/<visit_id>/incident", methods=["GET", "POST"])
@requires("incident.report")
def incident(visit_id: str) -> ResponseReturnValue:
    """Report an incident somebody told by telephone, say."""
    with context.reading() as session:
        visit = _load(session, Visit, visit_id, "incident.report")
    form = IncidentForm()
    if form.is_sent_and_right() and _reported(visit_id, form):
        return _to(visit)
    return _page("incident", form, visit)


@bp.route("/incidents/<incident_id>", methods=["GET", "POST"])
@requires("incident.settle")
def settle_incident(incident_id: str) -> ResponseReturnValue:
    """Show what was reported, and settle it with a note on what was done."""
    with context.reading() as session:
        row = _load(session, IncidentReport, incident_id, "incident.settle")
        visit = session.get_one(Visit, row.visit_id)
        shown = next(
            each for each in visit_record.reports(session, visit) if each.public_id == incident_id
        )
    form = SettleForm()
    if form.is_sent_and_right() and _settled(incident_id, form):
        return redirect(url_for("coordinator.today"), 303)
    return _page("settle_incident", form, visit, report=shown)


def _load(session: Session, model: type[M], public_id: str, action: str) -> M:
    return access.load(session, model, public_id, actor=context.current_actor(), action=action)


def _is_ahead(visit: Visit) -> bool:
    """Say whether nothing can be recorded yet, or ever."""
    return clock.now() < visit.ends_at or visit.called_off_at is not None


def _reported(visit_id: str, form: IncidentForm) -> bool:
    """Take the report; False where its words cannot be kept."""
    try:
        with context.transaction() as session:
            incidents.report(
                session,
                _load(session, Visit, visit_id, "incident.report"),
                kind=Incident(form.kind.data),
                words=form.words.data or "",
                by=context.current_actor(),
                now=clock.now(),
            )
    except RuleBroken as error:
        form.refuse(error)
        return False
    flash(_("The report waits on the page of today until somebody settles it."))
    return True


def _settled(incident_id: str, form: SettleForm) -> bool:
    """Settle the report; False where somebody else has just done so."""
    try:
        with context.transaction() as session:
            incidents.settle(
                session,
                _load(session, IncidentReport, incident_id, "incident.settle"),
                note=form.note.data or "",
                by=context.current_actor(),
                now=clock.now(),
            )
    except RuleBroken as error:
        form.refuse(error)
        return False
    except Conflict as error:
        form.form_errors.append(_(error.message, **error.values))
        return False
    flash(_("The report is settled."))
    return True


def _page(template: str, form: Form, visit: Visit, **shown: object) -> ResponseReturnValue:
    now = clock.now()
    with context.reading() as session:
        page = visit_reads.page(session, visit, now=now)
    status = 422 if request.method == "POST" else 200
    return (
        render_template(f"coordinator/{template}.html", form=form, row=page.row, **shown),
        status,
    )


def _to(visit: Visit) -> ResponseReturnValue:
    address = url_for("coordinator.visit", visit_id=visit.public_id, _anchor="afterwards")
    return redirect(address, 303)
