"""Asking for a visit in three short steps and "check your answers", for liaisons and coordinators.

A blueprint needs one view, for GET and POST, and nothing else:

    @bp.route("/visits/new", methods=["GET", "POST"])
    @requires("visit.request")
    def ask_for_visit() -> ResponseReturnValue:
        return ask.run(
            back=url_for("liaison.units"),
            back_label=_("My units"),
            done=lambda visit_id: url_for("liaison.visit", visit_id=visit_id),
        )

`GET …?unit=<public id>` begins with that unit chosen. The answers travel in hidden fields from
step to step; nothing is kept until the last one is sent, so going back and leaving cost nothing.
Who asks decides what may be chosen (access.scope) and whether soft rules may be set aside: a
coordinator is shown a check box for that, a liaison is not.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import access, clock, i18n
from outreach.actor import Actor, Kind
from outreach.directory.models import Hospital, Program, Unit
from outreach.errors import Conflict, OutreachError
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import hospitals as places
from outreach.reads import words
from outreach.reads.hospitals import ProgramChoice, UnitChoice
from outreach.visits.models import Visit
from outreach.visits.rules import Refusal
from outreach.web import context
from outreach.web.forms import (
    BooleanField,
    DateField,
    Form,
    LongTextField,
    NumberField,
    RadioField,
    SelectField,
    TextField,
    TimeField,
    required,
)
from outreach.workflows import visits
from outreach.workflows.visits import AgainstTheRules, Wish

FIRST, WHEN, NEEDS, CHECK = 1, 2, 3, 4
LARGEST_GROUP = 200


class WhereForm(Form):
    """Step 1: which unit, which program."""

    unit = SelectField(
        lazy("Unit"), validators=[required(lazy("Choose the unit the visit is for."))]
    )
    program = RadioField(
        lazy("Kind of visit"), validators=[required(lazy("Choose the kind of visit."))]
    )


class WhenForm(Form):
    """Step 2: the date, the start and the length. Fields are named as the rules name them."""

    day = DateField(lazy("Date"), validators=[required(lazy("Choose a date."))])
    time = TimeField(lazy("Start"), validators=[required(lazy("Choose when it starts."))])
    minutes = RadioField(
        lazy("How long"), coerce=int, validators=[required(lazy("Choose how long it takes."))]
    )
    overrule = BooleanField(lazy("Ask for it all the same"))


class NeedsForm(Form):
    """Step 3: what the group needs. Nothing about any patient."""

    language = RadioField(
        lazy("Language of the visit"),
        choices=list(words.LANGUAGES.items()),
        default="en",
        validators=[required(lazy("Choose a language."))],
    )
    group_size = NumberField(lazy("About how many people"), lowest=1, highest=LARGEST_GROUP)
    room = TextField(lazy("Room"), longest=100)
    screen = BooleanField(lazy("There is a screen for slides"))
    by_video = BooleanField(lazy("By video instead of in person"))
    access_needs = LongTextField(lazy("Access needs of the room or the group"), longest=500)
    notes = LongTextField(lazy("Anything else the speakers should know"), longest=1000)
    critical = BooleanField(lazy("This visit matters more than others"))


@dataclass(slots=True)
class Asking:
    """One request in the making: the three forms, filled with what was sent so far."""

    actor: Actor
    units: list[UnitChoice]
    programs: list[ProgramChoice]
    where: WhereForm = field(init=False)
    when: WhenForm = field(init=False)
    needs: NeedsForm = field(init=False)
    refusals: tuple[Refusal, ...] = ()

    def __post_init__(self) -> None:
        self.where = WhereForm(unit=request.args.get("unit"))
        self.where.unit.choices = [("", _("Choose a unit")), *_unit_pairs(self.units)]
        self.where.program.choices = _program_pairs(self.programs)
        if len(self.programs) == 1 and self.where.program.data is None:
            self.where.program.data = self.programs[0].public_id
        self.when = WhenForm()
        lengths = self.program.minutes if self.program else ()
        self.when.minutes.choices = [(each, words.minutes(each)) for each in lengths]
        if lengths and self.when.minutes.data is None:
            self.when.minutes.data = lengths[0]
        self.needs = NeedsForm()
        if not self.may_overrule:
            del self.when.overrule
            del self.needs.critical

    @property
    def may_overrule(self) -> bool:
        """Say whether this person decides about soft rules."""
        return self.actor.kind is Kind.COORDINATOR

    @property
    def unit(self) -> UnitChoice | None:
        """The unit chosen, if it is one of theirs."""
        return next((u for u in self.units if u.public_id == self.where.unit.data), None)

    @property
    def program(self) -> ProgramChoice | None:
        """The program chosen, if it is one of theirs."""
        return next((p for p in self.programs if p.public_id == self.where.program.data), None)

    @property
    def forms(self) -> tuple[Form, ...]:
        """The forms by step."""
        return (self.where, self.when, self.needs)

    @property
    def overrules(self) -> bool:
        """Say whether soft rules are set aside."""
        return self.may_overrule and bool(self.when.overrule.data)

    def wish(self) -> Wish:
        """Return what was asked for; the forms must be right."""
        when, needs = self.when, self.needs
        if when.day.data is None or when.time.data is None:
            raise ValueError("a wish needs a day and a time")
        return Wish(
            day=when.day.data,
            at=when.time.data,
            minutes=when.minutes.data,
            language=needs.language.data,
            group_size=needs.group_size.data,
            room=needs.room.data or "",
            screen=needs.screen.data,
            by_video=needs.by_video.data,
            access_needs=needs.access_needs.data or "",
            notes=needs.notes.data or "",
            critical=self.may_overrule and needs.critical.data,
        )


def run(*, back: str, back_label: str, done: Callable[[str], str]) -> ResponseReturnValue:
    """Show the step that is next, or take the request and go on to `done(visit's public id)`."""
    now, actor = clock.now(), context.current_actor()
    sent = _sent_step()
    with context.reading() as session:
        asking = Asking(
            actor, places.unit_choices(session, actor), places.program_choices(session, actor)
        )
        wrong = _first_wrong(session, asking, upto=min(sent, NEEDS), now=now)
        shown = _shown(sent, wrong)
        hints = _hints(session, asking) if shown == WHEN else {}
    if sent == CHECK and shown == CHECK:
        taken = _take(asking, now=now)
        if taken is not None:
            if actor.kind is Kind.COORDINATOR:  # a liaison goes on to a page that says more
                flash(_("The visit is on the board. Now find people for it."))
            return redirect(done(taken), 303)
        wrong = shown = WHEN
        with context.reading() as session:
            hints = _hints(session, asking)
    return _page(asking, shown, hints, back=back, back_label=back_label, is_wrong=wrong is not None)


def _page(
    asking: Asking,
    shown: int,
    hints: dict[str, str],
    *,
    back: str,
    back_label: str,
    is_wrong: bool,
) -> ResponseReturnValue:
    form = asking.forms[shown - 1] if shown < CHECK else None
    page = render_template(
        "ask/step.html",
        asking=asking,
        form=form,
        step=shown,
        hints=hints,
        kept=list(_kept(asking.forms, but=form)),
        overrulable=[words.warning(r.code) for r in asking.refusals if r.is_soft],
        answers=_answers(asking) if shown == CHECK else (),
        back=back,
        back_label=back_label,
        action=request.path,
    )
    return (page, 422) if is_wrong else page


def _sent_step() -> int:
    """Return which step was sent; 0 on a first visit."""
    step = request.form.get("step", "")
    return int(step) if request.method == "POST" and step in {"1", "2", "3", "4"} else 0


def _shown(sent: int, wrong: int | None) -> int:
    wanted = request.form.get("back", "")
    if sent and wanted in {"1", "2", "3"}:
        return int(wanted)
    if wrong is not None:
        return wrong
    return min(sent + 1, CHECK)


def _first_wrong(session: Session, asking: Asking, *, upto: int, now: datetime) -> int | None:
    """Return the first step with a wrong answer, up to the one sent; the forms say what."""
    if request.form.get("back"):
        return None
    checks = (_check_where, _check_when, _check_needs)
    for step in range(1, upto + 1):
        if not checks[step - 1](session, asking, now):
            return step
    return None


def _check_where(_session: Session, asking: Asking, _now: datetime) -> bool:
    if not asking.where.validate():
        return False
    unit, program = asking.unit, asking.program
    if unit and program and unit.affiliate_id != program.affiliate_id:
        asking.where.program.errors = [_("This kind of visit is not offered for that unit.")]
        return False
    return True


def _check_when(session: Session, asking: Asking, now: datetime) -> bool:
    if not asking.when.validate():
        return False
    unit, program = _rows(session, asking)
    found = visits.check(session, unit=unit, program=program, wish=asking.wish(), now=now)
    return _show_refusals(asking, found)


def _check_needs(_session: Session, asking: Asking, _now: datetime) -> bool:
    return asking.needs.validate()


def _show_refusals(asking: Asking, found: Sequence[Refusal]) -> bool:
    """Put each refusal beside its field; False when one of them stands."""
    asking.refusals = tuple(found)
    against = [r for r in found if not (asking.overrules and r.is_soft)]
    for refusal in against:
        target = asking.when[refusal.field]
        said = words.against(refusal, minutes=asking.when.minutes.data or 0)
        target.errors = [*target.errors, said]
    return not against


def _take(asking: Asking, *, now: datetime) -> str | None:
    """Write the request; None when it cannot be any more, and the forms say why."""
    try:
        with context.transaction() as session:
            unit, program = _rows(session, asking)
            asked = visits.request(
                session,
                unit=unit,
                program=program,
                wish=asking.wish(),
                by=asking.actor,
                overrule=asking.overrules,
                now=now,
            )
            laid_out = select(Visit.public_id).where(Visit.request_id == asked.id)
            return session.scalars(laid_out).one()
    except AgainstTheRules as error:
        _show_refusals(asking, error.refusals)
    except Conflict as error:
        asking.when.day.errors = [_(error.message, **error.values)]
    return None


def _rows(session: Session, asking: Asking) -> tuple[Unit, Program]:
    actor, action = asking.actor, "visit.request"
    unit_id, program_id = asking.where.unit.data, asking.where.program.data
    return (
        access.load(session, Unit, unit_id, actor=actor, action=action),
        access.load(session, Program, program_id, actor=actor, action=action),
    )


def _hints(session: Session, asking: Asking) -> dict[str, str]:
    """Return what the rules of this unit are, before anyone runs into them."""
    if asking.unit is None:
        return {}
    try:
        unit, program = _rows(session, asking)
    except OutreachError:
        return {}
    facts = visits.unit_facts(session, unit, program=program, now=clock.now())
    zone = session.get_one(Hospital, unit.hospital_id).time_zone
    asking.when.time.label.text = _("Start, %(zone)s", zone=i18n.zone_name(zone))
    hours = words.visiting_hours(facts.hours)
    return {
        "day": i18n.ngettext(
            "We need at least %(num)s day to find people.",
            "We need at least %(num)s days to find people.",
            facts.lead_days,
        ),
        "time": _("Visiting hours: %(hours)s.", hours="; ".join(hours)) if hours else "",
    }


def _kept(forms: Sequence[Form], *, but: Form | None) -> Iterator[tuple[str, str]]:
    """Yield the answers of the other steps, as they were typed."""
    for form in forms:
        if form is not but:
            for each in form:
                for value in request.form.getlist(each.name):
                    yield each.name, value


def _answers(asking: Asking) -> list[tuple[int, str, str]]:
    """Return (step, question, answer) for "check your answers"."""
    wish, unit, program = asking.wish(), asking.unit, asking.program
    zone = i18n.zone_name(unit.time_zone) if unit else ""
    at = f"{i18n.day(wish.day, year=True, capital=True)}, {i18n.clock_time(wish.at)} {zone}"
    found = [
        (FIRST, _("Unit"), unit.label if unit else ""),
        (FIRST, _("Kind of visit"), f"{program.name} ({program.people})" if program else ""),
        (WHEN, _("When"), f"{at}, {words.minutes(wish.minutes)}"),
        (NEEDS, _("Language of the visit"), words.language(wish.language)),
        (NEEDS, _("About how many people"), str(wish.group_size or _("Not said"))),
        (NEEDS, _("Where"), _("By video") if wish.by_video else wish.room or _("Not said")),
        (NEEDS, _("Screen"), _("Yes") if wish.screen else _("No")),
    ]
    if wish.access_needs:
        found.append((NEEDS, _("Access needs"), wish.access_needs))
    if wish.notes:
        found.append((NEEDS, _("Anything else"), wish.notes))
    if wish.critical:
        found.append((NEEDS, _("Importance"), _("Matters more than others")))
    if asking.overrules and asking.refusals:
        aside = "; ".join(words.warning(r.code) for r in asking.refusals)
        found.append((WHEN, _("Asked for all the same"), aside))
    return found


def _unit_pairs(units: Sequence[UnitChoice]) -> list[tuple[str, str]]:
    return [(unit.public_id, unit.label) for unit in units]


def _program_pairs(programs: Sequence[ProgramChoice]) -> list[tuple[str, str]]:
    return [(p.public_id, f"{p.name} ({p.people})") for p in programs]
