"""Telling after a visit by a link: the speaker's debrief, and the unit's "they came".

The address is the authority, as on the answer page: no session, no cookie, GET shows, POST acts.
"""

from collections.abc import Callable, Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import clock, i18n
from outreach.actor import Actor, Kind
from outreach.directory.models import Unit
from outreach.errors import NotFound
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import after_visit as reads
from outreach.reads.after_visit import CamePage, DebriefPage
from outreach.visits.models import Assignment, Visit
from outreach.web import after_visit_forms as telling_forms
from outreach.web import context, errors
from outreach.web.after_visit_forms import CameForm, DebriefForm, IncidentForm
from outreach.web.forms import Form
from outreach.workflows import after_visit as workflows
from outreach.workflows.after_visit import Told

bp = Blueprint("after_visit", __name__)

Page = DebriefPage | CamePage

UNKNOWN_LINK = lazy("This link leads nowhere, or its two weeks are over.")
UNKNOWN_LINK_STEPS = (
    lazy("Open the link from the message again; perhaps a piece of it was cut off."),
    lazy("Or call the bureau, and they record it for you."),
)
SAID: Mapping[str, str] = {
    Told.NEW: lazy("Thank you. We have your answers."),
    Told.CHANGED: lazy("Your answers are changed. What you said before is replaced."),
    Told.SAME: lazy("We have these answers already. Nothing was changed."),
    "reported": lazy("Thank you. Your report waits for a coordinator."),
}
"""What the address says became of the last thing told; on these pages no cookie keeps it."""


@bp.get("/d/<token>")
def debrief(token: str) -> ResponseReturnValue:
    """Show a speaker what we ask. Changes nothing."""
    page = _debrief_page(token)
    with i18n.speaking(_locale(page)):
        return _show_debrief(token, page, telling_forms.debrief_form(page))


@bp.post("/d/<token>")
def tell(token: str) -> ResponseReturnValue:
    """Take a speaker's debrief; the same again changes nothing."""
    page = _debrief_page(token)
    with i18n.speaking(_locale(page)):
        form = DebriefForm()

        def act(session: Session) -> Told:
            assignment = _assignment(session, token)
            by = Actor(Kind.LINK, speaker_id=assignment.speaker_id)
            return workflows.tell(session, assignment, form.said(), by=by, now=clock.now())

        return telling_forms.take(
            form, act, show=lambda: _show_debrief(token, page, form), then=_back_to("debrief")
        )


@bp.get("/d/<token>/incident")
def incident(token: str) -> ResponseReturnValue:
    """Show a speaker where to report an incident. Changes nothing."""
    page = _debrief_page(token)
    with i18n.speaking(_locale(page)):
        return _show_incident(token, page, IncidentForm())


@bp.post("/d/<token>/incident")
def report(token: str) -> ResponseReturnValue:
    """Take a speaker's incident report; the same again is the same report."""
    page = _debrief_page(token)
    with i18n.speaking(_locale(page)):
        form = IncidentForm()

        def act(session: Session) -> str:
            assignment = _assignment(session, token)
            by = Actor(Kind.LINK, speaker_id=assignment.speaker_id)
            visit = session.get_one(Visit, assignment.visit_id)
            telling_forms.report(session, visit, form, by=by)
            return "reported"

        return telling_forms.take(
            form, act, show=lambda: _show_incident(token, page, form), then=_back_to("debrief")
        )


@bp.get("/c/<token>")
def came(token: str) -> ResponseReturnValue:
    """Ask a unit who came. Changes nothing."""
    page = _came_page(token)
    with i18n.speaking(_locale(page)):
        return _show_came(token, page, telling_forms.came_form(page))


@bp.post("/c/<token>")
def say_who_came(token: str) -> ResponseReturnValue:
    """Take a unit's word; the same again changes nothing."""
    page = _came_page(token)
    with i18n.speaking(_locale(page)):
        form = telling_forms.came_form(page)

        def act(session: Session) -> Told:
            visit = _visit(session, token)
            by = _unit(session, visit)
            return workflows.say_who_came(session, visit, form.said(), by=by, now=clock.now())

        return telling_forms.take(
            form, act, show=lambda: _show_came(token, page, form), then=_back_to("came")
        )


@bp.get("/c/<token>/incident")
def unit_incident(token: str) -> ResponseReturnValue:
    """Show a unit where to report an incident. Changes nothing."""
    page = _came_page(token)
    with i18n.speaking(_locale(page)):
        return _show_incident(token, page, IncidentForm())


@bp.post("/c/<token>/incident")
def unit_report(token: str) -> ResponseReturnValue:
    """Take a unit's incident report; the same again is the same report."""
    page = _came_page(token)
    with i18n.speaking(_locale(page)):
        form = IncidentForm()

        def act(session: Session) -> str:
            visit = _visit(session, token)
            telling_forms.report(session, visit, form, by=_unit(session, visit))
            return "reported"

        return telling_forms.take(
            form, act, show=lambda: _show_incident(token, page, form), then=_back_to("came")
        )


@bp.errorhandler(NotFound)
def unknown(_error: NotFound) -> ResponseReturnValue:
    """Say that the link leads nowhere, and what helps."""
    return errors.page(404, what=_(UNKNOWN_LINK), steps=[_(step) for step in UNKNOWN_LINK_STEPS])


def _back_to(page: str) -> Callable[[str], ResponseReturnValue]:
    """Return what leads to a page of the same link, which says what became of it."""
    return lambda said: redirect(_address(page, said=said), 303)


def _show_debrief(token: str, page: DebriefPage, form: DebriefForm) -> str:
    return _render("after_visit/debrief.html", token, page, form, incident="incident")


def _show_came(token: str, page: CamePage, form: CameForm) -> str:
    return _render("after_visit/came.html", token, page, form, incident="unit_incident")


def _show_incident(token: str, page: Page, form: IncidentForm) -> str:
    return _render("after_visit/incident.html", token, page, form)


def _render(template: str, token: str, page: Page, form: Form, *, incident: str = "") -> str:
    """Render for whoever has the link; nobody is signed in."""
    back = "debrief" if isinstance(page, DebriefPage) else "came"
    return render_template(
        template,
        page=page,
        form=form,
        by_link=True,
        said=_said(),
        incident_href=_address(incident) if incident else "",
        back_href=_address(back),
        audience="public",
        nav=[],
        person_name=None,
        account_url=None,
        sign_out_url=None,
        language_switch=_other_language(token),
    )


def _said() -> str:
    words = SAID.get(request.args.get("said", ""), "") if request.method == "GET" else ""
    return _(words) if words else ""


def _debrief_page(token: str) -> DebriefPage:
    with context.reading() as session:
        return reads.debrief_page(session, _assignment(session, token))


def _came_page(token: str) -> CamePage:
    with context.reading() as session:
        return reads.came_page(session, _visit(session, token))


def _assignment(session: Session, token: str) -> Assignment:
    found = reads.assignment_of(session, token, links=context.links(), now=clock.now())
    if found is None:
        raise NotFound(UNKNOWN_LINK)
    return found


def _visit(session: Session, token: str) -> Visit:
    found = reads.visit_of(session, token, links=context.links(), now=clock.now())
    if found is None:
        raise NotFound(UNKNOWN_LINK)
    return found


def _unit(session: Session, visit: Visit) -> Actor:
    """Return whoever holds a unit's link: nobody in particular, of that hospital."""
    return Actor(Kind.LINK, hospital_id=session.get_one(Unit, visit.unit_id).hospital_id)


def _locale(page: Page) -> str:
    chosen = request.args.get("lang", "")
    return chosen if chosen in i18n.LOCALES else page.locale


def _other_language(token: str) -> dict[str, str]:
    """Return a link to the same page in the other language: it needs no cookie and keeps none."""
    lang, label = ("en", "English") if i18n.locale() == "es" else ("es", "Español")
    href = url_for(request.endpoint or "", token=token, lang=lang)
    return {"lang": lang, "label": label, "href": href}


def _address(endpoint: str, *, said: str | None = None) -> str:
    """Return another page of the same link, in the language chosen here."""
    chosen = request.args.get("lang", "")
    lang = chosen if chosen in i18n.LOCALES else None
    token = (request.view_args or {})["token"]
    return url_for(f"after_visit.{endpoint}", token=token, lang=lang, said=said)
