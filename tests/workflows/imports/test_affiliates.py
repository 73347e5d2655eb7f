"""Affiliates with the counties they serve: messy cells judged row by row, a second time nothing."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.directory import receiving
from outreach.directory.models import Affiliate
from outreach.workflows import imports
from tests import builders, serving_builders
from tests.fakes import LINKS
from tests.workflows.imports.importing import (
    BUREAU,
    NOW,
    TODAY,
    bring_in,
    csv_of,
    outcome,
    problems,
    warnings,
    workbook,
)

LAKESIDE = {
    "name": "Lakeside Friends",
    "zip": "Chicago, IL 60614",
    "state": "",
    "counties": "Cook; Lake",
    "person": "Gail Moreno",
    "phone": "(312) 555-0123",
    "email": "Gail@Lakeside.example",
    "receives_by": "e-mail",
    "capacity": "",
}


@pytest.fixture(autouse=True)
def bureau(session: Session) -> Affiliate:
    """The bureau whose coordinators keep them."""
    return builders.affiliate(session, BUREAU)


def found(session: Session, name: str = "Lakeside Friends") -> Affiliate:
    session.expire_all()
    return session.scalars(select(Affiliate).where(Affiliate.name == name)).one()


def test_an_affiliate_comes_with_its_counties_its_person_and_its_place(
    session: Session, bureau: Affiliate
) -> None:
    report = bring_in(session, "affiliates", LAKESIDE)

    made = found(session)
    assert outcome(report) == (1, 0, 0)
    assert (made.kept_by_id, made.receives_referrals) == (bureau.id, True)
    assert (made.intake_name, made.intake_phone) == ("Gail Moreno", "+13125550123")
    assert (made.intake_email, made.intake_by) == ("gail@lakeside.example", "link")
    assert (made.zip_code, made.time_zone) == ("60614", "America/Chicago")
    assert receiving.counties(session, made.id) == [("IL", "Cook County"), ("IL", "Lake County")]


def test_the_second_time_nothing_changes_and_a_blank_cell_leaves_what_is_there(
    session: Session,
) -> None:
    bring_in(session, "affiliates", {**LAKESIDE, "capacity": "waiting list"})

    again = bring_in(session, "affiliates", {**LAKESIDE, "phone": "", "person": ""})
    less = bring_in(session, "affiliates", {**LAKESIDE, "counties": "Lake", "capacity": "full"})

    assert (outcome(again), outcome(less)) == ((0, 1, 0), (1, 0, 0))
    kept = found(session)
    assert (kept.intake_name, kept.capacity) == ("Gail Moreno", "no_capacity")
    assert receiving.counties(session, kept.id) == [("IL", "Lake County")]


def test_counties_are_read_as_people_write_them(session: Session) -> None:
    messy = "COOK county, du page\nst clair; Saint Clair Co.; Lake, IN; Kenosha (WI)"

    report = bring_in(session, "affiliates", {**LAKESIDE, "counties": messy})

    assert outcome(report) == (1, 0, 0)
    assert receiving.counties(session, found(session).id) == [
        ("IL", "Cook County"),
        ("IL", "DuPage County"),
        ("IL", "St. Clair County"),
        ("IN", "Lake County"),
        ("WI", "Kenosha County"),
    ]


def test_the_state_may_be_told_by_its_name_or_its_letters(session: Session) -> None:
    for number, state in enumerate(("Indiana", "in", "IN")):
        row = {**LAKESIDE, "name": f"Number {number}", "state": state, "counties": "Lake"}
        bring_in(session, "affiliates", row)

        assert receiving.counties(session, found(session, f"Number {number}").id) == [
            ("IN", "Lake County")
        ]


def test_every_wrong_cell_is_named_and_only_its_row_is_left_out(session: Session) -> None:
    report = bring_in(
        session,
        "affiliates",
        {**LAKESIDE, "name": "Wrong", "counties": "Cook; Cok; Narnia", "phone": "555-01"},
        {**LAKESIDE, "name": "Nowhere", "zip": "6O614", "state": "Ilinois"},
        {**LAKESIDE, "name": "", "capacity": "plenty", "receives_by": "pigeon", "email": "gail"},
        {**LAKESIDE, "name": "Silent", "email": "", "receives_by": "link"},
        {**LAKESIDE, "name": "Deaf", "phone": "", "receives_by": "calls"},
        {**LAKESIDE, "name": "Grand", "receives_by": "account"},
        LAKESIDE,
    )

    assert outcome(report) == (1, 0, 6)
    assert [(row, column) for row, column, _words in problems(report)] == [
        (2, "phone"),
        (2, "counties"),
        (2, "counties"),
        (3, "zip"),
        (3, "state"),
        (4, "name"),
        (4, "email"),
        (4, "receives_by"),
        (4, "capacity"),
        (5, "email"),
        (6, "phone"),
        (7, "receives_by"),
    ]
    words = " ".join(sentence for _row, _column, sentence in problems(report))
    for part in ("Did you mean “Cook County”", "no county “Narnia” in IL", "Illinois", "needs an"):
        assert part in words


def test_two_rows_for_one_affiliate_must_say_the_same(session: Session) -> None:
    report = bring_in(session, "affiliates", LAKESIDE, LAKESIDE, {**LAKESIDE, "counties": "Will"})

    assert outcome(report) == (1, 1, 1)
    assert problems(report)[0][:2] == (4, "name")


def test_the_own_bureau_may_be_in_the_file_and_a_strangers_affiliate_may_not(
    session: Session, bureau: Affiliate
) -> None:
    stranger = builders.affiliate(session, "Riverbend")
    serving_builders.receiver(session, "Kept there", kept_by_id=stranger.id)

    report = bring_in(
        session,
        "affiliates",
        {**LAKESIDE, "name": BUREAU.upper()},
        {**LAKESIDE, "name": "Kept there"},
        {**LAKESIDE, "name": "riverbend"},
    )

    assert outcome(report) == (1, 0, 2)
    assert {words for _row, _column, words in problems(report)} == {
        "Another bureau has or keeps an affiliate of this name."
    }
    assert receiving.counties(session, bureau.id) == [("IL", "Cook County"), ("IL", "Lake County")]
    assert warnings(report) == [
        (2, "name", "It receives no referrals yet. Its page turns them on.")
    ]
    assert found(session, BUREAU).time_zone == "America/New_York", "a bureau's own is a setting"


def test_a_dry_run_tells_the_same_and_keeps_nothing(session: Session) -> None:
    report = bring_in(session, "affiliates", LAKESIDE, dry_run=True)

    assert outcome(report) == (1, 0, 0)
    assert session.scalars(select(Affiliate.name)).all() == [BUREAU]


def test_a_workbook_whose_columns_are_called_otherwise_is_guessed(session: Session) -> None:
    header = ("Affiliate", "City/ZIP", "County served", "Contact person", "Phone number", "Mail")
    row = ("Lakeside Friends", 60614, "Cook", "Gail", "312.555.0123", "gail@lakeside.example")
    content = workbook(header, row)

    chosen = imports.guess_columns(imports.read_sheet("a.xlsx", content), kind="affiliates")
    report = imports.run(
        session,
        filename="a.xlsx",
        content=content,
        mapping=imports.mapping_with_columns(chosen, kind="affiliates"),
        affiliate=BUREAU,
        as_of=TODAY,
        links=LINKS,
        now=NOW,
    )

    assert outcome(report) == (1, 0, 0)
    assert found(session).intake_email == "gail@lakeside.example"


def test_words_of_a_mapping_stand_beside_the_usual_ones(session: Session) -> None:
    toml = '[receives_by]\n"Fax machine" = "phone"\n[capacities]\nBooked = "no_capacity"\n'
    row = {**LAKESIDE, "receives_by": "fax machine", "capacity": "booked"}

    bring_in(session, "affiliates", row, mapping=toml)

    made = found(session)
    assert (made.intake_by, made.capacity) == ("phone", "no_capacity")


def test_a_sheet_without_counties_is_told_its_missing_column() -> None:
    sheet = imports.read_sheet("a.csv", csv_of({"name": "Lakeside", "zip": "60614"}))

    assert imports.guess_columns(sheet, kind="affiliates").keys() == {"name", "zip"}
    assert imports.required_fields("affiliates") == {"name", "zip", "counties"}
