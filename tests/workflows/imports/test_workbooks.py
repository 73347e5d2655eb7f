import io
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date, datetime, time, timedelta

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.workflows.imports import sheets, workbooks
from outreach.workflows.imports.records import SheetError
from tests.workflows.imports.importing import cells_of, workbook


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
        workbook(("Name",)),
        "xl/sharedStrings.xml",
        lambda _: b" " * (workbooks.MOST_UNPACKED_BYTES),
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


def test_a_formula_counts_with_the_value_saved_beside_it() -> None:
    saved = with_part(
        workbook(("Name", "Notes"), ("Ana", "=A2"), ("Ben", '=IF(A3="Ben","","x")')),
        "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(
            b'<c r="B2"><f>A2</f><v />', b'<c r="B2" t="str"><f>A2</f><v>Ana</v>'
        ).replace(b'<c r="B3">', b'<c r="B3" t="str">'),
    )

    assert cells_of(saved) == [{"Name": "Ana", "Notes": "Ana"}, {"Name": "Ben", "Notes": ""}]


def test_a_formula_without_a_value_is_not_read_as_blank() -> None:
    content = workbook(("Name", "Zip"), ("Ana", "=A1&A2"), ("Ben", 60614))

    assert cells_of(content) == [{"Name": "Ana", "Zip": "=A1&A2"}, {"Name": "Ben", "Zip": "60614"}]


def test_the_first_visible_sheet_is_read_and_others_that_hold_anything_are_named() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(("Old",), ("Ben",))))
    book.worksheets[0].sheet_state = "hidden"
    book.create_sheet("Speakers").append(["Name"])
    book.create_sheet("Legend").append(["x means important"])
    book.create_sheet("Empty")
    file = io.BytesIO()
    book.save(file)

    sheet = sheets.read("sheet.xlsx", file.getvalue())

    assert sheet.header == ("Name",)
    assert [remark.problem for remark in sheet.remarks] == [
        "Only the sheet “Speakers” was read, and not: Legend."
    ]


def test_a_title_in_merged_cells_is_not_taken_for_the_header() -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(workbook(("Speakers, fall 2026",), ("Name", "Zip"), ("Ana", 60614)))
    )
    book.worksheets[0].merge_cells("A1:B1")
    file = io.BytesIO()
    book.save(file)

    sheet = sheets.read("sheet.xlsx", file.getvalue())

    assert (sheet.header, sheet.header_row) == (("Name", "Zip"), 2)
    assert [row.number for row in sheet.rows] == [3]


def test_a_workbook_with_no_visible_sheet_cannot_be_read() -> None:
    content = with_part(
        workbook(("Name",)),
        "xl/workbook.xml",
        lambda xml: xml.replace(b'state="visible"', b'state="hidden"'),
    )

    with pytest.raises(SheetError, match="cannot be read as an XLSX"):
        sheets.read("sheet.xlsx", content)
