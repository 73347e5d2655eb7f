"""How sending fares, in words: for coordinators and administrators."""

from flask import render_template
from flask.typing import ResponseReturnValue

from outreach import clock
from outreach.reads import health_words as reads
from outreach.reads import hospitals as places
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp


@bp.get("/setup/health")
@requires("health.see")
def health() -> ResponseReturnValue:
    """Show who is alive, what waits, what was late, what is in doubt, and what to do."""
    actor = context.current_actor()
    with context.reading() as session:
        affiliate = places.affiliate(session, actor)
        page = reads.page(session, affiliate_id=affiliate.id, now=clock.now())
        zone = affiliate.time_zone
    return render_template("coordinator/health.html", page=page, zone=zone)
