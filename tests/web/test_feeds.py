"""Private feeds: whose visits they show, how they answer "nothing new", how an address ends."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach import feed_jobs
from outreach.accounts.models import Account, Membership
from outreach.actor import SYSTEM
from outreach.calendars.models import CalendarItem, FeedAddress
from outreach.db import Database
from outreach.links import Links
from outreach.messaging.models import Message
from outreach.speakers.models import Speaker
from outreach.visits.models import Visit
from outreach.workflows import offers, people, visits
from tests import builders
from tests.builders import DANIEL, MARIA, NOW, VISIT_AT, World

SignIn = Callable[[FlaskClient, Membership], FlaskClient]
TOKEN = "f" * 43


def booked(session: Session, links: Links, world: World, **values: object) -> tuple[Visit, Speaker]:
    """Let Maria co-present a visit that Priya, a liaison, asked for."""
    priya = builders.liaison(session, world.hospital)
    asker = session.get_one(Account, priya.account_id)
    visit = builders.visit(session, world, requested_by=asker, **values)  # type: ignore[arg-type]
    maria = builders.speaker(session, world.affiliate, MARIA, certified_for=world.program)
    offer = builders.offer(session, builders.slots(session, visit)[1], maria)
    offers.accept(session, offer=offer, by=SYSTEM, via="link", links=links, now=NOW)
    return visit, maria


def unfolded(text: str) -> str:
    return text.replace("\r\n ", "")


def test_a_speakers_feed_shows_her_visits_as_mailed_and_no_place(
    client: FlaskClient, session: Session, links: Links
) -> None:
    world = builders.world(session)
    visit, maria = booked(session, links, world)
    builders.feed(session, "speaker", maria.id, token=TOKEN)
    session.commit()

    answer = client.get(f"/f/{TOKEN}.ics")

    mine = select(CalendarItem).where(
        CalendarItem.visit_id == visit.id, CalendarItem.owner_kind == "speaker"
    )
    item = session.scalars(mine).one()
    body = unfolded(answer.text)
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "METHOD:PUBLISH" in body
    assert f"UID:{item.uid}" in body
    assert "SUMMARY:Outreach visit\r\n" in body
    assert "ATTENDEE" not in body
    assert world.hospital.name not in body
    assert "Set-Cookie" not in answer.headers


def test_nothing_new_is_answered_without_a_body(
    client: FlaskClient, session: Session, links: Links
) -> None:
    visit, maria = booked(session, links, builders.world(session))
    builders.feed(session, "speaker", maria.id, token=TOKEN)
    session.commit()
    first = client.get(f"/f/{TOKEN}.ics")

    again = client.get(f"/f/{TOKEN}.ics", headers={"If-None-Match": first.headers["ETag"]})
    visits.call_off(session, visit, by=SYSTEM, links=links, now=NOW)
    session.commit()
    changed = client.get(f"/f/{TOKEN}.ics", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert changed.status_code == 200
    assert "STATUS:CANCELLED" in changed.text


def test_a_visit_leaves_the_feed_a_week_after_it(
    client: FlaskClient, session: Session, links: Links, present: Traveller
) -> None:
    _visit, maria = booked(session, links, builders.world(session))
    builders.feed(session, "speaker", maria.id, token=TOKEN)
    session.commit()

    present.move_to(VISIT_AT + timedelta(days=7, hours=1))
    assert "BEGIN:VEVENT" in client.get(f"/f/{TOKEN}.ics").text
    present.shift(timedelta(seconds=1))

    assert "BEGIN:VEVENT" not in client.get(f"/f/{TOKEN}.ics").text


def test_a_liaisons_feed_shows_her_hospitals_visits_and_no_others(
    client: FlaskClient, session: Session, links: Links
) -> None:
    here, there = builders.world(session), builders.world(session, "Elsewhere")
    mine, _maria = booked(session, links, here)
    other = builders.visit(session, there)
    daniel = builders.speaker(session, there.affiliate, DANIEL, certified_for=there.program)
    there.unit.contact_email = "ward@elsewhere.example"
    to_daniel = builders.offer(session, builders.slots(session, other)[0], daniel)
    offers.accept(session, offer=to_daniel, by=SYSTEM, via="link", links=links, now=NOW)
    colleague = builders.liaison(session, here.hospital, "Tom Reyes")
    builders.feed(session, "account", colleague.account_id, token=TOKEN)
    session.commit()

    body = unfolded(client.get(f"/f/{TOKEN}.ics").text)

    shown = select(CalendarItem.uid).where(
        CalendarItem.visit_id == mine.id, CalendarItem.owner_kind == "account"
    )
    assert body.count("BEGIN:VEVENT") == 1
    assert f"UID:{session.scalars(shown).one()}" in body
    assert "Maria" in body
    assert "Lopez" not in body


def test_who_is_no_longer_a_liaison_has_no_feed(
    client: FlaskClient, session: Session, links: Links
) -> None:
    world = builders.world(session)
    booked(session, links, world)
    tom = builders.liaison(session, world.hospital, "Tom Reyes")
    builders.feed(session, "account", tom.account_id, token=TOKEN)
    tom.ends_at = NOW
    session.commit()

    assert client.get(f"/f/{TOKEN}.ics").status_code == 404


def test_a_place_given_back_to_a_liaison_brings_no_old_address_back(
    client: FlaskClient, session: Session, links: Links
) -> None:
    world = builders.world(session)
    booked(session, links, world)
    tom = builders.liaison(session, world.hospital, "Tom Reyes")
    email = session.get_one(Account, tom.account_id).email
    builders.feed(session, "account", tom.account_id, token=TOKEN)
    session.commit()
    before = client.get(f"/f/{TOKEN}.ics").status_code

    people.end_membership(session, tom, by=SYSTEM, links=links, now=NOW)
    again = people.invite_liaison(
        session,
        world.hospital,
        email=email,
        name="Tom Reyes",
        by=SYSTEM,
        inviter="Ruth Adler",
        now=NOW,
    )
    session.commit()

    assert (again.id, again.ends_at) == (tom.id, None)
    assert (before, client.get(f"/f/{TOKEN}.ics").status_code) == (200, 404)


@pytest.mark.parametrize("why", ["revoked", "archived", "disabled", "unknown"])
def test_a_feed_that_is_over_says_no_more_than_one_that_never_was(
    client: FlaskClient, session: Session, links: Links, why: str
) -> None:
    _visit, maria = booked(session, links, builders.world(session))
    address = builders.feed(session, "speaker", maria.id, token=TOKEN)
    member = builders.speaker_member(session, maria)
    if why == "revoked":
        address.revoked_at = NOW
    if why == "archived":
        maria.archived_at = NOW
    if why == "disabled":
        session.get_one(Account, member.account_id).disabled_at = NOW
    session.commit()

    answer = client.get(f"/f/{'x' * 43 if why == 'unknown' else TOKEN}.ics")

    assert answer.status_code == 404
    assert "There is nothing at this address." in answer.text


@pytest.mark.parametrize("token", ["a", "%00", "ñ", "%F0%9F%99%82", "f" * 3000, "<script>"])
def test_a_malformed_address_is_not_found(client: FlaskClient, token: str) -> None:
    assert client.get(f"/f/{token}.ics").status_code == 404


def test_a_person_makes_renews_and_ends_the_address(
    client: FlaskClient, sign_in: SignIn, session: Session, links: Links
) -> None:
    _visit, maria = booked(session, links, builders.world(session))
    member = builders.speaker_member(session, maria)
    session.commit()
    browser = sign_in(client, member)
    stranger = client.application.test_client()

    assert "No address yet" in browser.get("/calendar-address").text
    assert browser.post("/calendar-address").status_code == 303
    first = session.scalars(select(FeedAddress)).one()
    old = links.feed(links.feed_token(first.public_id))
    page = browser.get("/calendar-address").text
    assert old in page
    assert old.replace("http://", "webcal://") in page
    assert stranger.get(old.removeprefix("http://localhost")).status_code == 200

    browser.post("/calendar-address")
    session.expire_all()
    live = session.scalars(select(FeedAddress).where(FeedAddress.revoked_at.is_(None))).one()
    assert live.public_id != first.public_id
    assert stranger.get(old.removeprefix("http://localhost")).status_code == 404

    assert [browser.post("/calendar-address/end").status_code for _tap in range(2)] == [303, 303]
    new = links.feed(links.feed_token(live.public_id))
    assert stranger.get(new.removeprefix("http://localhost")).status_code == 404


def test_a_liaison_has_an_address_of_her_own(
    client: FlaskClient, sign_in: SignIn, session: Session
) -> None:
    priya = builders.liaison(session, builders.world(session).hospital)
    session.commit()

    sign_in(client, priya).post("/calendar-address")

    made = session.scalars(select(FeedAddress)).one()
    assert (made.owner_kind, made.owner_id) == ("account", priya.account_id)


def test_the_address_page_says_what_is_told_besides(
    client: FlaskClient, sign_in: SignIn, session: Session
) -> None:
    world = builders.world(session)
    maria = builders.speaker_member(session, builders.speaker(session, world.affiliate, MARIA))
    priya = builders.liaison(session, world.hospital)
    session.commit()
    pages = []
    for member in (maria, priya):
        browser = sign_in(client.application.test_client(), member)
        browser.post("/calendar-address")
        pages.append(browser.get("/calendar-address").text)

    of_maria, of_priya = pages
    assert "moves, has another address or is called off we also mail or text you" in of_maria
    assert "When a visit moves or is called off we also mail or text you" in of_priya


def test_the_address_page_speaks_spanish(
    client: FlaskClient, sign_in: SignIn, session: Session
) -> None:
    maria = builders.speaker(session, builders.world(session).affiliate, MARIA, locale="es")
    member = builders.speaker_member(session, maria)
    session.commit()

    assert "Crear mi dirección" in sign_in(client, member).get("/calendar-address").text


# --- a coordinator's, and how much a feed shows


def of_ruth(session: Session, world: World, **values: str) -> Membership:
    """Give Ruth, a coordinator, a feed."""
    ruth = builders.coordinator(session, world.affiliate)
    builders.feed(session, "membership", ruth.id, token=TOKEN)
    session.execute(update(FeedAddress).values(**({"detail": "full"} | values)))
    return ruth


def test_a_coordinators_feed_shows_the_bureaus_visits_also_those_without_anyone(
    client: FlaskClient, session: Session, links: Links, database: Database
) -> None:
    here, there = builders.world(session), builders.world(session, "Elsewhere")
    booked(session, links, here)
    builders.visit(session, here, starts_at=VISIT_AT + timedelta(days=1))
    builders.visit(session, there)
    of_ruth(session, here)
    session.commit()
    feed_jobs.enter_visits(database, links=links)

    body = unfolded(client.get(f"/f/{TOKEN}.ics").text)

    assert body.count("BEGIN:VEVENT") == 2
    assert body.count(f"SUMMARY:{here.hospital.name}\\, {here.unit.name}") == 2
    assert there.hospital.name not in body
    assert "co-presenter: Maria" in body
    assert body.count("STATUS:TENTATIVE") == 2  # each lacks somebody
    assert "ATTENDEE" not in body
    assert here.affiliate.name not in body


def test_who_is_no_longer_a_coordinator_has_no_feed(client: FlaskClient, session: Session) -> None:
    ruth = of_ruth(session, builders.world(session))
    session.commit()
    there = client.get(f"/f/{TOKEN}.ics").status_code
    session.get_one(Membership, ruth.id).ends_at = NOW
    session.commit()

    assert (there, client.get(f"/f/{TOKEN}.ics").status_code) == (200, 404)


def test_a_feed_that_shows_little_says_that_there_is_a_visit_and_when(
    client: FlaskClient, session: Session, links: Links
) -> None:
    world = builders.world(session)
    visit, _maria = booked(session, links, world)
    of_ruth(session, world, detail="minimal")
    session.commit()

    body = unfolded(client.get(f"/f/{TOKEN}.ics").text)

    bureaus = select(CalendarItem.uid).where(
        CalendarItem.visit_id == visit.id, CalendarItem.owner_kind == "affiliate"
    )
    assert f"UID:{session.scalars(bureaus).one()}" in body
    assert "SUMMARY:Outreach visit\r\n" in body
    assert "DTSTART;TZID=America/New_York:20261208T100000" in body
    for told in (world.hospital.name, world.unit.name, "Maria", "LOCATION", "DESCRIPTION"):
        assert told not in body


def test_how_much_is_shown_is_chosen_under_the_same_address(
    client: FlaskClient, sign_in: SignIn, session: Session
) -> None:
    ruth = builders.coordinator(session, builders.world(session).affiliate)
    session.commit()
    browser = sign_in(client, ruth)
    browser.post("/calendar-address")
    first = session.scalars(select(FeedAddress)).one()
    little = (first.owner_kind, first.owner_id, first.detail)

    done = browser.post("/calendar-address/detail", data={"detail": "full"})

    session.expire_all()
    now = session.scalars(select(FeedAddress)).one()
    assert little == ("membership", ruth.id, "minimal")
    assert (done.status_code, now.detail, now.public_id) == (303, "full", first.public_id)
    browser.post("/calendar-address")
    session.expire_all()
    live = select(FeedAddress.detail).where(FeedAddress.revoked_at.is_(None))
    assert session.scalars(live).one() == "full"


@pytest.mark.parametrize("wrong", ["", "everything", "\x00", "x" * 10_000])
def test_a_wrong_choice_changes_nothing(
    client: FlaskClient, sign_in: SignIn, session: Session, wrong: str
) -> None:
    ruth = builders.coordinator(session, builders.world(session).affiliate)
    session.commit()
    browser = sign_in(client, ruth)
    browser.post("/calendar-address")

    answer = browser.post("/calendar-address/detail", data={"detail": wrong})

    assert answer.status_code == 422
    session.expire_all()
    assert session.scalars(select(FeedAddress.detail)).one() == "minimal"


def test_a_visit_is_entered_once_and_those_that_are_over_never(
    session: Session, links: Links, database: Database
) -> None:
    world = builders.world(session)
    builders.visit(session, world)
    builders.visit(session, world, starts_at=NOW - timedelta(days=1))
    session.commit()

    assert feed_jobs.enter_visits(database, links=links) == 1
    assert feed_jobs.enter_visits(database, links=links) == 0
    session.expire_all()
    assert session.scalars(select(Message)).all() == []


# --- one visit as a file


def test_each_of_those_concerned_downloads_their_own_entry(
    client: FlaskClient, sign_in: SignIn, session: Session, links: Links
) -> None:
    world = builders.world(session)
    visit, maria = booked(session, links, world)
    priya = session.scalars(select(Membership).where(Membership.kind == "liaison")).one()
    people = {
        "speaker": builders.speaker_member(session, maria),
        "account": priya,
        "affiliate": builders.coordinator(session, world.affiliate),
    }
    session.commit()
    uids = {item.owner_kind: item.uid for item in session.scalars(select(CalendarItem))}

    for kind, member in people.items():
        answer = sign_in(client, member).get(f"/visit-files/{visit.public_id}.ics")

        assert answer.status_code == 200, kind
        assert "attachment" in answer.headers["Content-Disposition"]
        assert f"UID:{uids[kind]}" in unfolded(answer.text)


def test_a_visit_nobody_comes_to_is_no_file_yet(
    client: FlaskClient, sign_in: SignIn, session: Session
) -> None:
    world = builders.world(session)
    visit = builders.visit(session, world)
    priya = builders.liaison(session, world.hospital)
    session.commit()

    answer = sign_in(client, priya).get(f"/visit-files/{visit.public_id}.ics")

    assert answer.status_code == 409
    assert "once somebody comes" in answer.text
