"""Every kind of message we send, and the affiliate's own wording of those it may word."""

from typing import Protocol, cast

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock
from outreach.errors import NotFound
from outreach.i18n import LOCALES, lazy
from outreach.i18n import gettext as _
from outreach.messaging import kinds, own_words
from outreach.messaging.templates import Texts
from outreach.messaging.wordings import Place
from outreach.reads import message_purposes, words
from outreach.reads import wording as reads
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import Form, LongTextField
from outreach.workflows import wording as workflow
from outreach.workflows.delivery import Post

NO_SUCH_MESSAGE = lazy("There is no such message.")


class Worded(context.Wired, Protocol):
    """What `outreach.wiring` builds, as far as previews use it."""

    @property
    def post(self) -> Post:
        """What renders messages."""
        ...


class WordingForm(Form):
    """An affiliate's wording."""

    text = LongTextField(lazy("Your wording"))


@bp.get("/messages/wording")
@requires("wording.see")
def wordings() -> ResponseReturnValue:
    """Show every kind of message, with what each is for."""
    with context.reading() as session:
        affiliate = access.own_affiliate(session, context.current_actor())
        groups = reads.groups(session, affiliate, texts=_texts())
    return render_template("coordinator/wordings.html", groups=groups)


@bp.get("/messages/wording/<kind>")
@requires("wording.see")
def wording(kind: str) -> ResponseReturnValue:
    """Show one kind of message as it would leave, on each channel in both languages."""
    if kind not in kinds.KINDS:
        raise NotFound(NO_SUCH_MESSAGE)
    with context.reading() as session:
        affiliate = access.own_affiliate(session, context.current_actor())
        channels = reads.previews(session, affiliate, kind, texts=_texts())
    return render_template(
        "coordinator/wording.html",
        kind=kind,
        title=words.message_kind(kind),
        purpose=message_purposes.purpose(kind),
        channels=channels,
    )


@bp.route("/messages/wording/<kind>/<channel>/<locale>", methods=["GET", "POST"])
@requires("wording.change")
def change_wording(kind: str, channel: str, locale: str) -> ResponseReturnValue:
    """Write the affiliate's own wording; nothing is kept while anything about it is wrong."""
    place = _place(kind, channel, locale)
    with context.reading() as session:
        affiliate = access.own_affiliate(session, context.current_actor())
        shown = reads.preview(session, affiliate, place, texts=_texts())
        form = WordingForm(text=reads.start(session, affiliate, place, texts=_texts()))
        earlier = reads.earlier(session, affiliate, place)
    if form.is_sent_and_right() and _keep(place, form):
        flash(_("Your wording is saved. Messages that leave from now on have it."))
        return redirect(url_for("coordinator.wording", kind=kind), 303)
    room = own_words.room(kind, channel)
    return render_template(
        "coordinator/wording_form.html",
        form=form,
        kind=kind,
        title=words.message_kind(kind),
        shown=shown,
        most=own_words.MOST_SEGMENTS[locale],
        placeholders=_placeholders(room.must if room else ()),
        more=_placeholders(room.may if room else ()),
        earlier=earlier,
        zone=affiliate.time_zone,
    ), (422 if request.method == "POST" else 200)


@bp.post("/messages/wording/<kind>/<channel>/<locale>/ours")
@requires("wording.change")
def drop_wording(kind: str, channel: str, locale: str) -> ResponseReturnValue:
    """Go back to our words."""
    place, actor = _place(kind, channel, locale), context.current_actor()
    with context.transaction() as session:
        affiliate = access.own_affiliate(session, actor)
        workflow.drop(session, affiliate, place, by=actor, now=clock.now())
    flash(_("The message leaves in our words again."))
    return redirect(url_for("coordinator.wording", kind=kind), 303)


def _keep(place: Place, form: WordingForm) -> bool:
    actor = context.current_actor()
    with context.transaction() as session:
        affiliate = access.own_affiliate(session, actor)
        problems = workflow.keep(
            session,
            affiliate,
            place,
            form.text.data or "",
            texts=_texts(),
            by=actor,
            now=clock.now(),
        )
    for problem in problems:
        form.refuse(problem)
    return not problems


def _place(kind: str, channel: str, locale: str) -> Place:
    """Return which wording an address names. Raises NotFound where there can be none."""
    if (kind, channel) not in own_words.kinds() or locale not in LOCALES:
        raise NotFound(NO_SUCH_MESSAGE)
    return kind, channel, locale


def _placeholders(names: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(f"{{{name}}}", _(message_purposes.PLACEHOLDERS[name])) for name in names]


def _texts() -> Texts:
    return cast("Worded", context.wired()).post.texts
