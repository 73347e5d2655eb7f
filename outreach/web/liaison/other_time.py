"""Another time the bureau proposes for a visit: the unit says yes, or keeps its own."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.errors import Conflict
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import remedies
from outreach.visits.models import OtherTime, Visit
from outreach.web.auth import requires
from outreach.web.context import current_actor, links, reading, transaction
from outreach.web.liaison.blueprint import bp
from outreach.web.liaison.visits import own_visit
from outreach.workflows import other_times
from outreach.workflows.visits import AgainstTheRules

NO_MORE = lazy("The unit’s own rules speak against that time by now. The visit keeps its time.")


@bp.get("/units/visits/<visit_id>/other-time")
@requires("time.answer")
def other_time(visit_id: str) -> ResponseReturnValue:
    """Show the time that is proposed, beside the one the visit has. Looking changes nothing."""
    now = clock.now()
    with reading() as session:
        page = own_visit(session, visit_id, now=now)
        row = access.load(session, Visit, visit_id, actor=current_actor(), action="time.answer")
        asked = remedies.time_asked(session, row, now=now)
    return render_template("liaison/other_time.html", page=page, asked=asked)


@bp.post("/units/other-times/<time_id>/acceptance")
@requires("time.answer")
def accept_time(time_id: str) -> ResponseReturnValue:
    """Move the visit to the proposed time. Twice is once."""
    try:
        with transaction() as session:
            asked, visit_id = _load(session, time_id)
            other_times.accept(session, asked, by=current_actor(), links=links(), now=clock.now())
    except AgainstTheRules:
        raise Conflict(NO_MORE) from None
    flash(_("The visit has its new time. Everyone concerned is told."))
    return redirect(url_for("liaison.visit", visit_id=visit_id), 303)


@bp.post("/units/other-times/<time_id>/refusal")
@requires("time.answer")
def keep_time(time_id: str) -> ResponseReturnValue:
    """Say that the visit keeps its time. Twice is once."""
    with transaction() as session:
        asked, visit_id = _load(session, time_id)
        other_times.keep(session, asked, by=current_actor(), now=clock.now())
    flash(_("The visit keeps its time. The coordinator sees your answer."), "info")
    return redirect(url_for("liaison.visit", visit_id=visit_id), 303)


def _load(session: Session, time_id: str) -> tuple[OtherTime, str]:
    asked = access.load(session, OtherTime, time_id, actor=current_actor(), action="time.answer")
    return asked, session.get_one(Visit, asked.visit_id).public_id
