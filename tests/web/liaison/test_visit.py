"""One visit: what its page says, another time, calling it off, and whose it is not."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Account, Membership
from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.messaging.models import Message
from outreach.visits.models import Assignment, Offer, Visit, VisitRequest
from tests import builders
from tests.builders import DANIEL, HENRY, MARIA, NOW, VISIT_AT, World
from tests.web.liaison.pages import count_queries, text_of


@pytest.fixture
def visit(session: Session, here: World, priya: Membership) -> Visit:
    """A visit Priya asked for: Daniel leads, Henry is being asked to co-present."""
    asker = session.get_one(Account, priya.account_id)
    made = builders.visit(session, here, requested_by=asker)
    lead, other = builders.slots(session, made)
    builders.assignment(session, lead, builders.speaker(session, here.affiliate, DANIEL))
    henry = builders.speaker(session, here.affiliate, HENRY)
    asked = builders.offer(session, other, henry)
    builders.asked(session, asked, to=henry)
    request = session.get_one(VisitRequest, made.request_id)
    request.room, request.screen, request.group_size = "Day room", True, 12
    here.unit.contact_name, here.unit.contact_phone = "Charge nurse", "+13135550117"
    session.commit()
    return made


def place(visit: Visit, page: str = "") -> str:
    return f"/units/visits/{visit.public_id}{page}"


def seen(db: Database, visit: Visit) -> Visit:
    with db.reading() as session:
        return session.get_one(Visit, visit.id)


def told(db: Database, kind: str) -> list[tuple[str, str]]:
    """Return (recipient's kind, channel) of every message of a kind."""
    with db.reading() as session:
        rows = session.execute(
            select(Message.recipient_kind, Message.channel)
            .where(Message.kind == kind)
            .order_by(Message.id)
        ).all()
    return [(kind, channel) for kind, channel in rows]


def test_the_page_says_everything_the_unit_must_know(browser: FlaskClient, visit: Visit) -> None:
    words = text_of(browser.get(place(visit)))

    assert "Tuesday, December 8" in words
    assert "10:00 to 11:00 AM Eastern Time" in words
    assert "One of two speakers found" in words
    assert "Lead Daniel Co-presenter Still being found" in words
    assert "Yes, until December 31, 2028" in words
    assert "November 23 Priya Nair asked for this visit." in words
    assert "Daniel said yes." in words
    assert "Until then We tell you by December 1 if nobody else is found." in words
    assert "Visitors ask for: Charge nurse." in words
    assert "Day room, with a screen" in words
    assert "About 12 people" in words
    assert "Ring at the blue door." in words
    assert "313-555-0117" in words
    for private in ("Okafor", "Henry", "@speakers.example"):
        assert private not in words


def test_the_time_can_be_changed(browser: FlaskClient, visit: Visit, db: Database) -> None:
    page = text_of(browser.get(place(visit, "/time")))
    answer = browser.post(
        place(visit, "/time"), data={"day": "2026-12-09", "time": "14:00", "minutes": "90"}
    )

    assert "Now it is on Tuesday, December 8, 10:00 AM Eastern Time." in page
    assert "Daniel, who is coming" in page
    assert "One speaker who is being asked now" in page
    assert answer.status_code == 303
    assert "The visit has its new time." in text_of(browser.get(answer.location))
    moved = seen(db, visit)
    assert moved.starts_at == VISIT_AT + timedelta(days=1, hours=4)
    assert moved.ends_at - moved.starts_at == timedelta(minutes=90)
    with db.reading() as session:
        assert session.scalars(select(Assignment.starts_at)).one() == moved.starts_at
        assert session.scalars(select(Offer.state)).one() == "withdrawn"
        assert "visit.move" in session.scalars(select(AuditEvent.action)).all()
    assert {kind for kind, _ in told(db, "offer_gone")} == {"speaker"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({}, "Choose a date."),
        ({"day": "2026-11-25"}, "Choose a date from Monday, November 30 on."),
        ({"day": "2026-11-01"}, "Choose a date and time that are still to come."),
        ({"day": "9999-12-31"}, "Check the year"),
        ({"time": "07:00"}, "Choose a start between 9:00 AM and 4:00 PM."),
        ({"day": "2027-03-14", "time": "02:30"}, "That time is left out on that day"),
        ({"day": "2027-11-07", "time": "01:30"}, "That time comes twice on that day"),
        ({"minutes": "7"}, "Choose one of the answers on the list."),
        ({"time": "\x00"}, "holds characters that cannot be kept"),
        ({"time": "🙂"}, "This is not a time. Write it like 14:00."),
        ({"day": "<script>alert(1)</script>"}, "This is not a date. Write it like 2026-12-01."),
        ({"day": "x" * 5000}, "is too long"),
    ],
)
def test_a_time_that_cannot_be_is_explained_and_nothing_moves(
    data: dict[str, str], said: str, browser: FlaskClient, visit: Visit, db: Database
) -> None:
    whole = {"day": "2026-12-09", "time": "14:00", "minutes": "60"} | data if data else {}

    page = browser.post(place(visit, "/time"), data=whole)

    assert page.status_code == 422
    assert text_of(page).count(said) >= 2
    assert "<script>alert" not in page.text
    assert seen(db, visit).starts_at == VISIT_AT


def test_the_same_time_changes_nothing(browser: FlaskClient, visit: Visit, db: Database) -> None:
    browser.post(
        place(visit, "/time"), data={"day": "2026-12-08", "time": "10:00", "minutes": "60"}
    )

    assert "The visit keeps its time." in text_of(browser.get(place(visit)))
    assert seen(db, visit).revision == 1
    assert told(db, "moved") == []


def test_calling_off_asks_first_and_says_who_is_told(
    browser: FlaskClient, visit: Visit, db: Database
) -> None:
    page = text_of(browser.get(place(visit, "/call-off")))

    assert "Call the visit off?" in page
    assert "Daniel, who is coming" in page
    assert "No reason is needed." in page
    assert seen(db, visit).called_off_at is None


def test_calling_off_twice_is_calling_off_once(
    browser: FlaskClient, visit: Visit, db: Database
) -> None:
    first = browser.post(place(visit, "/call-off"))
    again = browser.post(place(visit, "/call-off"))

    assert (first.status_code, again.status_code) == (303, 303)
    assert seen(db, visit).called_off_at == NOW
    assert sorted(told(db, "called_off")) == [("account", "mail"), ("speaker", "mail")]
    words = text_of(browser.get(place(visit)))
    assert "The visit was called off." in words
    assert "Change the time" not in words


def test_a_visit_called_off_is_not_being_looked_for(
    browser: FlaskClient, session: Session, here: World
) -> None:
    off = builders.visit(session, here, called_off_at=NOW)
    session.commit()

    assert browser.get(place(off, "/asked")).location == place(off)
    assert "Still being found" not in text_of(browser.get(place(off)))


@pytest.mark.parametrize("page", ["/time", "/call-off"])
def test_what_is_over_cannot_be_changed(
    page: str, browser: FlaskClient, session: Session, here: World, db: Database
) -> None:
    over = builders.visit(session, here, starts_at=NOW - timedelta(hours=1))
    session.commit()

    assert browser.get(place(over, page)).status_code == 303
    sent = {"day": "2026-12-09", "time": "14:00", "minutes": "60"}
    assert browser.post(place(over, page), data=sent).status_code == 409
    after = seen(db, over)
    assert (after.starts_at, after.called_off_at) == (over.starts_at, None)


@pytest.mark.parametrize("page", ["", "/asked", "/time", "/call-off"])
@pytest.mark.parametrize("strange", ["theirs", "nothing-at-all", "x" * 3000, "%00", "1", "🙂"])
def test_a_strangers_visit_is_not_there(
    page: str,
    strange: str,
    browser: FlaskClient,
    session: Session,
    elsewhere: World,
) -> None:
    theirs = builders.visit(session, elsewhere)
    session.commit()
    where = f"/units/visits/{theirs.public_id if strange == 'theirs' else strange}{page}"

    assert browser.get(where).status_code == 404
    if page in {"/time", "/call-off"}:
        assert browser.post(where, data={"day": "2026-12-09"}).status_code == 404
    session.refresh(theirs)
    assert theirs.called_off_at is None


@pytest.mark.both_engines
def test_an_address_with_a_null_is_not_there(browser: FlaskClient) -> None:
    assert browser.get("/units/visits/%00").status_code == 404
    assert browser.post("/hospital/pauses/a%00b/end").status_code == 404


def test_looking_changes_nothing(browser: FlaskClient, visit: Visit, db: Database) -> None:
    browser.get("/units/")  # touches the session
    with db.reading() as session:
        before = _rows(session)

    for page in ("", "/asked", "/time", "/call-off"):
        assert browser.get(place(visit, page)).status_code == 200
        assert browser.head(place(visit, page)).status_code == 200

    with db.reading() as session:
        assert _rows(session) == before


def test_the_number_of_queries_does_not_depend_on_how_many_come(
    browser: FlaskClient, session: Session, here: World, visit: Visit
) -> None:
    many = builders.visit(
        session, here, starts_at=VISIT_AT + timedelta(days=1), roles=["lead"] + ["peer"] * 6
    )
    for number, slot in enumerate(builders.slots(session, many)):
        person = builders.Person(f"Guest{number}", "Doe")
        builders.assignment(session, slot, builders.speaker(session, here.affiliate, person))
    session.commit()
    with count_queries() as of_one:
        browser.get(place(visit))

    with count_queries() as of_seven:
        browser.get(place(many))

    assert of_seven.count == of_one.count


def test_the_pages_speak_spanish(browser: FlaskClient, visit: Visit) -> None:
    browser.post("/language", data={"lang": "es"})

    page = text_of(browser.get(place(visit)))
    time = text_of(browser.get(place(visit, "/time")))
    off = text_of(browser.get(place(visit, "/call-off")))

    assert "Daniel dijo que sí." in page
    assert "¿Cuándo debería ser la visita?" in time
    assert "A quién se avisará" in time
    assert "¿Cancelar la visita?" in off


def _rows(session: Session) -> list[object]:
    return [
        session.execute(select(*model.__table__.columns)).all()
        for model in (Visit, VisitRequest, Assignment, Offer, Message, AuditEvent)
    ]


def test_people_without_a_session_are_sent_to_sign_in(client: FlaskClient, visit: Visit) -> None:
    answer = client.get(place(visit))

    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in?next=")


def test_a_name_is_only_shown_while_its_owner_comes(
    browser: FlaskClient, session: Session, here: World, visit: Visit
) -> None:
    _, other = builders.slots(session, visit)
    gone = builders.assignment(session, other, builders.speaker(session, here.affiliate, MARIA))
    gone.active, gone.ended_at, other.state = False, NOW, "open"
    session.commit()

    assert "Maria" not in text_of(browser.get(place(visit)))
