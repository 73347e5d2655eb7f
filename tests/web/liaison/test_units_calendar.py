"""A hospital's visits as a week and as a month."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import builders
from tests.builders import DANIEL, MARIA, NOW, VISIT_AT, World
from tests.web.liaison.pages import count_queries, text_of

WEEK = "/units/?view=week&week=2026-12-08"
MONTH = "/units/?view=month&month=2026-12"


def test_a_week_says_when_where_who_comes_and_how_it_stands(
    browser: FlaskClient, session: Session, here: World
) -> None:
    visit = builders.visit(session, here)
    lead, _ = builders.slots(session, visit)
    builders.assignment(session, lead, builders.speaker(session, here.affiliate, DANIEL))
    session.commit()

    page = browser.get(WEEK)

    words = text_of(page)
    assert "St. Clare Lakeshore, Unit 4B" in words
    assert "Week of December 6, 2026" in words
    assert "10:00 to 11:00 AM Unit 4B Daniel One of two speakers found" in words
    assert "All times are Eastern Time." in words
    assert f'href="/units/visits/{visit.public_id}"' in page.text
    assert "Okafor" not in page.text


def test_who_is_asked_is_not_named(browser: FlaskClient, session: Session, here: World) -> None:
    visit = builders.visit(session, here)
    maria = builders.speaker(session, here.affiliate, MARIA)
    builders.offer(session, builders.slots(session, visit)[0], maria)
    session.commit()

    pages = [text_of(browser.get(address)) for address in (WEEK, MONTH)]

    assert ["Asking speakers" in page for page in pages] == [True, True]
    assert ["Maria" in page for page in pages] == [False, False]


def test_what_came_of_a_visit_is_said_as_in_the_list(
    browser: FlaskClient, session: Session, here: World
) -> None:
    builders.visit(session, here, starts_at=NOW - timedelta(days=3))
    session.commit()

    words = text_of(browser.get("/units/?view=month"))

    assert "November 2026" in words
    assert "Unit 4B, Nobody was found" in words


@pytest.mark.parametrize("address", [WEEK, MONTH])
def test_another_hospitals_visits_are_in_no_week_and_no_month(
    address: str, browser: FlaskClient, session: Session, here: World, elsewhere: World
) -> None:
    theirs = builders.visit(session, elsewhere)
    beside = builders.hospital(session, here.affiliate, name="Mercy North")
    ward = builders.unit(session, beside, here.affiliate, name="Unit 2")
    next_door = builders.visit(session, here, at=ward)
    session.commit()

    page = browser.get(address)

    assert theirs.public_id not in page.text
    assert next_door.public_id not in page.text
    assert "No visit in this" in text_of(page)


@pytest.mark.parametrize("when", ["", "when=past&"])
def test_the_list_one_came_from_is_kept(browser: FlaskClient, when: str) -> None:
    page = browser.get(f"/units/?{when}view=week&week=2026-12-08").text

    kept = f"?{when}".replace("&", "&amp;")
    assert f'href="/units/{kept}view=month&amp;month=2026-12"' in page
    assert f'href="/units/{kept}view=week&amp;week=2026-12-13"' in page
    assert f'href="/units/{kept.rstrip("?").removesuffix("&amp;")}"' in page


def test_the_list_leads_to_week_and_month(
    browser: FlaskClient, session: Session, here: World
) -> None:
    builders.visit(session, here)
    session.commit()

    page = browser.get("/units/").text

    assert 'href="/units/?view=week"' in page
    assert 'href="/units/?view=month"' in page


@pytest.mark.parametrize(
    "query", ["view=week&week=%00", "view=week&week=2026-13-01", "view=month&month=²", "view=x"]
)
def test_what_cannot_be_meant_is_left_out(browser: FlaskClient, query: str) -> None:
    assert browser.get(f"/units/?{query}").status_code == 200


@pytest.mark.parametrize("address", [WEEK, MONTH])
def test_thirty_visits_cost_no_more_queries_than_one(
    address: str, browser: FlaskClient, session: Session, here: World
) -> None:
    builders.visit(session, here)
    session.commit()
    with count_queries() as of_one:
        browser.get(address)
    for hours in range(1, 30):
        builders.visit(session, here, starts_at=VISIT_AT + timedelta(hours=hours))
    session.commit()

    with count_queries() as of_thirty:
        browser.get(address)

    assert of_thirty.count == of_one.count


def test_the_week_speaks_spanish(browser: FlaskClient, session: Session, here: World) -> None:
    builders.visit(session, here)
    session.commit()
    browser.post("/language", data={"lang": "es"})

    words = text_of(browser.get(WEEK))

    assert "Semana del 6 de diciembre de 2026" in words
    assert "Todas las horas son de la hora del Este." in words
    assert "Impreso el 23 de noviembre de 2026" in words
