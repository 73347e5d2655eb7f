"""The demo's phones and mailboxes: everything that left, and a phone one can answer with.

Registered only in a database that the demo made, which binds to loopback only.
"""

from flask import Blueprint, Response, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from outreach import clock, crypto
from outreach.i18n import lazy
from outreach.reads import demo as reads
from outreach.web import context
from outreach.web.forms import Form, TextField, required
from outreach.workflows import inbound

bp = Blueprint("demo", __name__, url_prefix="/demo")


class TextForm(Form):
    """A text somebody sends from a phone."""

    body = TextField(
        lazy("Answer by text"), longest=320, validators=[required(lazy("Write something first."))]
    )


@bp.get("/")
def home() -> ResponseReturnValue:
    """Show the phones and the mails, newest first."""
    with context.reading() as session:
        phones, mails = reads.phones(session), reads.mails(session)
    return render_template("demo/home.html", phones=phones, mails=mails)


@bp.get("/phones/<public_id>")
def phone(public_id: str) -> ResponseReturnValue:
    """Show a speaker's phone: what came, what was answered."""
    return _phone(public_id, TextForm())


@bp.post("/phones/<public_id>/texts")
def send_text(public_id: str) -> ResponseReturnValue:
    """Send a text as this speaker, through the path of the provider's webhook."""
    form = TextForm()
    if not form.is_sent_and_right():
        return _phone(public_id, form), 422
    with context.transaction() as session:
        inbound.receive_sms(
            session,
            provider_id=f"demo-{crypto.public_id()}",
            from_phone=reads.phone(session, public_id).number,
            body=form.body.data or "",
            links=context.links(),
            now=clock.now(),
        )
    return redirect(url_for("demo.phone", public_id=public_id), 303)


@bp.get("/mails/<public_id>")
def mail(public_id: str) -> ResponseReturnValue:
    """Show a mail as a reader would see it."""
    with context.reading() as session:
        shown = reads.mail(session, public_id)
    return render_template("demo/mail.html", mail=shown)


@bp.get("/mails/<public_id>/invite.ics")
def invite(public_id: str) -> ResponseReturnValue:
    """Give the calendar file of a mail."""
    with context.reading() as session:
        content = reads.calendar_file(session, public_id)
    return Response(content, mimetype="text/calendar")


def _phone(public_id: str, form: TextForm) -> str:
    with context.reading() as session:
        shown = reads.phone(session, public_id)
    return render_template("demo/phone.html", phone=shown, form=form)
