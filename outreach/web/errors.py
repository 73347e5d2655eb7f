"""One page for everything that goes wrong. Raised in the depth, put into words here, once."""

from collections.abc import Sequence

from flask import Flask, current_app, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import BadHost, HTTPException, MethodNotAllowed, SecurityError

from outreach import access, crypto, logs, phone
from outreach.errors import OutreachError, TooMany
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.web import context

_log = logs.get(__name__)

RETRY_AFTER_S = 5
OURS = 500
"""From this status on it is our fault, and nothing of the error's own words is for the person."""

HEADINGS = {
    400: lazy("We could not read what was sent"),
    403: lazy("This page is not yours to open"),
    404: lazy("There is nothing here"),
    405: lazy("This cannot be done this way"),
    409: lazy("Somebody was faster"),
    413: lazy("This is too large"),
    422: lazy("This cannot be done"),
    429: lazy("Please wait a few minutes"),
    500: lazy("Something went wrong on our side"),
    503: lazy("We are back in a moment"),
}
NOTHING_CHANGED = lazy("Nothing was changed.")
WHAT_HAPPENED = {
    403: lazy("Nothing was changed. What you may do here does not include it."),
    404: lazy("The address may be mistyped, or what it led to is gone."),
    500: lazy("Nothing was changed, and it was not your doing."),
    503: lazy("Nothing was changed. We are being repaired or have too much to do just now."),
}
"""What became of the person's work, where more can be said than that nothing was changed."""
NOT_SAVED = lazy("We could not save this")
TYPED_STAYS = lazy(
    "Nothing was changed. When you go back in your browser, what you typed is usually still there."
)
STEPS = {
    400: lazy("Go back, load the page again, and send it once more."),
    403: lazy("If you have another role here, choose it under your name and try again."),
    404: lazy("Check the address, or begin at the start page."),
    405: lazy("Go back and use the buttons on the page."),
    409: lazy("Load the page again to see how things stand now."),
    413: lazy("Send a smaller file, or less text."),
    422: lazy("Go back and change your answer."),
    429: lazy("Try again in five minutes."),
    500: lazy("Wait a minute, then try again."),
    503: lazy("Try again in a few seconds."),
}


def init(app: Flask) -> None:
    """Answer every exception of this application with the error page."""
    app.register_error_handler(OutreachError, _on_purpose)
    app.register_error_handler(HTTPException, _of_http)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(InterfaceError, _database_away)
    app.register_error_handler(PoolTimeoutError, _database_away)
    app.register_error_handler(Exception, _unknown)


def page(
    status: int, *, what: str = "", steps: Sequence[str] = (), reference: str | None = None
) -> tuple[str, int]:
    """Render the error page. `what` says what happened to the person's work."""
    known = status if status in HEADINGS else 500 if status >= OURS else 400
    lost = known == OURS and request.method == "POST"
    rendered = render_template(
        "errors/error.html",
        heading=_(NOT_SAVED if lost else HEADINGS[known]),
        what_of_work=what or _(TYPED_STAYS if lost else WHAT_HAPPENED.get(known, NOTHING_CHANGED)),
        steps=list(steps) or [_(STEPS[known])],
        phone=_support(),
        is_ours=known >= OURS,
        reference=reference,
        again_url=request.full_path.rstrip("?") if _may_pass(known) else None,
        start_url="/",
    )
    return rendered, status


def _on_purpose(error: OutreachError) -> ResponseReturnValue:
    if error.status >= OURS:
        return _unknown(error)
    if isinstance(error, access.OutOfScope | access.NotAllowed):
        context.note_denied(error, error.action, subject_kind=error.subject_kind)
        return page(error.status)
    answer = page(error.status, what=_(error.message, **error.values))
    return (*answer, {"Retry-After": "300"}) if isinstance(error, TooMany) else answer


def _of_http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, SecurityError | BadHost):  # no page can name an address there
        return error
    status = error.code or 500
    if status < 400:  # noqa: PLR2004 - a redirect that was raised, of a missing slash
        return error
    body, status = page(status)
    if isinstance(error, MethodNotAllowed):
        return body, status, {"Allow": ", ".join(error.valid_methods or ())}
    return body, status


def _database_away(error: DBAPIError | PoolTimeoutError) -> ResponseReturnValue:
    cause = error.orig if isinstance(error, DBAPIError) else error
    _log.error("database unavailable", kind=type(cause).__name__, cause=str(cause))
    body, status = page(503)
    return body, status, {"Retry-After": str(RETRY_AFTER_S)}


def _unknown(error: Exception) -> ResponseReturnValue:
    if current_app.config["PROPAGATE_EXCEPTIONS"]:  # tests would rather see it as it is
        raise error
    # The view's transaction has rolled back by now: leaving its block did that.
    reference = _reference()
    _log.error("unexpected error", reference=reference, endpoint=request.endpoint, exc_info=error)
    return page(500, reference=reference)


def _reference() -> str:
    """Return a short number a person can say on the telephone: "K7Q-204"."""
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # no I and no O, which sound and look like figures
    raw = int(crypto.code(digits=12))
    start = "".join(letters[raw // 24**place % 24] for place in range(3))
    return f"{start}-{raw % 1000:03d}"


def _may_pass(status: int) -> bool:
    """Say whether the same page may work when it is asked for again."""
    return request.method == "GET" and status in {429, 500, 503}


def _support() -> dict[str, str] | None:
    number = context.config().support_phone
    return {"number": number, "shown": phone.display(number)} if number else None
