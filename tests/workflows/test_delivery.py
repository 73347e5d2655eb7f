"""What the last look before sending finds."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from outreach.db import Database
from outreach.messaging import kinds, outbox, service
from outreach.messaging.models import Message, MessageAttempt
from outreach.messaging.ports import Sms
from outreach.messaging.templates import Texts
from outreach.workflows import delivery
from outreach.workflows.delivery import Post, Prepared, Skipped
from tests import fakes
from tests.builders import NOW, VISIT_AT
from tests.workflows.conftest import LINKS, Bureau
from tests.workflows.sending import (
    agree,
    may_text,
    plan,
    prepare,
    told,
)

EVENING = NOW + timedelta(hours=11)
"""9 PM Eastern Time, after the window has closed."""


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database, phones=fakes.Phones())


def test_an_offer_leaves_as_a_text_with_its_callback(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    bureau.ask(bureau.maria)

    prepared = prepare(bureau, post)

    assert isinstance(prepared, Prepared)
    (attempt,) = bureau.session.scalars(select(MessageAttempt))
    parcel = prepared.parcel
    assert isinstance(parcel, Sms)
    assert parcel.to == bureau.maria.phone
    assert parcel.callback_url == (
        f"https://outreach.example/hooks/twilio/status/{attempt.public_id}"
    )
    # Until the window closes at 8 PM: ten hours from 10 AM.
    assert parcel.valid_for_s == 10 * 3600
    assert told(bureau)[0] == ("offer", "sms", "sending", "")


def test_a_text_is_valid_no_longer_than_its_use(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    bureau.ask(bureau.maria)
    message = bureau.session.scalars(select(Message).where(Message.channel == "sms")).one()
    message.expires_at = NOW + timedelta(seconds=90)

    prepared = prepare(bureau, post)

    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.parcel, Sms)
    assert prepared.parcel.valid_for_s == 90


def test_an_answered_offer_is_not_sent_any_more(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    offer = bureau.ask(bureau.maria)
    offer.state = "not_this_time"
    bureau.session.flush()

    assert prepare(bureau, post) is Skipped.SETTLED
    assert told(bureau)[0] == ("offer", "sms", "cancelled", "superseded")


def test_a_stop_on_the_last_moment_sends_a_mail_instead(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    agree(bureau.session, bureau.maria.phone or "", event="opt_out", speaker_id=bureau.maria.id)

    assert prepare(bureau, post) is Skipped.SETTLED
    assert told(bureau) == [
        ("offer_gone", "sms", "cancelled", "no_consent"),
        ("offer_gone", "mail", "pending", ""),
    ]


def test_a_changed_number_is_not_texted(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    bureau.maria.phone = "+13135559999"
    bureau.session.flush()

    assert prepare(bureau, post) is Skipped.SETTLED
    assert told(bureau)[0] == ("offer_gone", "sms", "cancelled", "no_consent")


def test_a_changed_address_gets_the_mail(bureau: Bureau, post: Post) -> None:
    plan(bureau, kind="offer_gone", channel="mail")
    bureau.maria.email = "new@speakers.example"
    bureau.session.flush()

    prepared = prepare(bureau, post, channel="mail")

    assert isinstance(prepared, Prepared)
    assert prepared.parcel.to == "new@speakers.example"


def test_texts_go_by_mail_where_they_are_switched_off(bureau: Bureau, database: Database) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")

    assert prepare(bureau, fakes.post(database)) is Skipped.SETTLED
    assert told(bureau)[1] == ("offer_gone", "mail", "pending", "")


def test_nobody_is_texted_without_a_row_in_the_ledger(bureau: Bureau, post: Post) -> None:
    for kind, needs in kinds.KINDS.items():
        if kinds.SMS in needs.channels and kind not in kinds.KEYWORD_REPLIES:
            plan(bureau, kind=kind, channel="sms")

    for _ in bureau.messages():
        assert prepare(bureau, post) is Skipped.SETTLED
        if not any(channel == "sms" for _, channel, state, _ in told(bureau) if state == "pending"):
            break

    assert {state for _, channel, state, _ in told(bureau) if channel == "sms"} == {"cancelled"}


def test_a_person_who_has_gone_gets_nothing(bureau: Bureau, post: Post) -> None:
    plan(bureau, kind="offer_gone", channel="mail")
    bureau.maria.archived_at = NOW
    bureau.session.flush()

    assert prepare(bureau, post, channel="mail") is Skipped.SETTLED
    assert told(bureau) == [("offer_gone", "mail", "cancelled", "no_address")]


def test_a_text_at_night_waits_for_the_morning(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms", expires_at=VISIT_AT)

    assert prepare(bureau, post, now=EVENING) is Skipped.SETTLED

    (message,) = bureau.session.scalars(select(Message))
    assert (message.state, message.reason) == ("pending", "quiet_hours")
    assert message.send_after == NOW + timedelta(hours=23)


def test_the_affiliates_own_hours_count(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    bureau.world.affiliate.quiet_from = bureau.world.affiliate.quiet_from.replace(hour=22)
    plan(bureau, kind="offer_gone", channel="sms", expires_at=VISIT_AT)

    # The law's 9 PM ends it all the same.
    assert prepare(bureau, post, now=EVENING - timedelta(minutes=1)) is not Skipped.SETTLED


def test_a_text_the_morning_is_too_late_for_goes_by_mail(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms", expires_at=NOW + timedelta(hours=22))

    assert prepare(bureau, post, now=EVENING) is Skipped.SETTLED
    assert told(bureau) == [
        ("offer_gone", "sms", "cancelled", "night"),
        ("offer_gone", "mail", "pending", ""),
    ]


def test_what_cannot_wait_leaves_at_night(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms", urgent=True, expires_at=VISIT_AT)

    prepared = prepare(bureau, post, now=EVENING)

    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.parcel, Sms)
    assert prepared.parcel.valid_for_s == delivery.LONGEST_VALIDITY_S


def test_what_is_past_its_time_is_never_sent(bureau: Bureau, post: Post) -> None:
    plan(bureau, kind="offer_gone", channel="mail", expires_at=NOW + timedelta(hours=1))

    assert prepare(bureau, post, channel="mail", now=EVENING) is Skipped.SETTLED
    assert told(bureau) == [("offer_gone", "mail", "expired", "expired")]


def test_a_text_of_three_segments_is_refused_with_the_count(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    wordy = Texts(links=LINKS, service_name="Общество " * 9)
    plan(bureau, kind="called_off", channel="sms")

    assert prepare(bureau, replace(post, texts=wordy)) is Skipped.SETTLED

    assert told(bureau)[0] == ("called_off", "sms", "failed", "too_long")
    assert told(bureau)[1] == ("called_off", "mail", "pending", "")


def test_when_the_rate_is_used_up_the_text_stays(bureau: Bureau, database: Database) -> None:
    may_text(bureau)
    post = fakes.post(database, phones=fakes.Phones(), per_second=0.1)
    plan(bureau, kind="offer_gone", channel="sms")
    plan(bureau, kind="called_off", channel="sms")

    assert isinstance(prepare(bureau, post), Prepared)
    assert prepare(bureau, post) is Skipped.WAIT
    assert [state for _, _, state, _ in told(bureau)] == ["sending", "pending"]


def test_a_cancelled_message_is_left_alone(bureau: Bureau, post: Post) -> None:
    plan(bureau, kind="offer_gone", channel="mail")
    (claimed,) = outbox.claim(bureau.session, channel="mail", now=NOW)
    service.cancel(bureau.session, subject=("visit", bureau.visit.id), now=NOW)

    assert delivery.prepare(bureau.session, claimed, post=post, now=NOW) is Skipped.SETTLED
