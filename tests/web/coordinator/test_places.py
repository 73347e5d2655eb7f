"""Hospitals, units, programs and settings."""

from collections.abc import Callable
from datetime import time
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.audit import AuditEvent
from outreach.calendars.models import CalendarItem
from outreach.db import Database
from outreach.directory.models import (
    Affiliate,
    ClearanceRequirement,
    Hospital,
    Program,
    ProgramRole,
    Unit,
    UnitBrief,
    UnitPause,
    VisitingHours,
)
from outreach.visits.models import Visit
from tests import builders
from tests.builders import NOW, World
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]
UNIT: dict[str, Any] = {
    "name": "3 East",
    "age_group": "adolescent",
    "street": "12 Lake Street",
    "contact_name": "Charge nurse",
    "contact_phone": "216-555-0117",
    "contact_email": "ward@hospital.example",
    "requirements": ["tb", "flu"],
    "opens_0": "09:00",
    "closes_0": "17:00",
    "opens_5": "10:00",
    "closes_5": "12:30",
}
SETTINGS: dict[str, Any] = {
    "name": "Lakeshore",
    "phone": "313-555-0100",
    "email": "bureau@lakeshore.example",
    "time_zone": "America/Detroit",
    "lead_days": "10",
    "horizon_days": "200",
    "approval": "automatic",
    "offers_per_week": "3",
    "cut_off_days": "5",
    "undo_minutes": "15",
    "quiet_until": "09:00",
    "quiet_from": "20:00",
    "count_1": "3",
    "before_1": "days",
    "channel_1": "mail",
    "count_2": "2",
    "before_2": "hours",
    "channel_2": "sms",
    "count_3": "",
    "before_3": "days",
    "channel_3": "mail",
    "count_4": "0",
    "before_4": "days",
    "channel_4": "mail",
    "level_1": "critical",
    "level_2": "fill",
    "level_3": "kept",
    "level_4": "usual",
    "level_5": "fairness",
    "level_6": "distance",
}


def test_a_hospital_is_where_its_zip_code_is(desk: Desk, database: Database) -> None:
    desk().post("/coordinator/hospitals/new", data={"name": "Mercy", "zip_code": "60614-1234"})

    with database.reading() as fresh:
        mercy = fresh.scalars(select(Hospital).where(Hospital.name == "Mercy")).one()
    assert (mercy.city, mercy.state, mercy.zip_code) == ("Chicago", "IL", "60614")
    assert mercy.time_zone == "America/Chicago"


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "a\x00b"},
        {"name": "st. clare lakeshore"},
        {"zip_code": ""},
        {"zip_code": "1"},
        {"zip_code": "00000"},
        {"zip_code": "🏥"},
    ],
    ids=str,
)
def test_a_wrong_hospital_is_not_added(
    desk: Desk, database: Database, here: World, wrong: dict[str, str]
) -> None:
    sent = {"name": "Mercy", "zip_code": "60614"} | wrong

    answer = desk().post("/coordinator/hospitals/new", data=sent)

    assert answer.status_code == 422
    with database.reading() as fresh:
        assert fresh.scalars(select(Hospital.id)).all() == [here.hospital.id]


def test_a_hospital_with_visits_keeps_its_zone(
    desk: Desk, database: Database, session: Session, here: World
) -> None:
    builders.visit(session, here)

    answer = desk().post(
        f"/coordinator/hospitals/{here.hospital.public_id}/change",
        data={"name": "St. Clare", "zip_code": "60614"},
    )

    assert answer.status_code == 422
    assert "Visits are planned there in the old time zone." in answer.text
    with database.reading() as fresh:
        assert fresh.get_one(Hospital, here.hospital.id).city == "Detroit"


def test_a_unit_is_added_with_hours_and_clearances(
    desk: Desk, database: Database, here: World
) -> None:
    desk().post(f"/coordinator/hospitals/{here.hospital.public_id}/units/new", data=UNIT)

    with database.reading() as fresh:
        unit = fresh.scalars(select(Unit).where(Unit.name == "3 East")).one()
        hours = fresh.scalars(select(VisitingHours).where(VisitingHours.unit_id == unit.id)).all()
        kinds = fresh.scalars(
            select(ClearanceRequirement.kind).where(ClearanceRequirement.unit_id == unit.id)
        ).all()
    assert (unit.age_group, unit.contact_phone) == ("adolescent", "+12165550117")
    assert [(h.weekday, h.opens, h.closes) for h in hours] == [
        (0, time(9), time(17)),
        (5, time(10), time(12, 30)),
    ]
    assert set(kinds) == {"tb", "flu"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"name": ""}, "Enter the unit’s label."),
        ({"name": "unit 4b"}, "There is one of this name already."),
        ({"age_group": "x"}, "Choose one of the answers on the list."),
        ({"closes_0": ""}, "Give both times of this day, or none."),
        ({"closes_0": "08:00"}, "Visiting hours must end after they begin."),
        ({"opens_0": "nine"}, "This is not a time."),
        ({"contact_email": "ward"}, "This is not an e-mail address."),
        ({"requirements": ["x"]}, "Choose from the answers on the list."),
    ],
)
def test_a_wrong_unit_is_not_added(
    desk: Desk, database: Database, here: World, wrong: dict[str, Any], said: str
) -> None:
    answer = desk().post(
        f"/coordinator/hospitals/{here.hospital.public_id}/units/new", data=UNIT | wrong
    )

    assert answer.status_code == 422
    assert said in answer.text
    with database.reading() as fresh:
        assert fresh.scalars(select(Unit.id)).all() == [here.unit.id]


def test_a_new_street_reaches_the_calendars(
    desk: Desk, database: Database, session: Session, here: World
) -> None:
    maria = builders.speaker(session, here.affiliate, certified_for=here.program, detail="full")
    visit = builders.visit(session, here, roles=("lead",))
    browser = desk()
    slot = builders.slots(session, visit)[0]
    browser.post(
        f"/coordinator/visits/{visit.public_id}/phoned-yes",
        data={"who": f"{slot.public_id}.{maria.public_id}"},
    )

    browser.post(f"/coordinator/hospitals/units/{here.unit.public_id}/change", data=UNIT)

    with database.reading() as fresh:
        hers = select(CalendarItem).where(CalendarItem.owner_kind == "speaker")
        item = fresh.scalars(hers).one()
    assert item.location == "12 Lake Street, Detroit"
    assert item.sequence == 1


def test_each_new_brief_is_a_version(desk: Desk, database: Database, here: World) -> None:
    browser, page = desk(), f"/coordinator/hospitals/units/{here.unit.public_id}/brief"

    browser.post(page, data={"text": "Ring twice."})
    browser.post(page, data={"text": "Ring twice."})
    empty = browser.post(page, data={"text": "  "})

    assert empty.status_code == 422
    with database.reading() as fresh:
        versions = fresh.execute(select(UnitBrief.version, UnitBrief.text)).all()
    assert [tuple(v) for v in versions] == [(1, "Ring at the blue door."), (2, "Ring twice.")]


def test_a_pause_may_call_the_visits_off(
    desk: Desk, database: Database, session: Session, here: World
) -> None:
    builders.visit(session, here)
    unit = f"/coordinator/hospitals/units/{here.unit.public_id}"
    browser = desk()

    wrong = browser.post(
        f"{unit}/pauses", data={"starts_on": "2026-12-10", "ends_on": "2026-12-01"}
    )
    browser.post(
        f"{unit}/pauses",
        data={"starts_on": "2026-12-01", "ends_on": "2026-12-31", "call_off": "y"},
    )

    assert wrong.status_code == 422
    with database.reading() as fresh:
        pause = fresh.scalars(select(UnitPause)).one()
        assert fresh.scalars(select(Visit.called_off_at)).all() == [NOW]
    browser.post(f"/coordinator/pauses/{pause.public_id}/end")
    with database.reading() as fresh:
        assert fresh.scalars(select(UnitPause)).all() == []


def test_a_unit_with_visits_to_come_is_not_put_aside(
    desk: Desk, database: Database, session: Session, here: World
) -> None:
    builders.visit(session, here)
    browser = desk()

    answer = browser.post(f"/coordinator/hospitals/units/{here.unit.public_id}/archive")

    assert "Visits are still to come there." in browser.get(answer.location).text
    with database.reading() as fresh:
        assert fresh.get_one(Unit, here.unit.id).archived_at is None


def test_thirty_hospitals_and_units_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, counting: Counting
) -> None:
    browser = desk()
    pages = ("/coordinator/hospitals", f"/coordinator/hospitals/{here.hospital.public_id}")
    with counting() as one:
        for page in pages:
            browser.get(page)
    for number in range(29):
        builders.hospital(session, here.affiliate, name=f"Hospital {number}")
        builders.unit(session, here.hospital, here.affiliate, name=f"Unit {number}")

    with counting() as thirty:
        for page in pages:
            browser.get(page)

    assert thirty.count == one.count


def test_a_program_is_added_and_changed(desk: Desk, database: Database) -> None:
    browser = desk()
    browser.post(
        "/coordinator/setup/programs/new",
        data={"name": "Family hour", "minutes": "90, 60", "peer": "1", "family": "2"},
    )
    with database.reading() as fresh:
        made = fresh.scalars(select(Program).where(Program.name == "Family hour")).one()

    browser.post(
        f"/coordinator/setup/programs/{made.public_id}",
        data={"name": "Family hour", "minutes": "45", "peer": "1", "family": "1"},
    )

    with database.reading() as fresh:
        changed = fresh.get_one(Program, made.id)
        roles = fresh.execute(
            select(ProgramRole.role, ProgramRole.count).where(ProgramRole.program_id == made.id)
        ).all()
    assert (made.minutes, changed.minutes) == ([60, 90], [45])
    assert {tuple(role) for role in roles} == {("peer", 1), ("family", 1)}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"minutes": ""},
        {"minutes": "an hour"},
        {"minutes": "5"},
        {"minutes": "1000"},
        {"lead": "10"},
        {"lead": "0"},
    ],
    ids=str,
)
def test_a_wrong_program_is_not_added(
    desk: Desk, database: Database, here: World, wrong: dict[str, str]
) -> None:
    sent = {"name": "Stories", "minutes": "60", "lead": "1"} | wrong

    answer = desk().post("/coordinator/setup/programs/new", data=sent)

    assert answer.status_code == 422
    with database.reading() as fresh:
        assert fresh.scalars(select(Program.id)).all() == [here.program.id]


def test_settings_are_changed_together(desk: Desk, database: Database, here: World) -> None:
    answer = desk().post("/coordinator/setup/settings", data=SETTINGS)

    assert answer.status_code == 303
    with database.reading() as fresh:
        now = fresh.get_one(Affiliate, here.affiliate.id)
        event = fresh.scalars(
            select(AuditEvent).where(AuditEvent.action == "settings.change")
        ).one()
    assert (now.lead_days, now.approval, now.time_zone) == (10, "automatic", "America/Detroit")
    assert now.levels[:2] == ["critical", "fill"]
    assert now.reminders == [
        {"before": "days", "count": 3, "channel": "mail"},
        {"before": "hours", "count": 2, "channel": "sms"},
    ]
    assert "lead_days" in event.details["fields"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"phone": "x"},
        {"time_zone": "Mars/Olympus"},
        {"lead_days": "91"},
        {"horizon_days": "1"},
        {"approval": "never"},
        {"offers_per_week": "0"},
        {"cut_off_days": "61"},
        {"undo_minutes": "61"},
        {"quiet_until": "07:00"},
        {"quiet_from": "21:30"},
        {"quiet_until": "20:30"},
        {"count_1": "61"},
        {"before_1": "weeks"},
        {"level_1": "fill"},
        {"level_6": "luck"},
    ],
    ids=str,
)
def test_wrong_settings_change_nothing(
    desk: Desk, database: Database, here: World, wrong: dict[str, str]
) -> None:
    answer = desk().post("/coordinator/setup/settings", data=SETTINGS | wrong)

    assert answer.status_code == 422
    with database.reading() as fresh:
        assert fresh.get_one(Affiliate, here.affiliate.id).revision == 1


def test_an_administrator_reads_the_audit_log_and_a_coordinator_does_not(
    desk: Desk,
    client: FlaskClient,
    sign_in: Callable[[FlaskClient, Membership], FlaskClient],
    session: Session,
    here: World,
) -> None:
    olga = builders.administrator(session, here.affiliate)
    refused = desk().get("/coordinator/setup/audit")

    page = sign_in(client, olga).get("/coordinator/setup/audit")

    assert refused.status_code == 403
    assert page.status_code == 200
    assert "session.begun" in page.text
