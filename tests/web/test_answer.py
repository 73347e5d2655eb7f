"""The answer page: GET shows, POST answers; no cookie needed; in the speaker's language."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach import tables
from outreach.actor import SYSTEM
from outreach.calendars.models import CalendarItem
from outreach.db import Database
from outreach.links import Links
from outreach.messaging.models import Message
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Slot, Visit
from outreach.workflows import offers, visits
from tests import builders
from tests.builders import DANIEL, JOY, MARIA, NOW, VISIT_AT, World

TOKEN = "m" * 43
REASONS = [
    {"code": "certified", "params": {"role": "co-presenter", "until": "2028-12-31"}},
    {"code": "free", "params": {}},
    {"code": "distance", "params": {"km": 6.4}},
    {"code": "recent", "params": {"visits": 1}},
]


@dataclass
class Asked:
    """Daniel leads a visit; Maria is asked to co-present."""

    world: World
    visit: Visit
    maria: Speaker
    daniel: Speaker
    offer: Offer

    @property
    def slot_id(self) -> int:
        return self.offer.slot_id


@pytest.fixture
def asked(session: Session) -> Asked:
    return ask(session)


def ask(session: Session, **maria: str) -> Asked:
    world = builders.world(session)
    visit = builders.visit(session, world)
    lead, co_presenter = builders.slots(session, visit)
    daniel = builders.speaker(session, world.affiliate, DANIEL, certified_for=world.program)
    person = builders.speaker(session, world.affiliate, MARIA, certified_for=world.program, **maria)  # type: ignore[arg-type] # columns
    builders.assignment(session, lead, daniel)
    by = NOW + timedelta(days=2, hours=9)
    offer = builders.offer(session, co_presenter, person, token=TOKEN, expires_at=by)
    offer.reasons, offer.distance_km = REASONS, 6.4
    session.commit()
    return Asked(world, visit, person, daniel, offer)


def state(session: Session, offer: Offer) -> str:
    session.expire_all()
    return session.get_one(Offer, offer.id).state


def everything(database: Database) -> str:
    """Return a digest of every row of every table."""
    found = hashlib.sha256()
    with database.reading() as session:
        for table in tables.metadata.sorted_tables:
            rows = session.execute(text(f'SELECT * FROM "{table.name}" ORDER BY id')).all()  # noqa: S608
            found.update(repr((table.name, rows)).encode())
    return found.hexdigest()


def say(client: FlaskClient, answer: str, *, token: str = TOKEN) -> int:
    return client.post(f"/a/{token}", data={"answer": answer}, forged=True).status_code


def test_the_question_says_who_when_where_with_whom_and_why(
    client: FlaskClient, asked: Asked
) -> None:
    page = client.get(f"/a/{TOKEN}")

    assert page.status_code == 200
    for words in (
        "Maria, could you visit on Tuesday, December\N{NO-BREAK SPACE}8?",
        "10:00 to 11:00\N{NO-BREAK SPACE}AM Eastern\N{NO-BREAK SPACE}Time",
        "<strong>Detroit</strong>, about 10 minutes from you (4 miles)",
        "Show the hospital",
        asked.world.hospital.name,
        "Co-presenter, with Daniel as lead",
        "You are trained for this, are free at that time and had 1 visit",
        "Yes, I can visit",
        "Not this time",
        "Either answer is fine, and no reason is needed.",
        "If we don’t hear from you by Wednesday evening, we will ask someone else.",
        'href="tel:+13135550100"',
    ):
        assert words in page.text, words
    assert "Lopez" not in page.text


def test_looking_changes_nothing_and_needs_and_leaves_no_cookie(
    client: FlaskClient, asked: Asked, db: Database
) -> None:
    before = everything(db)

    for path in ("", "/cannot-come", "?lang=es"):
        answer = client.get(f"/a/{TOKEN}{path}")
        client.head(f"/a/{TOKEN}{path}")
        assert "Set-Cookie" not in answer.headers, path
    page = client.get(f"/a/{TOKEN}")

    assert everything(db) == before
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert 'content="noindex"' in page.text
    assert "csrf_token" not in page.text
    assert asked.offer.state == "open"


def test_a_yes_gives_her_the_visit(client: FlaskClient, asked: Asked, session: Session) -> None:
    answer = client.post(f"/a/{TOKEN}", data={"answer": "yes"}, forged=True)

    assert (answer.status_code, answer.location) == (303, f"/a/{TOKEN}")
    assert state(session, asked.offer) == "accepted"
    held = session.scalars(select(Assignment).where(Assignment.speaker_id == asked.maria.id)).one()
    assert (held.slot_id, held.active) == (asked.slot_id, True)
    kinds = session.scalars(select(Message.kind).where(Message.recipient_id == asked.maria.id))
    assert "invite" in list(kinds)

    page = client.get(f"/a/{TOKEN}").text
    for words in (
        "It is yours, Maria. Thank you.",
        f"{asked.world.hospital.name}, Unit 4B",
        "Add to my calendar",
        "https://www.google.com/maps/search/?api=1",
        "The invite is on its way to your mail.",
        "Ring at the blue door.",
        "What to expect",
        "tell us you can’t make it",
        "A reminder by mail.",
    ):
        assert words in page, words


def test_a_second_tap_is_as_good_as_one(
    client: FlaskClient, asked: Asked, session: Session
) -> None:
    assert [say(client, "yes") for _tap in range(3)] == [303, 303, 303]

    mine = select(Assignment).where(Assignment.speaker_id == asked.maria.id)
    assert len(session.scalars(mine).all()) == 1
    invites = select(Message).where(
        Message.kind == "invite",
        Message.recipient_kind == "speaker",
        Message.recipient_id == asked.maria.id,
    )
    assert len(session.scalars(invites).all()) == 1


def test_not_this_time_is_thanked_for_and_nothing_more(
    client: FlaskClient, asked: Asked, session: Session
) -> None:
    assert [say(client, "not_this_time") for _tap in range(2)] == [303, 303]

    page = client.get(f"/a/{TOKEN}")
    assert page.status_code == 200
    assert "Thank you for telling us, Maria." in page.text
    assert "Yes, I can visit" not in page.text
    assert state(session, asked.offer) == "not_this_time"


def test_a_no_after_a_yes_points_to_stepping_back(
    client: FlaskClient, asked: Asked, session: Session
) -> None:
    say(client, "yes")

    answer = client.post(f"/a/{TOKEN}", data={"answer": "not_this_time"}, forged=True)

    assert answer.status_code == 409
    assert "You have said yes to this visit." in answer.text
    assert state(session, asked.offer) == "accepted"


def test_the_calendar_file_is_the_visit_under_the_uid_of_the_mails(
    client: FlaskClient, asked: Asked, session: Session
) -> None:
    assert client.get(f"/a/{TOKEN}/visit.ics").status_code == 409
    say(client, "yes")

    answer = client.get(f"/a/{TOKEN}/visit.ics")

    mine = select(CalendarItem).where(
        CalendarItem.owner_kind == "speaker", CalendarItem.owner_id == asked.maria.id
    )
    item = session.scalars(mine).one()
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert "METHOD:PUBLISH" in answer.text
    assert f"UID:{item.uid}" in answer.text.replace("\r\n ", "")
    assert "ATTENDEE" not in answer.text
    assert "SUMMARY:Outreach visit\r\n" in answer.text


def test_stepping_back_takes_two_taps_and_no_reason(
    client: FlaskClient, asked: Asked, session: Session
) -> None:
    say(client, "yes")

    confirm = client.get(f"/a/{TOKEN}/cannot-come")
    done = [client.post(f"/a/{TOKEN}/cannot-come", forged=True).status_code for _tap in range(2)]

    assert "You can’t make it on Tuesday, December\N{NO-BREAK SPACE}8?" in confirm.text
    assert "no reason is needed" in confirm.text
    assert done == [303, 303]
    session.expire_all()
    held = session.scalars(select(Assignment).where(Assignment.speaker_id == asked.maria.id)).one()
    assert (held.active, held.ended_because) == (False, "cannot_come")
    assert session.get_one(Slot, asked.slot_id).state == "open"
    page = client.get(f"/a/{TOKEN}")
    assert "Your place is open again" in page.text
    assert client.get(f"/a/{TOKEN}/cannot-come").location == f"/a/{TOKEN}"


def test_who_comes_too_late_is_told_kindly(
    client: FlaskClient, asked: Asked, session: Session, links: Links
) -> None:
    joy = builders.speaker(session, asked.world.affiliate, JOY, certified_for=asked.world.program)
    to_joy = builders.offer(session, session.get_one(Slot, asked.slot_id), joy, token="j" * 43)
    offers.accept(session, offer=to_joy, by=SYSTEM, via="link", links=links, now=NOW)
    session.commit()

    answer = client.post(f"/a/{TOKEN}", data={"answer": "yes"}, forged=True)

    assert answer.status_code == 409
    assert "Another speaker has taken this visit" in answer.text
    assert "Thank you for being ready to help." in answer.text
    assert client.get(f"/a/{TOKEN}").status_code == 410
    assert state(session, asked.offer) == "withdrawn"


def test_a_visit_that_was_called_off_says_so(
    client: FlaskClient, asked: Asked, session: Session, links: Links
) -> None:
    visits.call_off(session, asked.visit, by=SYSTEM, links=links, now=NOW)
    session.commit()

    assert "This visit was called off" in client.get(f"/a/{TOKEN}").text
    assert say(client, "yes") == 409
    assert client.get(f"/a/{TOKEN}").status_code == 410


def test_after_the_time_to_answer_the_question_is_closed(
    client: FlaskClient, asked: Asked, session: Session, present: Traveller
) -> None:
    present.shift(timedelta(days=3))

    assert client.get(f"/a/{TOKEN}").status_code == 410
    assert say(client, "yes") == 409
    assert say(client, "not_this_time") == 303
    assert "This visit is no longer open" in client.get(f"/a/{TOKEN}").text
    assert state(session, asked.offer) == "open"


def test_the_link_tells_nothing_a_day_after_the_visit(
    client: FlaskClient, asked: Asked, present: Traveller
) -> None:
    say(client, "yes")
    present.move_to(VISIT_AT + timedelta(hours=24, minutes=59))
    assert "Thank you for going, Maria." in client.get(f"/a/{TOKEN}").text
    assert client.post(f"/a/{TOKEN}/cannot-come", forged=True).status_code == 409

    present.move_to(VISIT_AT + timedelta(hours=25))

    page = client.get(f"/a/{TOKEN}")
    assert page.status_code == 404
    assert asked.world.hospital.name not in page.text


def test_a_second_visit_too_close_is_explained_and_the_question_stays(
    client: FlaskClient, asked: Asked, session: Session
) -> None:
    other = builders.visit(session, asked.world, starts_at=VISIT_AT + timedelta(minutes=30))
    builders.assignment(session, builders.slots(session, other)[0], asked.maria)
    session.commit()

    answer = client.post(f"/a/{TOKEN}", data={"answer": "yes"}, forged=True)

    assert answer.status_code == 409
    assert "too close to another one" in answer.text
    assert "Not this time" in answer.text
    assert state(session, asked.offer) == "open"


@pytest.mark.parametrize(
    "answer", ["", "maybe", "YES", "\x00", "🙂", "<script>alert(1)</script>", "y" * 200_000]
)
def test_any_other_answer_changes_nothing(
    client: FlaskClient, asked: Asked, db: Database, answer: str
) -> None:
    before = everything(db)

    page = client.post(f"/a/{TOKEN}", data={"answer": answer}, forged=True)

    assert page.status_code == 422
    assert "choose one of the two answers" in page.text
    assert "<script>alert" not in page.text
    assert everything(db) == before
    assert asked.offer.state == "open"


def test_a_body_of_a_megabyte_is_refused(client: FlaskClient, asked: Asked) -> None:
    answer = client.post(f"/a/{TOKEN}", data={"answer": "y" * 1_048_576}, forged=True)

    assert answer.status_code in {413, 422}
    assert asked.offer.state == "open"


@pytest.mark.parametrize(
    "token", ["x", "m" * 42, "m" * 44, "ñ", "%00", "%F0%9F%99%82", "<b>", "m" * 3000]
)
@pytest.mark.parametrize("path", ["", "/cannot-come", "/visit.ics"])
def test_an_unknown_link_leads_to_kind_words(
    client: FlaskClient, asked: Asked, db: Database, token: str, path: str
) -> None:
    before = everything(db)

    shown = client.get(f"/a/{token}{path}")
    said = client.post(f"/a/{token}", data={"answer": "yes"}, forged=True)

    assert (shown.status_code, said.status_code) == (404, 404)
    assert "This link does not lead to a visit" in shown.text
    assert everything(db) == before
    assert asked.offer.state == "open"


def test_the_page_speaks_the_speakers_language(client: FlaskClient, session: Session) -> None:
    ask(session, locale="es", first_name="María")

    page = client.get(f"/a/{TOKEN}", headers={"Accept-Language": "en"})

    assert '<html lang="es">' in page.text
    for words in (
        "María, ¿podría ir el martes 8\N{NO-BREAK SPACE}de\N{NO-BREAK SPACE}diciembre?",
        "Sí, puedo ir",
        "Esta vez no",
        "a unos 10 minutos de usted (4 millas)",
        "Las dos respuestas están bien y no hace falta dar razones.",
        "antes del miércoles por la noche",
        "Usted tiene la capacitación, está libre a esa hora y ha tenido 1 visita",
    ):
        assert words in page.text, words


def test_one_link_turns_the_page_to_the_other_language_and_the_answer_stays_in_it(
    client: FlaskClient, asked: Asked
) -> None:
    english = client.get(f"/a/{TOKEN}")
    spanish = client.get(f"/a/{TOKEN}?lang=es")

    assert f'href="/a/{TOKEN}?lang=es"' in english.text
    assert f'href="/a/{TOKEN}?lang=en"' in spanish.text
    assert "¿podría ir" in spanish.text
    answer = client.post(f"/a/{TOKEN}?lang=es", data={"answer": "yes"}, forged=True)
    assert answer.location == f"/a/{TOKEN}?lang=es"
    assert "Es suya, Maria. Gracias." in client.get(answer.location).text
    assert asked.offer.state == "open"


def test_the_one_who_goes_alone_is_not_promised_a_partner(
    client: FlaskClient, session: Session
) -> None:
    world = builders.world(session)
    visit = builders.visit(session, world, roles=("peer",))
    maria = builders.speaker(session, world.affiliate, MARIA)
    builders.offer(session, builders.slots(session, visit)[0], maria, token=TOKEN)
    session.commit()

    page = client.get(f"/a/{TOKEN}").text

    assert "<dd>Peer</dd>" in page
    assert "still being found" not in page
    assert "Why you" not in page


@pytest.mark.parametrize("path", ["/", "/help", "/privacy"])
def test_public_pages_say_what_this_is_in_both_languages(client: FlaskClient, path: str) -> None:
    english = client.get(path)
    spanish = client.get(path, headers={"Accept-Language": "es"})

    assert (english.status_code, spanish.status_code) == (200, 200)
    titles = {
        "/": (
            "Peer speakers visit hospitals",
            "Personas con experiencia propia visitan hospitales",
        ),
        "/help": ("Short answers", "Respuestas cortas"),
        "/privacy": ("What we keep", "Qué guardamos"),
    }
    assert titles[path][0] in english.text
    assert titles[path][1] in spanish.text
    assert titles[path][0] not in spanish.text


UNDO = f"/a/{TOKEN}/undo"


def test_a_yes_can_be_taken_back_for_ten_minutes(
    client: FlaskClient, asked: Asked, session: Session, present: Traveller
) -> None:
    say(client, "yes")
    page = client.get(f"/a/{TOKEN}")

    done = [client.post(UNDO, forged=True).status_code for _tap in range(2)]

    assert "You can take your answer back until 10:10" in page.text
    assert done == [303, 303]
    assert state(session, asked.offer) == "open"
    assert "Yes, I can visit" in client.get(f"/a/{TOKEN}").text
    say(client, "yes")
    present.shift(timedelta(minutes=10))
    assert "take your answer back" not in client.get(f"/a/{TOKEN}").text
    late = client.post(UNDO, forged=True)
    assert (late.status_code, state(session, asked.offer)) == (409, "accepted")
    assert "It is too late to take this back." in late.text


def test_a_no_and_a_step_back_can_be_taken_back(
    client: FlaskClient, asked: Asked, session: Session
) -> None:
    say(client, "not_this_time")
    assert f'action="{UNDO}"' in client.get(f"/a/{TOKEN}").text
    client.post(UNDO, forged=True)
    assert state(session, asked.offer) == "open"

    say(client, "yes")
    client.post(f"/a/{TOKEN}/cannot-come", forged=True)
    assert f'action="{UNDO}"' in client.get(f"/a/{TOKEN}").text
    client.post(UNDO, forged=True)

    session.expire_all()
    mine = select(Assignment).where(Assignment.speaker_id == asked.maria.id, Assignment.active)
    assert session.scalars(mine).one().offer_id == asked.offer.id
    assert "It is yours, Maria" in client.get(f"/a/{TOKEN}").text


def test_the_undo_of_nothing_changes_nothing(
    client: FlaskClient, asked: Asked, session: Session, db: Database
) -> None:
    before = everything(db)

    assert client.post(UNDO, forged=True).status_code == 303

    assert everything(db) == before
    assert state(session, asked.offer) == "open"
