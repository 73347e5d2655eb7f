"""Mails that come in: bounces count only for mails of ours, and people's words reach a person."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from outreach.actor import SYSTEM
from outreach.db import Database
from outreach.messaging import mail_trouble
from outreach.messaging.inbox import Sort
from outreach.messaging.models import InboundMail, MailAddressTrouble, Message
from outreach.messaging.ports import Accepted
from outreach.workflows import delivery, inbound_mail, settling
from outreach.workflows.delivery import Post, Skipped
from outreach.workflows.inbound_mail import Filed
from tests import builders, fakes
from tests.builders import NOW
from tests.messaging import mails
from tests.workflows.conftest import Bureau
from tests.workflows.sending import plan, prepare

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def post(database: Database) -> Post:
    return fakes.post(database)


def take(bureau: Bureau, raw: bytes) -> Filed:
    return inbound_mail.process_inbound(bureau.session, raw, now=LATER)


def send(bureau: Bureau, post: Post) -> Message:
    """Let a mail to Maria be taken by a server."""
    plan(bureau, kind="offer_gone", channel="mail")
    prepared = prepare(bureau, post, channel="mail")
    assert not isinstance(prepared, Skipped)
    result = Accepted(prepared.parcel.message_id)  # type: ignore[union-attr] # a mail
    delivery.conclude(bureau.session, prepared, result, post=post, now=NOW)
    return fresh(bureau)


def fresh(bureau: Bureau) -> Message:
    newest = select(Message).order_by(Message.id.desc()).limit(1)
    return bureau.session.scalars(newest.execution_options(populate_existing=True)).one()


def bounce(bureau: Bureau, message: Message, **changes: str) -> bytes:
    given = {"to": bureau.maria.email, "message_id": message.provider_id or ""}
    return mails.bounce(**given | changes)


def only(bureau: Bureau) -> InboundMail:
    return bureau.session.scalars(select(InboundMail)).one()


# --- bounces


def test_a_bounce_settles_the_mail_and_marks_the_address(bureau: Bureau, post: Post) -> None:
    message = send(bureau, post)

    filed = take(bureau, bounce(bureau, message))

    message = fresh(bureau)
    assert filed == Filed(Sort.BOUNCE, is_new=True, bounced=1)
    assert (message.state, message.reason, message.provider_code) == (
        "undelivered",
        "bad_address",
        "5.1.1",
    )
    assert mail_trouble.stands(bureau.session, bureau.maria.email)
    kept = only(bureau)
    assert (kept.about_id, kept.subject, kept.body, kept.settled_at) == (message.id, "", "", LATER)


def test_the_same_bounce_again_changes_nothing(bureau: Bureau, post: Post) -> None:
    message = send(bureau, post)
    raw = bounce(bureau, message)
    take(bureau, raw)
    mail_trouble.clear(bureau.session, bureau.maria.email, now=LATER)

    assert take(bureau, raw) == Filed(Sort.BOUNCE, is_new=False)
    assert take(bureau, raw.replace(b"<b1@", b"<b2@")).bounced == 0
    assert not mail_trouble.stands(bureau.session, bureau.maria.email)


@pytest.mark.parametrize(
    "changes",
    [
        {"message_id": "<made-up@outreach.example>"},
        {"to": "joy@hill.example"},
        {"action": "delayed", "status": "4.4.1"},
        {"action": "failed", "status": "4.2.2"},
        {"action": "delivered", "status": "2.0.0"},
    ],
    ids=["an id we never sent", "another recipient", "delayed", "not for good", "delivered"],
)
def test_what_is_no_final_failure_of_a_mail_of_ours_is_filed_and_no_more(
    bureau: Bureau, post: Post, changes: dict[str, str]
) -> None:
    message = send(bureau, post)

    filed = take(bureau, bounce(bureau, message, **changes))

    assert filed == Filed(Sort.BOUNCE, is_new=True)
    assert fresh(bureau).state == "accepted"
    assert bureau.session.scalars(select(MailAddressTrouble)).all() == []


def test_a_full_mailbox_is_called_that(bureau: Bureau, post: Post) -> None:
    take(bureau, bounce(bureau, send(bureau, post), status="5.2.2"))

    assert fresh(bureau).reason == "mailbox_full"
    assert mail_trouble.stands(bureau.session, bureau.maria.email)


def test_a_mail_refused_for_what_it_says_does_not_mark_the_address(
    bureau: Bureau, post: Post
) -> None:
    take(bureau, bounce(bureau, send(bureau, post), status="5.7.1"))

    assert (fresh(bureau).state, fresh(bureau).reason) == ("undelivered", "5.7.1")
    assert not mail_trouble.stands(bureau.session, bureau.maria.email)


@pytest.mark.parametrize("make", [mails.exim, mails.qmail])
def test_plain_bounces_of_common_servers_count_as_well(
    bureau: Bureau, post: Post, make: mails.Made
) -> None:
    message = send(bureau, post)

    assert take(bureau, make(bureau.maria.email, message.provider_id or "")).bounced == 1
    assert fresh(bureau).state == "undelivered"


# --- marked addresses


def test_a_marked_address_gets_no_mail_until_it_is_changed(bureau: Bureau, post: Post) -> None:
    take(bureau, bounce(bureau, send(bureau, post)))
    plan(bureau, kind="offer_gone", channel="mail", subject=("visit", bureau.visit.id, 2))

    assert prepare(bureau, post, channel="mail") is Skipped.SETTLED
    assert (fresh(bureau).state, fresh(bureau).reason) == ("failed", "bad_address")

    bureau.maria.email = "maria.new@hill.example"
    settling.retry(bureau.session, fresh(bureau), by=SYSTEM, now=NOW)
    assert not isinstance(prepare(bureau, post, channel="mail"), Skipped)


def test_a_coordinator_says_that_an_address_works_again(bureau: Bureau, post: Post) -> None:
    message = send(bureau, post)
    take(bureau, bounce(bureau, message))

    settling.address_works(bureau.session, message, by=SYSTEM, now=LATER)

    assert not mail_trouble.stands(bureau.session, bureau.maria.email)


# --- everything else


def test_what_a_speaker_writes_waits_for_their_coordinator(bureau: Bureau) -> None:
    filed = take(bureau, mails.written(sender=bureau.maria.email))

    kept = only(bureau)
    assert filed == Filed(Sort.PERSON, is_new=True)
    assert (kept.speaker_id, kept.affiliate_id) == (bureau.maria.id, bureau.world.affiliate.id)
    assert (kept.subject, kept.body, kept.settled_at) == (
        "Which door?",
        "Is it the blue one?",
        None,
    )


def test_an_answer_from_another_address_reaches_the_bureau_that_wrote(
    bureau: Bureau, post: Post
) -> None:
    message = send(bureau, post)

    take(bureau, mails.written(sender="x@else.example", answers=message.provider_id or ""))

    assert (only(bureau).affiliate_id, only(bureau).speaker_id) == (bureau.world.affiliate.id, None)


def test_a_mail_from_nobody_we_know_reaches_the_only_bureau(bureau: Bureau) -> None:
    builders.coordinator(bureau.session, bureau.world.affiliate)

    take(bureau, mails.written(sender="x@else.example"))

    assert only(bureau).affiliate_id == bureau.world.affiliate.id


def test_an_automatic_answer_is_filed_in_silence_and_nothing_is_answered(bureau: Bureau) -> None:
    before = bureau.messages()

    filed = take(
        bureau, mails.written(sender=bureau.maria.email, more="Auto-Submitted: auto-replied\n")
    )

    assert filed.sort is Sort.AUTOMATIC
    assert (only(bureau).settled_at, only(bureau).body) == (LATER, "")
    assert bureau.messages() == before


def test_a_calendars_answer_waits_for_a_coordinator(bureau: Bureau) -> None:
    filed = take(bureau, mails.calendar_reply(sender=bureau.maria.email))

    assert filed.sort is Sort.CALENDAR
    assert only(bureau).settled_at is None
