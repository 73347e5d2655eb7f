"""Referrals: the hospital's list, one referral, calling it back, and a withdrawal."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.directory.models import Affiliate, Hospital
from outreach.errors import Conflict, OutreachError, RuleBroken
from outreach.i18n import gettext as _
from outreach.reads import duty, referral_person, referring
from outreach.reads import own_referrals as reads
from outreach.reads.duty import Contact
from outreach.reads.referral_words import leaves_later
from outreach.reads.referring import Off
from outreach.referrals.codes import Revoked
from outreach.referrals.models import Referral
from outreach.web.auth import requires
from outreach.web.context import (
    current_actor,
    desk,
    note_denied,
    reading,
    signed_in,
    transaction,
)
from outreach.web.forms import Form
from outreach.web.liaison.blueprint import bp
from outreach.web.liaison.referral_forms import CallBackForm, PaperCameForm, WithdrawalForm
from outreach.workflows.referrals import authorizing, facts, opening, stopping
from outreach.workflows.referrals.steps import SecondReferral

LAST_PAGE = 10_000


@bp.get("/referrals/", endpoint="referrals")
@requires("referral.see")
def home() -> ResponseReturnValue:
    """Show the hospital's referrals, or why there can be none."""
    ended = request.args.get("when") == "ended"
    with reading() as session:
        page = reads.listed(session, current_actor(), ended=ended, number=_page_number())
        off = why_off(session)
    return render_template("liaison/referral_list.html", page=page, ended=ended, off=off)


@bp.get("/referrals/<referral_id>", endpoint="referral")
@requires("referral.see")
def show(referral_id: str) -> ResponseReturnValue:
    """Show how a referral stands. Who opened it is written down."""
    return stands(referral_id)


@bp.post("/referrals/<referral_id>/send")
@requires("referral.send")
def send_referral(referral_id: str) -> ResponseReturnValue:
    """Send a signed referral now, or let it leave at the discharge."""
    at_discharge = request.form.get("when") == "discharge"
    try:
        with transaction() as session:
            row = load(session, referral_id, "referral.send")
            sends(session, row, at_discharge=at_discharge, version=version())
    except (Conflict, RuleBroken) as error:
        return stands(referral_id, said=_(error.message, **error.values)), error.status
    _say_sent(row, at_discharge=at_discharge)
    return redirect(url_for("liaison.referral", referral_id=referral_id), 303)


@bp.route("/referrals/<referral_id>/call-back", methods=["GET", "POST"])
@requires("referral.cancel")
def call_back(referral_id: str) -> ResponseReturnValue:
    """Call a referral back before it is done."""
    form = CallBackForm()
    if not form.is_sent_and_right():
        return _asked("call_back", referral_id, form)
    try:
        with transaction() as session:
            stopping.cancel(
                session,
                load(session, referral_id, "referral.cancel"),
                reason=form.reason.data or "",
                version=version(),
                by=current_actor(),
                desk=desk(),
                now=clock.now(),
            )
    except Conflict as error:
        return stands(referral_id, said=_(error.message, **error.values)), error.status
    flash(_("The referral is called back. The affiliate is told to stop, if it had it already."))
    return redirect(url_for("liaison.referral", referral_id=referral_id), 303)


@bp.route("/referrals/<referral_id>/withdrawal", methods=["GET", "POST"])
@requires("authorization.revoke")
def withdraw(referral_id: str) -> ResponseReturnValue:
    """Record that the person takes the permission back: it holds at once."""
    found = signed_in()
    form = WithdrawalForm(received_by=found.name if found else "")
    if not form.is_sent_and_right():
        return _asked("withdrawal", referral_id, form)
    with transaction() as session:
        row = load(session, referral_id, "authorization.revoke")
        authorization = facts.authorization_of(session, row)
        if authorization is None:
            return redirect(url_for("liaison.referral", referral_id=referral_id), 303)
        is_new = stopping.revoke(
            session,
            authorization,
            how=Revoked(form.how.data),
            received_by=form.received_by.data or "",
            by=current_actor(),
            desk=desk(),
            now=clock.now(),
        )
    if is_new:
        flash(_("The permission is withdrawn, from now on. Nobody may contact the person."))
    else:
        flash(_("It was withdrawn already. Nothing was changed."), "info")
    return redirect(url_for("liaison.referral", referral_id=referral_id), 303)


@bp.route("/referrals/<referral_id>/paper", methods=["GET", "POST"])
@requires("authorization.revoke")
def paper_came(referral_id: str) -> ResponseReturnValue:
    """Record that the written withdrawal has come."""
    form = PaperCameForm()
    if not form.is_sent_and_right() or form.written_on.data is None:
        return _asked("paper", referral_id, form)
    try:
        with transaction() as session:
            row = load(session, referral_id, "authorization.revoke")
            authorization = facts.authorization_of(session, row)
            if authorization is not None:
                stopping.written_revocation(
                    session,
                    authorization,
                    on=form.written_on.data,
                    witnessed=bool(form.witness.data),
                    zone=row.time_zone,
                    by=current_actor(),
                    now=clock.now(),
                )
    except RuleBroken as error:
        form.refuse(error)
        return _asked("paper", referral_id, form)
    except Conflict as error:
        return stands(referral_id, said=_(error.message, **error.values)), error.status
    flash(_("The written withdrawal is on record."))
    return redirect(url_for("liaison.referral", referral_id=referral_id), 303)


def refused(referral_id: str, error: OutreachError) -> ResponseReturnValue:
    """Show the page as it stands now, with why nothing was done, and whom to ask about it."""
    ask = None
    if isinstance(error, SecondReferral):
        note_denied(error, "referral.second")
        with reading() as session:
            row = load(session, referral_id, "referral.see")
            bureau = session.get_one(Affiliate, row.bureau_id)
            ask = duty.whom_to_ask(session, bureau, now=clock.now())
    return stands(referral_id, said=_(error.message, **error.values), ask=ask), error.status


def stands(referral_id: str, *, said: str = "", ask: Contact | None = None) -> str:
    """Return the page of a referral as it stands now; `said` is what could not be done."""
    actor, now = current_actor(), clock.now()
    note_opened(referral_id, via="page")
    with reading() as session:
        row = load(session, referral_id, "referral.see")
        stand = reads.stand(session, row)
        told = opening.person(session, row, by=actor, desk=desk(), now=now)
        signed = facts.authorization_of(session, row)
    return render_template(
        "liaison/referral.html",
        stand=stand,
        person=referral_person.items(told, signed) if told and signed else (),
        said=said,
        problem=bool(said),
        ask=ask,
        may_leave_later=stand.referral.discharged_at > now,
    )


def note_opened(referral_id: str, *, via: str) -> None:
    """Write down who opened it; a GET may (the list of what one may write has it)."""
    with transaction() as session:
        row = load(session, referral_id, "referral.see")
        if row.data_key_id is not None:
            opening.note(session, row, by=current_actor(), via=via, now=clock.now())


def sends(session: Session, row: Referral, *, at_discharge: bool, version: int) -> None:
    """Send a referral that is ready, now or when the person is discharged."""
    now = clock.now()
    if at_discharge:
        authorizing.send_at_discharge(session, row, version=version, now=now)
    else:
        authorizing.send(session, row, version=version, by=current_actor(), desk=desk(), now=now)


def _say_sent(row: Referral, *, at_discharge: bool) -> None:
    if at_discharge:
        flash(leaves_later(row.time_zone, hour_known=row.discharge_hour_known))
    else:
        flash(_("It is sent. The affiliate was told that something waits, without a name."))


def load(session: Session, referral_id: str, action: str) -> Referral:
    """Return one of the hospital's referrals."""
    return access.load(session, Referral, referral_id, actor=current_actor(), action=action)


def own_hospital(session: Session) -> Hospital:
    """Return where the liaison works."""
    return session.get_one(Hospital, current_actor().hospital_id)


def why_off(session: Session) -> Off | None:
    """Return why nobody of the hospital can be referred, and whom to ask; None where they can."""
    return referring.off(session, own_hospital(session), now=clock.now())


def version() -> int:
    """Return the version the sender saw; -1, which no row has, for anything else."""
    typed = request.form.get("version", "")
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 9 else -1  # noqa: PLR2004 - digits


def _asked(name: str, referral_id: str, form: Form) -> ResponseReturnValue:
    """Ask what a change needs, or lead back where it is out of place now."""
    with reading() as session:
        stand = reads.stand(session, load(session, referral_id, "referral.see"))
    fits = {
        "call_back": stand.is_open,
        "withdrawal": stand.may_withdraw,
        "paper": stand.lacks_paper,
    }
    if not fits[name] and request.method == "GET":
        return redirect(url_for("liaison.referral", referral_id=referral_id), 303)
    page = render_template(f"liaison/referral_{name}.html", stand=stand, form=form)
    return page, 422 if form.errors or form.form_errors else 200


def _page_number() -> int:
    typed = request.args.get("page", "")
    is_number = typed.isascii() and typed.isdigit() and len(typed) < 6  # noqa: PLR2004 - digits
    return min(max(int(typed), 1), LAST_PAGE) if is_number else 1
