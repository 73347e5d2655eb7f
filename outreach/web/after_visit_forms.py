"""The forms of telling after a visit, shared by link and by those who are signed in."""

from collections.abc import Callable
from typing import Any, TypeVar

import wtforms
from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import clock
from outreach.actor import Actor
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads.after_visit import CamePage, DebriefPage
from outreach.reads.visit_record import INCIDENTS
from outreach.visits import telling
from outreach.visits.models import IncidentReport, Visit
from outreach.visits.telling import HowAreYou, HowWasIt, Incident, Outcome
from outreach.web import context
from outreach.web.forms import (
    Form,
    LongTextField,
    NumberField,
    RadioField,
    SelectMultipleField,
    required,
)
from outreach.workflows import incidents, screened
from outreach.workflows.after_visit import OUT_OF_BOUNDS, Debriefing, Told, UnitsWord

T = TypeVar("T")

HOW_WAS_IT = (
    (HowWasIt.WELL, lazy("It went well")),
    (HowWasIt.MIXED, lazy("Some of it was hard")),
    (HowWasIt.HARD, lazy("It was hard")),
    (HowWasIt.NOT_THERE, lazy("I could not be there")),
    (HowWasIt.NOT_HELD, lazy("It did not take place")),
)
HOW_ARE_YOU = (
    (HowAreYou.WELL, lazy("Well")),
    (HowAreYou.ALL_RIGHT, lazy("All right")),
    (HowAreYou.NOT_SO_WELL, lazy("Not so well")),
    (HowAreYou.CALL, lazy("I would like a call")),
)
OUTCOMES = (
    (Outcome.ALL_CAME, lazy("Yes, everyone came")),
    (Outcome.SOMEONE_MISSING, lazy("Yes, but someone could not attend")),
    (Outcome.NOT_HELD, lazy("No, it did not take place")),
)


class HoursField(wtforms.Field):
    """Hours as people type them: 2, 1.5, 1:30. `data` is whole minutes."""

    widget = wtforms.widgets.TextInput()
    longest = 10
    data: int | None

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read the hours; nothing typed is None."""
        self.data = None
        typed = valuelist[0].strip() if valuelist else ""
        if not typed:
            return
        self.data = telling.minutes_typed(typed)
        if self.data is None or telling.out_of_bounds(minutes=self.data):
            self.data = None
            raise ValueError(_(OUT_OF_BOUNDS["hours"]))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else hours_shown(self.data)


class DebriefForm(Form):
    """What a speaker tells."""

    how_was_it = RadioField(
        lazy("How was it?"),
        choices=HOW_WAS_IT,
        validators=[required(lazy("Choose how it was."))],
    )
    how_are_you = RadioField(
        lazy("How are you?"),
        choices=HOW_ARE_YOU,
        validators=[required(lazy("Choose how you are."))],
    )
    hours = HoursField(lazy("Hours, with the way there and back"))
    miles = NumberField(lazy("Miles, there and back"), highest=telling.MOST_MILES)
    people = NumberField(lazy("How many patients came?"), highest=telling.MOST_PEOPLE)
    words = LongTextField(screened.DEBRIEF, longest=screened.MOST_WORDS)

    def said(self) -> Debriefing:
        """Return what was told."""
        return Debriefing(
            how_was_it=HowWasIt(self.how_was_it.data),
            how_are_you=HowAreYou(self.how_are_you.data),
            minutes=self.hours.data,
            miles=self.miles.data,
            people=self.people.data,
            words=self.words.data or "",
        )


class CameForm(Form):
    """What a unit tells."""

    outcome = RadioField(
        lazy("Did the visit take place?"),
        choices=OUTCOMES,
        validators=[required(lazy("Choose whether the visit took place."))],
    )
    missing = SelectMultipleField(lazy("If someone could not attend: who?"))
    people = NumberField(lazy("How many patients came?"), highest=telling.MOST_PEOPLE)
    words = LongTextField(screened.CAME, longest=screened.MOST_WORDS)

    def said(self) -> UnitsWord:
        """Return what was told."""
        return UnitsWord(
            outcome=Outcome(self.outcome.data),
            missing=self.missing.data or (),
            people=self.people.data,
            words=self.words.data or "",
        )


class IncidentForm(Form):
    """Something happened."""

    kind = RadioField(
        lazy("What was it about?"),
        choices=tuple(INCIDENTS.items()),
        validators=[required(lazy("Choose what it was about."))],
    )
    words = LongTextField(
        screened.INCIDENT,
        longest=screened.MOST_WORDS,
        validators=[required(lazy("Say in a few words what happened."))],
    )


class AttendanceForm(Form):
    """What a coordinator records of one speaker."""

    came = RadioField(
        lazy("Did they come?"),
        choices=(
            ("yes", lazy("Yes")),
            ("no", lazy("Could not attend")),
            ("unknown", lazy("Not known")),
        ),
        validators=[required(lazy("Choose whether they came."))],
    )
    hours = HoursField(lazy("Hours, with the way there and back"))
    miles = NumberField(lazy("Miles, there and back"), highest=telling.MOST_MILES)


class AudienceForm(Form):
    """How many patients came, as a coordinator records it."""

    people = NumberField(
        lazy("How many patients came?"),
        highest=telling.MOST_PEOPLE,
        validators=[required(lazy("Write how many patients came."))],
    )


class SettleForm(Form):
    """What was done about an incident."""

    note = LongTextField(
        screened.SETTLED,
        longest=screened.MOST_WORDS,
        validators=[required(lazy("Say in a few words what was done."))],
    )


def debrief_form(page: DebriefPage) -> DebriefForm:
    """Return the form as things are known."""
    return DebriefForm(
        how_was_it=page.how_was_it,
        how_are_you=page.how_are_you,
        hours=page.minutes,
        miles=page.miles,
        people=page.people,
        words=page.words,
    )


def came_form(page: CamePage) -> CameForm:
    """Return the form as things are known, with everyone who was to come."""
    form = CameForm(
        outcome=page.outcome,
        missing=[guest.public_id for guest in page.guests if guest.is_missing],
        people=page.people,
        words=page.words,
    )
    choice = wtforms.SelectChoice  # type: ignore[attr-defined] # the stubs are older than 3.3
    form.missing.choices = [choice(guest.public_id, guest.first_name) for guest in page.guests]
    return form


def hours_shown(minutes: int) -> str:
    """Return minutes as one would type hours: "2", "1.5", "1:20"."""
    whole, rest = divmod(minutes, 60)
    if rest % 15:
        return f"{whole}:{rest:02d}"
    return f"{minutes / 60:g}"


def take(
    form: Form,
    act: Callable[[Session], T],
    *,
    show: Callable[[], str],
    then: Callable[[T], ResponseReturnValue],
) -> ResponseReturnValue:
    """Do what was sent and go on, or show beside which answer it failed."""
    if not form.is_sent_and_right():
        return show(), 422
    try:
        with context.transaction() as session:
            done = act(session)
    except RuleBroken as error:
        form.refuse(error)
        return show(), error.status
    except Conflict as error:
        form.form_errors.append(_(error.message, **error.values))
        return show(), error.status
    return then(done)


def report(session: Session, visit: Visit, form: IncidentForm, *, by: Actor) -> IncidentReport:
    """Take an incident report as typed."""
    kind, words = Incident(form.kind.data), form.words.data or ""
    return incidents.report(session, visit, kind=kind, words=words, by=by, now=clock.now())


def thanked(back: str) -> Callable[[Told], ResponseReturnValue]:
    """Return what says to somebody signed in what became of their answers, and leads back."""

    def then(told: Told) -> ResponseReturnValue:
        if told is Told.SAME:
            flash(_("We have these answers already. Nothing was changed."), "info")
        else:
            flash(_("Thank you. We have your answers."))
        return redirect(back, 303)

    return then


def reported(back: str) -> Callable[[IncidentReport], ResponseReturnValue]:
    """Return what says to somebody signed in what becomes of their report, and leads back."""

    def then(_report: IncidentReport) -> ResponseReturnValue:
        flash(_("Thank you. Your report waits for a coordinator."))
        return redirect(back, 303)

    return then
