"""Private feeds: whose visits they show, how they answer "nothing new", how an address ends."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach.accounts.models import Account, Membership
from outreach.actor import SYSTEM
from outreach.calendars.models import CalendarItem, FeedAddress
from outreach.links import Links
from outreach.speakers.models import Speaker
from outreach.visits.models import Visit
from outreach.workflows import offers, visits
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


def test_the_address_page_speaks_spanish(
    client: FlaskClient, sign_in: SignIn, session: Session
) -> None:
    maria = builders.speaker(session, builders.world(session).affiliate, MARIA, locale="es")
    member = builders.speaker_member(session, maria)
    session.commit()

    assert "Crear mi dirección" in sign_in(client, member).get("/calendar-address").text
