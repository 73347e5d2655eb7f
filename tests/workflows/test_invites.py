"""What a yes, a move and an end do to a person's calendar and to the words beside it."""

from collections.abc import Callable
from datetime import date, time, timedelta
from email import message_from_bytes

import pytest
from sqlalchemy import select, update

from outreach.actor import SYSTEM
from outreach.calendars.models import CalendarItem, FeedAddress
from outreach.db import Database
from outreach.messaging.models import Message
from outreach.messaging.ports import Mail
from outreach.visits.models import Assignment, VisitRequest
from outreach.workflows import inbound, offers, people, profile, visits
from outreach.workflows.delivery import Post, Prepared, Skipped
from tests import builders, fakes
from tests.builders import MARIA, NOW, VISIT_AT
from tests.workflows.conftest import LINKS, Bureau
from tests.workflows.sending import agree, may_text, prepare_kind

NEXT_DAY = date(2026, 12, 9)


def say_yes(bureau: Bureau, *, via: str = "link") -> Assignment:
    offer = bureau.ask(bureau.maria)
    let_everything_leave(bureau)
    return offers.accept(bureau.session, offer=offer, by=SYSTEM, via=via, links=LINKS, now=NOW)


def let_everything_leave(bureau: Bureau) -> None:
    due = (Message.state == "pending", Message.send_after <= NOW)
    bureau.session.execute(update(Message).where(*due).values(state="accepted"))


def move(bureau: Bureau, day: date) -> None:
    visits.move(
        bureau.session,
        bureau.visit,
        day=day,
        at=time(10),
        minutes=60,
        overrule=True,
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )


def call_off(bureau: Bureau) -> None:
    visits.call_off(bureau.session, bureau.visit, by=SYSTEM, links=LINKS, now=NOW)


def step_back(bureau: Bureau) -> None:
    assignment = bureau.session.scalars(select(Assignment).where(Assignment.active)).one()
    offers.cannot_come(
        bureau.session, assignment, by=SYSTEM, links=LINKS, now=NOW + timedelta(minutes=1)
    )


def waiting(bureau: Bureau) -> list[str]:
    """Give what Maria hears next, reminders aside."""
    return [told for told in bureau.messages(to=bureau.maria) if "reminder" not in told]


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database, phones=fakes.Phones())


# --- a yes of somebody whose calendar gets no mail


def test_who_gets_no_invite_by_mail_is_told_that_the_visit_is_theirs(bureau: Bureau) -> None:
    bureau.maria.calendar = "feed"

    say_yes(bureau)

    assert waiting(bureau) == ["confirmed mail"]


def test_who_chose_texts_is_told_so_by_text(bureau: Bureau) -> None:
    bureau.maria.calendar = "feed"
    may_text(bureau)

    say_yes(bureau)

    assert waiting(bureau) == ["confirmed sms"]


def test_an_invite_is_word_enough(bureau: Bureau) -> None:
    may_text(bureau)

    say_yes(bureau)

    assert waiting(bureau) == ["invite mail"]


def test_the_answer_to_a_text_is_word_enough(bureau: Bureau) -> None:
    bureau.maria.calendar = "feed"
    may_text(bureau)
    offer = bureau.ask(bureau.maria)
    let_everything_leave(bureau)

    inbound.receive_sms(
        bureau.session,
        provider_id="SM1",
        from_phone=bureau.maria.phone or "",
        body=f"YES {offer.number}",
        links=LINKS,
        now=NOW,
    )

    assert waiting(bureau) == ["yes_reply sms"]


def test_a_yes_by_text_that_may_not_be_answered_by_text_is_confirmed_by_mail(
    bureau: Bureau,
) -> None:
    bureau.maria.calendar = "feed"
    may_text(bureau)
    agree(bureau.session, bureau.maria.phone or "", event="opt_out", speaker_id=bureau.maria.id)

    say_yes(bureau, via="sms")

    assert waiting(bureau) == ["confirmed mail"]


def test_a_yes_on_the_phone_is_confirmed_as_well(bureau: Bureau) -> None:
    bureau.maria.calendar = "feed"

    offers.record_yes(
        bureau.session,
        bureau.slot("lead"),
        speaker=bureau.maria,
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )

    assert waiting(bureau) == ["confirmed mail"]


def test_a_confirmation_gives_way_to_the_news_of_a_move(bureau: Bureau) -> None:
    bureau.maria.calendar = "feed"
    say_yes(bureau)

    move(bureau, NEXT_DAY)

    assert waiting(bureau) == ["moved mail"]


@pytest.mark.parametrize("end", [call_off, step_back])
def test_a_confirmation_is_taken_back_with_the_visit(
    bureau: Bureau, end: Callable[[Bureau], None]
) -> None:
    bureau.maria.calendar = "feed"
    say_yes(bureau)

    end(bureau)

    assert "confirmed mail" not in waiting(bureau)
    assert "confirmed mail" in bureau.messages(to=bureau.maria, state="cancelled")


def test_a_confirmation_leaves_only_while_it_is_true(bureau: Bureau, post: Post) -> None:
    bureau.maria.calendar = "feed"
    assignment = say_yes(bureau)
    assignment.active = False
    bureau.session.flush()

    assert prepare_kind(bureau, post, "confirmed", now=NOW) is Skipped.SETTLED


def test_a_confirmation_leaves_while_the_speaker_comes(bureau: Bureau, post: Post) -> None:
    bureau.maria.calendar = "feed"
    say_yes(bureau)

    assert isinstance(prepare_kind(bureau, post, "confirmed", now=NOW), Prepared)


# --- reminders of a time that is over


def test_a_move_takes_back_reminders_that_are_not_planned_anew(bureau: Bureau) -> None:
    say_yes(bureau)
    sooner = (VISIT_AT - timedelta(days=11)).date()

    move(bureau, sooner)

    older = select(Message).where(
        Message.kind == "reminder",
        Message.state == "pending",
        Message.subject_revision < bureau.visit.revision,
    )
    assert bureau.session.scalars(older).all() == []


# --- whether the entry itself reminds


def shown(bureau: Bureau) -> tuple[int, str]:
    """Give the sequence of Maria's entry, and its text as feeds hold it."""
    mine = select(CalendarItem).where(CalendarItem.owner_kind == "speaker")
    item = bureau.session.scalars(mine.execution_options(populate_existing=True)).one()
    return item.sequence, item.vevent or ""


def choose(bureau: Bureau, *, detail: str = "", alarm_minutes: int | None = None) -> None:
    """Let Maria choose what calendars show; the rest as it is."""
    profile.change_shown(
        bureau.session,
        bureau.maria,
        detail=detail or bureau.maria.detail,
        calendar=bureau.maria.calendar,
        asked_by_calendar=False,
        alarm_minutes=alarm_minutes,
        locale="en",
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )


def test_an_entry_reminds_only_who_chose_so(bureau: Bureau, post: Post) -> None:
    choose(bureau, alarm_minutes=60)
    say_yes(bureau)

    prepared = prepare_kind(bureau, post, "invite", now=NOW)

    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.parcel, Mail)
    file = next(
        part.get_payload(decode=True)
        for part in message_from_bytes(prepared.parcel.raw).walk()
        if part.get_content_type() == "text/calendar"
    )
    assert b"ACTION:DISPLAY" in file
    assert b"TRIGGER:-PT1H" in file
    wards = select(CalendarItem.vevent).where(CalendarItem.owner_kind != "speaker")
    assert not any("VALARM" in text for text in bureau.session.scalars(wards) if text)


def test_another_choice_mails_nothing_and_feeds_follow(bureau: Bureau) -> None:
    say_yes(bureau)
    let_everything_leave(bureau)
    before = shown(bureau)

    choose(bureau, alarm_minutes=24 * 60)

    assert "VALARM" not in before[1]
    assert (shown(bureau)[0], "TRIGGER:-P1D" in shown(bureau)[1]) == (before[0], True)
    assert waiting(bureau) == []
    choose(bureau)
    assert shown(bureau) == before


# --- who is reached elsewhere, or no longer


def test_a_new_mailbox_gets_the_invite_and_an_old_feed_ends(bureau: Bureau) -> None:
    say_yes(bureau)
    let_everything_leave(bureau)
    builders.feed(bureau.session, "speaker", bureau.maria.id)

    people.change_speaker(
        bureau.session,
        bureau.maria,
        {"email": "maria@new.example"},
        by=SYSTEM,
        links=LINKS,
        now=NOW,
    )

    waits = select(Message.kind, Message.to_address).where(
        Message.state == "pending", Message.kind.startswith("invite")
    )
    assert {(kind, to) for kind, to in bureau.session.execute(waits)} == {
        ("invite_elsewhere", MARIA.email),
        ("invite", "maria@new.example"),
    }
    assert [f.revoked_at for f in bureau.session.scalars(select(FeedAddress))] == [NOW]


def test_a_liaison_who_leaves_hands_the_entry_to_the_ward(bureau: Bureau) -> None:
    priya = builders.liaison(bureau.session, bureau.world.hospital)
    request = bureau.session.get_one(VisitRequest, bureau.visit.request_id)
    request.requested_by_id = priya.account_id
    say_yes(bureau)
    let_everything_leave(bureau)

    people.end_membership(bureau.session, priya, by=SYSTEM, links=LINKS, now=NOW)

    waits = select(Message.recipient_kind, Message.kind).where(
        Message.state == "pending", Message.kind.startswith("invite")
    )
    assert {(kind, told) for kind, told in bureau.session.execute(waits)} == {
        ("account", "invite_cancel"),
        ("unit", "invite"),
    }


def test_who_lets_no_place_be_seen_any_more_shows_none_of_what_is_over_or_off(
    bureau: Bureau,
) -> None:
    bureau.maria.detail = "full"
    say_yes(bureau)
    let_everything_leave(bureau)
    call_off(bureau)
    hospital = bureau.world.hospital.name
    before = shown(bureau)

    choose(bureau, detail="minimal")

    assert hospital in before[1]
    assert hospital not in shown(bureau)[1]
    assert shown(bureau)[0] == before[0]
