"""One unit: its hours, clearances, brief and pauses; adding and changing it."""

from datetime import time
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock, i18n, phone
from outreach.directory import rules
from outreach.directory.models import Hospital, Unit, UnitPause
from outreach.directory.rules import Span
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import hospitals as reads
from outreach.reads import words
from outreach.reads.hospitals import UnitDetails
from outreach.visits.rules import Hours
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import (
    BooleanField,
    DateField,
    EmailField,
    Form,
    LongTextField,
    PhoneField,
    RadioField,
    SelectMultipleField,
    TextField,
    TimeField,
    required,
)
from outreach.workflows import directory, pauses

DAYS = range(7)


class UnitForm(Form):
    """A unit. Its label is neutral: a number, a floor, a wing."""

    name = TextField(
        lazy("Label"), longest=60, validators=[required(lazy("Enter the unit’s label."))]
    )
    age_group = RadioField(
        lazy("Whom it cares for"),
        choices=list(words.AGE_GROUPS.items()),
        default="adult",
        validators=[required(lazy("Choose a group."))],
    )
    street = TextField(lazy("Street and number"), longest=200)
    contact_name = TextField(lazy("Contact on the day"), longest=100)
    contact_phone = PhoneField(lazy("Phone of the contact"))
    contact_email = EmailField(lazy("The ward’s mailbox"))
    part_two = BooleanField(lazy("It belongs to a substance-use program (42 CFR Part 2)"))
    requirements = SelectMultipleField(
        lazy("Clearances it demands"), choices=list(words.CLEARANCES.items())
    )
    opens_0 = TimeField(lazy("Monday, from"))
    closes_0 = TimeField(lazy("Monday, to"))
    opens_1 = TimeField(lazy("Tuesday, from"))
    closes_1 = TimeField(lazy("Tuesday, to"))
    opens_2 = TimeField(lazy("Wednesday, from"))
    closes_2 = TimeField(lazy("Wednesday, to"))
    opens_3 = TimeField(lazy("Thursday, from"))
    closes_3 = TimeField(lazy("Thursday, to"))
    opens_4 = TimeField(lazy("Friday, from"))
    closes_4 = TimeField(lazy("Friday, to"))
    opens_5 = TimeField(lazy("Saturday, from"))
    closes_5 = TimeField(lazy("Saturday, to"))
    opens_6 = TimeField(lazy("Sunday, from"))
    closes_6 = TimeField(lazy("Sunday, to"))


class BriefForm(Form):
    """What visitors must know."""

    text = LongTextField(
        lazy("What visitors must know"), validators=[required(lazy("Write the brief."))]
    )


class PauseForm(Form):
    """Days without visits."""

    starts_on = DateField(lazy("First day"), validators=[required(lazy("Choose the first day."))])
    ends_on = DateField(lazy("Last day"))
    call_off = BooleanField(lazy("Call off the visits planned on these days"))


@bp.get("/hospitals/units/<unit_id>")
@requires("unit.see")
def unit(unit_id: str) -> ResponseReturnValue:
    """Show one unit."""
    return _page(unit_id, PauseForm())


@bp.route("/hospitals/<hospital_id>/units/new", methods=["GET", "POST"])
@requires("unit.change")
def add_unit(hospital_id: str) -> ResponseReturnValue:
    """Add a unit to a hospital."""
    actor = context.current_actor()
    with context.reading() as session:
        hospital = access.load(session, Hospital, hospital_id, actor=actor, action="unit.change")
    form = UnitForm(**_usual_hours())
    return _edit(form, hospital, unit_id=None, extra=[])


@bp.route("/hospitals/units/<unit_id>/change", methods=["GET", "POST"])
@requires("unit.change")
def change_unit(unit_id: str) -> ResponseReturnValue:
    """Change a unit."""
    with context.reading() as session:
        row = _load(session, unit_id, "unit.change")
        details = reads.unit_details(session, row, now=clock.now())
    form = UnitForm(**_prefilled(details))
    known = set(words.CLEARANCES)
    own = [(kind, words.clearance(kind)) for kind in details.clearances if kind not in known]
    form.requirements.choices = [*words.CLEARANCES.items(), *own]
    return _edit(form, details.hospital, unit_id=unit_id, extra=_second_spans(details))


@bp.route("/hospitals/units/<unit_id>/brief", methods=["GET", "POST"])
@requires("unit.change")
def brief(unit_id: str) -> ResponseReturnValue:
    """Write a new version of the brief."""
    with context.reading() as session:
        row = _load(session, unit_id, "unit.change")
        current = reads.current_brief(session, row.id)
    form = BriefForm(text=current.text if current else "")
    if form.is_sent_and_right():
        with context.transaction() as session:
            directory.write_brief(
                session,
                _load(session, unit_id, "unit.change"),
                form.text.data or "",
                by=context.current_actor(),
                links=context.links(),
                now=clock.now(),
            )
        flash(_("The brief is saved. Speakers see it from now on."))
        return redirect(_url(unit_id), 303)
    status = 422 if request.method == "POST" else 200
    version = current.version if current else 0
    return render_template("coordinator/brief.html", form=form, unit=row, version=version), status


@bp.post("/hospitals/units/<unit_id>/pauses")
@requires("unit.pause")
def pause_unit(unit_id: str) -> ResponseReturnValue:
    """Let a unit have no visits for some days."""
    form = PauseForm()
    if not form.is_sent_and_right() or form.starts_on.data is None:
        return _page(unit_id, form)
    try:
        with context.transaction() as session:
            row = _load(session, unit_id, "unit.pause")
            pauses.begin(
                session,
                row,
                starts_on=form.starts_on.data,
                ends_on=form.ends_on.data,
                # Unchecked means "they stay"; the page says so beside the box.
                call_off=form.call_off.data,
                by=context.current_actor(),
                links=context.links(),
                now=clock.now(),
            )
    except RuleBroken as error:
        form.refuse(error)
        return _page(unit_id, form)
    flash(_("The unit is paused on these days."))
    return redirect(_url(unit_id), 303)


@bp.post("/pauses/<pause_id>/end")
@requires("unit.pause")
def end_pause(pause_id: str) -> ResponseReturnValue:
    """End a pause."""
    actor = context.current_actor()
    with context.transaction() as session:
        pause = access.load(session, UnitPause, pause_id, actor=actor, action="unit.pause")
        unit_id = session.get_one(Unit, pause.unit_id).public_id
        pauses.end(session, pause, by=actor, now=clock.now())
    flash(_("The pause is over. The unit takes visits again."))
    return redirect(_url(unit_id), 303)


@bp.post("/hospitals/units/<unit_id>/archive")
@requires("unit.change")
def archive_unit(unit_id: str) -> ResponseReturnValue:
    """Put a unit aside."""
    return _set_archived(unit_id, archived=True, done=_("The unit is put aside."))


@bp.post("/hospitals/units/<unit_id>/return")
@requires("unit.change")
def restore_unit(unit_id: str) -> ResponseReturnValue:
    """Take a unit back."""
    return _set_archived(unit_id, archived=False, done=_("The unit is back."))


def _page(unit_id: str, form: PauseForm) -> ResponseReturnValue:
    with context.reading() as session:
        row = _load(session, unit_id, "unit.see")
        details = reads.unit_details(session, row, now=clock.now())
    page = render_template(
        "coordinator/unit.html",
        details=details,
        unit=row,
        hospital=details.hospital,
        age_group=words.age_group(row.age_group),
        hours=words.visiting_hours(Hours(h.weekday, h.opens, h.closes) for h in details.hours),
        clearances=[words.clearance(kind) for kind in details.clearances],
        pauses=[(p.public_id, _pause_words(p)) for p in details.pauses],
        zone=i18n.zone_name(details.hospital.time_zone),
        shown_phone=phone.display(row.contact_phone) if row.contact_phone else "",
        form=form,
    )
    return page, (422 if request.method == "POST" else 200)


def _pause_words(pause: reads.PauseRow) -> str:
    first = i18n.day(pause.starts_on, year=True)
    if pause.ends_on is None:
        return _("From %(first)s until further notice", first=words.capital(first))
    last = i18n.day(pause.ends_on, year=True)
    return _("%(first)s to %(last)s", first=words.capital(first), last=last)


def _edit(
    form: UnitForm, hospital: Hospital, *, unit_id: str | None, extra: list[Span]
) -> ResponseReturnValue:
    if form.is_sent_and_right():
        try:
            made = _keep(form, hospital.public_id, unit_id=unit_id, extra=extra)
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The unit is saved."))
            return redirect(_url(made), 303)
    status = 422 if request.method == "POST" else 200
    return render_template(
        "coordinator/unit_form.html",
        form=form,
        hospital=hospital,
        unit_id=unit_id,
        days=[(form[f"opens_{day}"], form[f"closes_{day}"], words.weekday(day)) for day in DAYS],
        zone=i18n.zone_name(hospital.time_zone),
    ), status


def _keep(form: UnitForm, hospital_id: str, *, unit_id: str | None, extra: list[Span]) -> str:
    hours = rules.hours([*_spans(form), *extra])
    actor = context.current_actor()
    with context.transaction() as session:
        hospital = access.load(session, Hospital, hospital_id, actor=actor, action="unit.change")
        kept = directory.keep_unit(
            session,
            hospital,
            _facts(form),
            unit=_load(session, unit_id, "unit.change") if unit_id else None,
            hours=hours,
            requirements=form.requirements.data or [],
            by=actor,
            links=context.links(),
            now=clock.now(),
        )
        return kept.public_id


def _spans(form: UnitForm) -> list[Span]:
    """Return the hours of the form. Raises RuleBroken when only one end of a day is given."""
    found = []
    for day in DAYS:
        opens, closes = form[f"opens_{day}"].data, form[f"closes_{day}"].data
        if (opens is None) != (closes is None):
            field = f"opens_{day}" if opens is None else f"closes_{day}"
            raise RuleBroken(lazy("Give both times of this day, or none."), field=field)
        if opens is not None and closes is not None:
            found.append(Span(day, opens, closes))
    return found


def _facts(form: UnitForm) -> dict[str, Any]:
    return {
        "name": form.name.data,
        "age_group": form.age_group.data,
        "street": form.street.data or "",
        "contact_name": form.contact_name.data or "",
        "contact_phone": form.contact_phone.data,
        "contact_email": form.contact_email.data or None,
        "part_two": form.part_two.data,
    }


def _prefilled(details: UnitDetails) -> dict[str, Any]:
    contact = ("contact_name", "contact_phone", "contact_email")
    names = ("name", "age_group", "street", *contact, "part_two")
    values: dict[str, Any] = {name: getattr(details.unit, name) for name in names}
    values["requirements"] = details.clearances
    for span in reversed(details.hours):  # the first span of a day is the one on the form
        values[f"opens_{span.weekday}"] = span.opens
        values[f"closes_{span.weekday}"] = span.closes
    return values


def _second_spans(details: UnitDetails) -> list[Span]:
    """Return what the form does not show: a day's second span, from an import; it is kept."""
    seen: set[int] = set()
    extra = []
    for span in details.hours:
        if span.weekday in seen:
            extra.append(Span(span.weekday, span.opens, span.closes))
        seen.add(span.weekday)
    return extra


def _usual_hours() -> dict[str, time]:
    return {f"opens_{day}": time(9) for day in range(5)} | {
        f"closes_{day}": time(17) for day in range(5)
    }


def _set_archived(unit_id: str, *, archived: bool, done: str) -> ResponseReturnValue:
    actor = context.current_actor()
    try:
        with context.transaction() as session:
            row = _load(session, unit_id, "unit.change")
            directory.set_archived(session, row, archived=archived, by=actor, now=clock.now())
    except RuleBroken as error:
        flash(_(error.message, **error.values), "error")
    else:
        flash(done)
    return redirect(_url(unit_id), 303)


def _load(session: Session, unit_id: str, action: str) -> Unit:
    return access.load(session, Unit, unit_id, actor=context.current_actor(), action=action)


def _url(unit_id: str) -> str:
    return url_for("coordinator.unit", unit_id=unit_id)
