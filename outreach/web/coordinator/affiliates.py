"""Affiliates that receive referrals: whom to ask, what they serve, whether they have room."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock, i18n
from outreach.directory import counties, geography, receiving
from outreach.directory.geography import Place
from outreach.directory.models import Affiliate
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import affiliates as reads
from outreach.reads.serving import CAPACITIES, INTAKES
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import (
    BooleanField,
    EmailField,
    Form,
    LongTextField,
    PhoneField,
    RadioField,
    SelectField,
    TextField,
    required,
)

INTAKE = ("receives_referrals", "intake_name", "intake_phone", "intake_email", "intake_by")


class AffiliateForm(Form):
    """An affiliate, and how it receives referrals."""

    name = TextField(
        lazy("Name of the affiliate"), longest=100, validators=[required(lazy("Enter the name."))]
    )
    zip_code = TextField(lazy("ZIP code of its office"), longest=10)
    receives_referrals = BooleanField(lazy("It receives referrals"))
    intake_by = RadioField(
        lazy("How it receives them"),
        choices=list(INTAKES.items()),
        default="link",
        validators=[required(lazy("Choose how."))],
    )
    intake_name = TextField(lazy("Person who receives them"), longest=100)
    intake_phone = PhoneField(lazy("Telephone of that person"))
    intake_email = EmailField(lazy("E-mail address for the notices"))


class CapacityForm(Form):
    """Whether an affiliate has room."""

    capacity = RadioField(
        lazy("Room for more people"),
        choices=list(CAPACITIES.items()),
        validators=[required(lazy("Choose one."))],
    )


class CountiesForm(Form):
    """The counties of one state that an affiliate serves."""

    state = SelectField(lazy("State"))
    counties = LongTextField(lazy("Counties it serves there"), longest=8000)


@bp.get("/hospitals/affiliates")
@requires("affiliate.see")
def affiliates() -> ResponseReturnValue:
    """Show the own bureau and the affiliates it keeps."""
    with context.reading() as session:
        rows = reads.affiliates(session, context.current_actor())
    return render_template("coordinator/affiliates.html", rows=rows)


@bp.get("/hospitals/affiliates/<affiliate_id>")
@requires("affiliate.see")
def affiliate(affiliate_id: str) -> ResponseReturnValue:
    """Show one affiliate: whom to ask, counties, room, hours and clocks."""
    return _page(affiliate_id)


@bp.route("/hospitals/affiliates/new", methods=["GET", "POST"])
@requires("affiliate.change")
def add_affiliate() -> ResponseReturnValue:
    """Add an affiliate that receives referrals and has no coordinators of its own."""
    actor, form = context.current_actor(), AffiliateForm(receives_referrals=True)
    form.intake_by.choices = _ways(is_own=False)
    if form.is_sent_and_right():
        try:
            place = geography.place(form.zip_code.data or "")
            with context.transaction() as session:
                made = receiving.add_kept(
                    session,
                    access.own_affiliate(session, actor),
                    {"name": form.name.data or "", **_intake(form)},
                    place=place,
                    by=actor,
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The affiliate is added. Now say which counties it serves."))
            return redirect(_url("change_counties", made.public_id), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/affiliate_form.html", form=form, affiliate=None), status


@bp.route("/hospitals/affiliates/<affiliate_id>/change", methods=["GET", "POST"])
@requires("affiliate.change")
def change_affiliate(affiliate_id: str) -> ResponseReturnValue:
    """Change how an affiliate receives referrals, and where it is."""
    actor = context.current_actor()
    with context.reading() as session:
        row = _load(session, affiliate_id, "affiliate.change")
    is_own = row.id == actor.affiliate_id
    names = ("name", "zip_code", *INTAKE)
    form = AffiliateForm(**{name: getattr(row, name) for name in names})
    form.intake_by.choices = _ways(is_own=is_own)
    if is_own:
        del form.name  # a setting of the bureau
    if form.is_sent_and_right():
        try:
            facts = _intake(form) | ({} if is_own else {"name": form.name.data or ""})
            with context.transaction() as session:
                receiving.change(
                    session,
                    _load(session, affiliate_id, "affiliate.change"),
                    facts,
                    place=_place(form, needed=not is_own),
                    by=actor,
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The changes are saved."))
            return redirect(_url("affiliate", affiliate_id), 303)
    status = 422 if request.method == "POST" else 200
    page = render_template("coordinator/affiliate_form.html", form=form, affiliate=row)
    return page, status


@bp.post("/hospitals/affiliates/<affiliate_id>/capacity")
@requires("affiliate.change")
def set_capacity(affiliate_id: str) -> ResponseReturnValue:
    """Say whether an affiliate has room."""
    form = CapacityForm()
    if not form.is_sent_and_right():
        return _page(affiliate_id, form), 422
    with context.transaction() as session:
        receiving.set_capacity(
            session,
            _load(session, affiliate_id, "affiliate.change"),
            form.capacity.data,
            by=context.current_actor(),
            now=clock.now(),
        )
    flash(_("Whoever refers sees it from now on."))
    return redirect(_url("affiliate", affiliate_id), 303)


@bp.route("/hospitals/affiliates/<affiliate_id>/counties", methods=["GET", "POST"])
@requires("affiliate.change")
def change_counties(affiliate_id: str) -> ResponseReturnValue:
    """Write down the counties an affiliate serves, one state at a time."""
    with context.reading() as session:
        row = _load(session, affiliate_id, "affiliate.change")
        served = receiving.counties(session, row.id)
    state = _state_asked_for(row, [state for state, _county in served])
    there = [county for each, county in served if each == state]
    form = CountiesForm(state=state, counties="; ".join(there))
    form.state.choices = [(each, each) for each in counties.states()]
    if form.is_sent_and_right():
        names, wrong = counties.listed(form.counties.data or "", state=form.state.data)
        for error in wrong:
            form.refuse(error)
        if not wrong:
            _keep_counties(affiliate_id, form.state.data, names)
            flash(_("The counties are saved."))
            return redirect(_url("affiliate", affiliate_id), 303)
    status = 422 if request.method == "POST" else 200
    return render_template(
        "coordinator/counties_form.html",
        form=form,
        affiliate=row,
        state=form.state.data or state,
        known=counties.in_state(form.state.data or state),
    ), status


def _keep_counties(affiliate_id: str, state: str, names: tuple[str, ...]) -> None:
    with context.transaction() as session:
        row = _load(session, affiliate_id, "affiliate.change")
        elsewhere = [each for each in receiving.counties(session, row.id) if each[0] != state]
        receiving.set_counties(
            session,
            row,
            [*elsewhere, *((state, name) for name in names)],
            by=context.current_actor(),
            now=clock.now(),
        )


def _page(affiliate_id: str, form: CapacityForm | None = None) -> str:
    with context.reading() as session:
        row = _load(session, affiliate_id, "affiliate.see")
        details = reads.details(session, context.current_actor(), row)
    return render_template(
        "coordinator/affiliate.html",
        details=details,
        affiliate=row,
        form=form or CapacityForm(capacity=row.capacity),
        intake=_(INTAKES[row.intake_by]),
        clocks=receiving.clocks(row),
        zone=i18n.zone_name(row.time_zone),
    )


def _ways(*, is_own: bool) -> list[Any]:
    """Return how an affiliate can receive: accounts are for one with coordinators of its own."""
    return [(way, label) for way, label in INTAKES.items() if is_own or way != "account"]


def _intake(form: AffiliateForm) -> dict[str, Any]:
    values = {name: form[name].data for name in INTAKE}
    return values | {
        "intake_name": form.intake_name.data or "",
        "intake_email": form.intake_email.data or None,
    }


def _place(form: AffiliateForm, *, needed: bool) -> Place | None:
    text = form.zip_code.data or ""
    return geography.place(text) if text or needed else None


def _state_asked_for(row: Affiliate, served: list[str]) -> str:
    """Return the state to show: the one asked for, else one it serves, else where it is."""
    known = counties.states()
    here = geography.rows().get(row.zip_code or "")
    asked = (request.args.get("state", ""), *served[:1], here["state"] if here else "")
    return next((state for state in asked if state in known), known[0])


def _load(session: Session, affiliate_id: str, action: str) -> Affiliate:
    actor = context.current_actor()
    return access.load(session, Affiliate, affiliate_id, actor=actor, action=action)


def _url(endpoint: str, affiliate_id: str) -> str:
    return url_for(f"coordinator.{endpoint}", affiliate_id=affiliate_id)
