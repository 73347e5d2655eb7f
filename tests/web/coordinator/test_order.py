"""The order of the goals, and its price on the visits that are open now."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.db import Database
from outreach.directory.models import LEVELS, Affiliate
from tests import builders
from tests.builders import DANIEL, MARIA, VISIT_AT, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]
PAGE = "/coordinator/setup/order"
SWAPPED = ["critical", "fill", *LEVELS[2:]]


@pytest.fixture
def dilemma(session: Session, here: World) -> World:
    """Maria and Daniel can fill one visit that matters more, or two others."""
    for person in (MARIA, DANIEL):
        builders.speaker(session, here.affiliate, person, certified_for=here.program, rest_days=3)
    builders.visit(session, here, roles=("lead", "co-presenter"), critical=True)
    for days in (1, 2):
        builders.visit(session, here, starts_at=VISIT_AT + timedelta(days=days), roles=("lead",))
    return here


def test_the_price_of_either_order_is_measured(desk: Desk, dilemma: World) -> None:
    assert dilemma.unit.id
    browser = desk()

    told = browser.get(PAGE).text
    measured = browser.get(f"{PAGE}?measured=yes").text

    assert "one that matters more may stay empty" in told
    assert "Measure the price" in told
    assert "2 visits would have everyone they need, and 0 of them matter more" in measured
    assert "One visit would have everyone it needs, and one of them matters more" in measured


def test_the_two_are_changed_over_with_one_button(
    desk: Desk, database: Database, dilemma: World
) -> None:
    browser = desk()

    for _ in range(2):
        answer = browser.post(PAGE, data={"levels": ",".join(SWAPPED)})

        assert answer.status_code == 303
    page = browser.get(PAGE).text
    assert "several visits may stay empty for one that matters more" in page
    with database.reading() as fresh:
        assert fresh.get_one(Affiliate, dilemma.affiliate.id).levels == SWAPPED


@pytest.mark.parametrize("levels", ["", "fill", "fill,fill,kept,usual,fairness,distance", "\x00"])
def test_an_order_that_is_none_changes_nothing(
    desk: Desk, database: Database, here: World, levels: str
) -> None:
    assert desk().post(PAGE, data={"levels": levels}).status_code == 422
    with database.reading() as fresh:
        assert fresh.get_one(Affiliate, here.affiliate.id).levels == LEVELS


def test_without_visits_that_matter_more_there_is_no_price(desk: Desk, here: World) -> None:
    assert here.unit.id

    page = desk().get(f"{PAGE}?measured=yes").text

    assert "there is no price to measure" in page


def test_thirty_visits_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, counting: Counting
) -> None:
    builders.visit(session, here, roles=("lead",))
    browser = desk()
    browser.get(PAGE)
    with counting() as one:
        browser.get(PAGE)
    for number in range(29):
        at = VISIT_AT + timedelta(days=number + 1)
        builders.visit(session, here, starts_at=at, roles=("lead",))

    with counting() as thirty:
        text = browser.get(PAGE).text

    assert "there is no price" in text
    assert thirty.count == one.count
