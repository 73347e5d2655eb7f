"""Pages anyone may open."""

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from outreach.web import auth, context

bp = Blueprint("public", __name__)


@bp.get("/")
def start() -> ResponseReturnValue:
    """Lead everyone to where they begin."""
    target = auth.home() if context.signed_in() else url_for("auth.sign_in")
    return redirect(target, 303)


@bp.get("/help", endpoint="help")
@bp.get("/privacy", endpoint="privacy")
def page() -> ResponseReturnValue:
    """Hold the place of the pages that every footer names."""
    return redirect(url_for("public.start"), 303)
