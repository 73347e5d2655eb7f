"""Putting a name or contact of a referral right: one page for liaisons and for coordinators."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import wtforms
from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import clock, phone
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import referral_words
from outreach.referrals.codes import Field, State
from outreach.referrals.models import Referral
from outreach.web import contacts, context
from outreach.web.forms import BooleanField, Form, TextField
from outreach.workflows.referrals import correcting, opening
from outreach.workflows.referrals.authorizing import LONGEST_NAME
from outreach.workflows.referrals.correcting import Correction

ACTION = "referral.correct"

Load = Callable[[Session], Referral]


class CorrectionForm(Form):
    """The name and the contact points, as they are written down now."""

    version = wtforms.HiddenField()
    name = TextField(lazy("Name, as the person wants to be called"), longest=LONGEST_NAME)
    contact_1 = TextField(lazy("Telephone or e-mail address"))
    contact_1_text = BooleanField(lazy("Texts are safe there"))
    contact_1_voicemail = BooleanField(lazy("Voicemail is safe there"))
    contact_1_hours = TextField(lazy("Good hours"), longest=80)
    contact_2 = TextField(lazy("A second telephone or e-mail address"))
    contact_2_text = BooleanField(lazy("Texts are safe there"))
    contact_2_voicemail = BooleanField(lazy("Voicemail is safe there"))
    contact_2_hours = TextField(lazy("Good hours"), longest=80)

    def leave_contacts(self) -> None:
        """Take the fields away of what the authorization does not let out."""
        for name in [field.name for field in self if field.name.startswith("contact_")]:
            del self[name]

    @property
    def seen(self) -> int:
        """The version of the page; one that cannot be read fits none."""
        given = self.version.data or ""
        return int(given) if given.isascii() and given.isdecimal() and len(given) < 10 else -1  # noqa: PLR2004 - more figures are no version

    def said(self) -> Correction:
        """Return what was typed."""
        if "contact_1" not in self:
            return Correction(name=self.name.data or "")
        return Correction(name=self.name.data or "", contacts=contacts.typed(self))


def ask(load: Load, *, back: str) -> ResponseReturnValue:
    """Show what is written down, to be put right; that it was opened is written down.

    On the list of what a GET may write: the reading, in its own short transaction.
    """
    actor, now, desk = context.current_actor(), clock.now(), context.desk()
    with context.reading() as session:
        row = load(session)
        can_be = correcting.is_possible(session, row, now=now)
        person = opening.person(session, row, by=actor, desk=desk, now=now) if can_be else None
    if person is None:
        return redirect(back, 303)
    with context.transaction() as session:
        opening.note(session, load(session), by=actor, via="page", now=now)
    form = CorrectionForm(version=row.version, **_known(person))
    if Field.CONTACTS not in person:
        form.leave_contacts()
    return _page(form, row, back=back), 200


def take(
    load: Load, *, back: str, moved_on: Callable[[Conflict], ResponseReturnValue]
) -> ResponseReturnValue:
    """Take a correction; where the referral moved on, show how it stands."""
    form = CorrectionForm()
    with context.reading() as session:
        row = load(session)
        if not correcting.shows_contacts(session, row):
            form.leave_contacts()
    is_right = form.is_sent_and_right()
    wrong = correcting.problems(form.said())
    for error in wrong:
        form.refuse(error)
    if wrong or not is_right:
        return _page(form, row, back=back), 422
    try:
        with context.transaction() as session:
            is_new = correcting.correct(
                session,
                load(session),
                form.said(),
                version=form.seen,
                by=context.current_actor(),
                desk=context.desk(),
                now=clock.now(),
            )
    except RuleBroken as error:
        form.refuse(error)
        return _page(form, row, back=back), error.status
    except Conflict as error:
        return moved_on(error)
    _say(row, is_new=is_new)
    return redirect(back, 303)


def _say(row: Referral, *, is_new: bool) -> None:
    if not is_new:
        flash(_("It says that already. Nothing was changed."), "info")
    elif row.state == State.READY:
        flash(_("It is corrected. Nothing was sent yet."))
    else:
        flash(
            _(
                "It is corrected. The affiliate is told that the item has changed; if it receives"
                " by telephone, the coordinator is told to call."
            )
        )


def _known(person: Mapping[str, Any]) -> dict[str, object]:
    found: dict[str, object] = {"name": person[Field.NAME]}
    points: Sequence[Mapping[str, Any]] = person.get(Field.CONTACTS, ())
    for place, point in enumerate(points, 1):
        is_phone = point["kind"] == "phone"
        found |= {
            f"contact_{place}": phone.display(point["value"]) if is_phone else point["value"],
            f"contact_{place}_text": point["safe_to_text"],
            f"contact_{place}_voicemail": point["safe_to_voicemail"],
            f"contact_{place}_hours": point["hours"],
        }
    return found


def _page(form: CorrectionForm, row: Referral, *, back: str) -> str:
    return render_template(
        "correcting/person.html",
        form=form,
        number=referral_words.written(row.number),
        is_sent=row.sent_at is not None,
        back=back,
        problem=request.method == "POST",
    )
