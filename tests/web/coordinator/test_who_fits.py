"""The page of a visit in a bureau of many: what it costs, and that nobody is left out."""

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.speakers.models import Speaker
from outreach.web.coordinator import visit as page
from tests import builders
from tests.builders import NOW, VISIT_AT, Person, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]


def untrained(session: Session, here: World, name: str) -> Speaker:
    return builders.speaker(session, here.affiliate, Person(name, "Example"))


def test_a_few_who_do_not_fit_lie_folded_in_the_page(
    desk: Desk, session: Session, here: World
) -> None:
    visit = builders.visit(session, here, roles=("lead",))
    for name in ("Ana", "Luis"):
        untrained(session, here, name)

    text = desk().get(f"/coordinator/visits/{visit.public_id}").text

    assert "Show everyone" in text
    assert "Ana Example" in text
    assert "Luis Example" in text
    assert "everyone=" not in text


def test_many_who_do_not_fit_are_one_link_away(
    desk: Desk, session: Session, here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "MOST_FOLDED", 1)
    visit = builders.visit(session, here, roles=("lead",))
    (slot,) = builders.slots(session, visit)
    for name in ("Ana", "Luis"):
        untrained(session, here, name)
    browser, address = desk(), f"/coordinator/visits/{visit.public_id}"

    first = browser.get(address).text
    everyone = browser.get(f"{address}?everyone={slot.public_id}").text

    assert f'href="{address}?everyone={slot.public_id}#others-{slot.public_id}"' in first
    assert "Ana Example" not in first
    assert everyone.count("Not trained as lead for this program") == 2
    assert "Ana Example" in everyone
    assert "Luis Example" in everyone
    assert "everyone=" not in everyone
    assert f'id="others-{slot.public_id}"' in everyone


def test_an_unknown_place_in_the_address_shows_the_page_as_ever(
    desk: Desk, session: Session, here: World
) -> None:
    visit = builders.visit(session, here)
    browser, address = desk(), f"/coordinator/visits/{visit.public_id}"

    plain, odd = browser.get(address), browser.get(f"{address}?everyone=%00<script>")

    assert odd.status_code == 200
    assert odd.text.count("<h2>") == plain.text.count("<h2>")
    assert "&lt;script&gt;#" not in odd.text


def test_thirty_speakers_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, counting: Counting
) -> None:
    visit = builders.visit(session, here)
    other = builders.visit(session, here, starts_at=VISIT_AT + (VISIT_AT - NOW))
    lead, co_presenter = builders.slots(session, other)
    busy = builders.speaker(session, here.affiliate, certified_for=here.program, rest_days=20)
    builders.assignment(session, lead, busy)
    untrained(session, here, "Ana")
    # Somebody fits: where nobody does, the page looks for what would help, which costs more.
    builders.speaker(session, here.affiliate, Person("Rosa", "Example"), certified_for=here.program)
    browser, address = desk(), f"/coordinator/visits/{visit.public_id}"
    with counting() as one:
        browser.get(address)
    for number in range(30):
        peer = builders.speaker(
            session, here.affiliate, Person(f"Peer{number}", "Example"), certified_for=here.program
        )
        builders.offer(session, co_presenter, peer)
        untrained(session, here, f"New{number}")

    with counting() as thirty:
        text = browser.get(address).text

    assert "Peer29 Example" in text
    assert "New29 Example" in text
    assert thirty.count == one.count
