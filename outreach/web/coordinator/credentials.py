"""What a speaker is trained and cleared for: recording, changing, taking back."""

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.directory.models import Hospital, Program
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import board, words
from outreach.speakers import service
from outreach.speakers.models import Certification, Clearance, Speaker
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import BooleanField, DateField, Form, RadioField, SelectField, required

ANY_HOSPITAL = "any"


class CertificationForm(Form):
    """What a speaker is trained for."""

    program = SelectField(lazy("Program"), validators=[required(lazy("Choose a program."))])
    role = RadioField(
        lazy("Role"),
        choices=[(role, role) for role in words.ROLES],
        validators=[required(lazy("Choose a role."))],
    )
    starts_on = DateField(lazy("From"), validators=[required(lazy("Choose the first day."))])
    ends_on = DateField(lazy("Until"), validators=[required(lazy("Choose the last day."))])


class ClearanceForm(Form):
    """What a hospital demands, and the speaker has."""

    kind = SelectField(lazy("Clearance"), validators=[required(lazy("Choose a clearance."))])
    hospital = SelectField(
        lazy("Good for"), validators=[required(lazy("Choose where it is good for."))]
    )
    starts_on = DateField(lazy("From"), validators=[required(lazy("Choose the first day."))])
    ends_on = DateField(lazy("Until"))
    never_ends = BooleanField(lazy("It does not end"))


@bp.route("/people/speakers/<speaker_id>/certifications", methods=["GET", "POST"])
@requires("speaker.change")
def add_certification(speaker_id: str) -> ResponseReturnValue:
    """Record what a speaker is trained for."""
    with context.reading() as session:
        row = _load(session, speaker_id, "speaker.change")
    return _certification(row, CertificationForm(starts_on=_today()), held_id=None)


@bp.route("/people/certifications/<certification_id>", methods=["GET", "POST"])
@requires("speaker.change")
def certification(certification_id: str) -> ResponseReturnValue:
    """Change a certification."""
    with context.reading() as session:
        held = _load_held(session, Certification, certification_id)
        row = session.get_one(Speaker, held.speaker_id)
        program = session.get_one(Program, held.program_id)
    form = CertificationForm(
        program=program.public_id,
        role=held.role,
        starts_on=held.starts_on,
        ends_on=held.ends_on,
    )
    return _certification(row, form, held_id=certification_id)


@bp.post("/people/certifications/<certification_id>/removal")
@requires("speaker.change")
def remove_certification(certification_id: str) -> ResponseReturnValue:
    """Take a certification back that was recorded by mistake."""
    return _remove(Certification, certification_id)


@bp.route("/people/speakers/<speaker_id>/clearances", methods=["GET", "POST"])
@requires("speaker.change")
def add_clearance(speaker_id: str) -> ResponseReturnValue:
    """Record a clearance a speaker has."""
    with context.reading() as session:
        row = _load(session, speaker_id, "speaker.change")
    form = ClearanceForm(hospital=ANY_HOSPITAL, starts_on=_today())
    return _clearance(row, form, held_id=None)


@bp.route("/people/clearances/<clearance_id>", methods=["GET", "POST"])
@requires("speaker.change")
def clearance(clearance_id: str) -> ResponseReturnValue:
    """Change a clearance."""
    with context.reading() as session:
        held = _load_held(session, Clearance, clearance_id)
        row = session.get_one(Speaker, held.speaker_id)
        at = session.get(Hospital, held.hospital_id) if held.hospital_id else None
    form = ClearanceForm(
        kind=held.kind,
        hospital=at.public_id if at else ANY_HOSPITAL,
        starts_on=held.starts_on,
        ends_on=held.ends_on,
        never_ends=held.ends_on is None,
    )
    return _clearance(row, form, held_id=clearance_id)


@bp.post("/people/clearances/<clearance_id>/removal")
@requires("speaker.change")
def remove_clearance(clearance_id: str) -> ResponseReturnValue:
    """Take a clearance back that was recorded by mistake."""
    return _remove(Clearance, clearance_id)


def _certification(
    row: Speaker, form: CertificationForm, *, held_id: str | None
) -> ResponseReturnValue:
    actor = context.current_actor()
    with context.reading() as session:
        programs = board.programs(session, actor)
    form.program.choices = [(each.public_id, each.name) for each in programs]
    form.role.choices = [(role, words.role_name(role)) for role in words.ROLES]
    if form.is_sent_and_right():
        try:
            _keep_certification(row.public_id, form, held_id=held_id)
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The training is recorded."))
            return redirect(_url(row.public_id), 303)
    status = 422 if request.method == "POST" else 200
    return render_template(
        "coordinator/certification.html", form=form, speaker=row, held_id=held_id
    ), status


def _keep_certification(speaker_id: str, form: CertificationForm, *, held_id: str | None) -> None:
    actor, action = context.current_actor(), "speaker.change"
    starts_on, ends_on = form.starts_on.data, form.ends_on.data
    if starts_on is None or ends_on is None:
        raise ValueError("the form was not checked")
    with context.transaction() as session:
        program = access.load(session, Program, form.program.data, actor=actor, action=action)
        service.keep_certification(
            session,
            _load(session, speaker_id, action),
            program_id=program.id,
            role=form.role.data,
            starts_on=starts_on,
            ends_on=ends_on,
            certification=_load_held(session, Certification, held_id) if held_id else None,
            by=actor,
            now=clock.now(),
        )


def _clearance(row: Speaker, form: ClearanceForm, *, held_id: str | None) -> ResponseReturnValue:
    with context.reading() as session:
        hospitals = board.hospitals(session, context.current_actor())
    form.kind.choices = [
        (kind, words.clearance(kind)) for kind in dict.fromkeys([*words.CLEARANCES, *_given(form)])
    ]
    form.hospital.choices = [
        (ANY_HOSPITAL, _("All hospitals")),
        *((each.public_id, each.name) for each in hospitals),
    ]
    if form.is_sent_and_right() and _clearance_is_right(form):
        try:
            _keep_clearance(row.public_id, form, held_id=held_id)
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The clearance is recorded."))
            return redirect(_url(row.public_id), 303)
    status = 422 if request.method == "POST" else 200
    return render_template(
        "coordinator/clearance.html", form=form, speaker=row, held_id=held_id
    ), status


def _given(form: ClearanceForm) -> list[str]:
    """Return the kind a clearance already has, which may be a word of the affiliate's own."""
    return [form.kind.object_data] if form.kind.object_data else []


def _clearance_is_right(form: ClearanceForm) -> bool:
    if not form.never_ends.data and form.ends_on.data is None:
        form.ends_on.errors = [_("Choose the last day, or say that it does not end.")]
    if form.kind.data == "hospital" and form.hospital.data == ANY_HOSPITAL:
        form.hospital.errors = [_("A hospital’s own clearance is good for that hospital only.")]
    return not form.ends_on.errors and not form.hospital.errors


def _keep_clearance(speaker_id: str, form: ClearanceForm, *, held_id: str | None) -> None:
    actor, action = context.current_actor(), "speaker.change"
    if form.starts_on.data is None:
        raise ValueError("the form was not checked")
    with context.transaction() as session:
        hospital_id = None
        if form.hospital.data != ANY_HOSPITAL:
            hospital_id = access.load(
                session, Hospital, form.hospital.data, actor=actor, action=action
            ).id
        service.keep_clearance(
            session,
            _load(session, speaker_id, action),
            kind=form.kind.data,
            hospital_id=hospital_id,
            starts_on=form.starts_on.data,
            ends_on=None if form.never_ends.data else form.ends_on.data,
            clearance=_load_held(session, Clearance, held_id) if held_id else None,
            by=actor,
            now=clock.now(),
        )


def _remove(model: type[Certification] | type[Clearance], public_id: str) -> ResponseReturnValue:
    actor = context.current_actor()
    with context.transaction() as session:
        held: Any = access.load(session, model, public_id, actor=actor, action="speaker.change")
        speaker_id = session.get_one(Speaker, held.speaker_id).public_id
        service.remove(session, held, by=actor, now=clock.now())
    flash(_("It is removed."))
    return redirect(_url(speaker_id), 303)


def _load(session: Session, speaker_id: str, action: str) -> Speaker:
    return access.load(session, Speaker, speaker_id, actor=context.current_actor(), action=action)


def _load_held(session: Session, model: Any, public_id: str) -> Any:  # noqa: ANN401 - either table
    actor = context.current_actor()
    return access.load(session, model, public_id, actor=actor, action="speaker.change")


def _url(speaker_id: str) -> str:
    return url_for("coordinator.speaker", speaker_id=speaker_id)


def _today() -> date:
    return clock.now().date()
