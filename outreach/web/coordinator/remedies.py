"""What would fill a visit nobody fits: the actions that ask somebody."""

from datetime import datetime

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.speakers.models import Speaker
from outreach.visits.models import Visit
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import FIRST_YEAR, LAST_YEAR
from outreach.workflows import other_times


@bp.post("/visits/<visit_id>/other-times")
@requires("time.propose")
def propose_time(visit_id: str) -> ResponseReturnValue:
    """Ask the unit whether another time would do. The same one twice is once."""
    actor = context.current_actor()
    starts_at = _instant(request.form.get("starts_at", ""))
    try:
        with context.transaction() as session:
            row = access.load(session, Visit, visit_id, actor=actor, action="time.propose")
            other_times.propose(session, row, starts_at=starts_at, by=actor, now=clock.now())
    except RuleBroken as error:
        flash(_(error.message, **error.values), "error")
    else:
        flash(_("The unit is asked by mail. Until they say yes the visit keeps its time."))
    return redirect(url_for("coordinator.visit", visit_id=visit_id), 303)


@bp.post("/visits/<visit_id>/renewals")
@requires("speaker.ask_to_renew")
def ask_to_renew(visit_id: str) -> ResponseReturnValue:
    """Ask a speaker by mail to renew a paper; once a month at most."""
    actor, action = context.current_actor(), "speaker.ask_to_renew"
    with context.transaction() as session:
        row = access.load(session, Visit, visit_id, actor=actor, action=action)
        typed = request.form.get("speaker", "")
        speaker = access.load(session, Speaker, typed, actor=actor, action=action)
        sent = other_times.ask_to_renew(session, speaker, by=actor, now=clock.now())
        name, target = speaker.first_name, row.public_id
    if sent:
        flash(_("%(name)s is asked by mail to renew it. The mail does not say which.", name=name))
    else:
        flash(_("%(name)s was asked this month already. A call may help.", name=name), "info")
    return redirect(url_for("coordinator.visit", visit_id=target), 303)


def _instant(typed: str) -> datetime:
    """Read the time a button carries. Raises RuleBroken for anything else."""
    try:
        found = datetime.fromisoformat(typed)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not FIRST_YEAR <= found.year < LAST_YEAR:
        raise RuleBroken(lazy("This is no time. Go back and choose one of the times on the page."))
    return found
