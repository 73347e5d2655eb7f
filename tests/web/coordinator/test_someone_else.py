"""The page that answers "why not Daniel instead of Maria?"."""

from collections.abc import Callable
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.db import Database
from outreach.speakers.models import Availability, Speaker
from outreach.visits.models import Offer, Proposal
from tests import builders
from tests.builders import DANIEL, JOY, MARIA, VISIT_AT, Person, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]


def two(session: Session, here: World) -> tuple[Speaker, Speaker]:
    maria, daniel = (
        builders.speaker(session, here.affiliate, person, certified_for=here.program)
        for person in (MARIA, DANIEL)
    )
    return maria, daniel


def lead(session: Session, here: World, *, days: int = 0) -> str:
    visit = builders.visit(
        session, here, starts_at=VISIT_AT + timedelta(days=days), roles=("lead",)
    )
    return builders.slots(session, visit)[0].public_id


def address(slot_id: str, who: Speaker | None = None) -> str:
    query = f"?who={who.public_id}" if who else ""
    return f"/coordinator/visits/slots/{slot_id}/someone-else{query}"


def test_anybody_may_be_thought_of_from_the_page_of_a_visit(
    desk: Desk, session: Session, here: World
) -> None:
    two(session, here)
    builders.speaker(session, here.affiliate, JOY)
    visit = builders.visit(session, here, roles=("lead",))
    slot = builders.slots(session, visit)[0]
    browser = desk()

    page = browser.get(f"/coordinator/visits/{visit.public_id}").text
    form = browser.get(address(slot.public_id)).text

    assert f'href="{address(slot.public_id)}"' in page
    assert form.count("<option") == 3
    assert "Joy" in form


def test_that_nothing_would_be_lost_is_said_with_one_button(
    desk: Desk, database: Database, session: Session, here: World
) -> None:
    maria, daniel = two(session, here)
    daniel.latitude, daniel.longitude = maria.latitude, maria.longitude
    slot_id = lead(session, here)
    browser = desk()

    page = browser.get(address(slot_id, daniel)).text
    answer = browser.post(
        f"/coordinator/slots/{slot_id}/proposal", data={"speaker": daniel.public_id}
    )

    assert maria.id
    assert "Nothing would be lost." in page
    assert "Propose Daniel" in page
    assert "Daniel is proposed now. Nobody has been asked yet." in browser.get(answer.location).text
    with database.reading() as fresh:
        assert fresh.scalars(select(Proposal.speaker_id)).all() == [daniel.id]
        assert fresh.scalars(select(Offer)).all() == []


def test_the_visit_that_would_lose_its_people_is_named(
    desk: Desk, session: Session, here: World
) -> None:
    maria, daniel = two(session, here)
    maria.quota_per_month = daniel.quota_per_month = 1
    # Only Daniel may go to the other one: it is in Spanish.
    daniel.languages = ["en", "es"]
    slot_id = lead(session, here)
    other = builders.visit(
        session, here, starts_at=VISIT_AT + timedelta(days=1), roles=("lead",), language="es"
    )
    browser = desk()

    page = browser.get(address(slot_id, daniel)).text

    assert "One visit would no longer have everyone it needs." in page
    assert f"/coordinator/visits/{other.public_id}" in page
    assert "Visits that have everyone they need" in page
    assert "Propose Daniel" in page


def test_what_stands_in_the_way_is_said_in_the_words_of_the_visits_page(
    desk: Desk, session: Session, here: World
) -> None:
    two(session, here)
    joy = builders.speaker(session, here.affiliate, JOY)
    slot_id = lead(session, here)

    page = desk().get(address(slot_id, joy)).text

    assert "Something stands in the way" in page
    assert "Not trained as lead for this program" in page
    assert "/proposal" not in page


def test_an_exclusion_reads_as_any_time_that_somebody_is_not_free(
    desk: Desk, session: Session, here: World
) -> None:
    maria, daniel = two(session, here)
    builders.exclusion(session, maria, here.unit)
    for row in session.scalars(select(Availability).where(Availability.speaker_id == daniel.id)):
        session.delete(row)
    slot_id = lead(session, here)
    browser = desk()

    excluding, busy = (browser.get(address(slot_id, who)).text for who in (maria, daniel))

    start, end = "Something stands in the way", "Try somebody else"
    assert "Not available" in excluding
    assert (
        excluding[excluding.index(start) : excluding.index(end)]
        == (busy[busy.index(start) : busy.index(end)])
    )


def test_a_place_that_is_taken_says_so_kindly(desk: Desk, session: Session, here: World) -> None:
    maria, daniel = two(session, here)
    visit = builders.visit(session, here, roles=("lead",))
    slot = builders.slots(session, visit)[0]
    builders.assignment(session, slot, maria)
    browser = desk()

    answer = browser.get(address(slot.public_id, daniel))

    assert answer.status_code == 409
    assert "This place is taken" in answer.text


def test_thirty_who_would_move_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, counting: Counting
) -> None:
    maria, daniel = two(session, here)
    slot_id = lead(session, here)
    browser = desk()
    browser.get(address(slot_id, daniel))
    with counting() as few:
        browser.get(address(slot_id, daniel))
    for number in range(30):
        builders.speaker(
            session, here.affiliate, Person(f"Peer{number}", "Example"), certified_for=here.program
        )
        lead(session, here, days=number + 1)

    with counting() as many:
        text = browser.get(address(slot_id, daniel)).text

    assert maria.id
    assert "Peer29 Example" in text
    assert many.count == few.count
