"""What is forgotten thirty days after its end, here and at the provider, and what never is."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from time_machine import Traveller

from outreach import jobs
from outreach.db import Database
from outreach.messaging import service
from outreach.messaging.models import (
    STATES,
    ConsoleMessage,
    InboundMessage,
    Message,
)
from outreach.messaging.ports import Standing
from outreach.messaging.redaction import BATCH
from tests import fakes
from tests.builders import NOW, VISIT_AT
from tests.fakes import Phones
from tests.jobs.working import PHONE, plan, through_twilio
from tests.twilio_standin import TwilioStandIn

DAYS = 30
OLD = timedelta(days=DAYS, seconds=1)
OPEN = {"pending", "claimed", "sending", "unknown"}


def messages(database: Database) -> list[Message]:
    with database.reading() as session:
        return list(session.scalars(select(Message).order_by(Message.id)))


def set_states(database: Database, *states: str) -> None:
    with database.transaction() as session:
        for number, state in enumerate(states, 1):
            is_known = state not in {"pending", "claimed", "cancelled", "expired"}
            session.execute(
                update(Message)
                .where(Message.id == number)
                .values(state=state, provider_id=f"SM{number}" if is_known else None)
            )


def text_from_maria(database: Database, *, number: int, settled: bool) -> None:
    with database.transaction() as session:
        session.add(
            InboundMessage(
                provider_id=f"SMin{number}",
                from_phone=PHONE,
                body="Sorry, my sister is ill",
                received_at=NOW,
                settled_at=NOW if settled else None,
            )
        )


@pytest.mark.both_engines
@pytest.mark.parametrize("state", STATES)
def test_only_what_has_come_to_its_end_is_forgotten_after_thirty_days(
    database: Database, speaker_id: int, at_ten: Traveller, state: str
) -> None:
    plan(database, speaker_id)
    set_states(database, state)
    post = fakes.post(database, phones=Phones())

    at_ten.shift(timedelta(days=DAYS))
    early = jobs.redact(post, keep_days=DAYS)
    at_ten.shift(timedelta(seconds=1))
    late = jobs.redact(post, keep_days=DAYS)

    (message,) = messages(database)
    assert (early, late) == (0, 0 if state in OPEN else 1)
    assert (message.to_address == "") == (state not in OPEN)
    assert (message.kind, message.state, message.send_after) == ("offer_gone", state, NOW)


def test_only_the_times_of_the_visit_are_left_of_the_values(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    with database.transaction() as session:
        message = session.scalars(select(Message)).one()
        message.state, message.values = "cancelled", message.values | {"hospital": "St. Anne"}

    at_ten.shift(OLD)
    jobs.redact(fakes.post(database), keep_days=DAYS)

    (message,) = messages(database)
    assert message.values == {
        "starts_at": VISIT_AT.isoformat(),
        "ends_at": (VISIT_AT + timedelta(hours=1)).isoformat(),
        "zone": "America/New_York",
    }
    assert (message.to_address, message.to_name) == ("", "")


def test_a_text_that_is_still_asked_about_is_kept(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    set_states(database, "accepted")
    with database.transaction() as session:
        session.execute(update(Message).values(next_check_at=NOW))

    at_ten.shift(OLD)

    assert jobs.redact(fakes.post(database, phones=Phones()), keep_days=DAYS) == 0


@pytest.mark.both_engines
def test_the_provider_forgets_each_text_and_is_asked_once(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id, count=3)
    set_states(database, "delivered", "failed", "cancelled")
    text_from_maria(database, number=1, settled=True)
    phones = Phones()
    post = fakes.post(database, phones=phones)

    at_ten.shift(OLD)
    jobs.redact(post, keep_days=DAYS)
    at_ten.shift(timedelta(days=2))
    jobs.redact(post, keep_days=DAYS)

    assert phones.redacted == ["SM1", "SM2", "SMin1"]


def test_a_provider_that_is_away_is_asked_later_while_ours_is_gone_at_once(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id, count=2)
    set_states(database, "delivered", "delivered")
    phones = Phones()
    post = fakes.post(database, phones=phones)

    at_ten.shift(OLD)
    phones.away = True
    jobs.redact(post, keep_days=DAYS)
    gone = [message.to_address for message in messages(database)]
    phones.away = False
    at_ten.shift(timedelta(minutes=59))
    jobs.redact(post, keep_days=DAYS)
    too_early = list(phones.redacted)
    at_ten.shift(timedelta(minutes=1))
    jobs.redact(post, keep_days=DAYS)

    assert (gone, too_early, phones.redacted) == (["", ""], [], ["SM1", "SM2"])


def test_a_text_the_provider_will_not_forget_keeps_no_other_waiting(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id, count=2)
    set_states(database, "delivered", "delivered")
    phones = Phones()
    phones.refuses_to_redact = {"SM1"}
    post = fakes.post(database, phones=phones)

    at_ten.shift(OLD)
    jobs.redact(post, keep_days=DAYS)
    first = list(phones.redacted)
    phones.refuses_to_redact = set()
    at_ten.shift(timedelta(days=1))
    jobs.redact(post, keep_days=DAYS)

    assert (first, phones.redacted) == (["SM2"], ["SM2", "SM1"])


def test_through_twilio_the_body_is_emptied_and_what_it_does_not_know_counts_as_gone(
    database: Database, speaker_id: int, at_ten: Traveller, twilio: TwilioStandIn
) -> None:
    plan(database, speaker_id, count=2)
    post = through_twilio(database, twilio)
    jobs.deliver_everything(post)
    for taken in twilio.taken:
        taken.status = "delivered"
    lost = twilio.taken.pop()
    with database.transaction() as session:
        session.execute(update(Message).values(state="delivered"))

    at_ten.shift(OLD)
    jobs.redact(post, keep_days=DAYS)

    assert [taken.body for taken in twilio.taken] == [""]
    assert lost.sid not in {taken.sid for taken in twilio.taken}
    assert [message.redact_after for message in messages(database)] == [None, None]


def test_settled_texts_lose_body_and_number_and_others_wait(
    database: Database, at_ten: Traveller
) -> None:
    text_from_maria(database, number=1, settled=True)
    text_from_maria(database, number=2, settled=False)

    at_ten.shift(OLD)
    jobs.redact(fakes.post(database), keep_days=DAYS)

    with database.reading() as session:
        rows = session.execute(
            select(InboundMessage.body, InboundMessage.from_phone).order_by(InboundMessage.id)
        )
        assert rows.all() == [("", ""), ("Sorry, my sister is ill", PHONE)]


def test_what_the_console_kept_goes_too(database: Database, at_ten: Traveller) -> None:
    with database.transaction() as session:
        for age in (timedelta(), timedelta(days=20)):
            session.add(
                ConsoleMessage(
                    channel="sms", to_address=PHONE, kind="offer", text="Hello", at=NOW + age
                )
            )

    at_ten.shift(OLD)
    jobs.redact(fakes.post(database), keep_days=DAYS)

    with database.reading() as session:
        assert session.scalars(select(ConsoleMessage.at)).all() == [NOW + timedelta(days=20)]


def test_more_than_a_batch_goes_in_one_tick(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id, count=BATCH + 1)
    with database.transaction() as session:
        session.execute(update(Message).values(state="cancelled"))

    at_ten.shift(OLD)

    assert jobs.redact(fakes.post(database), keep_days=DAYS) == BATCH + 1


def test_what_was_forgotten_is_not_planned_again(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    with database.transaction() as session:
        session.execute(update(Message).values(state="delivered"))
    at_ten.shift(OLD)
    jobs.redact(fakes.post(database), keep_days=DAYS)

    plan(database, speaker_id)

    assert len(messages(database)) == 1


def test_a_word_of_the_provider_after_that_records_nothing_about_anybody(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    phones = Phones()
    post = fakes.post(database, phones=phones)
    jobs.deliver_everything(post)
    with database.transaction() as session:
        session.execute(update(Message).values(next_check_at=None))
    at_ten.shift(OLD)
    jobs.redact(post, keep_days=DAYS)

    with database.transaction() as session:
        message = session.scalars(select(Message)).one()
        message.next_check_at = NOW
    phones.standing["SM1"] = Standing("undelivered", "30006")
    jobs.ask_about_silent(post)

    with database.reading() as session:
        assert not service.agreed(session, "")
        assert service.agreed(session, PHONE)
    assert messages(database)[0].state == "undelivered"
