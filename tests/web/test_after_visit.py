"""Telling after a visit by a link: GET shows, POST acts, the same again changes nothing."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from time_machine import Traveller
from werkzeug.test import TestResponse

from outreach.db import Base, Database
from outreach.links import Links
from outreach.visits import afterwards, telling
from outreach.visits.models import (
    Attendance,
    Audience,
    Debrief,
    IncidentReport,
    VisitRequest,
    WardReport,
)
from outreach.workflows import after_visit
from tests import builders
from tests.after_visit_builders import Past, debrief, incident, past
from tests.builders import NOW, SECRET
from tests.digest import digest
from tests.web.liaison.pages import count_queries, text_of

WELL = {
    "how_was_it": "well",
    "how_are_you": "well",
    "hours": "1.5",
    "miles": "12",
    "people": "8",
    "words": "",
}
FELL = {"kind": "hurt", "words": "A visitor fell on the stairs."}
TABLES: tuple[type[Base], ...] = (Attendance, Audience, Debrief, IncidentReport, WardReport)


@pytest.fixture
def over(session: Session) -> Past:
    made = past(session)
    session.commit()
    return made


@pytest.fixture
def hers(over: Past, links: Links) -> str:
    """Where Maria tells."""
    return over.debrief_path(links)


@pytest.fixture
def theirs(over: Past, links: Links) -> str:
    """Where the unit tells."""
    return over.came_path(links)


def say(client: FlaskClient, path: str, said: dict[str, str], **others: str) -> TestResponse:
    return client.post(path, data={**said, **others}, forged=True)


def counts(session: Session) -> list[int]:
    """Count the rows of each table of what was told."""
    return [session.scalar(select(func.count()).select_from(table)) or 0 for table in TABLES]


def test_looking_changes_nothing_and_needs_and_leaves_no_cookie(
    client: FlaskClient, hers: str, theirs: str, db: Database
) -> None:
    before = digest(db)

    for path in (hers, f"{hers}/incident", theirs, f"{theirs}/incident", f"{hers}?said=new"):
        page = client.get(path)
        client.head(path)
        assert page.status_code == 200
        assert "Set-Cookie" not in page.headers
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert 'content="noindex"' in page.text
        assert "csrf_token" not in page.text

    assert digest(db) == before


def test_the_debrief_asks_how_it_was_and_how_she_is_and_says_who_reads_it(
    client: FlaskClient, over: Past, hers: str
) -> None:
    page = client.get(hers)
    words = text_of(page)

    for said in (
        "How did it go, Maria? Monday, November 23, 7:00 to 8:00 AM Eastern Time",
        "How are you?",
        "I would like a call",
        "Please write no patient’s name.",
        "Your coordinators read your answers.",
        "The hospital sees who came and how many patients there were, and nothing else",
        "You may change your answers here until Monday, December 7.",
        "Report an incident",
        "Call or text 988 at any hour, also for yourself.",
    ):
        assert said in words, said
    assert 'name="hours" type="text" value="1"' in page.text
    assert over.world.hospital.name not in page.text


def test_a_debrief_is_taken_and_taps_repeated_change_nothing(
    client: FlaskClient, over: Past, hers: str, session: Session, db: Database
) -> None:
    answer = say(client, hers, WELL)

    assert (answer.status_code, answer.location) == (303, f"{hers}?said=new")
    assert "Thank you. We have your answers." in client.get(answer.location).text
    known = afterwards.attendance(session, over.of_maria)
    assert known is not None
    assert (known.came, known.minutes, known.miles) == ("yes", 90, 12)

    before = digest(db)
    again = say(client, hers, WELL)
    assert "Nothing was changed." in client.get(again.location).text
    assert digest(db) == before

    other = say(client, hers, WELL, how_was_it="hard", words="Long.")
    assert "What you said before is replaced." in client.get(other.location).text
    page = client.get(hers).text
    assert "We have your answers. You may change them until" in page
    assert 'value="hard" checked' in page
    assert ">\r\nLong.</textarea>" in page


def test_the_form_begins_with_our_guess_at_hours_and_miles(
    client: FlaskClient, over: Past, hers: str, session: Session
) -> None:
    lead = builders.slots(session, over.visit)[0]
    asked = builders.offer(session, lead, over.maria, state="accepted")
    asked.distance_km, over.of_maria.offer_id = 6.4, asked.id
    over.visit.ends_at, over.of_maria.ends_at = (
        over.visit.starts_at + timedelta(minutes=80) for _both in range(2)
    )
    session.commit()
    path = over.debrief_path(Links("http://localhost", SECRET.encode()))

    page = client.get(path)

    assert 'name="hours" type="text" value="1:20"' in page.text
    assert re.search(r'name="miles"[^>]* value="8"', page.text)
    assert "Our guess is the straight line; please correct it." in page.text
    session.get_one(VisitRequest, over.visit.request_id).by_video = True
    session.commit()
    by_video = client.get(path).text
    assert re.search(r'name="miles"[^>]* value="0"', by_video)
    assert "straight line" not in by_video
    assert client.get(hers).status_code == 404


def test_a_link_that_has_said_enough_is_told_to_call(
    client: FlaskClient, over: Past, hers: str, session: Session
) -> None:
    for number in range(telling.MOST_REPORTS):
        incident(session, over.visit, words=f"Again, {number}.")
    session.commit()

    answer = say(client, f"{hers}/incident", FELL)

    assert answer.status_code == 409
    assert "We have several reports of this visit already." in answer.text
    assert FELL["words"] in answer.text


def test_the_unit_says_who_came_in_three_answers(
    client: FlaskClient, over: Past, theirs: str, session: Session
) -> None:
    page = client.get(theirs)
    assert "These were to come: Maria and Daniel." in text_of(page)
    assert "Lopez" not in page.text

    answer = say(client, theirs, {"outcome": "all_came", "people": "9", "words": ""})

    assert answer.location == f"{theirs}?said=new"
    assert session.scalars(select(Attendance.came)).all() == ["yes", "yes"]
    assert session.scalars(select(Audience.people)).all() == [9]
    missing = say(client, theirs, {"outcome": "someone_missing", "people": "9"})
    assert missing.status_code == 422
    assert "Say who could not attend." in missing.text
    daniel = over.of_daniel.public_id
    say(client, theirs, {"outcome": "someone_missing", "people": "9", "missing": daniel})
    session.expire_all()
    assert session.scalars(select(Attendance.came).order_by(Attendance.id)).all() == ["yes", "no"]


def test_the_answer_page_of_a_visit_that_is_over_leads_to_the_debrief(
    client: FlaskClient, over: Past, hers: str, session: Session
) -> None:
    token = "m" * 43
    asked = builders.offer(
        session, builders.slots(session, over.visit)[0], over.maria, token=token, state="accepted"
    )
    over.of_maria.offer_id = asked.id
    session.commit()

    assert f'href="{hers}"' in client.get(f"/a/{token}").text


def test_what_speakers_tell_is_not_on_the_units_page(
    client: FlaskClient, over: Past, theirs: str, session: Session
) -> None:
    debrief(session, over.of_maria, words="CANARY")
    session.commit()

    page = client.get(theirs).text

    assert "CANARY" not in page
    assert "would like a call" not in page


@pytest.mark.parametrize("whose", ["hers", "theirs"])
def test_an_incident_is_reported_once(
    client: FlaskClient, session: Session, request: pytest.FixtureRequest, whose: str
) -> None:
    path: str = request.getfixturevalue(whose)

    answers = [say(client, f"{path}/incident", FELL) for _twice in range(2)]

    assert {answer.location for answer in answers} == {f"{path}?said=reported"}
    assert "Your report waits for a coordinator." in client.get(answers[0].location).text
    report = session.scalars(select(IncidentReport)).one()
    assert (report.kind, report.words) == ("hurt", FELL["words"])
    assert report.said_by == ("speaker" if whose == "hers" else "liaison")


def test_what_a_coordinator_recorded_is_only_shown(
    client: FlaskClient, over: Past, hers: str, session: Session
) -> None:
    after_visit.record_attendance(
        session, over.of_maria, came="yes", minutes=150, miles=20, by=over.as_ruth, now=NOW
    )
    session.commit()

    page = client.get(hers)

    assert "2 h 30 min, 20 miles, recorded by your coordinator" in text_of(page)
    assert 'name="hours"' not in page.text
    assert say(client, hers, {"how_was_it": "well", "how_are_you": "well"}).status_code == 303


@pytest.mark.parametrize(
    "wrong",
    [
        ("how_was_it", "", "Choose how it was."),
        ("how_was_it", "splendid", "Choose one of the answers on the list."),
        ("how_are_you", "", "Choose how you are."),
        ("hours", "25", "Write hours from 0 to 24, like 1.5 or 1:30."),
        ("hours", "one", "Write hours from 0 to 24, like 1.5 or 1:30."),
        ("hours", "-1", "Write hours from 0 to 24, like 1.5 or 1:30."),
        ("hours", "1" * 200_000, "Hours, with the way there and back is too long."),
        ("miles", "1001", "Write a number from 0 to 1000."),
        ("miles", "-3", "Write a number from 0 to 1000."),
        ("people", "501", "Write a number from 0 to 500."),
        ("people", "many", "Write a whole number, like 12."),
        ("words", "w" * 1001, "Anything you would like to tell us is too long."),
        ("words", "a\x00b", "Anything you would like to tell us holds characters"),
    ],
)
def test_a_wrong_answer_is_named_and_nothing_changes(
    client: FlaskClient, hers: str, session: Session, wrong: tuple[str, str, str]
) -> None:
    field, typed, words = wrong

    answer = say(client, hers, WELL, **{field: typed})

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert counts(session) == [0] * len(TABLES)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"outcome": ""}, "Choose whether the visit took place."),
        ({"outcome": "perhaps"}, "Choose one of the answers on the list."),
        ({"outcome": "all_came", "people": "-1"}, "Write a number from 0 to 500."),
        ({"outcome": "someone_missing", "missing": "x"}, "Choose from the answers on the list."),
    ],
)
def test_a_units_wrong_answer_is_named_and_nothing_changes(
    client: FlaskClient, theirs: str, session: Session, said: dict[str, str], words: str
) -> None:
    answer = say(client, theirs, said)

    assert answer.status_code == 422
    assert words in text_of(answer)
    assert counts(session) == [0] * len(TABLES)


@pytest.mark.parametrize("path", ["", "/incident"])
def test_a_strangers_or_broken_link_finds_and_changes_nothing(
    client: FlaskClient, over: Past, hers: str, db: Database, path: str
) -> None:
    of_daniel = f"/d/{over.of_daniel.public_id}{hers[-22:]}"
    other_purpose = f"/c/{hers.rpartition('/')[2]}"
    before = digest(db)

    for wrong in (of_daniel, other_purpose, hers[:-1], f"{hers}a", "/d/x", "/d/%00", "/c/ñ" * 9):
        shown = client.get(f"{wrong}{path}")
        told = say(client, f"{wrong}{path}", {**WELL, **FELL, "outcome": "all_came"})
        assert (shown.status_code, told.status_code) == (404, 404), wrong
        assert "Maria" not in shown.text

    assert client.get(f"{hers}{path}").status_code == 200
    assert digest(db) == before


def test_a_link_lives_from_the_end_of_the_visit_for_two_weeks(
    client: FlaskClient, over: Past, hers: str, theirs: str, present: Traveller
) -> None:
    ends_at = over.visit.ends_at
    life = {
        ends_at - timedelta(seconds=1): 404,
        ends_at: 200,
        ends_at + timedelta(days=14, seconds=-1): 200,
        ends_at + timedelta(days=14): 404,
    }

    for at, status in life.items():
        present.move_to(at)
        for path in (hers, theirs):
            assert client.get(path).status_code == status, at
            assert client.get(f"{path}/incident").status_code == status
    assert say(client, hers, WELL).status_code == 404


@pytest.mark.parametrize("gone", ["called off", "let go"])
def test_the_link_is_dead_where_she_was_not_part_of_it(
    client: FlaskClient, over: Past, hers: str, session: Session, gone: str
) -> None:
    if gone == "called off":
        over.visit.called_off_at = NOW
    else:
        over.of_maria.active = False
    session.commit()

    assert client.get(hers).status_code == 404


def test_the_page_speaks_her_language_or_the_one_chosen_there(
    client: FlaskClient, over: Past, hers: str, session: Session
) -> None:
    over.maria.locale = "es"
    session.commit()

    spanish = client.get(hers)
    english = client.get(f"{hers}?lang=en")

    assert '<html lang="es">' in spanish.text
    assert "¿Cómo le fue, Maria?" in spanish.text
    assert "How did it go, Maria?" in english.text
    assert say(client, f"{hers}?lang=en", WELL).location == f"{hers}?lang=en&said=new"


def test_thirty_visits_cost_no_more_queries_than_one(
    client: FlaskClient, hers: str, theirs: str, session: Session
) -> None:
    with count_queries() as of_one:
        client.get(hers)
        client.get(theirs)
    for number in range(30):
        made = past(session, f"Hillside {number}")
        debrief(session, made.of_maria)
    session.commit()

    with count_queries() as of_thirty:
        client.get(hers)
        client.get(theirs)

    assert of_thirty.count == of_one.count
