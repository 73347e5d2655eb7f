"""One referral, and the page for the call. Opening either is written down, with who opened it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from sqlalchemy.orm import Session

from outreach import access, clock, i18n
from outreach.actor import Actor, Kind
from outreach.i18n import gettext as _
from outreach.reads import intake as reads
from outreach.reads import intake_person, referral_words
from outreach.reads.intake import Item
from outreach.reads.intake_person import PersonView
from outreach.referrals.codes import Channel, Result
from outreach.referrals.models import Referral
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.intake.blueprint import bp
from outreach.web.intake.forms import NoteForm, new_key
from outreach.workflows.referrals import facts, minding, opening, working
from outreach.workflows.referrals.minding import ShiftNote


@dataclass(frozen=True, slots=True)
class Tried:
    """One try to reach the person, in words."""

    at: datetime
    words: str
    who: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A referral as its page shows it. Without `person`, nothing that was sealed is here."""

    item: Item
    affiliate: str
    person: PersonView | None
    tries: Sequence[Tried]
    notes: Sequence[tuple[str, ShiftNote]]


@bp.get("/referrals/<referral_id>")
@requires("referral.see")
def item(referral_id: str) -> ResponseReturnValue:
    """Show a referral."""
    return page(referral_id)


@bp.get("/referrals/<referral_id>/call")
@requires("referral.see")
def call(referral_id: str) -> ResponseReturnValue:
    """Show what to say on the telephone, to read beside it or to print."""
    found = opened(referral_id)
    if found.person is None:
        return redirect(url_for("intake.item", referral_id=referral_id), 303)
    spoken = found.person.language if found.person.language in i18n.LOCALES else i18n.locale()
    with i18n.speaking(spoken):
        said = render_template(
            "intake/_script.html",
            person=found.person,
            affiliate=found.affiliate,
        )
    return render_template("intake/call.html", found=found, script=Markup(said), spoken=spoken)  # noqa: S704 - a template of ours, escaped there


def page(
    referral_id: str,
    *,
    form: NoteForm | None = None,
    problem: str = "",
    status: int = 200,
) -> tuple[str, int]:
    """Return a referral's page, with what stands against what was just tried."""
    found = opened(referral_id)
    return render_template(
        "intake/item.html",
        found=found,
        item=found.item,
        person=found.person,
        form=form or NoteForm(),
        problem_words=problem,
        request_key=new_key(),
        zone=i18n.zone_name(found.item.zone),
    ), status


def opened(referral_id: str) -> Opened:
    """Open a referral for who asks, and write down that it was opened."""
    actor, now = context.current_actor(), clock.now()
    with context.reading() as session:
        referral = load(session, referral_id, "referral.see")
        found = _gathered(session, referral, actor, now=now)
    if found.person is not None:
        # On the list of what a GET may write, in its own transaction.
        with context.transaction() as session:
            via = "link" if actor.kind is Kind.HELPER else "page"
            opening.note(session, referral, by=actor, via=via, now=now)
    return found


def load(session: Session, referral_id: str, action: str) -> Referral:
    """Return a referral that was sent to the affiliate of who asks."""
    actor = context.current_actor()
    return access.load(session, Referral, referral_id, actor=actor, action=action)


def _gathered(session: Session, referral: Referral, actor: Actor, *, now: datetime) -> Opened:
    shown = reads.item(session, referral, actor, now=now)
    own = access.own_affiliate(session, actor)
    person = _person(session, referral, actor, now=now)
    attempts = working.attempts(session, referral)
    notes = minding.notes(session, referral, desk=context.desk()) if person else []
    labels = [row.actor for row in attempts] + [note.actor for note in notes]
    known = reads.names(session, labels)
    key = referral.data_key_id or ""
    return Opened(
        item=shown,
        affiliate=own.name,
        person=person,
        tries=[
            Tried(
                row.at,
                _tried(row.channel, row.result),
                row.reported_by or known[row.actor],
                working.note_of(row, data_key_id=key, desk=context.desk()) if person else "",
            )
            for row in attempts
        ],
        notes=[(known[note.actor], note) for note in notes],
    )


def _person(
    session: Session, referral: Referral, actor: Actor, *, now: datetime
) -> PersonView | None:
    """Return the person while the referral is open and the authorization stands."""
    authorization = facts.authorization_of(session, referral)
    if authorization is None:
        return None
    snapshot: Mapping[str, Any] | None = opening.person(
        session, referral, by=actor, desk=context.desk(), now=now
    )
    return intake_person.view(snapshot, authorization) if snapshot is not None else None


def _tried(channel: str, result: str) -> str:
    said = _(referral_words.RESULTS[Result(result)])
    if result in {Result.THEY_CALLED, Result.CAME_TO_GROUP, Result.IN_PERSON}:
        return said
    return _("%(how)s: %(what)s", how=_(referral_words.CHANNELS[Channel(channel)]), what=said)
