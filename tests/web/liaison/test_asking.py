"""Asking for a visit: three short steps, check your answers, and what is said beside each field."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from outreach.accounts.models import Membership
from outreach.db import Database
from outreach.directory.models import UnitPause
from outreach.messaging.models import Message
from outreach.visits.models import Slot, Visit, VisitRequest
from tests import builders
from tests.builders import NOW, VISIT_AT, World
from tests.web.liaison.pages import hidden_fields, text_of

ASK = "/units/visits/new"


def answers(here: World, **changed: str) -> dict[str, str]:
    """Return everything the three steps ask for."""
    return {
        "unit": here.unit.public_id,
        "program": here.program.public_id,
        "day": "2026-12-08",
        "time": "10:00",
        "minutes": "60",
        "language": "en",
        "group_size": "12",
        "room": "Day room",
        "screen": "y",
        "access_needs": "A ramp at the side door",
        "notes": "Some like to sit near the door",
    } | changed


def send(browser: FlaskClient, here: World, step: int, **changed: str) -> TestResponse:
    return browser.post(ASK, data=answers(here, step=str(step), **changed))


def visits_in(db: Database) -> int:
    with db.reading() as session:
        return session.scalar(select(func.count()).select_from(Visit)) or 0


def test_three_steps_and_a_look_at_the_answers_make_a_visit(
    browser: FlaskClient, here: World, priya: Membership, db: Database
) -> None:
    mine = answers(here)
    first = browser.get(ASK)
    second = browser.post(ASK, data={"step": "1"} | {k: mine[k] for k in ("unit", "program")})
    third = browser.post(
        ASK, data=hidden_fields(second) | {k: mine[k] for k in ("day", "time", "minutes")}
    )
    needs = ("language", "group_size", "room", "screen", "access_needs", "notes")
    check = browser.post(ASK, data=hidden_fields(third) | {k: mine[k] for k in needs})
    sent = browser.post(ASK, data=hidden_fields(check))

    assert "Where is the visit?" in text_of(first)
    assert "When would you like the visit?" in text_of(second)
    assert "What does the group need?" in text_of(third)
    assert "Please write nothing about patients." in text_of(third)
    assert "Tuesday, December 8, 2026, 10:00 AM Eastern Time, 60 minutes" in text_of(check)
    assert sent.status_code == 303
    with db.reading() as session:
        visit = session.scalars(select(Visit)).one()
        asked = session.scalars(select(VisitRequest)).one()
        roles = session.scalars(select(Slot.role).order_by(Slot.id)).all()
        receipt = session.scalars(select(Message)).one()
    assert visit.starts_at == VISIT_AT
    assert visit.ends_at == VISIT_AT + timedelta(hours=1)
    assert asked.requested_by_id == priya.account_id
    assert (asked.group_size, asked.room, asked.screen) == (12, "Day room", True)
    assert (asked.access_needs, asked.notes) == (mine["access_needs"], mine["notes"])
    assert roles == ["lead", "co-presenter"]
    assert (receipt.kind, receipt.recipient_kind) == ("request_received", "account")


def test_the_page_after_it_says_what_happens_now(browser: FlaskClient, here: World) -> None:
    words = text_of(browser.get(send(browser, here, 4).location))

    assert "Thank you. We are looking for speakers." in words
    assert "Tuesday, December 8" in words
    assert "We tell you by December 1 if nobody is found." in words


def test_asking_twice_is_asking_once(browser: FlaskClient, here: World, db: Database) -> None:
    send(browser, here, 4)

    again = send(browser, here, 4)

    assert again.status_code == 422
    assert "The unit has another visit at that time." in text_of(again)
    assert visits_in(db) == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"day": "2026-11-27"}, "Choose a date from Monday, November 30 on."),
        ({"day": "2026-11-20"}, "Choose a date and time that are still to come."),
        ({"day": "2028-12-05"}, "Choose a date up to Tuesday, November 23, 2027."),
        ({"day": "9999-12-31"}, "Check the year: it must be from 2000 to 2100."),
        ({"day": "0001-01-01"}, "Check the year: it must be from 2000 to 2100."),
        ({"day": "2026-02-30"}, "This is not a date. Write it like 2026-12-01."),
        ({"day": ""}, "Choose a date."),
        ({"day": "2026-12-12"}, "The unit has no visiting hours for that on this day."),
        ({"time": "18:00"}, "Choose a start between 9:00 AM and 4:00 PM."),
        ({"time": "25:00"}, "This is not a time. Write it like 14:00."),
        ({"time": ""}, "Choose when it starts."),
        ({"minutes": "45"}, "Choose one of the answers on the list."),
        ({"minutes": "9" * 400}, "Choose one of the answers on the list."),
        ({"day": "2027-03-14", "time": "02:30"}, "That time is left out on that day"),
        ({"day": "2027-11-07", "time": "01:30"}, "That time comes twice on that day"),
    ],
)
def test_a_wrong_time_is_explained_beside_its_field_and_what_was_typed_stays(
    changed: dict[str, str], said: str, browser: FlaskClient, here: World, db: Database
) -> None:
    page = send(browser, here, 2, **changed)

    assert page.status_code == 422
    assert text_of(page).count(said) == 2  # in the summary, and beside the field
    assert "There is a problem" in page.text
    for name in ("day", "time"):
        assert f'value="{answers(here, **changed)[name]}"' in page.text
    assert visits_in(db) == 0


def test_every_reason_is_given_at_once(browser: FlaskClient, session: Session, here: World) -> None:
    session.add(
        UnitPause(
            unit_id=here.unit.id,
            starts_on=date(2026, 11, 24),
            ends_on=date(2026, 11, 30),
            created_at=NOW,
        )
    )
    builders.visit(session, here, starts_at=datetime(2026, 11, 27, 23, 30, tzinfo=UTC))
    session.commit()

    words = text_of(send(browser, here, 2, day="2026-11-27", time="18:00"))

    assert "Choose a date from Monday, November 30 on." in words
    assert "The unit takes no visits until Monday, November 30." in words
    assert "Choose a start between 9:00 AM and 4:00 PM." in words
    assert "The unit has another visit at that time." in words


def test_a_time_that_became_impossible_meanwhile_is_said_at_the_end(
    browser: FlaskClient, session: Session, here: World, db: Database
) -> None:
    builders.visit(session, here)
    session.commit()

    page = send(browser, here, 4)

    assert page.status_code == 422
    assert "When would you like the visit?" in text_of(page)
    assert "The unit has another visit at that time." in text_of(page)
    assert visits_in(db) == 1


def test_going_back_keeps_what_was_typed(browser: FlaskClient, here: World) -> None:
    back = send(browser, here, 3, back="2", room="The room with the blue door")

    assert back.status_code == 200
    assert "When would you like the visit?" in text_of(back)
    assert hidden_fields(back)["room"] == "The room with the blue door"
    assert 'value="2026-12-08"' in back.text


@pytest.mark.parametrize(
    "changed",
    [
        {"unit": ""},
        {"unit": "x" * 3000},
        {"unit": "\x00"},
        {"unit": "<script>alert(1)</script>"},
        {"program": ""},
        {"program": "🙂"},
        {"language": "xx"},
        {"group_size": "-1"},
        {"group_size": "0"},
        {"group_size": "1e9"},
        {"group_size": "9" * 500},
        {"room": "x" * 101},
        {"room": "a\x00b"},
        {"notes": "x" * 1001},
        {"notes": "bell \x07"},
    ],
)
def test_what_cannot_be_kept_is_refused_at_every_step(
    changed: dict[str, str], browser: FlaskClient, here: World, db: Database
) -> None:
    page = send(browser, here, 4, **changed)

    assert page.status_code == 422
    assert "Please look at" in text_of(page)
    assert "<script>alert" not in page.text
    assert visits_in(db) == 0


def test_odd_but_right_words_are_kept_as_they_are(
    browser: FlaskClient, here: World, db: Database
) -> None:
    odd = "🙂 <script>alert('ñ')</script> & \"=1+1\""

    page = browser.get(send(browser, here, 4, notes=odd).location.removesuffix("/asked"))

    assert "&lt;script&gt;alert(&#39;ñ&#39;)&lt;/script&gt;" in page.text
    assert "<script>alert" not in page.text
    with db.reading() as session:
        assert session.scalars(select(VisitRequest.notes)).one() == odd


def test_a_mebibyte_is_too_much(browser: FlaskClient, here: World, db: Database) -> None:
    page = send(browser, here, 3, notes="x" * 1024 * 1024)

    assert page.status_code == 413
    assert "Nothing was changed." in text_of(page)
    assert visits_in(db) == 0


def test_another_hospitals_unit_and_program_cannot_be_chosen(
    browser: FlaskClient, session: Session, here: World, elsewhere: World, db: Database
) -> None:
    session.commit()
    their_unit, their_program = elsewhere.unit.public_id, elsewhere.program.public_id

    assert send(browser, here, 4, unit=their_unit).status_code == 422
    assert send(browser, here, 4, program=their_program).status_code == 422
    assert f'value="{their_unit}"' not in browser.get(f"{ASK}?unit={their_unit}").text
    assert visits_in(db) == 0


def test_a_liaison_may_not_set_rules_aside(browser: FlaskClient, here: World, db: Database) -> None:
    page = send(browser, here, 4, time="18:00", overrule="y", critical="y")

    assert page.status_code == 422
    assert "Ask for it all the same" not in text_of(page)
    assert visits_in(db) == 0


def test_the_steps_speak_spanish(browser: FlaskClient, here: World) -> None:
    browser.post("/language", data={"lang": "es"})
    sent = send(browser, here, 4)

    words = text_of(browser.get(sent.location))

    assert "Gracias. Buscamos ponentes." in words
    assert "Martes 8 de diciembre" in words
    assert "Le avisamos a más tardar el 1 de diciembre si no encontramos a nadie." in words


def test_a_hospital_without_units_is_told_so(
    browser: FlaskClient, session: Session, here: World
) -> None:
    here.unit.archived_at = NOW
    session.commit()

    assert "Nothing to ask for yet" in text_of(browser.get(ASK))
    assert "No units yet" in text_of(browser.get("/units/"))


def test_visits_at_any_hour_have_no_hint(
    browser: FlaskClient, session: Session, here: World
) -> None:
    builders.unit(session, here.hospital, here.affiliate, name="Garden House", weekdays=())
    late = builders.unit(
        session, here.hospital, here.affiliate, name="Unit 6", opens=time(18), closes=time(21)
    )
    session.commit()

    words = text_of(send(browser, here, 1, unit=late.public_id))

    assert "Visiting hours: Monday to Friday, 6:00 PM to 9:00 PM." in words
