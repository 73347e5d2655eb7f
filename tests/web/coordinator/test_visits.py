"""The board of visits."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import builders
from tests.builders import NOW, VISIT_AT, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]


def test_the_list_shows_when_where_who_and_how_it_stands(
    desk: Desk, session: Session, here: World
) -> None:
    visit = builders.visit(session, here)
    maria = builders.speaker(session, here.affiliate)
    builders.assignment(session, builders.slots(session, visit)[0], maria)

    page = desk().get("/coordinator/visits").text

    assert "Tuesday, December\N{NO-BREAK SPACE}8" in page
    assert "Maria" in page
    assert "Co-presenter open" in page
    assert "All times are Eastern Time." in page


def test_filters_live_in_the_address(desk: Desk, session: Session, here: World) -> None:
    mercy = builders.hospital(session, here.affiliate, name="Mercy North")
    ward = builders.unit(session, mercy, here.affiliate, name="Unit 2")
    builders.visit(session, here)
    builders.visit(session, here, at=ward, language="es", starts_at=VISIT_AT + timedelta(days=1))
    builders.visit(session, here, starts_at=NOW - timedelta(days=3))
    builders.visit(session, here, starts_at=NOW + timedelta(days=90))
    browser = desk()

    seen = {
        query: browser.get(f"/coordinator/visits{query}").text.count("/coordinator/visits/") > 1
        and browser.get(f"/coordinator/visits{query}").text
        for query in (
            "",
            "?when=coming",
            "?when=past",
            "?language=es",
            f"?hospital={mercy.public_id}",
            f"?program={here.program.public_id}&status=nobody",
            "?status=settled",
        )
    }

    assert "2 visits." in str(seen[""])
    assert "3 visits." in str(seen["?when=coming"])
    assert "1 visit." in str(seen["?when=past"])
    assert "Mercy North" in str(seen["?language=es"])
    assert "1 visit." in str(seen[f"?hospital={mercy.public_id}"])
    assert "2 visits." in str(seen[f"?program={here.program.public_id}&status=nobody"])
    assert "No visit is like that" in browser.get("/coordinator/visits?status=settled").text


@pytest.mark.parametrize(
    "query",
    [
        "when=%00",
        "status=x&hospital=nobody&program=%F0%9F%98%80",
        "page=-1",
        "page=999999999999",
        "page=²",
        "view=month&month=9999-99",
        "view=month&month=<script>",
        "language='; DROP TABLE visit",
    ],
)
def test_a_filter_that_means_nothing_is_left_out(desk: Desk, query: str) -> None:
    answer = desk().get(f"/coordinator/visits?{query}")

    assert answer.status_code == 200
    assert "<script>" not in answer.text


def test_a_long_list_has_pages(desk: Desk, session: Session, here: World) -> None:
    for hours in range(30):
        builders.visit(session, here, starts_at=VISIT_AT + timedelta(hours=hours))
    browser = desk()

    first = browser.get("/coordinator/visits").text
    second = browser.get("/coordinator/visits?page=2").text
    beyond = browser.get("/coordinator/visits?page=9").text

    assert "Visits 1 to 25 of 30" in first
    assert "Visits 26 to 30 of 30" in second
    assert "This page is empty" in beyond


def test_the_month_begins_on_sunday_and_shows_its_visits(
    desk: Desk, session: Session, here: World
) -> None:
    visit = builders.visit(session, here)

    page = desk().get("/coordinator/visits?view=month&month=2026-12").text

    assert "December 2026" in page
    assert page.index(">Sun<") < page.index(">Mon<")
    assert f"/coordinator/visits/{visit.public_id}" in page
    assert "month=2026-11" in page
    assert "month=2027-01" in page


@pytest.mark.parametrize(
    "address", ["/coordinator/visits?when=coming", "/coordinator/visits?view=month&month=2026-12"]
)
def test_thirty_rows_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, counting: Counting, address: str
) -> None:
    builders.visit(session, here)
    browser = desk()
    with counting() as one:
        browser.get(address)
    for hours in range(1, 30):
        builders.visit(session, here, starts_at=VISIT_AT + timedelta(hours=hours))

    with counting() as thirty:
        browser.get(address)

    assert thirty.count == one.count


@pytest.mark.usefixtures("here")
def test_a_filter_taken_in_a_month_stays_in_that_month(desk: Desk) -> None:
    page = desk().get("/coordinator/visits?view=month&month=2027-02&language=es").text

    assert "?status=open&amp;language=es&amp;view=month&amp;month=2027-02" in page
    assert '<input type="hidden" name="month" value="2027-02">' in page


@pytest.mark.parametrize(
    ("came_from", "leads_to"),
    [
        ("http://localhost/coordinator/visits?when=past&page=2", "?when=past&amp;page=2"),
        ("http://localhost/coordinator/people?q=ana", ""),
        ("http://elsewhere.example/coordinator/visits?when=past", ""),
        ("http://localhost/coordinator/visits?%22%3E%3Cscript%3E", "?%22%3E%3Cscript%3E"),
        ("http://[broken", ""),
    ],
)
def test_the_way_back_leads_to_the_list_as_it_was(
    desk: Desk, session: Session, here: World, came_from: str, leads_to: str
) -> None:
    visit = builders.visit(session, here)

    page = desk().get(f"/coordinator/visits/{visit.public_id}", headers={"Referer": came_from}).text

    assert f'<a class="back" href="/coordinator/visits{leads_to}">' in page


def test_the_board_names_the_one_who_is_asked(desk: Desk, session: Session, here: World) -> None:
    visit = builders.visit(session, here)
    maria = builders.speaker(session, here.affiliate)
    builders.offer(session, builders.slots(session, visit)[0], maria)

    page = desk().get("/coordinator/visits").text

    assert "Maria asked" in page
