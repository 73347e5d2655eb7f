"""One speaker: the page, adding, changing, inviting and putting aside."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.directory import geography
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import people as reads
from outreach.reads import words
from outreach.speakers import service
from outreach.speakers.models import Speaker
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator import people
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import (
    EmailField,
    Form,
    NumberField,
    PhoneField,
    RadioField,
    SelectMultipleField,
    TextField,
    required,
)
from outreach.workflows import people as workflow

FARTHEST_MILES = 500


class SpeakerForm(Form):
    """A speaker's facts. When they are free, and where they never go, only they say."""

    first_name = TextField(
        lazy("First name"), longest=60, validators=[required(lazy("Enter the first name."))]
    )
    last_name = TextField(
        lazy("Last name"), longest=60, validators=[required(lazy("Enter the last name."))]
    )
    email = EmailField(
        lazy("E-mail address"), validators=[required(lazy("Enter the e-mail address."))]
    )
    phone = PhoneField(lazy("Phone"))
    zip_code = TextField(
        lazy("ZIP code"), longest=10, validators=[required(lazy("Enter the ZIP code."))]
    )
    radius = NumberField(lazy("Goes up to this many miles"), lowest=1, highest=FARTHEST_MILES)
    languages = SelectMultipleField(
        lazy("Languages on visits"),
        choices=list(words.LANGUAGES.items()),
        default=["en"],
        validators=[required(lazy("Choose at least one language."))],
    )
    age_groups = SelectMultipleField(
        lazy("Visits units for"),
        choices=list(words.AGE_GROUPS.items()),
        default=["adult"],
        validators=[required(lazy("Choose at least one group."))],
    )
    quota = NumberField(
        lazy("At most this many visits a month"),
        lowest=0,
        highest=31,
        default=4,
        validators=[required(lazy("Enter a number from 0 to 31."))],
    )
    rest_days = NumberField(
        lazy("Days between two visits"),
        lowest=0,
        highest=365,
        default=0,
        validators=[required(lazy("Enter a number from 0 to 365."))],
    )
    channel = RadioField(
        lazy("How we reach them"),
        choices=[
            ("mail", lazy("By mail")),
            ("sms", lazy("By text and mail")),
            ("call", lazy("They prefer a call")),
        ],
        default="mail",
        validators=[required(lazy("Choose how we reach them."))],
    )
    locale = RadioField(
        lazy("Language of our messages"),
        choices=list(words.LANGUAGES.items()),
        default="en",
        validators=[required(lazy("Choose a language."))],
    )


@bp.route("/people/speakers/new", methods=["GET", "POST"])
@requires("speaker.change")
def add_speaker() -> ResponseReturnValue:
    """Add a speaker."""
    actor, form = context.current_actor(), SpeakerForm()
    if form.is_sent_and_right():
        try:
            facts = _facts(form)
            with context.transaction() as session:
                affiliate = access.own_affiliate(session, actor)
                made = service.add(session, affiliate.id, facts, by=actor, now=clock.now())
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The speaker is added. Record training and clearances, then invite them."))
            return redirect(_url(made.public_id), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/speaker_form.html", form=form, speaker=None), status


@bp.get("/people/speakers/<speaker_id>")
@requires("speaker.see")
def speaker(speaker_id: str) -> ResponseReturnValue:
    """Show one speaker."""
    with context.reading() as session:
        row = _load(session, speaker_id, "speaker.see")
        page = reads.speaker_page(session, row, now=clock.now())
    return render_template("coordinator/speaker.html", page=page)


@bp.route("/people/speakers/<speaker_id>/change", methods=["GET", "POST"])
@requires("speaker.change")
def change_speaker(speaker_id: str) -> ResponseReturnValue:
    """Change a speaker's facts."""
    with context.reading() as session:
        row = _load(session, speaker_id, "speaker.change")
    form = SpeakerForm(**_prefilled(row))
    if form.is_sent_and_right():
        try:
            facts = _facts(form)
            if form.radius.data == form.radius.object_data:
                facts["radius_km"] = row.radius_km  # not through miles and back
            with context.transaction() as session:
                workflow.change_speaker(
                    session,
                    _load(session, speaker_id, "speaker.change"),
                    facts,
                    by=context.current_actor(),
                    links=context.links(),
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The changes are saved."))
            return redirect(_url(speaker_id), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/speaker_form.html", form=form, speaker=row), status


@bp.post("/people/speakers/<speaker_id>/invitation")
@requires("speaker.change")
def invite_speaker(speaker_id: str) -> ResponseReturnValue:
    """Mail an invitation to sign in."""
    actor = context.current_actor()
    try:
        with context.transaction() as session:
            row = _load(session, speaker_id, "speaker.change")
            workflow.invite_speaker(
                session, row, by=actor, inviter=people.inviter(), now=clock.now()
            )
    except (RuleBroken, Conflict) as error:
        flash(_(error.message, **error.values), "error")
    else:
        flash(_("The invitation is on its way."))
    return redirect(_url(speaker_id), 303)


@bp.post("/people/speakers/<speaker_id>/archive")
@requires("speaker.change")
def archive_speaker(speaker_id: str) -> ResponseReturnValue:
    """Put a speaker aside."""
    actor = context.current_actor()
    try:
        with context.transaction() as session:
            row = _load(session, speaker_id, "speaker.change")
            workflow.archive_speaker(session, row, by=actor, links=context.links(), now=clock.now())
    except RuleBroken as error:
        flash(_(error.message, **error.values), "error")
    else:
        flash(_("The speaker is put aside and gets no more questions."))
    return redirect(_url(speaker_id), 303)


@bp.post("/people/speakers/<speaker_id>/return")
@requires("speaker.change")
def restore_speaker(speaker_id: str) -> ResponseReturnValue:
    """Take a speaker back."""
    actor = context.current_actor()
    with context.transaction() as session:
        row = _load(session, speaker_id, "speaker.change")
        service.set_archived(session, row, archived=False, by=actor, now=clock.now())
    flash(_("The speaker is back. Invite them, so that they can sign in."))
    return redirect(_url(speaker_id), 303)


def _facts(form: SpeakerForm) -> dict[str, Any]:
    """Return the columns a form stands for. Raises RuleBroken for a ZIP code without a place."""
    place = geography.place(form.zip_code.data or "")
    radius = form.radius.data
    return {
        "first_name": form.first_name.data,
        "last_name": form.last_name.data,
        "email": form.email.data,
        "phone": form.phone.data,
        "zip_code": place.zip_code,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "time_zone": place.time_zone,
        "radius_km": None if radius is None else round(radius * words.KM_PER_MILE, 1),
        "languages": form.languages.data,
        "age_groups": form.age_groups.data,
        "quota_per_month": form.quota.data,
        "rest_days": form.rest_days.data,
        "channel": form.channel.data,
        "locale": form.locale.data,
    }


def _prefilled(row: Speaker) -> dict[str, Any]:
    radius = None if row.radius_km is None else round(row.radius_km / words.KM_PER_MILE)
    names = ("first_name", "last_name", "email", "phone", "zip_code", "languages", "age_groups")
    return {name: getattr(row, name) for name in (*names, "rest_days", "channel", "locale")} | {
        "radius": radius,
        "quota": row.quota_per_month,
    }


def _load(session: Session, speaker_id: str, action: str) -> Speaker:
    return access.load(session, Speaker, speaker_id, actor=context.current_actor(), action=action)


def _url(speaker_id: str) -> str:
    return url_for("coordinator.speaker", speaker_id=speaker_id)
