"""The inbox: what was referred to the affiliate, and whether it has room for more."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock, i18n
from outreach.directory import receiving
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import intake as reads
from outreach.reads.serving import CAPACITIES
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.forms import Form, RadioField, required
from outreach.web.intake.blueprint import bp


class CapacityForm(Form):
    """Whether the affiliate has room."""

    capacity = RadioField(
        lazy("Room for more people"),
        choices=list(CAPACITIES.items()),
        validators=[required(lazy("Choose one."))],
    )


@bp.get("")
@requires("referral.see")
def inbox() -> ResponseReturnValue:
    """Show the affiliate's referrals, or lead to the one whose number is asked for."""
    typed = request.args.get("number", "").strip()
    if typed:
        with context.reading() as session:
            found = reads.find(session, context.current_actor(), typed)
        if found is not None:
            return redirect(url_for("intake.item", referral_id=found), 303)
    return _page(typed=typed), 404 if typed else 200


@bp.post("/capacity")
@requires("capacity.change")
def set_capacity() -> ResponseReturnValue:
    """Say whether the affiliate has room."""
    form, actor = CapacityForm(), context.current_actor()
    if not form.is_sent_and_right():
        return _page(form), 422
    with context.transaction() as session:
        own = access.own_affiliate(session, actor)
        receiving.set_capacity(session, own, form.capacity.data, by=actor, now=clock.now())
    flash(_("Whoever refers sees it from now on."))
    return redirect(url_for("intake.inbox"), 303)


def _page(form: CapacityForm | None = None, *, typed: str = "") -> str:
    actor = context.current_actor()
    with context.reading() as session:
        own = access.own_affiliate(session, actor)
        found = reads.inbox(session, actor, now=clock.now())
    return render_template(
        "intake/inbox.html",
        inbox=found,
        affiliate=own.name,
        changed_at=own.capacity_changed_at,
        form=form or CapacityForm(capacity=own.capacity),
        typed=typed,
        zone=i18n.zone_name(found.zone),
    )
