"""Taking back what one has just done, while its minutes run: one button beside what was done."""

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.actor import Actor, Kind
from outreach.errors import Conflict
from outreach.i18n import gettext as _
from outreach.visits.models import Assignment, Offer, Visit
from outreach.web import context
from outreach.web.auth import requires
from outreach.workflows import undo

T = TypeVar("T", Assignment, Offer, Visit)

bp = Blueprint("undo", __name__, url_prefix="/undo")


@bp.post("/assignments/<assignment_id>/yes")
@requires("assignment.end")
def a_yes(assignment_id: str) -> ResponseReturnValue:
    """Take back a yes."""

    def act(session: Session, row: Assignment, by: Actor, now: datetime) -> str:
        undo.a_yes(session, row, by=by, links=context.links(), now=now)
        return _visit_page(session, row.visit_id, by)

    return _undone(Assignment, assignment_id, "assignment.end", act)


@bp.post("/assignments/<assignment_id>/step-back")
@requires("assignment.end")
def a_step_back(assignment_id: str) -> ResponseReturnValue:
    """Take back that somebody cannot come."""

    def act(session: Session, row: Assignment, by: Actor, now: datetime) -> str:
        again = undo.a_step_back(session, row, by=by, links=context.links(), now=now)
        if by.kind is Kind.SPEAKER:
            return url_for("speaker.visit", assignment_id=again.public_id)
        return _visit_page(session, row.visit_id, by)

    return _undone(Assignment, assignment_id, "assignment.end", act)


@bp.post("/offers/<offer_id>/no")
@requires("offer.answer")
def a_no(offer_id: str) -> ResponseReturnValue:
    """Take back a "not this time"."""

    def act(session: Session, row: Offer, by: Actor, now: datetime) -> str:
        undo.a_no(session, row, by=by, links=context.links(), now=now)
        return url_for("speaker.home")

    return _undone(Offer, offer_id, "offer.answer", act)


@bp.post("/visits/<visit_id>/calling-off")
@requires("visit.call_off")
def a_call_off(visit_id: str) -> ResponseReturnValue:
    """Let a visit take place after all."""

    def act(session: Session, row: Visit, by: Actor, now: datetime) -> str:
        undo.a_call_off(session, row, by=by, links=context.links(), now=now)
        return _visit_page(session, row.id, by)

    return _undone(Visit, visit_id, "visit.call_off", act)


def _undone(
    model: type[T],
    row_id: str,
    action: str,
    act: Callable[[Session, T, Actor, datetime], str],
) -> ResponseReturnValue:
    """Take it back and go where it shows; too late is told there too."""
    actor = context.current_actor()
    try:
        with context.transaction() as session:
            row = access.load(session, model, row_id, actor=actor, action=action)
            target = act(session, row, actor, clock.now())
    except Conflict as error:
        flash(_(error.message, **error.values), "error")
        return redirect(url_for("public.start"), 303)
    flash(_("Taken back. It is as it was before."))
    return redirect(target, 303)


def _visit_page(session: Session, visit_pk: int, by: Actor) -> str:
    visit_id = session.get_one(Visit, visit_pk).public_id
    if by.kind is Kind.SPEAKER:
        return url_for("speaker.home")
    page = "liaison.visit" if by.kind is Kind.LIAISON else "coordinator.visit"
    return url_for(page, visit_id=visit_id)
