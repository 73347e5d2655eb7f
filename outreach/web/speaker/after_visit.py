"""How did it go? A speaker's debrief and incident report, where one is signed in."""

from functools import partial

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.reads import after_visit as reads
from outreach.visits import telling
from outreach.visits.models import Assignment, IncidentReport, Visit
from outreach.visits.telling import Teller
from outreach.web import context
from outreach.web.after_visit_forms import (
    DebriefForm,
    IncidentForm,
    debrief_form,
    report,
    reported,
    take,
    thanked,
)
from outreach.web.auth import requires
from outreach.web.forms import Form
from outreach.web.speaker.blueprint import bp
from outreach.workflows import after_visit as workflows
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

    def act(session: Session) -> Told:
        row = _load(session, assignment_id, "debrief.tell")
        return workflows.tell(
            session, row, form.said(), by=context.current_actor(), now=clock.now()
        )

    back = _visit(assignment_id)
    return take(form, act, show=partial(_page, "debrief", assignment_id, form), then=thanked(back))


@bp.get("/visits/<assignment_id>/incident")
@requires("incident.report")
def incident(assignment_id: str) -> ResponseReturnValue:
    """Ask what happened on a visit."""
    with context.reading() as session:
        _load(session, assignment_id, "incident.report")
    return _page("incident", assignment_id, IncidentForm())


@bp.post("/visits/<assignment_id>/incident")
@requires("incident.report")
def report_incident(assignment_id: str) -> ResponseReturnValue:
    """Take the report; the same again is the same report."""
    form = IncidentForm()
    with context.reading() as session:
        _load(session, assignment_id, "incident.report")

    def act(session: Session) -> IncidentReport:
        row = _load(session, assignment_id, "incident.report")
        visit = session.get_one(Visit, row.visit_id)
        return report(session, visit, form, by=context.current_actor())

    back = _visit(assignment_id)
    return take(
        form, act, show=partial(_page, "incident", assignment_id, form), then=reported(back)
    )


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
