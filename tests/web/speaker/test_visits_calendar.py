"""A speaker's visits, and what they are asked, as a week and as a month."""

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from tests import builders
from tests.builders import DANIEL, NOW, VISIT_AT
from tests.web.liaison.pages import count_queries, text_of
from tests.web.speaker.conftest import Place

WEEK = "/speaker?view=week&week=2026-12-08"
MONTH = "/speaker?view=month&month=2026-12"


def test_a_week_says_when_where_and_who_comes_along(place: Place, session: Session) -> None:
    visit = builders.visit(session, place.world)
    lead, co_presenter = builders.slots(session, visit)
    daniel = builders.speaker(session, place.world.affiliate, DANIEL)
    builders.assignment(session, lead, daniel)
    mine = builders.assignment(session, co_presenter, place.maria)
    session.commit()

    page = place.browser.get(WEEK)

    words = text_of(page)
    assert "Week of December 6, 2026" in words
    assert "10:00 to 11:00 AM St. Clare Lakeshore Unit 4B You and Daniel are set" in words
    assert "All times are Eastern Time." in words
    assert f'href="/speaker/visits/{mine.public_id}"' in page.text


@pytest.mark.parametrize("address", [WEEK, MONTH])
def test_a_question_is_marked_as_one_and_names_the_town_alone(
    place: Place, session: Session, address: str
) -> None:
    visit = builders.visit(session, place.world)
    asked = builders.offer(session, builders.slots(session, visit)[0], place.maria)
    session.commit()

    page = place.browser.get(address)
    question = place.browser.get("/speaker/open-visits").text

    assert "Detroit We ask you" in text_of(page)
    assert "St. Clare" not in page.text
    assert f'href="/speaker/open-visits#question-{asked.public_id}"' in page.text
    assert f'id="question-{asked.public_id}"' in question


@pytest.mark.parametrize("address", [WEEK, MONTH])
def test_a_question_that_is_over_is_not_shown(place: Place, session: Session, address: str) -> None:
    visits = [
        builders.visit(session, place.world, starts_at=VISIT_AT + timedelta(hours=2 * number))
        for number in range(3)
    ]
    lapsed, refused, filled = [builders.slots(session, visit)[0] for visit in visits]
    yesterday = NOW - timedelta(days=1)
    builders.offer(session, lapsed, place.maria, offered_at=yesterday, expires_at=NOW)
    builders.offer(session, refused, place.maria, state="not_this_time")
    builders.offer(session, filled, place.maria)
    daniel = builders.speaker(session, place.world.affiliate, DANIEL)
    builders.assignment(session, filled, daniel)
    session.commit()

    page = place.browser.get(address)

    assert "No visit in this" in text_of(page)
    assert "#question-" not in page.text


@pytest.mark.parametrize("address", [WEEK, MONTH])
def test_visits_of_others_and_places_given_back_are_not_shown(
    place: Place, session: Session, address: str
) -> None:
    there = builders.world(session, "Hillside")
    visits = [
        builders.visit(session, world, starts_at=VISIT_AT + timedelta(hours=2 * number))
        for number, world in enumerate((there, place.world, place.world, place.world))
    ]
    given_back = builders.assignment(session, builders.slots(session, visits[1])[0], place.maria)
    given_back.active = False
    daniel = builders.speaker(session, place.world.affiliate, DANIEL)
    builders.assignment(session, builders.slots(session, visits[2])[0], daniel)
    builders.offer(session, builders.slots(session, visits[3])[0], daniel)
    session.commit()

    page = place.browser.get(address)

    assert "No visit in this" in text_of(page)
    assert "/speaker/visits/" not in page.text


def test_a_visit_that_has_been_is_over(place: Place, session: Session) -> None:
    visit = builders.visit(session, place.world, starts_at=NOW - timedelta(days=3))
    mine = builders.assignment(session, builders.slots(session, visit)[0], place.maria)
    session.commit()

    page = place.browser.get("/speaker?view=month")

    assert "St. Clare Lakeshore, Over" in text_of(page)
    assert place.browser.get(f"/speaker/visits/{mine.public_id}").status_code == 200


def test_the_first_page_leads_to_week_and_month(place: Place) -> None:
    page = place.browser.get("/speaker").text

    assert 'href="/speaker?view=week"' in page
    assert 'href="/speaker?view=month"' in page


@pytest.mark.parametrize(
    "query", ["view=week&week=%00", "view=week&week=2026-13-01", "view=month&month=²", "view=x"]
)
def test_what_cannot_be_meant_is_left_out(place: Place, query: str) -> None:
    assert place.browser.get(f"/speaker?{query}").status_code == 200


@pytest.mark.parametrize("address", [WEEK, MONTH])
def test_nine_visits_cost_no_more_queries_than_one(
    place: Place, session: Session, address: str
) -> None:
    def fill(*hours: int) -> None:
        for hour in hours:
            at = VISIT_AT + timedelta(hours=2 * hour)
            taken = builders.visit(session, place.world, starts_at=at)
            builders.assignment(session, builders.slots(session, taken)[0], place.maria)
            asked = builders.visit(session, place.world, starts_at=at + timedelta(hours=1))
            builders.offer(session, builders.slots(session, asked)[0], place.maria)
        session.commit()

    def shown() -> int:
        return place.browser.get(address).text.count("/speaker/visits/")

    fill(0)
    with count_queries() as of_one:
        few = shown()
    fill(*range(1, 9))

    with count_queries() as of_nine:
        many = shown()

    assert (few, many) == (2, 18)
    assert of_nine.count == of_one.count


def test_the_week_speaks_spanish(place: Place, session: Session) -> None:
    visit = builders.visit(session, place.world)
    builders.offer(session, builders.slots(session, visit)[0], place.maria)
    session.commit()
    place.browser.post("/language", data={"lang": "es"})

    words = text_of(place.browser.get(WEEK))

    assert "Le preguntamos; una respuesta ayuda antes del" in words
    assert "Esta semana" in words
