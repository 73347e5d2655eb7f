"""My units: the next visit, the others, one of them, and asking for a new one."""

from datetime import datetime
from functools import partial
from typing import Any

from flask import redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.actor import Kind
from outreach.directory.models import Hospital
from outreach.i18n import gettext as _
from outreach.reads import days, places, remedies, undo, units, visit_record, ward_visit
from outreach.reads.days import DayVisit
from outreach.reads.ward_visit import VisitPage
from outreach.visits.models import Visit
from outreach.web import ask as asking
from outreach.web import calendar_view
from outreach.web.auth import requires
from outreach.web.calendar_view import Sheet
from outreach.web.context import current_actor, reading
from outreach.web.liaison.blueprint import bp

LAST_PAGE = 10_000


@bp.get("/units/", endpoint="units")
@requires("ward.see")
def home() -> ResponseReturnValue:
    """Show the visits of the hospital, as a list, a week or a month."""
    actor, now = current_actor(), clock.now()
    past = request.args.get("when") == "past"
    with reading() as session:
        hospital = units.own_hospital(session, actor)
        sheet = calendar_view.asked_for(request.args, now=now, zone=hospital.time_zone)
        views = calendar_view.choices(sheet, url=partial(_url, past=past))
        if sheet:
            return _as_calendar(session, hospital, sheet, past=past, views=views, now=now)
        page = units.home(session, actor, hospital, past=past, number=_page_number(), now=now)
        untold = visit_record.untold(session, actor, now=now)
    return render_template("liaison/units.html", page=page, past=past, untold=untold, views=views)


@bp.route("/units/visits/new", methods=["GET", "POST"])
@requires("visit.request")
def ask() -> ResponseReturnValue:
    """Ask for a visit, in three steps."""
    return asking.run(
        back=url_for("liaison.units"),
        back_label=_("My units"),
        done=lambda visit_id: url_for("liaison.asked", visit_id=visit_id),
    )


@bp.get("/units/visits/<visit_id>/asked")
@requires("ward.see")
def asked(visit_id: str) -> ResponseReturnValue:
    """Say what happens now that a visit is asked for."""
    now = clock.now()
    with reading() as session:
        page = own_visit(session, visit_id, now=now)
    if not page.may_change:
        return redirect(url_for("liaison.visit", visit_id=visit_id), 303)
    return render_template("liaison/asked.html", page=page)


@bp.get("/units/visits/<visit_id>")
@requires("ward.see")
def visit(visit_id: str) -> ResponseReturnValue:
    """Show a visit."""
    now = clock.now()
    with reading() as session:
        page = own_visit(session, visit_id, now=now)
        row = access.load(session, Visit, visit_id, actor=current_actor(), action="ward.see")
        is_past = page.row.ends_at <= now and not page.row.called_off
        told = visit_record.of_unit(session, row, now=now) if is_past else None
        time_asked = remedies.time_asked(session, row, now=now)
        undoable = undo.of_a_call_off(session, row, by=Kind.LIAISON, now=now)
    return render_template(
        "liaison/visit.html", page=page, told=told, time_asked=time_asked, undoable=undoable
    )


def own_visit(session: Session, visit_id: str, *, now: datetime) -> VisitPage:
    """Return everything a liaison's page says of a visit, if it is one of theirs."""
    row = access.load(session, Visit, visit_id, actor=current_actor(), action="ward.see")
    return ward_visit.page(session, row, now=now)


def _as_calendar(
    session: Session,
    hospital: Hospital,
    sheet: Sheet,
    *,
    past: bool,
    views: list[dict[str, object]],
    now: datetime,
) -> ResponseReturnValue:
    actor = current_actor()
    drawn = calendar_view.draw(
        sheet,
        days.of_hospital(session, actor, span=sheet.span, now=now),
        url=partial(_url, past=past),
        href=_visit_url,
        zone=hospital.time_zone,
        now=now,
    )
    title = places.with_its_unit(hospital, units.own_units(session, actor))
    return render_template("liaison/units_calendar.html", title=title, drawn=drawn, views=views)


def _url(*, past: bool, **more: Any) -> str:  # noqa: ANN401 - as url_for
    """Return the address of this page. A week or a month keeps which list one came from."""
    return url_for("liaison.units", when="past" if past else None, **more)


def _visit_url(visit: DayVisit) -> str:
    return url_for("liaison.visit", visit_id=visit.public_id)


def _page_number() -> int:
    """Return which page of the list is asked for; anything else is the first."""
    typed = request.args.get("page", "")
    is_number = typed.isascii() and typed.isdigit() and len(typed) < 6  # noqa: PLR2004 - digits
    return min(max(int(typed), 1), LAST_PAGE) if is_number else 1
