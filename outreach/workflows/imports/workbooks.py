"""An XLSX file → records: the values of its first visible sheet as text, as people see them.

A date cell becomes 2027-01-15, a time 14:00, a whole number loses its ".0". A formula counts with
the value that the spreadsheet program saved beside it; one without stays "=…", and so is refused.
"""

import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from itertools import islice
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.cell.read_only import EMPTY_CELL
from openpyxl.utils.exceptions import InvalidFileException

from outreach.i18n import lazy
from outreach.workflows.imports.records import (
    LAST_ROW,
    MOST_COLUMNS,
    Record,
    SheetError,
    Table,
    plain,
    too_far_down,
)

MOST_UNPACKED_BYTES = 100 * 1024 * 1024
"""An XLSX is a zip of XML; one of 5 MiB that unpacks to more than this is no roster."""
MOST_PARTS = 1_000
ROWS_LOOKED_AT = 20
"""Of another sheet, to say whether anything is on it."""

_Cells = Sequence[Any]
"""A row of read-only cells, for which openpyxl's stubs have no type."""

_BROKEN_WORKBOOK = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError),
    *(ParseError, InvalidFileException, LookupError, ValueError, TypeError, AttributeError),
)
"""What openpyxl and zipfile raise on damaged or made-up files; they promise no single one."""


def read(filename: str, content: bytes) -> Table:
    """Read `content` as XLSX.

    Raises:
        SheetError: damaged, a zip of something else, too large unpacked, or with too many rows.
    """
    with _damage_told(filename):
        _check_archive(filename, content)
        book = _opened(content, data_only=True)
        at, others = _chosen(filename, book)
        rows = _rows(book, at)
        if any(_may_be_formula(cell) for row in rows for cell in row):
            rows = _with_formulas(rows, _rows(_opened(content, data_only=False), at))
        records = [Record(number, _texts(row)) for number, row in enumerate(rows, 1)]
    if len(records) == LAST_ROW:
        # Only a sheet that has a row there or below is read, and padded, up to the last row.
        raise too_far_down(filename)
    message = lazy("Only the sheet “%(sheet)s” was read, and not: %(others)s.")
    sheet = book.worksheets[at].title
    remark = SheetError(message, sheet=sheet, others=", ".join(others))
    return Table(records, (remark,) if others else ())


@contextmanager
def _damage_told(filename: str) -> Iterator[None]:
    try:
        with warnings.catch_warnings():
            # openpyxl warns about the styles and validations it leaves out; we want cells only.
            warnings.simplefilter("ignore")
            yield
    except SheetError:
        raise
    except _BROKEN_WORKBOOK as error:
        raise _broken(filename) from error


def _opened(content: bytes, *, data_only: bool) -> openpyxl.Workbook:
    return openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=data_only)


def _chosen(filename: str, book: openpyxl.Workbook) -> tuple[int, list[str]]:
    """Return the place of the first visible sheet, and the names of others that hold anything."""
    visible = [n for n, sheet in enumerate(book.worksheets) if sheet.sheet_state == "visible"]
    if not visible:
        raise _broken(filename)
    others = [book.worksheets[at] for at in visible[1:]]
    return visible[0], [sheet.title for sheet in others if _holds_anything(sheet)]


def _holds_anything(sheet: Any) -> bool:  # noqa: ANN401 - openpyxl's stubs know no read-only sheets
    rows = sheet.iter_rows(max_row=ROWS_LOOKED_AT, max_col=MOST_COLUMNS, values_only=True)
    return any(value is not None for row in rows for value in row)


def _rows(book: openpyxl.Workbook, at: int) -> list[_Cells]:
    rows = book.worksheets[at].iter_rows(max_row=LAST_ROW, max_col=MOST_COLUMNS + 1)
    return list(islice(rows, LAST_ROW))


def _may_be_formula(cell: Any) -> bool:  # noqa: ANN401 - openpyxl's stubs know no read-only cells
    """Say whether a cell is there without a value; "str" is a formula whose value is ''."""
    return cell is not EMPTY_CELL and cell.value is None and cell.data_type != "str"


def _with_formulas(rows: list[_Cells], formulas: list[_Cells]) -> list[_Cells]:
    """Put a formula in the place of each value that is missing."""
    return [
        [
            formula if _may_be_formula(cell) and formula.data_type == "f" else cell
            for cell, formula in zip(row, row_of_formulas, strict=True)
        ]
        for row, row_of_formulas in zip(rows, formulas, strict=True)
    ]


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


def _texts(cells: _Cells) -> list[str]:
    return [] if all(cell is EMPTY_CELL for cell in cells) else [_text(cell) for cell in cells]


def _text(cell: Any) -> str:  # noqa: ANN401 - openpyxl's stubs know no read-only cells
    value: object = cell.value
    if cell is not EMPTY_CELL and cell.data_type == "f":
        return value if isinstance(value, str) else "=…"
    text = "" if value is None else plain(str(value))
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


def _broken(filename: str) -> SheetError:
    return SheetError(
        lazy(
            "%(file)s cannot be read as an XLSX file. Open it, save it again as .xlsx or CSV,"
            " and try that one."
        ),
        file=filename,
    )
