"""A feed is joined from texts kept with its rows: right at once, and cheap to ask for again."""

import gzip
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session
from time_machine import Traveller

from outreach import feed_jobs
from outreach.calendars import service as calendars
from outreach.calendars.models import CalendarItem
from outreach.calendars.service import Person
from outreach.db import Database
from outreach.speakers.models import Speaker
from tests import builders
from tests.builders import MARIA, NOW, VISIT_AT, World
from tests.calendars import checks
from tests.fakes import LINKS
from tests.web.liaison.pages import count_queries

pytestmark = pytest.mark.both_engines

TOKEN = "f" * 43
FEED = f"/f/{TOKEN}.ics"
CHANGES: dict[str, Any] = {
    "summary": "Another",
    "location": "Cedar Clinic",
    "description": "Bring your badge.",
    "link": "https://outreach.example/v/another",
    "starts_at": VISIT_AT - timedelta(hours=1),
    "ends_at": VISIT_AT + timedelta(hours=2),
    "time_zone": "America/Chicago",
    "sequence": 1,
    "stamped_at": NOW + timedelta(hours=1),
    "cancelled_at": NOW,
    "tentative": True,
    "alarm_minutes": 60,
}
"""Each column a feed shows, with another value than `items` gives it."""


def items(session: Session, world: World, maria: Speaker, count: int) -> list[CalendarItem]:
    """Let Maria's calendar show visits, one a day."""
    found = []
    for n in range(count):
        starts_at = VISIT_AT + timedelta(days=n)
        visit = builders.visit(session, world, starts_at=starts_at)
        found.append(
            CalendarItem(
                uid=f"visit-{n}@outreach.example",
                visit_id=visit.id,
                owner_kind="speaker",
                owner_id=maria.id,
                sequence=0,
                stamped_at=NOW,
                fingerprint="",
                starts_at=starts_at,
                ends_at=starts_at + timedelta(hours=1),
                time_zone="America/New_York",
                summary="Outreach visit",
                location="",
                description="Everything about this visit is on your page.",
                link=LINKS.visit(visit.public_id),
            )
        )
    session.add_all(found)
    session.flush()
    return found


@pytest.fixture
def world(session: Session) -> World:
    return builders.world(session)


@pytest.fixture
def maria(session: Session, world: World) -> Speaker:
    found = builders.speaker(session, world.affiliate, MARIA, certified_for=world.program)
    builders.feed(session, "speaker", found.id, token=TOKEN)
    return found


def anew(item: CalendarItem) -> str:
    """Return the row's text as it should be, made without looking at what is kept."""
    return calendars._rendered(item)


def test_a_row_keeps_its_text_with_every_change(
    session: Session, world: World, maria: Speaker
) -> None:
    (item,) = items(session, world, maria, 1)
    first = item.vevent

    item.summary = "Outreach visit: St. Clare, Unit 4B"
    session.flush()

    assert first is not None
    assert "SUMMARY:Outreach visit\r\n" in first
    assert item.vevent == anew(item) != first


def test_a_row_is_kept_as_it_will_come_out_of_the_database(
    session: Session, world: World, maria: Speaker
) -> None:
    (item,) = items(session, world, maria, 1)
    there = item.starts_at.astimezone(ZoneInfo("America/New_York"))
    local = CalendarItem(
        uid="visit-local@outreach.example",
        visit_id=item.visit_id,
        owner_kind="unit",
        owner_id=world.unit.id,
        stamped_at=NOW,
        fingerprint="",
        starts_at=there,
        ends_at=there + timedelta(hours=1),
        time_zone=item.time_zone,
        summary=item.summary,
        location=item.location,
        description=item.description,
        link=item.link,
    )
    session.add(local)
    session.commit()
    session.expire_all()

    assert local.vevent_of == calendars._made_of(local)
    assert str(local.vevent).replace(local.uid, item.uid) == item.vevent


def test_every_column_is_read_by_feeds_or_is_none_of_theirs() -> None:
    of_the_text = {*CHANGES, "uid", "vevent", "vevent_of"}
    whose = {"id", "visit_id", "owner_kind", "owner_id"}
    not_shown = {"fingerprint", "agreed_to", "answer", "answer_sequence", "answer_at"}

    assert {c.name for c in CalendarItem.__table__.columns} == of_the_text | whose | not_shown
    assert {column.key for column in calendars.FED} >= of_the_text


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_changed_behind_the_rows_back_is_shown_all_the_same(
    client: FlaskClient, session: Session, world: World, maria: Speaker, name: str
) -> None:
    (item,) = items(session, world, maria, 1)
    before = client.get(FEED).headers["ETag"]

    session.execute(update(CalendarItem).values({name: CHANGES[name]}))
    session.commit()
    session.refresh(item)
    after = client.get(FEED, headers={"If-None-Match": before})

    assert after.status_code == 200
    assert checks.faults(after.data) == []
    assert after.data == calendars.feed_file([item], organizer=ours(client))
    item.vevent = None
    assert after.data == calendars.feed_file([item], organizer=ours(client))


def ours(client: FlaskClient) -> Person:
    config = client.application.extensions["outreach"].config
    return Person(config.service_name, config.mail_from)


def test_a_visit_from_before_the_texts_were_kept_is_shown(
    client: FlaskClient, session: Session, world: World, maria: Speaker
) -> None:
    items(session, world, maria, 2)
    with_texts = client.get(FEED).data

    session.execute(update(CalendarItem).values(vevent=None, vevent_of=None))
    session.commit()

    assert client.get(FEED).data == with_texts


def test_the_next_tzdata_makes_every_text_anew(
    session: Session, world: World, maria: Speaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    (item,) = items(session, world, maria, 1)
    item.vevent = "BEGIN:VEVENT\r\nUID:old\r\nEND:VEVENT\r\n"
    assert calendars._text(item) == item.vevent

    monkeypatch.setattr("outreach.calendars.zones.edition", lambda _zone: "2027a")

    assert calendars._text(item) == anew(item)


@pytest.mark.usefixtures("present")
def test_an_hourly_tick_makes_the_texts_of_before_and_leaves_the_rest(
    session: Session, world: World, maria: Speaker, database: Database
) -> None:
    old, changed, long_over, fine = items(session, world, maria, 4)
    session.flush()
    session.execute(
        update(CalendarItem).where(CalendarItem.id == old.id).values(vevent=None, vevent_of=None)
    )
    session.execute(
        update(CalendarItem).where(CalendarItem.id == changed.id).values(location="Cedar Clinic")
    )
    gone = {"starts_at": NOW - timedelta(days=9), "ends_at": NOW - timedelta(days=8)}
    session.execute(update(CalendarItem).where(CalendarItem.id == long_over.id).values(**gone))
    session.commit()

    assert feed_jobs.renew_texts(database, links=LINKS) == 2
    assert feed_jobs.renew_texts(database, links=LINKS) == 0

    session.expire_all()
    assert [item.vevent for item in (old, changed, fine)] == [
        anew(item) for item in (old, changed, fine)
    ]
    assert "Cedar Clinic" in str(changed.vevent)


@pytest.mark.usefixtures("present")
def test_the_tick_stops_between_two_transactions(
    session: Session,
    world: World,
    maria: Speaker,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    items(session, world, maria, 5)
    session.execute(update(CalendarItem).values(vevent=None))
    session.commit()
    monkeypatch.setattr(feed_jobs, "AT_ONCE", 2)
    answers = iter((False, True))

    assert feed_jobs.renew_texts(database, links=LINKS, stopping=lambda: next(answers)) == 2
    assert feed_jobs.renew_texts(database, links=LINKS) == 3


def test_a_feed_with_another_sender_says_so_at_once(
    session: Session, world: World, maria: Speaker
) -> None:
    found = items(session, world, maria, 2)

    body = calendars.feed_file(found, organizer=Person("Peers", "peers@other.example"))

    people = [event.one("ORGANIZER") for event in checks.events(body)]
    assert [(p.parameters["CN"], p.value) for p in people] == [
        ("Peers", "mailto:peers@other.example")
    ] * 2


def test_a_visit_that_is_gone_changes_the_tag(
    client: FlaskClient, session: Session, world: World, maria: Speaker
) -> None:
    items(session, world, maria, 2)
    before = client.get(FEED).headers["ETag"]

    session.execute(delete(CalendarItem).where(CalendarItem.uid == "visit-1@outreach.example"))
    session.commit()

    assert client.get(FEED, headers={"If-None-Match": before}).status_code == 200


def test_a_visit_that_leaves_the_window_changes_the_tag(
    client: FlaskClient, session: Session, world: World, maria: Speaker, present: Traveller
) -> None:
    items(session, world, maria, 2)
    present.move_to(VISIT_AT + timedelta(days=7, hours=1))
    before = client.get(FEED).headers["ETag"]

    present.shift(timedelta(seconds=1))

    assert client.get(FEED, headers={"If-None-Match": before}).status_code == 200


def test_the_old_address_is_no_longer_confirmed_with_its_tag(
    client: FlaskClient, session: Session, world: World, maria: Speaker
) -> None:
    items(session, world, maria, 1)
    before = client.get(FEED).headers["ETag"]

    calendars.revoke(session, owner_kind="speaker", owner_id=maria.id, now=NOW)
    session.commit()

    assert client.get(FEED, headers={"If-None-Match": before}).status_code == 404


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_a_feed_travels_compressed_and_nothing_new_still_has_no_body(
    client: FlaskClient, session: Session, world: World, maria: Speaker, encoding: str
) -> None:
    items(session, world, maria, 30)
    plain = client.get(FEED)

    answer = client.get(FEED, headers={"Accept-Encoding": encoding})
    asked = {"Accept-Encoding": encoding, "If-None-Match": answer.headers["ETag"]}
    again = client.get(FEED, headers=asked)

    unpack: Callable[[bytes], bytes] = gzip.decompress if encoding == "gzip" else bytes
    assert answer.headers.get("Content-Encoding", "identity") == encoding
    assert unpack(answer.data) == plain.data
    assert (len(answer.data) < len(plain.data) / 8) == (encoding == "gzip")
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == answer.headers["ETag"] == plain.headers["ETag"]


def test_a_feed_is_not_a_file_to_save(
    client: FlaskClient, session: Session, world: World, maria: Speaker
) -> None:
    items(session, world, maria, 1)

    assert "Content-Disposition" not in client.get(FEED).headers


def test_thirty_visits_cost_as_many_queries_as_one(
    client: FlaskClient, session: Session, world: World, maria: Speaker
) -> None:
    first, *_others = items(session, world, maria, 30)
    session.commit()
    with count_queries() as of_thirty:
        client.get(FEED)
    session.execute(delete(CalendarItem).where(CalendarItem.id != first.id))
    session.commit()

    with count_queries() as of_one:
        client.get(FEED)

    assert of_thirty.count == of_one.count > 0


def test_a_row_that_did_not_change_is_not_written(
    session: Session, world: World, maria: Speaker
) -> None:
    items(session, world, maria, 1)
    session.expire_all()
    item = session.scalars(select(CalendarItem)).one()
    kept = item.vevent

    item.summary = str(item.summary)
    session.flush()

    assert item.vevent == kept
