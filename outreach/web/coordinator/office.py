"""When an affiliate's office is open, how long a referral's steps may take, and who is on duty."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock, i18n
from outreach.directory import receiving, rules
from outreach.directory.models import Affiliate
from outreach.directory.rules import CLOCK_BOUNDS
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import duty as reads
from outreach.reads import words
from outreach.reads.duty import Colleague
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import (
    DateField,
    Form,
    LongTextField,
    NumberField,
    SelectField,
    SelectMultipleField,
    TimeField,
    required,
)

DAYS = range(7)


def _limit(name: str, label: str) -> NumberField:
    least, most = CLOCK_BOUNDS[name]
    needed = required(lazy("Write a whole number, like 12."))
    return NumberField(label, lowest=least, highest=most, validators=[needed])


class HoursForm(Form):
    """When an office is open."""

    business_days = SelectMultipleField(lazy("Days it is open"))
    opens = TimeField(lazy("Opens at"), validators=[required(lazy("Choose a time."))])
    closes = TimeField(lazy("Closes at"), validators=[required(lazy("Choose a time."))])
    holiday_region = SelectField(lazy("Public holidays it keeps"))
    closed_days = LongTextField(lazy("Its own closed days"))


class ClocksForm(Form):
    """How long each step of a referral may take."""

    acknowledge_days = _limit("acknowledge_days", lazy("Confirm that it arrived, business days"))
    accept_days = _limit("accept_days", lazy("Accept or give it back, business days"))
    grace_days = _limit("grace_days", lazy("Days of grace after that, business days"))
    attempt_days = _limit("attempt_days", lazy("First call to the person, business days"))
    attempt_red_hours = _limit("attempt_red_hours", lazy("First call counts as late after, hours"))
    connect_days = _limit("connect_days", lazy("Person reached, days after the discharge"))
    close_days = _limit("close_days", lazy("Referral closed, days after the discharge"))
    hold_days = _limit("hold_days", lazy("Longest time on hold, days"))
    expiry_warning_days = _limit(
        "expiry_warning_days", lazy("Warning before an authorization ends, days")
    )


class DutyForm(Form):
    """Who is on duty, who stands in, and on which days the deputy comes first."""

    on_duty = SelectField(lazy("On duty"))
    deputy = SelectField(lazy("Deputy"))
    away_from = DateField(lazy("First day away"))
    away_until = DateField(lazy("Last day away"))


@bp.route("/hospitals/affiliates/<affiliate_id>/hours", methods=["GET", "POST"])
@requires("affiliate.change")
def change_hours(affiliate_id: str) -> ResponseReturnValue:
    """Say when an office is open, and on which days of its own it is closed."""
    with context.reading() as session:
        row = _load(session, affiliate_id)
        own_days = receiving.closed_days(session, row.id)
    form = HoursForm(
        business_days=[str(day) for day in row.business_days],
        opens=row.opens,
        closes=row.closes,
        holiday_region=row.holiday_region,
        closed_days="\n".join(f"{day.closed_on} {day.name}".strip() for day in own_days),
    )
    form.business_days.choices = [(str(day), words.weekday(day)) for day in DAYS]
    form.holiday_region.choices = [(region, _region(region)) for region in receiving.REGIONS]
    if form.is_sent_and_right():
        try:
            with context.transaction() as session:
                _keep_hours(session, _load(session, affiliate_id), form)
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The hours are saved. Clocks that run already keep their time."))
            return redirect(_url(affiliate_id), 303)
    status = 422 if request.method == "POST" else 200
    zone = i18n.zone_name(row.time_zone)
    page = render_template("coordinator/hours_form.html", form=form, affiliate=row, zone=zone)
    return page, status


@bp.route("/hospitals/affiliates/<affiliate_id>/clocks", methods=["GET", "POST"])
@requires("affiliate.change")
def change_clocks(affiliate_id: str) -> ResponseReturnValue:
    """Say how long each step of a referral may take."""
    with context.reading() as session:
        row = _load(session, affiliate_id)
    form = ClocksForm(**receiving.clocks(row))
    if form.is_sent_and_right():
        try:
            with context.transaction() as session:
                receiving.set_clocks(
                    session,
                    _load(session, affiliate_id),
                    {name: form[name].data for name in CLOCK_BOUNDS},
                    by=context.current_actor(),
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The clocks are saved. Those that run already keep their time."))
            return redirect(_url(affiliate_id), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/clocks_form.html", form=form, affiliate=row), status


@bp.route("/setup/duty", methods=["GET", "POST"])
@requires("duty.change")
def change_duty() -> ResponseReturnValue:
    """Say who is on duty, who stands in for her, and when she is away."""
    actor, now = context.current_actor(), clock.now()
    with context.reading() as session:
        affiliate = access.own_affiliate(session, actor)
        people = reads.coordinators(session, affiliate.id, now=now)
        named = reads.duty(session, affiliate, now=now)
    form = DutyForm(
        on_duty=_id_of(named.on_duty),
        deputy=_id_of(named.deputy),
        away_from=named.away_from,
        away_until=named.away_until,
    )
    choices = [("", _("Nobody")), *((person.public_id, person.name) for person in people)]
    form.on_duty.choices = form.deputy.choices = choices
    if form.is_sent_and_right():
        accounts = {person.public_id: person.account_id for person in people}
        try:
            with context.transaction() as session:
                receiving.set_duty(
                    session,
                    access.own_affiliate(session, actor),
                    on_duty_id=accounts.get(form.on_duty.data),
                    deputy_id=accounts.get(form.deputy.data),
                    away_from=form.away_from.data,
                    away_until=form.away_until.data,
                    by=actor,
                    now=now,
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("Saved. Today says who is called first."))
            return redirect(url_for("coordinator.today"), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/duty_form.html", form=form, affiliate=affiliate), status


def _keep_hours(session: Session, row: Affiliate, form: HoursForm) -> None:
    actor, now = context.current_actor(), clock.now()
    days = rules.closed_days(form.closed_days.data or "")
    receiving.set_business_time(
        session,
        row,
        weekdays=[int(day) for day in form.business_days.data or ()],
        opens=form.opens.data or row.opens,
        closes=form.closes.data or row.closes,
        holiday_region=form.holiday_region.data,
        by=actor,
        now=now,
    )
    receiving.set_closed_days(session, row, days, by=actor, now=now)


def _region(region: str) -> str:
    state = region.partition("-")[2]
    if not state:
        return _("Federal holidays only")
    return _("Holidays of %(state)s", state=state)


def _id_of(person: Colleague | None) -> str:
    return person.public_id if person else ""


def _load(session: Session, affiliate_id: str) -> Affiliate:
    actor = context.current_actor()
    return access.load(session, Affiliate, affiliate_id, actor=actor, action="affiliate.change")


def _url(affiliate_id: str) -> str:
    return url_for("coordinator.affiliate", affiliate_id=affiliate_id)
