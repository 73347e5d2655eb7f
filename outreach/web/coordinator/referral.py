"""One referral: how it stands, the person on a page of its own, and small steps by button."""

from collections.abc import Callable

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock, i18n
from outreach.directory.models import Affiliate
from outreach.errors import Conflict, OutreachError, RuleBroken
from outreach.i18n import gettext as _
from outreach.reads import referral_page as reads
from outreach.reads import referral_person
from outreach.referrals.models import Referral
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.workflows.referrals import (
    authorizing,
    children,
    facts,
    opening,
    stopping,
    ticking,
    working,
)
from outreach.workflows.referrals.steps import SecondReferral


@bp.get("/referrals/<referral_id>")
@requires("referral.see")
def referral(referral_id: str) -> ResponseReturnValue:
    """Show how a referral stands, without the person."""
    return shown(referral_id)


@bp.get("/referrals/<referral_id>/person")
@requires("referral.see")
def referral_person_page(referral_id: str) -> ResponseReturnValue:
    """Show who the person is; that it was opened is written down.

    On the list of what a GET may write: the reading, in its own short transaction.
    """
    actor, now, desk = context.current_actor(), clock.now(), context.desk()
    with context.reading() as session:
        row = load(session, referral_id, "referral.see", ours=False)
        page = reads.page(session, row, actor, now=now)
        person = opening.person(session, row, by=actor, desk=desk, now=now)
        signed = facts.authorization_of(session, row)
        notes = []
        if person is not None:
            notes = [
                note
                for tried in working.attempts(session, row)
                if (note := working.note_of(tried, data_key_id=row.data_key_id or "", desk=desk))
            ]
    if person is not None:
        with context.transaction() as session:
            row = load(session, referral_id, "referral.see", ours=False)
            opening.note(session, row, by=actor, via="page", now=now)
    return render_template(
        "coordinator/referral_person.html",
        page=page,
        items=referral_person.items(person, signed) if person and signed else [],
        notes=notes,
    )


@bp.get("/referrals/<referral_id>/code")
@requires("referral.read_code")
def referral_code(referral_id: str) -> ResponseReturnValue:
    """Show the code that waits to be read out on the telephone; that it was seen is written down.

    On the list of what a GET may write: the reading, in its own short transaction.
    """
    now, digits = clock.now(), ""
    with context.reading() as session:
        row = load(session, referral_id, "referral.read_code")
        page = reads.page(session, row, context.current_actor(), now=now)
        code = reads.waiting_code(session, row, now=now)
        if code is not None:
            digits = context.links().link_code(code.public_id)
    if digits:
        with context.transaction() as session:
            row = load(session, referral_id, "referral.read_code")
            opening.note(session, row, by=context.current_actor(), via="code", now=now)
    return render_template("coordinator/referral_code.html", page=page, digits=digits)


@bp.post("/referrals/<referral_id>/reminder")
@requires("referral.remind")
def remind_referral(referral_id: str) -> ResponseReturnValue:
    """Tell the affiliate once more that an item waits."""

    def act(session: Session, row: Referral) -> str:
        was_told = ticking.remind_again(
            session, row, by=context.current_actor(), desk=context.desk(), now=clock.now()
        )
        if was_told:
            return _("The affiliate is being reminded.")
        return _("The affiliate was told a short while ago. One notice is enough.")

    return pressed(referral_id, "referral.remind", act)


@bp.post("/referrals/<referral_id>/sending")
@requires("referral.send")
def send_referral(referral_id: str) -> ResponseReturnValue:
    """Send what is signed to its affiliate, now."""

    def act(session: Session, row: Referral) -> str:
        authorizing.send(
            session,
            row,
            version=seen_version(),
            by=context.current_actor(),
            desk=context.desk(),
            now=clock.now(),
        )
        return _("It is sent. The affiliate hears that an item waits, and nothing else.")

    return pressed(referral_id, "referral.send", act)


@bp.post("/referrals/<referral_id>/stop-confirmed")
@requires("referral.confirm_stop")
def confirm_referral_stop(referral_id: str) -> ResponseReturnValue:
    """Record that the affiliate said that it stopped and keeps nothing."""

    def act(session: Session, row: Referral) -> str:
        stopping.confirm_stopped(session, row, by=context.current_actor(), now=clock.now())
        return _("It is recorded that the affiliate has stopped.")

    return pressed(referral_id, "referral.confirm_stop", act, ours=False)


@bp.post("/referrals/<referral_id>/left")
@requires("referral.reroute")
def leave_referral(referral_id: str) -> ResponseReturnValue:
    """Say that no other affiliate is asked."""

    def act(session: Session, row: Referral) -> str:
        children.leave(session, row, by=context.current_actor(), now=clock.now())
        return _("It stays as it is. Nobody else is asked.")

    return pressed(referral_id, "referral.reroute", act)


@bp.post("/referrals/<referral_id>/reopening")
@requires("referral.reopen")
def reopen_referral(referral_id: str) -> ResponseReturnValue:
    """Open a closed referral again, as a linked child with the same affiliate."""
    desk, now = context.desk(), clock.now()
    try:
        with context.reading() as session:
            load(session, referral_id, "referral.reopen")
        key = children.prepare_key(desk)
        with context.transaction() as session:
            row = load(session, referral_id, "referral.reopen")
            child = children.reopen(
                session, row, key=key, by=context.current_actor(), desk=desk, now=now
            )
            target = child.public_id
    except (Conflict, RuleBroken) as error:
        return refused(referral_id, error)
    flash(_("It is open again, as a referral of its own."))
    return redirect(url_of(target), 303)


@bp.post("/referrals/<referral_id>/clocks-settled")
@requires("referral.settle")
def settle_referral_clocks(referral_id: str) -> ResponseReturnValue:
    """Say that what ran out, as the page showed it, is taken care of; twice changes nothing."""
    shown_there = request.form.get("clocks", "").split()
    with context.transaction() as session:
        row = load(session, referral_id, "referral.settle")
        ticking.settle(session, row, shown_there, by=context.current_actor(), now=clock.now())
    flash(_("Thank you. It no longer stands on the page of today."))
    return redirect(url_of(referral_id), 303)


def load(session: Session, referral_id: str, action: str, *, ours: bool = True) -> Referral:
    """Return a referral for an action; `ours` is what only the bureau that follows it may do."""
    row = access.load(session, Referral, referral_id, actor=context.current_actor(), action=action)
    if ours:
        refuse_unless_ours(row, action)
    return row


def refuse_unless_ours(row: Referral, action: str) -> None:
    """Refuse who only received the referral: the bureau that follows it decides."""
    if row.bureau_id != context.current_actor().affiliate_id:
        raise access.NotAllowed(action, "referral")


def pressed(
    referral_id: str,
    action: str,
    act: Callable[[Session, Referral], str],
    *,
    ours: bool = True,
) -> ResponseReturnValue:
    """Do what a button says, and say it; where it has moved on, show how it stands."""
    try:
        with context.transaction() as session:
            said = act(session, load(session, referral_id, action, ours=ours))
    except (Conflict, RuleBroken) as error:
        return refused(referral_id, error)
    flash(said)
    return redirect(url_of(referral_id), 303)


def refused(referral_id: str, error: OutreachError) -> ResponseReturnValue:
    """Show the page again, as it stands now, with why nothing was done."""
    if isinstance(error, SecondReferral):
        context.note_denied(error, "referral.second")
    return shown(referral_id, said=_(error.message, **error.values), status=error.status)


def shown(referral_id: str, *, said: str = "", status: int = 200) -> ResponseReturnValue:
    """Render the page."""
    now, actor = clock.now(), context.current_actor()
    with context.reading() as session:
        row = load(session, referral_id, "referral.see", ours=False)
        page = reads.page(session, row, actor, now=now)
    rendered = render_template(
        "coordinator/referral.html",
        page=page,
        said=said,
        recordable=reads.may_record(page),
        ran_out=[each for each in page.clocks if each.may_be_settled],
        zone_words=_("All times are %(zone)s.", zone=i18n.zone_name(page.zone)),
        contact=_contact(page.affiliate),
    )
    return rendered, status


def url_of(referral_id: str) -> str:
    """Return the address of a referral's page."""
    return url_for("coordinator.referral", referral_id=referral_id)


def seen_version() -> int:
    """Return which version of the page the button was on; one that cannot be read fits none."""
    given = request.form.get("version", "")
    is_number = given.isascii() and given.isdecimal() and len(given) < 10  # noqa: PLR2004 - more figures are no version
    return int(given) if is_number else -1


def _contact(affiliate: Affiliate | None) -> tuple[str, str, str]:
    """Return whom to call at the affiliate: name, telephone, mail."""
    if affiliate is None:
        return "", "", ""
    number = affiliate.intake_phone or affiliate.phone or ""
    return affiliate.intake_name, number, affiliate.intake_email or affiliate.email or ""
