"""Which of a sheet's columns holds what. Case, spacing and underscores make no difference."""

from outreach.i18n import lazy
from outreach.workflows.imports import report, sheets
from outreach.workflows.imports.mapping import BaseMapping, Columns, MappingError
from outreach.workflows.imports.report import Finding
from outreach.workflows.imports.sheets import Sheet

SAID_AS = {
    "zip": ("zip", "postal"),
    "age_group": ("serves", "age group"),
    "visiting_hours": ("visit", "hours"),
    "needs": ("need", "require", "clearance"),
    "liaison_name": ("liaison", "contact"),
    "arrival_notes": ("arrival", "brief"),
    "name": ("name",),
    "email": ("mail",),
    "phone": ("cell", "phone", "mobile"),
    "languages": ("language",),
    "role": ("trained as", "role"),
    "trained_on": ("trained", "training"),
    "retrain_by": ("retrain", "expires"),
    "distance": ("miles", "distance", "radius"),
    "weekly": ("days/times", "availab", "times"),
    "clearances.tb": ("tb",),
    "clearances.flu": ("flu",),
    "clearances.background_check": ("background",),
    "quota_per_month": ("month",),
    "rest_days": ("between", "rest days"),
    "age_groups": ("units ok", "age group"),
    "text_ok": ("text",),
    "start": ("start", "time"),
    "minutes": ("minutes", "length"),
    "language": ("language",),
    "repeats": ("repeat", "series"),
    "critical": ("important", "critical"),
    "state": ("state",),
    "counties": ("counties", "county"),
    "person": ("person", "contact", "intake"),
    "receives_by": ("receives", "reached", "how"),
    "capacity": ("capacity", "room for", "waitlist"),
    "notes": ("note", "comment"),
}
"""Words that a header of this field often has, the likeliest first."""


def match(sheet: Sheet, columns: Columns) -> dict[str, str]:
    """Return the sheet's own header for each field it has.

    Raises:
        MappingError: columns that must be there are missing; all of them are named.
    """
    present = {sheets.key(header): header for header in sheet.header}
    named = columns.named()
    wanted = (named.get(field, field) for field in columns.required)
    missing = sorted(header for header in wanted if sheets.key(header) not in present)
    if missing:
        raise MappingError(
            lazy(
                "The sheet has no column %(missing)s. Its columns are %(columns)s. A mapping says"
                " which column holds what."
            ),
            missing=", ".join(f"“{report.shown(name)}”" for name in missing),
            columns=", ".join(f"“{report.shown(name)}”" for name in sheet.header),
        )
    return {
        field: present[sheets.key(name)]
        for field, name in named.items()
        if sheets.key(name) in present
    }


def guess(sheet: Sheet, columns: Columns) -> dict[str, str]:
    """Return the header that each field most likely has; a header serves one field at most.

    First those that are called like the field, then those that say a word of it.
    """
    free = {sheets.key(header): header for header in sheet.header}
    fields = list(type(columns)().named())
    found = {field: free.pop(sheets.key(field)) for field in fields if sheets.key(field) in free}
    for field in fields:
        usual = columns.said_as.get(field) or SAID_AS.get(field, ())
        words = () if field in found else usual
        near = next((key for word in words for key in free if word in key), None)
        if near is not None:
            found[field] = free.pop(near)
    return found


def warnings(sheet: Sheet, mapping: BaseMapping, columns: Columns) -> list[Finding]:
    """Tell how the sheet was read, which columns are not, and which a mapping names in vain."""
    present = {sheets.key(header) for header in sheet.header}
    named = columns.named()
    used = {sheets.key(name) for name in (*named.values(), *mapping.ignore)}
    unknown = lazy("The mapping does not name this column. Nothing is taken from it.")
    absent = lazy("The mapping names this column, but the sheet does not have it.")
    return [
        *sheet.remarks,
        *(
            Finding(sheet.header_row, header, report.shown(header), unknown)
            for header in sheet.header
            if sheets.key(header) not in used
        ),
        *(
            Finding(sheet.header_row, name, "", absent)
            for field, name in named.items()
            if field in columns.chosen() and sheets.key(name) not in present
        ),
    ]
