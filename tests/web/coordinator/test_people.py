"""Speakers, liaisons and coordinators."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach.accounts.models import Account, Membership
from outreach.db import Database
from outreach.messaging.models import Message
from outreach.speakers.models import Certification, Clearance, Exclusion, Speaker
from outreach.visits.models import Offer
from tests import builders
from tests.builders import DANIEL, MARIA, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]
NEW = "/coordinator/people/speakers/new"
FACTS: dict[str, Any] = {
    "first_name": "Rosa",
    "last_name": "Meyer",
    "email": "Rosa@People.example",
    "phone": "313-555-0142",
    "zip_code": "48104",
    "radius": "25",
    "languages": ["en", "es"],
    "age_groups": ["adult"],
    "quota": "3",
    "rest_days": "2",
    "channel": "mail",
    "locale": "es",
}


@pytest.fixture
def maria(session: Session, here: World) -> Speaker:
    return builders.speaker(session, here.affiliate, MARIA, certified_for=here.program)


def page_of(speaker: Speaker, *parts: str) -> str:
    return "/".join(("/coordinator/people/speakers", speaker.public_id, *parts))


def test_a_search_finds_by_any_part_of_name_or_address(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    assert maria.id
    builders.speaker(session, here.affiliate, DANIEL)
    browser = desk()

    by_name = browser.get("/coordinator/people?q=MAR lop").text
    by_wildcard = browser.get("/coordinator/people?q=%25").text

    assert "Lopez, Maria" in by_name
    assert "Okafor, Daniel" not in by_name
    assert "Nobody found" in by_wildcard


def test_filters_by_program_and_language(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    maria.languages = ["en", "es"]
    builders.speaker(session, here.affiliate, DANIEL)
    browser = desk()

    trained = browser.get(f"/coordinator/people?program={here.program.public_id}").text
    spanish = browser.get("/coordinator/people?language=es").text

    assert ("Lopez, Maria" in trained, "Okafor, Daniel" in trained) == (True, False)
    assert ("Lopez, Maria" in spanish, "Okafor, Daniel" in spanish) == (True, False)


def test_thirty_speakers_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, maria: Speaker, counting: Counting
) -> None:
    assert maria.id
    browser = desk()
    with counting() as one:
        browser.get("/coordinator/people")
    for number in range(29):
        builders.speaker(session, here.affiliate, builders.Person(f"Peer{number}", "Example"))

    with counting() as thirty:
        browser.get("/coordinator/people")

    assert thirty.count == one.count


def test_a_speaker_is_added_where_the_zip_code_is(desk: Desk, database: Database) -> None:
    answer = desk().post(NEW, data=FACTS)

    with database.reading() as fresh:
        rosa = fresh.scalars(select(Speaker)).one()
    assert (answer.status_code, answer.location) == (303, page_of(rosa))
    assert (rosa.email, rosa.phone) == ("rosa@people.example", "+13135550142")
    assert (rosa.time_zone, rosa.radius_km) == ("America/Detroit", 40.2)
    assert (rosa.languages, rosa.locale) == (["en", "es"], "es")
    assert round(rosa.latitude) == 42


WRONG: tuple[dict[str, Any], ...] = (
    {"first_name": ""},
    {"first_name": "x" * 61},
    {"last_name": "a\x00b"},
    {"email": "nobody"},
    {"email": ""},
    {"phone": "12"},
    {"zip_code": "00000"},
    {"zip_code": "ABCDE"},
    {"radius": "-5"},
    {"radius": "far"},
    {"languages": ["tlh"]},
    {"languages": []},
    {"age_groups": ["everyone"]},
    {"quota": "32"},
    {"quota": ""},
    {"rest_days": "400"},
    {"channel": "pigeon"},
    {"locale": "de"},
)


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_a_wrong_answer_is_said_and_nobody_is_added(
    desk: Desk, database: Database, wrong: dict[str, Any]
) -> None:
    answer = desk().post(NEW, data=FACTS | wrong)

    assert answer.status_code == 422
    assert "There is a problem" in answer.text
    with database.reading() as fresh:
        assert fresh.scalars(select(Speaker)).all() == []


def test_two_speakers_cannot_have_one_address(
    desk: Desk, database: Database, maria: Speaker
) -> None:
    answer = desk().post(NEW, data=FACTS | {"email": maria.email})

    assert answer.status_code == 422
    assert "Another speaker has this e-mail address already." in answer.text
    with database.reading() as fresh:
        assert fresh.scalars(select(Speaker.id)).all() == [maria.id]


def test_a_change_without_a_change_keeps_the_exact_distance(
    desk: Desk, database: Database, maria: Speaker
) -> None:
    maria.radius_km = 40.0
    maria.email = "maria@speakers.example"

    answer = desk().post(
        page_of(maria, "change"), data=FACTS | {"email": maria.email, "radius": "25"}
    )

    assert answer.status_code == 303
    with database.reading() as fresh:
        kept = fresh.get_one(Speaker, maria.id)
    assert (kept.first_name, kept.radius_km, kept.revision) == ("Rosa", 40.0, 2)


def test_the_page_shows_neither_times_nor_exclusions(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    browser = desk()
    before = browser.get(page_of(maria)).text
    session.add(Exclusion(speaker_id=maria.id, hospital_id=here.hospital.id))

    after = browser.get(page_of(maria)).text

    assert "Monday" not in before
    assert after.replace(_token(after), "") == before.replace(_token(before), "")


def test_training_and_clearances_are_recorded_changed_and_removed(
    desk: Desk, database: Database, here: World, maria: Speaker
) -> None:
    browser = desk()
    span = {"starts_on": "2026-01-01", "ends_on": "2027-06-30"}
    browser.post(
        page_of(maria, "certifications"),
        data={"program": here.program.public_id, "role": "peer", **span},
    )
    browser.post(
        page_of(maria, "clearances"),
        data={"kind": "tb", "hospital": "any", "starts_on": "2026-01-01", "never_ends": "y"},
    )
    with database.reading() as fresh:
        trained = fresh.scalars(select(Certification).where(Certification.role == "peer")).one()
        cleared = fresh.scalars(select(Clearance).where(Clearance.kind == "tb")).one()
    browser.post(
        f"/coordinator/people/clearances/{cleared.public_id}",
        data={"kind": "tb", "hospital": here.hospital.public_id, **span},
    )
    browser.post(f"/coordinator/people/certifications/{trained.public_id}/removal")

    assert trained.ends_on == date(2027, 6, 30)
    assert (cleared.ends_on, cleared.hospital_id) == (None, None)
    with database.reading() as fresh:
        changed = fresh.get_one(Clearance, cleared.id)
        assert fresh.get(Certification, trained.id) is None
    assert (changed.ends_on, changed.hospital_id) == (date(2027, 6, 30), here.hospital.id)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"ends_on": "2025-01-01"}, "Choose a last day that is not before the first."),
        ({"ends_on": ""}, "Choose the last day, or say that it does not end."),
        ({"kind": "hospital"}, "A hospital’s own clearance is good for that hospital only."),
        ({"kind": "x"}, "Choose one of the answers on the list."),
        ({"hospital": "AAAA"}, "Choose one of the answers on the list."),
    ],
)
def test_a_wrong_clearance_is_said(
    desk: Desk, database: Database, maria: Speaker, wrong: dict[str, str], said: str
) -> None:
    sent = {"kind": "tb", "hospital": "any", "starts_on": "2026-01-01", "ends_on": "2027-01-01"}

    answer = desk().post(page_of(maria, "clearances"), data=sent | wrong)

    assert answer.status_code == 422
    assert said in answer.text
    with database.reading() as fresh:
        assert fresh.scalars(select(Clearance.kind)).all() == ["background_check"]


def test_an_invited_speaker_gets_an_account_and_a_mail(
    desk: Desk, database: Database, maria: Speaker
) -> None:
    browser = desk()
    browser.post(page_of(maria, "invitation"))

    again = browser.post(page_of(maria, "invitation"))
    page = browser.get(again.location).text

    with database.reading() as fresh:
        place = fresh.scalars(select(Membership).where(Membership.kind == "speaker")).one()
        account = fresh.get_one(Account, place.account_id)
        mail = fresh.scalars(select(Message)).one()
    assert (account.email, place.speaker_id) == (maria.email, maria.id)
    assert (mail.kind, mail.values["inviter"]) == ("invitation", "Ruth Adler")
    assert "Please wait ten minutes." in page
    assert "Invited, not yet signed in" in page


def test_a_corrected_address_takes_the_place_along(
    desk: Desk, database: Database, maria: Speaker, present: Traveller
) -> None:
    browser = desk()
    browser.post(page_of(maria, "invitation"))
    browser.post(page_of(maria, "change"), data=FACTS | {"email": "right@people.example"})
    present.shift(timedelta(minutes=11))

    browser.post(page_of(maria, "invitation"))

    with database.reading() as fresh:
        place = fresh.scalars(select(Membership).where(Membership.kind == "speaker")).one()
        assert fresh.get_one(Account, place.account_id).email == "right@people.example"
        mails = fresh.scalars(select(Message).order_by(Message.id)).all()
        assert [(mail.kind, mail.to_address) for mail in mails] == [
            ("invitation", MARIA.email),
            ("address_changed", MARIA.email),
            ("invitation", "right@people.example"),
        ]


def test_a_speaker_put_aside_is_asked_no_more(
    desk: Desk, database: Database, session: Session, here: World, maria: Speaker
) -> None:
    visit = builders.visit(session, here)
    builders.offer(session, builders.slots(session, visit)[0], maria)
    browser = desk()

    browser.post(page_of(maria, "archive"))
    page = browser.get("/coordinator/people").text

    assert "Lopez, Maria" not in page
    with database.reading() as fresh:
        assert fresh.get_one(Speaker, maria.id).archived_at is not None
        assert fresh.scalars(select(Offer.state)).all() == ["withdrawn"]


def test_a_speaker_with_a_visit_to_come_is_not_put_aside(
    desk: Desk, database: Database, session: Session, here: World, maria: Speaker
) -> None:
    builders.assignment(session, builders.slots(session, builders.visit(session, here))[0], maria)
    browser = desk()

    answer = browser.post(page_of(maria, "archive"))

    assert "Maria has a visit to come." in browser.get(answer.location).text
    with database.reading() as fresh:
        assert fresh.get_one(Speaker, maria.id).archived_at is None


def test_a_liaison_is_invited_to_a_hospital_once(
    desk: Desk, database: Database, here: World
) -> None:
    browser = desk()
    sent = {
        "hospital": here.hospital.public_id,
        "name": "Lee Park",
        "email": "Lee@hospital.example",
    }

    first = browser.post("/coordinator/people/liaisons/new", data=sent)
    second = browser.post("/coordinator/people/liaisons/new", data=sent)

    assert (first.status_code, second.status_code) == (303, 422)
    assert "This person is invited already." in second.text
    with database.reading() as fresh:
        place = fresh.scalars(select(Membership).where(Membership.kind == "liaison")).one()
        mails = fresh.scalars(select(Message.to_address)).all()
    assert place.hospital_id == here.hospital.id
    assert mails == ["lee@hospital.example"]


def test_a_liaisons_place_can_be_ended_but_not_ones_own(
    desk: Desk, database: Database, session: Session, here: World, ruth: Membership
) -> None:
    priya = builders.liaison(session, here.hospital)
    browser = desk()

    browser.post(f"/coordinator/people/memberships/{priya.public_id}/end")
    own = browser.post(f"/coordinator/people/memberships/{ruth.public_id}/end")

    assert "You can’t end your own place here." in browser.get(own.location).text
    with database.reading() as fresh:
        assert fresh.get_one(Membership, priya.id).ends_at is not None
        assert fresh.get_one(Membership, ruth.id).ends_at is None


def _token(page: str) -> str:
    begin = page.index('name="csrf_token" value="') + len('name="csrf_token" value="')
    return page[begin : page.index('"', begin)]
