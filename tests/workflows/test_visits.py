from datetime import date, time, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from outreach.actor import SYSTEM
from outreach.calendars.models import CalendarItem
from outreach.errors import Conflict
from outreach.messaging.models import Message
from outreach.visits.models import Assignment, Slot, Visit, VisitRequest
from outreach.visits.rules import Code
from outreach.workflows import offers, visits
from outreach.workflows.visits import AgainstTheRules, Wish
from tests import builders
from tests.builders import NOW, VISIT_AT
from tests.workflows.conftest import LINKS, Bureau

NEXT_DAY = date(2026, 12, 9)


def wish(**values: object) -> Wish:
    return Wish(**({"day": NEXT_DAY, "at": time(10), "minutes": 60} | values))  # type: ignore[arg-type] # mixed


def ask(bureau: Bureau, *, overrule: bool = False, **values: object) -> VisitRequest:
    return visits.request(
        bureau.session,
        unit=bureau.world.unit,
        program=bureau.world.program,
        wish=wish(**values),
        by=SYSTEM,
        overrule=overrule,
        now=NOW,
    )


def move(bureau: Bureau, day: date, at: time = time(10), minutes: int = 60) -> None:
    visits.move(
        bureau.session,
        bureau.visit,
        day=day,
        at=at,
        minutes=minutes,
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )


def call_off(bureau: Bureau) -> None:
    visits.call_off(bureau.session, bureau.visit, by=SYSTEM, links=LINKS, now=NOW)


def book(bureau: Bureau, role: str = "lead") -> Assignment:
    speaker = bureau.maria if role == "lead" else bureau.daniel
    offer = bureau.ask(speaker, role)
    return offers.accept(bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=NOW)


def let_everything_leave(bureau: Bureau) -> None:
    """Mark what waits now as sent: what follows is then news about something known."""
    due = (Message.state == "pending", Message.kind != "reminder")
    bureau.session.execute(update(Message).where(*due).values(state="accepted"))


def item_of(bureau: Bureau) -> CalendarItem:
    mine = (CalendarItem.owner_kind == "speaker", CalendarItem.owner_id == bureau.maria.id)
    return bureau.session.scalars(select(CalendarItem).where(*mine)).one()


def count(session: Session, model: type) -> int:
    return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_request_lays_out_a_visit_with_a_slot_for_each_role(bureau: Bureau) -> None:
    asked = ask(bureau)

    visit = bureau.session.scalars(select(Visit).where(Visit.request_id == asked.id)).one()
    assert visit.starts_at == VISIT_AT + timedelta(days=1)
    slots = bureau.session.scalars(select(Slot).where(Slot.visit_id == visit.id)).all()
    assert sorted((slot.role, slot.state) for slot in slots) == [
        ("co-presenter", "open"),
        ("lead", "open"),
    ]


def test_the_ward_hears_that_its_request_arrived(bureau: Bureau) -> None:
    ask(bureau)

    told = bureau.session.scalars(select(Message)).one()
    assert (told.kind, told.to_address) == ("request_received", "ward4b@stclare.example")


def test_a_time_against_the_rules_changes_nothing_and_tells_every_reason(bureau: Bureau) -> None:
    before = count(bureau.session, Visit)

    with pytest.raises(AgainstTheRules) as refused:
        ask(bureau, day=date(2026, 11, 24), at=time(20))

    assert {r.code for r in refused.value.refusals} == {Code.TOO_SOON, Code.OUTSIDE_HOURS}
    assert count(bureau.session, Visit) == before


def test_a_coordinator_may_overrule_soft_rules_and_they_stay_as_warnings(bureau: Bureau) -> None:
    asked = ask(bureau, overrule=True, day=date(2026, 11, 24), at=time(20))

    visit = bureau.session.scalars(select(Visit).where(Visit.request_id == asked.id)).one()
    assert sorted(visit.warnings) == ["outside_hours", "too_soon"]


def test_nobody_may_overrule_a_clash(bureau: Bureau) -> None:
    with pytest.raises(AgainstTheRules) as refused:
        ask(bureau, overrule=True, day=VISIT_AT.date(), at=time(10, 30))

    assert [r.code for r in refused.value.refusals] == [Code.CLASH]


def test_a_visit_that_is_over_is_in_nobodys_way_and_not_read(bureau: Bureau) -> None:
    unit = bureau.world.unit

    before, after = (
        visits.unit_facts(bureau.session, unit, now=now).booked
        for now in (VISIT_AT, VISIT_AT + timedelta(days=1))
    )

    assert (len(before), after) == (1, ())


def test_the_same_request_twice_is_one(bureau: Bureau) -> None:
    asked = ask(bureau)
    visit = bureau.session.scalars(select(Visit).where(Visit.request_id == asked.id)).one()
    visit.called_off_at = NOW
    bureau.session.flush()

    with pytest.raises(Conflict, match="already asked"):
        ask(bureau)


def test_a_moved_visit_updates_calendars_and_reminders_once(bureau: Bureau) -> None:
    assignment = book(bureau)
    let_everything_leave(bureau)
    before = item_of(bureau).sequence

    move(bureau, NEXT_DAY)

    item = item_of(bureau)
    assert item.sequence == before + 1
    assert item.starts_at == bureau.visit.starts_at == VISIT_AT + timedelta(days=1)
    assert assignment.starts_at == bureau.visit.starts_at
    told = bureau.messages(to=bureau.maria)
    assert told.count("invite_update mail") == 1
    assert told.count("reminder mail") == 3
    assert "moved mail" not in told


def test_a_move_to_the_same_time_says_nothing(bureau: Bureau) -> None:
    book(bureau)
    before = count(bureau.session, Message)

    move(bureau, VISIT_AT.date())

    assert count(bureau.session, Message) == before


def test_a_speaker_who_wants_no_calendar_mail_is_told_of_a_move_by_a_plain_one(
    bureau: Bureau,
) -> None:
    bureau.maria.calendar = "feed"
    book(bureau)

    move(bureau, NEXT_DAY)

    told = bureau.messages(to=bureau.maria)
    assert told.count("moved mail") == 1
    assert "invite_update mail" not in told


def test_offers_that_named_the_old_time_are_taken_back(bureau: Bureau) -> None:
    offer = bureau.ask(bureau.maria)

    move(bureau, NEXT_DAY)

    bureau.session.refresh(offer)
    assert offer.state == "withdrawn"


def test_a_speaker_who_is_busy_at_the_new_time_is_let_go(bureau: Bureau) -> None:
    assignment = book(bureau)
    let_everything_leave(bureau)
    unit = builders.unit(
        bureau.session, bureau.world.hospital, bureau.world.affiliate, name="Unit 6"
    )
    other = builders.visit(
        bureau.session, bureau.world, starts_at=VISIT_AT + timedelta(days=1), at=unit
    )
    builders.assignment(bureau.session, builders.slots(bureau.session, other)[0], bureau.maria)

    move(bureau, NEXT_DAY)

    bureau.session.expire_all()
    assert (assignment.active, assignment.ended_because) == (False, "moved")
    assert bureau.slot("lead").state == "open"
    assert "invite_cancel mail" in bureau.messages(to=bureau.maria)


def test_a_visit_called_off_clears_calendars_and_reminders(bureau: Bureau) -> None:
    assignment = book(bureau)
    let_everything_leave(bureau)

    call_off(bureau)

    bureau.session.expire_all()
    assert not assignment.active
    assert item_of(bureau).cancelled_at == NOW
    told = bureau.messages(to=bureau.maria)
    assert told.count("invite_cancel mail") == 1
    assert "reminder mail" not in told
    assert {slot.state for slot in builders.slots(bureau.session, bureau.visit)} == {"closed"}


def test_a_visit_is_called_off_once(bureau: Bureau) -> None:
    call_off(bureau)

    with pytest.raises(Conflict, match="called off already"):
        call_off(bureau)


def test_a_visit_that_has_begun_stays(bureau: Bureau) -> None:
    with pytest.raises(Conflict, match="begun"):
        visits.call_off(
            bureau.session, bureau.visit, by=SYSTEM, links=LINKS, now=bureau.visit.starts_at
        )


def test_a_full_visit_shows_the_ward_both_names(bureau: Bureau) -> None:
    book(bureau)
    book(bureau, "co-presenter")

    ward = select(CalendarItem).where(CalendarItem.owner_kind == "unit")
    item = bureau.session.scalars(ward).one()
    assert "Maria" in item.description
    assert "Daniel" in item.description
    assert item.sequence == 1


def test_an_invite_that_changed_before_it_left_is_still_an_invite(bureau: Bureau) -> None:
    book(bureau)

    move(bureau, NEXT_DAY)

    told = bureau.messages(to=bureau.maria)
    assert "invite mail" in told
    assert "invite_update mail" not in told


def test_nobody_hears_of_the_end_of_an_invite_that_never_left(bureau: Bureau) -> None:
    book(bureau)

    call_off(bureau)

    assert "invite_cancel mail" not in bureau.messages(to=bureau.maria)


def test_a_minimal_calendar_names_no_place(bureau: Bureau) -> None:
    book(bureau)

    item = item_of(bureau)
    assert item.location == ""
    assert "4B" not in item.summary + item.description
    assert "Clare" not in item.summary + item.description


def test_a_speaker_who_chose_so_sees_the_place(bureau: Bureau) -> None:
    bureau.maria.detail = "full"

    book(bureau)

    assert "Unit 4B" in item_of(bureau).summary
