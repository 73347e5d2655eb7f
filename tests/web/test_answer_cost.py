"""The page a speaker opens on the bus asks the database as often for a large bureau as a small."""

from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from tests import builders
from tests.builders import DANIEL, MARIA, VISIT_AT, Person
from tests.web.liaison.pages import count_queries

TOKEN = "m" * 43


def test_thirty_visits_and_speakers_cost_no_more_queries_than_one(
    client: FlaskClient, session: Session
) -> None:
    world = builders.world(session)
    visit = builders.visit(session, world)
    lead, co_presenter = builders.slots(session, visit)
    daniel = builders.speaker(session, world.affiliate, DANIEL, certified_for=world.program)
    maria = builders.speaker(session, world.affiliate, MARIA, certified_for=world.program)
    builders.assignment(session, lead, daniel)
    builders.offer(session, co_presenter, maria, token=TOKEN)
    session.commit()
    with count_queries() as of_one:
        client.get(f"/a/{TOKEN}")
    for number in range(1, 31):
        at = VISIT_AT + timedelta(days=number)
        other = builders.visit(session, world, starts_at=at)
        peer = builders.speaker(session, world.affiliate, Person(f"Peer{number}", "Example"))
        taken, open_one = builders.slots(session, other)
        builders.assignment(session, taken, maria)
        builders.offer(session, open_one, peer)
        builders.offer(session, co_presenter, peer)
    session.commit()

    with count_queries() as of_thirty:
        page = client.get(f"/a/{TOKEN}")

    assert "Maria, could you visit" in page.text
    assert of_thirty.count == of_one.count
