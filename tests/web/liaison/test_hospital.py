"""My hospital: units, what visitors are told, whom they meet, pauses, and who else may ask."""

from datetime import date, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.directory.models import Unit, UnitBrief, UnitPause
from outreach.messaging.models import Message
from outreach.visits.models import Visit
from tests import builders
from tests.builders import DANIEL, NOW, VISIT_AT, World
from tests.web.liaison.pages import text_of

HOSPITAL = "/hospital/"
TOMORROW = date(2026, 11, 24)


def form_of(here: World, page: str) -> str:
    return f"/hospital/units/{here.unit.public_id}/{page}"


def unit_now(db: Database, here: World) -> Unit:
    with db.reading() as session:
        return session.get_one(Unit, here.unit.id)


def briefs(db: Database, here: World) -> list[tuple[int, str]]:
    with db.reading() as session:
        rows = session.scalars(
            select(UnitBrief).where(UnitBrief.unit_id == here.unit.id).order_by(UnitBrief.version)
        )
        return [(row.version, row.text) for row in rows]


def pauses(db: Database) -> list[tuple[date, date | None]]:
    with db.reading() as session:
        return [(row.starts_on, row.ends_on) for row in session.scalars(select(UnitPause))]


def actions(db: Database) -> list[str]:
    with db.reading() as session:
        return [
            action
            for action in session.scalars(select(AuditEvent.action).order_by(AuditEvent.id))
            if action.startswith(("unit.", "visit."))
        ]


def test_the_page_says_what_visitors_meet(
    browser: FlaskClient, session: Session, here: World, elsewhere: World
) -> None:
    builders.liaison(session, here.hospital, "Omar Haddad")
    builders.liaison(session, elsewhere.hospital, "Nora Kim")
    gone = builders.liaison(session, here.hospital, "Ellen Gone")
    gone.ends_at = NOW
    session.commit()

    words = text_of(browser.get(HOSPITAL))

    assert "St. Clare Lakeshore" in words
    assert "all times in Eastern Time" in words
    assert "Monday to Friday, 9:00 AM to 5:00 PM" in words
    assert "Background check" in words
    assert "Ring at the blue door." in words
    assert "Version 1, Nov 23, 2026" in words
    assert "Omar Haddad Priya Nair" in words
    assert "Ellen Gone" not in words
    assert "Nora Kim" not in words
    assert "Hillside" not in words


def test_the_page_speaks_spanish(browser: FlaskClient, session: Session, here: World) -> None:
    session.add(UnitPause(unit_id=here.unit.id, starts_on=TOMORROW, created_at=NOW))
    session.commit()
    browser.post("/language", data={"lang": "es"})

    words = text_of(browser.get(HOSPITAL))

    assert "Quién puede pedir visitas" in words
    assert "En pausa desde el martes 24 de noviembre hasta nuevo aviso" in words


def test_a_new_brief_is_a_new_version_that_the_visit_shows(
    browser: FlaskClient, session: Session, here: World, db: Database
) -> None:
    visit = builders.visit(session, here)
    session.commit()

    answer = browser.post(form_of(here, "brief"), data={"text": "Park on Beaubien.\r\nDoor C."})

    assert answer.status_code == 303
    assert briefs(db, here) == [(1, "Ring at the blue door."), (2, "Park on Beaubien.\nDoor C.")]
    assert actions(db) == ["unit.write_brief"]
    words = text_of(browser.get(f"/units/visits/{visit.public_id}"))
    assert "Park on Beaubien. Door C." in words
    assert "blue door" not in words


def test_the_same_brief_again_makes_no_version(
    browser: FlaskClient, here: World, db: Database
) -> None:
    browser.post(form_of(here, "brief"), data={"text": " Ring at the blue door.\n"})

    assert len(briefs(db, here)) == 1
    assert actions(db) == []


def test_the_first_brief_is_version_one(
    browser: FlaskClient, session: Session, here: World, db: Database
) -> None:
    session.delete(session.scalars(select(UnitBrief)).one())
    session.commit()

    assert "Nothing is written yet" in text_of(browser.get(HOSPITAL))
    browser.post(form_of(here, "brief"), data={"text": "🙂 <script>alert(1)</script>"})

    assert briefs(db, here) == [(1, "🙂 <script>alert(1)</script>")]
    assert "<script>alert" not in browser.get(HOSPITAL).text


@pytest.mark.parametrize("text", ["", "   ", "x" * 3001, "x" * 200_000, "a\x00b"])
def test_a_brief_that_cannot_be_kept_is_refused(
    text: str, browser: FlaskClient, here: World, db: Database
) -> None:
    page = browser.post(form_of(here, "brief"), data={"text": text})

    assert page.status_code == 422
    assert "Please look at one answer" in text_of(page)
    assert len(briefs(db, here)) == 1


def test_the_contact_can_be_changed(browser: FlaskClient, here: World, db: Database) -> None:
    sent = {"name": "Charge nurse", "phone": "313-555-0117", "email": "Ward.4B@Clare.example"}

    answer = browser.post(form_of(here, "contact"), data=sent)

    assert answer.status_code == 303
    unit = unit_now(db, here)
    assert unit.contact_name == "Charge nurse"
    assert unit.contact_phone == "+13135550117"
    assert unit.contact_email == "ward.4b@clare.example"
    assert actions(db) == ["unit.change_contact"]
    assert "Charge nurse, 313-555-0117" in text_of(browser.get(HOSPITAL))
    assert 'value="Charge nurse"' in browser.get(form_of(here, "contact")).text


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\x00b"},
        {"phone": "call me"},
        {"phone": "9" * 50},
        {"email": "nobody"},
        {"email": "a@b@c"},
        {"email": "x" * 300 + "@ward.example"},
    ],
)
def test_a_contact_that_cannot_be_is_explained(
    wrong: dict[str, str], browser: FlaskClient, here: World, db: Database
) -> None:
    right = {"name": "Charge nurse", "phone": "313-555-0117", "email": "ward@clare.example"}

    page = browser.post(form_of(here, "contact"), data=right | wrong)

    assert page.status_code == 422
    assert "Please look at one answer" in text_of(page)
    assert unit_now(db, here).contact_name == ""


def test_a_pause_keeps_visits_from_being_asked_for_until_it_is_ended(
    browser: FlaskClient, here: World, db: Database
) -> None:
    answer = browser.post(
        form_of(here, "pause"), data={"starts_on": "2026-11-23", "ends_on": "2026-12-14"}
    )

    assert answer.status_code == 303
    assert pauses(db) == [(date(2026, 11, 23), date(2026, 12, 14))]
    page = browser.get(HOSPITAL)
    assert "Paused until Monday, December 14" in text_of(page)
    with db.reading() as session:
        pause_id = session.scalars(select(UnitPause.public_id)).one()
    browser.post(f"/hospital/pauses/{pause_id}/end")
    assert pauses(db) == []
    assert actions(db) == ["unit.pause", "unit.resume"]
    assert "Paused" not in text_of(browser.get(HOSPITAL))


def test_a_pause_that_runs_ends_yesterday(
    browser: FlaskClient, session: Session, here: World, db: Database
) -> None:
    pause = UnitPause(unit_id=here.unit.id, starts_on=date(2026, 11, 2), created_at=NOW)
    session.add(pause)
    session.commit()
    assert "Paused until further notice" in text_of(browser.get(HOSPITAL))

    for _ in range(2):
        assert browser.post(f"/hospital/pauses/{pause.public_id}/end").status_code == 303

    assert pauses(db) == [(date(2026, 11, 2), date(2026, 11, 22))]
    assert actions(db) == ["unit.resume"]


def test_planned_visits_ask_for_a_decision_and_are_called_off_if_wished(
    browser: FlaskClient, session: Session, here: World, db: Database
) -> None:
    visit = builders.visit(session, here)
    lead, _ = builders.slots(session, visit)
    builders.assignment(session, lead, builders.speaker(session, here.affiliate, DANIEL))
    builders.visit(session, here, starts_at=VISIT_AT + timedelta(days=7))
    session.commit()
    days = {"starts_on": "2026-12-08", "ends_on": "2026-12-08"}

    asked = browser.post(form_of(here, "pause"), data=days)
    assert asked.status_code == 422
    assert "One visit is planned on these days" in text_of(asked)
    assert "Tuesday, December 8, 10:00 AM Eastern Time" in text_of(asked)
    assert text_of(asked).count("Say what happens to the visits planned on these days.") == 2
    assert pauses(db) == []

    answer = browser.post(form_of(here, "pause"), data=days | {"planned": "call_off"})
    assert answer.status_code == 303
    with db.reading() as reading:
        off = reading.scalars(select(Visit.called_off_at).order_by(Visit.starts_at)).all()
        told = reading.scalars(select(Message.recipient_kind)).all()
    assert off == [NOW, None]
    assert told == ["speaker"]
    assert actions(db) == ["unit.pause", "visit.call_off"]


def test_planned_visits_may_stay(
    browser: FlaskClient, session: Session, here: World, db: Database
) -> None:
    visit = builders.visit(session, here)
    session.commit()

    browser.post(form_of(here, "pause"), data={"starts_on": "2026-12-01", "planned": "keep"})

    assert pauses(db) == [(date(2026, 12, 1), None)]
    session.refresh(visit)
    assert visit.called_off_at is None


@pytest.mark.parametrize(
    ("days", "said"),
    [
        ({}, "Choose the first day."),
        ({"starts_on": "2026-11-22"}, "Choose a first day from today on."),
        (
            {"starts_on": "2026-12-02", "ends_on": "2026-12-01"},
            "Choose a last day that is not before the first.",
        ),
        ({"starts_on": "9999-12-31"}, "Check the year"),
        ({"starts_on": "2026-12-01", "ends_on": "9999-12-31"}, "Check the year"),
        ({"starts_on": "🙂"}, "This is not a date."),
        ({"starts_on": "a\x00b"}, "holds characters that cannot be kept"),
        ({"starts_on": "2027-01-05"}, "The unit is paused from January 4 on already."),
        ({"starts_on": "2026-12-05"}, "The unit is paused from January 4 on already."),
    ],
)
def test_days_that_cannot_be_are_explained(
    days: dict[str, str], said: str, browser: FlaskClient, session: Session, here: World
) -> None:
    other = date(2027, 1, 4)
    session.add(
        UnitPause(
            unit_id=here.unit.id, starts_on=other, ends_on=other + timedelta(days=4), created_at=NOW
        )
    )
    session.commit()

    page = browser.post(form_of(here, "pause"), data=days)

    assert page.status_code == 422
    assert text_of(page).count(said) == 2
    assert len(session.scalars(select(UnitPause.id)).all()) == 1


def test_the_last_possible_day_is_no_error(browser: FlaskClient, here: World, db: Database) -> None:
    answer = browser.post(
        form_of(here, "pause"), data={"starts_on": "2026-12-01", "ends_on": "2100-12-31"}
    )

    assert answer.status_code == 303
    assert pauses(db) == [(date(2026, 12, 1), date(2100, 12, 31))]


@pytest.mark.parametrize("page", ["brief", "contact", "pause"])
@pytest.mark.parametrize("strange", ["theirs", "1", "%00", "x" * 3000, "🙂"])
def test_a_strangers_unit_is_not_there(
    page: str, strange: str, browser: FlaskClient, elsewhere: World, db: Database
) -> None:
    unit_id = elsewhere.unit.public_id if strange == "theirs" else strange
    sent = {"text": "Mine now", "name": "Mine now", "starts_on": "2026-12-01"}

    assert browser.get(f"/hospital/units/{unit_id}/{page}").status_code == 404
    assert browser.post(f"/hospital/units/{unit_id}/{page}", data=sent).status_code == 404
    assert briefs(db, elsewhere) == [(1, "Ring at the blue door.")]
    assert unit_now(db, elsewhere).contact_name == ""
    assert pauses(db) == []


def test_a_strangers_pause_cannot_be_ended(
    browser: FlaskClient, session: Session, elsewhere: World, db: Database
) -> None:
    pause = UnitPause(unit_id=elsewhere.unit.id, starts_on=TOMORROW, created_at=NOW)
    session.add(pause)
    session.commit()

    assert browser.post(f"/hospital/pauses/{pause.public_id}/end").status_code == 404
    assert len(pauses(db)) == 1
    assert browser.get(f"/hospital/pauses/{pause.public_id}/end").status_code == 405


@pytest.mark.parametrize("page", ["brief", "contact", "pause"])
def test_a_forged_form_changes_nothing(
    page: str, browser: FlaskClient, here: World, db: Database
) -> None:
    sent = {"text": "Forged", "name": "Forged", "starts_on": "2026-12-01"}

    assert browser.post(form_of(here, page), data=sent, forged=True).status_code == 400
    assert len(briefs(db, here)) == 1
    assert pauses(db) == []
