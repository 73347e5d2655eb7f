"""Giving a visit another time: rules stand beside the fields, soft ones may be set aside."""

import datetime as dt
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock, i18n
from outreach.directory.models import Program, Unit
from outreach.errors import Conflict
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import visit as reads
from outreach.reads import words
from outreach.visits.models import Visit
from outreach.visits.rules import Refusal
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import (
    BooleanField,
    DateField,
    Form,
    NumberField,
    TimeField,
    required,
)
from outreach.workflows import visits
from outreach.workflows.visits import AgainstTheRules


class TimeForm(Form):
    """The new time. Fields are named as the rules name them."""

    day = DateField(lazy("Date"), validators=[required(lazy("Choose a date."))])
    time = TimeField(lazy("Start"), validators=[required(lazy("Choose when it starts."))])
    minutes = NumberField(
        lazy("Minutes"),
        lowest=10,
        highest=480,
        validators=[required(lazy("Choose how long it takes."))],
    )
    overrule = BooleanField(lazy("Move it all the same"))

    def chosen(self) -> tuple[dt.date, dt.time, int]:
        """Return day, start and minutes of a form that is right."""
        if self.day.data is None or self.time.data is None or self.minutes.data is None:
            raise ValueError("the form was not checked")
        return self.day.data, self.time.data, self.minutes.data


@bp.route("/visits/<visit_id>/time", methods=["GET", "POST"])
@requires("visit.move")
def move(visit_id: str) -> ResponseReturnValue:
    """Show the time as it is, and change it."""
    actor, now = context.current_actor(), clock.now()
    with context.reading() as session:
        row = access.load(session, Visit, visit_id, actor=actor, action="visit.move")
        page = reads.page(session, row, now=now)
        unit = session.get_one(Unit, row.unit_id)
        program = session.get_one(Program, row.program_id)
        facts = visits.unit_facts(session, unit, program=program, except_visit=row.id, now=now)
    local = row.starts_at.astimezone(ZoneInfo(row.time_zone))
    form = TimeForm(day=local.date(), time=local.time(), minutes=page.minutes)
    form.time.label.text = _("Start, %(zone)s", zone=i18n.zone_name(row.time_zone))
    soft: list[str] = []
    if form.is_sent_and_right():
        try:
            return _move(visit_id, form)
        except AgainstTheRules as error:
            soft = _show(form, error.refusals)
        except Conflict as error:
            form.day.errors = [_(error.message, **error.values)]
    return render_template(
        "coordinator/visit_time.html",
        page=page,
        form=form,
        soft=soft,
        hours="; ".join(words.visiting_hours(facts.hours)),
    ), (422 if request.method == "POST" else 200)


def _move(visit_id: str, form: TimeForm) -> ResponseReturnValue:
    actor = context.current_actor()
    day, at, minutes = form.chosen()
    with context.transaction() as session:
        row = access.load(session, Visit, visit_id, actor=actor, action="visit.move")
        visits.move(
            session,
            row,
            day=day,
            at=at,
            minutes=minutes,
            by=actor,
            overrule=form.overrule.data,
            links=context.links(),
            now=clock.now(),
        )
    flash(_("The time is changed. Everyone concerned gets one update."))
    return redirect(url_for("coordinator.visit", visit_id=visit_id), 303)


def _show(form: TimeForm, refusals: tuple[Refusal, ...]) -> list[str]:
    """Put each refusal beside its field; return those that may be set aside."""
    for refusal in refusals:
        target = form[refusal.field]
        said = words.against(refusal, minutes=form.minutes.data or 0)
        target.errors = [*target.errors, said]
    hard = any(not refusal.is_soft for refusal in refusals)
    return [] if hard else [words.warning(refusal.code) for refusal in refusals]
