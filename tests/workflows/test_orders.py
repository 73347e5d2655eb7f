"""Unusual orders of events: whoever is told something hears what is true of what they knew."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from outreach.actor import SYSTEM
from outreach.calendars.models import CalendarItem
from outreach.messaging.models import Message
from outreach.visits.models import Assignment, VisitRequest
from outreach.workflows import offers, profile, visits
from tests import builders
from tests.builders import NOW, VISIT_AT
from tests.workflows.conftest import LINKS, Bureau
from tests.workflows.sending import may_text

NEXT_DAY, DAY_AFTER = date(2026, 12, 9), date(2026, 12, 10)


def book(bureau: Bureau, *, now: datetime = NOW) -> Assignment:
    offer = bureau.ask(bureau.maria, now=now)
    leave(bureau)
    return offers.accept(bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=now)


def leave(bureau: Bureau) -> None:
    """Let everything that waits leave, but for reminders."""
    due = (Message.state == "pending", Message.kind != "reminder")
    bureau.session.execute(update(Message).where(*due).values(state="accepted"))


def move(bureau: Bureau, day: date, *, now: datetime = NOW) -> None:
    visits.move(
        bureau.session,
        bureau.visit,
        day=day,
        at=time(10),
        minutes=60,
        overrule=True,
        by=SYSTEM,
        links=LINKS,
        now=now,
    )


def call_off(bureau: Bureau, *, now: datetime = NOW) -> None:
    visits.call_off(bureau.session, bureau.visit, by=SYSTEM, links=LINKS, now=now)


def step_back(bureau: Bureau, assignment: Assignment) -> None:
    offers.cannot_come(bureau.session, assignment, by=SYSTEM, links=LINKS, now=NOW)


def choose(bureau: Bureau, **choices: Any) -> None:  # noqa: ANN401 - any column
    kept: dict[str, Any] = {
        "detail": bureau.maria.detail,
        "calendar": bureau.maria.calendar,
        "asked_by_calendar": bureau.maria.asked_by_calendar,
        "alarm_minutes": bureau.maria.alarm_minutes,
        "locale": "en",
    }
    profile.change_shown(
        bureau.session, bureau.maria, **(kept | choices), by=SYSTEM, links=LINKS, now=NOW
    )


def waiting(bureau: Bureau, kind: str = "", *, to: str = "speaker") -> list[Message]:
    """Give what waits for Maria (or the unit), reminders only where they are asked for."""
    owner = bureau.maria.id if to == "speaker" else bureau.world.unit.id
    mine = select(Message).where(
        Message.state == "pending", Message.recipient_kind == to, Message.recipient_id == owner
    )
    wanted = Message.kind == kind if kind else Message.kind != "reminder"
    rows = bureau.session.scalars(mine.where(wanted).order_by(Message.id))
    return list(rows.all())


def heard(bureau: Bureau, *, to: str = "speaker") -> list[str]:
    return [f"{m.kind} {m.channel}" for m in waiting(bureau, to=to)]


def starts(message: Message) -> datetime:
    return datetime.fromisoformat(message.values["starts_at"])


def was(message: Message) -> datetime:
    return datetime.fromisoformat(message.values["was"])


# --- before the invite has left


def test_who_said_yes_a_moment_ago_hears_that_the_visit_is_off(bureau: Bureau) -> None:
    book(bureau)

    call_off(bureau)

    assert heard(bureau) == ["called_off mail"]
    assert heard(bureau, to="unit") == ["called_off mail"]


def test_who_said_yes_a_moment_ago_hears_of_the_new_time(bureau: Bureau) -> None:
    book(bureau)

    move(bureau, NEXT_DAY)

    assert heard(bureau) == ["moved mail", "invite mail"]


# --- two changes before the first has left


def test_a_visit_moved_twice_names_the_time_they_knew(bureau: Bureau) -> None:
    may_text(bureau)
    book(bureau)
    leave(bureau)

    move(bureau, NEXT_DAY)
    move(bureau, DAY_AFTER)

    (text,) = waiting(bureau, "moved")
    assert (was(text), starts(text)) == (VISIT_AT, VISIT_AT + timedelta(days=2))


def test_a_visit_moved_there_and_back_is_no_news(bureau: Bureau) -> None:
    may_text(bureau)
    book(bureau)
    leave(bureau)

    move(bureau, NEXT_DAY)
    move(bureau, VISIT_AT.date())

    assert waiting(bureau, "moved") == []


def test_a_visit_moved_and_called_off_is_called_off_at_the_time_they_knew(bureau: Bureau) -> None:
    may_text(bureau)
    book(bureau)
    leave(bureau)

    move(bureau, NEXT_DAY)
    call_off(bureau)

    (text,) = waiting(bureau, "called_off")
    assert starts(text) == VISIT_AT
    (mail,) = waiting(bureau, "invite_cancel")
    assert starts(mail) == VISIT_AT


def test_a_visit_of_tomorrow_morning_that_moves_at_night_does_not_wait_for_the_morning(
    bureau: Bureau,
) -> None:
    may_text(bureau)
    bureau.maria.any_hour = True
    book(bureau)
    leave(bureau)
    the_night_before = VISIT_AT - timedelta(hours=11)

    move(bureau, date(2026, 12, 15), now=the_night_before)

    (text,) = waiting(bureau, "moved")
    assert text.channel == "sms"
    assert text.urgent
    assert text.send_after == the_night_before


# --- who is let go


def test_who_is_let_go_hears_of_the_time_they_had(bureau: Bureau) -> None:
    book(bureau)
    leave(bureau)
    unit = builders.unit(
        bureau.session, bureau.world.hospital, bureau.world.affiliate, name="Unit 6"
    )
    other = builders.visit(
        bureau.session, bureau.world, starts_at=VISIT_AT + timedelta(days=1), at=unit
    )
    builders.assignment(bureau.session, builders.slots(bureau.session, other)[0], bureau.maria)

    move(bureau, NEXT_DAY)

    (mail,) = waiting(bureau, "invite_cancel")
    assert starts(mail) == VISIT_AT


# --- offers


def test_an_offer_taken_back_by_a_move_names_the_time_they_were_asked_about(
    bureau: Bureau,
) -> None:
    bureau.ask(bureau.maria)
    leave(bureau)

    move(bureau, NEXT_DAY)

    (mail,) = waiting(bureau, "offer_gone")
    assert starts(mail) == VISIT_AT


def test_nobody_hears_of_the_end_of_a_question_that_never_left(bureau: Bureau) -> None:
    bureau.ask(bureau.maria)

    call_off(bureau)

    assert heard(bureau) == []


def test_who_was_asked_by_text_hears_by_text_that_it_is_gone(bureau: Bureau) -> None:
    may_text(bureau)
    bureau.ask(bureau.maria)
    leave(bureau)

    call_off(bureau)

    assert heard(bureau) == ["offer_gone sms"]


# --- away and back


def test_who_steps_back_and_comes_after_all_keeps_one_entry(bureau: Bureau) -> None:
    assignment = book(bureau)
    leave(bureau)
    step_back(bureau, assignment)
    leave(bureau)

    offers.record_yes(
        bureau.session,
        bureau.slot("lead"),
        speaker=bureau.maria,
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )

    mine = (CalendarItem.owner_kind == "speaker", CalendarItem.owner_id == bureau.maria.id)
    item = bureau.session.scalars(select(CalendarItem).where(*mine)).one()
    assert (item.sequence, item.cancelled_at) == (2, None)
    assert heard(bureau) == ["invite mail"]


# --- another choice of calendar


def test_who_wants_calendar_mails_from_now_on_gets_the_visits_taken_before(bureau: Bureau) -> None:
    bureau.maria.calendar = "feed"
    book(bureau)
    leave(bureau)

    choose(bureau, calendar="mail")

    assert heard(bureau) == ["invite mail"]


def test_what_was_mailed_into_a_calendar_is_kept_right_there(bureau: Bureau) -> None:
    book(bureau)
    leave(bureau)
    choose(bureau, calendar="feed")

    move(bureau, NEXT_DAY)

    assert heard(bureau) == ["invite_update mail"]


# --- the ward


def test_a_liaison_who_left_gets_the_end_of_the_own_entry(bureau: Bureau) -> None:
    member = builders.liaison(bureau.session, bureau.world.hospital)
    request = bureau.session.get_one(VisitRequest, bureau.visit.request_id)
    request.requested_by_id = member.account_id
    bureau.session.flush()
    assignment = book(bureau)
    leave(bureau)
    member.ends_at = NOW
    bureau.session.flush()

    step_back(bureau, assignment)

    ended = select(Message).where(Message.kind == "invite_cancel", Message.state == "pending")
    mails = {m.recipient_kind: m for m in bureau.session.scalars(ended)}
    assert mails["account"].recipient_id == member.account_id


@pytest.mark.parametrize("kind", ["reminder", "offer"])
def test_only_news_of_a_visit_may_come_at_night(bureau: Bureau, kind: str) -> None:
    may_text(bureau)
    bureau.world.affiliate.reminders = [{"before": "hours", "count": 4, "channel": "sms"}]
    soon = VISIT_AT - timedelta(hours=20)

    book(bureau, now=soon)

    planned = select(Message).where(Message.kind == kind, Message.channel == "sms")
    texts = bureau.session.scalars(planned).all()
    assert texts
    assert not any(text.urgent for text in texts)
