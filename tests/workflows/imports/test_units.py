from datetime import time

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from outreach.accounts.models import Account, Membership
from outreach.directory.models import (
    Affiliate,
    ClearanceRequirement,
    Hospital,
    Unit,
    UnitBrief,
    VisitingHours,
)
from outreach.messaging.models import Message
from tests.workflows.imports.importing import (
    BUREAU,
    NOW,
    ST_CLARE_4B,
    bring_in,
    outcome,
    problems,
    warnings,
)


def needs_of(session: Session, unit: Unit) -> set[str]:
    rows = select(ClearanceRequirement.kind).where(ClearanceRequirement.unit_id == unit.id)
    return set(session.scalars(rows))


def hours_of(session: Session, unit: Unit) -> list[tuple[int, time, time]]:
    rows = select(VisitingHours).where(VisitingHours.unit_id == unit.id)
    return [(h.weekday, h.opens, h.closes) for h in session.scalars(rows)]


def test_a_unit_comes_with_its_hospital_hours_clearances_and_brief(session: Session) -> None:
    report = bring_in(session, "units", ST_CLARE_4B)

    unit = session.scalars(select(Unit)).one()
    hospital = session.get_one(Hospital, unit.hospital_id)
    assert outcome(report) == (1, 0, 0)
    assert (unit.name, unit.age_group, unit.street) == ("4B", "adult", "17 Oak Street")
    assert (hospital.name, hospital.city, hospital.zip_code) == ("St. Clare", "Chicago", "60614")
    assert hospital.time_zone == "America/Chicago"
    assert hours_of(session, unit) == [(day, time(10), time(20)) for day in range(5)]
    assert needs_of(session, unit) == {"tb", "flu", "hospital"}
    assert session.scalars(select(UnitBrief.text)).all() == ["Ring at the double door."]


def test_a_missing_affiliate_is_made_in_the_time_zone_of_its_first_hospital(
    session: Session,
) -> None:
    bring_in(session, "units", ST_CLARE_4B)

    affiliate = session.scalars(select(Affiliate)).one()
    assert (affiliate.name, affiliate.time_zone) == (BUREAU, "America/Chicago")


def test_the_liaison_can_sign_in_and_no_mail_is_sent(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B)

    account = session.scalars(select(Account)).one()
    membership = session.scalars(select(Membership)).one()
    unit = session.scalars(select(Unit)).one()
    assert (account.name, account.email) == ("Lena Ortiz", "lena@example.org")
    assert (membership.kind, membership.hospital_id) == ("liaison", unit.hospital_id)
    assert membership.invited_at is None
    assert (unit.contact_email, unit.contact_phone) == ("lena@example.org", "+13125550110")
    assert session.scalar(select(func.count()).select_from(Message)) == 0


def test_a_liaison_of_two_units_has_one_account_and_one_place(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B, {**ST_CLARE_4B, "unit": "5W"})

    assert session.scalar(select(func.count()).select_from(Account)) == 1
    assert session.scalar(select(func.count()).select_from(Membership)) == 1


def test_a_place_that_was_ended_stays_ended(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B)
    session.scalars(select(Membership)).one().ends_at = NOW

    report = bring_in(session, "units", ST_CLARE_4B)

    assert outcome(report) == (0, 1, 0)
    assert session.scalars(select(Membership)).one().ends_at == NOW


def test_the_zip_codes_time_zone_gives_way_to_the_sheets(session: Session) -> None:
    bring_in(session, "units", {**ST_CLARE_4B, "time_zone": "America/Denver"})

    assert session.scalars(select(Hospital.time_zone)).one() == "America/Denver"


def test_units_of_one_name_in_two_hospitals_are_two(session: Session) -> None:
    report = bring_in(session, "units", ST_CLARE_4B, {**ST_CLARE_4B, "hospital": "Mercy"})

    assert outcome(report) == (2, 0, 0)
    assert session.scalar(select(func.count()).select_from(Hospital)) == 2


def test_a_hospital_keeps_what_its_first_row_says_of_it(session: Session) -> None:
    elsewhere = {**ST_CLARE_4B, "unit": "5W", "zip": "80202", "time_zone": "America/Denver"}

    first, again = (bring_in(session, "units", ST_CLARE_4B, elsewhere) for _ in range(2))

    hospital = session.scalars(select(Hospital)).one()
    assert (hospital.zip_code, hospital.time_zone) == ("60614", "America/Chicago")
    assert warnings(first) == [
        (3, "time_zone", "This hospital is in America/Chicago already; that was kept."),
        (3, "zip", "This hospital is at ZIP code 60614 already; that was kept."),
    ]
    assert (outcome(first), outcome(again)) == ((2, 0, 0), (0, 2, 0))


def test_a_unit_that_changed_is_brought_up_to_date(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B)
    moved = {
        **ST_CLARE_4B,
        "zip": "60615",
        "street": "99 Elm Street",
        "age_group": "adolescent",
        "visiting_hours": "Sat 10:00-12:00",
        "needs": "background check",
        "arrival_notes": "Ask at the desk.",
    }

    report = bring_in(session, "units", moved)

    unit = session.scalars(select(Unit)).one()
    assert outcome(report) == (1, 0, 0)
    assert (unit.street, unit.age_group) == ("99 Elm Street", "adolescent")
    assert hours_of(session, unit) == [(5, time(10), time(12))]
    assert needs_of(session, unit) == {"background_check", "hospital"}
    assert session.scalars(select(Hospital.zip_code)).one() == "60615"
    briefs = select(UnitBrief.version, UnitBrief.text).order_by(UnitBrief.version)
    assert [tuple(row) for row in session.execute(briefs)] == [
        (1, "Ring at the double door."),
        (2, "Ask at the desk."),
    ]


def test_a_blank_cell_leaves_what_is_there(session: Session) -> None:
    bring_in(session, "units", ST_CLARE_4B)
    names = ("street", "needs", "liaison_name", "liaison_phone", "liaison_email", "arrival_notes")

    report = bring_in(session, "units", ST_CLARE_4B | dict.fromkeys(names, ""))

    unit = session.scalars(select(Unit)).one()
    assert outcome(report) == (0, 1, 0)
    assert (unit.street, unit.contact_name) == ("17 Oak Street", "Lena Ortiz")
    assert needs_of(session, unit) == {"tb", "flu", "hospital"}


def test_a_new_unit_without_needs_asks_for_what_every_unit_does(session: Session) -> None:
    bring_in(session, "units", {**ST_CLARE_4B, "needs": ""}, mapping="needs_always = ['tb']")

    assert needs_of(session, session.scalars(select(Unit)).one()) == {"tb"}


WRONG = [
    ("hospital", "", "This cell is empty. Write something like St. Clare Medical Center."),
    ("unit", "x" * 201, "This text has more than 200 characters. Shorten it."),
    ("zip", "6O614", "“6O614” is not a ZIP code. Write five digits, like 60614."),
    ("time_zone", "Central", "“Central” is not a time zone. Write it like America/Chicago."),
    (
        "age_group",
        "maternity",
        "“maternity” is not known here. Write one of: adult, adolescent, older adult.",
    ),
    (
        "visiting_hours",
        "20:00-10:00",
        (
            "“20:00-10:00” ends before it begins. Write the earlier time first, like Mon, Wed"
            " 10:00-15:00; Sat 9am-1pm."
        ),
    ),
    (
        "needs",
        "TB; measles",
        (
            "“measles” is not known here. Write one of: TB, flu, background check, hospital,"
            " badge, orientation."
        ),
    ),
    (
        "liaison_phone",
        "555-01",
        "“555-01” is not a telephone number. Write it with the area code, like 312-555-0123.",
    ),
    (
        "liaison_email",
        "lena(at)example.org",
        "“lena(at)example.org” is not an e-mail address. Write lena@example.org.",
    ),
    ("arrival_notes", "x" * 2001, "This text has more than 2000 characters. Shorten it."),
    (
        "street",
        "17 Oak\0Street",
        "This cell has a character that cannot be kept. Type it again.",
    ),
]


def test_each_wrong_cell_is_named_with_what_would_be_right(session: Session) -> None:
    rows = [{**ST_CLARE_4B, column: value} for column, value, _ in WRONG]

    report = bring_in(session, "units", *rows)

    assert problems(report) == [
        (number, column, problem) for number, (column, _, problem) in enumerate(WRONG, 2)
    ]
    assert session.scalar(select(func.count()).select_from(Hospital)) == 0


def test_everything_wrong_with_a_row_is_said_at_once(session: Session) -> None:
    report = bring_in(
        session, "units", {**ST_CLARE_4B, "zip": "0", "age_group": "", "visiting_hours": "never"}
    )

    assert {found.column for found in report.refused} == {"zip", "age_group", "visiting_hours"}
    assert report.rows_refused == 1
