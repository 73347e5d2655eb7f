"""The affiliate's helpers, kept by its own accounts."""

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from outreach import access
from outreach.web import context, helper_list
from outreach.web.auth import requires
from outreach.web.helper_list import HelperForm
from outreach.web.intake.blueprint import bp


@bp.get("/helpers")
@requires("helper.see")
def helpers() -> ResponseReturnValue:
    """Show who helps here, by a link and a PIN."""
    return _page(HelperForm())


@bp.post("/helpers")
@requires("helper.change")
def add_helper() -> ResponseReturnValue:
    """Add a helper."""
    form, actor = HelperForm(), context.current_actor()
    return helper_list.add(
        form,
        lambda session: access.own_affiliate(session, actor),
        show=lambda: _page(form),
        back=url_for("intake.helpers"),
    )


@bp.post("/helpers/<helper_id>/pin/forget")
@requires("helper.change")
def forget_pin(helper_id: str) -> ResponseReturnValue:
    """Let a helper choose a new PIN."""
    return helper_list.forget_pin(helper_id, back=lambda _helper: url_for("intake.helpers"))


@bp.post("/helpers/<helper_id>/leave")
@requires("helper.change")
def let_go(helper_id: str) -> ResponseReturnValue:
    """Say that a helper has left."""
    return helper_list.let_go(helper_id, back=lambda _helper: url_for("intake.helpers"))


@bp.post("/helpers/<helper_id>/return")
@requires("helper.change")
def let_back(helper_id: str) -> ResponseReturnValue:
    """Let a helper who has left come in again."""
    return helper_list.let_back(helper_id, back=lambda _helper: url_for("intake.helpers"))


def _page(form: HelperForm) -> str:
    with context.reading() as session:
        own = access.own_affiliate(session, context.current_actor())
        lists = helper_list.lists(session, own)
    return render_template("intake/helpers.html", lists=lists, form=form)
