"""The pages on which a coordinator brings in a spreadsheet."""

import html
import io
import random
import re
from collections.abc import Callable
from string import printable

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from outreach.accounts.models import Account, Membership
from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.directory.models import Unit
from outreach.speakers.models import Speaker
from outreach.web.coordinator import parcel as parcels
from outreach.web.coordinator.parcel import Parcel
from tests.builders import World
from tests.digest import digest
from tests.workflows.imports.importing import ANA, ST_CLARE_4B, csv_of

Desk = Callable[[], FlaskClient]

URL = "/coordinator/setup/imports"
GOOD = csv_of(ST_CLARE_4B, {**ST_CLARE_4B, "unit": "5W", "zip": "6O614"})


def send(
    browser: FlaskClient, content: bytes, *, kind: str = "units", mapping: bytes = b""
) -> TestResponse:
    data: dict[str, object] = {"kind": kind, "sheet": (io.BytesIO(content), "C:\\my\\units.csv")}
    if mapping:
        data["mapping"] = (io.BytesIO(mapping), "units.toml")
    return browser.post(URL, data=data, content_type="multipart/form-data")


def fields_of(answer: TestResponse) -> dict[str, str]:
    """Return the parcel and the chosen columns of a page, as its form would send them."""
    found = re.search(r'name="parcel" value="([^"]+)"', answer.text)
    assert found, answer.text
    values = {"parcel": html.unescape(found[1])}
    for name, options in re.findall(
        r'<select [^>]*name="(column-[^"]+)"[^>]*>(.*?)</select>', answer.text, re.DOTALL
    ):
        chosen = re.search(r'<option value="([^"]*)" selected>', options)
        values[name] = html.unescape(chosen[1]) if chosen else ""
    return values


def test_a_file_is_looked_at_first_and_then_brought_in(
    desk: Desk, session: Session, database: Database
) -> None:
    browser = desk()
    before = digest(database)

    columns = send(browser, GOOD)
    trial = browser.post(f"{URL}/columns", data=fields_of(columns))

    assert "Which column is what?" in columns.text
    assert "Bring in one row" in trial.text
    assert "“6O614” is not a ZIP code. Write five digits, like 60614." in trial.text
    assert digest(database) == before
    done = browser.post(f"{URL}/rows", data=fields_of(trial))
    assert (done.status_code, done.location) == (303, f"{URL}?came=units")
    after = browser.get(done.location).text
    assert "One row is brought in. One row was left out." in after
    assert 'href="/coordinator/hospitals">See the hospitals and their units</a>' in after
    assert "See the hospitals" not in browser.get(URL).text
    assert "4B" in session.scalars(select(Unit.name)).all()


def test_rows_left_out_and_cells_to_correct_are_counted_apart(desk: Desk) -> None:
    wrong = {**ST_CLARE_4B, "unit": "5W", "zip": "6O614", "visiting_hours": "sometimes"}
    browser = desk()

    trial = browser.post(
        f"{URL}/columns", data=fields_of(send(browser, csv_of(ST_CLARE_4B, wrong)))
    )

    assert "One row left out, 2 cells to correct" in trial.text


@pytest.mark.parametrize("kind", ["units", "speakers", "requests", "affiliates"])
def test_each_kind_of_list_leads_to_where_its_rows_stand(desk: Desk, kind: str) -> None:
    browser = desk()

    page = browser.get(f"{URL}?came={kind}").text

    way = re.search(r'<a class="btn btn-plain" href="([^"]+)">See the', page)
    assert way
    assert browser.get(way[1]).status_code == 200


def test_what_is_brought_in_belongs_to_the_coordinator_who_brought_it(
    desk: Desk, session: Session, here: World, ruth: Membership
) -> None:
    browser = desk()

    trial = browser.post(f"{URL}/columns", data=fields_of(send(browser, GOOD)))
    browser.post(f"{URL}/rows", data=fields_of(trial))

    unit = session.scalars(select(Unit).where(Unit.name == "4B")).one()
    assert unit.affiliate_id == here.affiliate.id
    actors = select(AuditEvent.actor).where(AuditEvent.action == "unit.import")
    assert session.scalars(actors).all() == [f"coordinator:{ruth.account_id}"]


def test_columns_are_guessed_and_may_be_chosen_otherwise(desk: Desk, session: Session) -> None:
    names = {"visiting_hours": "Visits allowed", "age_group": "Serves", "arrival_notes": "Other"}
    content = csv_of({names.get(name, name): value for name, value in ST_CLARE_4B.items()})
    browser = desk()

    chosen = fields_of(send(browser, content))
    trial = browser.post(f"{URL}/columns", data=chosen | {"column-street": "Other"})

    assert chosen["column-visiting_hours"] == "Visits allowed"
    assert (chosen["column-age_group"], chosen["column-arrival_notes"]) == ("Serves", "")
    browser.post(f"{URL}/rows", data=fields_of(trial))
    street = select(Unit.street).where(Unit.name == "4B")
    assert session.scalars(street).one() == "Ring at the double door."


def test_a_column_that_must_be_there_is_asked_for(desk: Desk) -> None:
    browser = desk()

    answer = browser.post(
        f"{URL}/columns", data=fields_of(send(browser, GOOD)) | {"column-zip": ""}
    )

    assert answer.status_code == 422
    assert answer.text.count("Choose the column that holds this.") == 1
    assert fields_of(answer)["column-unit"] == "unit"


def test_a_mapping_file_says_which_column_is_what(desk: Desk) -> None:
    content = GOOD.replace(b"zip", b"City/ZIP", 1)

    answer = send(desk(), content, mapping=b'[columns]\nzip = "City/ZIP"\n')

    assert answer.status_code == 200
    assert "Bring in one row" in answer.text


def test_a_file_that_says_nothing_new_has_no_button(desk: Desk) -> None:
    browser = desk()
    content = csv_of(ST_CLARE_4B)
    trial = browser.post(f"{URL}/columns", data=fields_of(send(browser, content)))
    browser.post(f"{URL}/rows", data=fields_of(trial))

    again = browser.post(f"{URL}/columns", data=fields_of(send(browser, content)))

    assert "All of this is here already" in again.text
    assert "Bring in" not in again.text.split("<h1>")[1]


@pytest.mark.parametrize(
    ("content", "mapping", "words"),
    [
        (b" ", b"", "units.csv is empty."),
        (b"\xd0\xcf\x11\xe0", b"", "an old or a locked Excel file"),
        (b"PK\x03\x04", b"", "cannot be read as an XLSX file"),
        (b"hospital\n\0\n", b"colums = 1", "colums: no such key"),
        (GOOD, b'[columns]\nzip = "Postcode"', "The sheet has no column “Postcode”"),
    ],
)
def test_a_file_that_cannot_be_used_is_explained_beside_its_field(
    desk: Desk, database: Database, content: bytes, mapping: bytes, words: str
) -> None:
    browser = desk()
    before = digest(database)

    answer = send(browser, content, mapping=mapping)

    assert answer.status_code == 422
    assert words in html.unescape(answer.text)
    assert digest(database) == before


def test_without_a_file_or_a_kind_both_are_asked_for(desk: Desk) -> None:
    data = {"sheet": (io.BytesIO(b""), "")}

    answer = desk().post(URL, data=data, content_type="multipart/form-data")

    assert answer.status_code == 422
    assert "Choose what is on the list." in answer.text
    assert "Choose the file to bring in." in answer.text


def test_a_file_too_large_for_the_page_is_explained(desk: Desk) -> None:
    letters = random.Random(7)  # noqa: S311 - noise that does not compress, no secret
    rows = [
        {**ST_CLARE_4B, "arrival_notes": "".join(letters.choices(printable[:94], k=4000))}
        for _ in range(100)
    ]

    answer = send(desk(), csv_of(*rows))

    assert answer.status_code == 422
    assert "too large for a page" in answer.text


@pytest.mark.parametrize("url", [f"{URL}/columns", f"{URL}/rows"])
@pytest.mark.parametrize(
    "parcel",
    [
        "",
        "x",
        "é",
        "eJwDAAAAAAE=",
        parcels.pack(Parcel("units", "units.csv", b"hospital\n", '{"columns": 3}')),
        parcels.pack(Parcel("teapots", "units.csv", GOOD)),
        parcels.pack(Parcel("units", "units.csv", b"PK\x03\x04")),
        parcels.pack(Parcel("units", "units.csv", b"\0" * 5_000_000)),
    ],
    ids=range(8),
)
def test_whatever_comes_in_place_of_the_file_changes_nothing(
    desk: Desk, database: Database, url: str, parcel: str
) -> None:
    browser = desk()
    before = digest(database)

    answer = browser.post(url, data={"parcel": parcel})

    assert answer.status_code == 422
    assert digest(database) == before


def test_what_a_cell_says_cannot_become_a_part_of_the_page(desk: Desk) -> None:
    browser = desk()
    content = csv_of({**ST_CLARE_4B, "zip": "<script>alert(1)</script>"})

    trial = browser.post(f"{URL}/columns", data=fields_of(send(browser, content)))

    assert "<script>alert" not in trial.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in trial.text


def test_problems_are_told_in_the_coordinators_language(
    desk: Desk, session: Session, ruth: Membership
) -> None:
    session.get_one(Account, ruth.account_id).locale = "es"
    browser = desk()

    trial = browser.post(f"{URL}/columns", data=fields_of(send(browser, GOOD)))

    assert "“6O614” no es un código postal. Escriba cinco dígitos, como 60614." in trial.text


def test_speakers_come_in_through_the_page_too(desk: Desk, session: Session, here: World) -> None:
    row = {**ANA, "programs": here.program.name, "cleared_at": here.hospital.name}
    browser = desk()

    chosen = fields_of(send(browser, csv_of(row), kind="speakers"))
    trial = browser.post(f"{URL}/columns", data=chosen)
    browser.post(f"{URL}/rows", data=fields_of(trial))

    assert session.scalar(select(func.count()).select_from(Speaker)) == 1
