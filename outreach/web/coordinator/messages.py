"""Messages that left, wait or went wrong, and texts we did not understand."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.errors import Conflict, RuleBroken
from outreach.i18n import gettext as _
from outreach.messaging.models import Broadcast, InboundMail, InboundMessage, Message
from outreach.reads import hospitals as places
from outreach.reads import outbox as reads
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator import paging, people
from outreach.web.coordinator.blueprint import bp
from outreach.workflows import calendar_replies, settling

CHANNELS = ("sms", "mail")


@bp.get("/messages")
@requires("message.see")
def messages() -> ResponseReturnValue:
    """Show the messages, by how far they got."""
    state, channel = request.args.get("state", ""), request.args.get("channel", "")
    state = state if state in reads.STATES else ""
    channel = channel if channel in CHANNELS else ""
    name, actor = people.searched(), context.current_actor()
    with context.reading() as session:
        note = _note(session)
        page = reads.page(
            session,
            actor,
            state=state,
            channel=channel,
            name=name,
            note=note,
            number=paging.number(),
        )
        waiting = len(reads.texts(session, actor)) + len(reads.mails(session, actor))
    return render_template(
        "coordinator/messages.html",
        page=page,
        pills=_pills(state, channel, name),
        name=name,
        state=state,
        channel=channel,
        note=note.public_id if note else "",
        texts=waiting,
        before=_url(state, channel, name, page=page.number - 1) if page.number > 1 else None,
        after=_url(state, channel, name, page=page.number + 1) if page.has_next else None,
    )


@bp.get("/messages/<message_id>")
@requires("message.see")
def message(message_id: str) -> ResponseReturnValue:
    """Show one message: what, to whom, how far it got, and what can be done."""
    actor = context.current_actor()
    with context.reading() as session:
        row = access.load(session, Message, message_id, actor=actor, action="message.see")
        details = reads.details(session, row, now=clock.now())
    return render_template("coordinator/message.html", details=details, row=details.row)


@bp.post("/messages/<message_id>/retry")
@requires("message.settle")
def retry_message(message_id: str) -> ResponseReturnValue:
    """Send a message once more."""
    actor = context.current_actor()
    try:
        with context.transaction() as session:
            row = access.load(session, Message, message_id, actor=actor, action="message.settle")
            settling.retry(session, row, by=actor, now=clock.now())
    except Conflict as error:
        flash(_(error.message, **error.values), "error")
    else:
        flash(_("It is sent once more."))
    return redirect(url_for("coordinator.message", message_id=message_id), 303)


@bp.post("/messages/<message_id>/dismissal")
@requires("message.settle")
def dismiss_message(message_id: str) -> ResponseReturnValue:
    """Take a message off the list of what needs somebody."""
    actor = context.current_actor()
    with context.transaction() as session:
        row = access.load(session, Message, message_id, actor=actor, action="message.settle")
        settling.dismiss(session, row, by=actor, now=clock.now())
    flash(_("The message is off your list."))
    return redirect(url_for("coordinator.today"), 303)


@bp.post("/messages/<message_id>/cancellation")
@requires("message.settle")
def cancel_message(message_id: str) -> ResponseReturnValue:
    """Take back a message that has not left."""
    actor = context.current_actor()
    try:
        with context.transaction() as session:
            row = access.load(session, Message, message_id, actor=actor, action="message.settle")
            settling.cancel(session, row, by=actor, now=clock.now())
    except Conflict as error:
        flash(_(error.message, **error.values), "error")
    else:
        flash(_("The message is taken back. It does not leave."))
    return redirect(url_for("coordinator.message", message_id=message_id), 303)


@bp.get("/messages/<message_id>/again")
@requires("message.settle")
def ask_to_send_again(message_id: str) -> ResponseReturnValue:
    """Ask whether a message that was sent is to be sent again, and say what that means."""
    actor, now = context.current_actor(), clock.now()
    with context.reading() as session:
        row = access.load(session, Message, message_id, actor=actor, action="message.settle")
        details = reads.details(session, row, now=now)
        try:
            copy, problem = settling.next_copy(session, row, now=now), ""
        except Conflict as error:
            copy, problem = 0, _(error.message, **error.values)
    return render_template(
        "coordinator/message_again.html", row=details.row, copy=copy, problem=problem
    )


@bp.post("/messages/<message_id>/again")
@requires("message.settle")
def send_message_again(message_id: str) -> ResponseReturnValue:
    """Send a message again that was sent."""
    actor = context.current_actor()
    given = request.form.get("copy", "")
    copy = int(given) if given.isascii() and given.isdecimal() and len(given) == 1 else 0
    try:
        with context.transaction() as session:
            row = access.load(session, Message, message_id, actor=actor, action="message.settle")
            settling.send_again(session, row, copy=copy, by=actor, now=clock.now())
    except Conflict as error:
        flash(_(error.message, **error.values), "error")
    else:
        flash(_("A second copy is on its way. It stands on the list of messages."))
    return redirect(url_for("coordinator.message", message_id=message_id), 303)


@bp.get("/messages/texts")
@requires("message.see")
def texts() -> ResponseReturnValue:
    """Show the texts and mails that nobody understood, to be read by a person."""
    actor = context.current_actor()
    with context.reading() as session:
        rows, mails = reads.texts(session, actor), reads.mails(session, actor)
        zone = places.affiliate(session, actor).time_zone
    return render_template("coordinator/texts.html", rows=rows, mails=mails, zone=zone)


@bp.post("/messages/texts/<text_id>/settled")
@requires("message.settle")
def settle_text(text_id: str) -> ResponseReturnValue:
    """Note that a text was dealt with."""
    actor = context.current_actor()
    with context.transaction() as session:
        row = access.load(session, InboundMessage, text_id, actor=actor, action="message.settle")
        settling.settle_text(session, row, by=actor, now=clock.now())
    flash(_("The text is settled."))
    return redirect(url_for("coordinator.texts"), 303)


@bp.post("/messages/mails/<mail_id>/settled")
@requires("message.settle")
def settle_mail(mail_id: str) -> ResponseReturnValue:
    """Note that a mail was dealt with."""
    actor = context.current_actor()
    with context.transaction() as session:
        row = access.load(session, InboundMail, mail_id, actor=actor, action="message.settle")
        calendar_replies.settle(session, row, by=actor, now=clock.now())
    flash(_("The mail is settled."))
    return redirect(url_for("coordinator.texts"), 303)


@bp.post("/messages/mails/<mail_id>/time")
@requires("message.settle")
def take_calendar_time(mail_id: str) -> ResponseReturnValue:
    """Follow the time that a calendar proposed: move the visit, or ask the unit."""
    actor = context.current_actor()
    try:
        with context.transaction() as session:
            row = access.load(session, InboundMail, mail_id, actor=actor, action="message.settle")
            has_moved = calendar_replies.take_time(
                session, row, by=actor, links=context.links(), now=clock.now()
            )
    except (Conflict, RuleBroken) as error:
        flash(_(error.message, **error.values), "error")
    else:
        moved = _("The visit has moved. Everybody concerned hears of it.")
        flash(
            moved
            if has_moved
            else _("The unit is asked by mail. Until they say yes the visit keeps its time.")
        )
    return redirect(url_for("coordinator.texts"), 303)


@bp.post("/messages/<message_id>/address")
@requires("message.settle")
def address_works(message_id: str) -> ResponseReturnValue:
    """Note that the address of a message takes mail again."""
    actor = context.current_actor()
    with context.transaction() as session:
        row = access.load(session, Message, message_id, actor=actor, action="message.settle")
        settling.address_works(session, row, by=actor, now=clock.now())
    flash(_("Mails go to this address again."))
    return redirect(url_for("coordinator.message", message_id=message_id), 303)


def _pills(state: str, channel: str, name: str) -> list[dict[str, Any]]:
    labels = {
        "trouble": _("Went wrong"),
        "waiting": _("Waiting to leave"),
        "sent": _("Sent"),
        "delivered": _("Delivered"),
        "failed": _("Failed"),
        "unknown": _("Unknown"),
        "off": _("Taken back"),
    }
    found = [
        {
            "label": label,
            "on": state == each,
            "href": _url("" if state == each else each, channel, name),
        }
        for each, label in labels.items()
    ]
    for each, label in {"sms": _("Texts"), "mail": _("Mails")}.items():
        on = channel == each
        found.append({"label": label, "on": on, "href": _url(state, "" if on else each, name)})
    return found


def _note(session: Session) -> Broadcast | None:
    """Return the note whose messages alone are asked for."""
    asked = request.args.get("note")
    if not asked:
        return None
    actor = context.current_actor()
    return access.load(session, Broadcast, asked, actor=actor, action="note.see")


def _url(state: str, channel: str, name: str, **more: Any) -> str:  # noqa: ANN401 - as url_for
    chosen: dict[str, Any] = {
        "state": state or None,
        "channel": channel or None,
        "q": name or None,
        "note": request.args.get("note") or None,
    }
    return url_for("coordinator.messages", **chosen, **more)
