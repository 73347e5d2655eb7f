"""Asking for a visit in three steps, as a coordinator."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from outreach.db import Database
from outreach.visits.models import Slot, Visit, VisitRequest
from tests.builders import World

Desk = Callable[[], FlaskClient]
PAGE = "/coordinator/visits/new"


@pytest.fixture
def answers(here: World) -> dict[str, Any]:
    """Every answer, as the last step sends them."""
    return {
        "step": "4",
        "unit": here.unit.public_id,
        "program": here.program.public_id,
        "day": "2026-12-08",
        "time": "10:00",
        "minutes": "60",
        "language": "en",
        "group_size": "12",
        "room": "Day room",
        "screen": "y",
    }


def test_each_step_leads_to_the_next_and_keeps_the_answers(
    desk: Desk, database: Database, answers: dict[str, Any]
) -> None:
    browser = desk()

    first = browser.get(PAGE).text
    second = browser.post(PAGE, data={**answers, "step": "1"}).text
    third = browser.post(PAGE, data={**answers, "step": "2"}).text
    check = browser.post(PAGE, data={**answers, "step": "3"}).text

    assert "Where is the visit?" in first
    assert "When would you like the visit?" in second
    assert "Visiting hours: Monday to Friday, 9:00\N{NO-BREAK SPACE}AM" in second
    assert "What does the group need?" in third
    assert "Check your answers" in check
    assert "Day room" in check
    assert 'value="2026-12-08"' in check
    with database.reading() as fresh:
        assert fresh.scalars(select(VisitRequest)).all() == []


def test_the_last_step_lays_the_visit_out(
    desk: Desk, database: Database, answers: dict[str, Any]
) -> None:
    answer = desk().post(PAGE, data=answers)

    with database.reading() as fresh:
        visit = fresh.scalars(select(Visit)).one()
        asked = fresh.scalars(select(VisitRequest)).one()
        roles = set(fresh.scalars(select(Slot.role)))
    assert (answer.status_code, answer.location) == (303, f"/coordinator/visits/{visit.public_id}")
    assert visit.starts_at == datetime(2026, 12, 8, 15, 0, tzinfo=UTC)
    assert (asked.group_size, asked.room, asked.screen) == (12, "Day room", True)
    assert roles == {"lead", "co-presenter"}


def test_going_back_asks_nothing_and_keeps_everything(desk: Desk, answers: dict[str, Any]) -> None:
    answer = desk().post(PAGE, data={**answers, "back": "2"})

    assert answer.status_code == 200
    assert "When would you like the visit?" in answer.text
    assert 'value="Day room"' in answer.text


def test_a_soft_rule_stands_beside_its_field_until_it_is_set_aside(
    desk: Desk, database: Database, answers: dict[str, Any]
) -> None:
    browser, soon = desk(), {**answers, "day": "2026-11-25"}

    refused = browser.post(PAGE, data={**soon, "step": "2"})
    taken = browser.post(PAGE, data={**soon, "overrule": "y"})

    assert refused.status_code == 422
    assert "Choose a date from Monday, November\N{NO-BREAK SPACE}30 on." in refused.text
    assert "Ask for it all the same" in refused.text
    assert taken.status_code == 303
    with database.reading() as fresh:
        assert fresh.scalars(select(Visit)).one().warnings == ["too_soon"]


def test_the_same_again_is_refused(desk: Desk, database: Database, answers: dict[str, Any]) -> None:
    browser = desk()
    browser.post(PAGE, data=answers)

    again = browser.post(PAGE, data=answers)

    assert again.status_code == 422
    assert "The unit has another visit at that time." in again.text
    with database.reading() as fresh:
        assert len(fresh.scalars(select(Visit)).all()) == 1


WRONG = (
    {"unit": ""},
    {"unit": "AAAAAAAAAAAAAAAAAAAAAA"},
    {"unit": "\x00"},
    {"program": "AAAAAAAAAAAAAAAAAAAAAA"},
    {"day": ""},
    {"day": "tomorrow"},
    {"day": "9999-12-31"},
    {"day": "2026-02-30"},
    {"time": "25:00"},
    {"time": ""},
    {"minutes": "61"},
    {"minutes": "abc"},
    {"language": "xx"},
    {"group_size": "-1"},
    {"group_size": "1e3"},
    {"room": "x" * 101},
    {"room": "a\x00b"},
    {"notes": "x" * 1001},
)


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_answer_is_said_and_nothing_is_kept(
    desk: Desk, database: Database, answers: dict[str, Any], wrong: dict[str, Any]
) -> None:
    answer = desk().post(PAGE, data=answers | wrong)

    assert answer.status_code in {400, 422}
    with database.reading() as fresh:
        assert fresh.scalars(select(VisitRequest)).all() == []


def test_script_in_a_note_is_shown_as_text(desk: Desk, answers: dict[str, Any]) -> None:
    page = desk().post(PAGE, data={**answers, "step": "3", "notes": "<script>alert(1)</script> 🎈"})

    assert "<script>alert" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "🎈" in page.text
