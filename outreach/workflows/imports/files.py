"""Imports one file: row by row into one transaction, wrong rows left out and reported."""

from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM, Actor
from outreach.directory.models import Hospital, Unit
from outreach.errors import Conflict
from outreach.i18n import lazy
from outreach.links import Links
from outreach.workflows import directory
from outreach.workflows.imports import columns, importer, sheets
from outreach.workflows.imports.affiliates import AffiliatesImporter
from outreach.workflows.imports.cells import CellProblem
from outreach.workflows.imports.importer import Context, Importer
from outreach.workflows.imports.mapping import (
    AffiliatesMapping,
    AnyMapping,
    RequestsMapping,
    SpeakersMapping,
    SpokenMapping,
    UnitsMapping,
)
from outreach.workflows.imports.reader import RowReader
from outreach.workflows.imports.report import Finding, Report
from outreach.workflows.imports.requests import RequestsImporter
from outreach.workflows.imports.sheets import Sheet
from outreach.workflows.imports.speakers import SpeakersImporter
from outreach.workflows.imports.units import UnitsImporter

Progress = Callable[[int, int], None]
"""Called after each row with the rows done and the rows there are."""


@dataclass(slots=True)
class _Tally:
    imported: int = 0
    unchanged: int = 0
    refused: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    seen: dict[Hashable, tuple[int, object]] = field(default_factory=dict)
    """By what each thing is known: the row that brought it, and what that row said."""


def run(
    session: Session,
    *,
    filename: str,
    content: bytes,
    mapping: AnyMapping,
    affiliate: str | None = None,
    as_of: date | None = None,
    dry_run: bool = False,
    by: Actor = SYSTEM,
    links: Links,
    progress: Progress | None = None,
    now: datetime,
) -> Report:
    """Import a sheet of the kind its `mapping` is for, and say what became of every row.

    A row with any problem is left out whole and the others are written; the caller commits.
    Calendars of visits to come follow units, and whoever comes hears of a new address. With
    `dry_run` all of it is taken back, and the report says what would have happened. `as_of` is
    the day that counts as today; None is today where the affiliate is. Two rows for one thing:
    said alike, the second changes nothing; said differently, the second is refused, whichever may
    be right.

    Raises:
        SheetError: the file as a whole cannot be read.
        MappingError: a column that must be there is missing.
        RuleBroken: it is not clear whose rows these are.
    """
    sheet = sheets.read(filename, content)
    headers = columns.match(sheet, mapping.columns)
    trial = session.begin_nested()
    tally = _Tally(warnings=columns.warnings(sheet, mapping, mapping.columns))
    chosen, is_new = importer.choose_affiliate(
        session, named=affiliate, first=mapping.first_affiliate, now=now
    )
    today = as_of or now.astimezone(ZoneInfo(chosen.time_zone)).date()
    context = Context(chosen, is_new, filename, by, today, now)
    rows = _importer(session, context, mapping)
    # What is only tried out is taken back, so there is nothing to follow.
    follows = not dry_run and isinstance(mapping, UnitsMapping)
    with _followed(session, context, links=links) if follows else nullcontext():
        for done, row in enumerate(sheet.rows, 1):
            _import_row(session, rows, RowReader(row, headers), tally)
            if progress is not None:
                progress(done, len(sheet.rows))
    if dry_run:
        trial.rollback()
    else:
        trial.commit()
    return _report(filename, sheet, tally)


def _followed(session: Session, context: Context, *, links: Links) -> AbstractContextManager[None]:
    """Let calendars and people follow where a sheet of units changes what they know."""
    kept = select(Hospital.id).where(Hospital.affiliate_id == context.affiliate.id)
    theirs = or_(Unit.affiliate_id == context.affiliate.id, Unit.hospital_id.in_(kept))
    return directory.followed(session, theirs, by=context.by, links=links, now=context.now)


def _importer(session: Session, context: Context, mapping: AnyMapping) -> Importer[Any]:
    if isinstance(mapping, SpokenMapping):
        importer.make_programs(session, mapping.programs, context=context)
    match mapping:
        case UnitsMapping():
            return UnitsImporter(session, context, mapping)
        case SpeakersMapping():
            return SpeakersImporter(session, context, mapping)
        case RequestsMapping():
            return RequestsImporter(session, context, mapping)
        case AffiliatesMapping():
            return AffiliatesImporter(session, context, mapping)


def _import_row(session: Session, rows: Importer[Any], row: RowReader, tally: _Tally) -> None:
    row.check_line()
    record, changed = None if row.row.is_broken else rows.read(row), False
    if record is not None and not row.problems:
        changed = _write_once(session, rows, record, row, tally)
    if row.problems:
        tally.refused += row.problems
        return
    tally.warnings += row.warnings
    tally.imported += changed
    tally.unchanged += not changed


def _write_once(
    session: Session, rows: Importer[Any], record: object, row: RowReader, tally: _Tally
) -> bool:
    """Write a record unless the file has said it before; False when nothing changed."""
    key = rows.key(record)
    if key in tally.seen:
        number, said = tally.seen[key]
        if said != record:
            message = lazy("Row %(row)s says this differently. Keep one of the two rows.")
            row.problem(rows.key_field, CellProblem(message, row=number))
        return False
    attempt, changed = session.begin_nested(), False
    try:
        # What a row needs flushed is flushed; before each of its lookups doubled the time.
        with session.no_autoflush:
            changed = rows.write(record, row)
    except Conflict as error:
        row.problem(rows.key_field, error)
    if row.problems:
        attempt.rollback()
        return False
    attempt.commit()
    tally.seen[key] = (row.row.number, record)
    return changed


def _report(filename: str, sheet: Sheet, tally: _Tally) -> Report:
    return Report(
        file=filename,
        read=len(sheet.rows),
        imported=tally.imported,
        unchanged=tally.unchanged,
        refused=tuple(tally.refused),
        warnings=tuple(tally.warnings),
    )
