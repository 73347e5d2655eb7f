"""Private calendar feeds, and the page where a person sees and changes the feed's address."""

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock, i18n
from outreach.actor import Actor, Kind
from outreach.calendars import feed as rendering
from outreach.calendars import service as calendars
from outreach.errors import Conflict, NotFound, RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import agenda
from outreach.reads import feed as reads
from outreach.visits.models import Visit
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.forms import Form, RadioField, required
from outreach.web.public import CALENDAR, calendar_response, organizer
from outreach.workflows import feeds

bp = Blueprint("feeds", __name__)

NO_FEED = lazy("There is nothing at this address.")
NO_ENTRY = lazy("This visit is in nobody’s calendar yet: it is, once somebody comes.")
DETAILS = {
    "minimal": lazy("Only that there is a visit, and when"),
    "full": lazy("Where it is and who comes, too"),
}


class DetailForm(Form):
    """How much a feed shows."""

    detail = RadioField(
        lazy("What may this calendar show?"),
        choices=list(DETAILS.items()),
        validators=[required(lazy("Choose what may be shown."))],
    )


@bp.get("/f/<token>.ics")
def feed(token: str) -> ResponseReturnValue:
    """Give a person's visits to a calendar program; 304 while nothing has changed."""
    with context.reading() as session:
        found = reads.find(session, token, now=clock.now())
        if found is None:
            raise NotFound(NO_FEED)
        with i18n.speaking(found.locale):
            summary = "" if found.says_all else _("Outreach visit")
        body = calendars.feed_file(found.items, organizer=organizer(), summary=summary)
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
        form=DetailForm(detail=found.detail) if found and mine.kind != "speaker" else None,
    )


@bp.post("/calendar-address/detail")
@requires("feed.renew")
def show() -> ResponseReturnValue:
    """Choose how much the feed shows, under the address it has."""
    form = DetailForm()
    if not form.is_sent_and_right():
        raise RuleBroken(form.detail.errors[0], field="detail")
    by = context.current_actor()
    try:
        with context.transaction() as session:
            feeds.show(session, detail=form.detail.data, by=by, now=clock.now())
    except Conflict as error:
        flash(_(error.message), "error")
    else:
        flash(_("Saved. Your calendar follows when it reads the address again."))
    return redirect(url_for("feeds.address"), 303)


@bp.get("/v/<visit_id>")
@requires("feed.see")
def visit(visit_id: str) -> ResponseReturnValue:
    """Lead from an entry in a calendar to the visit's page: coordinators, wards, speakers."""
    actor = context.current_actor()
    with context.reading() as session:
        try:
            found = access.load(session, Visit, visit_id, actor=actor, action="visit.see")
        except access.OutOfScope:
            if _sees_otherwise(session, visit_id):
                flash(_("You see this visit in another role that you have here. Please choose it."))
                return redirect(url_for("account.show", next=request.path), 303)
            if _was_asked(session, actor, visit_id):
                return _asked_no_longer()
            raise
        if actor.speaker_id is None:
            room = "liaison" if actor.kind is Kind.LIAISON else "coordinator"
            return redirect(url_for(f"{room}.visit", visit_id=visit_id), 303)
        way = agenda.way_in(session, found.id, speaker_id=actor.speaker_id, now=clock.now())
    if way is None:
        return _asked_no_longer()
    kind, public_id = way
    if kind == "question":
        return redirect(url_for("speaker.open_visits", _anchor=f"question-{public_id}"), 303)
    return redirect(url_for("speaker.visit", assignment_id=public_id), 303)


def _sees_otherwise(session: Session, visit_id: str) -> bool:
    """Say whether another of the person's memberships may see the visit."""
    found = context.signed_in()
    return found is not None and any(
        _sees(session, actor, visit_id) for actor in found.other_actors
    )


def _sees(session: Session, actor: Actor, visit_id: str) -> bool:
    try:
        access.load(session, Visit, visit_id, actor=actor, action="visit.see")
    except (access.OutOfScope, access.NotAllowed):
        return False
    return True


def _was_asked(session: Session, actor: Actor, visit_id: str) -> bool:
    """Say whether the actor is a speaker who was asked once. To others there is no such visit."""
    # PostgreSQL cannot even compare with a text that holds a null.
    if actor.speaker_id is None or "\0" in visit_id:
        return False
    return agenda.was_asked(session, visit_id, speaker_id=actor.speaker_id)


def _asked_no_longer() -> ResponseReturnValue:
    """Lead home who was asked, with a word: nobody was faster, and nothing is to be done."""
    flash(_("You are no longer asked about this visit. There is nothing to do."), "info")
    return redirect(url_for("speaker.home"), 303)


@bp.get("/visit-files/<visit_id>.ics")
@requires("feed.see")
def visit_file(visit_id: str) -> ResponseReturnValue:
    """Give one visit as a file to save, for a calendar that subscribes to nothing."""
    actor = context.current_actor()
    with context.reading() as session:
        visit = access.load(session, Visit, visit_id, actor=actor, action="visit.see")
        item = reads.file_item(session, actor, visit)
        if item is None:
            raise Conflict(NO_ENTRY)
        body = calendars.single_file(item, organizer=organizer())
    return calendar_response(body, name="visit.ics")


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
