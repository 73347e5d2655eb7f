"""Who agreed to texts, what was sent to one speaker, taking back and sending again."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM
from outreach.audit import AuditEvent
from outreach.db import Database
from outreach.messaging import service
from outreach.messaging.models import Message
from outreach.speakers.models import Speaker
from tests import builders
from tests.builders import NOW, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]
PHONE, OTHER = "+13135550142", "+13135550199"


@pytest.fixture
def maria(session: Session, here: World) -> Speaker:
    return builders.speaker(session, here.affiliate, phone=PHONE)


def note(
    session: Session, event: str, *, phone: str = PHONE, who: Speaker | None = None, **more: str
) -> None:
    service.record_consent(
        session,
        phone=phone,
        event=event,
        speaker_id=who.id if who else None,
        actor=SYSTEM,
        now=NOW,
        **({"source": "form"} | more),
    )


def test_the_ledger_says_who_agreed_how_and_to_which_wording(
    desk: Desk, session: Session, maria: Speaker
) -> None:
    note(session, "opt_in", who=maria, wording="2026-11-es")
    note(session, "opt_in", who=maria, wording="2026-11-any-hour-en")
    note(session, "opt_out", source="inbound")

    page = desk().get("/coordinator/messages/consent").text

    assert "The wording of November 2026, in Spanish" in page
    assert "The wording of November 2026 on texts at night, in English" in page
    assert page.index("By a text from this number") < page.index("On the page “About me”")


def test_the_ledger_is_filtered_by_event(desk: Desk, session: Session, maria: Speaker) -> None:
    note(session, "opt_in", who=maria)
    note(session, "bad_number", source="provider")

    page = desk().get("/coordinator/messages/consent?event=bad_number").text

    assert "1 event." in page
    assert "As the telephone provider told us" in page


@pytest.mark.usefixtures("maria")
def test_people_of_another_bureau_are_not_in_the_ledger(desk: Desk, session: Session) -> None:
    elsewhere = builders.affiliate(session, name="NAMI Elsewhere")
    stranger = builders.speaker(session, elsewhere, email="s@people.example", phone=PHONE)
    note(session, "opt_in", who=stranger)
    note(session, "opt_in", phone=OTHER, who=stranger)
    note(session, "opt_out", phone=OTHER, source="inbound")

    assert "Nobody was asked yet" in desk().get("/coordinator/messages/consent").text


def test_the_file_has_no_formulas_and_is_noted(
    desk: Desk, database: Database, session: Session, maria: Speaker
) -> None:
    maria.first_name = "=cmd()"
    note(session, "opt_in", who=maria, evidence="@sum", wording="1")

    answer = desk().post("/coordinator/messages/consent.csv")

    text = answer.data.decode("utf-8")
    row = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"))))[1]
    assert text.startswith("\ufeff")
    assert not [cell for cell in row if cell.startswith(("=", "+", "-", "@"))]
    assert row[1].startswith("'=cmd()")
    with database.reading() as fresh:
        noted = fresh.scalars(select(AuditEvent).where(AuditEvent.action == "consent.export")).one()
    assert noted.details["rows"] == 1


def test_thirty_events_cost_no_more_queries_than_one(
    desk: Desk, session: Session, maria: Speaker, counting: Counting
) -> None:
    note(session, "opt_in", who=maria)
    session.commit()
    browser = desk()
    with counting() as one:
        browser.get("/coordinator/messages/consent")
        browser.post("/coordinator/messages/consent.csv")
    for _ in range(29):
        note(session, "opt_in", who=maria)
    session.commit()

    with counting() as thirty:
        browser.get("/coordinator/messages/consent")
        browser.post("/coordinator/messages/consent.csv")

    assert thirty.count == one.count


def test_a_speakers_page_of_messages_tells_what_was_sent_and_every_number(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    note(session, "opt_in", phone=OTHER, who=maria)
    note(session, "opt_out", phone=OTHER, source="inbound")
    note(session, "opt_in", who=maria)
    builders.message(session, here.affiliate, to=maria, state="delivered", kind="reminder")

    page = desk().get(f"/coordinator/people/speakers/{maria.public_id}/messages").text

    assert "Reminder" in page
    assert (page.count("555-0199"), page.count("555-0142")) == (2, 1)


def test_the_list_of_messages_is_searched_by_the_whole_name(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    to_maria = builders.message(session, here.affiliate, to=maria, state="delivered")
    ben = builders.speaker(session, here.affiliate, first_name="Ben", email="b@people.example")
    to_ben = builders.message(session, here.affiliate, to=ben, state="delivered")

    page = desk().get(f"/coordinator/messages?q={maria.first_name}+{maria.last_name}").text

    assert to_maria.public_id in page
    assert to_ben.public_id not in page


@pytest.mark.parametrize(
    ("state", "shown"),
    [("sent", "accepted"), ("delivered", "delivered"), ("unknown", "unknown"), ("failed", "dead")],
)
def test_each_filter_shows_its_own(  # noqa: PLR0917 - fixtures and a row
    desk: Desk, session: Session, here: World, maria: Speaker, state: str, shown: str
) -> None:
    every = {
        each: builders.message(session, here.affiliate, to=maria, state=each).public_id
        for each in ("pending", "accepted", "delivered", "unknown", "dead")
    }

    page = desk().get(f"/coordinator/messages?state={state}").text

    assert [each for each, key in every.items() if key in page] == [shown]


def test_a_message_that_waits_is_taken_back_on_its_page(
    desk: Desk, database: Database, session: Session, here: World, maria: Speaker
) -> None:
    waits = builders.message(session, here.affiliate, to=maria, state="pending")
    browser = desk()
    address = f"/coordinator/messages/{waits.public_id}"
    assert "Take it back" in browser.get(address).text

    answer = browser.post(f"{address}/cancellation")

    page = browser.get(answer.location).text
    assert "The message is taken back" in page
    assert "Take it back" not in page
    with database.reading() as fresh:
        assert fresh.get_one(Message, waits.id).state == "cancelled"


def test_a_message_being_sent_is_told_to_be_on_its_way(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    leaves = builders.message(session, here.affiliate, to=maria, state="sending")
    browser = desk()

    answer = browser.post(f"/coordinator/messages/{leaves.public_id}/cancellation")

    assert "it is on its way" in browser.get(answer.location).text


def test_a_second_copy_is_asked_for_and_sent_once(
    desk: Desk, database: Database, session: Session, here: World, maria: Speaker
) -> None:
    sent = builders.message(
        session,
        here.affiliate,
        to=maria,
        state="accepted",
        kind="called_off",
        subject_kind="visit",
        subject_id=(visit := builders.visit(session, here)).id,
        subject_revision=visit.revision,
        values={"starts_at": NOW.isoformat(), "ends_at": NOW.isoformat(), "zone": "UTC"},
        expires_at=NOW + timedelta(days=2),
    )
    browser = desk()
    address = f"/coordinator/messages/{sent.public_id}/again"
    assert "may wonder which of the two counts" in browser.get(address).text

    browser.post(address, data={"copy": "1"})
    twice = browser.post(address, data={"copy": "1"})

    assert "sent again just now" in browser.get(twice.location).text
    with database.reading() as fresh:
        states = fresh.scalars(select(Message.state).order_by(Message.id)).all()
    assert states == ["accepted", "pending"]


def test_a_page_that_asks_too_late_says_why(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    sent = builders.message(
        session, here.affiliate, to=maria, state="accepted", kind="reminder", subject_id=0
    )

    page = desk().get(f"/coordinator/messages/{sent.public_id}/again").text

    assert "no longer so" in page
    assert "Send a second copy" not in page
