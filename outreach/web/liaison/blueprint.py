"""The blueprint of a liaison's pages: what is under "My units", and what under "My hospital"."""

from flask import Blueprint

from outreach import access
from outreach.web import context

bp = Blueprint("liaison", __name__)


@bp.before_request
def only_for_liaisons() -> None:
    """Keep out who may do the same elsewhere: coordinators have their own pages for it."""
    found = context.signed_in()
    if found is not None:
        access.demand(found.actor, "ward.see")
