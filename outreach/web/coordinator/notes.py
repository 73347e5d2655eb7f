"""Notes to many: written, looked at, sent; and those that were."""

import re
from typing import Any, Final, Protocol, cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock, crypto, i18n
from outreach.errors import Conflict, NotFound, RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy, ngettext
from outreach.messaging import kinds, own_words
from outreach.messaging import notes as rules
from outreach.messaging.models import Broadcast
from outreach.reads import board, words
from outreach.reads import broadcasts as reads
from outreach.reads import hospitals as places
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator import paging, people
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import BooleanField, Form, LongTextField, RadioField, required
from outreach.workflows import audiences, drafts
from outreach.workflows import broadcasts as workflow
from outreach.workflows.audiences import Audience
from outreach.workflows.delivery import Post
from outreach.workflows.drafts import Draft, Look

NO_SUCH_LIST = lazy("There is no such list of people.")
KEY: Final = re.compile(r"[\w-]{20,64}", re.ASCII)
"""What a form's own key looks like; another one is answered with a new form."""


class Posting(context.Wired, Protocol):
    """What `outreach.wiring` builds, as far as previews use it."""

    @property
    def post(self) -> Post:
        """What renders messages."""
        ...


class NoteForm(Form):
    """A note, and the way it goes."""

    whom = RadioField(
        lazy("To whom"),
        choices=list(audiences.WHOM.items()),
        default="everyone",
        validators=[required(lazy("Choose one."))],
    )
    text = LongTextField(lazy("Your note"), longest=2 * rules.LONGEST)
    text_es = LongTextField(lazy("The same in Spanish"), longest=2 * rules.LONGEST)
    way = RadioField(
        lazy("Which way"),
        choices=[
            ("mail", lazy("Mail to everybody")),
            ("sms", lazy("A text to those who agreed to texts, mail to the others")),
        ],
        default="mail",
        validators=[required(lazy("Choose one."))],
    )
    about_visits = BooleanField(lazy("What I write is about visits"))


@bp.get("/messages/notes")
@requires("note.see")
def notes() -> ResponseReturnValue:
    """Show the notes that were sent."""
    actor = context.current_actor()
    with context.reading() as session:
        page = reads.page(session, actor, number=paging.number())
        zone = places.affiliate(session, actor).time_zone
    return render_template(
        "coordinator/notes.html",
        page=page,
        zone=zone,
        before=url_for("coordinator.notes", page=page.number - 1) if page.number > 1 else None,
        after=url_for("coordinator.notes", page=page.number + 1) if page.has_next else None,
    )


@bp.route("/messages/notes/new", methods=["GET", "POST"])
@requires("note.write")
def write_note() -> ResponseReturnValue:
    """Write a note to the people of a list; then show what would leave. Sends nothing."""
    form = NoteForm()
    with context.reading() as session:
        audience = _audience(session, form)
        if not (form.is_sent_and_right() and _key()):
            return _form(session, form, audience)
        look = _look(session, audience, form)
        if look.problems:
            return _refused(session, form, audience, look)
    return _preview(form, audience, look)


@bp.post("/messages/notes")
@requires("note.write")
def send_note() -> ResponseReturnValue:
    """Send a note as it was shown; where something has changed since, show it again."""
    form, once = NoteForm(), _key()
    with context.reading() as session:
        audience = _audience(session, form)
        if "change" in request.form or not once or not form.is_sent_and_right():
            return _form(session, form, audience)
    try:
        sent_id, is_new = _send(form, audience, once=once)
    except (Conflict, RuleBroken) as error:
        return _again(form, audience, error)
    if is_new:
        flash(_("Your note is on its way."))
    else:
        flash(_("This note was sent already. Nothing was sent a second time."), "info")
    return redirect(url_for("coordinator.note", note_id=sent_id), 303)


@bp.get("/messages/notes/<note_id>")
@requires("note.see")
def note(note_id: str) -> ResponseReturnValue:
    """Show one note, and how far its messages got."""
    actor = context.current_actor()
    with context.reading() as session:
        row = access.load(session, Broadcast, note_id, actor=actor, action="note.see")
        page = reads.note(session, row, zone=places.affiliate(session, actor).time_zone)
    return render_template("coordinator/note.html", note=page)


@bp.post("/messages/notes/<note_id>/cancellation")
@requires("note.take_back")
def take_note_back(note_id: str) -> ResponseReturnValue:
    """Take back what waits of a note."""
    actor = context.current_actor()
    try:
        with context.transaction() as session:
            row = access.load(session, Broadcast, note_id, actor=actor, action="note.take_back")
            count = workflow.take_back(session, row, by=actor, now=clock.now())
    except Conflict as error:
        flash(_(error.message, **error.values), "error")
    else:
        flash(
            ngettext(
                "%(num)s message is taken back. It does not leave.",
                "%(num)s messages are taken back. They do not leave.",
                count,
            )
        )
    return redirect(url_for("coordinator.note", note_id=note_id), 303)


def _send(form: NoteForm, audience: Audience, *, once: str) -> tuple[str, bool]:
    """Send it; return the note's public id, and whether it was sent just now."""
    actor = context.current_actor()
    with context.reading() as session:
        is_new = workflow.find(session, actor, once) is None
    with context.transaction() as session:
        sent = workflow.send(
            session,
            audience,
            _draft(form, audience),
            once=once,
            seen=request.form.get("seen", ""),
            by=actor,
            post=_post(),
            now=clock.now(),
        )
        return sent.public_id, is_new


def _again(form: NoteForm, audience: Audience, error: Conflict | RuleBroken) -> ResponseReturnValue:
    """Show what stands in the way of sending, and what would leave now."""
    with context.reading() as session:
        look = _look(session, audience, form)
        if look.problems:
            return _refused(session, form, audience, look)
    return _preview(form, audience, look, changed=_(error.message, **error.values)), 409


def _form(session: Session, form: NoteForm, audience: Audience) -> ResponseReturnValue:
    actor = context.current_actor()
    found = audiences.everybody(session, audience, by=actor, now=clock.now())
    status = 422 if form.errors or form.form_errors else 200
    return render_template(
        "coordinator/note_form.html",
        form=form,
        once=_key() or crypto.token(),
        address=_address(audience),
        audience=audiences.said(session, audience, by=actor),
        people=len(found),
        most=rules.MOST_PEOPLE,
        is_visit=audience.of == audiences.VISIT,
        back=_back(audience),
        texts_off=_post().sms is None,
    ), status


def _refused(
    session: Session, form: NoteForm, audience: Audience, look: Look
) -> ResponseReturnValue:
    for problem in look.problems:
        form.refuse(problem)
    return _form(session, form, audience)


def _preview(form: NoteForm, audience: Audience, look: Look, *, changed: str = "") -> str:
    price_cents = _post().sms_price_cents
    fields = {"text": form.text.data, "text_es": form.text_es.data or "", "way": form.way.data}
    if form.about_visits.data:
        fields["about_visits"] = "y"
    return render_template(
        "coordinator/note_preview.html",
        look=look,
        changed=changed,
        fields={**fields, "whom": audience.whom, "once": _key(), "seen": look.seen},
        address=url_for("coordinator.send_note", **_args(audience)),
        back=_back(audience),
        shown=[
            {
                "row": each,
                "language": words.language(each.locale),
                "letters": " ".join(own_words.spoilers(each.text)) if each.parts else "",
            }
            for each in look.shown
        ],
        cost=i18n.dollars(look.parts * price_cents) if price_cents and look.parts else "",
        lacks_spanish=_in_english(look, form),
        no_more=sum(each.why == drafts.NO_MORE for each in look.reached),
    )


def _in_english(look: Look, form: NoteForm) -> int:
    """Count who chose Spanish and gets the one text there is."""
    if (form.text_es.data or "").strip():
        return 0
    return sum(bool(each.channels) and each.to.locale == "es" for each in look.reached)


def _look(session: Session, audience: Audience, form: NoteForm) -> Look:
    return drafts.look(
        session,
        audience,
        _draft(form, audience),
        by=context.current_actor(),
        post=_post(),
        now=clock.now(),
    )


def _draft(form: NoteForm, audience: Audience) -> Draft:
    is_visit = audience.of == audiences.VISIT
    return Draft(
        text=form.text.data or "",
        text_es=form.text_es.data or "",
        way=form.way.data or kinds.MAIL,
        about_visits=is_visit or bool(form.about_visits.data),
    )


def _audience(session: Session, form: NoteForm) -> Audience:
    """Return which list the address names. Raises NotFound where there is none."""
    of = request.args.get("of", "")
    if of not in audiences.LISTS:
        raise NotFound(NO_SUCH_LIST)
    actor = context.current_actor()
    programs = board.programs(session, actor) if of == audiences.SPEAKERS else []
    whom = form.whom.data if form.whom.data in audiences.WHOM else "everyone"
    return Audience(
        of=of,
        filters=people.filters_of([program.public_id for program in programs]),
        visit_id=request.args.get("visit", "") if of == audiences.VISIT else "",
        whom=whom,
    )


def _key() -> str:
    """Return the key that came with the form; "" where none did that is one."""
    given = request.form.get("once", "")
    return given if KEY.fullmatch(given) else ""


def _args(audience: Audience) -> dict[str, Any]:
    filters = audience.filters
    return {
        "of": audience.of,
        "visit": audience.visit_id or None,
        "q": filters.q or None,
        "program": filters.program or None,
        "language": filters.language or None,
    }


def _address(audience: Audience) -> str:
    return url_for("coordinator.write_note", **_args(audience))


def _back(audience: Audience) -> tuple[str, str]:
    """Return the address of the list, and its name."""
    if audience.of == audiences.VISIT:
        return url_for("coordinator.visit", visit_id=audience.visit_id), _("The visit")
    if audience.of == audiences.SPEAKERS:
        args = {name: value for name, value in _args(audience).items() if name != "of"}
        return url_for("coordinator.people", **args), _("People")
    return url_for(f"coordinator.{audience.of}"), _("People")


def _post() -> Post:
    return cast("Posting", context.wired()).post
