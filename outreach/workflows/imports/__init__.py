"""Spreadsheets of units, speakers and visit requests → rows, by a mapping of columns and words."""

from outreach.workflows.imports.files import run
from outreach.workflows.imports.mapping import KINDS, AnyMapping, MappingError
from outreach.workflows.imports.mapping import read as read_mapping
from outreach.workflows.imports.report import Finding, Report
from outreach.workflows.imports.sheets import MOST_BYTES, SheetError

__all__ = [
    "KINDS",
    "MOST_BYTES",
    "AnyMapping",
    "Finding",
    "MappingError",
    "Report",
    "SheetError",
    "read_mapping",
    "run",
]
