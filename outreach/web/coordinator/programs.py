"""Programs: the kinds of visit, their lengths and the people they need."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from outreach import access, clock
from outreach.directory import rules, service
from outreach.directory.models import Program
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy
from outreach.reads import setup as reads
from outreach.reads import words
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator.blueprint import bp
from outreach.web.forms import Form, NumberField, TextField, required

FIELDS = {"lead": "lead", "co-presenter": "co_presenter", "peer": "peer", "family": "family"}
"""Role → name of its field."""


class ProgramForm(Form):
    """A program and how many people it needs in each role."""

    name = TextField(
        lazy("Name"), longest=100, validators=[required(lazy("Enter the program’s name."))]
    )
    minutes = TextField(
        lazy("Lengths in minutes"),
        longest=60,
        validators=[required(lazy("Write one or more lengths in minutes, like 60, 90."))],
    )
    lead = NumberField(lazy("Leads"), lowest=0, highest=rules.MOST_PER_ROLE)
    co_presenter = NumberField(lazy("Co-presenters"), lowest=0, highest=rules.MOST_PER_ROLE)
    peer = NumberField(lazy("Peers"), lowest=0, highest=rules.MOST_PER_ROLE)
    family = NumberField(lazy("Family members"), lowest=0, highest=rules.MOST_PER_ROLE)


@bp.get("/setup/programs")
@requires("program.see")
def programs() -> ResponseReturnValue:
    """Show the programs."""
    with context.reading() as session:
        rows = reads.programs(session, context.current_actor())
    return render_template("coordinator/programs.html", rows=rows)


@bp.route("/setup/programs/new", methods=["GET", "POST"])
@requires("program.change")
def add_program() -> ResponseReturnValue:
    """Add a program."""
    actor, form = context.current_actor(), ProgramForm(lead=1, co_presenter=1)
    if form.is_sent_and_right():
        try:
            minutes, roles = _chosen(form)
            with context.transaction() as session:
                affiliate = access.own_affiliate(session, actor)
                service.add_program(
                    session,
                    affiliate.id,
                    name=form.name.data or "",
                    minutes=minutes,
                    roles=roles,
                    by=actor,
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The program is added."))
            return redirect(url_for("coordinator.programs"), 303)
    status = 422 if request.method == "POST" else 200
    return render_template("coordinator/program_form.html", form=form, program=None), status


@bp.route("/setup/programs/<program_id>", methods=["GET", "POST"])
@requires("program.change")
def change_program(program_id: str) -> ResponseReturnValue:
    """Change a program."""
    with context.reading() as session:
        row = _load(session, program_id)
        needs = service.roles(session, row.id)
    counts = {FIELDS[role]: count for role, count in needs.items() if role in FIELDS}
    form = ProgramForm(name=row.name, minutes=", ".join(map(str, row.minutes)), **counts)
    if form.is_sent_and_right():
        try:
            minutes, roles = _chosen(form)
            others = {role: count for role, count in needs.items() if role not in FIELDS}
            with context.transaction() as session:
                service.change_program(
                    session,
                    _load(session, program_id),
                    name=form.name.data or "",
                    minutes=minutes,
                    roles=roles | others,
                    by=context.current_actor(),
                    now=clock.now(),
                )
        except RuleBroken as error:
            form.refuse(error)
        else:
            flash(_("The program is changed. Visits that are planned keep the people they need."))
            return redirect(url_for("coordinator.programs"), 303)
    status = 422 if request.method == "POST" else 200
    return render_template(
        "coordinator/program_form.html",
        form=form,
        program=row,
        others=[words.role_name(role) for role in needs if role not in FIELDS],
    ), status


def _chosen(form: ProgramForm) -> tuple[list[int], dict[str, int]]:
    minutes = rules.lengths(form.minutes.data or "")
    counts = {role: form[name].data or 0 for role, name in FIELDS.items()}
    return minutes, rules.roles(counts)


def _load(session: Session, program_id: str) -> Program:
    actor = context.current_actor()
    return access.load(session, Program, program_id, actor=actor, action="program.change")
