"""What would fill a visit nobody fits: on its page, each with one action."""

from collections.abc import Callable
from datetime import date, time, timedelta

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.db import Database
from outreach.messaging.models import Message
from outreach.speakers.models import Availability, Speaker
from outreach.visits.models import OtherTime
from tests import builders
from tests.builders import DANIEL, JOY, MARIA, VISIT_AT, Person, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]
NOON = (VISIT_AT + timedelta(hours=2)).isoformat()


def free_at_noon(session: Session, here: World, person: Person = MARIA) -> Speaker:
    who = builders.speaker(
        session, here.affiliate, person, certified_for=here.program, available=False
    )
    session.add(Availability(speaker_id=who.id, weekday=1, starts=time(12), ends=time(17)))
    session.flush()
    return who


def test_each_single_change_has_its_one_action_and_more_than_three_are_folded(
    desk: Desk, session: Session, here: World
) -> None:
    visit = builders.visit(session, here, roles=("lead",))
    free_at_noon(session, here)
    lapsed = builders.speaker(
        session, here.affiliate, DANIEL, certified_for=here.program, clearances=()
    )
    builders.clearance(session, lapsed, "background_check", ends_on=date(2026, 12, 1))
    spent = builders.speaker(
        session, here.affiliate, JOY, certified_for=here.program, quota_per_month=0
    )

    page = desk().get(f"/coordinator/visits/{visit.public_id}").text

    assert "Each of these alone would fill the visit:" in page
    assert "If Daniel’s clearance were renewed" in page
    assert "Ask Daniel to renew it" in page
    assert "If Joy made one more visit that month" in page
    assert f"/coordinator/people/speakers/{spent.public_id}" in page
    assert "If it began Tuesday, December 8, 12:00" in page.replace("\N{NO-BREAK SPACE}", " ")
    assert page.count("Propose it to the unit") == 3
    assert "Show 2 more" in page


def test_where_no_single_change_would_do_the_page_says_so(
    desk: Desk, session: Session, here: World
) -> None:
    visit = builders.visit(session, here, roles=("lead", "co-presenter"))
    builders.speaker(
        session, here.affiliate, MARIA, certified_for=here.program, clearances=(), available=False
    )

    page = desk().get(f"/coordinator/visits/{visit.public_id}").text

    assert "No single change would fill the visit" in page
    assert "Propose it to the unit" not in page


def test_a_time_is_proposed_to_the_unit_once(
    desk: Desk, database: Database, session: Session, here: World
) -> None:
    here.unit.contact_email = "ward@stclare.example"
    visit = builders.visit(session, here, roles=("lead",))
    free_at_noon(session, here)
    browser, address = desk(), f"/coordinator/visits/{visit.public_id}"

    for _ in range(2):
        browser.post(f"{address}/other-times", data={"starts_at": NOON})

    page = browser.get(address).text
    assert "Another time is proposed to the unit:" in page
    with database.reading() as fresh:
        assert len(fresh.scalars(select(OtherTime)).all()) == 1
        kinds = fresh.scalars(select(Message.kind)).all()
    assert kinds == ["other_time"]


def test_a_time_that_is_none_is_refused(desk: Desk, session: Session, here: World) -> None:
    visit = builders.visit(session, here, roles=("lead",))
    browser, address = desk(), f"/coordinator/visits/{visit.public_id}/other-times"

    answers = [
        browser.post(address, data={"starts_at": typed}).status_code
        for typed in (
            "",
            "noon",
            "2026-12-08T12:00",
            "0001-01-01T00:00+14:00",
            "9999-12-31T23:59:59-10:00",
        )
    ]

    assert answers == [422] * 5


def test_a_speaker_is_asked_to_renew_once_a_month(
    desk: Desk, database: Database, session: Session, here: World
) -> None:
    visit = builders.visit(session, here, roles=("lead",))
    daniel = builders.speaker(session, here.affiliate, DANIEL, clearances=())
    browser, address = desk(), f"/coordinator/visits/{visit.public_id}/renewals"

    said = [
        browser.get(browser.post(address, data={"speaker": daniel.public_id}).location).text
        for _ in range(2)
    ]

    assert "Daniel is asked by mail to renew it." in said[0]
    assert "Daniel was asked this month already." in said[1]
    with database.reading() as fresh:
        assert fresh.scalars(select(Message.kind)).all() == ["renewal"]


def test_an_excluded_unit_offers_no_time_as_for_somebody_who_is_never_free(
    desk: Desk, session: Session, here: World
) -> None:
    visit = builders.visit(session, here, roles=("lead",))
    maria = free_at_noon(session, here)
    builders.exclusion(session, maria, here.unit)
    browser, address = desk(), f"/coordinator/visits/{visit.public_id}"
    excluded = browser.get(address).text
    for row in session.scalars(select(Availability).where(Availability.speaker_id == maria.id)):
        session.delete(row)
    session.flush()

    never_free = browser.get(address).text

    start, end = "Nobody fits as lead", "What happened"
    assert (
        excluded[excluded.index(start) : excluded.index(end)]
        == (never_free[never_free.index(start) : never_free.index(end)])
    )
    assert "Propose it to the unit" not in excluded


def test_thirty_who_could_renew_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, counting: Counting
) -> None:
    visit = builders.visit(session, here, roles=("lead",))
    free_at_noon(session, here)
    builders.speaker(session, here.affiliate, DANIEL, certified_for=here.program, clearances=())
    browser, address = desk(), f"/coordinator/visits/{visit.public_id}"
    browser.get(address)
    with counting() as few:
        browser.get(address)
    for number in range(30):
        peer = Person(f"Peer{number}", "Example")
        builders.speaker(session, here.affiliate, peer, certified_for=here.program, clearances=())

    with counting() as many:
        text = browser.get(address).text

    assert "were cleared" in text
    assert many.count == few.count
