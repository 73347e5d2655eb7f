"""A CSV file → records. Commas, semicolons, tabs or bars; UTF-8, UTF-16 or Windows' encoding."""

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice

from outreach.i18n import lazy
from outreach.workflows.imports.records import (
    LAST_ROW,
    Record,
    SheetError,
    Table,
    plain,
    too_far_down,
)

DELIMITERS = ",;\t|"
LINES_LOOKED_AT = 10
"""Of these the fullest tells what parts the cells; a title above the header parts nothing."""

_UTF_8_BOM = b"\xef\xbb\xbf"
_UTF_8_LETTER = re.compile(rb"\xc3[\x80-\xbf]|\xe2\x80[\x90-\xa6]")
"""An accented letter, a dash or a curly quote in UTF-8; hardly a pair of letters elsewhere."""
_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')
"""="02134", written by programs that want a spreadsheet to keep the zero."""


def read(filename: str, content: bytes) -> Table:
    """Read `content` as CSV.

    Raises:
        SheetError: it is no text, mixes two encodings, or has a cell that is too long.
    """
    text, remarks = _decoded(filename, content)
    return Table(_records(filename, text), remarks)


def _records(filename: str, text: str) -> Iterator[Record]:
    """Yield each record. One with a stray quotation mark is one broken line, not half the file.

    Without `strict` a quotation mark that nobody closed would swallow the rows up to the next.
    """
    lines = list(io.StringIO(text, newline=""))
    delimiter = _delimiter(lines)
    start, number = 0, 0
    while start < len(lines):
        reader = csv.reader(islice(lines, start, None), delimiter=delimiter, strict=True)
        begun = start
        try:
            # A quoted cell with line breaks is one row of the spreadsheet: count records.
            for cells in reader:
                number += 1
                yield _record(filename, number, cells)
                start = begun + reader.line_num
        except csv.Error as error:
            if len(lines[start]) > csv.field_size_limit():
                raise _too_long(filename, start + 1) from error
            number += 1
            yield _record(filename, number, [lines[start]], is_broken=True)
            start += 1


def _record(filename: str, number: int, cells: list[str], *, is_broken: bool = False) -> Record:
    if number >= LAST_ROW:
        raise too_far_down(filename)
    return Record(number, [_cell(cell) for cell in cells], is_broken)


def _cell(text: str) -> str:
    kept = _KEPT_AS_TEXT.fullmatch(plain(text))
    return plain(kept[1] if kept else text)


def _decoded(filename: str, content: bytes) -> tuple[str, tuple[SheetError, ...]]:
    """Return the text, and a remark where its encoding had to be guessed."""
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig"
    try:
        return content.decode(encoding), ()
    except UnicodeDecodeError as error:
        if encoding == "utf-16" or b"\0" in content:
            raise _no_sheet(filename) from error
        if content.startswith(_UTF_8_BOM) or _UTF_8_LETTER.search(content):
            raise SheetError(
                lazy(
                    "%(file)s has letters of two encodings, the first in line %(line)s. Save it"
                    " again as CSV in UTF-8."
                ),
                file=filename,
                line=content.count(b"\n", 0, error.start) + 1,
            ) from error
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError as error:
        raise _no_sheet(filename) from error
    message = lazy("This file is not in UTF-8 and was read as Windows text. Are the accents right?")
    return text, (SheetError(message),)


def _delimiter(lines: list[str]) -> str:
    """Return what parts the first lines into the most cells; csv.Sniffer guesses from prose."""
    first = lines[:LINES_LOOKED_AT]
    return max(DELIMITERS, key=lambda delimiter: _most_cells(first, delimiter))


def _most_cells(lines: list[str], delimiter: str) -> int:
    most = 0
    with suppress(csv.Error):
        for cells in csv.reader(lines, delimiter=delimiter):
            most = max(most, len(cells))
    return most


def _no_sheet(filename: str) -> SheetError:
    return SheetError(
        lazy("%(file)s is neither a CSV nor an XLSX file. Save it as CSV in UTF-8."), file=filename
    )


def _too_long(filename: str, line: int) -> SheetError:
    return SheetError(
        lazy("%(file)s has a cell in line %(line)s that is far too long."), file=filename, line=line
    )
