"""Where a referral goes instead: to another affiliate, back, or to an end the person asked for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import clock
from outreach.directory.models import Affiliate
from outreach.errors import Conflict, OutreachError, RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import own_referrals, serving
from outreach.reads import referral_page as reads
from outreach.reads.referral_page import Page
from outreach.referrals.codes import Revoked
from outreach.referrals.models import Authorization, Referral
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.coordinator.referral import load, url_of
from outreach.web.coordinator.referral_forms import (
    EmptyForm,
    PaperForm,
    RecallForm,
    RerouteForm,
    WithdrawalForm,
)
from outreach.web.forms import Form
from outreach.workflows.referrals import children, facts, stopping


@dataclass(frozen=True, slots=True)
class Another:
    """An affiliate one may ask next, and whether the signed form names it."""

    id: int
    public_id: str
    name: str
    is_named: bool
    words: str


@bp.route("/referrals/<referral_id>/recall", methods=["GET", "POST"])
@requires("referral.cancel")
def recall_referral(referral_id: str) -> ResponseReturnValue:
    """Ask why, then call a referral back; an affiliate that has it is told to stop."""
    page, form = _page(referral_id, "referral.cancel"), RecallForm()
    if page.by_themselves:
        form.leave_hospital()
    if request.method == "GET":
        form.version.data = str(page.version)
    if not form.is_sent_and_right():
        return _rendered("recall", page, form)

    def act(session: Session, row: Referral) -> None:
        stopping.cancel(
            session,
            row,
            reason=form.reason.data or "",
            by=context.current_actor(),
            version=form.seen,
            desk=context.desk(),
            now=clock.now(),
        )

    done = _("It is called back.")
    return _sent(referral_id, "referral.cancel", act, form, template="recall", done=done)


@bp.route("/referrals/<referral_id>/withdrawal", methods=["GET", "POST"])
@requires("authorization.revoke")
def withdraw_referral(referral_id: str) -> ResponseReturnValue:
    """Record that the person takes the authorization back: everything that rests on it ends."""
    action = "authorization.revoke"
    page, form = _page(referral_id, action), WithdrawalForm()
    if not form.is_sent_and_right():
        return _rendered("withdrawal", page, form)

    def act(session: Session, row: Referral) -> None:
        stopping.revoke(
            session,
            _authorization(session, row),
            how=Revoked(form.how.data or ""),
            received_by=form.received_by.data or "",
            by=context.current_actor(),
            desk=context.desk(),
            now=clock.now(),
        )

    done = _("Contact has stopped, and nobody can open the person’s data any more.")
    return _sent(referral_id, action, act, form, template="withdrawal", done=done)


@bp.route("/referrals/<referral_id>/paper", methods=["GET", "POST"])
@requires("authorization.revoke")
def paper_of_referral(referral_id: str) -> ResponseReturnValue:
    """Record that the written withdrawal has come."""
    action = "authorization.revoke"
    page, form = _page(referral_id, action), PaperForm()
    if not form.is_sent_and_right() or form.written_on.data is None:
        return _rendered("paper", page, form)
    on = form.written_on.data

    def act(session: Session, row: Referral) -> None:
        stopping.written_revocation(
            session,
            _authorization(session, row),
            on=on,
            witnessed=bool(form.witness.data),
            zone=row.time_zone,
            by=context.current_actor(),
            now=clock.now(),
        )

    done = _("It is recorded that the paper has come.")
    return _sent(referral_id, action, act, form, template="paper", done=done)


@bp.route("/referrals/<referral_id>/another-affiliate", methods=["GET", "POST"])
@requires("referral.reroute")
def reroute_referral(referral_id: str) -> ResponseReturnValue:
    """Choose another affiliate for what was not taken; it goes on as a linked child."""
    action = "referral.reroute"
    page = _page(referral_id, action)
    with context.reading() as session:
        others = _others(session, load(session, referral_id, action))
    form = RerouteForm()
    form.affiliate.choices = [(each.public_id, each.name) for each in others]
    if not form.is_sent_and_right():
        return _rendered("reroute", page, form, others=others)
    key = children.prepare_key(context.desk())
    made: list[str] = []

    def act(session: Session, row: Referral) -> None:
        chosen = next(each for each in others if each.public_id == form.affiliate.data)
        affiliate = session.get_one(Affiliate, chosen.id)
        child = children.reroute(
            session,
            row,
            affiliate,
            key=key,
            by=context.current_actor(),
            desk=context.desk(),
            now=clock.now(),
        )
        made.append(child.public_id)

    done = _("It goes on as a referral of its own.")
    return _sent(
        referral_id, action, act, form, template="reroute", done=done, others=others, made=made
    )


@bp.route("/referrals/<referral_id>/error", methods=["GET", "POST"])
@requires("referral.take_back")
def take_back_referral(referral_id: str) -> ResponseReturnValue:
    """Say that it should never have been; what was sent needs a second coordinator."""
    action = "referral.take_back"
    page, form = _page(referral_id, action), EmptyForm()
    if request.method == "GET":
        form.version.data = str(page.version)
    if not form.is_sent_and_right():
        return _rendered("error", page, form)
    asks = page.is_sent and not page.error_asked

    def act(session: Session, row: Referral) -> None:
        actor, now = context.current_actor(), clock.now()
        if asks:
            stopping.ask_take_back(session, row, by=actor, now=now)
        else:
            stopping.take_back(
                session, row, version=form.seen, by=actor, desk=context.desk(), now=now
            )

    asked = _("Another coordinator must confirm it. Until then nothing changes.")
    done = asked if asks else _("It is marked as entered in error.")
    return _sent(referral_id, action, act, form, template="error", done=done)


def _page(referral_id: str, action: str) -> Page:
    with context.reading() as session:
        row = load(session, referral_id, action)
        return reads.page(session, row, context.current_actor(), now=clock.now())


def _sent(
    referral_id: str,
    action: str,
    act: Callable[[Session, Referral], None],
    form: Form,
    *,
    template: str,
    done: str,
    made: Sequence[str] = (),
    **shown: object,
) -> ResponseReturnValue:
    """Do what a form asks for; where that can't be, show the form with why."""
    try:
        with context.transaction() as session:
            act(session, load(session, referral_id, action))
    except (Conflict, RuleBroken) as error:
        page = _page(referral_id, action)
        _refuse(form, error, page)
        return _rendered(template, page, form, status=error.status, **shown)
    flash(done)
    return redirect(url_of(made[0] if made else referral_id), 303)


def _refuse(form: Form, error: OutreachError, page: Page) -> None:
    if isinstance(error, RuleBroken):
        form.refuse(error)
        return
    form.form_errors.append(_(error.message, **error.values))
    if "version" in form:
        form["version"].data = str(page.version)


def _rendered(
    template: str, page: Page, form: Form, *, status: int = 0, **shown: object
) -> ResponseReturnValue:
    usual = 422 if request.method == "POST" else 200
    rendered = render_template(
        f"coordinator/referral_{template}.html", page=page, form=form, **shown
    )
    return rendered, status or usual


def _authorization(session: Session, row: Referral) -> Authorization:
    found = facts.authorization_of(session, row)
    if found is None:
        raise Conflict(lazy("There is no signed authorization on record."))
    return found


def _others(session: Session, row: Referral) -> list[Another]:
    """Return whom one may ask next: who serves the area and has room, then all others with room.

    Where one affiliate alone serves a county and can't, somebody farther away may.
    """
    authorization = facts.authorization_of(session, row)
    stands = stopping.in_force(session, row, now=clock.now())
    named = set(authorization.affiliate_ids) if authorization and stands else set()
    near = [
        Another(
            id=each.affiliate_id,
            public_id=each.public_id,
            name=each.name,
            is_named=each.affiliate_id in named,
            words=_said(each.capacity, in_area=each.in_area, is_named=each.affiliate_id in named),
        )
        for each in serving.serving(session, row.zip_code)
        if each.has_room and each.affiliate_id != row.affiliate_id
    ]
    known = {row.affiliate_id, *(each.id for each in near)}
    far = [
        Another(
            id=each.id,
            public_id=each.public_id,
            name=each.name,
            is_named=each.id in named,
            words=_said(each.capacity, in_area=False, is_named=each.id in named),
        )
        for each in own_referrals.choices(session)
        if each.id not in known
    ]
    return near + far


def _said(capacity: str, *, in_area: bool, is_named: bool) -> str:
    area = _("Serves the person’s county") if in_area else _("The county is not in its area")
    room = _(serving.CAPACITIES[capacity])
    signed = (
        _("the signed form names it, so it can be sent at once")
        if is_named
        else _("the person signs a new form for it")
    )
    return _("%(area)s; %(room)s; %(signed)s.", area=area, room=room.lower(), signed=signed)
