"""What needs the coordinator now."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach.messaging.models import Sender, WorkerHeartbeat
from outreach.visits.models import Slot, Visit
from tests import builders
from tests.builders import DANIEL, JOY, NOW, VISIT_AT, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]


def test_nothing_needs_anyone_when_every_visit_has_its_people(desk: Desk) -> None:
    page = desk().get("/coordinator/").text

    assert "Good morning, Ruth" in page
    assert "Nothing needs you right now" in page


def test_a_visit_nobody_was_asked_for_needs_somebody(
    desk: Desk, session: Session, here: World
) -> None:
    visit = builders.visit(session, here, starts_at=NOW + timedelta(days=2))

    page = desk().get("/coordinator/").text

    assert "One thing needs you." in page
    assert "Before noon" in page
    assert "Nobody has been asked yet." in page
    assert f"/coordinator/visits/{visit.public_id}" in page
    assert "Find someone" in page


def test_a_visit_for_which_everyone_said_not_this_time_needs_somebody_however_far_off(
    desk: Desk, session: Session, here: World
) -> None:
    visit = builders.visit(session, here, starts_at=NOW + timedelta(days=60))
    lead = builders.slots(session, visit)[0]
    for person, state in ((DANIEL, "not_this_time"), (JOY, "lapsed")):
        speaker = builders.speaker(session, here.affiliate, person)
        builders.offer(session, lead, speaker, state=state)

    page = desk().get("/coordinator/").text

    assert "Two people were asked and could not." in page
    assert "See who fits" in page


def test_a_visit_that_waits_for_an_answer_needs_nobody(
    desk: Desk, session: Session, here: World
) -> None:
    visit = builders.visit(session, here)
    builders.offer(
        session, builders.slots(session, visit)[0], builders.speaker(session, here.affiliate)
    )

    page = desk().get("/coordinator/").text

    assert "Nothing needs you right now" in page


# --- the worker


def test_a_worker_that_is_silent_for_more_than_five_minutes_comes_first(
    desk: Desk, session: Session
) -> None:
    session.add(WorkerHeartbeat(worker="old:1", seen_at=NOW - timedelta(days=3)))
    session.add(WorkerHeartbeat(worker="here:2", seen_at=NOW - timedelta(minutes=6)))

    page = desk().get("/coordinator/").text

    assert "Nothing is being sent" in page
    assert "No message has left since Monday, November\u00a023, 9:54\u00a0AM Eastern Time" in page
    assert "/coordinator/messages?state=waiting" in page


def test_a_worker_that_is_late_by_five_minutes_is_not_yet_dead(
    desk: Desk, session: Session
) -> None:
    session.add(WorkerHeartbeat(worker="here:2", seen_at=NOW - timedelta(minutes=5)))

    assert "Nothing needs you right now" in desk().get("/coordinator/").text


def test_without_any_worker_the_first_message_that_waits_tells_it(
    desk: Desk, session: Session, here: World, present: Traveller
) -> None:
    maria = builders.speaker(session, here.affiliate)
    builders.message(session, here.affiliate, to=maria, state="pending")
    browser = desk()
    at_once = browser.get("/coordinator/").text

    present.move_to(NOW + timedelta(minutes=6))
    later = browser.get("/coordinator/").text

    assert "Nothing is being sent" not in at_once
    assert "No message has left since Monday, November\u00a023, 10:00\u00a0AM" in later


def let_nothing_through(session: Session, here: World, *, minutes: int, state: str) -> None:
    """Let texts meet trouble that all share since so long, with one that stands so."""
    maria = builders.speaker(session, here.affiliate)
    builders.message(session, here.affiliate, to=maria, state=state, channel="sms")
    since = NOW - timedelta(minutes=minutes)
    session.add(Sender(channel="sms", next_free_at=NOW, troubled_since=since))


def test_when_nothing_gets_through_for_a_quarter_of_an_hour_it_is_said(
    desk: Desk, session: Session, here: World
) -> None:
    let_nothing_through(session, here, minutes=15, state="pending")

    page = desk().get("/coordinator/").text

    assert "No text has got through since Monday, November\u00a023, 9:45\u00a0AM Eastern" in page
    assert "The provider does not take them" in page
    assert "/coordinator/messages?state=waiting" in page


@pytest.mark.parametrize(("minutes", "state"), [(14, "pending"), (60, "cancelled")])
def test_short_trouble_or_trouble_that_keeps_nobody_waiting_is_not_said(
    desk: Desk, session: Session, here: World, minutes: int, state: str
) -> None:
    let_nothing_through(session, here, minutes=minutes, state=state)

    assert "Nothing needs you right now" in desk().get("/coordinator/").text


def test_half_a_pair_needs_the_other_half(desk: Desk, session: Session, here: World) -> None:
    visit = builders.visit(session, here, starts_at=NOW + timedelta(days=10))
    maria = builders.speaker(session, here.affiliate)
    builders.assignment(session, builders.slots(session, visit)[0], maria)

    page = desk().get("/coordinator/").text

    assert "Co-presenter open" in page
    assert "Maria comes." in page


def test_a_message_that_failed_and_a_text_nobody_understood_are_shown(
    desk: Desk, session: Session, here: World
) -> None:
    maria = builders.speaker(session, here.affiliate)
    message = builders.message(session, here.affiliate, to=maria, state="failed")
    builders.inbound(session, here.affiliate, body="Is it the blue door?")

    page = desk().get("/coordinator/").text

    assert f"/coordinator/messages/{message.public_id}" in page
    assert "Is it the blue door?" in page
    assert "Read and settle" in page


def test_proposals_are_one_thing_however_many_there_are(
    desk: Desk, session: Session, here: World
) -> None:
    visit = builders.visit(session, here)
    lead, other = builders.slots(session, visit)
    builders.proposal(session, lead, builders.speaker(session, here.affiliate))
    builders.proposal(session, other, builders.speaker(session, here.affiliate, DANIEL))

    page = desk().get("/coordinator/").text

    assert "Two proposals wait for you" in page
    assert "One thing needs you." in page


def test_another_affiliates_troubles_are_not_shown(
    desk: Desk, session: Session, here: World
) -> None:
    assert here.affiliate.name
    there = builders.world(session, "Riverbend")
    builders.visit(session, there, starts_at=NOW + timedelta(days=1))
    builders.inbound(session, there.affiliate, body="Riverbend calling")

    page = desk().get("/coordinator/").text

    assert "Riverbend" not in page


def test_the_visits_of_this_day_stand_beside(desk: Desk, session: Session, here: World) -> None:
    builders.visit(session, here, starts_at=NOW + timedelta(hours=4))

    page = desk().get("/coordinator/").text

    assert "Visits today" in page
    assert "2:00\N{NO-BREAK SPACE}PM" in page


@pytest.mark.parametrize(
    ("hours", "greeting"), [(0, "Good morning"), (3, "Good afternoon"), (8, "Good evening")]
)
def test_the_greeting_follows_the_clock_of_the_affiliate(
    desk: Desk, present: Traveller, hours: int, greeting: str
) -> None:
    browser = desk()
    for _ in range(hours * 6):  # a session ends when it is left alone for a quarter of an hour
        present.shift(timedelta(minutes=10))
        browser.get("/coordinator/setup")

    page = browser.get("/coordinator/").text

    assert f"{greeting}, Ruth" in page


def test_thirty_visits_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, counting: Counting
) -> None:
    builders.visit(session, here)
    browser = desk()
    with counting() as one:
        browser.get("/coordinator/")
    for hours in range(1, 30):
        visit = builders.visit(session, here, starts_at=VISIT_AT - timedelta(hours=hours * 5))
        lead = builders.slots(session, visit)[0]
        speaker = builders.speaker(
            session, here.affiliate, builders.Person(f"Peer{hours}", "Example")
        )
        builders.offer(session, lead, speaker, state="lapsed")

    with counting() as thirty:
        page = browser.get("/coordinator/").text

    assert "One person was asked and could not." in page
    assert thirty.count == one.count


def test_every_page_of_hers_counts_what_today_names(
    desk: Desk, session: Session, here: World
) -> None:
    maria = builders.speaker(session, here.affiliate)
    days = iter(range(1, 9))

    def visit(*, away: int = 0) -> list[Slot]:
        made = builders.visit(session, here, starts_at=NOW + timedelta(days=next(days) + away))
        return builders.slots(session, made)

    visit(away=40)  # far off, and nobody was asked yet
    lead, _ = visit()
    builders.offer(session, visit(away=40)[0], maria, state="not_this_time")
    builders.offer(session, visit()[0], maria)
    builders.assignment(session, visit()[0], maria)
    for slot in visit():
        builders.proposal(session, slot, maria)
    session.get_one(Visit, visit()[0].visit_id).called_off_at = NOW
    session.get_one(Visit, lead.visit_id).starts_at = NOW - timedelta(hours=1)
    visit()
    builders.message(session, here.affiliate, to=maria, state="failed")
    builders.inbound(session, here.affiliate)
    session.flush()
    browser = desk()

    pages = [browser.get(f"/coordinator/{page}").text for page in ("", "visits", "people")]

    assert "Six things need you" in pages[0]
    for page in pages:
        assert '<span class="count">6</span>' in page


def test_a_page_that_says_what_went_wrong_counts_nothing(desk: Desk, counting: Counting) -> None:
    browser = desk()
    browser.get("/coordinator/")

    with counting() as asked:
        answer = browser.get("/coordinator/nothing-of-the-kind")

    assert answer.status_code == 404
    assert not any("message" in statement for statement in asked.statements)
