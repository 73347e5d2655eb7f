"""Giving a visit another time, and calling it off. Each page says who will be told."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock, i18n
from outreach.directory.models import Program, Unit
from outreach.errors import Conflict
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import words
from outreach.visits.models import Visit
from outreach.visits.rules import Refusal
from outreach.web.auth import requires
from outreach.web.context import current_actor, links, reading, transaction
from outreach.web.forms import DateField, Form, RadioField, TimeField, required
from outreach.web.liaison.blueprint import bp
from outreach.web.liaison.visits import own_visit
from outreach.workflows import visits
from outreach.workflows.visits import AgainstTheRules


class TimeForm(Form):
    """Another time. Fields are named as the rules name them."""

    day = DateField(lazy("Date"), validators=[required(lazy("Choose a date."))])
    time = TimeField(lazy("Start"), validators=[required(lazy("Choose when it starts."))])
    minutes = RadioField(
        lazy("How long"), coerce=int, validators=[required(lazy("Choose how long it takes."))]
    )


@bp.get("/units/visits/<visit_id>/time")
@requires("visit.move")
def change_time(visit_id: str) -> ResponseReturnValue:
    """Ask for another time."""
    with reading() as session:
        page = own_visit(session, visit_id, now=clock.now())
    if not page.may_change:
        return redirect(url_for("liaison.visit", visit_id=visit_id), 303)
    return _time_page(visit_id)


@bp.post("/units/visits/<visit_id>/time")
@requires("visit.move")
def move(visit_id: str) -> ResponseReturnValue:
    """Give the visit another time."""
    with reading() as session:
        form, _hints = _time_form(session, _load(session, visit_id, "visit.move"))
    if not form.is_sent_and_right():
        return _time_page(visit_id, form), 422
    try:
        moved = _move(visit_id, form)
    except AgainstTheRules as error:
        _show(form, error.refusals)
        return _time_page(visit_id, form), 422
    except Conflict as error:
        form.form_errors.append(_(error.message, **error.values))
        return _time_page(visit_id, form), 409
    if moved:
        flash(_("The visit has its new time. Everyone concerned is told."))
    else:
        flash(_("The visit keeps its time."), "info")
    return redirect(url_for("liaison.visit", visit_id=visit_id), 303)


@bp.get("/units/visits/<visit_id>/call-off")
@requires("visit.call_off")
def confirm_call_off(visit_id: str) -> ResponseReturnValue:
    """Ask whether the visit is to be called off."""
    with reading() as session:
        page = own_visit(session, visit_id, now=clock.now())
    if not page.may_change:
        return redirect(url_for("liaison.visit", visit_id=visit_id), 303)
    return render_template("liaison/call_off.html", page=page)


@bp.post("/units/visits/<visit_id>/call-off")
@requires("visit.call_off")
def call_off(visit_id: str) -> ResponseReturnValue:
    """Call the visit off. Calling it off twice is once."""
    with transaction() as session:
        visit = _load(session, visit_id, "visit.call_off")
        if visit.called_off_at is None:
            visits.call_off(session, visit, by=current_actor(), links=links(), now=clock.now())
    flash(_("The visit is called off. Everyone concerned is told."))
    return redirect(url_for("liaison.visit", visit_id=visit_id), 303)


def _load(session: Session, visit_id: str, action: str) -> Visit:
    return access.load(session, Visit, visit_id, actor=current_actor(), action=action)


def _move(visit_id: str, form: TimeForm) -> bool:
    """Move the visit; False when it is at that time already."""
    if form.day.data is None or form.time.data is None:
        raise ValueError("a move needs a day and a time")
    with transaction() as session:
        visit = _load(session, visit_id, "visit.move")
        if _is_same(visit, form):
            return False
        visits.move(
            session,
            visit,
            day=form.day.data,
            at=form.time.data,
            minutes=form.minutes.data,
            by=current_actor(),
            links=links(),
            now=clock.now(),
        )
    return True


def _is_same(visit: Visit, form: TimeForm) -> bool:
    starts = visit.starts_at.astimezone(ZoneInfo(visit.time_zone))
    asked = (form.day.data, form.time.data, form.minutes.data)
    return visit.called_off_at is None and asked == (starts.date(), starts.time(), _minutes(visit))


def _time_page(visit_id: str, form: TimeForm | None = None) -> str:
    with reading() as session:
        fresh, hints = _time_form(session, _load(session, visit_id, "visit.move"))
        page = own_visit(session, visit_id, now=clock.now())
    return render_template("liaison/time.html", page=page, form=form or fresh, hints=hints)


def _time_form(session: Session, visit: Visit) -> tuple[TimeForm, dict[str, str]]:
    """Return the form as the visit stands, and what the unit's rules are."""
    unit = session.get_one(Unit, visit.unit_id)
    program = session.get_one(Program, visit.program_id)
    starts = visit.starts_at.astimezone(ZoneInfo(visit.time_zone))
    form = TimeForm(day=starts.date(), time=starts.time(), minutes=_minutes(visit))
    lengths = program.minutes or [_minutes(visit)]
    form.minutes.choices = [(each, words.minutes(each)) for each in lengths]
    form.time.label.text = _("Start, %(zone)s", zone=i18n.zone_name(visit.time_zone))
    facts = visits.unit_facts(session, unit, program=program, now=clock.now())
    hours = words.visiting_hours(facts.hours)
    return form, {
        "day": i18n.ngettext(
            "We need at least %(num)s day to find people.",
            "We need at least %(num)s days to find people.",
            facts.lead_days,
        ),
        "time": _("Visiting hours: %(hours)s.", hours="; ".join(hours)) if hours else "",
    }


def _minutes(visit: Visit) -> int:
    return int((visit.ends_at - visit.starts_at).total_seconds()) // 60


def _show(form: TimeForm, found: Sequence[Refusal]) -> None:
    """Put each refusal beside its field."""
    for refusal in found:
        target = form[refusal.field]
        target.errors = [*target.errors, words.against(refusal, minutes=form.minutes.data or 0)]
