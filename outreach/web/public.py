"""Pages anyone may open, and the answer page, whose unguessable address is the authority."""

from collections.abc import Callable

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import clock, i18n
from outreach.actor import Actor, Kind
from outreach.calendars import service as calendars
from outreach.calendars.service import Person
from outreach.errors import Conflict, NotFound
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import after_visit
from outreach.reads import answer as reads
from outreach.reads.answer import Answer, State
from outreach.visits.models import Offer
from outreach.web import auth, context, errors
from outreach.workflows import offers, undo

bp = Blueprint("public", __name__)

CALENDAR = "text/calendar; charset=utf-8"
UNKNOWN_LINK = lazy("This link does not lead to a visit, or the visit is over.")
UNKNOWN_LINK_STEPS = (
    lazy("Open the link from the message again; perhaps a piece of it was cut off."),
    lazy("Or sign in and look at My visits."),
)
NOT_IN_CALENDAR = lazy("This visit is not yours, so there is nothing for your calendar.")
NO_ANSWER = lazy("Please choose one of the two answers. Nothing was changed.")

PAGES = {State.ASKED: "public/answer.html", State.YOURS: "public/answer_yours.html"}
"""The other states share one page of kind words."""


@bp.get("/")
def start() -> ResponseReturnValue:
    """Say what this is, or lead who is signed in to where they begin."""
    if context.signed_in():
        return redirect(auth.home(), 303)
    return render_template("public/start.html")


@bp.get("/help", endpoint="help")
def help_page() -> ResponseReturnValue:
    """Answer what people ask."""
    return render_template("public/help.html")


@bp.get("/privacy")
def privacy() -> ResponseReturnValue:
    """Say what is kept, and who sees it."""
    return render_template("public/privacy.html")


@bp.get("/a/<token>")
def answer(token: str) -> ResponseReturnValue:
    """Show the question, or how things stand since. Changes nothing."""
    return _page(token)


@bp.post("/a/<token>")
def give_answer(token: str) -> ResponseReturnValue:
    """Take "yes" or "not this time"; a second tap is as good as one."""
    said = {"yes": _yes, "not_this_time": _not_this_time}.get(request.form.get("answer", ""))
    if said is None:
        return _page(token, status=422, problem=NO_ANSWER)
    return _change(token, said)


@bp.get("/a/<token>/cannot-come")
def cannot_come(token: str) -> ResponseReturnValue:
    """Ask once more before the place is given back. Changes nothing."""
    with context.reading() as session:
        found = reads.answer(session, token, now=clock.now())
    if found is None:
        return _unknown()
    if found.state is not State.YOURS:
        return redirect(_address(token), 303)
    return _render("public/cannot_come.html", token, found)


@bp.post("/a/<token>/cannot-come")
def step_back(token: str) -> ResponseReturnValue:
    """Give the place back, no reason asked; a second tap changes nothing."""
    return _change(token, _step_back)


@bp.post("/a/<token>/undo")
def take_back(token: str) -> ResponseReturnValue:
    """Take back the last answer while its minutes run; a second tap changes nothing."""
    return _change(token, _take_back)


@bp.get("/a/<token>/visit.ics")
def calendar_file(token: str) -> ResponseReturnValue:
    """Give the visit as a file for any calendar."""
    with context.reading() as session:
        offer = reads.find(session, token)
        if offer is None:
            raise NotFound(UNKNOWN_LINK)
        item = reads.calendar_item(session, offer)
        if item is None:
            raise Conflict(NOT_IN_CALENDAR)
        body = calendars.single_file(item, organizer=organizer())
    return calendar_response(body, name="visit.ics")


def organizer() -> Person:
    """Return whose visits a calendar file says they are."""
    return Person(context.config().service_name, context.config().mail_from)


def calendar_response(body: bytes, *, name: str) -> Response:
    """Answer with a calendar file to save."""
    response = Response(body, content_type=CALENDAR)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _yes(session: Session, offer: Offer, by: Actor) -> None:
    offers.accept(session, offer=offer, by=by, via="link", links=context.links(), now=clock.now())


def _not_this_time(session: Session, offer: Offer, by: Actor) -> None:
    offers.not_this_time(
        session, offer=offer, by=by, via="link", links=context.links(), now=clock.now()
    )


def _step_back(session: Session, offer: Offer, by: Actor) -> None:
    assignment = reads.assignment_of(session, offer)
    if assignment is not None:
        offers.cannot_come(session, assignment, by=by, links=context.links(), now=clock.now())


def _take_back(session: Session, offer: Offer, by: Actor) -> None:
    now, assignment = clock.now(), reads.assignment_of(session, offer)
    if offer.state == "not_this_time":
        undo.a_no(session, offer, by=by, links=context.links(), now=now)
    elif assignment is not None and assignment.active:
        undo.a_yes(session, assignment, by=by, links=context.links(), now=now)
    elif assignment is not None and assignment.ended_because == "cannot_come":
        undo.a_step_back(session, assignment, by=by, links=context.links(), now=now)


def _change(token: str, act: Callable[[Session, Offer, Actor], None]) -> ResponseReturnValue:
    """Act on the link's offer and show the result; what cannot be is a page, not an error."""
    try:
        with context.transaction() as session:
            offer = reads.find(session, token)
            if offer is None or reads.answer(session, token, now=clock.now()) is None:
                return _unknown()
            act(session, offer, Actor(Kind.LINK, speaker_id=offer.speaker_id))
    except Conflict as error:
        return _page(token, status=error.status, problem=error.message)
    return redirect(_address(token), 303)


def _page(token: str, *, status: int | None = None, problem: str = "") -> ResponseReturnValue:
    with context.reading() as session:
        found = reads.answer(session, token, now=clock.now())
    if found is None:
        return _unknown()
    template = PAGES.get(found.state, "public/answer_over.html")
    gone = 410 if found.state in reads.GONE else 200
    return _render(template, token, found, problem=problem), status or gone


def _render(template: str, token: str, found: Answer, *, problem: str = "") -> str:
    """Render in the speaker's language, or the one chosen in the address; nobody is signed in."""
    with i18n.speaking(_locale(found)):
        return render_template(
            template,
            found=found,
            visit=found.visit,
            steps=found.next_steps(now=clock.now()) if found.state is State.YOURS else (),
            problem_words=_(problem) if problem else "",
            token=token,
            debrief_href=_debrief(found),
            lang=request.args.get("lang"),
            audience="public",
            nav=[],
            person_name=None,
            account_url=None,
            sign_out_url=None,
            language_switch=_other_language(token),
        )


def _debrief(found: Answer) -> str:
    """Return where to tell how it went; "" before the visit is over, and for who did not go."""
    if found.state is not State.OVER or found.assignment_id is None:
        return ""
    token = after_visit.debrief_token(
        found.assignment_id,
        speaker_id=found.speaker_id,
        ends_at=found.visit.ends_at,
        links=context.links(),
    )
    return url_for("after_visit.debrief", token=token, lang=request.args.get("lang"))


def _locale(found: Answer) -> str:
    chosen = request.args.get("lang", "")
    return chosen if chosen in i18n.LOCALES else found.locale


def _other_language(token: str) -> dict[str, str]:
    """Return a link to the same page in the other language: it needs no cookie and keeps none."""
    lang, label = ("en", "English") if i18n.locale() == "es" else ("es", "Español")
    return {"lang": lang, "label": label, "href": url_for("public.answer", token=token, lang=lang)}


def _address(token: str) -> str:
    chosen = request.args.get("lang", "")
    lang = chosen if chosen in i18n.LOCALES else None
    return url_for("public.answer", token=token, lang=lang)


def _unknown() -> ResponseReturnValue:
    return errors.page(404, what=_(UNKNOWN_LINK), steps=[_(step) for step in UNKNOWN_LINK_STEPS])
