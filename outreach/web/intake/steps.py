"""What an affiliate's people do with a referral: one POST each, the same tap twice is harmless."""

from collections.abc import Callable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock, i18n
from outreach.errors import Conflict, OutreachError, RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import intake as reads
from outreach.reads import referral_words
from outreach.referrals.codes import Action
from outreach.referrals.models import Referral
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.forms import Form
from outreach.web.intake import forms, item
from outreach.web.intake.blueprint import bp
from outreach.web.intake.forms import DeclineForm, HoldForm, NoteForm, TryForm
from outreach.workflows.referrals import facts, minding, stopping, working
from outreach.workflows.referrals.working import Attempt, By

Act = Callable[[Session, Referral, By], None]

FASTER = lazy(
    "Somebody was faster: %(what)s (%(who)s). Nothing was lost; this is how it stands now."
)


@dataclass(frozen=True, slots=True)
class Deed:
    """What is done, on which permission, and what is said then. `action` where the state moves."""

    permission: str
    act: Act
    said: str
    action: Action | None = None


@bp.post("/referrals/<referral_id>/acknowledgement")
@requires("referral.answer")
def acknowledge(referral_id: str) -> ResponseReturnValue:
    """Say that somebody has it."""

    def act(session: Session, referral: Referral, by: By) -> None:
        working.acknowledge(session, referral, by=by, desk=context.desk(), now=clock.now())

    return _button(
        referral_id,
        Deed(
            "referral.answer",
            act,
            _("Noted: it has reached you. Please say next whether you take it."),
            Action.ACKNOWLEDGE,
        ),
    )


@bp.post("/referrals/<referral_id>/acceptance")
@requires("referral.answer")
def accept(referral_id: str) -> ResponseReturnValue:
    """Take the referral on."""

    def act(session: Session, referral: Referral, by: By) -> None:
        working.accept(session, referral, by=by, desk=context.desk(), now=clock.now())

    said = _("It is yours. Please try to reach the person soon.")
    return _button(referral_id, Deed("referral.answer", act, said, Action.ACCEPT))


@bp.route("/referrals/<referral_id>/cannot", methods=["GET", "POST"])
@requires("referral.answer")
def decline(referral_id: str) -> ResponseReturnValue:
    """Say that the affiliate can't take it, and why."""
    form = DeclineForm()

    def act(session: Session, referral: Referral, by: By) -> None:
        working.decline(
            session,
            referral,
            reason=form.reason.data,
            by=by,
            desk=context.desk(),
            now=clock.now(),
        )

    said = _("Thank you for saying so. The coordinator looks for another way.")
    return _form(referral_id, Deed("referral.answer", act, said, Action.DECLINE), form, "decline")


@bp.route("/referrals/<referral_id>/try", methods=["GET", "POST"])
@requires("referral.work")
def record_try(referral_id: str) -> ResponseReturnValue:
    """Record a try to reach the person."""
    now = clock.now()
    with context.reading() as session:
        zone = access.own_affiliate(session, context.current_actor()).time_zone
        referral = item.load(session, referral_id, "referral.work")
        possible = facts.possible_tries(session, referral)
    wall = now.astimezone(ZoneInfo(zone)).replace(second=0, microsecond=0)
    form = TryForm(day=wall.date(), at=wall.time())
    form.fit(possible)

    def act(session: Session, referral: Referral, by: By) -> None:
        if form.day.data is None or form.at.data is None:
            raise RuleBroken(_("Choose the day."), field="day")
        tried = Attempt(
            request_key=forms.request_key(),
            at=forms.instant(form.day.data, form.at.data, zone=zone),
            channel=form.channel.data,
            result=form.result.data,
            note=form.note.data or "",
        )
        working.attempt(session, referral, tried, by=by, desk=context.desk(), now=now)

    # One more try is one more, whatever happened meanwhile; only where none may be is it refused.
    said = _("The try is recorded.")
    return _form(referral_id, Deed("referral.work", act, said), form, "try")


@bp.post("/referrals/<referral_id>/reached")
@requires("referral.work")
def reached(referral_id: str) -> ResponseReturnValue:
    """Record with one tap that they called, or came to the group."""
    result = request.form.get("result", "")

    def act(session: Session, referral: Referral, by: By) -> None:
        now = clock.now()
        channel = forms.ONE_TAP.get(result, "")  # type: ignore[call-overload] # any text is looked up
        tried = Attempt(request_key=forms.request_key(), at=now, channel=channel, result=result)
        working.attempt(session, referral, tried, by=by, desk=context.desk(), now=now)

    return _button(referral_id, Deed("referral.work", act, _("Wonderful. It is recorded.")))


@bp.route("/referrals/<referral_id>/rest", methods=["GET", "POST"])
@requires("referral.work")
def hold(referral_id: str) -> ResponseReturnValue:
    """Let a referral rest until a day."""
    form = HoldForm()

    def act(session: Session, referral: Referral, by: By) -> None:
        working.hold(
            session,
            referral,
            reason=form.reason.data,
            resume_on=form.resume_on.data,
            by=by,
            desk=context.desk(),
            now=clock.now(),
        )

    said = _("It rests until then.")
    return _form(referral_id, Deed("referral.work", act, said, Action.HOLD), form, "hold")


@bp.post("/referrals/<referral_id>/going-on")
@requires("referral.work")
def resume(referral_id: str) -> ResponseReturnValue:
    """Go on with a referral that rested."""

    def act(session: Session, referral: Referral, by: By) -> None:
        working.resume(session, referral, by=by, desk=context.desk(), now=clock.now())

    return _button(referral_id, Deed("referral.work", act, _("It goes on."), Action.RESUME))


@bp.route("/referrals/<referral_id>/end", methods=["GET", "POST"])
@requires("referral.work")
def close(referral_id: str) -> ResponseReturnValue:
    """End a referral with how it ended, by one of six buttons or one of the others."""
    form = forms.Plain()

    def act(session: Session, referral: Referral, by: By) -> None:
        working.close(
            session,
            referral,
            outcome=request.form.get("outcome", ""),
            by=by,
            desk=context.desk(),
            now=clock.now(),
        )

    said = _("It is closed. Thank you for what you did.")
    return _form(referral_id, Deed("referral.work", act, said, Action.CLOSE), form, "close")


@bp.post("/referrals/<referral_id>/today")
@requires("referral.work")
def take_today(referral_id: str) -> ResponseReturnValue:
    """Say that one has it today."""

    def act(session: Session, referral: Referral, by: By) -> None:
        minding.take(session, referral, seen=forms.seen(), by=by.actor, now=clock.now())

    return _button(referral_id, Deed("referral.work", act, _("You have it today.")))


@bp.post("/referrals/<referral_id>/today/end")
@requires("referral.work")
def give_back(referral_id: str) -> ResponseReturnValue:
    """Say that one no longer has it."""

    def act(session: Session, referral: Referral, by: By) -> None:
        minding.give_back(session, referral, by=by.actor, now=clock.now())

    return _button(referral_id, Deed("referral.work", act, _("It is free again.")))


@bp.post("/referrals/<referral_id>/notes")
@requires("referral.work")
def write_note(referral_id: str) -> ResponseReturnValue:
    """Leave a note for the next helper."""
    form = NoteForm()
    if not form.is_sent_and_right():
        return item.page(referral_id, form=form, status=422)
    try:
        with context.transaction() as session:
            minding.write_note(
                session,
                item.load(session, referral_id, "referral.work"),
                form.note.data or "",
                request_key=forms.request_key(),
                by=context.current_actor(),
                desk=context.desk(),
                now=clock.now(),
            )
    except RuleBroken as error:
        form.refuse(error)
        return item.page(referral_id, form=form, status=error.status)
    except Conflict as error:
        return item.page(referral_id, problem=_(error.message), status=error.status)
    flash(_("The next helper sees it here."))
    return _back(referral_id)


@bp.post("/referrals/<referral_id>/stopped")
@requires("referral.confirm_stop")
def confirm_stopped(referral_id: str) -> ResponseReturnValue:
    """Say that contact has stopped; twice changes nothing."""
    actor = context.current_actor()
    with context.transaction() as session:
        referral = item.load(session, referral_id, "referral.confirm_stop")
        stopping.confirm_stopped(session, referral, by=actor, now=clock.now())
    flash(_("Thank you. We wrote down that contact has stopped."))
    return redirect(url_for("intake.inbox"), 303)


def _button(referral_id: str, deed: Deed) -> ResponseReturnValue:
    """Do what a button of the page says."""
    try:
        _do(referral_id, deed)
    except (Conflict, RuleBroken) as error:
        return _refused(referral_id, deed, error)
    flash(deed.said)
    return _back(referral_id)


def _form(referral_id: str, deed: Deed, form: Form, name: str) -> ResponseReturnValue:
    """Show a form on a page of its own, or do what it says."""
    if form.is_sent_and_right():
        try:
            _do(referral_id, deed)
        except RuleBroken as error:
            form.refuse(error)
        except Conflict as error:
            return _refused(referral_id, deed, error)
        else:
            flash(deed.said)
            return _back(referral_id)
    with context.reading() as session:
        referral = item.load(session, referral_id, deed.permission)
        found = reads.item(session, referral, context.current_actor(), now=clock.now())
    page = render_template(
        f"intake/{name}.html",
        form=form,
        item=found,
        # What was sent stays: a page that was overtaken must not win by being sent again.
        version=request.form.get("version", found.version),
        request_key=forms.new_key(),
        today=facts.local_day(clock.now(), zone=found.zone),
        first=forms.FIRST,
        more=forms.MORE,
        zone=i18n.zone_name(found.zone),
    )
    return page, 422 if request.method == "POST" else 200


def _do(referral_id: str, deed: Deed) -> None:
    """Act in a transaction; what moves the state does so from the version the page showed."""
    version = forms.version() if deed.action is not None else None
    by = By(actor=context.current_actor(), version=version)
    with context.transaction() as session:
        deed.act(session, item.load(session, referral_id, deed.permission), by)


def _refused(referral_id: str, deed: Deed, error: OutreachError) -> ResponseReturnValue:
    """Say kindly who was first; one's own second tap is as good as the first alone."""
    words, given = _(error.message, **error.values), request.form.get("version", "")
    if isinstance(error, Conflict) and given.isascii() and given.isdecimal():
        with context.reading() as session:
            referral = item.load(session, referral_id, "referral.see")
            found = reads.first_after(session, referral, version=int(given[:9]))
        if found is not None:
            event, who = found
            is_own = event.actor == context.current_actor().label
            if is_own and event.action == deed.action:
                return _back(referral_id)
            what = referral_words.event(event.action, to_state=event.to_state)
            words = _(FASTER, what=what, who=who)
    return item.page(referral_id, problem=words, status=error.status)


def _back(referral_id: str) -> ResponseReturnValue:
    target: ResponseReturnValue = redirect(url_for("intake.item", referral_id=referral_id), 303)
    return target
