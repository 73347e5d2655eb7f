"""Having no more notes: the link in each one's mail. No sign-in; the address is the authority."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import clock
from outreach.errors import NotFound
from outreach.i18n import lazy
from outreach.messaging.models import Message
from outreach.web import context
from outreach.workflows import note_stops

bp = Blueprint("no_notes", __name__)

UNKNOWN_LINK = lazy("This link does not belong to a note of ours. Please open it from the mail.")


@bp.get("/n/<token>")
def show(token: str) -> ResponseReturnValue:
    """Ask whether to send no more notes, or say that none are. Changes nothing."""
    with context.reading() as session:
        has_stopped = note_stops.has_stopped(session, _find(session, token))
    return render_template("public/no_notes.html", token=token, has_stopped=has_stopped)


@bp.post("/n/<token>")
def stop(token: str) -> ResponseReturnValue:
    """Send no more notes. Mail programs come here by themselves too (RFC 8058)."""
    return _change(token, lambda session, note: note_stops.stop(session, note, now=clock.now()))


@bp.post("/n/<token>/again")
def resume(token: str) -> ResponseReturnValue:
    """Send notes again."""
    return _change(token, lambda session, note: note_stops.resume(session, note, now=clock.now()))


def _change(token: str, act: Callable[[Session, Message], None]) -> ResponseReturnValue:
    with context.transaction() as session:
        act(session, _find(session, token))
    return redirect(url_for("no_notes.show", token=token), 303)


def _find(session: Session, token: str) -> Message:
    found = note_stops.find(session, token, links=context.links())
    if found is None:
        raise NotFound(UNKNOWN_LINK)
    return found
