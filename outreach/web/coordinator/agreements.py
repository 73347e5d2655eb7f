"""A hospital's agreement and the form its patients sign: without both, referrals are off."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.directory import agreements
from outreach.directory.models import Hospital, HospitalAgreement
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads.referring import KINDS
from outreach.referrals.profiles import HOSPITAL_PROFILES
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import DateField, Form, RadioField, TextField, required


class AgreementForm(Form):
    """What was signed, when it holds, and where the paper lies."""

    kind = RadioField(
        lazy("What was signed"),
        choices=list(KINDS.items()),
        default="business_associate",
        validators=[required(lazy("Choose one."))],
    )
    signed_on = DateField(
        lazy("Signed on"), validators=[required(lazy("Choose the day it was signed."))]
    )
    starts_on = DateField(
        lazy("Holds from"), validators=[required(lazy("Choose the first day it holds."))]
    )
    ends_on = DateField(lazy("Holds until"))
    reference = TextField(
        lazy("Where the signed paper lies"),
        longest=200,
        validators=[required(lazy("Say where the signed paper lies."))],
    )


class FormOfHospital(Form):
    """Which state's form the patients of a hospital sign."""

    form_profile = RadioField(lazy("Form that patients sign"), default="")


@bp.route("/hospitals/<hospital_id>/agreements/new", methods=["GET", "POST"])
@requires("agreement.record")
def record_agreement(hospital_id: str) -> ResponseReturnValue:
    """Record that a hospital's agreement is signed."""
    with context.reading() as session:
        row = _hospital(session, hospital_id, "agreement.record")
    form = AgreementForm()
    signed_on, starts_on = form.signed_on.data, form.starts_on.data
    if form.is_sent_and_right() and signed_on and starts_on:
        try:
            with context.transaction() as session:
                agreements.record(
                    session,
                    _hospital(session, hospital_id, "agreement.record"),
                    kind=form.kind.data,
                    signed_on=signed_on,
                    starts_on=starts_on,
                    ends_on=form.ends_on.data,
                    reference=form.reference.data or "",
                    by=context.current_actor(),
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The agreement is recorded."))
            return redirect(_url(hospital_id), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/agreement_form.html", form=form, hospital=row), status


@bp.get("/hospitals/agreements/<agreement_id>/end")
@requires("agreement.end")
def confirm_end(agreement_id: str) -> ResponseReturnValue:
    """Ask whether an agreement is over."""
    with context.reading() as session:
        row = _agreement(session, agreement_id)
        hospital = session.get_one(Hospital, row.hospital_id)
    return render_template(
        "coordinator/agreement_end.html", agreement=row, hospital=hospital, kind=_(KINDS[row.kind])
    )


@bp.post("/hospitals/agreements/<agreement_id>/end")
@requires("agreement.end")
def end_agreement(agreement_id: str) -> ResponseReturnValue:
    """End an agreement at once."""
    with context.transaction() as session:
        row = _agreement(session, agreement_id)
        hospital = session.get_one(Hospital, row.hospital_id)
        agreements.end(session, row, by=context.current_actor(), now=clock.now())
    flash(_("The agreement is ended. Nothing is sent under it any more."))
    return redirect(_url(hospital.public_id), 303)


@bp.route("/hospitals/<hospital_id>/form", methods=["GET", "POST"])
@requires("agreement.record")
def choose_form(hospital_id: str) -> ResponseReturnValue:
    """Choose which form the patients of a hospital sign."""
    with context.reading() as session:
        row = _hospital(session, hospital_id, "agreement.record")
    form = FormOfHospital(form_profile=row.form_profile or "")
    named = [(code, profile.name) for code, profile in HOSPITAL_PROFILES.items()]
    form.form_profile.choices = [("", lazy("None yet: referrals stay off")), *named]
    if form.is_sent_and_right():
        with context.transaction() as session:
            agreements.choose_form(
                session,
                _hospital(session, hospital_id, "agreement.record"),
                form.form_profile.data or None,
                by=context.current_actor(),
                now=clock.now(),
            )
        flash(_("The form is chosen."))
        return redirect(_url(hospital_id), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/profile_form.html", form=form, hospital=row), status


def _hospital(session: Session, hospital_id: str, action: str) -> Hospital:
    return access.load(session, Hospital, hospital_id, actor=context.current_actor(), action=action)


def _agreement(session: Session, agreement_id: str) -> HospitalAgreement:
    actor = context.current_actor()
    action = "agreement.end"
    return access.load(session, HospitalAgreement, agreement_id, actor=actor, action=action)


def _url(hospital_id: str) -> str:
    return url_for("coordinator.hospital", hospital_id=hospital_id)
