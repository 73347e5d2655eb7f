"""Whoever changes a unit, on its page, on the ward's, or from a spreadsheet: calendars follow."""

from datetime import date, time, timedelta

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.actor import SYSTEM, Actor
from outreach.calendars.models import BUREAU, CalendarItem
from outreach.db import Database
from outreach.directory.geography import Place
from outreach.directory.models import Hospital, Unit
from outreach.messaging.models import Message
from outreach.visits.models import Visit, VisitRequest
from outreach.workflows import directory, imports, offers, visits
from tests import builders, races
from tests.builders import NOW, VISIT_AT, ZONE
from tests.workflows.conftest import LINKS, Bureau, open_bureau
from tests.workflows.imports.importing import ST_CLARE_4B, csv_of

ANN_ARBOR = Place("48104", "Ann Arbor", "MI", 42.2631, -83.7186, ZONE)
WEDNESDAY = date(2026, 12, 9)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def booked(bureau: Bureau) -> Bureau:
    """Maria, who shows places, comes; what was mailed has left."""
    bureau.maria.detail = "full"
    come(bureau)
    return bureau


def come(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)
    offers.accept(bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=NOW)
    for message in bureau.session.scalars(select(Message).where(Message.state == "pending")):
        message.state = "accepted"
    bureau.session.flush()


def entry(session: Session, kind: str = "speaker") -> CalendarItem:
    found = select(CalendarItem).where(CalendarItem.owner_kind == kind)
    return session.scalars(found.execution_options(populate_existing=True)).one()


def ruth(bureau: Bureau) -> Membership:
    return builders.coordinator(bureau.session, bureau.world.affiliate)


def bring_in(bureau: Bureau, *, dry_run: bool = False, by: Actor = SYSTEM, **cells: str) -> None:
    unit, hospital = bureau.world.unit, bureau.world.hospital
    row = {
        **ST_CLARE_4B,
        "hospital": hospital.name,
        "unit": unit.name,
        "zip": hospital.zip_code,
        "street": unit.street,
        "arrival_notes": "",
        "time_zone": hospital.time_zone,
        "liaison_email": "",
        **cells,
    }
    report = imports.run(
        bureau.session,
        filename="units.csv",
        content=csv_of(row),
        mapping=imports.read_mapping(b"", kind="units"),
        affiliate=bureau.world.affiliate.name,
        dry_run=dry_run,
        by=by,
        links=LINKS,
        now=LATER,
    )
    assert (report.imported, report.rows_refused) == (1, 0)


def test_a_street_from_a_spreadsheet_is_in_the_calendar_and_told(booked: Bureau) -> None:
    bring_in(booked, street="7 Cedar Road")

    assert entry(booked.session).location.startswith("7 Cedar Road")
    assert booked.messages(to=booked.maria) == ["invite_update mail"]


def test_who_shows_no_places_is_told_of_a_street_from_a_spreadsheet(bureau: Bureau) -> None:
    bureau.world.unit.street = "1 Main Street"
    come(bureau)

    bring_in(bureau, street="7 Cedar Road")

    assert bureau.messages(to=bureau.maria) == ["other_place mail"]


@pytest.mark.parametrize("detail", ["minimal", "full"])
def test_a_street_from_a_spreadsheet_waits_for_the_minutes_of_undoing(
    bureau: Bureau, detail: str
) -> None:
    bureau.world.unit.street, bureau.maria.detail = "1 Main Street", detail
    come(bureau)

    bring_in(bureau, by=builders.actor(ruth(bureau)), street="7 Cedar Road")

    (leaves,) = bureau.session.scalars(
        select(Message.send_after).where(
            Message.state == "pending", Message.recipient_kind == "speaker"
        )
    )
    assert leaves == LATER + timedelta(minutes=10)


def test_a_spreadsheet_that_is_only_tried_out_tells_nobody(booked: Bureau) -> None:
    bring_in(booked, dry_run=True, street="7 Cedar Road")

    assert not entry(booked.session).location.startswith("7 Cedar Road")
    assert booked.messages() == []


def test_a_spreadsheet_that_is_only_tried_out_looks_at_no_visit(booked: Bureau) -> None:
    looked_at: list[str] = []
    event.listen(
        booked.session.get_bind(),
        "before_cursor_execute",
        lambda *found: looked_at.append(found[2]),
    )

    bring_in(booked, dry_run=True, street="7 Cedar Road")

    assert [each for each in looked_at if "FROM visit " in each.replace("\n", " ")] == []


def test_visiting_hours_from_a_spreadsheet_are_no_news(booked: Bureau) -> None:
    bring_in(booked, visiting_hours="Mon 10:00-12:00")

    assert booked.messages() == []


def test_what_to_expect_from_a_spreadsheet_is_news_to_who_comes(booked: Bureau) -> None:
    bring_in(booked, arrival_notes="Ring at the green door.")

    assert "What to expect there was changed" in entry(booked.session).description
    assert booked.messages() == ["invite_update mail"]


def test_a_visit_by_video_is_nowhere_in_calendars(bureau: Bureau) -> None:
    bureau.session.get_one(VisitRequest, bureau.visit.request_id).by_video = True
    bureau.maria.detail = "full"
    come(bureau)

    bring_in(bureau, street="7 Cedar Road")

    shown = {kind: entry(bureau.session, kind) for kind in ("speaker", BUREAU, "unit")}
    assert shown["speaker"].location == shown[BUREAU].location == ""
    assert bureau.world.hospital.name in shown["speaker"].summary
    assert shown["unit"].location == bureau.world.unit.name
    assert bureau.messages() == []


def test_a_wards_new_mailbox_gets_the_visits_to_come(booked: Bureau) -> None:
    directory.change_contact(
        booked.session,
        booked.world.unit,
        name="Charge nurse",
        phone=None,
        email="desk@stclare.example",
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )

    waits = select(Message.kind, Message.to_address).where(Message.state == "pending")
    assert {(kind, to) for kind, to in booked.session.execute(waits)} == {
        ("invite", "desk@stclare.example"),
        ("invite_elsewhere", "ward4b@stclare.example"),
    }


def test_what_changes_nothing_looks_at_no_visit_again(booked: Bureau) -> None:
    """As many statements for thirty visits to come as for one."""
    one = statements_of_saving(booked)
    for day in range(1, 30):
        builders.visit(booked.session, booked.world, starts_at=VISIT_AT + timedelta(days=day))

    thirty = statements_of_saving(booked)

    assert thirty == one


def statements_of_saving(bureau: Bureau) -> int:
    counted: list[str] = []
    bind = bureau.session.get_bind()
    event.listen(bind, "before_cursor_execute", lambda *found: counted.append(found[2]))
    bureau.session.expire_all()
    directory.keep_unit(
        bureau.session,
        bureau.session.get_one(Hospital, bureau.world.hospital.id),
        {"name": bureau.world.unit.name},
        unit=bureau.session.get_one(Unit, bureau.world.unit.id),
        hours=(),
        requirements=(),
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )
    return len(counted)


@pytest.mark.both_engines
def test_calendars_have_the_town_a_hospital_got_after_the_page_had_read_it(
    database: Database,
) -> None:
    with database.transaction() as session:
        bureau = open_bureau(session)
        bureau.maria.detail = "full"
        come(bureau)
        unit_id, hospital_id = bureau.world.unit.id, bureau.world.hospital.id
    with database.reading() as session:
        unit, hospital = session.get_one(Unit, unit_id), session.get_one(Hospital, hospital_id)
    with database.transaction() as session:
        directory.change_hospital(
            session,
            session.get_one(Hospital, hospital_id),
            name="St. Clare of Ann Arbor",
            place=ANN_ARBOR,
            by=SYSTEM,
            links=LINKS,
            now=NOW,
        )

    with database.transaction() as session:
        session.add_all([unit, hospital])
        directory.keep_unit(
            session,
            hospital,
            {"name": unit.name, "street": "7 Cedar Road"},
            unit=unit,
            hours=(),
            requirements=(),
            by=SYSTEM,
            links=LINKS,
            now=NOW,
        )

    with database.reading() as session:
        item = entry(session)
    assert item.location == "7 Cedar Road, Ann Arbor"
    assert "St. Clare of Ann Arbor" in item.summary


@pytest.mark.both_engines
def test_a_move_and_a_street_at_the_same_moment_are_two_revisions(database: Database) -> None:
    with database.transaction() as session:
        bureau = open_bureau(session)
        bureau.maria.detail = "full"
        come(bureau)
        unit_id, visit_id = bureau.world.unit.id, bureau.visit.id

    def move(session: Session) -> bool:
        visit = session.get_one(Visit, visit_id)
        visits.move(
            session,
            visit,
            day=WEDNESDAY,
            at=time(10),
            minutes=60,
            overrule=True,
            by=SYSTEM,
            links=LINKS,
            now=NOW,
        )
        return True

    def relocate(session: Session) -> bool:
        unit = session.get_one(Unit, unit_id)
        hospital = session.get_one(Hospital, unit.hospital_id)
        directory.keep_unit(
            session,
            hospital,
            {"name": unit.name, "street": "7 Cedar Road"},
            unit=unit,
            hours=(),
            requirements=(),
            by=SYSTEM,
            links=LINKS,
            now=NOW,
        )
        return True

    assert races.at_once(database, [move, relocate]) == [True, True]

    with database.transaction() as session:
        item = entry(session)
        assert item.sequence == 2
        assert item.location.startswith("7 Cedar Road")
        assert item.starts_at == session.get_one(Visit, visit_id).starts_at
        waits = select(Message.subject_revision).where(
            Message.kind == "invite_update",
            Message.state == "pending",
            Message.recipient_kind == "speaker",
        )
        assert session.scalars(waits).all() == [2]
