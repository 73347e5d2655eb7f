"""Set-up: the affiliate's settings, and for administrators the last lines of the audit log."""

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock, i18n
from outreach.directory import rules, service
from outreach.directory.models import LEVELS, Affiliate
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import hospitals as places
from outreach.reads import setup as reads
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import (
    EmailField,
    Form,
    NumberField,
    PhoneField,
    RadioField,
    SelectField,
    TextField,
    TimeField,
    required,
)

LEVEL_NAMES = {
    "fill": lazy("Fill as many visits as possible"),
    "critical": lazy("Fill the visits that matter more"),
    "kept": lazy("Keep what was proposed before"),
    "usual": lazy("Send people to the units they usually visit"),
    "fairness": lazy("Spread the visits fairly"),
    "distance": lazy("Keep the ways short"),
}
REMINDERS = 4
"""How many reminders the form has room for."""

BEFORE = {"days": lazy("days before"), "hours": lazy("hours before")}
ZONES = (
    "America/New_York",
    "America/Detroit",
    "America/Indiana/Indianapolis",
    "America/Kentucky/Louisville",
    "America/Chicago",
    "America/Denver",
    "America/Boise",
    "America/Phoenix",
    "America/Los_Angeles",
    "America/Anchorage",
    "Pacific/Honolulu",
    "America/Puerto_Rico",
)


class SettingsForm(Form):
    """What the affiliate chooses."""

    name = TextField(
        lazy("Name of the affiliate"), longest=100, validators=[required(lazy("Enter the name."))]
    )
    phone = PhoneField(lazy("Phone"))
    email = EmailField(lazy("E-mail address"))
    time_zone = SelectField(lazy("Time zone"), validators=[required(lazy("Choose a time zone."))])
    lead_days = NumberField(
        lazy("Days needed to find people"),
        lowest=0,
        highest=90,
        validators=[required(lazy("Enter a number from 0 to 90."))],
    )
    horizon_days = NumberField(
        lazy("How many days ahead one may ask"),
        lowest=7,
        highest=730,
        validators=[required(lazy("Enter a number from 7 to 730."))],
    )
    approval = RadioField(
        lazy("Before anyone is asked"),
        choices=[
            ("review", lazy("A coordinator looks at the proposals")),
            ("automatic", lazy("Nobody needs to look")),
        ],
        validators=[required(lazy("Choose one."))],
    )
    offers_per_week = NumberField(
        lazy("At most this many questions a week to one speaker"),
        lowest=1,
        highest=50,
        validators=[required(lazy("Enter a number from 1 to 50."))],
    )
    cut_off_days = NumberField(
        lazy("Days before a visit from which its proposals stay"),
        lowest=0,
        highest=60,
        validators=[required(lazy("Enter a number from 0 to 60."))],
    )
    undo_minutes = NumberField(
        lazy("Minutes in which an answer can be taken back"),
        lowest=0,
        highest=60,
        validators=[required(lazy("Enter a number from 0 to 60."))],
    )
    quiet_until = TimeField(
        lazy("Texts may leave from"), validators=[required(lazy("Choose a time."))]
    )
    quiet_from = TimeField(
        lazy("Texts may leave until"), validators=[required(lazy("Choose a time."))]
    )
    count_1 = NumberField(lazy("First reminder"), lowest=0, highest=60)
    before_1 = SelectField(lazy("Unit of the first reminder"))
    channel_1 = SelectField(lazy("Way of the first reminder"))
    count_2 = NumberField(lazy("Second reminder"), lowest=0, highest=60)
    before_2 = SelectField(lazy("Unit of the second reminder"))
    channel_2 = SelectField(lazy("Way of the second reminder"))
    count_3 = NumberField(lazy("Third reminder"), lowest=0, highest=60)
    before_3 = SelectField(lazy("Unit of the third reminder"))
    channel_3 = SelectField(lazy("Way of the third reminder"))
    count_4 = NumberField(lazy("Fourth reminder"), lowest=0, highest=60)
    before_4 = SelectField(lazy("Unit of the fourth reminder"))
    channel_4 = SelectField(lazy("Way of the fourth reminder"))
    level_1 = SelectField(lazy("First"))
    level_2 = SelectField(lazy("Second"))
    level_3 = SelectField(lazy("Third"))
    level_4 = SelectField(lazy("Fourth"))
    level_5 = SelectField(lazy("Fifth"))
    level_6 = SelectField(lazy("Sixth"))


@bp.get("/setup")
@requires("settings.see")
def setup() -> ResponseReturnValue:
    """Show what can be set up."""
    actor = context.current_actor()
    with context.reading() as session:
        affiliate = places.affiliate(session, actor)
    return render_template(
        "coordinator/setup.html",
        affiliate=affiliate,
        zone=i18n.zone_name(affiliate.time_zone),
        import_url=_import_url(),
    )


@bp.route("/setup/settings", methods=["GET", "POST"])
@requires("settings.change")
def settings() -> ResponseReturnValue:
    """Change the affiliate's settings."""
    actor = context.current_actor()
    with context.reading() as session:
        affiliate = places.affiliate(session, actor)
    form = SettingsForm(**_prefilled(affiliate))
    _choices(form, affiliate)
    if form.is_sent_and_right():
        try:
            chosen = _chosen(form)
            with context.transaction() as session:
                service.change_settings(
                    session,
                    access.own_affiliate(session, actor),
                    chosen,
                    by=actor,
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(
                _("The settings are saved. Reminders of visits already planned stay as they are.")
            )
            return redirect(url_for("coordinator.setup"), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/settings.html", form=form, reminders=_rows(form)), status


@bp.get("/setup/audit")
@requires("audit.see")
def audit_log() -> ResponseReturnValue:
    """Show what was done last, and by whom."""
    actor = context.current_actor()
    with context.reading() as session:
        rows = reads.last_events(session, actor)
        zone = places.affiliate(session, actor).time_zone
    return render_template("coordinator/audit.html", rows=rows, zone=zone)


def _import_url() -> str:
    """Return the page where spreadsheets are brought in."""
    endpoint = "coordinator.imports"
    return url_for(endpoint) if endpoint in current_app.view_functions else ""


def _prefilled(affiliate: Affiliate) -> dict[str, Any]:
    names = ("name", "phone", "email", "time_zone", "lead_days", "horizon_days", "approval")
    more = ("offers_per_week", "cut_off_days", "undo_minutes", "quiet_until", "quiet_from")
    values: dict[str, Any] = {name: getattr(affiliate, name) for name in (*names, *more)}
    for number in range(1, REMINDERS + 1):
        values |= {f"before_{number}": "days", f"channel_{number}": "mail"}
    for number, reminder in enumerate(affiliate.reminders[:REMINDERS], 1):
        values[f"count_{number}"] = reminder["count"]
        values[f"before_{number}"] = reminder["before"]
        values[f"channel_{number}"] = reminder["channel"]
    for number, level in enumerate(affiliate.levels, 1):
        values[f"level_{number}"] = level
    return values


def _choices(form: SettingsForm, affiliate: Affiliate) -> None:
    zones = dict.fromkeys([*ZONES, affiliate.time_zone])
    form.time_zone.choices = [(zone, f"{i18n.zone_name(zone)} ({zone})") for zone in zones]
    units = [(unit, _(label)) for unit, label in BEFORE.items()]
    channels = [("mail", _("By mail")), ("sms", _("By text"))]
    levels = [(name, _(LEVEL_NAMES[name])) for name in LEVELS]
    by_beginning = {"before": units, "channel": channels, "level": levels}
    for field in form:
        if isinstance(field, SelectField) and field.name != "time_zone":
            field.choices = by_beginning[field.name.partition("_")[0]]


def _chosen(form: SettingsForm) -> dict[str, Any]:
    """Return the settings of a form. Raises RuleBroken when they don't go together."""
    if form.quiet_from.data and form.quiet_until.data:
        rules.quiet(quiet_from=form.quiet_from.data, quiet_until=form.quiet_until.data)
    levels = [form[f"level_{number}"].data for number in range(1, len(LEVELS) + 1)]
    if sorted(levels) != sorted(LEVELS):
        raise RuleBroken(lazy("Name each goal once."), field="level_1")
    names = ("name", "phone", "time_zone", "lead_days", "horizon_days", "approval")
    more = ("offers_per_week", "cut_off_days", "undo_minutes", "quiet_from", "quiet_until")
    return {name: form[name].data for name in (*names, *more)} | {
        "email": form.email.data or None,
        "levels": levels,
        "reminders": rules.reminders(_plan(form)),
    }


def _plan(form: SettingsForm) -> list[dict[str, Any]]:
    return [
        {
            "before": form[f"before_{number}"].data,
            "count": form[f"count_{number}"].data,
            "channel": form[f"channel_{number}"].data,
        }
        for number in range(1, REMINDERS + 1)
        if form[f"count_{number}"].data
    ]


def _rows(form: SettingsForm) -> list[tuple[Any, Any, Any]]:
    return [
        (form[f"count_{number}"], form[f"before_{number}"], form[f"channel_{number}"])
        for number in range(1, REMINDERS + 1)
    ]
