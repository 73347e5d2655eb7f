"""Who may open a page, and the pages where one signs in.

`requires("noun.verb")` marks a view with its action. A view without a mark must stand on one of the
reviewed lists of `access`, or the application does not start.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from flask import (
    Blueprint,
    Flask,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.wrappers import Response

from outreach import access, clock, crypto, i18n, logs
from outreach.accounts import rules
from outreach.accounts import service as accounts
from outreach.actor import Kind
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.web import context
from outreach.web.forms import EmailField, Form, TextField, required
from outreach.workflows import sign_in as signing_in

View = TypeVar("View", bound=Callable[..., ResponseReturnValue])

bp = Blueprint("auth", __name__)

HOMES = {
    Kind.ADMINISTRATOR: "coordinator.setup",
    Kind.COORDINATOR: "coordinator.today",
    Kind.INTAKE: "intake.inbox",
    Kind.LIAISON: "liaison.units",
    Kind.SPEAKER: "speaker.home",
}
"""Where each kind of membership begins."""

_log = logs.get(__name__)
_MARK = "required_action"
_YEAR_S = 365 * 24 * 60 * 60


def requires(action: str, *, second_factor: bool = True) -> Callable[[View], View]:
    """Mark a view: only for those whose membership may do `action` (a line of access.POLICY).

    A membership that needs a second factor opens nothing before it was shown, but what stands
    without `second_factor`: showing it, setting it up, signing out, acting as something else. In
    the affiliate's room a helper's session is as good: link, code and PIN are two factors.
    """
    if action not in access.POLICY:
        raise KeyError(f"No line of access.POLICY names the action {action!r}.")

    def marked(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **values: Any) -> ResponseReturnValue:  # noqa: ANN401 - a view's
            helper = context.helper()
            if helper is not None:
                access.demand(helper.actor, action, room=request.blueprint)
                return view(*args, **values)
            found = context.signed_in()
            if found is None:
                return _to_sign_in()
            if second_factor and found.lacks_second_factor:
                return _to_second_factor(action)
            access.demand(found.actor, action, room=request.blueprint)
            return view(*args, **values)

        setattr(guarded, _MARK, action)
        return cast("View", guarded)

    return marked


def action_of(app: Flask, endpoint: str) -> str | None:
    """Return the action an endpoint is marked with."""
    return getattr(app.view_functions[endpoint], _MARK, None)


def refuse_unguarded(app: Flask) -> None:
    """Refuse to start when a route is neither marked nor on a reviewed list, or is both."""
    listed = access.PUBLIC | access.BY_LINK | access.HOOKS | access.DEMO
    wrong = sorted(
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if (action_of(app, rule.endpoint) is None) == (rule.endpoint not in listed)
    )
    if wrong:
        raise RuntimeError(
            "Each route needs @requires(action) or a line in one of access.PUBLIC, BY_LINK, HOOKS "
            f"and DEMO, and not both: {', '.join(wrong)}"
        )


def home() -> str:
    """Return the address where the active membership begins. Only for who is signed in."""
    return url_for(HOMES[context.current_actor().kind])


def sign_browser_in(token: str) -> Response:
    """Set the session's cookie and go on to where the person wanted to be."""
    session.clear()  # the forgery token of before must not outlive the signing in
    context.forget_signed_in()
    target = wanted()
    # The new session is only known to the next request, so its home is found there.
    answer = redirect(target or url_for("public.start"), 303)
    # Who signs in here now is no longer the helper who sat here before (context.helper).
    for name in (_browser_cookie(), context.visitor_cookie()):
        answer.delete_cookie(name, path="/", secure=context.config().is_https)
    return keep_token(answer, token)


def keep_token(answer: Response, token: str) -> Response:
    """Have the browser keep the session's token; nobody else keeps this answer."""
    answer.set_cookie(
        context.session_cookie(),
        token,
        max_age=int(rules.SPEAKERS.absolute.total_seconds()),
        path="/",
        secure=context.config().is_https,
        httponly=True,
        samesite="Lax",
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer


class EmailForm(Form):
    """Where to send the code."""

    email = EmailField(
        lazy("Your e-mail address"), validators=[required(lazy("Enter your e-mail address."))]
    )


class CodeForm(Form):
    """The eight digits."""

    code = TextField(
        lazy("The code from the mail"),
        longest=40,
        validators=[required(lazy("Enter the eight digits from the mail."))],
    )


@bp.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Ask for the address."""
    if context.signed_in():
        return redirect(home(), 303)
    return render_template("sign_in/email.html", form=EmailForm(), wanted=wanted())


@bp.post("/sign-in")
def send_code() -> ResponseReturnValue:
    """Mail a code; answer alike, in equal time, whether or not somebody has the address."""
    began = time.monotonic()
    form = EmailForm()
    if not form.is_sent_and_right():
        return render_template("sign_in/email.html", form=form, wanted=wanted()), 422
    browser = request.cookies.get(_browser_cookie()) or crypto.token()
    with context.transaction() as session:
        signing_in.ask(
            session,
            form.email.data or "",
            browser=browser,
            address=request.remote_addr or "",
            links=context.links(),
            now=clock.now(),
        )
    answer = redirect(url_for("auth.code", next=wanted()), 303)
    answer.set_cookie(
        _browser_cookie(),
        browser,
        max_age=int(rules.CODE_LASTS.total_seconds()),
        path="/",
        secure=context.config().is_https,
        httponly=True,
        samesite="Lax",
    )
    _wait_out(began)
    return answer


@bp.get("/sign-in/code")
def code() -> ResponseReturnValue:
    """Ask for the code."""
    if _browser_cookie() not in request.cookies:
        return redirect(url_for("auth.sign_in", next=wanted()), 303)
    return render_template("sign_in/code.html", form=CodeForm(), wanted=wanted())


@bp.post("/sign-in/code")
def use_code() -> ResponseReturnValue:
    """Sign in with the code, if it is this browser's."""
    browser = request.cookies.get(_browser_cookie())
    if not browser:
        return redirect(url_for("auth.sign_in", next=wanted()), 303)
    form, before = CodeForm(), context.signed_in()
    if form.is_sent_and_right():
        with context.transaction() as session:
            token = signing_in.enter(
                session,
                _digits(form.code.data or ""),
                browser=browser,
                address=request.remote_addr or "",
                agent=request.user_agent.string,
                instead_of=before,
                now=clock.now(),
            )
        if token:
            return sign_browser_in(token)
        _log.warning("sign-in code refused")
        form.code.errors = [_("This code is wrong or too old. Look again, or ask for a new one.")]
    return render_template("sign_in/code.html", form=form, wanted=wanted()), 422


@bp.post("/sign-out")
@requires("session.end", second_factor=False)
def sign_out() -> ResponseReturnValue:
    """End this browser's session."""
    found = context.signed_in()
    if found:
        with context.transaction() as session_:
            signing_in.sign_out(session_, found, now=clock.now())
    session.clear()
    context.forget_signed_in()
    g.signed_out = True
    flash(_("You are signed out."))
    answer = redirect(url_for("auth.sign_in"), 303)
    answer.delete_cookie(context.session_cookie(), path="/", secure=context.config().is_https)
    return answer


@bp.post("/language")
def language() -> ResponseReturnValue:
    """Speak the other language from now on: kept with the account, or in a cookie."""
    chosen = request.form.get("lang", "")
    answer = redirect(wanted() or _back(), 303)
    if chosen not in i18n.LOCALES:
        return answer
    found = context.signed_in()
    if found:
        with context.transaction() as session_:
            accounts.choose_locale(session_, found.account_id, chosen)
    answer.set_cookie(
        "lang",
        chosen,
        max_age=_YEAR_S,
        path="/",
        secure=context.config().is_https,
        httponly=True,
        samesite="Lax",
    )
    return answer


def wanted() -> str | None:
    """Return the page the person asked for before signing in, when it is ours."""
    return _local(request.args.get("next", ""))


def _to_sign_in() -> ResponseReturnValue:
    if request.method not in {"GET", "HEAD"} and request.endpoint != "auth.sign_out":
        # Kept nowhere: what was typed may tell who somebody is, and the computer may be shared.
        flash(_("You were signed out before this could be saved. Nothing was changed."), "error")
    came_by_link = context.visitor_cookie() in request.cookies
    if request.blueprint == context.HELPERS_ROOM and came_by_link:
        return redirect(url_for("door.left"), 303)
    return redirect(url_for("auth.sign_in", next=_asked_for()), 303)


def _to_second_factor(action: str) -> ResponseReturnValue:
    if request.method not in {"GET", "HEAD"}:
        raise access.NotAllowed(action)
    return redirect(url_for("second_factor.show", next=_asked_for()), 303)


def _asked_for() -> str | None:
    return request.full_path.rstrip("?") if request.method == "GET" else None


def _local(target: str) -> str | None:
    r"""Return `target` when it is a path on this host, written plainly; None otherwise.

    Browsers read "//host" and "/\host" as another host's address.
    """
    plain = target.startswith("/") and not target.startswith(("//", "/\\"))
    return target if plain and target.isprintable() and "\\" not in target else None


def _back() -> str:
    """Return the page the person came from, when it is ours."""
    start = request.host_url.rstrip("/")
    referrer = request.referrer or ""
    path = referrer.removeprefix(start) if referrer.startswith(f"{start}/") else ""
    return _local(path) or "/"


def _digits(typed: str) -> str:
    """Return what was typed without the spaces and dashes people put into long numbers."""
    return typed.replace(" ", "").replace("-", "").replace("\N{NO-BREAK SPACE}", "")


def _browser_cookie() -> str:
    return "__Host-sign-in" if context.config().is_https else "sign-in"


def _wait_out(began: float) -> None:
    """Answer no sooner than this after `began`: mailing takes longer than not mailing."""
    time.sleep(max(0.0, began + current_app.config["SIGN_IN_TAKES_S"] - time.monotonic()))
