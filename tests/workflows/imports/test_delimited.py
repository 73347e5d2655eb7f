import pytest

from outreach.workflows.imports import sheets
from outreach.workflows.imports.records import SheetError
from tests.workflows.imports.importing import cells_of


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
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


def test_a_title_above_the_header_parts_nothing() -> None:
    assert cells_of(b"Speakers, fall 2026\nName;Zip;Cell\nAna;60614;\n") == [
        {"Name": "Ana", "Zip": "60614", "Cell": ""}
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_any_system_ends_them(end: str) -> None:
    content = end.join(["Name,Notes", 'Ana,"two', 'lines"', "", "Ben,x", ""]).encode()

    rows = sheets.read("sheet.csv", content).rows

    assert [(row.number, row.cells["Name"]) for row in rows] == [(2, "Ana"), (4, "Ben")]


def test_what_nobody_sees_is_no_part_of_a_cell() -> None:
    content = "\ufeffName\u200b,Cell\nAna\xa0Reyes,\u200e312-555-0142\xa0\n".encode()

    assert cells_of(content) == [{"Name": "Ana Reyes", "Cell": "312-555-0142"}]


def test_zeros_kept_by_a_formula_are_kept() -> None:
    assert cells_of(b'Name,Zip\nAna,="02134"\nBen,"=""02134"""\n') == [
        {"Name": "Ana", "Zip": "02134"},
        {"Name": "Ben", "Zip": "02134"},
    ]


def test_a_guessed_encoding_is_told() -> None:
    sheet = sheets.read("sheet.csv", "Name,Zip\nMejía,60614\n".encode("cp1252"))

    assert [(remark.row, remark.problem) for remark in sheet.remarks] == [
        (1, "This file is not in UTF-8 and was read as Windows text. Are the accents right?")
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfName,Zip\nAna,60614\nMej\xeda,60614\n",
        "Name,Zip\nPeña,60614\n".encode() + b"Mej\xeda,60614\n",
    ],
)
def test_a_file_of_two_encodings_is_not_guessed_at(content: bytes) -> None:
    with pytest.raises(SheetError, match="letters of two encodings, the first in line 3"):
        sheets.read("sheet.csv", content)


def test_utf_16_that_breaks_off_is_no_sheet() -> None:
    with pytest.raises(SheetError, match="neither a CSV nor an XLSX"):
        sheets.read("sheet.csv", b"\xff\xfeN")


def test_a_quotation_mark_nobody_closed_costs_its_own_line_and_no_other() -> None:
    content = (
        b"Name,Notes\n"
        b'Ana,"no end\n'
        b"Ben,x\n"
        b'"Cem, "Tita" Ana",y\n'
        b'Dana,"two\nlines"\n'
        b'Eve,"no end, either\n'
        b"Finn,z\n"
    )

    rows = sheets.read("sheet.csv", content).rows

    assert [(row.number, row.is_broken) for row in rows] == [
        *((2, True), (3, False), (4, True), (5, False), (6, True), (7, False)),
    ]
    assert [row.cells["Name"] for row in rows if not row.is_broken] == ["Ben", "Dana", "Finn"]
    assert rows[0].beyond == ('Ana,"no end',)
