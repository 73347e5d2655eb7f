"""Why not somebody else: what stands in the way, or what it would cost, and proposing them."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.i18n import gettext as _
from outreach.matching import WhatIf
from outreach.reads import another as reads
from outreach.reads import visit as visit_reads
from outreach.reads import words
from outreach.speakers.models import Speaker
from outreach.visits.models import Slot, Visit
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.workflows import another


@bp.get("/visits/slots/<slot_id>/someone-else")
@requires("proposal.choose")
def someone_else(slot_id: str) -> ResponseReturnValue:
    """Choose anybody of the affiliate; for a chosen one say what it would mean. Changes nothing."""
    now, who = clock.now(), request.args.get("who", "")
    found = None
    if who:
        with context.reading() as session:
            speaker = _speaker(session, who)
            slot = _slot(session, slot_id)
            asked = another.question(session, slot, speaker, now=now)
        # No transaction waits for the solver.
        found = another.answer(asked)
    with context.reading() as session:
        slot = _slot(session, slot_id)
        visit = session.get_one(Visit, slot.visit_id)
        page = visit_reads.page(session, visit, now=now)
        waiting = another.proposed(session, slot)
        return render_template(
            "coordinator/someone_else.html",
            page=page,
            slot_id=slot_id,
            role=words.role(slot.role),
            is_free=page.row.is_open,
            people=[(each.public_id, _name(each)) for each in another.choices(session, visit)],
            proposed=_name(session.get_one(Speaker, waiting.speaker_id)) if waiting else "",
            who=visit_reads.person(_speaker(session, who)) if who else None,
            against=_against(session, who, found, page) if found else None,
            cost=reads.cost(session, found, visit_id=visit.public_id)
            if found and found.is_possible
            else None,
        )


@bp.post("/slots/<slot_id>/proposal")
@requires("proposal.choose")
def propose(slot_id: str) -> ResponseReturnValue:
    """Propose somebody in place of whoever is; nobody is asked yet."""
    actor = context.current_actor()
    with context.transaction() as session:
        slot = _slot(session, slot_id)
        speaker = _speaker(session, request.form.get("speaker", ""))
        another.propose(session, slot, speaker, by=actor, now=clock.now())
        name, visit_id = speaker.first_name, session.get_one(Visit, slot.visit_id).public_id
    flash(_("%(name)s is proposed now. Nobody has been asked yet.", name=name))
    return redirect(url_for("coordinator.visit", visit_id=visit_id), 303)


def _slot(session: Session, slot_id: str) -> Slot:
    actor = context.current_actor()
    return access.load(session, Slot, slot_id, actor=actor, action="proposal.choose")


def _speaker(session: Session, speaker_id: str) -> Speaker:
    actor = context.current_actor()
    return access.load(session, Speaker, speaker_id, actor=actor, action="proposal.choose")


def _name(speaker: Speaker) -> str:
    return f"{speaker.first_name} {speaker.last_name}"


def _against(
    session: Session, who: str, found: WhatIf, page: visit_reads.VisitPage
) -> visit_reads.Against | None:
    refused = {_speaker(session, who).id: found.refusals}
    rows = visit_reads.against(session, refused, hospital=page.row.hospital)
    return rows[0] if rows else None
