"""Ending mails by the link in their header: the address is the authority, GET shows, POST acts.

A mail program's own button posts `List-Unsubscribe=One-Click` (RFC 8058) and reads no answer.
"""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import clock
from outreach.errors import NotFound
from outreach.i18n import lazy
from outreach.reads import endings as reads
from outreach.reads.endings import Ending
from outreach.web import context
from outreach.workflows import endings

bp = Blueprint("ending", __name__)

UNKNOWN_LINK = lazy("This link leads nowhere.")


@bp.get("/mail/<sort>/<token>")
def show(sort: str, token: str) -> ResponseReturnValue:
    """Show whether the mails come, and what changes that. Changes nothing."""
    with context.reading() as session:
        ending = _found(session, sort, token)
    return render_template(
        "public/ending.html",
        ending=ending,
        is_changed="changed" in request.args,
        audience="public",
        nav=[],
        person_name=None,
        account_url=None,
        sign_out_url=None,
    )


@bp.post("/mail/<sort>/<token>")
def choose(sort: str, token: str) -> ResponseReturnValue:
    """End the mails, or let them come again where that was asked."""
    comes = request.form.get("comes") == "yes"
    with context.transaction() as session:
        endings.choose(session, _found(session, sort, token), comes=comes, now=clock.now())
    return redirect(url_for("ending.show", sort=sort, token=token, changed=""), 303)


def _found(session: Session, sort: str, token: str) -> Ending:
    found = reads.find(session, sort, token, links=context.links())
    if found is None:
        raise NotFound(UNKNOWN_LINK)
    return found
