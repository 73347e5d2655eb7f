"""The page on how sending fares, for coordinators and administrators."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from outreach.messaging.models import MessageAttempt, WorkerHeartbeat
from tests import builders
from tests.builders import NOW, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]
PAGE = "/coordinator/setup/health"


def alive(session: Session, *, ago: timedelta = timedelta()) -> None:
    session.add(WorkerHeartbeat(worker="here:1", seen_at=NOW - ago))
    session.flush()


def test_a_quiet_bureau_has_nothing_to_do(desk: Desk, session: Session) -> None:
    alive(session)

    page = desk().get(PAGE)

    assert "Messages are being sent" in page.text
    assert "Nothing waits, and nothing went wrong." in page.text
    assert "here:1" in page.text


@pytest.mark.usefixtures("here")
def test_without_a_worker_it_says_what_has_to_be_started(desk: Desk, session: Session) -> None:
    alive(session, ago=timedelta(minutes=6))

    page = desk().get(PAGE)

    assert "Nothing is being sent" in page.text
    assert "outreach worker has to be started" in page.text


def test_what_is_late_in_doubt_and_wrong_is_told_by_kind(
    desk: Desk, session: Session, here: World
) -> None:
    alive(session)
    maria = builders.speaker(session, here.affiliate)
    builders.message(session, here.affiliate, to=maria, send_after=NOW - timedelta(minutes=12))
    builders.message(session, here.affiliate, to=maria, channel="sms", state="unknown")
    builders.message(session, here.affiliate, to=maria, state="failed")
    slow = builders.message(
        session,
        here.affiliate,
        to=maria,
        kind="reminder",
        state="accepted",
        send_after=NOW - timedelta(minutes=9),
    )
    session.add(
        MessageAttempt(message_id=slow.id, number=1, started_at=NOW, finished_at=NOW, outcome="ok")
    )

    page = desk().get(PAGE)

    assert "The oldest has been due for 12 minutes." in page.text
    assert "Of 1 text nobody knows whether it left" in page.text
    assert "1 message went wrong in the last day" in page.text


def test_another_bureaus_messages_are_not_counted(desk: Desk, session: Session) -> None:
    alive(session)
    there = builders.affiliate(session, "Riverbend")
    builders.message(
        session,
        there,
        to=builders.speaker(session, there),
        send_after=NOW - timedelta(minutes=12),
    )

    assert "Messages are late" not in desk().get(PAGE).text


@pytest.mark.parametrize("count", [1, 30])
def test_its_cost_does_not_grow_with_what_waits(
    desk: Desk, session: Session, here: World, counting: Counting, count: int
) -> None:
    alive(session)
    maria = builders.speaker(session, here.affiliate)
    for _ in range(count):
        builders.message(session, here.affiliate, to=maria)
    browser = desk()
    browser.get(PAGE)

    with counting() as asked:
        browser.get(PAGE)

    assert len([s for s in asked.statements if s.startswith("SELECT")]) <= 12
