"""Did they come? The unit's word on a visit and its incident reports, where one is signed in."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import gettext as _
from outreach.reads import after_visit as reads
from outreach.visits import telling
from outreach.visits.models import Visit
from outreach.visits.telling import Incident, Teller
from outreach.web.after_visit_forms import CameForm, IncidentForm, came_form
from outreach.web.auth import requires
from outreach.web.context import current_actor, reading, transaction
from outreach.web.forms import Form
from outreach.web.liaison.blueprint import bp
from outreach.workflows import after_visit as workflows
from outreach.workflows import incidents
from outreach.workflows.after_visit import Told


@bp.get("/units/visits/<visit_id>/came")
@requires("came.tell")
def came(visit_id: str) -> ResponseReturnValue:
    """Ask who came; only in the two weeks after a visit that was not called off."""
    with reading() as session:
        row = _load(session, visit_id, "came.tell")
        is_open = telling.is_open(row.ends_at, to=Teller.LIAISON, now=clock.now())
        if row.called_off_at is not None or not is_open:
            return redirect(_visit(visit_id), 303)
        form = came_form(reads.came_page(session, row))
    return _page("came", visit_id, form)


@bp.post("/units/visits/<visit_id>/came")
@requires("came.tell")
def say_who_came(visit_id: str) -> ResponseReturnValue:
    """Take the unit's word; the same again changes nothing."""
    with reading() as session:
        form: CameForm = came_form(reads.came_page(session, _load(session, visit_id, "came.tell")))
    if not form.is_sent_and_right():
        return _page("came", visit_id, form), 422
    try:
        with transaction() as session:
            row = _load(session, visit_id, "came.tell")
            told = workflows.say_who_came(
                session, row, form.said(), by=current_actor(), now=clock.now()
            )
    except RuleBroken as error:
        form.refuse(error)
        return _page("came", visit_id, form), error.status
    if told is Told.SAME:
        flash(_("We have these answers already. Nothing was changed."), "info")
    else:
        flash(_("Thank you. We have your answers."))
    return redirect(_visit(visit_id), 303)


@bp.route("/units/visits/<visit_id>/incident", methods=["GET", "POST"])
@requires("incident.report")
def incident(visit_id: str) -> ResponseReturnValue:
    """Report that something happened on a visit."""
    form = IncidentForm()
    with reading() as session:
        _load(session, visit_id, "incident.report")
    if not form.is_sent_and_right():
        return _page("incident", visit_id, form), 422 if form.errors else 200
    try:
        with transaction() as session:
            incidents.report(
                session,
                _load(session, visit_id, "incident.report"),
                kind=Incident(form.kind.data),
                words=form.words.data or "",
                by=current_actor(),
                now=clock.now(),
            )
    except RuleBroken as error:
        form.refuse(error)
        return _page("incident", visit_id, form), error.status
    except Conflict as error:
        form.form_errors.append(_(error.message, **error.values))
        return _page("incident", visit_id, form), error.status
    flash(_("Thank you. Your report waits for a coordinator."))
    return redirect(_visit(visit_id), 303)


def _load(session: Session, visit_id: str, action: str) -> Visit:
    return access.load(session, Visit, visit_id, actor=current_actor(), action=action)


def _page(name: str, visit_id: str, form: Form) -> str:
    with reading() as session:
        page = reads.came_page(session, _load(session, visit_id, "ward.see"))
    return render_template(
        f"after_visit/{name}.html",
        page=page,
        form=form,
        by_link=False,
        said="",
        incident_href=url_for("liaison.incident", visit_id=visit_id),
        back_href=_visit(visit_id),
    )


def _visit(visit_id: str) -> str:
    return url_for("liaison.visit", visit_id=visit_id)
