"""My hospital: units, what visitors are told, whom they meet, who else may ask for visits."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock
from outreach.directory.models import Unit
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import referring, units
from outreach.web.auth import requires
from outreach.web.context import current_actor, links, reading, transaction
from outreach.web.forms import EmailField, Form, LongTextField, PhoneField, TextField, required
from outreach.web.liaison.blueprint import bp
from outreach.workflows import directory

LONGEST_BRIEF = 3000


class ContactForm(Form):
    """Whom visitors ask for on the day, and the ward's own mailbox."""

    name = TextField(
        lazy("Whom visitors ask for"),
        longest=100,
        validators=[required(lazy("Write whom visitors ask for, such as “Charge nurse”."))],
    )
    phone = PhoneField(lazy("Telephone on the day"))
    email = EmailField(lazy("The ward’s mailbox"))


class BriefForm(Form):
    """What visitors must know on arrival."""

    text = LongTextField(
        lazy("What visitors are told"),
        longest=LONGEST_BRIEF,
        validators=[required(lazy("Write what visitors should know."))],
    )


@bp.get("/hospital/")
@requires("ward.see")
def hospital() -> ResponseReturnValue:
    """Show the hospital, its units and its people."""
    actor, now = current_actor(), clock.now()
    with reading() as session:
        place = units.own_hospital(session, actor)
        cards = units.cards(session, actor, place, now=now)
        colleagues = units.colleagues(session, place)
        off = referring.off(session, place, now=now)
    return render_template(
        "liaison/hospital.html",
        hospital=place,
        cards=cards,
        colleagues=colleagues,
        referrals_are_off=off,
    )


@bp.get("/hospital/units/<unit_id>/contact")
@requires("ward.see")
def contact(unit_id: str) -> ResponseReturnValue:
    """Ask who the contact is."""
    return _contact_page(unit_id)


@bp.post("/hospital/units/<unit_id>/contact")
@requires("unit.brief")
def change_contact(unit_id: str) -> ResponseReturnValue:
    """Keep another contact."""
    form = ContactForm()
    if not form.is_sent_and_right():
        return _contact_page(unit_id, form), 422
    with transaction() as session:
        directory.change_contact(
            session,
            access.load(session, Unit, unit_id, actor=current_actor(), action="unit.brief"),
            name=form.name.data or "",
            phone=form.phone.data,
            email=form.email.data,
            by=current_actor(),
            links=links(),
            now=clock.now(),
        )
    flash(_("The contact is kept."))
    return redirect(url_for("liaison.hospital"), 303)


@bp.get("/hospital/units/<unit_id>/brief")
@requires("ward.see")
def brief(unit_id: str) -> ResponseReturnValue:
    """Ask what visitors should know."""
    return _brief_page(unit_id)


@bp.post("/hospital/units/<unit_id>/brief")
@requires("unit.brief")
def write_brief(unit_id: str) -> ResponseReturnValue:
    """Keep a new version of what visitors should know."""
    form = BriefForm()
    if not form.is_sent_and_right():
        return _brief_page(unit_id, form), 422
    with transaction() as session:
        directory.write_brief(
            session,
            access.load(session, Unit, unit_id, actor=current_actor(), action="unit.brief"),
            form.text.data or "",
            by=current_actor(),
            links=links(),
            now=clock.now(),
        )
    flash(_("Visitors get the new text from now on."))
    return redirect(url_for("liaison.hospital"), 303)


def _contact_page(unit_id: str, form: ContactForm | None = None) -> str:
    with reading() as session:
        unit = access.load(session, Unit, unit_id, actor=current_actor(), action="ward.see")
    form = form or ContactForm(
        name=unit.contact_name, phone=unit.contact_phone, email=unit.contact_email
    )
    return render_template("liaison/contact.html", unit=unit, form=form)


def _brief_page(unit_id: str, form: BriefForm | None = None) -> str:
    with reading() as session:
        unit = access.load(session, Unit, unit_id, actor=current_actor(), action="ward.see")
        current = units.brief(session, unit.id)
    form = form or BriefForm(text=current.text if current else "")
    return render_template("liaison/brief.html", unit=unit, form=form, longest=LONGEST_BRIEF)
