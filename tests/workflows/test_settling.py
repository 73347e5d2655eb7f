"""What a coordinator does about messages that went wrong."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from outreach.actor import SYSTEM
from outreach.db import Database
from outreach.errors import Conflict
from outreach.messaging import outbox
from outreach.messaging.models import Message
from outreach.messaging.ports import Accepted, Mail
from outreach.workflows import delivery, settling
from outreach.workflows.delivery import Post, Prepared, Skipped
from tests import fakes
from tests.builders import NOW
from tests.workflows.conftest import Bureau
from tests.workflows.sending import (
    book,
    calendar_of,
    conclude,
    mail_of,
    may_text,
    plan,
    prepare_kind,
    said,
    told,
)


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database, phones=fakes.Phones())


@pytest.fixture
def undelivered(bureau: Bureau, post: Post) -> Message:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    conclude(bureau, post, Accepted("SM1", "queued"))
    said(bureau, "undelivered", "30005", provider_id="SM1")
    return bureau.session.scalars(select(Message)).one()


def test_a_text_sent_once_more_is_known_by_its_new_number(
    bureau: Bureau, post: Post, undelivered: Message
) -> None:
    settling.retry(bureau.session, undelivered, by=SYSTEM, now=NOW)

    conclude(bureau, post, Accepted("SM2", "queued"))
    said(bureau, "delivered", "", provider_id="SM2")

    assert told(bureau) == [("offer_gone", "sms", "delivered", "")]
    assert (undelivered.provider_id, undelivered.provider_code) == ("SM2", "")


def test_a_text_that_arrives_late_after_all_is_not_sent_once_more(
    bureau: Bureau, undelivered: Message
) -> None:
    settling.retry(bureau.session, undelivered, by=SYSTEM, now=NOW)

    said(bureau, "delivered", "", provider_id="SM1")

    assert told(bureau) == [("offer_gone", "sms", "delivered", "")]


def test_what_is_past_its_time_is_not_sent_once_more(undelivered: Message, bureau: Bureau) -> None:
    with pytest.raises(Conflict, match="too late"):
        settling.retry(
            bureau.session,
            undelivered,
            by=SYSTEM,
            now=undelivered.expires_at + timedelta(seconds=1),
        )


def test_what_is_no_longer_so_is_not_sent_once_more(bureau: Bureau) -> None:
    about = ("visit", bureau.visit.id, bureau.visit.revision - 1)
    plan(bureau, kind="moved", channel="mail", subject=about)
    failed = bureau.session.scalars(select(Message)).one()
    failed.state = "failed"
    bureau.session.flush()

    with pytest.raises(Conflict, match="no longer so"):
        settling.retry(bureau.session, failed, by=SYSTEM, now=NOW)


def test_a_message_that_waits_is_taken_back_and_never_leaves(bureau: Bureau) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    message = bureau.session.scalars(select(Message)).one()

    settling.cancel(bureau.session, message, by=SYSTEM, now=NOW)

    assert told(bureau) == [("offer_gone", "sms", "cancelled", "taken_back")]
    assert outbox.claim(bureau.session, channel="sms", now=NOW) == []


def test_a_claimed_message_is_taken_back_before_its_call_begins(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    message = bureau.session.scalars(select(Message)).one()
    (claimed,) = outbox.claim(bureau.session, channel="sms", now=NOW)

    settling.cancel(bureau.session, message, by=SYSTEM, now=NOW)

    assert delivery.prepare(bureau.session, claimed, post=post, now=NOW) is Skipped.SETTLED


def test_a_message_whose_call_has_begun_is_not_taken_back(bureau: Bureau, post: Post) -> None:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    message = bureau.session.scalars(select(Message)).one()
    (claimed,) = outbox.claim(bureau.session, channel="sms", now=NOW)
    delivery.prepare(bureau.session, claimed, post=post, now=NOW)

    with pytest.raises(Conflict, match="on its way"):
        settling.cancel(bureau.session, message, by=SYSTEM, now=NOW)
    assert told(bureau) == [("offer_gone", "sms", "sending", "")]


def test_what_was_taken_back_already_does_not_wait_any_more(bureau: Bureau) -> None:
    plan(bureau, kind="offer_gone", channel="sms")
    message = bureau.session.scalars(select(Message)).one()
    settling.cancel(bureau.session, message, by=SYSTEM, now=NOW)

    with pytest.raises(Conflict, match="nothing to take back"):
        settling.cancel(bureau.session, message, by=SYSTEM, now=NOW)


@pytest.fixture
def sent(bureau: Bureau, post: Post) -> Message:
    may_text(bureau)
    plan(bureau, kind="offer_gone", channel="sms")
    conclude(bureau, post, Accepted("SM1", "queued"))
    return bureau.session.scalars(select(Message)).one()


def test_a_message_that_was_sent_is_sent_again_once_for_each_time_asked(
    bureau: Bureau, sent: Message
) -> None:
    settling.send_again(bureau.session, sent, copy=1, by=SYSTEM, now=NOW)
    with pytest.raises(Conflict, match="just now"):
        settling.send_again(bureau.session, sent, copy=1, by=SYSTEM, now=NOW)
    settling.send_again(bureau.session, sent, copy=2, by=SYSTEM, now=NOW)

    assert told(bureau) == [
        ("offer_gone", "sms", "accepted", ""),
        ("offer_gone", "sms", "pending", ""),
        ("offer_gone", "sms", "pending", ""),
    ]


def test_an_invite_that_is_sent_again_is_a_mail_of_its_own(bureau: Bureau, post: Post) -> None:
    book(bureau)
    first = prepare_kind(bureau, post, "invite", now=NOW)
    accept(bureau, post, first)
    invites = select(Message).where(Message.kind == "invite", Message.recipient_kind == "speaker")
    invite = bureau.session.scalars(invites).one()

    settling.send_again(bureau.session, invite, copy=1, by=SYSTEM, now=NOW)
    second = prepare_kind(bureau, post, "invite", now=NOW)
    accept(bureau, post, second)

    assert mail_of(first)["Message-ID"] != mail_of(second)["Message-ID"]
    assert calendar_of(mail_of(first)) == calendar_of(mail_of(second))
    assert [each.state for each in bureau.session.scalars(invites)] == ["accepted", "accepted"]


def accept(bureau: Bureau, post: Post, prepared: Prepared | Skipped | None) -> None:
    """Let the mail server take a mail."""
    assert isinstance(prepared, Prepared)
    assert isinstance(prepared.parcel, Mail)
    result = Accepted(prepared.parcel.message_id)
    delivery.conclude(bureau.session, prepared, result, post=post, now=NOW)


def test_after_five_copies_somebody_should_call(bureau: Bureau, sent: Message) -> None:
    for copy in range(1, settling.MOST_COPIES + 1):
        settling.send_again(bureau.session, sent, copy=copy, by=SYSTEM, now=NOW)

    with pytest.raises(Conflict, match="call the person"):
        settling.send_again(bureau.session, sent, copy=6, by=SYSTEM, now=NOW)


def test_what_is_past_its_time_is_not_sent_again(bureau: Bureau, sent: Message) -> None:
    with pytest.raises(Conflict, match="too late"):
        settling.send_again(bureau.session, sent, copy=1, by=SYSTEM, now=sent.expires_at)


def test_what_is_no_longer_so_is_not_sent_again(bureau: Bureau, sent: Message) -> None:
    sent.kind = "offer"  # about no offer that is open
    sent.subject_id = 0

    with pytest.raises(Conflict, match="no longer so"):
        settling.send_again(bureau.session, sent, copy=1, by=SYSTEM, now=NOW)


def test_what_may_have_arrived_is_not_sent_again(bureau: Bureau, sent: Message) -> None:
    sent.state = "unknown"

    with pytest.raises(Conflict, match="was sent"):
        settling.send_again(bureau.session, sent, copy=1, by=SYSTEM, now=NOW)


def test_an_answer_to_a_text_is_not_sent_again(bureau: Bureau, sent: Message) -> None:
    sent.kind = "help_reply"

    with pytest.raises(Conflict, match="answer"):
        settling.send_again(bureau.session, sent, copy=1, by=SYSTEM, now=NOW)
