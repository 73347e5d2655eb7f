"""Private calendar feeds, and the page where a person sees and changes the feed's address."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import clock
from outreach.calendars import feed as rendering
from outreach.calendars import service as calendars
from outreach.errors import NotFound
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import feed as reads
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.public import CALENDAR, organizer
from outreach.workflows import feeds

bp = Blueprint("feeds", __name__)

NO_FEED = lazy("There is nothing at this address.")


@bp.get("/f/<token>.ics")
def feed(token: str) -> ResponseReturnValue:
    """Give a person's visits to a calendar program; 304 while nothing has changed."""
    with context.reading() as session:
        items = reads.items(session, token, now=clock.now())
        if items is None:
            raise NotFound(NO_FEED)
        body = calendars.feed_file(items, organizer=organizer())
    tag = rendering.etag(body)
    response: Response
    if request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    else:
        # No Content-Disposition: a file to save is not one to subscribe to.
        response = Response(body, content_type=CALENDAR)
    # Weak, so that it is the same for the compressed body, of which a strong one is another.
    response.set_etag(tag, weak=True)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@bp.get("/calendar-address")
@requires("feed.see")
def address() -> ResponseReturnValue:
    """Show the secret address of one's own feed."""
    mine = reads.owner(context.current_actor())
    with context.reading() as session:
        found = calendars.address(session, owner_kind=mine.kind, owner_id=mine.id)
    links = context.links()
    https = links.feed(links.feed_token(found.public_id)) if found else ""
    return render_template(
        "speaker/calendar.html",
        https=https,
        webcal=f"webcal://{https.partition('://')[2]}" if https else "",
    )


@bp.post("/calendar-address")
@requires("feed.renew")
def renew() -> ResponseReturnValue:
    """Make an address, or a new one in place of the old."""
    with context.transaction() as session:
        feeds.renew(session, by=context.current_actor(), links=context.links(), now=clock.now())
    flash(_("Here is the new address. An older one no longer works."))
    return redirect(url_for("feeds.address"), 303)


@bp.post("/calendar-address/end")
@requires("feed.renew")
def revoke() -> ResponseReturnValue:
    """Take the address away."""
    with context.transaction() as session:
        feeds.revoke(session, by=context.current_actor(), now=clock.now())
    flash(_("The address no longer works."))
    return redirect(url_for("feeds.address"), 303)
