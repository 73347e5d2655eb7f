"""About me: how one is reached, what may be shown, what one wishes, where one never goes."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock, i18n
from outreach.actor import Actor
from outreach.directory.models import Hospital, Unit
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import profile as reads
from outreach.reads import words
from outreach.speakers.models import Exclusion, Speaker
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.forms import (
    BooleanField,
    Form,
    NumberField,
    PhoneField,
    RadioField,
    SelectField,
    SelectMultipleField,
    required,
)
from outreach.web.speaker.blueprint import bp
from outreach.workflows import profile

FARTHEST_MILES = 500
CHANNELS = {
    "sms": lazy("By text message and mail"),
    "mail": lazy("By mail"),
    "call": lazy("By a telephone call"),
}
DETAILS = {
    "minimal": lazy("No place: only that there is a visit, and when"),
    "full": lazy("Hospital and unit too"),
}
CALENDARS = {
    "mail": lazy("By mail: each visit comes as an invite"),
    "feed": lazy("By an address my calendar reads"),
    "both": lazy("Both"),
}
ALARMS = {
    "none": lazy("Not at all"),
    "hour": lazy("An hour before"),
    "day": lazy("A day before"),
}
ALARM_MINUTES: Mapping[str, int | None] = {"none": None, "hour": 60, "day": 24 * 60}

REMINDERS = {
    "all": lazy("All that my affiliate plans"),
    "last": lazy("Only the last one before the visit"),
    "none": lazy("None"),
}
MOST_REMINDERS: Mapping[str, int | None] = {"all": None, "last": 1, "none": 0}

Change = Callable[[Session, Speaker, Actor, datetime], None]


class ReachForm(Form):
    """How to be reached."""

    channel = RadioField(
        lazy("How should we ask and remind you?"),
        choices=list(CHANNELS.items()),
        validators=[required(lazy("Choose how we reach you."))],
    )
    phone = PhoneField(lazy("Telephone number"))
    agrees = BooleanField(lazy("I agree to texts at this number"))
    any_hour = BooleanField(lazy("I agree to texts at night about changes within a day"))
    reminders = RadioField(
        lazy("Reminders before a visit"),
        choices=list(REMINDERS.items()),
        validators=[required(lazy("Choose which reminders come."))],
    )


class ShownForm(Form):
    """What may be seen over one's shoulder."""

    detail = RadioField(
        lazy("What may messages and calendars show?"),
        choices=list(DETAILS.items()),
        validators=[required(lazy("Choose what may be shown."))],
    )
    calendar = RadioField(
        lazy("How do visits come into your calendar?"),
        choices=list(CALENDARS.items()),
        validators=[required(lazy("Choose how visits come into your calendar."))],
    )
    asked_by_calendar = BooleanField(lazy("Questions whether I can go come into my calendar too"))
    alarm = RadioField(
        lazy("Should your calendar remind you of a visit?"),
        choices=list(ALARMS.items()),
        validators=[required(lazy("Choose whether your calendar reminds you."))],
    )
    locale = RadioField(
        lazy("Language of our messages and pages"),
        choices=list(words.LANGUAGES.items()),
        validators=[required(lazy("Choose a language."))],
    )


class WishesForm(Form):
    """How often, how far, in which languages."""

    quota = NumberField(
        lazy("At most this many visits a month"),
        highest=31,
        validators=[required(lazy("Enter a number from 0 to 31."))],
    )
    rest_days = NumberField(
        lazy("Days of rest between two visits"),
        highest=365,
        validators=[required(lazy("Enter a number from 0 to 365."))],
    )
    miles = NumberField(lazy("How many miles at most"), lowest=1, highest=FARTHEST_MILES)
    languages = SelectMultipleField(
        lazy("Languages on visits"),
        choices=list(words.LANGUAGES.items()),
        validators=[required(lazy("Choose at least one language."))],
    )


class NeverForm(Form):
    """A place never to be offered."""

    place = SelectField(lazy("Place"), validators=[required(lazy("Choose a place."))])


@bp.get("/about")
@requires("profile.see")
def about() -> ResponseReturnValue:
    """Show what we know of the speaker and what may be changed."""
    with context.reading() as session:
        me = reads.me(session, context.current_actor())
        texts = reads.texts(session, me)
        never = reads.never(session, me)
    return render_template(
        "speaker/about.html",
        me=me,
        texts=texts,
        never=len(never),
        channel=_(CHANNELS[me.channel]),
        reminders=_(REMINDERS[_reminders(me)]),
        detail=_(DETAILS[me.detail]),
        calendar=_(CALENDARS[me.calendar]),
        languages=words.languages(me.languages),
        language=words.language(me.locale),
        miles=_miles(me.radius_km),
    )


@bp.route("/about/reach", methods=["GET", "POST"])
@requires("consent.change")
def reach() -> ResponseReturnValue:
    """Change how the speaker is reached, and agree or not to texts."""
    with context.reading() as session:
        me = reads.me(session, context.current_actor())
        texts = reads.texts(session, me)
    form = ReachForm(
        channel=me.channel,
        phone=me.phone,
        agrees=texts.agreed,
        any_hour=me.any_hour,
        reminders=_reminders(me),
    )

    def change(session: Session, me: Speaker, by: Actor, now: datetime) -> None:
        profile.change_reach(
            session,
            me,
            channel=form.channel.data,
            phone=form.phone.data,
            agrees=bool(form.agrees.data),
            any_hour=bool(form.any_hour.data),
            by=by,
            now=now,
        )
        most = MOST_REMINDERS[form.reminders.data]
        profile.change_reminders(session, me, most=most, by=by, now=now)

    return _form_page(
        "speaker/reach.html",
        form,
        change,
        texts=texts,
        wording=_(profile.TEXT_WORDING),
        at_night=_(profile.ANY_HOUR_WORDING),
    )


@bp.route("/about/shown", methods=["GET", "POST"])
@requires("profile.change")
def shown() -> ResponseReturnValue:
    """Change what messages and calendars may show, and the language."""
    with context.reading() as session:
        me = reads.me(session, context.current_actor())
    form = ShownForm(
        detail=me.detail,
        calendar=me.calendar,
        asked_by_calendar=me.asked_by_calendar,
        alarm=next(key for key, value in ALARM_MINUTES.items() if value == me.alarm_minutes),
        locale=me.locale,
    )

    def change(session: Session, me: Speaker, by: Actor, now: datetime) -> None:
        profile.change_shown(
            session,
            me,
            detail=form.detail.data,
            calendar=form.calendar.data,
            asked_by_calendar=bool(form.asked_by_calendar.data),
            alarm_minutes=ALARM_MINUTES[form.alarm.data],
            locale=form.locale.data,
            by=by,
            links=context.links(),
            now=now,
        )

    return _form_page("speaker/shown.html", form, change)


@bp.route("/about/wishes", methods=["GET", "POST"])
@requires("profile.change")
def wishes() -> ResponseReturnValue:
    """Change how often, how far, in which languages."""
    with context.reading() as session:
        me = reads.me(session, context.current_actor())
    miles = round(me.radius_km / words.KM_PER_MILE) if me.radius_km is not None else None
    form = WishesForm(
        quota=me.quota_per_month, rest_days=me.rest_days, miles=miles, languages=me.languages
    )

    def change(session: Session, me: Speaker, by: Actor, now: datetime) -> None:
        # Unchanged miles leave a finer figure, from a spreadsheet, as it is.
        same = form.miles.data == miles
        radius_km = me.radius_km if same else _km(form.miles.data)
        profile.change_wishes(
            session,
            me,
            quota_per_month=form.quota.data or 0,
            rest_days=form.rest_days.data or 0,
            radius_km=radius_km,
            languages=form.languages.data or (),
            by=by,
            now=now,
        )

    return _form_page("speaker/wishes.html", form, change)


@bp.route("/about/never", methods=["GET", "POST"])
@requires("exclusion.change")
def never() -> ResponseReturnValue:
    """Show and add to the places never to be offered."""
    actor = context.current_actor()
    with context.reading() as session:
        places = reads.place_choices(session, actor)
        known = reads.never(session, reads.me(session, actor))
    form = NeverForm()
    form.place.choices = [("", _("Choose a place")), *places]

    def change(session: Session, me: Speaker, by: Actor, now: datetime) -> None:
        kind, _dash, public_id = form.place.data.partition("-")
        model: Any = Hospital if kind == "hospital" else Unit
        place = access.load(session, model, public_id, actor=by, action="exclusion.change")
        profile.exclude(session, me, place, by=by, now=now)

    return _form_page("speaker/never.html", form, change, back="speaker.never", known=known)


@bp.post("/about/never/<exclusion_id>/remove")
@requires("exclusion.change")
def remove_never(exclusion_id: str) -> ResponseReturnValue:
    """Let a place be offered again."""
    actor = context.current_actor()
    with context.transaction() as session:
        row = access.load(session, Exclusion, exclusion_id, actor=actor, action="exclusion.change")
        profile.include(session, row, by=actor, now=clock.now())
    flash(_("Off the list. We may offer you that place again."))
    return redirect(url_for("speaker.never"), 303)


def _reminders(me: Speaker) -> str:
    return {None: "all", 0: "none"}.get(me.most_reminders, "last")


def _form_page(
    template: str,
    form: Form,
    change: Change,
    *,
    back: str = "speaker.about",
    **given: Any,  # noqa: ANN401 - what the template shows
) -> ResponseReturnValue:
    """Show the form, or make its change and go back; a wrong answer is shown beside its field."""
    if form.is_sent_and_right():
        try:
            with context.transaction() as session:
                actor = context.current_actor()
                change(session, reads.me(session, actor), actor, clock.now())
        except RuleBroken as error:
            form.refuse(error)
        else:
            # A new language is spoken by the next page already.
            chosen = form["locale"].data if "locale" in form else i18n.locale()
            with i18n.speaking(chosen):
                flash(_("Saved."))
            return redirect(url_for(back), 303)
    page = render_template(template, form=form, **given)
    return (page, 422) if form.errors else page


def _km(miles: int | None) -> float | None:
    return None if miles is None else miles * words.KM_PER_MILE


def _miles(radius_km: float | None) -> str:
    if radius_km is None:
        return _("Any distance")
    count = round(radius_km / words.KM_PER_MILE)
    return i18n.ngettext("Up to %(num)s mile", "Up to %(num)s miles", count)
