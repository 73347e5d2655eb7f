import json
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach import audit, tables
from outreach.actor import Actor, Kind
from outreach.audit import AuditEvent
from outreach.directory.models import Affiliate, Program, Unit
from outreach.errors import RuleBroken
from outreach.speakers.models import Speaker
from outreach.workflows import imports
from outreach.workflows.imports import MappingError, SheetError
from tests.fakes import LINKS
from tests.workflows.imports.importing import (
    A_VISIT,
    ANA,
    BUREAU,
    NOW,
    ST_CLARE_4B,
    TODAY,
    bring_in,
    csv_of,
    outcome,
    problems,
    warnings,
)

BEN = {**ANA, "name": "Ben Okafor", "email": "ben@example.org", "phone": "312-555-0143"}
FILES = (("units", ST_CLARE_4B), ("speakers", ANA), ("requests", A_VISIT))


def everything(session: Session) -> dict[str, list[tuple[Any, ...]]]:
    session.flush()
    return {
        name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
        for name, table in tables.metadata.tables.items()
    }


@pytest.mark.both_engines
def test_importing_twice_changes_nothing(session: Session) -> None:
    for kind, row in FILES:
        bring_in(session, kind, row)
    before = everything(session)

    again = [bring_in(session, kind, row) for kind, row in FILES]

    assert [outcome(report) for report in again] == [(0, 1, 0)] * 3
    assert everything(session) == before


@pytest.mark.both_engines
def test_a_dry_run_says_what_would_happen_and_changes_nothing(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B)
    before = everything(session)

    dry = bring_in(session, "speakers", ANA, {**BEN, "zip": "0"}, dry_run=True)

    assert everything(session) == before
    assert dry == bring_in(session, "speakers", ANA, {**BEN, "zip": "0"})
    assert outcome(dry) == (1, 0, 1)


def test_a_wrong_row_is_left_out_and_the_others_come_in(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B)

    report = bring_in(session, "speakers", {**ANA, "zip": "0"}, BEN)

    assert (report.read, outcome(report)) == (2, (1, 0, 1))
    assert session.scalars(select(Speaker.first_name)).all() == ["Ben"]


def test_the_same_row_twice_changes_nothing(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B)

    report = bring_in(session, "speakers", ANA, {**ANA, "name": "Ana Reyes"})

    assert outcome(report) == (1, 1, 0)


def test_two_rows_that_say_different_things_of_one_speaker_need_a_decision(
    session: Session,
) -> None:
    bring_in(session, "units", ST_CLARE_4B)

    reports = [bring_in(session, "speakers", ANA, {**ANA, "zip": "60614"}) for _ in range(2)]

    assert [outcome(report) for report in reports] == [(1, 0, 1), (0, 1, 1)]
    assert problems(reports[0]) == [
        (3, "email", "Row 2 says this differently. Keep one of the two rows.")
    ]
    assert session.scalars(select(Speaker.zip_code)).one() == "60657"


def test_a_refused_row_does_not_speak_for_its_speaker(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B)

    report = bring_in(session, "speakers", {**ANA, "zip": "0"}, ANA)

    assert outcome(report) == (1, 0, 1)


def test_every_change_is_in_the_audit_log_by_who_imported(session: Session) -> None:
    ruth = Actor(Kind.COORDINATOR, account_id=7)

    imports.run(
        session,
        filename="units.csv",
        content=csv_of(ST_CLARE_4B),
        mapping=imports.read_mapping(None, kind="units"),
        affiliate=BUREAU,
        as_of=TODAY,
        by=ruth,
        links=LINKS,
        now=NOW,
    )

    events = session.execute(select(AuditEvent.action, AuditEvent.actor))
    assert sorted(tuple(event) for event in events) == [
        ("hospital.import", "coordinator:7"),
        ("membership.import", "coordinator:7"),
        ("unit.import", "coordinator:7"),
    ]
    assert audit.verify(session) is None


def test_progress_is_told_row_by_row(session: Session) -> None:
    seen: list[tuple[int, int]] = []

    imports.run(
        session,
        filename="units.csv",
        content=csv_of(ST_CLARE_4B, {**ST_CLARE_4B, "unit": "5W"}),
        mapping=imports.read_mapping(None, kind="units"),
        affiliate=BUREAU,
        as_of=TODAY,
        progress=lambda done, total: seen.append((done, total)),
        links=LINKS,
        now=NOW,
    )

    assert seen == [(1, 2), (2, 2)]


def test_the_json_is_what_programs_read(session: Session) -> None:
    report = bring_in(session, "units", {**ST_CLARE_4B, "zip": "6O614"}, ST_CLARE_4B)

    assert json.loads(json.dumps(report.to_json())) == {
        "file": "units.csv",
        "read": 2,
        "imported": 1,
        "unchanged": 0,
        "refused": [
            {
                "row": 2,
                "column": "zip",
                "value": "6O614",
                "problem": "“6O614” is not a ZIP code. Write five digits, like 60614.",
            }
        ],
        "warnings": [],
    }


def test_a_long_value_is_cut_in_the_report(session: Session) -> None:
    report = bring_in(session, "units", {**ST_CLARE_4B, "zip": "\x1b[31m" + "9" * 100_000})

    found = report.refused[0]
    assert len(found.value) == 120
    assert found.value.startswith("�[31m999")
    assert len(found.problem) < 300


def test_cells_beyond_the_last_column_refuse_the_row(session: Session) -> None:
    content = csv_of(ST_CLARE_4B).rstrip() + b",slipped\n"

    report = imports.run(
        session,
        filename="units.csv",
        content=content,
        mapping=imports.read_mapping(None, kind="units"),
        affiliate=BUREAU,
        as_of=TODAY,
        links=LINKS,
        now=NOW,
    )

    assert [(found.row, found.value) for found in report.refused] == [(2, "slipped")]
    assert "belong to no column" in report.refused[0].problem


def test_a_row_with_a_stray_quotation_mark_is_left_out_and_the_next_one_comes_in(
    session: Session,
) -> None:
    first, second = csv_of(ST_CLARE_4B), csv_of({**ST_CLARE_4B, "unit": "5W"})
    broken = first.rstrip().replace(b"Ring at", b'"Ring at') + b"\n"

    report = imports.run(
        session,
        filename="units.csv",
        content=broken + second.splitlines(keepends=True)[1],
        mapping=imports.read_mapping(None, kind="units"),
        affiliate=BUREAU,
        as_of=TODAY,
        links=LINKS,
        now=NOW,
    )

    assert outcome(report) == (1, 0, 1)
    assert [(found.row, found.column) for found in report.refused] == [(2, "")]
    assert report.refused[0].problem.startswith("A quotation mark is missing in this row")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("=B2&C2", "a formula without its value"),
        ("#N/A", "“#N/A” is a spreadsheet’s error"),
        ("#name?", "is a spreadsheet’s error"),
        ("Mej\N{REPLACEMENT CHARACTER}a", "a character that cannot be kept"),
    ],
)
def test_a_cell_whose_value_is_lost_is_not_taken_for_text(
    session: Session, text: str, problem: str
) -> None:
    report = bring_in(session, "units", {**ST_CLARE_4B, "liaison_name": text})

    assert outcome(report) == (0, 0, 1)
    assert (report.refused[0].column, problem in report.refused[0].problem) == (
        "liaison_name",
        True,
    )


def test_what_there_is_to_know_about_the_file_is_a_warning(session: Session) -> None:
    content = b"Units fall 2026\n" + csv_of({**ST_CLARE_4B, "liaison_name": "L\xe9na"})

    report = imports.run(
        session,
        filename="units.csv",
        content=content.decode().encode("cp1252"),
        mapping=imports.read_mapping(None, kind="units"),
        affiliate=BUREAU,
        as_of=TODAY,
        links=LINKS,
        now=NOW,
    )

    assert outcome(report) == (1, 0, 0)
    assert [(found.row, found.value) for found in report.warnings] == [
        (1, "Units fall 2026"),
        (2, ""),
    ]


def test_hours_in_the_night_are_asked_about(session: Session) -> None:
    report = bring_in(session, "units", {**ST_CLARE_4B, "visiting_hours": "Mon 1:00-5:00"})

    assert outcome(report) == (1, 0, 0)
    assert [(found.row, found.column) for found in report.warnings] == [(2, "visiting_hours")]


def test_a_column_that_must_be_there_is_missed_by_name(session: Session) -> None:
    with pytest.raises(MappingError) as error:
        bring_in(session, "units", {"hospital": "St. Clare", "Ward": "4B"})

    assert str(error.value) == (
        "The sheet has no column “age_group”, “unit”, “visiting_hours”, “zip”."
        " Its columns are “hospital”, “Ward”. A mapping says which column holds what."
    )


def test_columns_are_found_whatever_their_case_and_spacing(session: Session) -> None:
    row = {name.upper().replace("_", "  "): value for name, value in ST_CLARE_4B.items()}

    report = bring_in(session, "units", row)

    assert (outcome(report), report.warnings) == ((1, 0, 0), ())


def test_columns_that_nothing_is_taken_from_are_named(session: Session) -> None:
    row = {**ST_CLARE_4B, "Notes": "x", "Color": "blue"}
    mapping = 'ignore = ["notes"]\n[columns]\narrival_notes = "On arrival"\n'

    report = bring_in(session, "units", row, mapping=mapping)

    assert sorted(warnings(report)) == [
        (1, "Color", "The mapping does not name this column. Nothing is taken from it."),
        (1, "On arrival", "The mapping names this column, but the sheet does not have it."),
        (1, "arrival_notes", "The mapping does not name this column. Nothing is taken from it."),
    ]


def test_nothing_is_written_when_the_sheet_cannot_be_read(session: Session) -> None:
    before = everything(session)

    with pytest.raises(SheetError):
        imports.run(
            session,
            filename="units.csv",
            content=b"",
            mapping=imports.read_mapping(None, kind="units"),
            affiliate=BUREAU,
            as_of=TODAY,
            links=LINKS,
            now=NOW,
        )

    assert everything(session) == before


# --- whose rows these are


def test_without_a_name_the_only_affiliate_is_meant(session: Session) -> None:
    session.add(Affiliate(name="Northside", created_at=NOW))
    session.flush()

    bring_in(session, "units", ST_CLARE_4B, affiliate=None, mapping='first_affiliate = "New"')

    assert session.scalars(select(Affiliate.name)).all() == ["Northside"]


def test_without_any_affiliate_the_mapping_names_the_first(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B, affiliate=None, mapping='first_affiliate = "New"')

    assert session.scalars(select(Affiliate.name)).all() == ["New"]


def test_an_affiliate_is_found_in_any_case_and_else_made(session: Session) -> None:
    for name in ("Northside", " northside ", "Southside"):
        bring_in(session, "units", ST_CLARE_4B, affiliate=name)

    assert session.scalars(select(Affiliate.name).order_by(Affiliate.id)).all() == [
        "Northside",
        "Southside",
    ]
    assert session.scalar(select(func.count()).select_from(Unit)) == 2


def test_it_must_be_clear_whose_rows_these_are(session: Session) -> None:
    with pytest.raises(RuleBroken, match=r"Whose rows are these\?.*Known: –"):
        bring_in(session, "units", ST_CLARE_4B, affiliate=None)

    session.add_all(Affiliate(name=name, created_at=NOW) for name in ("Northside", "Southside"))
    session.flush()
    with pytest.raises(RuleBroken, match="Known: Northside, Southside"):
        bring_in(session, "units", ST_CLARE_4B, affiliate=None)


def test_programs_are_each_affiliates_own(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B)
    bring_in(session, "speakers", ANA)
    bring_in(session, "units", ST_CLARE_4B, affiliate="Northside")

    bring_in(session, "speakers", ANA, affiliate="Northside")

    assert session.scalar(select(func.count()).select_from(Program)) == 4
    assert session.scalar(select(func.count()).select_from(Speaker)) == 2
