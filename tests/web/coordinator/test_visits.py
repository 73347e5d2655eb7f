"""The board of visits."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import builders
from tests.builders import NOW, VISIT_AT, World
from tests.web.coordinator.conftest import Counting
from tests.web.liaison.pages import text_of

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
        "view=week&week=2026-02-30",
        "view=week&week=20261201",
        "view=week&week=2026-W49-2",
        "view=week&week=<script>",
        "view=week&week=2000-01-01",
        "view=week&week=2099-12-31",
        "view=year",
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


def test_the_week_of_any_of_its_days_says_all_there_is_to_say(
    desk: Desk, session: Session, here: World
) -> None:
    visit = builders.visit(session, here)
    lead = builders.slots(session, visit)[0]
    builders.assignment(session, lead, builders.speaker(session, here.affiliate))
    builders.visit(session, here, starts_at=VISIT_AT + timedelta(days=7))

    answers = [
        desk().get(f"/coordinator/visits?view=week&week={day}")
        for day in ("2026-12-06", "2026-12-08", "2026-12-12")
    ]

    assert len({text_of(answer) for answer in answers}) == 1
    words = text_of(answers[0])
    assert "Week of December 6, 2026" in words
    assert "10:00 to 11:00 AM St. Clare Lakeshore Unit 4B Maria Co-presenter open" in words
    assert answers[0].text.count(f'href="/coordinator/visits/{visit.public_id}"') == 2
    assert "All times are Eastern Time." in words
    assert "view=week&amp;week=2026-11-29" in answers[0].text
    assert "view=week&amp;week=2026-12-13" in answers[0].text


@pytest.mark.usefixtures("here")
def test_a_week_that_cannot_be_meant_is_this_week(desk: Desk) -> None:
    browser = desk()

    titles = {
        query: "Week of November 22, 2026"
        in text_of(browser.get(f"/coordinator/visits?view=week{query}"))
        for query in ("", "&week=2026-02-30", "&week=soon", "&week=1999-01-01", "&month=2027-01")
    }

    assert titles == dict.fromkeys(titles, True)


def test_a_visit_far_west_is_in_the_week_of_its_own_day(
    desk: Desk, session: Session, here: World
) -> None:
    saturday_night = datetime(2026, 12, 13, 8, 0, tzinfo=UTC)
    visit = builders.visit(session, here, starts_at=saturday_night)
    visit.time_zone = "Pacific/Honolulu"
    builders.visit(session, here)
    browser = desk()

    week = browser.get("/coordinator/visits?view=week&week=2026-12-12")
    next_week = browser.get("/coordinator/visits?view=week&week=2026-12-13")

    assert visit.public_id in week.text
    assert "10:00 to 11:00 PM Hawaii-Aleutian Time" in text_of(week)
    assert "Each time is the hospital’s own." in text_of(week)
    assert visit.public_id not in next_week.text


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("shown", "leads_to"),
    [
        ("view=week&week=2026-12-01", "view=month&amp;month=2026-12"),
        ("view=month&month=2027-02", "view=week&amp;week=2027-01-31"),
        ("view=month&month=2026-11", "view=week&amp;week=2026-11-22"),
        ("view=week", "view=month&amp;month=2026-11"),
    ],
)
def test_week_and_month_lead_to_each_other_with_the_same_filters(
    desk: Desk, shown: str, leads_to: str
) -> None:
    page = desk().get(f"/coordinator/visits?language=es&when=coming&{shown}").text

    kept = "?when=coming&amp;language=es"
    assert f'href="/coordinator/visits{kept}&amp;{leads_to}"' in page
    assert f'href="/coordinator/visits{kept}"' in page


@pytest.mark.parametrize(
    "address",
    [
        "/coordinator/visits?when=coming",
        "/coordinator/visits?view=month&month=2026-12",
        "/coordinator/visits?view=week&week=2026-12-08",
    ],
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


@pytest.mark.usefixtures("here")
def test_a_printed_calendar_says_which_filters_are_on_and_when_it_was(desk: Desk) -> None:
    words = text_of(desk().get("/coordinator/visits?view=week&language=es&status=nobody"))

    assert "Shown: Nobody yet, In Spanish." in words
    assert "Printed on November 23, 2026 at 10:00 AM, Eastern Time." in words
    assert "Print it with your browser" in words


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
