"""Finding speakers for all open visits at once, and deciding about what was found."""

from flask import flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from outreach import access, clock, matching
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import ngettext
from outreach.reads import board, words
from outreach.reads import proposals as reads
from outreach.reads import visit as visit_reads
from outreach.visits.models import Proposal, Visit
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.workflows import problems
from outreach.workflows import proposals as workflow

TIME_LIMIT_S = 20.0
"""Long for a page, and far more than an affiliate's visits take (matching.md: about 0.3 s)."""

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
    return render_template(
        "coordinator/proposals.html",
        visits=visits,
        count=len(waiting),
        askable=sum(not found for found in against.values()),
        count_words=words.capital(words.number(len(waiting))),
        open_count=len(open_ids),
        without=without[:SHOWN_WITHOUT],
        more=max(0, len(without) - SHOWN_WITHOUT),
    )


@bp.post("/visits/proposals")
@requires("proposal.find")
def find_speakers() -> ResponseReturnValue:
    """Look for the best speakers for all open visits. No transaction waits for the solver."""
    actor, now = context.current_actor(), clock.now()
    with context.reading() as session:
        affiliate = access.own_affiliate(session, actor)
        problem = workflow.problem(session, affiliate, now=now)
    solution = matching.solve(problem, time_limit_s=TIME_LIMIT_S)
    with context.transaction() as session:
        affiliate = access.own_affiliate(session, actor)
        count = workflow.store(session, affiliate, solution, by=actor, now=now)
        asked = workflow.ask_by_itself(session, affiliate, by=actor, links=context.links(), now=now)
    if asked:
        flash(ngettext("%(num)s person is being asked.", "%(num)s people are being asked.", asked))
    elif count:
        flash(
            ngettext(
                "%(num)s proposal is ready for you to look at.",
                "%(num)s proposals are ready for you to look at.",
                count,
            )
        )
    else:
        flash(_("Nobody new fits the open visits right now."), "info")
    return redirect(url_for("coordinator.proposals"), 303)


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
