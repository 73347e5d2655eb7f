"""Pausing a unit, and ending the pause."""

from datetime import datetime

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.directory.models import Unit, UnitPause
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import units
from outreach.reads.units import Line
from outreach.web.auth import requires
from outreach.web.context import current_actor, links, reading, transaction
from outreach.web.forms import DateField, Form, RadioField, required
from outreach.web.liaison.blueprint import bp
from outreach.workflows import pauses

CALL_OFF, KEEP = "call_off", "keep"


class PauseForm(Form):
    """From when until when, and what happens to the visits planned on these days."""

    starts_on = DateField(lazy("First day"), validators=[required(lazy("Choose the first day."))])
    ends_on = DateField(lazy("Last day"))
    planned = RadioField(
        lazy("The visits planned on these days"),
        choices=[
            (CALL_OFF, lazy("Call them off, and tell everyone")),
            (KEEP, lazy("Keep them")),
        ],
        validate_choice=False,
    )

    @property
    def call_off(self) -> bool | None:
        """Whether planned visits are called off; None when nobody said."""
        return {CALL_OFF: True, KEEP: False}.get(self.planned.data or "")


@bp.get("/hospital/units/<unit_id>/pause")
@requires("ward.see")
def pause(unit_id: str) -> ResponseReturnValue:
    """Ask from when until when."""
    return _page(unit_id, PauseForm())


@bp.post("/hospital/units/<unit_id>/pause")
@requires("unit.pause")
def begin_pause(unit_id: str) -> ResponseReturnValue:
    """Pause a unit."""
    form = PauseForm()
    if not form.is_sent_and_right() or form.starts_on.data is None:
        return _page(unit_id, form), 422
    try:
        with transaction() as session:
            pauses.begin(
                session,
                access.load(session, Unit, unit_id, actor=current_actor(), action="unit.pause"),
                starts_on=form.starts_on.data,
                ends_on=form.ends_on.data,
                call_off=form.call_off,
                by=current_actor(),
                links=links(),
                now=clock.now(),
            )
    except RuleBroken as error:
        form.refuse(error)
        return _page(unit_id, form), 422
    flash(_("The unit is paused. Nothing new is planned on these days."))
    return redirect(url_for("liaison.hospital"), 303)


@bp.post("/hospital/pauses/<pause_id>/end")
@requires("unit.pause")
def end_pause(pause_id: str) -> ResponseReturnValue:
    """End a pause, so that visits may be asked for again."""
    with transaction() as session:
        found = access.load(
            session, UnitPause, pause_id, actor=current_actor(), action="unit.pause"
        )
        pauses.end(session, found, by=current_actor(), now=clock.now())
    flash(_("The pause is over. Visits may be asked for again."))
    return redirect(url_for("liaison.hospital"), 303)


def _page(unit_id: str, form: PauseForm) -> str:
    now = clock.now()
    with reading() as session:
        unit = access.load(session, Unit, unit_id, actor=current_actor(), action="ward.see")
        covered = _covered(session, unit, form, now=now)
        today = units.local_day(now, units.own_hospital(session, current_actor()))
    return render_template("liaison/pause.html", unit=unit, form=form, covered=covered, today=today)


def _covered(session: Session, unit: Unit, form: PauseForm, *, now: datetime) -> list[Line]:
    """Return the visits planned on the days that were sent, for the person to decide about."""
    first, last = form.starts_on.data, form.ends_on.data
    wrong = form.starts_on.errors or form.ends_on.errors
    if first is None or wrong or (last is not None and last < first):
        return []
    found = pauses.planned(session, unit, starts_on=first, ends_on=last, now=now)
    return units.lines(session, found, now=now)
