"""Spreadsheets: choose a file, say which column is what, look at what would happen, bring it in.

Only the last step changes anything. Until then each answer is a page of its own and the file
travels in it (parcel.py), so going back or closing the tab leaves nothing behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any
from zoneinfo import ZoneInfo

import wtforms
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from outreach import access, clock
from outreach.errors import RuleBroken
from outreach.i18n import gettext as _
from outreach.i18n import lazy, ngettext
from outreach.web import context
from outreach.web.auth import requires
from outreach.web.coordinator import parcel as parcels
from outreach.web.coordinator.blueprint import bp
from outreach.web.coordinator.parcel import Parcel
from outreach.web.forms import Form, RadioField, required
from outreach.workflows import imports as workflow
from outreach.workflows.imports import Finding, MappingError, Report

FINDINGS_SHOWN = 200
LONGEST_NAME = 100

KIND_WORDS = (
    ("units", lazy("Units and their hospitals")),
    ("speakers", lazy("Speakers")),
    ("requests", lazy("Requests for visits")),
    ("affiliates", lazy("Affiliates that receive referrals")),
)
CAME = {
    "units": ("coordinator.hospitals", lazy("See the hospitals and their units")),
    "speakers": ("coordinator.people", lazy("See the people")),
    "requests": ("coordinator.visits", lazy("See the visits")),
    "affiliates": ("coordinator.affiliates", lazy("See the affiliates")),
}
"""Kind → the list in which what came in stands, and the words of the way there."""
FIELD_WORDS = {
    "hospital": lazy("Hospital"),
    "unit": lazy("Unit"),
    "street": lazy("Street"),
    "zip": lazy("ZIP code"),
    "time_zone": lazy("Time zone"),
    "age_group": lazy("Age group"),
    "visiting_hours": lazy("Visiting hours"),
    "needs": lazy("What visitors need"),
    "liaison_name": lazy("Liaison’s name"),
    "liaison_phone": lazy("Liaison’s telephone"),
    "liaison_email": lazy("Liaison’s e-mail"),
    "arrival_notes": lazy("On arrival"),
    "name": lazy("Name"),
    "email": lazy("E-mail"),
    "phone": lazy("Telephone"),
    "languages": lazy("Languages"),
    "role": lazy("Trained as"),
    "programs": lazy("Programs"),
    "trained_on": lazy("Trained on"),
    "retrain_by": lazy("Trained until"),
    "distance": lazy("How far"),
    "weekly": lazy("Days and times"),
    "away": lazy("Away"),
    "clearances.tb": lazy("Day of the TB test"),
    "clearances.flu": lazy("Day of the flu shot"),
    "clearances.background_check": lazy("Day of the background check"),
    "cleared_at": lazy("Hospitals that cleared the speaker"),
    "quota_per_month": lazy("Visits a month at most"),
    "rest_days": lazy("Days between visits"),
    "age_groups": lazy("Age groups"),
    "text_ok": lazy("Agreed to texts"),
    "date": lazy("Date"),
    "start": lazy("Start"),
    "minutes": lazy("Minutes"),
    "program": lazy("Program"),
    "language": lazy("Language"),
    "repeats": lazy("Repeats"),
    "critical": lazy("Matters more than others"),
    "group_size": lazy("Group size"),
    "room": lazy("Room"),
    "screen": lazy("Screen"),
    "by_video": lazy("By video"),
    "access_needs": lazy("Access needs"),
    "notes": lazy("Notes"),
    "state": lazy("State"),
    "counties": lazy("Counties it serves"),
    "person": lazy("Person who receives them"),
    "receives_by": lazy("How it receives"),
    "capacity": lazy("Room for more people"),
}


class FileField(wtforms.FileField):
    """A file, read whole; app.py bounds its size. `data` is its name and content, or None."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Read what was sent; browsers send an empty part where no file was chosen."""
        chosen = [sent for sent in valuelist if getattr(sent, "filename", "")]
        self.data, self.raw_data = None, chosen
        for sent in chosen[:1]:
            name = PurePosixPath(sent.filename.replace("\\", "/")).name
            self.data = (name[:LONGEST_NAME], sent.read())
            sent.close()


class FileForm(Form):
    """The file, what it is a list of, and a mapping where somebody has one."""

    kind = RadioField(
        lazy("What is on the list?"),
        choices=KIND_WORDS,
        validators=[required(lazy("Choose what is on the list."))],
    )
    sheet = FileField(
        lazy("File (CSV or Excel)"), validators=[required(lazy("Choose the file to bring in."))]
    )
    mapping = FileField(lazy("Mapping of columns and words"))


@dataclass(frozen=True, slots=True)
class FindingRow:
    """A finding in the language now spoken."""

    row: int
    column: str
    value: str
    words: str


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """A field of ours, and the header it is most likely called by; '' for none."""

    field: str
    words: str
    is_needed: bool
    chosen: str
    error: str = ""


@bp.route("/setup/imports", methods=["GET", "POST"], endpoint="imports")
@requires("import.run")
def choose_file() -> ResponseReturnValue:
    """Ask for a file; go on to its columns, or with a mapping to what would happen."""
    form = FileForm()
    if form.is_sent_and_right():
        try:
            return _look_at(_sent(form))
        except MappingError as error:
            form.mapping.errors = [_(error.message, **error.values)]
        except RuleBroken as error:
            form.sheet.errors = [_(error.message, **error.values)]
    status = 422 if request.method == "POST" else 200
    came = _way_to(request.args.get("came", ""))
    return render_template("coordinator/import.html", form=form, came=came), status


@bp.post("/setup/imports/columns")
@requires("import.run")
def choose_columns() -> ResponseReturnValue:
    """Take which column is what, and show what would happen."""
    parcel = parcels.unpack(request.form.get("parcel", ""))
    sheet = workflow.read_sheet(parcel.filename, parcel.content)
    chosen = {field: request.form.get(f"column-{field}", "") for field in FIELD_WORDS}
    chosen = {field: header for field, header in chosen.items() if header in sheet.header}
    needed = workflow.required_fields(parcel.kind)
    if needed - chosen.keys():
        return _ask_for_columns(parcel, chosen=chosen, is_late=True), 422
    mapping = workflow.mapping_with_columns(chosen, kind=parcel.kind)
    return _try_out(replace(parcel, mapping=mapping.model_dump_json(exclude_unset=True)))


@bp.post("/setup/imports/rows")
@requires("import.run")
def bring_in() -> ResponseReturnValue:
    """Bring the rows in that can be brought in."""
    parcel = parcels.unpack(request.form.get("parcel", ""))
    report = _run(parcel, dry_run=False)
    done = ngettext("One row is brought in.", "%(num)s rows are brought in.", report.imported)
    left = ngettext("One row was left out.", "%(num)s rows were left out.", report.rows_refused)
    flash(f"{done} {left}" if report.rows_refused else done)
    came = parcel.kind if report.imported else None
    return redirect(url_for("coordinator.imports", came=came), 303)


def _way_to(kind: str) -> Mapping[str, str] | None:
    """Return the way to what came in just now; None where nothing did."""
    endpoint, label = CAME.get(kind, ("", ""))
    return {"href": url_for(endpoint), "label": _(label)} if endpoint else None


def _sent(form: FileForm) -> Parcel:
    filename, content = form.sheet.data
    mapping = ""
    if form.mapping.data:
        read = workflow.read_mapping(form.mapping.data[1], kind=form.kind.data)
        mapping = read.model_dump_json(exclude_unset=True)
    return Parcel(form.kind.data, filename, content, mapping)


def _look_at(parcel: Parcel) -> ResponseReturnValue:
    """Go on with a file: to what would happen if its columns are known, else to its columns."""
    sheet = workflow.read_sheet(parcel.filename, parcel.content)
    if parcel.mapping:
        return _try_out(parcel)
    return _ask_for_columns(parcel, chosen=workflow.guess_columns(sheet, kind=parcel.kind))


def _ask_for_columns(parcel: Parcel, *, chosen: Mapping[str, str], is_late: bool = False) -> str:
    needed = workflow.required_fields(parcel.kind)
    missing = _("Choose the column that holds this.") if is_late else ""
    choices = [
        ColumnChoice(
            field=field,
            words=_(FIELD_WORDS[field]),
            is_needed=field in needed,
            chosen=chosen.get(field, ""),
            error=missing if field in needed and field not in chosen else "",
        )
        for field in workflow.fields(parcel.kind)
    ]
    return render_template(
        "coordinator/import_columns.html",
        choices=choices,
        form=Form(),
        missing=[
            (_("%(field)s: choose its column.", field=choice.words), f"#column-{_as_id(choice)}")
            for choice in choices
            if choice.error
        ],
        problem=any(choice.error for choice in choices),
        headers=workflow.read_sheet(parcel.filename, parcel.content).header,
        parcel=parcels.pack(parcel),
        filename=parcel.filename,
    )


def _as_id(choice: ColumnChoice) -> str:
    return choice.field.replace(".", "-")


def _try_out(parcel: Parcel) -> ResponseReturnValue:
    packed = parcels.pack(parcel)
    report = _run(parcel, dry_run=True)
    return render_template(
        "coordinator/import_trial.html",
        report=report,
        refused=_in_words(report.refused),
        warnings=_in_words(report.warnings),
        parcel=packed,
    )


def _run(parcel: Parcel, *, dry_run: bool) -> Report:
    mapping = workflow.mapping_from_json(parcel.mapping, kind=parcel.kind)
    actor, now = context.current_actor(), clock.now()
    with context.transaction() as session:
        affiliate = access.own_affiliate(session, actor)
        return workflow.run(
            session,
            filename=parcel.filename,
            content=parcel.content,
            mapping=mapping,
            affiliate=affiliate.name,
            as_of=now.astimezone(ZoneInfo(affiliate.time_zone)).date(),
            dry_run=dry_run,
            by=actor,
            links=context.links(),
            now=now,
        )


def _in_words(findings: tuple[Finding, ...]) -> list[FindingRow]:
    return [
        FindingRow(found.row, found.column, found.value, _(found.message, **found.values))
        for found in findings[:FINDINGS_SHOWN]
    ]
