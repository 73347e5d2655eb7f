"""Deciding about the speakers that were found."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from outreach import access, clock
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import ngettext
from outreach.reads import board, words
from outreach.reads import matching_runs as run_reads
from outreach.reads import proposals as reads
from outreach.reads import visit as visit_reads
from outreach.visits import runs
from outreach.visits.models import Proposal, Visit
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.workflows import problems
from outreach.workflows import proposals as workflow

SHOWN_WITHOUT = 20


@bp.get("/visits/proposals")
@requires("proposal.approve")
def proposals() -> ResponseReturnValue:
    """Show whom the engine proposes, visit by visit, and the visits it found nobody for."""
    actor, now = context.current_actor(), clock.now()
    with context.reading() as session:
        affiliate = access.own_affiliate(session, actor)
        waiting = workflow.waiting(session, affiliate.id, now=now)
        against = workflow.objections(session, affiliate, waiting, together=False, now=now)
        visits = reads.by_visit(session, waiting, objections=against, now=now)
        open_ids = [v.id for v in problems.open_visits(session, affiliate.id, now=now)]
        wanted = select(Visit).where(Visit.id.in_(open_ids)).order_by(Visit.starts_at, Visit.id)
        without = [r for r in board.rows(session, wanted, now=now) if not r.asked + r.proposed]
        newest, last = runs.newest(session, affiliate.id), runs.last(session, affiliate.id)
        unfit = [each for each in waiting if workflow.is_unfit(against[each.id])]
        whole = runs.last(session, affiliate.id, whole=True)
        since = run_reads.since(session, whole, unfit=unfit, now=now) if whole else None
        shown = run_reads.show(session, last, now=now) if last else None
    return render_template(
        "coordinator/proposals.html",
        visits=visits,
        count=len(waiting),
        askable=sum(not found for found in against.values()),
        count_words=words.capital(words.number(len(waiting))),
        open_count=len(open_ids),
        without=without[:SHOWN_WITHOUT],
        more=max(0, len(without) - SHOWN_WITHOUT),
        under_way=newest.public_id if newest and newest.state in runs.LIVE else None,
        broken=newest.public_id if newest and newest.state == "failed" else None,
        last=shown,
        since=since,
        zone=affiliate.time_zone,
    )


@bp.post("/visits/proposals/approvals")
@requires("proposal.approve")
def approve_all() -> ResponseReturnValue:
    """Ask everyone who is proposed."""
    actor = context.current_actor()
    with context.transaction() as session:
        affiliate = access.own_affiliate(session, actor)
        count = workflow.approve_all(
            session, affiliate, by=actor, links=context.links(), now=clock.now()
        )
        left = len(workflow.waiting(session, affiliate.id, now=clock.now()))
    if count:
        flash(ngettext("%(num)s person is being asked.", "%(num)s people are being asked.", count))
    if left:
        flash(
            ngettext(
                "%(num)s proposal stays here: what stands in the way is said beside it.",
                "%(num)s proposals stay here: what stands in the way is said beside each.",
                left,
            ),
            "info",
        )
    elif not count:
        flash(_("There was nobody left to ask."), "info")
    return redirect(url_for("coordinator.proposals"), 303)


@bp.post("/visits/proposals/<proposal_id>/approval")
@requires("proposal.approve")
def approve(proposal_id: str) -> ResponseReturnValue:
    """Ask one proposed speaker."""
    actor = context.current_actor()
    with context.transaction() as session:
        proposal = access.load(
            session, Proposal, proposal_id, actor=actor, action="proposal.approve"
        )
        name = visit_reads.people(session, [proposal.speaker_id])[proposal.speaker_id].first_name
        try:
            workflow.approve(session, proposal, by=actor, links=context.links(), now=clock.now())
        except RuleBroken as error:
            flash(_(error.message, **error.values), "error")
        else:
            flash(_("%(name)s is being asked.", name=name))
    return redirect(url_for("coordinator.proposals"), 303)


@bp.post("/visits/proposals/<proposal_id>/drop")
@requires("proposal.drop")
def drop(proposal_id: str) -> ResponseReturnValue:
    """Put one proposal aside; nobody is told."""
    actor = context.current_actor()
    with context.transaction() as session:
        proposal = access.load(session, Proposal, proposal_id, actor=actor, action="proposal.drop")
        workflow.drop(session, proposal, by=actor, now=clock.now())
    flash(_("The proposal is put aside. Nobody was told."))
    return redirect(url_for("coordinator.proposals"), 303)
