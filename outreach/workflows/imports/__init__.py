"""Spreadsheets of units, speakers, requests, affiliates → rows, by a mapping of their columns."""

from outreach.workflows.imports import columns, mapping
from outreach.workflows.imports.files import run
from outreach.workflows.imports.mapping import KINDS, AnyMapping, MappingError
from outreach.workflows.imports.mapping import from_json as mapping_from_json
from outreach.workflows.imports.mapping import read as read_mapping
from outreach.workflows.imports.mapping import with_columns as mapping_with_columns
from outreach.workflows.imports.records import SheetError
from outreach.workflows.imports.report import Finding, Report
from outreach.workflows.imports.sheets import MOST_BYTES, Sheet
from outreach.workflows.imports.sheets import read as read_sheet

__all__ = [
    "KINDS",
    "MOST_BYTES",
    "AnyMapping",
    "Finding",
    "MappingError",
    "Report",
    "Sheet",
    "SheetError",
    "fields",
    "guess_columns",
    "mapping_from_json",
    "mapping_with_columns",
    "read_mapping",
    "read_sheet",
    "required_fields",
    "run",
]


def fields(kind: str) -> tuple[str, ...]:
    """Return the fields of a kind of sheet, those of a table like "clearances.tb"."""
    return tuple(mapping.read(None, kind=kind).columns.named())


def required_fields(kind: str) -> frozenset[str]:
    """Return the fields that a sheet must have a column for."""
    return mapping.read(None, kind=kind).columns.required


def guess_columns(sheet: Sheet, *, kind: str) -> dict[str, str]:
    """Return the header that each field most likely has; fields without one are left out."""
    return columns.guess(sheet, mapping.read(None, kind=kind).columns)
