"""An entry in a calendar says little and leads to the rest: the visit's page, after signing in."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach import feed_jobs
from outreach.accounts.models import Membership
from outreach.actor import SYSTEM, Kind
from outreach.calendars import service as calendars
from outreach.calendars.models import CalendarItem
from outreach.calendars.service import Person
from outreach.db import Database
from outreach.links import Links
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer, Slot, Visit
from outreach.workflows import offers
from tests import builders
from tests.builders import DANIEL, MARIA, NOW, World
from tests.calendars import checks

SignIn = Callable[[FlaskClient, Membership], FlaskClient]
OURS = Person("Outreach", "visits@outreach.example")


@pytest.fixture
def world(session: Session) -> World:
    return builders.world(session)


@pytest.fixture
def maria(session: Session, world: World) -> Speaker:
    return builders.speaker(session, world.affiliate, MARIA, certified_for=world.program)


@pytest.fixture
def question(session: Session, world: World, maria: Speaker) -> Offer:
    visit = builders.visit(session, world)
    return builders.offer(session, builders.slots(session, visit)[1], maria)


@pytest.fixture
def visit(session: Session, links: Links, question: Offer) -> Visit:
    """A visit Maria goes to."""
    offers.accept(session, offer=question, by=SYSTEM, via="link", links=links, now=NOW)
    session.commit()
    return session.get_one(Visit, question.visit_id)


def entries_of(session: Session, visit: Visit) -> dict[str, CalendarItem]:
    found = session.scalars(select(CalendarItem).where(CalendarItem.visit_id == visit.id))
    return {item.owner_kind: item for item in found}


def led_to(client: FlaskClient, visit: Visit) -> tuple[int, str]:
    answer = client.get(f"/v/{visit.public_id}")
    return answer.status_code, answer.headers.get("Location", "")


def test_every_entry_leads_to_its_visit_in_the_field_and_in_the_text(
    session: Session, links: Links, world: World, visit: Visit
) -> None:
    world.unit.contact_email = "ward@stclare.example"
    session.commit()
    page = links.visit(visit.public_id)

    for item in entries_of(session, visit).values():
        shown = checks.event(calendars.single_file(item, organizer=OURS))
        assert shown.one("URL").value == page
        assert shown.one("DESCRIPTION").text.splitlines()[-1] == page
        assert page not in item.description


def test_a_feed_that_shows_little_still_leads_there(
    session: Session, links: Links, visit: Visit
) -> None:
    body = calendars.feed_file(
        entries_of(session, visit).values(), organizer=OURS, summary="A visit"
    )

    assert checks.faults(body) == []
    for event in checks.events(body):
        assert event.one("URL").value == links.visit(visit.public_id)
        assert "DESCRIPTION" not in {found.name for found in event.properties}


def test_the_link_opens_nothing_without_signing_in_and_is_remembered_meanwhile(
    client: FlaskClient, visit: Visit
) -> None:
    status, place = led_to(client, visit)

    assert status == 303
    assert place.startswith("/sign-in?")
    assert visit.public_id in place


def test_each_is_led_to_their_own_page_of_the_visit(
    *,
    client: FlaskClient,
    sign_in: SignIn,
    session: Session,
    world: World,
    maria: Speaker,
    visit: Visit,
) -> None:
    assignment = session.scalars(select(Assignment)).one()
    pages = {
        builders.speaker_member(session, maria): f"/speaker/visits/{assignment.public_id}",
        builders.liaison(session, world.hospital): f"/units/visits/{visit.public_id}",
        builders.coordinator(session, world.affiliate): f"/coordinator/visits/{visit.public_id}",
    }
    session.commit()

    for who, page in pages.items():
        browser = sign_in(client, who)
        assert led_to(browser, visit) == (303, page)
        assert browser.get(page).status_code == 200


def test_who_is_asked_is_led_to_the_question(
    client: FlaskClient, sign_in: SignIn, session: Session, maria: Speaker, question: Offer
) -> None:
    visit = session.get_one(Visit, question.visit_id)
    browser = sign_in(client, builders.speaker_member(session, maria))

    assert led_to(browser, visit) == (
        303,
        f"/speaker/open-visits#question-{question.public_id}",
    )


def test_who_has_stepped_back_is_told_so(
    *,
    client: FlaskClient,
    sign_in: SignIn,
    session: Session,
    links: Links,
    maria: Speaker,
    visit: Visit,
) -> None:
    going = session.scalars(select(Assignment)).one()
    offers.cannot_come(session, going, by=SYSTEM, links=links, now=NOW)
    session.commit()
    browser = sign_in(client, builders.speaker_member(session, maria))

    answer = browser.get(f"/v/{visit.public_id}", follow_redirects=True)

    assert answer.status_code == 409
    assert "You no longer go to this visit" in answer.text


@pytest.mark.parametrize("state", ["lapsed", "withdrawn", "not_this_time"])
def test_who_is_asked_no_longer_is_told_so(
    *,
    client: FlaskClient,
    sign_in: SignIn,
    session: Session,
    maria: Speaker,
    question: Offer,
    state: str,
) -> None:
    visit = session.get_one(Visit, question.visit_id)
    question.state = state
    browser = sign_in(client, builders.speaker_member(session, maria))

    assert led_to(browser, visit) == (303, "/speaker")
    word = "You are no longer asked about this visit. There is nothing to do."
    assert word in browser.get("/speaker").text


@pytest.mark.parametrize(("late_s", "is_led"), [(-60, True), (0, False)])
def test_a_question_leads_to_its_place_on_the_page_while_it_stands_there(
    *,
    client: FlaskClient,
    sign_in: SignIn,
    session: Session,
    maria: Speaker,
    question: Offer,
    present: Traveller,
    late_s: int,
    is_led: bool,
) -> None:
    """The worker may not have ended yet what is overdue."""
    visit = session.get_one(Visit, question.visit_id)
    question.expires_at = NOW + timedelta(hours=2)
    browser = sign_in(client, builders.speaker_member(session, maria))
    present.move_to(question.expires_at + timedelta(seconds=late_s))

    status, place = led_to(browser, visit)
    page = browser.get("/speaker/open-visits").text

    there = f"/speaker/open-visits#question-{question.public_id}"
    assert (status, place) == (303, there if is_led else "/speaker")
    assert (f'id="question-{question.public_id}"' in page) is is_led


def test_a_question_about_a_place_that_is_filled_leads_home(
    client: FlaskClient, sign_in: SignIn, session: Session, maria: Speaker, question: Offer
) -> None:
    visit = session.get_one(Visit, question.visit_id)
    session.get_one(Slot, question.slot_id).state = "closed"
    browser = sign_in(client, builders.speaker_member(session, maria))

    assert led_to(browser, visit) == (303, "/speaker")


@pytest.mark.both_engines
def test_a_visit_that_was_never_theirs_reads_like_one_that_is_not_there(
    client: FlaskClient, sign_in: SignIn, session: Session, world: World, visit: Visit
) -> None:
    daniel = builders.speaker(session, world.affiliate, DANIEL, certified_for=world.program)
    browser = sign_in(client, builders.speaker_member(session, daniel))

    answers = [browser.get(f"/v/{each}") for each in (visit.public_id, "no-such-visit", "%00")]

    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({_main(answer.text) for answer in answers}) == 1


def _main(page: str) -> str:
    return page.partition("<main")[2].partition("</main>")[0]


def test_who_sees_it_in_another_role_is_led_to_choosing_that_and_on_to_the_visit(
    client: FlaskClient, sign_in: SignIn, session: Session, world: World, visit: Visit
) -> None:
    other = builders.world(session, "Elsewhere")
    elsewhere = builders.liaison(session, other.hospital)
    here = builders.also(session, elsewhere, Kind.LIAISON, hospital_id=world.hospital.id)
    browser = sign_in(client, elsewhere)

    assert led_to(browser, visit) == (303, f"/account?next=/v/{visit.public_id}")
    page = browser.get(f"/account?next=/v/{visit.public_id}")
    assert "You see this visit in another role that you have here. Please choose it." in page.text
    choose = f"/account/memberships/{here.public_id}?next=/v/{visit.public_id}"
    assert f'action="{choose}"' in page.text

    chosen = browser.post(choose)

    assert chosen.headers["Location"] == f"/v/{visit.public_id}"
    assert led_to(browser, visit) == (303, f"/units/visits/{visit.public_id}")


def test_choosing_a_role_leads_to_no_page_but_ours(
    client: FlaskClient, sign_in: SignIn, session: Session, world: World
) -> None:
    priya = builders.liaison(session, world.hospital)
    browser = sign_in(client, priya)

    answer = browser.post(f"/account/memberships/{priya.public_id}?next=https://else.example/v/1")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/units/")


def test_who_was_asked_and_coordinates_as_well_is_led_to_choosing(
    *,
    client: FlaskClient,
    sign_in: SignIn,
    session: Session,
    world: World,
    maria: Speaker,
    question: Offer,
) -> None:
    visit = session.get_one(Visit, question.visit_id)
    question.state = "lapsed"
    member = builders.speaker_member(session, maria)
    builders.also(session, member, Kind.COORDINATOR, affiliate_id=world.affiliate.id)

    assert led_to(sign_in(client, member), visit) == (303, f"/account?next=/v/{visit.public_id}")


def test_who_sees_it_in_no_role_is_led_nowhere(
    client: FlaskClient, sign_in: SignIn, session: Session, world: World, visit: Visit
) -> None:
    other = builders.world(session, "Elsewhere")
    rosa = builders.coordinator(session, other.affiliate, "Rosa Vega")
    builders.also(session, rosa, Kind.LIAISON, hospital_id=other.hospital.id)
    builders.also(session, rosa, Kind.INTAKE, affiliate_id=world.affiliate.id)

    assert led_to(sign_in(client, rosa), visit) == (404, "")


def test_nobody_elses_visit_is_there(
    client: FlaskClient, sign_in: SignIn, session: Session, world: World, visit: Visit
) -> None:
    other = builders.world(session, "Elsewhere")
    daniel = builders.speaker(session, world.affiliate, DANIEL, certified_for=world.program)
    strangers = [
        builders.speaker_member(session, daniel),
        builders.liaison(session, other.hospital, "Tom Reyes"),
        builders.coordinator(session, other.affiliate, "Rosa Vega"),
    ]
    session.commit()

    assert [led_to(sign_in(client, who), visit)[0] for who in strangers] == [404] * 3


@pytest.mark.both_engines
def test_the_worker_lets_older_entries_lead_to_our_address_of_today(
    session: Session, database: Database, visit: Visit
) -> None:
    page = entries_of(session, visit)["speaker"].link
    sequence = entries_of(session, visit)["speaker"].sequence
    session.execute(update(CalendarItem).values(link=""))
    session.commit()
    moved = Links("https://peers.example", b"a key for tests")

    first = feed_jobs.renew_texts(database, links=moved)
    again = feed_jobs.renew_texts(database, links=moved)

    session.expire_all()
    found = entries_of(session, visit)
    assert page
    assert (first, again) == (len(found), 0)
    assert {item.link for item in found.values()} == {moved.visit(visit.public_id)}
    assert all(moved.visit(visit.public_id) in str(item.vevent) for item in found.values())
    assert found["speaker"].sequence == sequence


def test_what_is_over_keeps_the_link_it_had(
    session: Session, database: Database, visit: Visit
) -> None:
    gone = {"starts_at": NOW - timedelta(days=9), "ends_at": NOW - timedelta(days=8), "link": ""}
    session.execute(update(CalendarItem).values(gone))
    session.commit()

    feed_jobs.renew_texts(database, links=Links("https://peers.example", b"a key for tests"))

    session.expire_all()
    assert {item.link for item in entries_of(session, visit).values()} == {""}
