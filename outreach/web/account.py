"""One's own account: where one is signed in, and as what one acts."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import Unauthorized

from outreach import access, clock
from outreach.accounts import factors, sessions
from outreach.accounts.models import Account, WebSession
from outreach.accounts.rules import browser_name
from outreach.i18n import gettext as _
from outreach.reads import own_messages, places
from outreach.web import auth, context
from outreach.web.auth import requires
from outreach.web.coordinator import paging
from outreach.workflows import endings

bp = Blueprint("account", __name__, url_prefix="/account")


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One browser that is signed in."""

    public_id: str
    browser: str
    seen_at: datetime
    is_this_one: bool


@bp.get("")
@requires("self.see")
def show() -> ResponseReturnValue:
    """Show who is signed in, as what, and where. `next` is where another membership leads."""
    found = _me()
    with context.reading() as session:
        live = sessions.live(session, found.account_id, now=clock.now())
        rows = [
            SessionRow(
                row.public_id,
                browser_name(row.browser),
                row.seen_at,
                is_this_one=row.id == found.session_id,
            )
            for row in live
        ]
        roles = places.described(session, found.places)
        held = factors.held(session, found.account_id)
        morning_mail = session.get_one(Account, found.account_id).morning_mail
    active = next(role for role in roles if role.public_id == found.active.public_id)
    return render_template(
        "account/show.html",
        me=found,
        sessions=rows,
        roles=roles,
        active=active,
        held=held,
        morning_mail=morning_mail,
        wanted=auth.wanted(),
    )


@bp.get("/messages")
@requires("self.see")
def messages() -> ResponseReturnValue:
    """Show what was sent to whoever is signed in."""
    with context.reading() as session:
        page = own_messages.page(session, _me().actor, number=paging.number(), now=clock.now())
    return render_template("account/messages.html", page=page)


@bp.post("/morning-mail")
@requires("morning_mail.choose")
def choose_morning_mail() -> ResponseReturnValue:
    """Let the coordinators' morning mail come, or not."""
    me = _me()
    comes = request.form.get("comes") == "yes"
    with context.transaction() as session:
        endings.choose_morning_mail(
            session, me.account_id, comes=comes, by=me.actor, now=clock.now()
        )
    flash(
        _("The morning mail comes on days with news.")
        if comes
        else _("No more morning mails. What cannot wait comes in any case.")
    )
    return redirect(url_for("account.show"), 303)


@bp.post("/memberships/<membership_id>")
@requires("membership.choose", second_factor=False)
def choose_membership(membership_id: str) -> ResponseReturnValue:
    """Act under another of one's own memberships, on the page that was asked for or its home."""
    with context.transaction() as session:
        sessions.choose_membership(session, _me(), membership_id, now=clock.now())
    context.forget_signed_in()
    return redirect(auth.wanted() or auth.home(), 303)


@bp.post("/sessions/<session_id>/end")
@requires("session.end")
def end_session(session_id: str) -> ResponseReturnValue:
    """End one of one's own sessions."""
    actor = context.current_actor()
    with context.transaction() as session:
        row = access.load(session, WebSession, session_id, actor=actor, action="session.end")
        sessions.end(session, row.id, actor=actor, now=clock.now())
    flash(_("That browser is signed out."))
    return redirect(url_for("account.show"), 303)


@bp.post("/sessions/end-others")
@requires("session.end")
def end_other_sessions() -> ResponseReturnValue:
    """End every session but this one."""
    found = _me()
    with context.transaction() as session:
        sessions.end_all(
            session,
            found.account_id,
            actor=found.actor,
            but=found.session_id,
            now=clock.now(),
        )
    flash(_("Every other browser is signed out."))
    return redirect(url_for("account.show"), 303)


def _me() -> sessions.SignedIn:
    found = context.signed_in()
    if found is None:  # requires() has sent strangers away
        raise Unauthorized
    return found
