"""Small sheets of our own, under the built-in mapping: a good row of each kind, and `bring_in`."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
from sqlalchemy.orm import Session

from outreach.workflows import imports
from outreach.workflows.imports import Report, sheets
from tests.fakes import LINKS

NOW = datetime(2026, 11, 22, 15, tzinfo=UTC)
TODAY = date(2026, 11, 22)
BUREAU = "Lakeshore Peer Speakers"
PROGRAMS = """
[programs."Story hour"]
roles = { lead = 1 }
minutes = [40, 60]
[programs."In our words"]
roles = { lead = 1, "co-presenter" = 1 }
minutes = [60, 90]
"""

ST_CLARE_4B = {
    "hospital": "St. Clare",
    "street": "17 Oak Street",
    "zip": "60614",
    "time_zone": "",
    "unit": "4B",
    "age_group": "adult",
    "visiting_hours": "Mon-Fri 10:00-20:00",
    "needs": "TB; flu; badge",
    "liaison_name": "Lena Ortiz",
    "liaison_phone": "312-555-0110",
    "liaison_email": "lena@example.org",
    "arrival_notes": "Ring at the double door.",
}
ANA = {
    "name": "Reyes, Ana",
    "email": "ana@example.org",
    "phone": "312-555-0142",
    "zip": "60657",
    "languages": "English; Spanish",
    "role": "lead",
    "programs": "Story hour; In our words",
    "trained_on": "2026-01-15",
    "retrain_by": "2028-01-15",
    "distance": "20",
    "weekly": "Mon-Fri 09:00-17:00",
    "away": "2026-12-20 - 1/3/27",
    "tb": "2026-05-11",
    "flu": "10/9/26",
    "background_check": "2025-06-28",
    "cleared_at": "St. Clare",
    "quota_per_month": "2",
    "rest_days": "1",
    "age_groups": "adult; older adult",
    "text_ok": "yes",
}
A_VISIT = {
    "hospital": "St. Clare",
    "unit": "4B",
    "date": "2027-01-12",
    "start": "2 PM",
    "minutes": "60",
    "program": "Story hour",
    "language": "English",
    "repeats": "",
    "critical": "",
    "notes": "Quiet room on the left.",
}


def workbook(*rows: tuple[Any, ...], formats: dict[str, str] | None = None) -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    for cell, shown_as in (formats or {}).items():
        page[cell].number_format = shown_as
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def cells_of(content: bytes) -> list[dict[str, str]]:
    return [dict(row.cells) for row in sheets.read("sheet", content).rows]


def csv_of(*rows: dict[str, str]) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().encode()


def bring_in(
    session: Session,
    kind: str,
    *rows: dict[str, str],
    mapping: str = "",
    affiliate: str | None = BUREAU,
    as_of: date = TODAY,
    dry_run: bool = False,
) -> Report:
    """Import rows under our own column names; speakers and requests know two programs."""
    toml = mapping + ("" if kind in {"units", "affiliates"} else PROGRAMS)
    return imports.run(
        session,
        filename=f"{kind}.csv",
        content=csv_of(*rows),
        mapping=imports.read_mapping(toml.encode(), kind=kind),
        affiliate=affiliate,
        as_of=as_of,
        dry_run=dry_run,
        links=LINKS,
        now=NOW,
    )


def outcome(report: Report) -> tuple[int, int, int]:
    """Return how many rows were imported, unchanged and refused."""
    return report.imported, report.unchanged, report.rows_refused


def problems(report: Report) -> list[tuple[int, str, str]]:
    """Return row, column and sentence of what was refused."""
    return [(found.row, found.column, found.problem) for found in report.refused]


def warnings(report: Report) -> list[tuple[int, str, str]]:
    """Return row, column and sentence of what a coordinator should look at."""
    return [(found.row, found.column, found.problem) for found in report.warnings]
