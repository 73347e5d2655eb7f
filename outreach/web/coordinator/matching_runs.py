"""Finding speakers: for which visits, how far the search is, and what it changed."""

from dataclasses import dataclass
from datetime import datetime

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.actor import Actor
from outreach.directory.models import Hospital
from outreach.errors import Conflict
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import board
from outreach.reads import matching_runs as reads
from outreach.reads.matching_runs import Change
from outreach.visits import runs
from outreach.visits.models import MatchingRun, Visit
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import Form, RadioField, SelectField
from outreach.workflows import matching_runs as workflow
from outreach.workflows.selection import Selection

MOST_SHOWN = 100
"""Changes of one kind that a page shows."""


class ChooseForm(Form):
    """Which visits to find speakers for."""

    when = RadioField(
        lazy("Which open visits?"),
        choices=[
            ("", lazy("All of them")),
            ("2weeks", lazy("Those of the next 2 weeks")),
            ("4weeks", lazy("Those of the next 4 weeks")),
        ],
    )
    hospital = SelectField(lazy("Hospital"))


@dataclass(frozen=True, slots=True)
class Part:
    """Changes of one kind, and how many more there are than shown."""

    title: str
    rows: list[Change]
    more: int


@bp.get("/visits/proposals/new")
@requires("proposal.find")
def choose_visits() -> ResponseReturnValue:
    """Ask for which visits to find speakers."""
    actor = context.current_actor()
    with context.reading() as session:
        hospitals = board.hospitals(session, actor)
    when = request.args.get("when", "")
    form = ChooseForm(
        when=when if when in board.SPANS else "", hospital=request.args.get("hospital", "")
    )
    named = [(each.public_id, each.name) for each in hospitals]
    form.hospital.choices = [("", _("All hospitals")), *named]
    return render_template("coordinator/choose_visits.html", form=form)


@bp.post("/visits/proposals")
@requires("proposal.find")
def find_speakers() -> ResponseReturnValue:
    """Ask the worker to look for the best speakers, and lead to how far it is."""
    actor, now = context.current_actor(), clock.now()
    with context.transaction() as session:
        affiliate = access.own_affiliate(session, actor)
        selection = _selection(session, actor, now=now)
        try:
            run = workflow.ask(session, affiliate, selection=selection, by=actor, now=now)
        except Conflict as error:
            under_way = runs.under_way(session, affiliate.id)
            if under_way is None:
                raise
            run = under_way
            flash(_(error.message), "info")
    return redirect(url_for("coordinator.matching_run", run_id=run.public_id), 303)


@bp.get("/visits/proposals/runs/<run_id>")
@requires("proposal.find")
def matching_run(run_id: str) -> ResponseReturnValue:
    """Show how far a search is; when it is done, lead to what it found."""
    with context.reading() as session:
        run = _load(session, run_id)
        shown = reads.show(session, run, now=clock.now())
    if run.state in {"done", "stopped"}:
        return redirect(url_for("coordinator.proposals"), 303)
    return render_template("coordinator/matching_run.html", run=shown)


@bp.post("/visits/proposals/runs/<run_id>/stop")
@requires("proposal.find")
def stop_matching_run(run_id: str) -> ResponseReturnValue:
    """Stop a search and keep the best so far."""
    actor, now = context.current_actor(), clock.now()
    with context.transaction() as session:
        run = _load(session, run_id)
        workflow.stop(session, run, by=actor, now=now)
        session.refresh(run)
    if run.started_at is None:
        flash(_("The search had not begun and is taken back. Your proposals are as they were."))
        return redirect(url_for("coordinator.proposals"), 303)
    return redirect(url_for("coordinator.matching_run", run_id=run_id), 303)


@bp.get("/visits/proposals/runs/<run_id>/changes")
@requires("proposal.find")
def matching_changes(run_id: str) -> ResponseReturnValue:
    """Show what a search kept, what it changed, and why."""
    now = clock.now()
    with context.reading() as session:
        run = _load(session, run_id)
        zone = access.own_affiliate(session, context.current_actor()).time_zone
        shown, changes = reads.show(session, run, now=now), reads.changes(session, run, now=now)
    return render_template(
        "coordinator/matching_changes.html",
        run=shown,
        zone=zone,
        changed=_part(_("Somebody else"), [c for c in changes if c.before and c.after]),
        fresh=_part(_("Newly proposed"), [c for c in changes if not c.before]),
        gone=_part(_("Nobody any more"), [c for c in changes if not c.after]),
    )


def _part(title: str, rows: list[Change]) -> Part:
    return Part(title, rows[:MOST_SHOWN], max(0, len(rows) - MOST_SHOWN))


def _selection(session: Session, actor: Actor, *, now: datetime) -> Selection:
    """Read which visits are meant; what the form doesn't name narrows nothing."""
    sent = request.form
    span = board.SPANS.get(sent.get("when", ""))
    hospital_id, visit_id = sent.get("hospital", ""), sent.get("visit", "")
    hospital = visit = None
    if hospital_id:
        hospital = access.load(session, Hospital, hospital_id, actor=actor, action="proposal.find")
    if visit_id:
        visit = access.load(session, Visit, visit_id, actor=actor, action="proposal.find")
    return Selection(
        until=now + span if span else None,
        hospital_id=hospital.id if hospital else None,
        visit_id=visit.id if visit else None,
        only_missing=bool(sent.get("missing")),
    )


def _load(session: Session, run_id: str) -> MatchingRun:
    actor = context.current_actor()
    return access.load(session, MatchingRun, run_id, actor=actor, action="proposal.find")
