"""Did they come? The unit's word on a visit and its incident reports, where one is signed in."""

from functools import partial

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.reads import after_visit as reads
from outreach.visits import telling
from outreach.visits.models import IncidentReport, Visit
from outreach.visits.telling import Teller
from outreach.web.after_visit_forms import (
    CameForm,
    IncidentForm,
    came_form,
    report,
    reported,
    take,
    thanked,
)
from outreach.web.auth import requires
from outreach.web.context import current_actor, reading
from outreach.web.forms import Form
from outreach.web.liaison.blueprint import bp
from outreach.workflows import after_visit as workflows
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

    def act(session: Session) -> Told:
        row = _load(session, visit_id, "came.tell")
        return workflows.say_who_came(
            session, row, form.said(), by=current_actor(), now=clock.now()
        )

    return take(
        form, act, show=partial(_page, "came", visit_id, form), then=thanked(_visit(visit_id))
    )


@bp.get("/units/visits/<visit_id>/incident")
@requires("incident.report")
def incident(visit_id: str) -> ResponseReturnValue:
    """Ask what happened on a visit."""
    with reading() as session:
        _load(session, visit_id, "incident.report")
    return _page("incident", visit_id, IncidentForm())


@bp.post("/units/visits/<visit_id>/incident")
@requires("incident.report")
def report_incident(visit_id: str) -> ResponseReturnValue:
    """Take the report; the same again is the same report."""
    form = IncidentForm()
    with reading() as session:
        _load(session, visit_id, "incident.report")

    def act(session: Session) -> IncidentReport:
        row = _load(session, visit_id, "incident.report")
        return report(session, row, form, by=current_actor())

    return take(
        form, act, show=partial(_page, "incident", visit_id, form), then=reported(_visit(visit_id))
    )


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
