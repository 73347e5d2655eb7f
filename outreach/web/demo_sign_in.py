"""The demo's doors: links for its characters. Registered only in a database that the demo made."""

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from outreach import clock
from outreach.accounts import service as accounts
from outreach.errors import NotFound
from outreach.web import auth, context
from outreach.workflows import sign_in as signing_in

bp = Blueprint("demo_sign_in", __name__, url_prefix="/demo/sign-in")


@bp.get("/<token>")
def show(token: str) -> ResponseReturnValue:
    """Show a button; opening the link alone signs nobody in."""
    with context.reading() as session:
        name = accounts.demo_name(session, token)
    if name is None:
        raise NotFound(accounts.DEMO_LINK_USED)
    return render_template("sign_in/demo.html", name=name)


@bp.post("/<token>")
def enter(token: str) -> ResponseReturnValue:
    """Sign in as this character."""
    before = context.signed_in()
    with context.transaction() as session:
        cookie = signing_in.enter_demo(
            session,
            token,
            agent=request.user_agent.string,
            instead_of=before,
            now=clock.now(),
        )
    return auth.sign_browser_in(cookie)
