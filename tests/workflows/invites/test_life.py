"""A visit's whole life in a calendar, over real SMTP: what a mail program gets, in order."""

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from sqlalchemy import select

from outreach.actor import SYSTEM, Actor, Kind
from outreach.messaging import outbox
from outreach.visits.models import Assignment, Offer
from outreach.workflows import (
    invite_mails,
    offers,
    profile,
    undo,
)
from tests.builders import VISIT_AT
from tests.calendars import checks
from tests.workflows.conftest import LINKS
from tests.workflows.invites.living import (
    ELSEWHERE,
    MARIA,
    THURSDAY,
    TUESDAY,
    WARD,
    WEDNESDAY,
    Life,
    Mailbox,
    answer,
    calendar_of,
    check_order,
    die_before_the_call,
    event_of,
    parsed,
    said,
    sequence,
    words,
)


@pytest.mark.both_engines
def test_from_the_yes_to_the_end_every_client_is_told_in_order(
    life: Life, mailbox: Mailbox
) -> None:
    doings = (
        life.say_yes,
        lambda: life.move(WEDNESDAY),
        lambda: life.keep_unit(street="7 Cedar Road"),
        life.step_back,
        life.say_yes,
        life.call_off,
    )

    for do in doings:
        do()
        life.wait()

    mails = mailbox.mails(MARIA)
    calendars = [calendar_of(mail) for mail in mails]
    check_order(mails)
    assert [
        mail for raw in mailbox.raw if b"calendar" in raw for mail in checks.mail_faults(raw)
    ] == []
    methods = [calendar.one("METHOD").value for calendar in calendars]
    assert methods == ["REQUEST", "REQUEST", "REQUEST", "CANCEL", "REQUEST", "CANCEL"]
    assert [said(mail, "SEQUENCE") for mail in mails] == ["0", "1", "2", "3", "4", "5"]
    starts = [checks.instant(event_of(mail).one("DTSTART")) for mail in mails]
    assert starts == [VISIT_AT, *[VISIT_AT + timedelta(days=1)] * 5]
    places = [event_of(mail).one("LOCATION").text for mail in mails]
    assert [place.partition(",")[0] == "7 Cedar Road" for place in places] == [False] * 2 + [
        True
    ] * 4
    check_order(mailbox.mails(WARD))


def test_a_question_in_the_calendar_becomes_the_visit_or_goes(life: Life, mailbox: Mailbox) -> None:
    life.bureau.maria.asked_by_calendar = True
    offer = life.bureau.ask(life.bureau.maria, now=life.now)
    life.wait()
    offers.accept(
        life.bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=life.now
    )
    life.wait()
    life.step_back()
    life.wait()

    mails = mailbox.mails(MARIA)
    check_order(mails)
    states = [(calendar_of(mail).one("METHOD").value, said(mail, "STATUS")) for mail in mails]
    assert states == [("REQUEST", "TENTATIVE"), ("REQUEST", "CONFIRMED"), ("CANCEL", "CANCELLED")]
    assert mailbox.faults() == set()


def test_five_moves_are_five_higher_sequences(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()

    for hour in (11, 12, 13, 14, 15):
        life.move(TUESDAY, time(hour))
        life.wait()

    mails = mailbox.mails(MARIA)
    check_order(mails)
    assert [said(mail, "SEQUENCE") for mail in mails] == ["0", "1", "2", "3", "4", "5"]


def test_what_changes_within_the_minutes_of_taking_back_is_one_mail_each(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)
    mailbox.raw.clear()

    for day, at, minutes in ((WEDNESDAY, 10, 60), (WEDNESDAY, 11, 90), (THURSDAY, 11, 60)):
        life.move(day, time(at), minutes)
        life.wait(timedelta(minutes=2))
    assert mailbox.mails(MARIA) == []
    life.wait()

    for address in (MARIA, WARD):
        (mail,) = mailbox.mails(address)
        start = checks.instant(event_of(mail).one("DTSTART"))
        assert start == VISIT_AT + timedelta(days=2, hours=1)
        assert calendar_of(mail).one("METHOD").value == "REQUEST"


def test_one_edit_of_several_things_is_one_mail(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    mailbox.raw.clear()

    life.keep_unit(name="Unit 4B West", street="7 Cedar Road")
    life.wait()

    (mail,) = mailbox.mails(MARIA)
    assert event_of(mail).one("SUMMARY").text.endswith("Unit 4B West")
    assert event_of(mail).one("LOCATION").text.startswith("7 Cedar Road")


def test_saving_without_a_change_mails_nobody(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    mailbox.raw.clear()
    maria = life.bureau.maria

    life.move(TUESDAY)
    life.keep_unit()
    profile.change_shown(
        life.bureau.session,
        maria,
        detail=maria.detail,
        calendar=maria.calendar,
        asked_by_calendar=maria.asked_by_calendar,
        alarm_minutes=maria.alarm_minutes,
        locale=maria.locale,
        by=SYSTEM,
        links=LINKS,
        now=life.now,
    )
    life.wait()

    assert mailbox.raw == []


def test_a_visit_called_off_and_put_back_in_time_mails_nobody(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)
    mailbox.raw.clear()

    life.call_off()
    life.wait(timedelta(minutes=2))
    life.put_back()
    life.wait()

    assert mailbox.mails(MARIA) == mailbox.mails(WARD) == []
    life.move(WEDNESDAY)
    life.wait()
    (mail,) = mailbox.mails(MARIA)
    assert int(said(mail, "SEQUENCE")) > 2
    assert checks.instant(event_of(mail).one("DTSTART")) == VISIT_AT + timedelta(days=1)


def test_who_lost_the_invite_gets_it_again_after_a_change_that_was_taken_back(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)
    life.call_off()
    life.put_back()
    life.wait()
    mailbox.raw.clear()

    invite_mails.again(life.bureau.session, life.entry(), by=SYSTEM, now=life.now)
    life.wait()

    (mail,) = mailbox.mails(MARIA)
    assert calendar_of(mail).one("METHOD").value == "REQUEST"
    assert sequence(mail) == life.entry().sequence == 2


def test_an_invite_that_was_on_its_way_during_a_change_there_and_back_arrives(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.bureau.session.commit()
    die_before_the_call(life)
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)

    life.move(WEDNESDAY)
    life.move(TUESDAY)
    life.wait(timedelta(seconds=outbox.LEASE_S + 1))
    life.wait()

    assert mailbox.mails(MARIA)
    assert checks.instant(event_of(mailbox.mails(MARIA)[-1]).one("DTSTART")) == VISIT_AT
    assert said(mailbox.mails(MARIA)[-1], "SEQUENCE") == str(life.entry().sequence)


def test_a_visit_moved_there_and_back_in_time_mails_nobody(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)
    mailbox.raw.clear()

    life.move(WEDNESDAY)
    life.wait(timedelta(minutes=2))
    life.move(TUESDAY)
    life.wait()

    assert mailbox.mails(MARIA) == mailbox.mails(WARD) == []


def test_a_move_that_has_left_and_is_taken_back_is_mailed(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()

    life.move(WEDNESDAY)
    life.wait()
    life.move(TUESDAY)
    life.wait()

    mails = mailbox.mails(MARIA)
    check_order(mails)
    starts = [checks.instant(event_of(mail).one("DTSTART")) for mail in mails]
    assert starts == [VISIT_AT, VISIT_AT + timedelta(days=1), VISIT_AT]


def test_a_street_set_right_in_time_mails_nobody(life: Life, mailbox: Mailbox) -> None:
    life.keep_unit(street="1 Main Street")
    life.say_yes()
    life.wait()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)
    mailbox.raw.clear()

    life.keep_unit(street="1 Mian Street")
    life.wait(timedelta(minutes=2))
    life.keep_unit(street="1 Main Street")
    life.wait()

    assert mailbox.raw == []


@pytest.mark.both_engines
def test_a_new_address_takes_the_visit_out_of_the_calendar_of_the_old_one(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.change_address(ELSEWHERE)
    life.wait()
    life.move(WEDNESDAY)
    life.wait()

    old, new = mailbox.mails(MARIA), mailbox.mails(ELSEWHERE)
    assert [calendar_of(mail).one("METHOD").value for mail in old] == ["REQUEST", "CANCEL"]
    assert [calendar_of(mail).one("METHOD").value for mail in new] == ["REQUEST", "REQUEST"]
    # In one calendar behind both addresses the entry stays, in whatever order the mails come.
    check_order([*old, *new])
    assert said(old[1], "SUMMARY") == "Outreach visit"
    assert "ACCEPTED" in event_of(new[0]).one("ATTENDEE").parameters["PARTSTAT"]
    assert mailbox.faults() == set()


def test_an_address_set_right_before_anything_left_is_told_nothing_of_it(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    mailbox.raw.clear()

    life.change_address(ELSEWHERE)
    life.change_address(MARIA)
    life.wait()

    assert mailbox.mails(ELSEWHERE) == []
    assert "CANCEL" not in {calendar_of(mail).one("METHOD").value for mail in mailbox.mails(MARIA)}


def test_an_address_that_comes_back_has_the_visit_again(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()

    for address in (ELSEWHERE, MARIA):
        life.change_address(address)
        life.wait()

    methods = [calendar_of(mail).one("METHOD").value for mail in mailbox.mails(MARIA)]
    assert methods == ["REQUEST", "CANCEL", "REQUEST"]
    assert [calendar_of(mail).one("METHOD").value for mail in mailbox.mails(ELSEWHERE)] == [
        "REQUEST",
        "CANCEL",
    ]
    check_order(sorted([*mailbox.mails(MARIA), *mailbox.mails(ELSEWHERE)], key=sequence))


@pytest.mark.parametrize("new", ["desk@stclare.example", ""])
def test_a_wards_former_mailbox_loses_the_visit_too(life: Life, mailbox: Mailbox, new: str) -> None:
    life.say_yes()
    life.wait()
    mailbox.raw.clear()

    life.keep_unit(contact_email=new)
    life.wait()

    (mail,) = mailbox.mails(WARD)
    assert calendar_of(mail).one("METHOD").value == "CANCEL"
    assert "no longer keep this visit up to date" in str(mail.get_body(("plain",)))
    assert mailbox.mails(MARIA) == []
    assert len(mailbox.mails("desk@stclare.example")) == (1 if new else 0)


def test_who_takes_the_feed_alone_gets_no_invites_at_a_new_address(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.bureau.maria.calendar = "feed"

    life.change_address(ELSEWHERE)
    life.wait()

    methods = [calendar_of(mail).one("METHOD").value for mail in mailbox.mails(MARIA)]
    assert methods == ["REQUEST", "CANCEL"]
    assert mailbox.mails(ELSEWHERE) == []


def test_a_new_brief_is_one_mail_that_asks_for_no_second_yes(life: Life, mailbox: Mailbox) -> None:
    life.bureau.maria.detail = "minimal"
    life.write_brief("Ring at the blue door.")
    life.wait()
    life.say_yes()
    life.wait()
    mailbox.raw.clear()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)

    for text in ("Ring at the green door.", "Ring twice at the green door.") * 2:
        life.write_brief(text)
        life.wait(timedelta(minutes=1))
    life.write_brief("Ring twice at the green door.")
    life.wait()

    (mail,) = mailbox.mails(MARIA)
    news = "What to expect there was changed on Monday, November 23, 10:23 AM Eastern Time."
    assert news in event_of(mail).one("DESCRIPTION").text.replace("\xa0", " ")
    assert news in words(mail)
    assert answer(mail) == "ACCEPTED"
    assert b"green door" not in b"".join(mailbox.raw)
    assert mailbox.mails(WARD) == []
    assert mailbox.faults() == set()


def test_what_to_expect_is_no_news_to_who_said_yes_after_it_was_written(
    life: Life, mailbox: Mailbox
) -> None:
    life.write_brief("Ring at the blue door.")
    life.wait()
    life.say_yes()
    life.wait()

    (mail,) = mailbox.mails(MARIA)
    assert "was changed" not in event_of(mail).one("DESCRIPTION").text


@pytest.mark.parametrize("kind", ["step back", "call off"])
def test_a_new_brief_is_still_news_after_a_place_was_given_up_and_taken_back(
    life: Life, mailbox: Mailbox, kind: str
) -> None:
    life.say_yes()
    life.wait()
    life.by = Actor(Kind.COORDINATOR, account_id=0, affiliate_id=life.bureau.world.affiliate.id)
    life.write_brief("Ring at the green door.")
    life.wait(timedelta(minutes=2))

    if kind == "step back":
        life.step_back()
        ended = life.bureau.session.scalars(select(Assignment)).one()
        undo.a_step_back(life.bureau.session, ended, by=SYSTEM, links=LINKS, now=life.now)
    else:
        life.call_off()
        life.put_back()
    life.wait()
    life.wait()

    assert "What to expect there was changed" in said(mailbox.mails(MARIA)[-1], "DESCRIPTION")


def test_what_to_expect_is_no_news_to_who_took_a_yes_back_and_said_it_after_reading(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    (yes,) = life.bureau.session.scalars(select(Assignment))
    undo.a_yes(life.bureau.session, yes, by=SYSTEM, links=LINKS, now=life.now)
    life.now += timedelta(minutes=1)
    life.write_brief("Ring at the green door.")
    life.now += timedelta(minutes=1)
    offer = life.bureau.session.get_one(Offer, yes.offer_id)
    offers.accept(
        life.bureau.session, offer=offer, by=SYSTEM, via="link", links=LINKS, now=life.now
    )
    life.wait()

    assert "was changed" not in said(mailbox.mails(MARIA)[-1], "DESCRIPTION")


def test_a_yes_stands_until_time_or_place_are_others(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    doings: tuple[Callable[[], None], ...] = (
        lambda: life.write_brief("Ring at the red door."),
        lambda: life.move(WEDNESDAY),
        lambda: life.write_brief("Ring at the green door."),
        lambda: life.keep_unit(street="7 Cedar Road"),
    )

    for do in doings:
        do()
        life.wait()

    answers = [answer(mail) for mail in mailbox.mails(MARIA)]
    assert answers == ["ACCEPTED", "ACCEPTED", "NEEDS-ACTION", "NEEDS-ACTION", "NEEDS-ACTION"]


def test_a_ward_is_not_asked_again_because_somebody_else_comes(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.step_back()
    life.wait()
    life.say_yes()
    life.wait()

    mails = mailbox.mails(WARD)
    assert len(mails) == 3
    assert {answer(mail) for mail in mails} == {"ACCEPTED"}


@pytest.mark.both_engines
def test_a_worker_that_died_before_the_call_leaves_the_same_mail_to_the_next(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.bureau.session.commit()
    prepared = die_before_the_call(life)

    life.wait(timedelta(seconds=outbox.LEASE_S + 1))

    (mail,) = mailbox.mails(MARIA)
    assert mail.as_bytes() == parsed(prepared).as_bytes()
    assert said(mail, "SEQUENCE") == "0"


def test_a_mail_that_was_taken_without_a_word_comes_again_as_the_same_one(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    mailbox.hangs_up = True
    life.wait(timedelta(seconds=1))
    mailbox.hangs_up = False

    life.wait(timedelta(hours=1))

    first, *again = mailbox.mails(MARIA)
    assert again
    for mail in again:
        assert mail.as_bytes() == first.as_bytes()
