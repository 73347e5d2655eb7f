"""What texts cost, month by month, and the budget for them."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.messaging import spending
from outreach.reads import cost as reads
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import Form, NumberField, RadioField, required
from outreach.workflows import sms_budget


class BudgetForm(Form):
    """What an affiliate means to spend on texts in a month."""

    amount = NumberField(lazy("At most in a month"), lowest=1, highest=sms_budget.MOST)
    unit = RadioField(
        lazy("Counted in"),
        choices=[("segments", lazy("Texts")), ("dollars", lazy("Dollars"))],
        validators=[required(lazy("Choose one."))],
    )


@bp.get("/messages/cost")
@requires("cost.see")
def cost() -> ResponseReturnValue:
    """Show what texts came to in the last twelve months."""
    price_cents = context.config().sms_price_cents
    with context.reading() as session:
        affiliate = access.own_affiliate(session, context.current_actor())
        found = reads.cost(session, affiliate, price_cents=price_cents, now=clock.now())
    return render_template("coordinator/cost.html", cost=found)


@bp.route("/messages/cost/budget", methods=["GET", "POST"])
@requires("budget.change")
def change_budget() -> ResponseReturnValue:
    """Set a month's budget for texts, or none."""
    actor, price_cents = context.current_actor(), context.config().sms_price_cents
    with context.reading() as session:
        affiliate = access.own_affiliate(session, actor)
        row = spending.budget(session, affiliate.id)
    form = BudgetForm(amount=row.amount if row else None, unit=row.unit if row else "segments")
    if form.is_sent_and_right():
        try:
            with context.transaction() as session:
                sms_budget.choose(
                    session,
                    access.own_affiliate(session, actor),
                    unit=form.unit.data,
                    amount=form.amount.data,
                    price_cents=price_cents,
                    by=actor,
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The budget is saved."))
            return redirect(url_for("coordinator.cost"), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/budget_form.html", form=form), status
