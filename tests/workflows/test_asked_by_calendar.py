"""Who chose so is asked in their calendar as well: the question there ends as it does elsewhere."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import icalendar
import pytest
from sqlalchemy import select, update

from outreach.actor import SYSTEM, Actor, Kind
from outreach.calendars.models import CalendarItem
from outreach.db import Database
from outreach.messaging.models import Message
from outreach.messaging.ports import Mail
from outreach.speakers.models import Speaker
from outreach.visits.models import Assignment, Offer
from outreach.workflows import (
    asking,
    inbound_mail,
    invites,
    offers,
    people,
    profile,
    undo,
    visits,
)
from outreach.workflows.delivery import Post, Prepared
from tests import builders, fakes
from tests.builders import NOW
from tests.calendars import replies
from tests.calendars.replies import Asked, Made
from tests.workflows.conftest import LINKS, Bureau
from tests.workflows.sending import may_text, prepare_kind

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database)


@pytest.fixture
def offer(bureau: Bureau) -> Offer:
    """The question that Maria was asked."""
    return ask_maria(bureau)


def ask_maria(bureau: Bureau) -> Offer:
    """Ask Maria, who chose so; the question has left."""
    bureau.maria.asked_by_calendar = True
    made = bureau.ask(bureau.maria)
    let_everything_leave(bureau)
    return made


def let_everything_leave(bureau: Bureau) -> None:
    bureau.session.execute(
        update(Message).where(Message.state == "pending").values(state="accepted")
    )


def item(bureau: Bureau) -> CalendarItem:
    mine = select(CalendarItem).where(
        CalendarItem.owner_kind == "speaker", CalendarItem.owner_id == bureau.maria.id
    )
    return bureau.session.scalars(mine.execution_options(populate_existing=True)).one()


def told(bureau: Bureau, to: Speaker | None = None) -> list[str]:
    """Give what waits for Maria, reminders aside."""
    waits = bureau.messages(to=to or bureau.maria)
    return [each for each in waits if "reminder" not in each]


def answer(bureau: Bureau, said: str, *, made: Made = replies.google, own: str = "r1") -> None:
    entry = item(bureau)
    asked = Asked(uid=entry.uid, attendee=bureau.maria.email, said=said, own=own)
    raw = made(replace(asked, sequence=entry.sequence, stamp=f"{NOW:%Y%m%dT%H%M%SZ}"))
    inbound_mail.process_inbound(bureau.session, raw, links=LINKS, now=LATER)


# --- the question


def test_the_question_comes_as_a_tentative_entry_in_place_of_the_plain_mail(
    bureau: Bureau,
) -> None:
    bureau.maria.asked_by_calendar = True

    bureau.ask(bureau.maria)

    assert told(bureau) == ["invite_offer mail"]
    assert (item(bureau).tentative, item(bureau).sequence) == (True, 0)


def test_who_is_texted_gets_the_text_too(bureau: Bureau) -> None:
    may_text(bureau)
    bureau.maria.asked_by_calendar = True

    bureau.ask(bureau.maria)

    assert sorted(told(bureau)) == ["invite_offer mail", "offer sms"]


def test_nobody_else_gets_it(bureau: Bureau) -> None:
    bureau.ask(bureau.maria)

    assert told(bureau) == ["offer mail"]
    assert bureau.session.scalars(select(CalendarItem)).all() == []


def test_who_has_a_feed_alone_is_asked_by_mail_and_sees_it_in_the_feed(bureau: Bureau) -> None:
    bureau.maria.asked_by_calendar, bureau.maria.calendar = True, "feed"

    bureau.ask(bureau.maria)

    assert told(bureau) == ["offer mail"]
    assert item(bureau).tentative


def test_the_mail_asks_with_the_link_and_its_file_is_tentative_and_unanswered(
    bureau: Bureau, post: Post
) -> None:
    bureau.maria.asked_by_calendar = True
    bureau.ask(bureau.maria)

    prepared = prepare_kind(bureau, post, "invite_offer", now=NOW)

    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.parcel, Mail)
    mail = message_from_bytes(prepared.parcel.raw, policy=policy.default)
    plain = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has one
    (event,) = icalendar.Calendar.from_ical(_file(prepared.parcel.raw)).walk("VEVENT")
    assert "https://outreach.example/a/" in plain
    assert "Could you visit" in prepared.parcel.subject
    assert (event["status"], event["attendee"].params["PARTSTAT"]) == ("TENTATIVE", "NEEDS-ACTION")
    assert not event.walk("VALARM")


def _file(raw: bytes) -> bytes:
    (part,) = (
        part
        for part in message_from_bytes(raw).walk()
        if part.get_content_type() == "text/calendar"
    )
    file = part.get_payload(decode=True)
    assert isinstance(file, bytes)
    return file


def test_the_question_does_not_leave_once_its_time_is_over(bureau: Bureau) -> None:
    bureau.maria.asked_by_calendar = True
    made = bureau.ask(bureau.maria)
    waits = bureau.session.scalars(select(Message).where(Message.kind == "invite_offer")).one()

    assert waits.expires_at == made.expires_at


# --- its answers


@pytest.mark.parametrize("made", replies.ALL, ids=lambda made: made.__name__)
def test_accepting_it_in_any_program_is_the_yes(bureau: Bureau, offer: Offer, made: Made) -> None:
    answer(bureau, "ACCEPTED", made=made)

    held = bureau.session.scalars(select(Assignment).where(Assignment.active)).one()
    assert (held.offer_id, offer.answered_by) == (offer.id, "calendar")
    assert (item(bureau).tentative, item(bureau).sequence) == (False, 1)
    assert (item(bureau).answer, item(bureau).answer_sequence) == ("ACCEPTED", 1)
    assert told(bureau) == ["invite mail"]


@pytest.mark.parametrize("made", replies.ALL, ids=lambda made: made.__name__)
def test_declining_it_in_any_program_is_not_this_time(
    bureau: Bureau, offer: Offer, made: Made
) -> None:
    answer(bureau, "DECLINED", made=made)

    bureau.session.refresh(offer)
    assert (offer.state, offer.answered_by) == ("not_this_time", "calendar")
    assert item(bureau).cancelled_at == LATER
    assert "offer mail" in bureau.messages()  # somebody else is asked


def test_a_perhaps_leaves_the_question_open(bureau: Bureau, offer: Offer) -> None:
    answer(bureau, "TENTATIVE")

    bureau.session.refresh(offer)
    assert (offer.state, item(bureau).cancelled_at) == ("open", None)


def test_of_two_that_accept_the_later_one_loses_it_from_the_calendar_with_kind_words(
    bureau: Bureau, post: Post
) -> None:
    ask_maria(bureau)
    entry = item(bureau)
    first = bureau.ask(bureau.joy)
    offers.accept(bureau.session, offer=first, by=SYSTEM, via="link", links=LINKS, now=NOW)
    assert told(bureau) == ["invite_cancel mail"]
    let_everything_leave(bureau)

    asked = Asked(uid=entry.uid, attendee=bureau.maria.email, sequence=0)
    inbound_mail.process_inbound(bureau.session, replies.google(asked), links=LINKS, now=LATER)

    assert told(bureau) == ["invite_cancel mail"]
    prepared = prepare_kind(bureau, post, "invite_cancel", now=LATER)
    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.parcel, Mail)
    assert "Thank you for being ready to help" in prepared.parcel.text
    assert b"METHOD:CANCEL" in _file(prepared.parcel.raw)


# --- its end


def test_a_yes_by_link_makes_the_entry_firm_under_the_same_uid(
    bureau: Bureau, offer: Offer
) -> None:
    uid = item(bureau).uid

    offers.accept(bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=NOW)

    assert (item(bureau).uid, item(bureau).tentative, item(bureau).sequence) == (uid, False, 1)
    assert told(bureau) == ["invite mail"]


def lapse(bureau: Bureau, offer: Offer) -> None:
    asking.lapse_due(bureau.session, links=LINKS, now=offer.expires_at + timedelta(minutes=1))


def withdraw(bureau: Bureau, offer: Offer) -> None:
    asking.withdraw(bureau.session, offer, by=SYSTEM, links=LINKS, now=NOW)


def call_off(bureau: Bureau, offer: Offer) -> None:
    del offer
    visits.call_off(bureau.session, bureau.visit, by=SYSTEM, links=LINKS, now=NOW)


def say_no(bureau: Bureau, offer: Offer) -> None:
    offers.not_this_time(bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=NOW)


@pytest.mark.parametrize("end", [lapse, withdraw, call_off, say_no], ids=lambda end: end.__name__)
def test_however_the_question_ends_one_mail_takes_it_out_of_the_calendar(
    bureau: Bureau, offer: Offer, end: object
) -> None:
    end(bureau, offer)  # type: ignore[operator]  # one of those above

    assert item(bureau).cancelled_at is not None
    assert told(bureau).count("invite_cancel mail") == 1


def test_a_question_that_never_left_ends_without_a_word(bureau: Bureau) -> None:
    bureau.maria.asked_by_calendar = True
    made = bureau.ask(bureau.maria)

    withdraw(bureau, made)

    assert told(bureau) == []


def test_a_no_that_is_taken_back_asks_again(bureau: Bureau, offer: Offer) -> None:
    by = Actor(Kind.LINK, speaker_id=bureau.maria.id)
    offers.not_this_time(bureau.session, offer=offer, by=by, via="link", links=LINKS, now=NOW)

    undo.a_no(bureau.session, offer, by=by, links=LINKS, now=NOW + timedelta(minutes=1))

    assert (item(bureau).tentative, item(bureau).cancelled_at) == (True, None)


def test_who_turns_it_off_loses_the_entry(bureau: Bureau) -> None:
    ask_maria(bureau)

    choose(bureau, asked_by_calendar=False)

    assert item(bureau).cancelled_at == LATER


def test_who_turns_it_on_has_what_they_are_asked_about_in_the_calendar_at_once(
    bureau: Bureau,
) -> None:
    bureau.ask(bureau.maria)

    choose(bureau, asked_by_calendar=True)

    assert item(bureau).tentative


def choose(bureau: Bureau, *, asked_by_calendar: bool) -> None:
    profile.change_shown(
        bureau.session,
        bureau.maria,
        detail="minimal",
        calendar="both",
        asked_by_calendar=asked_by_calendar,
        alarm_minutes=None,
        locale="en",
        by=SYSTEM,
        links=LINKS,
        now=LATER,
    )


def test_who_is_put_aside_loses_the_question(bureau: Bureau) -> None:
    ask_maria(bureau)

    people.archive_speaker(
        bureau.session,
        bureau.maria,
        by=builders.actor(builders.coordinator(bureau.session, bureau.world.affiliate)),
        links=LINKS,
        now=NOW,
    )

    assert item(bureau).cancelled_at == NOW


def test_asking_again_about_the_same_thing_mails_nothing(bureau: Bureau) -> None:
    ask_maria(bureau)

    invites.sync(bureau.session, bureau.visit, links=LINKS, now=LATER)

    assert told(bureau) == []
