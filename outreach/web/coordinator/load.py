"""How visits are shared out among the speakers: a plot, and the same numbers as a table."""

from flask import render_template
from flask.typing import ResponseReturnValue

from outreach import clock
from outreach.reads import load as reads
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp


@bp.get("/people/visits-shared")
@requires("speaker.see")
def load() -> ResponseReturnValue:
    """Show the visits of each speaker, made and to come."""
    with context.reading() as session:
        rows = reads.loads(session, context.current_actor(), now=clock.now())
    return render_template("coordinator/load.html", rows=rows, plot=reads.plot(rows))
