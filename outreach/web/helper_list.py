"""An affiliate's helpers as a page: shared by its accounts and by the coordinator who keeps it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock, i18n
from outreach.directory.models import Affiliate
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads.words import Status
from outreach.referrals.models import IntakeHelper
from outreach.web import context
from outreach.web.forms import Form, TextField, required
from outreach.workflows.referrals import helping


class HelperForm(Form):
    """A new helper."""

    name = TextField(
        lazy("Name of the helper"), longest=60, validators=[required(lazy("Enter the name."))]
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A helper on the list. `pin_set` says when the PIN was set; "" without one."""

    public_id: str
    name: str
    status: Status
    pin_set: str
    also_speaks: bool


@dataclass(frozen=True, slots=True)
class Lists:
    """The helpers who are there, and those who have left: public id and name."""

    there: Sequence[Row]
    left: Sequence[tuple[str, str]]


def lists(session: Session, affiliate: Affiliate) -> Lists:
    """Return the helpers of an affiliate as its pages show them."""
    there = [
        Row(
            each.public_id,
            each.name,
            _status(each),
            _pin_set(each, zone=affiliate.time_zone),
            each.speaker_id is not None,
        )
        for each in helping.helpers(session, affiliate.id)
    ]
    left = helping.helpers(session, affiliate.id, have_left=True)
    return Lists(there, [(each.public_id, each.name) for each in left])


def add(
    form: HelperForm,
    own: Callable[[Session], Affiliate],
    *,
    show: Callable[[], str],
    back: str,
) -> ResponseReturnValue:
    """Add a helper, or show what stands against it."""
    if form.is_sent_and_right():
        try:
            with context.transaction() as session:
                helping.add_helper(
                    session,
                    own(session),
                    name=form.name.data or "",
                    speaker_id=None,
                    by=context.current_actor(),
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The helper is added, and chooses a PIN when they first come in."))
            return redirect(back, 303)
    return show(), 422


def forget_pin(helper_id: str, *, back: Callable[[IntakeHelper], str]) -> ResponseReturnValue:
    """Let a helper choose a new PIN."""
    said = _("They choose a new PIN when they come in the next time.")
    return _change(helper_id, helping.forget_pin, said, back=back)


def let_go(helper_id: str, *, back: Callable[[IntakeHelper], str]) -> ResponseReturnValue:
    """Say that a helper has left."""
    said = _("They open nothing any more. What they did stays on record.")
    return _change(helper_id, helping.let_go, said, back=back)


def let_back(helper_id: str, *, back: Callable[[IntakeHelper], str]) -> ResponseReturnValue:
    """Let a helper who has left come in again."""
    said = _("They can come in again, and choose a new PIN when they do.")
    return _change(helper_id, helping.let_back, said, back=back)


def load(session: Session, helper_id: str) -> IntakeHelper:
    """Return a helper that who asks may change."""
    actor = context.current_actor()
    return access.load(session, IntakeHelper, helper_id, actor=actor, action="helper.change")


def _change(
    helper_id: str,
    act: Callable[..., None],
    said: str,
    *,
    back: Callable[[IntakeHelper], str],
) -> ResponseReturnValue:
    given: dict[str, Any] = {"by": context.current_actor(), "now": clock.now()}
    with context.transaction() as session:
        helper = load(session, helper_id)
        act(session, helper, **given)
        target = back(helper)
    flash(said)
    return redirect(target, 303)


def _pin_set(helper: IntakeHelper, *, zone: str) -> str:
    if helper.pin_set_at is None:
        return ""
    return _("PIN set on %(when)s", when=i18n.when(helper.pin_set_at, zone=zone))


def _status(helper: IntakeHelper) -> Status:
    if helper.locked_at is not None:
        return Status("needs", _("The PIN is locked"))
    if helper.pin_hash is None:
        return Status("waiting", _("Chooses a PIN when they first come in"))
    return Status("settled", _("Has a PIN"))
