"""Messages that went wrong, and texts nobody understood."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from outreach.accounts.models import Membership
from outreach.calendars.models import CalendarItem, CalendarReply
from outreach.db import Database
from outreach.messaging import mail_trouble
from outreach.messaging.models import (
    InboundMail,
    InboundMessage,
    MailAddressTrouble,
    Message,
    MessageAttempt,
)
from outreach.speakers.models import Speaker
from outreach.visits.models import OtherTime
from outreach.workflows import invites
from tests import builders
from tests.builders import NOW, VISIT_AT, World
from tests.fakes import LINKS
from tests.web.coordinator.conftest import Counting

Desk = Callable[[], FlaskClient]


@pytest.fixture
def maria(session: Session, here: World) -> Speaker:
    return builders.speaker(session, here.affiliate)


@pytest.fixture
def failed(session: Session, here: World, maria: Speaker) -> Message:
    return builders.message(session, here.affiliate, to=maria, state="failed")


def test_the_list_is_filtered_by_how_far_messages_got(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    failed = builders.message(session, here.affiliate, to=maria, state="failed")
    sent = builders.message(session, here.affiliate, to=maria, state="delivered")
    browser = desk()

    everything = browser.get("/coordinator/messages").text
    trouble = browser.get("/coordinator/messages?state=trouble").text

    assert "2 messages" in everything
    assert failed.public_id in trouble
    assert sent.public_id not in trouble


def test_a_message_shows_neither_address_nor_text(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    failed = builders.message(session, here.affiliate, to=maria, state="failed")

    page = desk().get(f"/coordinator/messages/{failed.public_id}").text

    assert "Send it once more" in page
    assert maria.email not in page


def test_each_try_is_told_in_words(desk: Desk, session: Session, failed: Message) -> None:
    session.add(MessageAttempt(message_id=failed.id, number=1, started_at=NOW, outcome="ambiguous"))

    page = desk().get(f"/coordinator/messages/{failed.public_id}").text

    assert "not known whether it was sent" in page


def test_an_invite_leads_to_its_visit(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    visit = builders.visit(session, here)
    builders.assignment(session, builders.slots(session, visit)[0], maria)
    invites.sync(session, visit, links=LINKS, now=NOW)
    hers = select(CalendarItem).where(CalendarItem.owner_kind == "speaker")
    item = session.scalars(hers).one()
    mail = builders.message(
        session,
        here.affiliate,
        to=maria,
        kind="invite",
        subject_kind="calendar_item",
        subject_id=item.id,
    )

    page = desk().get(f"/coordinator/messages/{mail.public_id}").text

    assert f"/coordinator/visits/{visit.public_id}" in page


def test_a_failed_message_is_sent_once_more(
    desk: Desk, database: Database, session: Session, here: World, maria: Speaker
) -> None:
    failed = builders.message(session, here.affiliate, to=maria, kind="offer_gone", state="failed")
    failed.expires_at = NOW + timedelta(days=1)
    browser = desk()
    browser.post(f"/coordinator/messages/{failed.public_id}/retry")

    again = browser.post(f"/coordinator/messages/{failed.public_id}/retry")

    assert "on its way already" in browser.get(again.location).text
    with database.reading() as fresh:
        row = fresh.get_one(Message, failed.id)
    assert (row.state, row.send_after) == ("pending", NOW)


def test_a_dismissed_message_needs_nobody(
    desk: Desk, database: Database, failed: Message, ruth: Membership
) -> None:
    browser = desk()

    browser.post(f"/coordinator/messages/{failed.public_id}/dismissal")

    assert "Nothing needs you right now" in browser.get("/coordinator/").text
    with database.reading() as fresh:
        assert fresh.get_one(Message, failed.id).seen_by_id == ruth.account_id


def test_a_text_is_read_and_settled(
    desk: Desk, database: Database, session: Session, here: World
) -> None:
    text = builders.inbound(session, here.affiliate, body="Which door? <b>blue</b>")
    browser = desk()
    page = browser.get("/coordinator/messages/texts").text

    browser.post(f"/coordinator/messages/texts/{text.public_id}/settled")

    assert "Which door? &lt;b&gt;blue&lt;/b&gt;" in page
    with database.reading() as fresh:
        assert fresh.scalars(select(InboundMessage.settled_at)).all() == [NOW]


def test_a_mail_is_read_and_settled(
    desk: Desk, database: Database, session: Session, here: World
) -> None:
    mail = builders.inbound_mail(session, here.affiliate, body="<i>See</i> https://else.example")
    browser = desk()
    needs = browser.get("/coordinator/").text
    page = browser.get("/coordinator/messages/texts").text

    browser.post(f"/coordinator/messages/mails/{mail.public_id}/settled")

    assert "A mail to read" in needs
    assert "&lt;i&gt;See&lt;/i&gt; https://else.example" in page
    assert 'href="https://else.example' not in page
    with database.reading() as fresh:
        assert fresh.scalars(select(InboundMail.settled_at)).all() == [NOW]
    assert "Nothing waits to be read" in browser.get("/coordinator/messages/texts").text


def test_a_mail_we_found_no_words_in_is_looked_at_in_the_mailbox(
    desk: Desk, session: Session, here: World
) -> None:
    mail = builders.inbound_mail(session, here.affiliate, body="")
    mail.sort, mail.subject = "unreadable", ""
    session.commit()

    browser = desk()
    page = browser.get("/coordinator/messages/texts").text
    needs = browser.get("/coordinator/").text

    assert "look at it in the mailbox itself" in page
    assert "It has no words." in needs
    assert "“”" not in needs


def by_calendar(
    session: Session,
    here: World,
    maria: Speaker,
    *,
    hours: int,
    of: str = "speaker",
    why: str = "other_time",
) -> InboundMail:
    """Let Maria's calendar, or the unit's, propose that her visit begins so many hours later."""
    here.unit.contact_email = "ward4b@stclare.example"
    visit = builders.visit(session, here)
    builders.assignment(session, builders.slots(session, visit)[0], maria)
    invites.sync(session, visit, links=LINKS, now=NOW)
    item = session.scalars(select(CalendarItem).where(CalendarItem.owner_kind == of)).one()
    mail = builders.inbound_mail(session, here.affiliate, body="")
    starts_at = visit.starts_at + timedelta(hours=hours)
    session.add(CalendarReply(mail_id=mail.id, item_id=item.id, why=why, starts_at=starts_at))
    session.commit()
    return mail


def test_another_time_that_a_calendar_proposed_is_put_to_the_unit_with_one_press(
    desk: Desk, database: Database, session: Session, here: World, maria: Speaker
) -> None:
    mail = by_calendar(session, here, maria, hours=2)
    browser = desk()
    page = browser.get("/coordinator/messages/texts")

    done = browser.post(f"/coordinator/messages/mails/{mail.public_id}/time", follow_redirects=True)

    assert "Their calendar asks for another time." in page.text
    assert "Ask the unit for Tuesday, December 8, 12:00 PM" in page.text.replace("\xa0", " ")
    assert "Until they say yes the visit keeps its time" in done.text
    with database.reading() as fresh:
        assert fresh.scalars(select(OtherTime.starts_at)).all() == [VISIT_AT + timedelta(hours=2)]


@pytest.mark.parametrize(
    ("why", "words"),
    [
        ("other_time", "The unit’s calendar asks for another time."),
        ("perhaps", "The unit’s calendar says perhaps. Please ask whether it can go ahead."),
    ],
)
def test_an_answer_of_the_units_calendar_is_told_from_a_speakers(
    desk: Desk, session: Session, here: World, maria: Speaker, *, why: str, words: str
) -> None:
    by_calendar(session, here, maria, hours=2, of="unit", why=why)

    page = desk().get("/coordinator/messages/texts").text

    assert words in page
    assert "Their calendar" not in page


def test_what_settling_another_time_does_is_said_beside_it(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    by_calendar(session, here, maria, hours=2)

    page = desk().get("/coordinator/messages/texts").text

    assert "If you settle it instead, the visit keeps its time" in page


def test_what_waits_to_be_read_counts_mails_too(desk: Desk, session: Session, here: World) -> None:
    builders.inbound(session, here.affiliate)
    builders.inbound_mail(session, here.affiliate)
    session.commit()

    assert "2 texts and mails to read" in desk().get("/coordinator/messages").text


def test_a_time_the_unit_is_closed_at_is_refused_in_words_and_waits_on(
    desk: Desk, session: Session, here: World, maria: Speaker
) -> None:
    mail = by_calendar(session, here, maria, hours=12)
    browser = desk()

    done = browser.post(f"/coordinator/messages/mails/{mail.public_id}/time", follow_redirects=True)

    assert "can’t be at that time any more" in done.text
    assert "Their calendar asks for another time." in done.text


def test_thirty_mails_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, counting: Counting
) -> None:
    browser = desk()
    builders.inbound_mail(session, here.affiliate)
    session.commit()
    browser.get("/coordinator/messages/texts")
    with counting() as one:
        browser.get("/coordinator/messages/texts")
    for _ in range(29):
        builders.inbound_mail(session, here.affiliate)
    session.commit()

    with counting() as thirty:
        browser.get("/coordinator/messages/texts")

    assert thirty.count == one.count


def test_a_marked_address_is_shown_and_said_to_work_again(
    desk: Desk, database: Database, session: Session, here: World, maria: Speaker
) -> None:
    back = builders.message(
        session, here.affiliate, to=maria, state="undelivered", reason="bad_address"
    )
    mail_trouble.mark(session, back, code="5.1.1", sent_at=NOW, now=NOW)
    session.commit()
    browser = desk()
    page = browser.get(f"/coordinator/messages/{back.public_id}").text

    browser.post(f"/coordinator/messages/{back.public_id}/address")

    assert "Mail to this address comes back" in page
    with database.reading() as fresh:
        assert fresh.scalars(select(MailAddressTrouble.cleared_at)).all() == [NOW]
    after = browser.get(f"/coordinator/messages/{back.public_id}").text
    assert "Mail to this address comes back" not in after


def test_thirty_messages_cost_no_more_queries_than_one(
    desk: Desk, session: Session, here: World, maria: Speaker, counting: Counting
) -> None:
    builders.message(session, here.affiliate, to=maria, state="failed")
    browser = desk()
    with counting() as one:
        browser.get("/coordinator/messages")
    for _ in range(29):
        builders.message(session, here.affiliate, to=maria, state="failed")

    with counting() as thirty:
        browser.get("/coordinator/messages")

    assert thirty.count == one.count
