"""How did it go? A speaker's debrief and incident report, where one is signed in."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import gettext as _
from outreach.reads import after_visit as reads
from outreach.visits import telling
from outreach.visits.models import Assignment, Visit
from outreach.visits.telling import Incident, Teller
from outreach.web import context
from outreach.web.after_visit_forms import DebriefForm, IncidentForm, debrief_form
from outreach.web.auth import requires
from outreach.web.forms import Form
from outreach.web.speaker.blueprint import bp
from outreach.workflows import after_visit as workflows
from outreach.workflows import incidents
from outreach.workflows.after_visit import Told


@bp.get("/visits/<assignment_id>/debrief")
@requires("debrief.tell")
def debrief(assignment_id: str) -> ResponseReturnValue:
    """Ask how a visit went; only in the two weeks after it."""
    with context.reading() as session:
        row = _load(session, assignment_id, "debrief.tell")
        if not row.active or not telling.is_open(row.ends_at, to=Teller.SPEAKER, now=clock.now()):
            return redirect(_visit(assignment_id), 303)
        form = debrief_form(reads.debrief_page(session, row))
    return _page("debrief", assignment_id, form)


@bp.post("/visits/<assignment_id>/debrief")
@requires("debrief.tell")
def tell_debrief(assignment_id: str) -> ResponseReturnValue:
    """Take what a speaker tells; the same again changes nothing."""
    form = DebriefForm()
    with context.reading() as session:
        _load(session, assignment_id, "debrief.tell")
    if not form.is_sent_and_right():
        return _page("debrief", assignment_id, form), 422
    try:
        with context.transaction() as session:
            row = _load(session, assignment_id, "debrief.tell")
            told = workflows.tell(
                session, row, form.said(), by=context.current_actor(), now=clock.now()
            )
    except RuleBroken as error:
        form.refuse(error)
        return _page("debrief", assignment_id, form), error.status
    if told is Told.SAME:
        flash(_("We have these answers already. Nothing was changed."), "info")
    else:
        flash(_("Thank you. We have your answers."))
    return redirect(_visit(assignment_id), 303)


@bp.route("/visits/<assignment_id>/incident", methods=["GET", "POST"])
@requires("incident.report")
def incident(assignment_id: str) -> ResponseReturnValue:
    """Report that something happened on a visit."""
    form = IncidentForm()
    with context.reading() as session:
        _load(session, assignment_id, "incident.report")
    if not form.is_sent_and_right():
        return _page("incident", assignment_id, form), 422 if form.errors else 200
    try:
        with context.transaction() as session:
            row = _load(session, assignment_id, "incident.report")
            incidents.report(
                session,
                session.get_one(Visit, row.visit_id),
                kind=Incident(form.kind.data),
                words=form.words.data or "",
                by=context.current_actor(),
                now=clock.now(),
            )
    except RuleBroken as error:
        form.refuse(error)
        return _page("incident", assignment_id, form), error.status
    except Conflict as error:
        form.form_errors.append(_(error.message, **error.values))
        return _page("incident", assignment_id, form), error.status
    flash(_("Thank you. Your report waits for a coordinator."))
    return redirect(_visit(assignment_id), 303)


def _load(session: Session, assignment_id: str, action: str) -> Assignment:
    actor = context.current_actor()
    return access.load(session, Assignment, assignment_id, actor=actor, action=action)


def _page(name: str, assignment_id: str, form: Form) -> str:
    with context.reading() as session:
        page = reads.debrief_page(session, _load(session, assignment_id, "visit.see"))
    return render_template(
        f"after_visit/{name}.html",
        page=page,
        form=form,
        by_link=False,
        said="",
        incident_href=url_for("speaker.incident", assignment_id=assignment_id),
        back_href=_visit(assignment_id),
    )


def _visit(assignment_id: str) -> str:
    return url_for("speaker.visit", assignment_id=assignment_id)
