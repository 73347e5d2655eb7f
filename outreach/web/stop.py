"""The page where a person stops contact, with the number and code of their copy.

Nothing else is asked, and nobody learns here whether a number exists.
"""

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import clock
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.web import context
from outreach.web.forms import Form, TextField, required
from outreach.workflows.referrals import stopping

bp = Blueprint("stop", __name__)

DOES_NOT_FIT = lazy(
    "This number and this code do not fit together. Please look at your copy again, or call the"
    " number on it: a person can stop it too."
)


class StopForm(Form):
    """The number and the code of the patient's copy."""

    number = TextField(
        lazy("Number"), longest=20, validators=[required(lazy("Write the number on your copy."))]
    )
    code = TextField(
        lazy("Code"), longest=20, validators=[required(lazy("Write the code on your copy."))]
    )


@bp.after_request
def keep_nothing(response: Response) -> Response:
    """Let no browser keep the page: the next person at a shared one would see what was typed."""
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/stop")
def show() -> ResponseReturnValue:
    """Ask for number and code."""
    return _page(StopForm())


@bp.post("/stop")
def stop() -> ResponseReturnValue:
    """Withdraw the permission. A wrong try counts, so it is committed as well."""
    form = StopForm()
    if not form.is_sent_and_right():
        return _page(form), 422
    with context.transaction() as session:
        fits = stopping.stop_by_code(
            session,
            form.number.data or "",
            form.code.data or "",
            address=request.remote_addr or "",
            desk=context.desk(),
            now=clock.now(),
        )
    if not fits:
        form.form_errors.append(_(DOES_NOT_FIT))
        return _page(form), 422
    return redirect(url_for("stop.stopped"), 303)


@bp.get("/stop/done")
def stopped() -> ResponseReturnValue:
    """Say what came of it: the same the first time and the tenth, and of nobody in particular."""
    return render_template("public/stopped.html")


def _page(form: StopForm) -> str:
    return render_template("public/stop.html", form=form)
