"""The call list: who prefers a call, and whom a text may not reach in time."""

from collections.abc import Callable

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock
from outreach.errors import Conflict
from outreach.i18n import gettext as _
from outreach.messaging.models import Message
from outreach.reads import call_list
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.workflows import calls as workflows


@bp.get("/messages/calls")
@requires("message.see")
def calls() -> ResponseReturnValue:
    """Show whom to call, what to say, and by when."""
    with context.reading() as session:
        rows = call_list.calls(session, context.current_actor(), now=clock.now())
    return render_template("coordinator/calls.html", rows=rows)


@bp.post("/messages/calls/<message_id>/reached")
@requires("message.settle")
def call_reached(message_id: str) -> ResponseReturnValue:
    """Note that the person was reached."""
    return _noted(message_id, workflows.reached, _("Thank you for calling."))


@bp.post("/messages/calls/<message_id>/no-answer")
@requires("message.settle")
def call_not_answered(message_id: str) -> ResponseReturnValue:
    """Note that nobody answered; the call is on the list again later."""
    again = _("Noted. The call is on the list again later.")
    return _noted(message_id, workflows.nobody_answered, again)


def _noted(message_id: str, note: Callable[..., None], thanks: str) -> ResponseReturnValue:
    actor = context.current_actor()
    try:
        with context.transaction() as session:
            row = access.load(session, Message, message_id, actor=actor, action="message.settle")
            note(session, row, by=actor, now=clock.now())
    except Conflict as error:
        flash(_(error.message, **error.values), "error")
    else:
        flash(thanks)
    return redirect(url_for("coordinator.calls"), 303)
