"""The unit answers whether another time would do."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.calendars.models import CalendarItem, CalendarReply
from outreach.db import Database
from outreach.visits.models import OtherTime, Visit
from outreach.workflows import invites
from tests import builders
from tests.builders import NOW, VISIT_AT, World
from tests.fakes import LINKS

SignIn = Callable[[FlaskClient, Membership], FlaskClient]


@pytest.fixture
def here(session: Session) -> World:
    return builders.world(session)


@pytest.fixture
def visit(session: Session, here: World) -> Visit:
    return builders.visit(session, here, roles=("lead",))


@pytest.fixture
def asked(session: Session, visit: Visit) -> OtherTime:
    return builders.other_time(session, visit)


@pytest.fixture
def ward(
    client: FlaskClient, session: Session, sign_in: SignIn, here: World, asked: OtherTime
) -> FlaskClient:
    assert asked.id
    return sign_in(client, builders.liaison(session, here.hospital))


def test_the_visits_page_leads_to_the_question(ward: FlaskClient, visit: Visit) -> None:
    page = ward.get(f"/units/visits/{visit.public_id}").text
    question = ward.get(f"/units/visits/{visit.public_id}/other-time").text

    assert f'href="/units/visits/{visit.public_id}/other-time"' in page
    assert "Yes, move the visit" in question
    assert "No, keep our time" in question


def by_calendar(session: Session, visit: Visit, world: World, *, starts_at: datetime) -> None:
    """Let Maria, who comes, have asked for a time in her calendar."""
    maria = builders.speaker(session, world.affiliate, certified_for=world.program)
    builders.assignment(session, builders.slots(session, visit)[0], maria)
    invites.sync(session, visit, links=LINKS, now=NOW)
    hers = select(CalendarItem.id).where(CalendarItem.owner_kind == "speaker")
    mail = builders.inbound_mail(session, world.affiliate, body="")
    item_id = session.scalars(hers).one()
    session.add(
        CalendarReply(mail_id=mail.id, item_id=item_id, why="other_time", starts_at=starts_at)
    )


FOUND = "At the proposed time the visit could be filled"
ASKED = "One of the speakers asks for this time."


@pytest.mark.parametrize(("hours_off", "said", "unsaid"), [(0, ASKED, FOUND), (1, FOUND, ASKED)])
def test_the_unit_reads_who_wants_another_time(
    ward: FlaskClient,
    session: Session,
    here: World,
    asked: OtherTime,
    *,
    hours_off: int,
    said: str,
    unsaid: str,
) -> None:
    visit = session.get_one(Visit, asked.visit_id)
    wanted = asked.starts_at + timedelta(hours=hours_off)
    by_calendar(session, visit, here, starts_at=wanted)
    session.commit()

    page = ward.get(f"/units/visits/{visit.public_id}/other-time").text

    assert said in page
    assert unsaid not in page


def test_a_yes_moves_the_visit_and_a_second_one_is_harmless(
    ward: FlaskClient, database: Database, visit: Visit, asked: OtherTime
) -> None:
    answers = [ward.post(f"/units/other-times/{asked.public_id}/acceptance") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    with database.reading() as fresh:
        moved = fresh.get_one(Visit, visit.id)
        assert (moved.starts_at, moved.revision) == (asked.starts_at, 2)
    page = ward.get(f"/units/visits/{visit.public_id}/other-time").text
    assert "There is nothing to answer" in page


def test_a_no_keeps_the_time_and_is_seen(
    ward: FlaskClient, database: Database, visit: Visit, asked: OtherTime
) -> None:
    answer = ward.post(f"/units/other-times/{asked.public_id}/refusal")
    page = ward.get(answer.location).text
    late = ward.post(f"/units/other-times/{asked.public_id}/acceptance")

    assert "The visit keeps its time." in page
    assert late.status_code == 409
    assert "Nothing was moved." in late.text
    with database.reading() as fresh:
        assert fresh.get_one(Visit, visit.id).starts_at == VISIT_AT


def test_looking_changes_nothing(ward: FlaskClient, database: Database, asked: OtherTime) -> None:
    assert ward.get(f"/units/other-times/{asked.public_id}/acceptance").status_code == 405
    with database.reading() as fresh:
        assert fresh.get_one(OtherTime, asked.id).state == "waiting"
