"""Hospitals: the list, one hospital with its units, adding and changing them."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock, i18n
from outreach.directory import geography, service
from outreach.directory.models import Hospital
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import hospitals as reads
from outreach.reads import referring
from outreach.referrals import profiles
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import Form, TextField, required
from outreach.workflows import directory


class HospitalForm(Form):
    """A hospital's name and where it is."""

    name = TextField(
        lazy("Name"), longest=100, validators=[required(lazy("Enter the hospital’s name."))]
    )
    zip_code = TextField(
        lazy("ZIP code"), longest=10, validators=[required(lazy("Enter the ZIP code."))]
    )


@bp.get("/hospitals")
@requires("hospital.see")
def hospitals() -> ResponseReturnValue:
    """Show the hospitals."""
    with context.reading() as session:
        rows = reads.hospitals(session, context.current_actor(), now=clock.now())
    return render_template("coordinator/hospitals.html", rows=rows)


@bp.get("/hospitals/<hospital_id>")
@requires("hospital.see")
def hospital(hospital_id: str) -> ResponseReturnValue:
    """Show one hospital and its units."""
    with context.reading() as session:
        row = _load(session, hospital_id, "hospital.see")
        units = reads.units(session, context.current_actor(), row, now=clock.now())
        referrals = referring.of_hospital(session, row, now=clock.now())
    form = profiles.find(row.form_profile)
    return render_template(
        "coordinator/hospital.html",
        hospital=row,
        units=units,
        referring=referrals,
        form_name=form.name if form else "",
        zone=i18n.zone_name(row.time_zone),
    )


@bp.route("/hospitals/new", methods=["GET", "POST"])
@requires("hospital.change")
def add_hospital() -> ResponseReturnValue:
    """Add a hospital; town and time zone follow from its ZIP code."""
    actor, form = context.current_actor(), HospitalForm()
    if form.is_sent_and_right():
        try:
            place = geography.place(form.zip_code.data or "")
            with context.transaction() as session:
                affiliate = access.own_affiliate(session, actor)
                made = service.add_hospital(
                    session,
                    affiliate.id,
                    name=form.name.data or "",
                    place=place,
                    by=actor,
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The hospital is added. Now add its units."))
            return redirect(_url(made.public_id), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/hospital_form.html", form=form, hospital=None), status


@bp.route("/hospitals/<hospital_id>/change", methods=["GET", "POST"])
@requires("hospital.change")
def change_hospital(hospital_id: str) -> ResponseReturnValue:
    """Change a hospital's name or place."""
    with context.reading() as session:
        row = _load(session, hospital_id, "hospital.change")
    form = HospitalForm(name=row.name, zip_code=row.zip_code)
    if form.is_sent_and_right():
        try:
            place = geography.place(form.zip_code.data or "")
            with context.transaction() as session:
                directory.change_hospital(
                    session,
                    _load(session, hospital_id, "hospital.change"),
                    name=form.name.data or "",
                    place=place,
                    by=context.current_actor(),
                    links=context.links(),
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The changes are saved."))
            return redirect(_url(hospital_id), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/hospital_form.html", form=form, hospital=row), status


@bp.post("/hospitals/<hospital_id>/archive")
@requires("hospital.change")
def archive_hospital(hospital_id: str) -> ResponseReturnValue:
    """Put a hospital aside."""
    return _set_archived(hospital_id, archived=True, done=_("The hospital is put aside."))


@bp.post("/hospitals/<hospital_id>/return")
@requires("hospital.change")
def restore_hospital(hospital_id: str) -> ResponseReturnValue:
    """Take a hospital back."""
    return _set_archived(hospital_id, archived=False, done=_("The hospital is back."))


def _set_archived(hospital_id: str, *, archived: bool, done: str) -> ResponseReturnValue:
    actor = context.current_actor()
    try:
        with context.transaction() as session:
            row = _load(session, hospital_id, "hospital.change")
            directory.set_archived(session, row, archived=archived, by=actor, now=clock.now())
    except RuleBroken as error:
        flash(_(error.message, **error.values), "error")
    else:
        flash(done)
    return redirect(_url(hospital_id), 303)


def _load(session: Session, hospital_id: str, action: str) -> Hospital:
    return access.load(session, Hospital, hospital_id, actor=context.current_actor(), action=action)


def _url(hospital_id: str) -> str:
    return url_for("coordinator.hospital", hospital_id=hospital_id)
