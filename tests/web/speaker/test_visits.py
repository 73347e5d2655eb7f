"""A speaker's visits: going, being asked, stepping back, taking an open place."""

from datetime import timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach.db import Database
from outreach.links import Links
from outreach.speakers.models import Exclusion
from outreach.visits.models import Assignment, Offer, Slot
from outreach.workflows import offers
from tests import builders
from tests.builders import DANIEL, NOW, VISIT_AT
from tests.web.speaker.conftest import Place


def test_the_next_visit_comes_first_with_all_one_needs(place: Place, session: Session) -> None:
    visit = builders.visit(session, place.world)
    lead, co_presenter = builders.slots(session, visit)
    daniel = builders.speaker(session, place.world.affiliate, DANIEL)
    builders.assignment(session, lead, daniel)
    mine = builders.assignment(session, co_presenter, place.maria)
    place.world.unit.contact_name = "Charge nurse"
    session.commit()

    home = place.browser.get("/speaker").text
    page = place.browser.get(f"/speaker/visits/{mine.public_id}").text

    for words in (
        "Hello, Maria",
        "You and Daniel are set",
        "Tuesday, December\N{NO-BREAK SPACE}8",
        "10:00 to 11:00\N{NO-BREAK SPACE}AM Eastern\N{NO-BREAK SPACE}Time",
        f"{place.world.hospital.name}, Unit 4B",
        "Arrival notes",
        "I can’t make it",
    ):
        assert words in home, words
    for words in ("Ring at the blue door.", "Charge nurse", "with Daniel as lead"):
        assert words in page, words
    assert "Okafor" not in home + page


def test_without_visits_the_page_says_what_happens_next(place: Place) -> None:
    assert "Nothing planned" in place.browser.get("/speaker").text


def test_a_question_is_answered_on_the_page(place: Place, session: Session) -> None:
    first, second = (
        builders.visit(session, place.world, starts_at=VISIT_AT + timedelta(days=7 * week))
        for week in (0, 1)
    )
    to_take = builders.offer(session, builders.slots(session, first)[0], place.maria)
    to_leave = builders.offer(session, builders.slots(session, second)[0], place.maria)
    session.commit()
    assert place.browser.get("/speaker").text.count("An answer helps by") == 2

    yes = [place.browser.post(f"/speaker/offers/{to_take.public_id}/yes") for _tap in range(2)]
    no = [
        place.browser.post(f"/speaker/offers/{to_leave.public_id}/not-this-time")
        for _tap in range(2)
    ]

    held = session.scalars(select(Assignment)).one()
    assert [answer.status_code for answer in (*yes, *no)] == [303] * 4
    assert (held.speaker_id, held.offer_id) == (place.maria.id, to_take.id)
    assert yes[0].location == f"/speaker/visits/{held.public_id}"
    session.expire_all()
    states = {o.id: (o.state, o.answered_by) for o in session.scalars(select(Offer))}
    assert states[to_take.id] == ("accepted", "site")
    assert states[to_leave.id] == ("not_this_time", "site")


def test_stepping_back_asks_once_and_for_no_reason(place: Place, session: Session) -> None:
    visit = builders.visit(session, place.world)
    mine = builders.assignment(session, builders.slots(session, visit)[0], place.maria)
    session.commit()

    confirm = place.browser.get(f"/speaker/visits/{mine.public_id}/cannot-come").text
    taps = [
        place.browser.post(f"/speaker/visits/{mine.public_id}/cannot-come") for _tap in range(2)
    ]

    assert "no reason is needed" in confirm
    assert "<textarea" not in confirm
    assert [tap.status_code for tap in taps] == [303, 303]
    assert "Thank you for telling us." in place.browser.get("/speaker").text
    session.expire_all()
    assert session.get_one(Assignment, mine.id).ended_because == "cannot_come"
    assert session.get_one(Slot, mine.slot_id).state == "open"
    gone = place.browser.get(f"/speaker/visits/{mine.public_id}")
    assert (gone.status_code, "You no longer go to this visit" in gone.text) == (409, True)


def test_nobody_steps_back_from_a_visit_that_has_begun(
    place: Place, session: Session, present: Traveller
) -> None:
    visit = builders.visit(session, place.world, starts_at=NOW + timedelta(hours=1))
    mine = builders.assignment(session, builders.slots(session, visit)[0], place.maria)
    session.commit()
    present.shift(timedelta(hours=1))

    path = f"/speaker/visits/{mine.public_id}/cannot-come"

    assert place.browser.get(path).status_code == 303
    assert place.browser.post(path).status_code == 409
    session.expire_all()
    assert session.get_one(Assignment, mine.id).active


def test_an_open_place_that_fits_is_taken_by_a_yes_on_its_row(
    place: Place, session: Session
) -> None:
    visit = builders.visit(session, place.world)
    lead = builders.slots(session, visit)[0]
    session.commit()

    assert "Take one yourself" in place.browser.get("/speaker/open-visits").text
    path = f"/speaker/open-visits/{lead.public_id}/yes"
    taps = [place.browser.post(path) for _tap in range(2)]

    assert [tap.status_code for tap in taps] == [303, 303]
    held = session.scalars(select(Assignment)).one()
    assert (held.slot_id, held.speaker_id, held.offer_id) == (lead.id, place.maria.id, None)
    assert "Take one yourself" not in place.browser.get("/speaker/open-visits").text


@pytest.mark.parametrize("why", ["excluded", "paused", "asked", "untrained", "taken", "past"])
def test_what_does_not_fit_is_neither_shown_nor_given(
    place: Place, session: Session, links: Links, why: str
) -> None:
    starts_at = NOW - timedelta(hours=2) if why == "past" else VISIT_AT
    visit = builders.visit(session, place.world, roles=("lead",), starts_at=starts_at)
    slot = builders.slots(session, visit)[0]
    daniel = builders.speaker(
        session, place.world.affiliate, DANIEL, certified_for=place.world.program
    )
    if why == "excluded":
        session.add(Exclusion(speaker_id=place.maria.id, unit_id=place.world.unit.id))
    if why == "paused":
        place.maria.paused_until = (VISIT_AT + timedelta(days=1)).date()
    if why == "untrained":
        visit.program_id = builders.program(session, place.world.affiliate, name="Other").id
    offer = builders.offer(session, slot, daniel) if why in {"asked", "taken"} else None
    if why == "taken" and offer is not None:
        by = builders.actor(builders.coordinator(session, place.world.affiliate))
        offers.accept(session, offer=offer, by=by, via="link", links=links, now=NOW)
    session.commit()

    page = place.browser.get("/speaker/open-visits").text
    answer = place.browser.post(f"/speaker/open-visits/{slot.public_id}/yes")

    assert "No open visit fits just now" in page
    if why == "asked":  # the first yes wins, whoever was asked first
        assert answer.status_code == 303
        return
    assert answer.status_code == 409
    assert (
        session.scalars(select(Assignment).where(Assignment.speaker_id == place.maria.id)).all()
        == []
    )


def test_who_is_asked_about_a_visit_is_not_offered_its_other_place(
    place: Place, session: Session
) -> None:
    visit = builders.visit(session, place.world)
    builders.offer(session, builders.slots(session, visit)[0], place.maria)
    session.commit()

    page = place.browser.get("/speaker/open-visits").text

    assert "We ask you" in page
    assert "Take one yourself" not in page


def test_other_peoples_rows_do_not_exist(place: Place, session: Session) -> None:
    there = builders.world(session, "Elsewhere")
    visit = builders.visit(session, there)
    lead, co_presenter = builders.slots(session, visit)
    daniel = builders.speaker(session, there.affiliate, DANIEL)
    theirs = builders.assignment(session, lead, daniel)
    offer = builders.offer(session, co_presenter, daniel)
    session.commit()

    answers = [
        place.browser.get(f"/speaker/visits/{theirs.public_id}"),
        place.browser.get(f"/speaker/visits/{theirs.public_id}/cannot-come"),
        place.browser.post(f"/speaker/visits/{theirs.public_id}/cannot-come"),
        place.browser.post(f"/speaker/offers/{offer.public_id}/yes"),
        place.browser.post(f"/speaker/offers/{offer.public_id}/not-this-time"),
        place.browser.post(f"/speaker/open-visits/{co_presenter.public_id}/yes"),
        place.browser.get("/speaker/visits/%00"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 7
    session.expire_all()
    assert session.get_one(Assignment, theirs.id).active
    assert session.get_one(Offer, offer.id).state == "open"


@pytest.mark.parametrize("path", ["/speaker", "/speaker/open-visits"])
def test_thirty_visits_ask_the_database_no_more_than_one(
    place: Place, session: Session, db: Database, path: str
) -> None:
    def fill(weeks: range) -> None:
        for week in weeks:
            at = VISIT_AT + timedelta(days=7 * week)
            taken = builders.visit(session, place.world, starts_at=at)
            builders.assignment(session, builders.slots(session, taken)[0], place.maria)
            asked = builders.visit(session, place.world, starts_at=at + timedelta(days=1))
            builders.offer(session, builders.slots(session, asked)[0], place.maria)
            builders.visit(session, place.world, starts_at=at + timedelta(days=2))
        session.commit()

    def queries() -> int:
        seen: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            seen.append(statement)

        for engine in {db.reader, db.writer}:
            event.listen(engine, "before_cursor_execute", note)
        assert place.browser.get(path).status_code == 200
        for engine in {db.reader, db.writer}:
            event.remove(engine, "before_cursor_execute", note)
        return len(seen)

    place.maria.quota_per_month = 31
    fill(range(1))
    few = queries()
    fill(range(1, 10))

    assert queries() == few


def test_the_pages_speak_spanish(place: Place, session: Session) -> None:
    visit = builders.visit(session, place.world)
    builders.assignment(session, builders.slots(session, visit)[0], place.maria)
    builders.visit(session, place.world, starts_at=VISIT_AT + timedelta(days=1))
    session.commit()
    place.browser.post("/language", data={"lang": "es"})

    home = place.browser.get("/speaker").text
    open_visits = place.browser.get("/speaker/open-visits").text

    assert "Hola, Maria" in home
    assert "No puedo ir" in home
    assert "Se busca a quien le acompañe" in home
    assert "Tome una por su cuenta" in open_visits
