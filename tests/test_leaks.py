"""The look through what left a test bites."""

from sqlalchemy.orm import Session

from outreach.accounts.models import Account
from outreach.calendars.models import CalendarItem
from outreach.db import Database
from outreach.messaging.models import ConsoleMessage
from tests import builders, leaks
from tests.browser_client import commit_rows_in_hand
from tests.builders import NOW


def left(session: Session, text: str, *, to: str) -> ConsoleMessage:
    """Write down that a mail left; taken out again, or every test's end would find it."""
    row = ConsoleMessage(channel="mail", to_address=to, kind="reminder", text=text, at=NOW)
    session.add(row)
    commit_rows_in_hand()
    return row


def take_back(session: Session, row: ConsoleMessage) -> None:
    session.delete(row)
    session.commit()


def test_a_mail_that_holds_the_patients_name_is_found(session: Session, database: Database) -> None:
    row = left(session, f"Please call {leaks.PATIENT}.", to="lena@receiving.example")

    assert leaks.of(database) == [
        "What left as reminder holds 'Zephyrine'.",
        "What left as reminder holds 'Quillfeather'.",
    ]
    take_back(session, row)


def test_a_mail_that_names_the_hospital_to_a_coordinator_is_found(
    session: Session, database: Database
) -> None:
    here = builders.world(session)
    row = left(session, f"Something is up at {here.hospital.name}.", to="ruth@people.example")

    assert leaks.of(database) == [f"A message of the kind reminder names {here.hospital.name!r}."]
    take_back(session, row)


def test_a_liaison_and_a_speaker_who_chose_so_may_be_told_places(
    session: Session, database: Database
) -> None:
    here = builders.world(session)
    priya = builders.liaison(session, here.hospital)
    maria = builders.speaker(session, here.affiliate, builders.MARIA, detail="full")
    account = session.get_one(Account, priya.account_id)
    left(session, f"Your visit at {here.hospital.name}.", to=account.email)
    left(session, f"Your visit at {here.hospital.name}.", to=maria.email)

    assert leaks.of(database) == []


def test_an_address_and_a_line_of_the_log_name_no_place() -> None:
    assert leaks.in_address("/visits?hospital=St.+Clare") == ["St. Clare"]
    assert leaks.logged("[warning] visit.moved  component=outreach.visits unit=Unit 4B") == [
        "Unit 4B"
    ]
    assert leaks.logged("What a command prints for people: Unit 4B") == []


def test_an_address_is_read_as_people_would_read_it() -> None:
    assert leaks.in_address("/referrals?q=zephyrine%40patients.example") == [
        "Zephyrine",
        "zephyrine@",
    ]


def test_a_calendar_entry_that_holds_the_patients_name_is_found(
    session: Session, database: Database
) -> None:
    here = builders.world(session)
    visit = builders.visit(session, here)
    item = CalendarItem(
        uid="visit-1@outreach.example",
        visit_id=visit.id,
        owner_kind="unit",
        owner_id=here.unit.id,
        stamped_at=NOW,
        fingerprint="",
        starts_at=visit.starts_at,
        ends_at=visit.ends_at,
        time_zone=visit.time_zone,
        summary="Peer speaker visit",
        location="",
        description="For Quillfeather",
    )
    session.add(item)
    row = left(session, "Hello", to="ruth@people.example")

    assert leaks.of(database) == ["A calendar of the kind unit holds 'Quillfeather'."]
    session.delete(item)
    take_back(session, row)
