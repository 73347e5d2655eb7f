"""How visits are shared out, as a plot with its table."""

from collections.abc import Callable
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.reads.load import Load, plot
from tests import builders
from tests.builders import DANIEL, MARIA, NOW, VISIT_AT, Person, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]
PAGE = "/coordinator/people/visits-shared"


def bar(name: str, done: int, planned: int = 0) -> Load:
    return Load(public_id=name, name=name, short=name, done=done, planned=planned, limit=6)


def test_visits_made_and_to_come_are_counted_apart(
    desk: Desk, session: Session, here: World
) -> None:
    maria = builders.speaker(session, here.affiliate, MARIA, quota_per_month=4)
    builders.speaker(session, here.affiliate, DANIEL)
    days = (NOW - timedelta(days=91), NOW - timedelta(days=89), NOW - timedelta(days=1), VISIT_AT)
    for at in days:
        visit = builders.visit(session, here, starts_at=at, roles=("lead",))
        builders.assignment(session, builders.slots(session, visit)[0], maria)

    page = desk().get(PAGE).text

    row = page[page.index("<tbody") :]
    row = row[: row.index("</tr>")]
    assert "Maria Lopez" in row
    assert [part.split("<")[0] for part in row.split('class="number">')[1:]] == ["2", "1", "12"]
    assert page.count('class="plot-done"') == 1
    assert page.count('class="plot-planned"') == 1
    assert 'aria-labelledby="load-title load-desc"' in page


def test_the_list_of_speakers_leads_to_it(desk: Desk, session: Session, here: World) -> None:
    builders.speaker(session, here.affiliate, MARIA)

    assert f'href="{PAGE}"' in desk().get("/coordinator/people").text


def test_the_scale_ends_above_the_longest_bar_and_has_few_lines() -> None:
    for most in (0, 1, 5, 6, 17, 59, 60, 600):
        drawn = plot([bar("Ana", most), bar("Ben", 0)])

        assert drawn.highest > most
        assert 2 <= len(drawn.lines) <= 8
        assert drawn.lines[0] == 0


def test_a_picture_has_forty_bars_at_most() -> None:
    assert len(plot([bar(f"s{number}", number) for number in range(60)]).rows) == 40


def test_a_bureau_without_speakers_is_told_what_to_do(desk: Desk, here: World) -> None:
    assert here.unit.id
    assert "No speakers yet" in desk().get(PAGE).text


def test_thirty_speakers_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, counting: Counting
) -> None:
    builders.speaker(session, here.affiliate, MARIA)
    browser = desk()
    browser.get(PAGE)
    with counting() as one:
        browser.get(PAGE)
    for number in range(29):
        builders.speaker(session, here.affiliate, Person(f"Peer{number}", "Example"))

    with counting() as thirty:
        text = browser.get(PAGE).text

    assert "Peer28 Example" in text
    assert thirty.count == one.count
