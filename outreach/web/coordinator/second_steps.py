"""Somebody lost every second step: letting her set one up anew, with a reason."""

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from outreach import access, clock
from outreach.accounts.models import Account, Membership
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.coordinator.people import list_of
from outreach.web.forms import Form, RadioField, required
from outreach.workflows import factor_reset


class ReasonForm(Form):
    """Why the second step is taken away."""

    reason = RadioField(
        lazy("Why"),
        choices=list(factor_reset.REASONS.items()),
        validators=[required(factor_reset.UNKNOWN_REASON)],
    )


@bp.route("/people/memberships/<membership_id>/second-step", methods=["GET", "POST"])
@requires("factor.reset")
def reset_second_step(membership_id: str) -> ResponseReturnValue:
    """Take somebody's second steps, so that she sets one up when she signs in next."""
    actor, form, now = context.current_actor(), ReasonForm(), clock.now()
    with context.reading() as session:
        place = access.load(session, Membership, membership_id, actor=actor, action="factor.reset")
        if place.first_used_at is None:  # whether they are known elsewhere is not for this place
            raise access.OutOfScope(action="factor.reset", subject_kind=Membership.__tablename__)
        account = session.get_one(Account, place.account_id)
        may = factor_reset.may_reset(session, account.id, by=actor, now=now)
    if form.is_sent_and_right():
        try:
            with context.transaction() as session:
                factor_reset.reset(
                    session,
                    session.get_one(Account, account.id),
                    reason=form.reason.data,
                    by=actor,
                    now=now,
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("They set up a new second step when they sign in next. A mail tells them so."))
            return redirect(list_of(place.kind), 303)
    status = 422 if request.method == "POST" else 200
    return render_template(
        "coordinator/second_step.html",
        form=form,
        name=account.name,
        may=may,
        back=list_of(place.kind),
    ), status
