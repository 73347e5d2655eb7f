import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.workflows.imports import sheets
from outreach.workflows.imports.sheets import Row, SheetError


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


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_csv_is_parted_by_commas_semicolons_or_tabs(delimiter: str) -> None:
    content = f"Name{delimiter}Zip\nAna{delimiter}60614\n".encode()

    assert cells_of(content) == [{"Name": "Ana", "Zip": "60614"}]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_csv_is_read_in_the_encodings_that_spreadsheets_write(encoding: str) -> None:
    assert cells_of("Name\nMejía\n".encode(encoding)) == [{"Name": "Mejía"}]


def test_a_separator_inside_a_quoted_header_is_no_separator() -> None:
    content = b'"Name (Last, First, or the other way)";Zip\n"Reyes, Ana";60614\n'

    assert cells_of(content) == [
        {"Name (Last, First, or the other way)": "Reyes, Ana", "Zip": "60614"}
    ]


def test_rows_are_numbered_as_the_spreadsheet_shows_them() -> None:
    content = b'Name,Notes\nAna,"two\nlines"\n,\nBen,\n\nCem,x\n'

    rows = sheets.read("sheet.csv", content).rows

    # The quoted line break stays inside row 2; the blank rows 3 and 5 count but are no rows.
    assert [(row.number, row.cells["Name"]) for row in rows] == [(2, "Ana"), (4, "Ben"), (6, "Cem")]


def test_blank_lines_above_the_header_count_too() -> None:
    sheet = sheets.read("sheet.csv", b"\n,,\nName,Zip\nAna,60614\n")

    assert (sheet.header, sheet.header_row) == (("Name", "Zip"), 3)
    assert [row.number for row in sheet.rows] == [4]


def test_cells_are_stripped_missing_ones_blank_and_those_beyond_the_header_kept_apart() -> None:
    rows = sheets.read("sheet.csv", b"Name,Zip,\n Ana \nBen,60614,x,y\n").rows

    assert rows == (
        Row(2, {"Name": "Ana", "Zip": ""}),
        Row(3, {"Name": "Ben", "Zip": "60614"}, ("x", "y")),
    )


def test_every_kind_of_cell_in_a_workbook_becomes_text() -> None:
    content = workbook(
        ("date", "moment", "time", "span", "whole", "number", "yes", "zip", "text", "nothing"),
        (
            date(2027, 1, 15),
            datetime(2027, 1, 15, 14, 30),  # noqa: DTZ001 - a spreadsheet knows no zones
            time(14, 0),
            timedelta(hours=1, minutes=30),
            60.0,
            1.5,
            True,
            2134,
            " Ana ",
            None,
        ),
        formats={"H2": "00000"},
    )

    assert cells_of(content) == [
        {
            "date": "2027-01-15",
            "moment": "2027-01-15 14:30",
            "time": "14:00",
            "span": "1:30",
            "whole": "60",
            "number": "1.5",
            "yes": "TRUE",
            "zip": "02134",
            "text": "Ana",
            "nothing": "",
        }
    ]


def test_rows_of_a_workbook_are_numbered_as_it_shows_them() -> None:
    content = workbook(("Name",), ("Ana",), (None,), ("Ben",))

    rows = sheets.read("sheet.xlsx", content).rows

    assert [(row.number, row.cells["Name"]) for row in rows] == [(2, "Ana"), (4, "Ben")]


def test_what_a_file_is_decides_and_not_what_it_is_called() -> None:
    assert sheets.read("sheet.csv", workbook(("Name",), ("Ana",))).header == ("Name",)
    assert sheets.read("sheet.xlsx", b"Name\nAna\n").header == ("Name",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "sheet is empty"),
        (b" \r\n", "sheet is empty"),
        (b"\xef\xbb\xbf\n,,\n", "has no header"),
        (b"Name,Zip,name\nAna,60614,Ben\n", "the column “Name” twice"),
        (b"\x00\x01\x02,\x00\n", "neither a CSV nor an XLSX"),
        (b"\x81\x8d\x8f", "neither a CSV nor an XLSX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or a locked Excel file"),
        (b"PK\x03\x04 and nothing more", "cannot be read as an XLSX"),
        (b"a" * (sheets.MOST_BYTES + 1), "larger than 5 MiB"),
        (b",".join(b"c%d" % n for n in range(101)), "more than 100 columns"),
        (b'Name\n"' + b"x" * 200_000 + b'"', "from line 2 on"),
    ],
)
def test_a_file_that_is_no_sheet_says_why(content: bytes, problem: str) -> None:
    with pytest.raises(SheetError, match=problem):
        sheets.read("sheet", content)


def test_a_sheet_has_at_most_five_thousand_rows() -> None:
    full = b"Name\n" + b"Ana\n" * sheets.MOST_ROWS

    assert len(sheets.read("sheet.csv", full).rows) == sheets.MOST_ROWS
    with pytest.raises(SheetError, match="more than 5000 rows"):
        sheets.read("sheet.csv", full + b"Ben\n")


def test_blank_rows_do_not_make_a_sheet_too_long_until_they_are_absurd() -> None:
    assert len(sheets.read("sheet.csv", b"Name\n" + b",\n" * 30_000 + b"Ana\n").rows) == 1
    with pytest.raises(SheetError, match="goes on to row 50000"):
        sheets.read("sheet.csv", b"Name\n" + b",\n" * 50_000 + b"Ana\n")


def test_an_absurd_row_number_in_a_workbook_is_refused_and_not_padded_up_to() -> None:
    content = with_part(
        workbook(("Name",), ("Ana",)),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b'r="2"', b'r="999999999"').replace(b'r="A2"', b'r="A999999999"'),
    )

    with pytest.raises(SheetError, match="goes on to row 50000"):
        sheets.read("sheet.xlsx", content)


def test_a_workbook_that_unpacks_to_too_much_is_not_unpacked() -> None:
    content = with_part(
        workbook(("Name",)), "xl/sharedStrings.xml", lambda _: b" " * (sheets.MOST_UNPACKED_BYTES)
    )

    assert len(content) < sheets.MOST_BYTES
    with pytest.raises(SheetError, match="unpacks to far more"):
        sheets.read("sheet.xlsx", content)


def test_a_zip_that_is_no_workbook_says_so() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("readme.txt", "hello")

    with pytest.raises(SheetError, match="cannot be read as an XLSX"):
        sheets.read("sheet.xlsx", file.getvalue())


GOOD_WORKBOOK = workbook(("Name", "Zip"), ("Ana", 60614))


@given(at=st.integers(0, len(GOOD_WORKBOOK) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_workbook_is_read_or_refused(at: int, byte: int, *, cut: bool) -> None:
    damaged = GOOD_WORKBOOK[:at] + bytes([byte]) + (b"" if cut else GOOD_WORKBOOK[at + 1 :])

    with suppress(SheetError):
        sheets.read("sheet.xlsx", damaged)


@given(content=st.binary(max_size=200))
def test_no_bytes_whatever_do_worse_than_a_problem(content: bytes) -> None:
    with suppress(SheetError):
        sheets.read("sheet", content)


def with_part(content: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    changed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(changed, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for part in {*old.namelist(), name}:
            held = old.read(part) if part in old.namelist() else b""
            new.writestr(part, change(held) if part == name else held)
    return changed.getvalue()
