"""The lists of people: speakers, liaisons, colleagues, and inviting the latter two."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock
from outreach.accounts.models import Membership
from outreach.actor import Kind
from outreach.directory.models import Hospital
from outreach.errors import Conflict, OutreachError, RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import board, words
from outreach.reads import people as reads
from outreach.reads.people import Filters
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator import paging
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import EmailField, Form, SelectField, TextField, required
from outreach.workflows import people as workflow
from outreach.workflows import referrers

LONGEST_SEARCH = 100


class LiaisonForm(Form):
    """Whom to invite, to which hospital."""

    hospital = SelectField(lazy("Hospital"), validators=[required(lazy("Choose a hospital."))])
    name = TextField(lazy("Name"), longest=100, validators=[required(lazy("Enter the name."))])
    email = EmailField(
        lazy("E-mail address"), validators=[required(lazy("Enter the e-mail address."))]
    )


class ColleagueForm(Form):
    """Whom to make a coordinator, administrator or intake person."""

    name = TextField(lazy("Name"), longest=100, validators=[required(lazy("Enter the name."))])
    email = EmailField(
        lazy("E-mail address"), validators=[required(lazy("Enter the e-mail address."))]
    )


@bp.get("/people")
@requires("speaker.see")
def people() -> ResponseReturnValue:
    """Show the speakers, found by name, program or language."""
    actor, now = context.current_actor(), clock.now()
    with context.reading() as session:
        programs = board.programs(session, actor)
        filters = filters_of([program.public_id for program in programs])
        page = reads.speakers(session, actor, filters, number=paging.number(), now=now)
    return render_template(
        "coordinator/people.html",
        page=page,
        filters=filters,
        programs=programs,
        languages={code: words.language(code) for code in words.LANGUAGES},
        views=_views("people"),
        before=_url(filters, page=page.number - 1) if page.number > 1 else None,
        after=_url(filters, page=page.number + 1) if page.has_next else None,
        note_href=url_for("coordinator.write_note", of="speakers", **_chosen(filters)),
    )


@bp.get("/people/liaisons")
@requires("speaker.see")
def liaisons() -> ResponseReturnValue:
    """Show who may ask for visits at the hospitals."""
    with context.reading() as session:
        rows = reads.liaisons(session, context.current_actor(), now=clock.now())
    return render_template(
        "coordinator/liaisons.html",
        rows=rows,
        views=_views("liaisons"),
        to_write=reads.reachable(rows),
    )


@bp.route("/people/liaisons/new", methods=["GET", "POST"])
@requires("liaison.invite")
def invite_liaison() -> ResponseReturnValue:
    """Invite somebody of a hospital."""
    actor, form = context.current_actor(), LiaisonForm(hospital=request.args.get("hospital"))
    with context.reading() as session:
        hospitals = board.hospitals(session, actor)
    form.hospital.choices = [
        ("", _("Choose a hospital")),
        *((hospital.public_id, hospital.name) for hospital in hospitals),
    ]
    if form.is_sent_and_right():
        try:
            return _invite_liaison(form)
        except RuleBroken as error:
            form.refuse(error)
    status = 422 if request.method == "POST" else 200
    return render_template(
        "coordinator/invite_liaison.html", form=form, hospitals=hospitals
    ), status


@bp.post("/people/memberships/<membership_id>/referring")
@requires("liaison.let_refer")
def let_refer(membership_id: str) -> ResponseReturnValue:
    """Let a liaison refer people."""
    return _change_referring(
        membership_id, referrers.let_refer, _("They can refer people now. A mail tells them so.")
    )


@bp.post("/people/memberships/<membership_id>/referring/end")
@requires("liaison.let_refer")
def stop_referring(membership_id: str) -> ResponseReturnValue:
    """Take the right to refer from a liaison."""
    return _change_referring(
        membership_id,
        referrers.stop_referring,
        _("They no longer refer people. A mail tells them so."),
    )


@bp.get("/people/intake")
@requires("intake.invite")
def intake() -> ResponseReturnValue:
    """Show who takes in whom hospitals refer."""
    with context.reading() as session:
        rows = reads.intake(session, context.current_actor(), now=clock.now())
    return render_template(
        "coordinator/intake.html", rows=rows, views=_views("intake"), to_write=reads.reachable(rows)
    )


@bp.route("/people/intake/new", methods=["GET", "POST"])
@requires("intake.invite")
def invite_intake() -> ResponseReturnValue:
    """Invite somebody who will take in whom hospitals refer."""
    return _invite_colleague(Kind.INTAKE, page="coordinator/invite_intake.html")


@bp.get("/people/coordinators")
@requires("colleague.see")
def coordinators() -> ResponseReturnValue:
    """Show who coordinates, and to administrators who administers."""
    with context.reading() as session:
        rows = reads.coordinators(session, context.current_actor(), now=clock.now())
    return render_template(
        "coordinator/coordinators.html",
        rows=rows,
        views=_views("coordinators"),
        to_write=reads.reachable(rows),
    )


@bp.route("/people/coordinators/new", methods=["GET", "POST"])
@requires("coordinator.appoint")
def invite_coordinator() -> ResponseReturnValue:
    """Invite a colleague."""
    return _invite_colleague(Kind.COORDINATOR, page="coordinator/invite_coordinator.html")


@bp.route("/people/administrators/new", methods=["GET", "POST"])
@requires("administrator.appoint")
def invite_administrator() -> ResponseReturnValue:
    """Appoint one more administrator."""
    return _invite_colleague(Kind.ADMINISTRATOR, page="coordinator/invite_administrator.html")


@bp.post("/people/memberships/<membership_id>/invitation")
@requires("invitation.repeat")
def invite_again(membership_id: str) -> ResponseReturnValue:
    """Send an invitation once more."""
    actor = context.current_actor()
    with context.transaction() as session:
        place = access.load(
            session, Membership, membership_id, actor=actor, action="invitation.repeat"
        )
        kind = place.kind
        said = _try(
            lambda: workflow.invite_again(
                session, place, by=actor, inviter=inviter(), now=clock.now()
            ),
            _("The invitation is on its way."),
        )
    flash(*said)
    return redirect(list_of(kind), 303)


@bp.post("/people/memberships/<membership_id>/end")
@requires("membership.end")
def end_membership(membership_id: str) -> ResponseReturnValue:
    """End what somebody is here."""
    actor = context.current_actor()
    with context.transaction() as session:
        place = access.load(
            session, Membership, membership_id, actor=actor, action="membership.end"
        )
        kind = place.kind
        said = _try(
            lambda: workflow.end_membership(
                session, place, by=actor, links=context.links(), now=clock.now()
            ),
            _("They can no longer sign in for this."),
        )
    flash(*said)
    return redirect(list_of(kind), 303)


def _change_referring(membership_id: str, change: Any, done: str) -> ResponseReturnValue:  # noqa: ANN401 - a workflow
    actor = context.current_actor()
    with context.transaction() as session:
        place = access.load(
            session, Membership, membership_id, actor=actor, action="liaison.let_refer"
        )
        said = _try(lambda: change(session, place, by=actor, now=clock.now()), done)
    flash(*said)
    return redirect(url_for("coordinator.liaisons"), 303)


def inviter() -> str:
    """Return the name an invitation is sent under."""
    found = context.signed_in()
    return found.name if found else ""


def _invite_liaison(form: LiaisonForm) -> ResponseReturnValue:
    actor = context.current_actor()
    with context.transaction() as session:
        hospital = access.load(
            session, Hospital, form.hospital.data, actor=actor, action="liaison.invite"
        )
        workflow.invite_liaison(
            session,
            hospital,
            email=form.email.data or "",
            name=form.name.data or "",
            by=actor,
            inviter=inviter(),
            now=clock.now(),
        )
    flash(_("The invitation is on its way."))
    return redirect(url_for("coordinator.liaisons"), 303)


def _invite_colleague(kind: Kind, *, page: str) -> ResponseReturnValue:
    actor, form = context.current_actor(), ColleagueForm()
    if form.is_sent_and_right():
        try:
            with context.transaction() as session:
                workflow.invite_colleague(
                    session,
                    access.own_affiliate(session, actor),
                    kind=kind,
                    email=form.email.data or "",
                    name=form.name.data or "",
                    by=actor,
                    inviter=inviter(),
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The invitation is on its way."))
            return redirect(list_of(kind), 303)
    status = 422 if request.method == "POST" else 200
    return render_template(page, form=form), status


def _try(action: Any, done: str) -> tuple[str, str]:  # noqa: ANN401 - any call without arguments
    """Do it and return what to say; a rule that stands against it is said in its place."""
    try:
        action()
    except (RuleBroken, Conflict) as error:
        return _words(error), "error"
    return done, "message"


def _words(error: OutreachError) -> str:
    return _(error.message, **error.values)


def list_of(kind: str) -> str:
    """Return the address of the list that people of this kind stand on."""
    endpoints = {
        "intake": "coordinator.intake",
        "liaison": "coordinator.liaisons",
        "speaker": "coordinator.people",
    }
    if not access.can(context.current_actor(), "speaker.see"):
        endpoints = {}
    return url_for(endpoints.get(kind, "coordinator.coordinators"))


def searched() -> str:
    """Return the name that is searched for; "" for none."""
    # A NUL ends a search on PostgreSQL with an error; no name holds one.
    return request.args.get("q", "").replace("\x00", "").strip()[:LONGEST_SEARCH]


def filters_of(program_ids: list[str]) -> Filters:
    """Return what the address asks for; what is not on the lists counts as not asked for."""
    program, language = request.args.get("program", ""), request.args.get("language", "")
    return Filters(
        q=searched(),
        program=program if program in program_ids else "",
        language=language if language in words.LANGUAGES else "",
        archived=request.args.get("archived") == "1",
    )


def _url(filters: Filters, **more: Any) -> str:  # noqa: ANN401 - as url_for
    return url_for("coordinator.people", **_chosen(filters), **more)


def _chosen(filters: Filters) -> dict[str, Any]:
    return {
        "q": filters.q or None,
        "program": filters.program or None,
        "language": filters.language or None,
        "archived": "1" if filters.archived else None,
    }


def _views(current: str) -> list[dict[str, Any]]:
    """Return the lists the reader may open; none where there is but one."""
    labels = {
        "people": (_("Speakers"), "speaker.see"),
        "liaisons": (_("Liaisons"), "speaker.see"),
        "intake": (_("Intake"), "intake.invite"),
        "coordinators": (_("Coordinators"), "colleague.see"),
    }
    actor = context.current_actor()
    views = [
        {"label": label, "href": url_for(f"coordinator.{name}"), "current": name == current}
        for name, (label, action) in labels.items()
        if access.can(actor, action)
    ]
    return views if len(views) > 1 else []
