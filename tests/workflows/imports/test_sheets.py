from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.workflows.imports import sheets
from outreach.workflows.imports.records import SheetError
from outreach.workflows.imports.sheets import Row
from tests.workflows.imports.importing import workbook


def test_rows_are_numbered_as_the_spreadsheet_shows_them() -> None:
    content = b'Name,Notes\nAna,"two\nlines"\n,\nBen,\n\nCem,x\n'

    rows = sheets.read("sheet.csv", content).rows

    # The quoted line break stays inside row 2; the blank rows 3 and 5 count but are no rows.
    assert [(row.number, row.cells["Name"]) for row in rows] == [(2, "Ana"), (4, "Ben"), (6, "Cem")]


def test_a_header_on_two_lines_is_named_on_one() -> None:
    assert sheets.read("sheet.csv", b'"Visits\n allowed",Zip\nx,y\n').header == (
        *("Visits allowed", "Zip"),
    )


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
        (b"%PDF-1.4\n1 0 obj", "neither a CSV nor an XLSX"),
        (b"\xef\xbb\xbf <html><table>", "neither a CSV nor an XLSX"),
        (b"\x81\x8d\x8f", "neither a CSV nor an XLSX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old or a locked Excel file"),
        (b"PK\x03\x04 and nothing more", "cannot be read as an XLSX"),
        (b"a" * (sheets.MOST_BYTES + 1), "larger than 5 MiB"),
        (b",".join(b"c%d" % n for n in range(101)), "more than 100 columns"),
        (b'Name\n"' + b"x" * 200_000 + b'"', "in line 2 that is far too long"),
        (b'Name,"Zip\nAna,60614\n', "a quotation mark is missing in line 1"),
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


@given(content=st.binary(max_size=200))
def test_no_bytes_whatever_do_worse_than_a_problem(content: bytes) -> None:
    with suppress(SheetError):
        sheets.read("sheet", content)
