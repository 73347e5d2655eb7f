"""A CSV or XLSX file → rows of text, numbered as the spreadsheet shows them.

The first line that is not blank is the header; blank lines count but are not rows. Every value is
text: a date cell becomes 2027-01-15, a time 14:00, a whole number loses its ".0".
"""

import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.cell.read_only import EMPTY_CELL
from openpyxl.utils.exceptions import InvalidFileException

from outreach.errors import RuleBroken
from outreach.i18n import lazy

MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 5_000
"""A row takes some 10 ms in one transaction, and on SQLite nobody else writes meanwhile."""
MOST_COLUMNS = 100
MOST_UNPACKED_BYTES = 100 * 1024 * 1024
"""An XLSX is a zip of XML; one of 5 MiB that unpacks to more than this is no roster."""
MOST_PARTS = 1_000
LAST_ROW = 50_000
"""Rows from this number on are refused; openpyxl pads what is between, whatever a file claims."""
DELIMITERS = ",;\t"

_Record = tuple[int, list[str]]

_BROKEN_WORKBOOK = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError),
    *(ParseError, InvalidFileException, LookupError, ValueError, TypeError, AttributeError),
)
"""What openpyxl and zipfile raise on damaged or made-up files; they promise no single one."""


class SheetError(RuleBroken):
    """The file as a whole cannot be read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line. `number` is the spreadsheet's; a column without a cell holds ''."""

    number: int
    cells: Mapping[str, str]
    beyond: tuple[str, ...] = ()
    """Cells to the right of the last header, which belong to no column."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's header and the rows that are not blank."""

    header: tuple[str, ...]
    header_row: int
    rows: tuple[Row, ...]


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
    is_workbook = content.startswith(b"PK")
    records = _workbook_records(filename, content) if is_workbook else _csv(filename, content)
    return _sheet(filename, records)


def _sheet(filename: str, records: Iterable[_Record]) -> Sheet:
    filled = ((number, cells) for number, cells in records if any(cells))
    header_row, header = next(filled, (0, []))
    while header and not header[-1]:
        header.pop()
    _check_header(filename, header)
    rows = tuple(_row(number, cells, header) for number, cells in islice(filled, MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        raise SheetError(
            lazy("%(file)s has more than %(most)s rows. Split it into smaller files."),
            file=filename,
            most=MOST_ROWS,
        )
    return Sheet(tuple(filter(None, header)), header_row, rows)


def _row(number: int, cells: list[str], header: list[str]) -> Row:
    named = {name: cells[at] if at < len(cells) else "" for at, name in enumerate(header) if name}
    loose = [cell for at, cell in enumerate(cells) if at >= len(header) or not header[at]]
    return Row(number, named, tuple(filter(None, loose)))


def _check_header(filename: str, header: list[str]) -> None:
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
    names = [name.casefold() for name in header if name]
    for name in header:
        if name and names.count(name.casefold()) > 1:
            raise SheetError(
                lazy("%(file)s has the column “%(column)s” twice. Rename or remove one."),
                file=filename,
                column=name,
            )


def _csv(filename: str, content: bytes) -> Iterator[_Record]:
    text = _decoded(filename, content)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text))
    try:
        # A quoted cell with line breaks is one row of the spreadsheet: count records, not lines.
        for number, cells in enumerate(reader, 1):
            if number >= LAST_ROW:
                raise _too_far_down(filename)
            yield number, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise SheetError(
            lazy(
                "%(file)s cannot be read from line %(line)s on: a quotation mark is missing or a"
                " cell is too long."
            ),
            file=filename,
            line=reader.line_num,
        ) from error


def _decoded(filename: str, content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetError(
        lazy("%(file)s is neither a CSV nor an XLSX file. Save it as CSV in UTF-8."), file=filename
    )


def _delimiter(text: str) -> str:
    """Return what parts the header's cells most often; csv.Sniffer guesses from prose."""
    start = text.lstrip()[:10_000]
    counts = {}
    for delimiter in DELIMITERS:
        record = next(csv.reader(io.StringIO(start, newline=""), delimiter=delimiter), [])
        counts[delimiter] = len(record)
    return max(DELIMITERS, key=lambda delimiter: counts[delimiter])


def _workbook_records(filename: str, content: bytes) -> Iterator[_Record]:
    broken = SheetError(
        lazy(
            "%(file)s cannot be read as an XLSX file. Open it, save it again as .xlsx or CSV,"
            " and try that one."
        ),
        file=filename,
    )
    try:
        _check_archive(filename, content)
        with warnings.catch_warnings():
            # openpyxl warns about the styles and validations it leaves out; we want cells only.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            if not book.worksheets:
                raise broken
            rows = book.worksheets[0].iter_rows(max_row=LAST_ROW, max_col=MOST_COLUMNS + 1)
            records = [(number, _texts(cells)) for number, cells in enumerate(rows, 1)]
    except SheetError:
        raise
    except _BROKEN_WORKBOOK as error:
        raise broken from error
    if len(records) == LAST_ROW:
        # Only a sheet that has a row there or below is read, and padded, up to the last row.
        raise _too_far_down(filename)
    yield from records


def _check_archive(filename: str, content: bytes) -> None:
    parts = zipfile.ZipFile(io.BytesIO(content)).infolist()
    # zipfile never reads past a part's declared size, so the declared sizes bound the work.
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES:
        raise SheetError(
            lazy(
                "%(file)s unpacks to far more than a roster holds. Save only the sheet you need, as"
                " CSV."
            ),
            file=filename,
        )


def _texts(cells: Sequence[object]) -> list[str]:
    return [] if all(cell is EMPTY_CELL for cell in cells) else [_text(cell) for cell in cells]


def _text(cell: Any) -> str:  # noqa: ANN401 - openpyxl's stubs know no read-only cells
    value: object = cell.value
    text = "" if value is None else str(value).strip()
    match value:
        case bool():
            text = "TRUE" if value else "FALSE"
        case datetime():
            text = _moment(value)
        case time():
            text = value.isoformat("minutes")
        case timedelta():
            minutes = round(value.total_seconds() / 60)
            text = f"{minutes // 60}:{minutes % 60:02d}"
        case int() | float():
            text = _number(value, shown_as=cell.number_format)
    return text


def _moment(value: datetime) -> str:
    if value.time() == time():
        return value.date().isoformat()
    return value.isoformat(" ", "minutes")


def _number(value: float, *, shown_as: str | None) -> str:
    if value != value // 1:
        return repr(value)
    digits = str(int(value))
    # A ZIP code kept as a number with the format 00000 shows its leading zeros: so do we.
    padded = shown_as is not None and set(shown_as) == {"0"}
    return digits.zfill(len(shown_as or "")) if padded else digits


def _too_far_down(filename: str) -> SheetError:
    return SheetError(
        lazy("%(file)s goes on to row %(last)s. Remove the rows below your own, or split it."),
        file=filename,
        last=LAST_ROW,
    )
