"""One visit: who fits, asking them, who comes, and changing or calling off the visit."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock, i18n
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy, ngettext
from outreach.reads import remedies, undo, visit_record, words
from outreach.reads import visit as reads
from outreach.reads.visit import Against, Person, VisitPage
from outreach.speakers.models import Speaker
from outreach.visits import rules
from outreach.visits.models import Assignment, Offer, Slot, Visit
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import Form, SelectField, required
from outreach.workflows import (
    asking,
    audiences,
    fit,
    offers,
    other_times,
    recipients,
    trouble,
    visits,
)
from outreach.workflows.audiences import Audience
from outreach.workflows.fit import Fit

SHOWN_CHOICES = 6
SHOWN_AGAINST = 8
MOST_FOLDED = 40
"""How many who don't fit may lie folded in the page; more are a page of their own."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who fits, with the reasons; the first line says so where they are proposed."""

    person: Person
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class FitView:
    """One open place and who fits it, as the page shows it."""

    slot_id: str
    title: str
    role: str
    candidates: Sequence[Candidate]
    more: Sequence[Candidate]
    order: str
    ask_all: str
    against: Sequence[Against]
    against_more: Sequence[Against]
    more_href: str
    close: int
    speakers: int


class PhonedYesForm(Form):
    """Who said yes on the telephone, for which place."""

    who = SelectField(lazy("Who said yes"), validators=[required(lazy("Choose who said yes."))])


@bp.get("/visits/<visit_id>")
@requires("visit.see")
def visit(visit_id: str) -> ResponseReturnValue:
    """Show one visit and who fits it."""
    now = clock.now()
    with context.reading() as session:
        row = _load(session, visit_id, "visit.see")
        page = reads.page(session, row, now=now)
        explainer = cache(partial(other_times.explainer, session, row, now=now))
        fits = fit.who_fits(session, row, now=now, explainer=explainer) if page.row.is_open else []
        nobody = any(not each.choices for each in fits)
        changes = other_times.what_would_fill(session, row, explainer(), now=now) if nobody else ()
        everyone = request.args.get("everyone", "")
        views = [_fit_view(session, each, page, everyone=everyone, now=now) for each in fits]
        is_past = page.row.is_over and not page.row.called_off
        record = visit_record.record(session, row) if is_past else None
        helping = remedies.of_visit(session, row, changes, hospital=page.row.hospital)
        time_asked = remedies.time_asked(session, row, now=now)
        undoable = undo.of_a_visit(session, row, now=now)
        mine = Audience(of=audiences.VISIT, visit_id=visit_id)
        to_write = audiences.everybody(session, mine, by=context.current_actor(), now=now)
        in_trouble = page.row.is_open and trouble.waits(session, row)
    return render_template(
        "coordinator/visit.html",
        page=page,
        fits=views,
        record=record,
        remedies=helping,
        time_asked=time_asked,
        undoable=undoable,
        trouble=in_trouble,
        to_write=len(to_write),
        now=now,
    )


@bp.post("/slots/<slot_id>/offers")
@requires("offer.make")
def ask_speaker(slot_id: str) -> ResponseReturnValue:
    """Ask one of those who fit."""
    actor = context.current_actor()
    with context.transaction() as session:
        slot = access.load(session, Slot, slot_id, actor=actor, action="offer.make")
        speaker = access.load(
            session, Speaker, request.form.get("speaker", ""), actor=actor, action="offer.make"
        )
        fit.ask(session, slot, speaker, by=actor, links=context.links(), now=clock.now())
        target, name = _of(session, slot.visit_id), speaker.first_name
    flash(_("%(name)s is being asked.", name=name))
    return redirect(target, 303)


@bp.post("/slots/<slot_id>/waves")
@requires("offer.make")
def ask_in_order(slot_id: str) -> ResponseReturnValue:
    """Begin to ask everyone who fits, in the order shown."""
    actor = context.current_actor()
    with context.transaction() as session:
        slot = access.load(session, Slot, slot_id, actor=actor, action="offer.make")
        made = fit.ask_in_order(session, slot, by=actor, links=context.links(), now=clock.now())
        known = reads.people(session, [offer.speaker_id for offer in made])
        asked = [known[offer.speaker_id].first_name for offer in made]
        target = _of(session, slot.visit_id)
    if asked:
        flash(
            ngettext(
                "%(names)s is being asked. The others follow if it must be.",
                "%(names)s are being asked. The others follow if it must be.",
                len(asked),
                names=words.names(asked),
            )
        )
    else:
        flash(_("Nobody could be asked: whoever fits was asked often enough this week."), "info")
    return redirect(target, 303)


@bp.post("/offers/<offer_id>/withdrawal")
@requires("offer.withdraw")
def withdraw_offer(offer_id: str) -> ResponseReturnValue:
    """Take one question back."""
    actor = context.current_actor()
    with context.transaction() as session:
        offer = access.load(session, Offer, offer_id, actor=actor, action="offer.withdraw")
        asking.withdraw(session, offer, by=actor, links=context.links(), now=clock.now())
        target = _of(session, offer.visit_id)
    flash(_("The question is taken back, and who was asked is told."))
    return redirect(target, 303)


@bp.post("/assignments/<assignment_id>/end")
@requires("assignment.end")
def step_back(assignment_id: str) -> ResponseReturnValue:
    """Record that a speaker can't come; the place is open again."""
    actor = context.current_actor()
    with context.transaction() as session:
        held = access.load(session, Assignment, assignment_id, actor=actor, action="assignment.end")
        offers.cannot_come(session, held, by=actor, links=context.links(), now=clock.now())
        target = _of(session, held.visit_id)
    flash(_("The place is open again, and others are being asked."))
    return redirect(target, 303)


@bp.post("/visits/<visit_id>/taking-on")
@requires("visit.see")
def take_on(visit_id: str) -> ResponseReturnValue:
    """Note that this coordinator sees to a place that opened late; nobody else is called."""
    actor = context.current_actor()
    with context.transaction() as session:
        trouble.take_on(session, _load(session, visit_id, "visit.see"), by=actor, now=clock.now())
    flash(_("Thank you. Nobody else is called about it."))
    return redirect(url_for("coordinator.visit", visit_id=visit_id), 303)


@bp.route("/visits/<visit_id>/phoned-yes", methods=["GET", "POST"])
@requires("offer.record_answer")
def phoned_yes(visit_id: str) -> ResponseReturnValue:
    """Record a yes heard on the telephone."""
    now, form = clock.now(), PhonedYesForm()
    with context.reading() as session:
        row = _load(session, visit_id, "offer.record_answer")
        page = reads.page(session, row, now=now)
        form.who.choices = [("", _("Choose a person")), *_who_may_say_yes(session, row, page, now)]
    if form.is_sent_and_right():
        try:
            return _record_yes(visit_id, *form.who.data.split("."), now=now)
        except RuleBroken as error:
            form.who.errors = [_(error.message, **error.values)]
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/phoned_yes.html", page=page, form=form), status


@bp.route("/visits/<visit_id>/calling-off", methods=["GET", "POST"])
@requires("visit.call_off")
def call_off(visit_id: str) -> ResponseReturnValue:
    """Ask once more, saying who is told; then call the visit off."""
    now, actor = clock.now(), context.current_actor()
    if request.method == "POST":
        with context.transaction() as session:
            row = _load(session, visit_id, "visit.call_off")
            visits.call_off(session, row, by=actor, links=context.links(), now=now)
        flash(_("The visit is called off, and everyone concerned is told."))
        return redirect(url_for("coordinator.visit", visit_id=visit_id), 303)
    with context.reading() as session:
        row = _load(session, visit_id, "visit.call_off")
        page = reads.page(session, row, now=now)
        ward = recipients.liaison(session, row)
    return render_template(
        "coordinator/call_off.html", page=page, told=_told(page), ward=ward.name if ward else ""
    )


def _load(session: Session, visit_id: str, action: str) -> Visit:
    return access.load(session, Visit, visit_id, actor=context.current_actor(), action=action)


def _of(session: Session, visit_pk: int) -> str:
    return url_for("coordinator.visit", visit_id=session.get_one(Visit, visit_pk).public_id)


def _told(page: VisitPage) -> list[str]:
    """Return who hears that the visit is called off: whoever comes, whoever is being asked."""
    coming = [place.person.name for place in page.places if place.person]
    asked = [asked.person.name for place in page.places for asked in place.asked]
    return list(dict.fromkeys([*coming, *asked]))


def _who_may_say_yes(
    session: Session, row: Visit, page: VisitPage, now: datetime
) -> list[tuple[str, str]]:
    """Return ("slot.speaker", words): who is being asked for a place, then who fits it."""
    found: list[tuple[str, str]] = [
        (f"{place.public_id}.{asked.person.public_id}", f"{asked.person.name} ({place.role})")
        for place in page.places
        for asked in place.asked
    ]
    for each in fit.who_could(session, row, now=now):
        known = reads.people(session, [choice.speaker_id for choice in each.choices])
        for choice in each.choices:
            who = known[choice.speaker_id]
            label = f"{who.name} ({words.role_name(each.slot.role)})"
            found.append((f"{each.slot.public_id}.{who.public_id}", label))
    return list(dict(found).items())


def _record_yes(
    visit_id: str, slot_id: str, speaker_id: str, *, now: datetime
) -> ResponseReturnValue:
    actor, action = context.current_actor(), "offer.record_answer"
    with context.transaction() as session:
        slot = access.load(session, Slot, slot_id, actor=actor, action=action)
        speaker = access.load(session, Speaker, speaker_id, actor=actor, action=action)
        offers.record_yes(session, slot, speaker=speaker, by=actor, links=context.links(), now=now)
        name = speaker.first_name
    flash(_("%(name)s comes. The invite is on its way.", name=name))
    return redirect(url_for("coordinator.visit", visit_id=visit_id), 303)


def _fit_view(
    session: Session, each: Fit, page: VisitPage, *, everyone: str, now: datetime
) -> FitView:
    """Word who fits; `everyone` is the slot of which all who don't fit are to be shown."""
    known = reads.people(session, [choice.speaker_id for choice in each.choices])
    proposed = each.proposal.speaker_id if each.proposal else None
    candidates = [
        Candidate(
            known[choice.speaker_id],
            [
                *([_("Proposed, not yet asked")] if choice.speaker_id == proposed else []),
                *words.reasons(choice.reasons, hospital=page.row.hospital),
            ],
        )
        for choice in each.choices
    ]
    against = reads.against(session, each.refusals, hospital=page.row.hospital)
    close = sum(a.comes_close for a in against)
    shown = len(against) if everyone == each.slot.public_id else min(SHOWN_AGAINST, close)
    return FitView(
        slot_id=each.slot.public_id,
        title=_fits_words(len(candidates), each.slot.role),
        role=words.role_name(each.slot.role),
        candidates=candidates[:SHOWN_CHOICES],
        more=candidates[SHOWN_CHOICES:],
        order=_order_words([c.person.first_name for c in candidates], page, now=now),
        ask_all=_ask_all_words(len(candidates)),
        against=against[:shown],
        against_more=against[shown:],
        more_href=_everyone(each.slot, page) if len(against) - shown > MOST_FOLDED else "",
        close=close,
        speakers=len(against) + len(candidates),
    )


def _everyone(slot: Slot, page: VisitPage) -> str:
    return url_for(
        "coordinator.visit",
        visit_id=page.row.public_id,
        everyone=slot.public_id,
        _anchor=f"others-{slot.public_id}",
    )


def _fits_words(count: int, role: str) -> str:
    name = words.role(role)
    if not count:
        return _("Nobody fits as %(role)s", role=name)
    return ngettext(
        "One person fits as %(role)s",
        "%(num)s people fit as %(role)s",
        count,
        role=name,
        num=words.capital(words.number(count)),
    )


def _ask_all_words(count: int) -> str:
    if count == 2:  # noqa: PLR2004 - both
        return _("Ask both, in this order")
    return _("Ask all %(count)s, in this order", count=words.number(count))


def _order_words(names: Sequence[str], page: VisitPage, *, now: datetime) -> str:
    """Say when each is asked; what the worker really does when nobody answers."""
    size = rules.wave(starts_at=page.row.starts_at, now=now).size
    first, later = names[:size], names[size:]
    if not first:
        return ""
    said = ngettext(
        "%(names)s is asked now.", "%(names)s are asked now.", len(first), names=words.names(first)
    )
    if later:
        until = rules.expiry(starts_at=page.row.starts_at, now=now)
        at = i18n.short_when(until, zone=page.row.zone)
        said += " " + _(
            "If the answer is “not this time”, or none has come by %(at)s, %(name)s is next.",
            at=at,
            name=later[0],
        )
    return said + " " + _("The first yes gets the visit.")
