"""A CSV or XLSX file → rows of text, numbered as the spreadsheet shows them.

The first line that is not blank, nor a title, is the header; blank lines count but are not rows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from outreach.i18n import lazy
from outreach.workflows.imports import delimited, report, workbooks
from outreach.workflows.imports.cells import folded
from outreach.workflows.imports.records import MOST_COLUMNS, Record, SheetError, Table
from outreach.workflows.imports.report import Finding

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 5_000
"""A row takes some 10 ms in one transaction, and on SQLite nobody else writes meanwhile."""
MOST_TITLES = 5
_OTHER_KINDS = (b"%PDF", b"<", b"{\\rtf")
"""How text begins that is no CSV: PDF, pages and XML (some programs call them .xls), RTF."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `number` is the spreadsheet's; a column without a cell holds ''."""

    number: int
    cells: Mapping[str, str]
    beyond: tuple[str, ...] = ()
    """Cells to the right of the last header, which belong to no column."""
    is_broken: bool = False
    """A quotation mark stood where none can; the line as a whole is in `beyond`."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's header and the rows that are not blank."""

    header: tuple[str, ...]
    header_row: int
    rows: tuple[Row, ...]
    remarks: tuple[Finding, ...] = ()
    """What there is to know about how the file as a whole was read."""


def read(filename: str, content: bytes) -> Sheet:
    """Read `content` as CSV or XLSX, by what it is and not by what `filename` says.

    Raises:
        SheetError: empty, too large, neither CSV nor XLSX, or without a usable header.
    """
    if not content.strip():
        raise SheetError(lazy("%(file)s is empty."), file=filename)
    if len(content) > MOST_BYTES:
        raise SheetError(
            lazy("%(file)s is larger than %(most)s MiB. Split it into smaller files."),
            file=filename,
            most=MOST_BYTES // 1024**2,
        )
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        raise SheetError(
            lazy(
                "%(file)s is an old or a locked Excel file. Save it as .xlsx without a password,"
                " or as CSV."
            ),
            file=filename,
        )
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(_OTHER_KINDS):
        raise SheetError(
            lazy("%(file)s is neither a CSV nor an XLSX file. Save it as CSV in UTF-8."),
            file=filename,
        )
    is_workbook = content.startswith(b"PK")
    table = (workbooks if is_workbook else delimited).read(filename, content)
    return _sheet(filename, table)


def key(header: str) -> str:
    """Return a header as headers are compared: without case, spacing and underscores."""
    return folded(header.replace("_", " "))


def _sheet(filename: str, table: Table) -> Sheet:
    filled = (record for record in table.records if any(record.cells))
    found = list(islice(filled, MOST_TITLES + MOST_ROWS + 2))
    titles = _titles(found)
    header = _header(filename, found[titles] if found else Record(0, []))
    rows = tuple(_row(record, header) for record in found[titles + 1 :])
    if len(rows) > MOST_ROWS:
        raise SheetError(
            lazy("%(file)s has more than %(most)s rows. Split it into smaller files."),
            file=filename,
            most=MOST_ROWS,
        )
    number = found[titles].number
    return Sheet(
        tuple(filter(None, header)),
        number,
        rows,
        tuple(_title(record) for record in found[:titles])
        + tuple(report.finding(number, column="", value="", error=each) for each in table.remarks),
    )


def _titles(found: list[Record]) -> int:
    """Return how many lines above the header hold a single cell: "Speakers, fall 2026"."""
    fuller = (
        at
        for at, record in enumerate(found)
        if record.is_broken or len([cell for cell in record.cells if cell]) > 1
    )
    titles = next(fuller, 0)
    return titles if titles <= MOST_TITLES else 0


def _title(record: Record) -> Finding:
    error = SheetError(lazy("This line was taken for a title. Nothing is taken from it."))
    return report.finding(record.number, column="", value="".join(record.cells), error=error)


def _row(record: Record, header: list[str]) -> Row:
    if record.is_broken:
        return Row(record.number, {}, tuple(record.cells), is_broken=True)
    cells = record.cells
    named = {name: cells[at] if at < len(cells) else "" for at, name in enumerate(header) if name}
    loose = [cell for at, cell in enumerate(cells) if at >= len(header) or not header[at]]
    return Row(record.number, named, tuple(filter(None, loose)))


def _header(filename: str, record: Record) -> list[str]:
    header = [" ".join(cell.split()) for cell in record.cells]  # a report names it on one line
    while header and not header[-1]:
        header.pop()
    if not header:
        raise SheetError(
            lazy("%(file)s has no header: the first line names the columns."), file=filename
        )
    if any("\0" in name for name in header):
        raise SheetError(lazy("%(file)s is neither a CSV nor an XLSX file."), file=filename)
    if len(header) > MOST_COLUMNS:
        raise SheetError(
            lazy("%(file)s has more than %(most)s columns."), file=filename, most=MOST_COLUMNS
        )
    if record.is_broken:
        raise SheetError(
            lazy("%(file)s cannot be read: a quotation mark is missing in line %(line)s."),
            file=filename,
            line=record.number,
        )
    names = [key(name) for name in header if name]
    for name in header:
        if name and names.count(key(name)) > 1:
            raise SheetError(
                lazy("%(file)s has the column “%(column)s” twice. Rename or remove one."),
                file=filename,
                column=name,
            )
    return header
