"""What may have arrived, what a yes is to, and where an entry was before: each is followed up."""

from datetime import timedelta

from sqlalchemy import select

from outreach.actor import Actor, Kind
from outreach.calendars.models import CalendarItem
from outreach.messaging import mail_trouble, redaction
from outreach.messaging.models import Message
from outreach.visits.models import Assignment
from outreach.workflows import offers, undo
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
    event_of,
    words,
)

A_SECOND = timedelta(seconds=1)
HOURS = timedelta(hours=2)


def methods(mailbox: Mailbox, to: str = MARIA) -> list[str]:
    return [calendar_of(mail).one("METHOD").value for mail in mailbox.mails(to)]


def entry(life: Life, kind: str) -> CalendarItem:
    found = select(CalendarItem).where(CalendarItem.owner_kind == kind)
    return life.bureau.session.scalars(found).one()


def lets_nothing_be_known(life: Life, mailbox: Mailbox) -> None:
    """Let the server take what is due, and hang up without a word."""
    mailbox.hangs_up = True
    life.wait(A_SECOND)
    mailbox.hangs_up = False


# --- what may have arrived


def test_an_invite_that_may_have_arrived_is_ended_when_the_visit_is_off(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    lets_nothing_be_known(life, mailbox)

    life.call_off()
    life.wait(HOURS)

    assert methods(mailbox)[-1] == "CANCEL"


def test_a_move_that_may_have_arrived_is_followed_by_the_one_back(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.move(WEDNESDAY)
    lets_nothing_be_known(life, mailbox)

    life.move(TUESDAY)
    life.wait(HOURS)

    last = mailbox.mails(MARIA)[-1]
    assert checks.instant(event_of(last).one("DTSTART")) == VISIT_AT
    check_order(mailbox.mails(WARD))


def test_an_end_that_may_have_arrived_and_is_taken_back_is_followed_by_the_invite(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    session, maria = life.bureau.session, life.bureau.maria
    herself = Actor(Kind.SPEAKER, affiliate_id=maria.affiliate_id, speaker_id=maria.id)
    going = session.scalars(select(Assignment).where(Assignment.active)).one()
    offers.cannot_come(session, going, by=herself, links=LINKS, now=life.now)
    lets_nothing_be_known(life, mailbox)

    undo.a_step_back(session, going, by=herself, links=LINKS, now=life.now)
    life.wait(HOURS)

    assert methods(mailbox)[-1] == "REQUEST"


def test_who_took_invites_once_hears_by_mail_that_a_visit_is_on_again(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.bureau.maria.calendar = "feed"

    life.call_off()
    life.wait(A_SECOND)
    life.put_back()
    life.wait(HOURS)

    assert methods(mailbox) == ["REQUEST", "CANCEL", "REQUEST"]


def test_who_never_took_invites_gets_none_because_a_visit_is_on_again(
    life: Life, mailbox: Mailbox
) -> None:
    life.bureau.maria.calendar = "feed"
    life.say_yes()
    life.wait()

    life.call_off()
    life.wait(A_SECOND)
    life.put_back()
    life.wait(HOURS)

    assert methods(mailbox) == []


# --- what a yes is to


def test_a_visit_that_moved_before_the_first_mail_left_is_not_agreed_to(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.bureau.session.flush()

    life.move(WEDNESDAY)
    life.wait()

    assert [answer(mail) for mail in mailbox.mails(MARIA)] == ["NEEDS-ACTION"]


def test_a_new_address_makes_no_yes_of_a_move_without_an_answer(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.move(WEDNESDAY)
    life.wait()

    life.change_address(ELSEWHERE)
    life.wait()

    assert [answer(mail) for mail in mailbox.mails(ELSEWHERE)] == ["NEEDS-ACTION"]


def test_a_visit_put_back_and_moved_is_not_agreed_to(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    life.call_off()
    life.wait(A_SECOND)

    life.put_back()
    life.move(WEDNESDAY)
    life.wait()

    assert answer(mailbox.mails(MARIA)[-1]) == "NEEDS-ACTION"


def test_a_new_yes_is_to_the_time_of_that_day(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    life.step_back()
    life.move(WEDNESDAY)
    life.wait()

    life.say_yes()
    life.wait()

    last = mailbox.mails(MARIA)[-1]
    assert checks.instant(event_of(last).one("DTSTART")) == VISIT_AT + timedelta(days=1)
    assert answer(last) == "ACCEPTED"


# --- where an entry was before


def test_a_former_mailbox_is_written_to_once_whatever_changes_later(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()
    life.bureau.maria.calendar = "feed"
    life.change_address(ELSEWHERE)
    life.wait()

    life.move(WEDNESDAY)
    life.wait()
    life.move(THURSDAY)
    life.wait()
    life.write_brief("Ring at the red door.")
    life.wait()

    assert methods(mailbox) == ["REQUEST", "CANCEL"]


def test_a_mailbox_that_takes_no_mail_is_sent_no_farewell(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    session = life.bureau.session
    hers = (Message.kind == "invite", Message.recipient_kind == "speaker")
    sent = session.scalars(select(Message).where(*hers)).one()
    mail_trouble.mark(session, sent, code="550", sent_at=life.now, now=life.now)

    life.change_address(ELSEWHERE)
    life.wait()

    assert methods(mailbox) == ["REQUEST"]
    assert methods(mailbox, ELSEWHERE) == ["REQUEST"]


def test_a_farewell_says_nothing_that_a_change_of_the_same_minute_makes_false(
    life: Life, mailbox: Mailbox
) -> None:
    life.say_yes()
    life.wait()

    life.change_address(ELSEWHERE)
    life.call_off()
    life.wait()

    last = mailbox.mails(MARIA)[-1]
    assert "no longer keep this visit up to date" in words(last)
    assert "not changed" not in words(last)


def test_after_a_month_a_calendar_is_still_found(life: Life, mailbox: Mailbox) -> None:
    life.say_yes()
    life.wait()
    session = life.bureau.session
    session.commit()
    redaction.redact_messages(session, before=life.now, asks_provider=False, now=life.now)

    life.write_brief("Ring at the red door.")
    life.wait()
    life.change_address(ELSEWHERE)
    life.wait()

    assert [answer(mail) for mail in mailbox.mails(MARIA)[:2]] == ["ACCEPTED"] * 2
    assert methods(mailbox) == ["REQUEST", "REQUEST", "CANCEL"]
    assert [answer(mail) for mail in mailbox.mails(ELSEWHERE)] == ["ACCEPTED"]


def test_after_the_visit_what_a_calendar_was_mailed_is_forgotten_like_the_rest(
    life: Life,
) -> None:
    life.say_yes()
    life.wait()
    after = VISIT_AT + timedelta(days=40)
    session = life.bureau.session
    session.commit()

    redaction.redact_messages(session, before=after, asks_provider=False, now=after)

    session.expire_all()
    mailed = session.scalars(select(Message).where(Message.kind == "invite")).all()
    assert mailed
    assert {message.to_address for message in mailed} == {""}
    assert entry(life, "speaker").sequence == 0
