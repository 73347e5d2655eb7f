"""My times: the week as check boxes or by the clock, days away, and the pause."""

from collections.abc import Iterable, Sequence
from datetime import time
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import profile as reads
from outreach.reads import words
from outreach.reads.profile import Times
from outreach.speakers.models import Away
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.forms import DateField, Form, TimeField, required
from outreach.web.speaker.blueprint import bp
from outreach.workflows import profile
from outreach.workflows.profile import Span

PARTS = {
    "morning": (lazy("Morning, 8 to 12"), time(8), time(12)),
    "afternoon": (lazy("Afternoon, 12 to 5"), time(12), time(17)),
    "evening": (lazy("Evening, 5 to 9"), time(17), time(21)),
}
WEEKDAYS = range(7)
CELLS = {f"{weekday}-{part}" for weekday in WEEKDAYS for part in PARTS}
SPANS_A_DAY = 2


class AwayForm(Form):
    """Days away, both included."""

    starts_on = DateField(
        lazy("First day away"), validators=[required(lazy("Enter the first day."))]
    )
    ends_on = DateField(lazy("Last day away"), validators=[required(lazy("Enter the last day."))])


class PauseForm(Form):
    """Until when to ask nothing."""

    until = DateField(lazy("Pause until the end of"), validators=[required(lazy("Enter the day."))])


@bp.get("/times")
@requires("availability.change")
def times() -> ResponseReturnValue:
    """Show when the speaker is free, and the forms to change it."""
    return _page()


@bp.post("/times")
@requires("availability.change")
def set_times() -> ResponseReturnValue:
    """Take the week from the check boxes."""
    chosen = set(request.form.getlist("free"))
    if not chosen <= CELLS:
        return _page(problem=_("Choose from the boxes on the page. Nothing was changed.")), 422
    with context.transaction() as session:
        actor = context.current_actor()
        me = reads.me(session, actor)
        now = clock.now()
        # Times by the clock may be finer than the boxes: unchanged boxes leave them alone.
        if chosen != _cells(reads.times(session, me, now=now)):
            profile.set_times(session, me, _spans(chosen), by=actor, now=now)
    flash(_("Your times are saved."))
    return redirect(url_for("speaker.times"), 303)


@bp.get("/times/exact")
@requires("availability.change")
def exact_times() -> ResponseReturnValue:
    """Show the week by the clock."""
    known = _my_times()
    form = _exact_form(known)
    return _exact_page(form)


@bp.post("/times/exact")
@requires("availability.change")
def set_exact_times() -> ResponseReturnValue:
    """Take the week by the clock."""
    form = _exact_form(_my_times())
    spans = _exact_spans(form) if form.is_sent_and_right() else None
    if spans is None:
        return _exact_page(form), 422
    with context.transaction() as session:
        actor = context.current_actor()
        profile.set_times(session, reads.me(session, actor), spans, by=actor, now=clock.now())
    flash(_("Your times are saved."))
    return redirect(url_for("speaker.times"), 303)


@bp.post("/times/away")
@requires("away.change")
def add_away() -> ResponseReturnValue:
    """Put days away on the list."""
    form = AwayForm()
    if form.is_sent_and_right() and form.starts_on.data and form.ends_on.data:
        try:
            with context.transaction() as session:
                actor = context.current_actor()
                profile.add_away(
                    session,
                    reads.me(session, actor),
                    starts_on=form.starts_on.data,
                    ends_on=form.ends_on.data,
                    by=actor,
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("We ask nothing of you on those days."))
            return redirect(url_for("speaker.times"), 303)
    return _page(away=form), 422


@bp.post("/times/away/<away_id>/remove")
@requires("away.change")
def remove_away(away_id: str) -> ResponseReturnValue:
    """Take days away off the list."""
    actor = context.current_actor()
    with context.transaction() as session:
        row = access.load(session, Away, away_id, actor=actor, action="away.change")
        profile.remove_away(session, row, by=actor, now=clock.now())
    flash(_("Those days are off the list."))
    return redirect(url_for("speaker.times"), 303)


@bp.post("/times/pause")
@requires("availability.change")
def pause() -> ResponseReturnValue:
    """Pause everything we send until a day."""
    form = PauseForm()
    if form.is_sent_and_right() and form.until.data:
        try:
            with context.transaction() as session:
                actor = context.current_actor()
                profile.pause(
                    session,
                    reads.me(session, actor),
                    until=form.until.data,
                    by=actor,
                    links=context.links(),
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("Everything is paused. Rest well."))
            return redirect(url_for("speaker.times"), 303)
    return _page(pausing=form), 422


@bp.post("/times/resume")
@requires("availability.change")
def resume() -> ResponseReturnValue:
    """End the pause."""
    with context.transaction() as session:
        actor = context.current_actor()
        profile.resume(session, reads.me(session, actor), by=actor, now=clock.now())
    flash(_("Welcome back. We may ask you again."))
    return redirect(url_for("speaker.times"), 303)


def _page(
    *, away: AwayForm | None = None, pausing: PauseForm | None = None, problem: str = ""
) -> str:
    known = _my_times()
    return render_template(
        "speaker/times.html",
        times=known,
        days=[(weekday, words.weekday(weekday)) for weekday in WEEKDAYS],
        parts_of_day=[(key, _(label)) for key, (label, _from, _until) in PARTS.items()],
        chosen=_cells(known),
        finer=_finer(known),
        away=away or AwayForm(),
        pausing=pausing or PauseForm(),
        form=away or pausing,
        problem_words=problem,
    )


def _exact_page(form: Form) -> str:
    rows = [
        (
            words.weekday(weekday),
            [(form[_key(weekday, n, "from")], form[_key(weekday, n, "until")]) for n in count],
        )
        for weekday in WEEKDAYS
        for count in (range(_rows_of(form, weekday)),)
    ]
    return render_template("speaker/exact_times.html", form=form, rows=rows)


def _my_times() -> Times:
    with context.reading() as session:
        me = reads.me(session, context.current_actor())
        return reads.times(session, me, now=clock.now())


def _cells(known: Times) -> set[str]:
    """Return the boxes that lie wholly within the weekly pattern."""
    spans = profile.merged(Span(*each) for each in known.spans)
    return {
        f"{weekday}-{part}"
        for weekday in WEEKDAYS
        for part, (_label, starts, ends) in PARTS.items()
        if any(s.weekday == weekday and s.starts <= starts and ends <= s.ends for s in spans)
    }


def _finer(known: Times) -> bool:
    """Say whether the pattern holds times that the boxes cannot show."""
    spans = profile.merged(Span(*each) for each in known.spans)
    return profile.merged(_spans(_cells(known))) != spans


def _spans(cells: Iterable[str]) -> list[Span]:
    spans = []
    for cell in cells:
        weekday, part = cell.split("-")
        _label, starts, ends = PARTS[part]
        spans.append(Span(int(weekday), starts, ends))
    return spans


def _exact_form(known: Times) -> Form:
    """Make a form with two spans for each day, or one more than there are."""
    fields: dict[str, Any] = {}
    given: dict[str, time] = {}
    for weekday in WEEKDAYS:
        spans = [each for each in known.spans if each[0] == weekday]
        for n in range(max(SPANS_A_DAY, len(spans) + 1)):
            fields[_key(weekday, n, "from")] = TimeField(lazy("From"))
            fields[_key(weekday, n, "until")] = TimeField(lazy("Until"))
        for n, (_weekday, starts, ends) in enumerate(spans):
            given |= {_key(weekday, n, "from"): starts, _key(weekday, n, "until"): ends}
    made: Form = type("ExactForm", (Form,), fields)(**given)
    return made


def _exact_spans(form: Form) -> Sequence[Span] | None:
    """Return the spans typed; None when one is half or backward, and the form says which."""
    spans: list[Span] = []
    for weekday in WEEKDAYS:
        for n in range(_rows_of(form, weekday)):
            first, last = form[_key(weekday, n, "from")], form[_key(weekday, n, "until")]
            if first.data is None and last.data is None:
                continue
            if first.data is None or last.data is None:
                lacking = first if first.data is None else last
                lacking.errors = [_("Enter both times, or none.")]
            elif last.data <= first.data:
                last.errors = [_("Choose an end after the start.")]
            else:
                spans.append(Span(weekday, first.data, last.data))
    return None if form.errors else spans


def _rows_of(form: Form, weekday: int) -> int:
    return sum(1 for field in form if field.name.startswith(f"d{weekday}-")) // 2


def _key(weekday: int, n: int, end: str) -> str:
    return f"d{weekday}-{n}-{end}"
