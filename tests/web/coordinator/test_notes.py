"""A note to the people of a list: written, looked at, sent once, followed and taken back."""

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach import jobs
from outreach.accounts.models import Membership
from outreach.db import Database
from outreach.messaging.models import Broadcast, Message, NoteStop
from outreach.speakers.models import Speaker
from outreach.wiring import Wiring
from tests import builders
from tests.builders import DANIEL, MARIA, Person, World
from tests.digest import digest
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]
TO_ALL = "/coordinator/messages/notes/new?of=speakers"
SEND = "/coordinator/messages/notes?of=speakers"
KEY = "k" * 22
NOTE = {"text": "The training is on Monday.", "whom": "everyone", "way": "mail", "once": KEY}


@pytest.fixture
def maria(session: Session, here: World) -> Speaker:
    return builders.speaker(session, here.affiliate, MARIA, certified_for=here.program)


def seen_on(page: str) -> str:
    found = re.search(r'name="seen" value="(\w+)"', page)
    assert found, page
    return found[1]


def send(browser: FlaskClient, **changes: str) -> str:
    """Look at a note and send it; return its address."""
    seen = seen_on(browser.post(TO_ALL, data=NOTE | changes).text)
    answer = browser.post(SEND, data={**NOTE, **changes, "seen": seen})
    assert answer.status_code == 303, answer.text
    return str(answer.location)


def test_the_list_of_speakers_leads_to_a_note_for_all_that_its_filters_let_through(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    assert maria.id
    for number in range(30):
        who = builders.speaker(session, here.affiliate, Person(f"Peer{number}", "Example"))
        who.languages = ["en", "es"]
    browser = desk()

    page = unescape(browser.get("/coordinator/people?language=es").text)
    href = re.search(r'href="(/coordinator/messages/notes/new[^"]*)"[^>]*>Message', page)

    assert "Message these people (30)" in page
    assert href
    assert "30 people" in browser.get(href[1]).text
    assert "Speakers, who speak Spanish" in browser.get(href[1]).text


def test_who_is_put_aside_is_written_nothing(desk: Desk, maria: Speaker) -> None:
    maria.archived_at = builders.NOW
    browser = desk()

    assert "Message these people" not in browser.get("/coordinator/people?archived=1").text
    assert "Nobody is on this list" in browser.get(f"{TO_ALL}&archived=1").text


@pytest.mark.parametrize("of", ["liaisons", "intake", "coordinators"])
def test_every_list_of_people_leads_to_a_note(
    desk: Desk, session: Session, here: World, of: str
) -> None:
    builders.liaison(session, here.hospital)
    builders.intake(session, here.affiliate)
    browser = desk()

    page = browser.get(f"/coordinator/people/{of}").text

    assert f"/coordinator/messages/notes/new?of={of}" in page
    assert "1 person" in browser.get(f"/coordinator/messages/notes/new?of={of}").text


def test_a_visit_leads_to_a_note_for_who_comes_and_the_units_contact(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    here.unit.contact_email = "ward4b@stclare.example"
    visit = builders.visit(session, here)
    builders.assignment(session, builders.slots(session, visit)[0], maria)
    browser = desk()

    page = browser.get(f"/coordinator/visits/{visit.public_id}").text

    assert "Message these people (2)" in page
    to_visit = f"/coordinator/messages/notes/new?of=visit&visit={visit.public_id}"
    shown = browser.post(to_visit, data=NOTE | {"whom": "speakers"}).text
    assert "Send it to 1 person" in shown


def test_looking_shows_exactly_what_leaves_and_sends_nothing(
    desk: Desk, database: Database, maria: Speaker
) -> None:
    maria.locale = "es"
    browser = desk()
    before = digest(database)

    page = unescape(browser.post(TO_ALL, data=NOTE).text)

    assert digest(database) == before
    assert "The training is on Monday." in page
    assert "1 person chose Spanish and gets your note as it is" in page
    assert "Mails cost nothing" in page


def test_a_note_is_sent_after_it_was_looked_at(
    desk: Desk, database: Database, maria: Speaker, ruth: Membership
) -> None:
    browser = desk()

    address = send(browser)

    page = browser.get(address).text
    assert "Your note is on its way." in page
    assert "Waiting to leave: 1" in page
    with database.reading() as fresh:
        sent = fresh.scalars(select(Broadcast)).one()
        message = fresh.scalars(select(Message)).one()
    assert (sent.audience, sent.written_by_id) == ("All speakers", ruth.account_id)
    assert (message.recipient_id, message.subject_id) == (maria.id, sent.id)


def test_a_second_press_sends_nothing_and_says_so(
    desk: Desk, database: Database, maria: Speaker
) -> None:
    assert maria.id
    browser = desk()
    address = send(browser)

    again = browser.post(SEND, data={**NOTE, "text": "Other words.", "seen": "x"})

    assert again.location == address
    assert "Nothing was sent a second time" in browser.get(again.location).text
    with database.reading() as fresh:
        assert len(fresh.scalars(select(Message)).all()) == 1


def test_a_list_that_has_changed_is_shown_again_and_asked_about(
    desk: Desk, database: Database, session: Session, here: World, maria: Speaker
) -> None:
    assert maria.id
    browser = desk()
    seen = seen_on(browser.post(TO_ALL, data=NOTE).text)
    builders.speaker(session, here.affiliate, DANIEL)
    session.commit()

    answer = browser.post(SEND, data={**NOTE, "seen": seen})

    assert answer.status_code == 409
    assert "has changed since you looked" in answer.text
    assert "Send it to 2 people" in answer.text
    with database.reading() as fresh:
        assert fresh.scalars(select(Broadcast)).all() == []


@pytest.mark.parametrize("key", ["", "short", "k" * 65, "ключ" * 6])
def test_nothing_is_sent_without_the_forms_own_key(
    desk: Desk, database: Database, maria: Speaker, key: str
) -> None:
    assert maria.id
    browser = desk()
    seen = seen_on(browser.post(TO_ALL, data=NOTE).text)

    answer = browser.post(SEND, data={**NOTE, "once": key, "seen": seen})

    assert "See what leaves" in answer.text
    with database.reading() as fresh:
        assert fresh.scalars(select(Message)).all() == []


def test_words_can_be_changed_after_looking(desk: Desk, maria: Speaker) -> None:
    assert maria.id

    page = desk().post(SEND, data={**NOTE, "seen": "x", "change": "yes"}).text

    assert "The training is on Monday.</textarea>" in page
    assert f'name="once" value="{KEY}"' in page


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"text": ""}, "Write your note."),
        ({"text": "At the hospital."}, "others may see the screen of a phone"),
        ({"text_es": "Vea www.ejemplo.org hoy."}, "reads as a link"),
        ({"way": "pigeon"}, "Choose one of the answers"),
        ({"way": "sms"}, "People agreed to texts about visits"),
        ({"text": "a\x00b"}, "cannot be kept"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_changes_nothing(
    desk: Desk, database: Database, maria: Speaker, change: dict[str, str], said: str
) -> None:
    assert maria.id
    browser = desk()
    before = digest(database)

    for address in (TO_ALL, SEND):
        answer = browser.post(address, data={**NOTE, **change, "seen": "x"})
        assert answer.status_code == 422
        assert said in unescape(answer.text)

    assert digest(database) == before


def test_there_is_no_note_to_a_list_that_does_not_exist(desk: Desk) -> None:
    assert desk().get("/coordinator/messages/notes/new?of=everyone").status_code == 404


def test_a_note_that_waits_is_taken_back(desk: Desk, database: Database, maria: Speaker) -> None:
    assert maria.id
    browser = desk()
    address = send(browser)

    browser.post(f"{address}/cancellation")
    again = browser.post(f"{address}/cancellation")

    assert "nothing to take back" in browser.get(again.location).text
    assert "Taken back" in browser.get("/coordinator/messages/notes").text
    with database.reading() as fresh:
        message = fresh.scalars(select(Message)).one()
    assert (message.state, message.reason) == ("cancelled", "taken_back")


def test_the_list_of_messages_shows_those_of_one_note(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    builders.message(session, here.affiliate, to=maria)
    browser = desk()
    note_id = send(browser).rpartition("/")[2]

    every = browser.get("/coordinator/messages").text
    of_note = browser.get(f"/coordinator/messages?note={note_id}").text

    assert "2 messages." in every
    assert "1 message." in of_note
    assert f"state=waiting&amp;note={note_id}" in of_note
    assert "/coordinator/messages/notes" in every


def test_thirty_notes_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, maria: Speaker, counting: Counting
) -> None:
    builders.broadcast(session, here.affiliate, to=maria)
    browser = desk()
    with counting() as one:
        browser.get("/coordinator/messages/notes")
    for _ in range(24):
        builders.broadcast(session, here.affiliate, to=maria)

    with counting() as many:
        page = browser.get("/coordinator/messages/notes").text

    assert page.count("1 waits") == 25
    assert many.count == one.count


def test_its_words_are_deleted_with_those_of_its_messages(
    desk: Desk, database: Database, wired: Wiring, maria: Speaker
) -> None:
    assert maria.id
    browser = desk()
    address = send(browser, text_es="La capacitación es el lunes.")
    jobs.redact(wired.post, keep_days=0)
    with database.reading() as fresh:
        assert fresh.scalars(select(Broadcast)).one().text
    browser.post(f"{address}/cancellation")
    with database.transaction() as later:
        past = later.scalars(select(Message)).one()
        past.state_at = builders.NOW - timedelta(days=31)
        later.scalars(select(Broadcast)).one().created_at = past.state_at

    jobs.redact(wired.post, keep_days=30)

    with database.reading() as fresh:
        sent = fresh.scalars(select(Broadcast)).one()
        message = fresh.scalars(select(Message)).one()
    assert (sent.text, sent.text_es, sent.audience) == ("", "", "")
    assert (message.values, message.to_name) == ({}, "")
    assert "The words are deleted" in browser.get(address).text


def test_the_link_in_a_mail_ends_notes_and_begins_them_again(
    client: FlaskClient, database: Database, session: Session, here: World, maria: Speaker
) -> None:
    token = builders.no_notes(session, builders.broadcast(session, here.affiliate, to=maria))
    session.commit()
    before = digest(database)

    asked = client.get(f"/n/{token}").text
    assert digest(database) == before
    one_click = client.post(f"/n/{token}", data={"List-Unsubscribe": "One-Click"})

    assert "Send me no more notes" in asked
    assert one_click.status_code == 303
    assert "No more notes come to you" in client.get(f"/n/{token}").text
    with database.reading() as fresh:
        stop = fresh.scalars(select(NoteStop)).one()
    assert (stop.recipient_kind, stop.recipient_id) == ("speaker", maria.id)
    client.post(f"/n/{token}/again")
    assert "Send me no more notes" in client.get(f"/n/{token}").text


def test_a_made_up_link_ends_nothing(client: FlaskClient, database: Database) -> None:
    assert client.get(f"/n/{'a' * 44}").status_code == 404
    assert client.post(f"/n/{'a' * 44}").status_code == 404
    with database.reading() as fresh:
        assert fresh.scalars(select(NoteStop)).all() == []
