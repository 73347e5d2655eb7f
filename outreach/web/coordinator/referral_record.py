"""What an affiliate told by telephone, entered by a coordinator in its name."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import clock, i18n
from outreach.errors import Conflict, OutreachError, RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import referral_page as reads
from outreach.reads.referral_page import Page
from outreach.referrals.codes import Cancel, Channel, Result
from outreach.referrals.models import Referral
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.coordinator.referral import load, url_of
from outreach.web.coordinator.referral_forms import (
    RECORDED,
    AttemptForm,
    ReportedForm,
)
from outreach.workflows.referrals import facts, stopping, working
from outreach.workflows.referrals.working import Attempt, By

TITLES: Final[Mapping[str, str]] = {
    "acknowledge": lazy("They have it"),
    "accept": lazy("They take it on"),
    "attempt": lazy("They tried to reach the person"),
    "hold": lazy("It rests for a while"),
    "resume": lazy("They go on with it"),
    "close": lazy("It is done"),
    "decline": lazy("They can’t take it"),
    "stop": lazy("The person no longer wishes contact"),
}
"""What the affiliate told, as the page of a referral offers it and as the form is called."""

ACTIONS: Final[Mapping[str, str]] = {
    "acknowledge": "referral.answer",
    "accept": "referral.answer",
    "decline": "referral.answer",
    "stop": "referral.cancel",
}
"""Actions of the policy; for what is not here it is "referral.work"."""


@bp.route("/referrals/<referral_id>/record/<what>", methods=["GET", "POST"])
@requires("referral.work")
def record_referral(referral_id: str, what: str) -> ResponseReturnValue:
    """Ask what the affiliate told, and enter it with who told it."""
    if what not in RECORDED:
        abort(404)
    page = _page(referral_id, what)
    form = RECORDED[what]()
    if isinstance(form, AttemptForm):
        form.fit(_possible_tries(referral_id))
    if request.method == "GET":
        _begin(form, page)
    if form.is_sent_and_right():
        try:
            with context.transaction() as session:
                row = load(session, referral_id, _action(what), ours=False)
                _RECORDERS[what](session, row, form, page.zone)
        except (Conflict, RuleBroken) as error:
            return _refused(referral_id, what, form, error)
        flash(_("It is recorded, in the name of who told you."))
        return redirect(url_of(referral_id), 303)
    return _rendered(page, what, form), 422 if request.method == "POST" else 200


def _action(what: str) -> str:
    return ACTIONS.get(what, "referral.work")


def _page(referral_id: str, what: str) -> Page:
    with context.reading() as session:
        row = load(session, referral_id, _action(what), ours=False)
        return reads.page(session, row, context.current_actor(), now=clock.now())


def _possible_tries(referral_id: str) -> Mapping[Channel, frozenset[Result]]:
    with context.reading() as session:
        return facts.possible_tries(
            session, load(session, referral_id, "referral.work", ours=False)
        )


def _begin(form: ReportedForm, page: Page) -> None:
    form.version.data = str(page.version)
    if isinstance(form, AttemptForm):
        local = clock.now().astimezone(ZoneInfo(page.zone))
        form.day.data, form.time.data = local.date(), local.time().replace(second=0, microsecond=0)


def _refused(
    referral_id: str, what: str, form: ReportedForm, error: OutreachError
) -> ResponseReturnValue:
    """Show the form again; where the referral moved on, with the version that stands now."""
    page = _page(referral_id, what)
    if isinstance(error, RuleBroken):
        form.refuse(error)
    else:
        form.form_errors.append(_(error.message, **error.values))
        form.version.data = str(page.version)
    return _rendered(page, what, form), error.status


def _rendered(page: Page, what: str, form: ReportedForm) -> str:
    if isinstance(form, AttemptForm):
        form.time.label.text = _("Time, %(zone)s", zone=i18n.zone_name(page.zone))
    return render_template(
        "coordinator/referral_record.html", page=page, what=what, title=_(TITLES[what]), form=form
    )


def _by(form: ReportedForm) -> By:
    return By(
        actor=context.current_actor(), version=form.seen, reported_by=form.reported_by.data or ""
    )


def _kept(form: ReportedForm) -> dict[str, Any]:
    return {"by": _by(form), "desk": context.desk(), "now": clock.now()}


def _value(form: ReportedForm, name: str) -> str:
    return form[name].data or ""


def _acknowledge(session: Session, row: Referral, form: ReportedForm, _zone: str) -> None:
    working.acknowledge(session, row, **_kept(form))


def _accept(session: Session, row: Referral, form: ReportedForm, _zone: str) -> None:
    working.accept(session, row, **_kept(form))


def _resume(session: Session, row: Referral, form: ReportedForm, _zone: str) -> None:
    working.resume(session, row, **_kept(form))


def _decline(session: Session, row: Referral, form: ReportedForm, _zone: str) -> None:
    working.decline(session, row, reason=_value(form, "reason"), **_kept(form))


def _hold(session: Session, row: Referral, form: ReportedForm, _zone: str) -> None:
    reason, until = _value(form, "reason"), form["resume_on"].data
    working.hold(session, row, reason=reason, resume_on=until, **_kept(form))


def _close(session: Session, row: Referral, form: ReportedForm, _zone: str) -> None:
    working.close(session, row, outcome=_value(form, "outcome"), **_kept(form))


def _attempt(session: Session, row: Referral, form: ReportedForm, zone: str) -> None:
    day, hour = form["day"].data, form["time"].data
    tried = Attempt(
        request_key=_value(form, "request_key"),
        at=datetime.combine(day, hour, ZoneInfo(zone)),
        channel=_value(form, "channel"),
        result=_value(form, "result"),
        note=_value(form, "note"),
    )
    working.attempt(session, row, tried, **_kept(form))


def _stop(session: Session, row: Referral, form: ReportedForm, _zone: str) -> None:
    stopping.cancel(
        session,
        row,
        reason=Cancel.PERSON_ASKED,
        by=context.current_actor(),
        version=form.seen,
        reported_by=form.reported_by.data or "",
        desk=context.desk(),
        now=clock.now(),
    )


_RECORDERS: Final[Mapping[str, Callable[[Session, Referral, ReportedForm, str], None]]] = {
    "acknowledge": _acknowledge,
    "accept": _accept,
    "attempt": _attempt,
    "hold": _hold,
    "resume": _resume,
    "close": _close,
    "decline": _decline,
    "stop": _stop,
}
