"""How did it go? Where a speaker is signed in: on My visits, and on the visit's own page."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach.accounts.models import Membership
from outreach.visits.models import Debrief, IncidentReport
from outreach.visits.telling import Outcome
from outreach.workflows import after_visit
from outreach.workflows.after_visit import UnitsWord
from tests import builders
from tests.after_visit_builders import Past, debrief, debriefing, incident, past, past_of
from tests.builders import NOW
from tests.web.liaison.pages import count_queries, text_of

WELL = {"how_was_it": "well", "how_are_you": "all_right", "hours": "1:30", "miles": "12"}


@pytest.fixture
def over(session: Session) -> Past:
    return past(session)


@pytest.fixture
def browser(
    over: Past,
    client: FlaskClient,
    session: Session,
    sign_in: Callable[[FlaskClient, Membership], FlaskClient],
) -> FlaskClient:
    """Maria's browser."""
    return sign_in(client, builders.speaker_member(session, over.maria))


@pytest.fixture
def path(over: Past) -> str:
    return f"/speaker/visits/{over.of_maria.public_id}"


def test_my_visits_asks_how_it_went_until_it_is_told(browser: FlaskClient, path: str) -> None:
    before = browser.get("/speaker")
    assert "How did it go?" in before.text
    assert f'href="{path}/debrief"' in before.text
    assert "This year: 0 visits, 0 min, 0 miles." in text_of(before)

    answer = browser.post(f"{path}/debrief", data=WELL)

    assert (answer.status_code, answer.location) == (303, path)
    after = browser.get("/speaker")
    assert "You have told us; thank you" in after.text
    assert "This year: 1 visit, 1 h 30 min, 12 miles." in text_of(after)
    assert "Change my answers" in browser.get(path).text


def test_the_same_again_changes_nothing_and_says_so(browser: FlaskClient, path: str) -> None:
    browser.post(f"{path}/debrief", data=WELL)
    browser.get(path)

    answer = browser.post(f"{path}/debrief", data=WELL)

    assert "Nothing was changed." in browser.get(answer.location).text
    assert 'value="all_right" checked' in browser.get(f"{path}/debrief").text


def test_a_wrong_answer_is_named(browser: FlaskClient, path: str, session: Session) -> None:
    answer = browser.post(f"{path}/debrief", data={**WELL, "hours": "30"})

    assert answer.status_code == 422
    assert "Write hours from 0 to 24, like 1.5 or 1:30." in answer.text
    assert session.scalars(select(Debrief)).all() == []


def test_an_incident_is_reported_from_the_visits_page(
    browser: FlaskClient, over: Past, path: str, session: Session
) -> None:
    assert f'href="{path}/incident"' in browser.get(path).text
    empty = browser.post(f"{path}/incident", data={"kind": "other", "words": " "})
    assert (empty.status_code, "Say in a few words" in empty.text) == (422, True)

    browser.post(f"{path}/incident", data={"kind": "other", "words": "The alarm rang."})

    report = session.scalars(select(IncidentReport)).one()
    assert (report.said_by, report.speaker_id) == ("speaker", over.maria.id)


def test_what_others_told_of_the_visit_is_not_hers_to_read(
    browser: FlaskClient, over: Past, path: str, session: Session
) -> None:
    debrief(session, over.of_daniel, words="CANARY")
    incident(session, over.visit, words="CANARY")
    said = UnitsWord(outcome=Outcome.ALL_CAME, words="CANARY")
    after_visit.say_who_came(session, over.visit, said, by=over.as_unit, now=NOW)
    session.commit()

    for page in ("/speaker", path, f"{path}/debrief", f"{path}/incident"):
        shown = browser.get(page)
        assert shown.status_code == 200
        assert "CANARY" not in shown.text


def test_before_the_end_nothing_is_asked(
    browser: FlaskClient, over: Past, path: str, present: Traveller
) -> None:
    present.move_to(over.visit.ends_at - timedelta(minutes=1))

    assert browser.get(f"{path}/debrief").location == path
    early = browser.post(f"{path}/debrief", data=WELL)
    assert (early.status_code, "not over yet" in early.text) == (409, True)


def test_after_two_weeks_nothing_is_asked_any_more(
    browser: FlaskClient, over: Past, session: Session
) -> None:
    people = (over.world, over.maria, over.daniel)
    old = past_of(session, *people, ruth=over.ruth, priya=over.priya, ended=timedelta(days=14))
    session.commit()
    path = f"/speaker/visits/{old.of_maria.public_id}"

    assert browser.get(f"{path}/debrief").location == path
    assert f"{path}/debrief" not in browser.get("/speaker").text
    assert "call your coordinators at any time" in browser.get(path).text
    late = browser.post(f"{path}/debrief", data=WELL)
    assert (late.status_code, "more than two weeks ago" in late.text) == (409, True)


def test_thirty_visits_cost_no_more_queries_than_one(
    browser: FlaskClient, over: Past, session: Session
) -> None:
    with count_queries() as of_one:
        browser.get("/speaker")
    for number in range(1, 31):
        made = past_of(
            session,
            over.world,
            over.maria,
            over.daniel,
            ruth=over.ruth,
            priya=over.priya,
            ended=timedelta(hours=2 + 8 * number),
        )
        at = made.visit.ends_at
        after_visit.tell(session, made.of_maria, debriefing(), by=made.as_maria, now=at)
    session.commit()

    with count_queries() as of_thirty:
        page = browser.get("/speaker")

    assert of_thirty.count == of_one.count
    assert "This year: 30 visits, 45 h, 360 miles." in text_of(page)
