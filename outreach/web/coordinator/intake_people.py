"""The helpers of the own affiliate and of those it keeps, and which of them also speak."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.directory.models import Affiliate
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.referrals.models import IntakeHelper
from outreach.speakers.models import Speaker
from outreach.web import context, helper_list
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import Form, SelectField
from outreach.web.helper_list import HelperForm
from outreach.workflows.referrals import helping


class SpeaksForm(Form):
    """Which speaker a helper also is."""

    speaker = SelectField(lazy("Also visits hospitals as"))


@bp.get("/affiliates/<affiliate_id>/helpers")
@requires("helper.see")
def helpers(affiliate_id: str) -> ResponseReturnValue:
    """Show who helps at an affiliate, by a link and a PIN."""
    return _page(affiliate_id, HelperForm())


@bp.post("/affiliates/<affiliate_id>/helpers")
@requires("helper.change")
def add_helper(affiliate_id: str) -> ResponseReturnValue:
    """Add a helper."""
    form = HelperForm()
    return helper_list.add(
        form,
        lambda session: _affiliate(session, affiliate_id, "helper.change"),
        show=lambda: _page(affiliate_id, form),
        back=url_for("coordinator.helpers", affiliate_id=affiliate_id),
    )


@bp.post("/helpers/<helper_id>/pin/forget")
@requires("helper.change")
def forget_helpers_pin(helper_id: str) -> ResponseReturnValue:
    """Let a helper choose a new PIN."""
    return helper_list.forget_pin(helper_id, back=_list_of)


@bp.post("/helpers/<helper_id>/leave")
@requires("helper.change")
def let_helper_go(helper_id: str) -> ResponseReturnValue:
    """Say that a helper has left."""
    return helper_list.let_go(helper_id, back=_list_of)


@bp.post("/helpers/<helper_id>/return")
@requires("helper.change")
def let_helper_back(helper_id: str) -> ResponseReturnValue:
    """Let a helper who has left come in again."""
    return helper_list.let_back(helper_id, back=_list_of)


@bp.route("/helpers/<helper_id>/speaker", methods=["GET", "POST"])
@requires("helper.change")
def helper_speaks(helper_id: str) -> ResponseReturnValue:
    """Say which of the own speakers a helper also is: those hospitals' referrals stay closed."""
    actor = context.current_actor()
    with context.reading() as session:
        helper = helper_list.load(session, helper_id)
        own = session.scalars(access.scope(actor, Speaker)).all()
    if helper.speaker_id not in {None, *(each.id for each in own)}:
        # Another bureau's: who cannot see the speaker would undo the link without knowing of it.
        raise access.NotAllowed(action="helper.change", subject_kind=IntakeHelper.__tablename__)
    chosen = next((each.public_id for each in own if each.id == helper.speaker_id), "")
    form = SpeaksForm(speaker=chosen)
    by_name = sorted(own, key=lambda each: (each.first_name.lower(), each.last_name.lower()))
    form.speaker.choices = [
        ("", _("Nobody: they do not speak")),
        *((each.public_id, f"{each.first_name} {each.last_name}") for each in by_name),
    ]
    if form.is_sent_and_right():
        with context.transaction() as session:
            row = helper_list.load(session, helper_id)
            speaker = _speaker(session, form.speaker.data)
            helping.link(session, row, speaker, by=actor, now=clock.now())
            target = _list_of(row)
        flash(_("It counts from now on."))
        return redirect(target, 303)
    with context.reading() as session:
        back = _list_of(session.get_one(IntakeHelper, helper.id))
    page = render_template("coordinator/helper_speaks.html", form=form, helper=helper, back=back)
    return page, 422 if form.errors else 200


def _page(affiliate_id: str, form: HelperForm) -> str:
    with context.reading() as session:
        row = _affiliate(session, affiliate_id, "helper.see")
        lists = helper_list.lists(session, row)
    return render_template("coordinator/helpers.html", lists=lists, form=form, affiliate=row)


def _affiliate(session: Session, affiliate_id: str, action: str) -> Affiliate:
    actor = context.current_actor()
    return access.load(session, Affiliate, affiliate_id, actor=actor, action=action)


def _speaker(session: Session, speaker_id: str) -> Speaker | None:
    if not speaker_id:
        return None
    actor = context.current_actor()
    return access.load(session, Speaker, speaker_id, actor=actor, action="helper.change")


def _list_of(helper: IntakeHelper) -> str:
    with context.reading() as session:
        affiliate = session.get_one(Affiliate, helper.affiliate_id)
    return url_for("coordinator.helpers", affiliate_id=affiliate.public_id)
