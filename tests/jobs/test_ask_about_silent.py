"""Texts the provider took and says nothing of: asked about three times, never sent again."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from time_machine import Traveller

from outreach import jobs
from outreach.db import Database
from outreach.messaging import rules, service
from outreach.messaging.models import Message
from outreach.messaging.ports import Standing
from outreach.reads import outbox
from outreach.workflows import delivery
from outreach.workflows.delivery import Post
from tests import fakes
from tests.builders import NOW
from tests.fakes import Phones
from tests.jobs.working import PHONE, plan, through_twilio
from tests.twilio_standin import TwilioStandIn


def one(database: Database) -> Message:
    with database.reading() as session:
        return session.scalars(select(Message)).one()


def ask_each_minute(post: Post, at: Traveller, *, hours: int) -> list[datetime]:
    """Let the ticks pass, a minute at a time; return when somebody was asked."""
    asked = []
    for minute in range(hours * 60 + 1):
        at.move_to(NOW + timedelta(minutes=minute), tick=False)
        if jobs.ask_about_silent(post):
            asked.append(NOW + timedelta(minutes=minute))
    return asked


@pytest.mark.both_engines
def test_a_silent_text_is_asked_about_three_times_and_then_counts_as_unconfirmed(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    phones = Phones()
    post = fakes.post(database, phones=phones)
    jobs.deliver_everything(post)

    asked = ask_each_minute(post, at_ten, hours=12)

    assert asked == [NOW + after for after in rules.POLLS]
    message = one(database)
    assert (message.state, message.next_check_at, len(phones.sent)) == ("accepted", None, 1)
    row = outbox.row_of(message)
    assert row.status.words == "Sent, not confirmed"
    assert "never said whether it arrived" in row.problem


def test_what_has_arrived_is_not_asked_about_again(
    database: Database, speaker_id: int, at_ten: Traveller, twilio: TwilioStandIn
) -> None:
    plan(database, speaker_id)
    post = through_twilio(database, twilio)
    jobs.deliver_everything(post)
    twilio.taken[0].status = "delivered"

    asked = ask_each_minute(post, at_ten, hours=3)

    assert asked == [NOW + rules.POLLS[0]]
    assert (one(database).state, one(database).next_check_at) == ("delivered", None)


def test_what_did_not_arrive_has_the_same_consequences_as_by_callback(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    phones = Phones()
    phones.standing["SM1"] = Standing("undelivered", "30006")
    post = fakes.post(database, phones=phones)
    jobs.deliver_everything(post)

    at_ten.shift(rules.POLLS[0])
    jobs.ask_about_silent(post)

    with database.reading() as session:
        states = session.execute(
            select(Message.channel, Message.state, Message.reason).order_by(Message.id)
        ).all()
        assert not service.agreed(session, PHONE)
    assert states[0] == ("sms", "undelivered", "30006")
    assert [channel for channel, _, _ in states] == ["sms", "mail"]


def test_a_text_the_provider_does_not_know_is_not_sent_again(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    phones = Phones()
    phones.standing["SM1"] = None
    post = fakes.post(database, phones=phones)
    jobs.deliver_everything(post)

    ask_each_minute(post, at_ten, hours=12)
    jobs.deliver_everything(post)

    assert (one(database).state, len(phones.sent)) == ("accepted", 1)


def test_a_question_without_an_answer_does_not_count_and_is_asked_again(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id, count=2)
    phones = Phones()
    post = fakes.post(database, phones=phones)
    jobs.deliver_everything(post)

    at_ten.shift(rules.POLLS[0])
    phones.away = True
    first = jobs.ask_about_silent(post)
    phones.away = False
    at_ten.shift(rules.ASK_AGAIN)
    again = jobs.ask_about_silent(post)

    assert (first, again) == (0, 2)


def test_mails_are_not_asked_about(database: Database, speaker_id: int, at_ten: Traveller) -> None:
    plan(database, speaker_id, channel="mail")
    post = fakes.post(database, phones=Phones())
    jobs.deliver_everything(post)

    at_ten.shift(timedelta(days=1))

    assert (one(database).next_check_at, jobs.ask_about_silent(post)) == (None, 0)


def test_a_callback_settles_it_before_anybody_asks(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    phones = Phones()
    post = fakes.post(database, phones=phones)
    jobs.deliver_everything(post)
    attempt = phones.sent[0].callback_url.rpartition("/")[2]

    with database.transaction() as session:
        delivery.provider_said(
            session, attempt=attempt, provider_id="SM1", status="delivered", code="", now=NOW
        )
    at_ten.shift(timedelta(days=1))

    assert jobs.ask_about_silent(post) == 0


def test_without_texts_there_is_nobody_to_ask(database: Database) -> None:
    assert jobs.ask_about_silent(fakes.post(database)) == 0
