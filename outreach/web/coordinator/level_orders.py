"""What counts most when people are found: the price of the order, told and measured."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock
from outreach.directory import service
from outreach.directory.models import LEVELS
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.coordinator.setup import LEVEL_NAMES
from outreach.workflows import level_orders, problems


@bp.get("/setup/order")
@requires("settings.see")
def order() -> ResponseReturnValue:
    """Show the order, and where asked for what it and the other one would fill today."""
    with context.reading() as session:
        affiliate = access.own_affiliate(session, context.current_actor())
        now = clock.now()
        visits = problems.open_visits(session, affiliate.id, now=now)
        problem = problems.build(session, affiliate, visits, now=now)
        levels = list(affiliate.levels)
    asked = "measured" in request.args and any(visit.critical for visit in problem.visits)
    # No transaction waits for the solver.
    prices = level_orders.prices(problem) if asked else ()
    return render_template(
        "coordinator/order.html",
        levels=[(name, _(LEVEL_NAMES[name])) for name in levels],
        fill_is_first=levels.index("fill") < levels.index("critical"),
        other=",".join(level_orders.other_order(levels)),
        prices=prices,
        is_measurable=any(visit.critical for visit in problem.visits),
        open_count=len(problem.visits),
    )


@bp.post("/setup/order")
@requires("settings.change")
def change_order() -> ResponseReturnValue:
    """Take another order of the goals: all of them, each once. Twice is once."""
    actor, levels = context.current_actor(), request.form.get("levels", "").split(",")
    if sorted(levels) != sorted(LEVELS):
        raise RuleBroken(lazy("Name each goal once."))
    with context.transaction() as session:
        affiliate = access.own_affiliate(session, actor)
        service.change_settings(session, affiliate, {"levels": levels}, by=actor, now=clock.now())
    flash(_("The next search follows this order. Nothing that was proposed or promised changes."))
    return redirect(url_for("coordinator.order"), 303)
