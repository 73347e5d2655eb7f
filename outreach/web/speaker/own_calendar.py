"""My own calendar: connected by its address, read again, taken away. Its address is never shown."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from outreach import clock
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import own_calendar as reads
from outreach.reads import profile
from outreach.speakers.rules import LONGEST_ADDRESS
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.forms import Form, TextField, required
from outreach.web.speaker.blueprint import bp
from outreach.workflows import own_calendar as workflow


class CalendarForm(Form):
    """Where the calendar is."""

    address = TextField(
        lazy("Address of your calendar"),
        longest=LONGEST_ADDRESS,
        validators=[required(lazy("Paste the address of your calendar."))],
    )


@bp.get("/times/calendar")
@requires("availability.change")
def own_calendar() -> ResponseReturnValue:
    """Show how the calendar stands, and the form to connect one."""
    return _page(CalendarForm())


@bp.post("/times/calendar")
@requires("availability.change")
def connect_calendar() -> ResponseReturnValue:
    """Read the calendar at this address from now on."""
    form = CalendarForm()
    if form.is_sent_and_right():
        actor = context.current_actor()
        try:
            with context.transaction() as session:
                workflow.connect(
                    session,
                    profile.me(session, actor),
                    form.address.data or "",
                    vault=context.vault(),
                    by=actor,
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("Your calendar is connected. We read it within a minute."))
            return redirect(url_for("speaker.own_calendar"), 303)
    # Who has the address can read the calendar: a wrong one is not sent back either.
    form.address.data = ""
    form.address.raw_data = None
    return _page(form), 422


@bp.post("/times/calendar/reading")
@requires("availability.change")
def read_calendar() -> ResponseReturnValue:
    """Let the calendar be read soon."""
    with context.transaction() as session:
        me = profile.me(session, context.current_actor())
        is_due = workflow.read_now(session, me, now=clock.now())
    if is_due:
        flash(_("We read it within a minute."))
    else:
        flash(_("It was read a moment ago. Please wait five minutes."))
    return redirect(url_for("speaker.own_calendar"), 303)


@bp.post("/times/calendar/removal")
@requires("availability.change")
def disconnect_calendar() -> ResponseReturnValue:
    """Delete the address and all that was read."""
    actor = context.current_actor()
    with context.transaction() as session:
        workflow.disconnect(session, profile.me(session, actor), by=actor, now=clock.now())
    flash(_("Your calendar is no longer connected. Its address and its times are deleted."))
    return redirect(url_for("speaker.own_calendar"), 303)


def _page(form: CalendarForm) -> str:
    now = clock.now()
    with context.reading() as session:
        me = profile.me(session, context.current_actor())
        shown = reads.shown(session, me.id, now=now)
    return render_template(
        "speaker/own_calendar.html", form=form, calendar=shown, zone=me.time_zone
    )
