"""Did they come? Where a liaison is signed in; and what speakers tell is not for her."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach.accounts.models import Membership
from outreach.visits.models import Attendance, IncidentReport, WardReport
from tests.after_visit_builders import Past, debrief, incident, past, past_of
from tests.web.liaison.pages import count_queries, text_of


@pytest.fixture
def over(session: Session) -> Past:
    return past(session)


@pytest.fixture
def desk(
    over: Past,
    client: FlaskClient,
    sign_in: Callable[[FlaskClient, Membership], FlaskClient],
) -> FlaskClient:
    """Priya's browser."""
    return sign_in(client, over.priya)


@pytest.fixture
def path(over: Past) -> str:
    return f"/units/visits/{over.visit.public_id}"


def test_the_visits_page_asks_who_came_and_shows_what_was_told(
    desk: FlaskClient, path: str, session: Session
) -> None:
    assert "Please tell us whether everyone came." in desk.get(path).text

    said = {"outcome": "all_came", "people": "9", "words": "They were kind."}
    answer = desk.post(f"{path}/came", data=said)

    assert (answer.status_code, answer.location) == (303, path)
    words = text_of(desk.get(path))
    assert "What you told us Everyone came – “They were kind.” Patients who came 9" in words
    assert "Change our answers" in words
    again = desk.post(f"{path}/came", data=said)
    assert "Nothing was changed." in desk.get(again.location).text
    assert session.scalars(select(Attendance.came)).all() == ["yes", "yes"]


def test_my_units_asks_about_what_was_not_told_yet(
    desk: FlaskClient, over: Past, path: str, session: Session
) -> None:
    people = (over.world, over.maria, over.daniel)
    for ended in (timedelta(days=14), timedelta(days=5)):
        past_of(session, *people, ruth=over.ruth, priya=over.priya, ended=ended)
    elsewhere = past(session, "Hillside")
    session.commit()

    with count_queries() as of_two:
        page = desk.get("/units/")

    words = text_of(page)
    assert "Did they come? 2 Monday, November 23, 7:00 AM Eastern Time Unit 4B" in words
    assert "Wednesday, November 18, 9:00 AM" in words
    assert f'href="{path}/came"' in page.text
    assert elsewhere.visit.public_id not in page.text
    for visit in (over.visit.public_id, elsewhere.visit.public_id):
        desk.post(f"/units/visits/{visit}/came", data={"outcome": "all_came"})
    assert "Did they come? 1" in text_of(desk.get("/units/"))
    with count_queries() as of_one:
        desk.get("/units/")
    assert of_one.count == of_two.count


def test_nobody_named_is_asked_for(desk: FlaskClient, path: str, session: Session) -> None:
    answer = desk.post(f"{path}/came", data={"outcome": "someone_missing"})

    assert answer.status_code == 422
    assert "Say who could not attend." in answer.text
    assert session.scalars(select(WardReport)).all() == []


def test_an_incident_is_reported_and_then_the_bureaus_to_read(
    desk: FlaskClient, over: Past, path: str, session: Session
) -> None:
    desk.post(f"{path}/incident", data={"kind": "hurt", "words": "CANARY fell."})

    report = session.scalars(select(IncidentReport)).one()
    assert (report.said_by, report.account_id) == ("liaison", over.priya.account_id)
    assert "Your report waits for a coordinator." in desk.get(path).text
    assert "CANARY" not in desk.get(path).text


def test_what_a_speaker_told_is_on_no_page_of_the_unit(
    desk: FlaskClient, over: Past, path: str, session: Session
) -> None:
    debrief(session, over.of_maria, words="CANARY")
    incident(session, over.visit, words="CANARY", said_by="speaker")
    session.commit()

    for page in (path, f"{path}/came", f"{path}/incident", "/units/", "/units/?when=past"):
        shown = desk.get(page)
        assert shown.status_code == 200
        assert "CANARY" not in shown.text
        assert "like a call" not in shown.text


def test_after_two_weeks_and_before_the_end_the_page_leads_back(
    desk: FlaskClient, over: Past, path: str, present: Traveller
) -> None:
    present.move_to(over.visit.ends_at - timedelta(minutes=1))
    assert desk.get(f"{path}/came").location == path
    early = desk.post(f"{path}/came", data={"outcome": "all_came"})
    assert (early.status_code, "not over yet" in early.text) == (409, True)
    assert "After the visit" not in desk.get(path).text
