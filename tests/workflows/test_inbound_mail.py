"""Mails that come in: bounces count only for mails of ours, and people's words reach a person."""

import threading
from datetime import timedelta
from multiprocessing.pool import ThreadPool

import pytest
from sqlalchemy import select

from outreach import db
from outreach.actor import SYSTEM
from outreach.db import Database
from outreach.messaging import mail_trouble
from outreach.messaging.inbox import Sort
from outreach.messaging.models import InboundMail, MailAddressTrouble, Message, MessageAttempt
from outreach.messaging.ports import Accepted, Mail
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
    return inbound_mail.process_inbound(bureau.session, raw, links=fakes.LINKS, now=LATER)


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
    given = {"to": bureau.maria.email, "attempt": attempt_of(bureau, message)}
    return mails.bounce(**given | changes)


def attempt_of(bureau: Bureau, message: Message) -> str:
    """Return what the header of a mail said that was sent last."""
    newest = select(MessageAttempt.public_id).where(MessageAttempt.message_id == message.id)
    return bureau.session.scalars(newest.order_by(MessageAttempt.number.desc())).first() or ""


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
        {"attempt": "made-up-0123456789"},
        {"to": "joy@hill.example"},
        {"action": "delayed", "status": "4.4.1"},
        {"action": "failed", "status": "4.2.2"},
        {"action": "delivered", "status": "2.0.0"},
    ],
    ids=["an attempt that never was", "another recipient", "delayed", "not for good", "delivered"],
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


@pytest.mark.parametrize(
    "make", [mails.exim, mails.qmail, mails.exchange, mails.gmail, mails.postfix]
)
def test_bounces_of_common_servers_count(bureau: Bureau, post: Post, make: mails.Made) -> None:
    message = send(bureau, post)

    assert take(bureau, make(bureau.maria.email, attempt_of(bureau, message))).bounced == 1
    assert fresh(bureau).state == "undelivered"


def test_a_mail_as_it_left_comes_back_and_is_known_again(bureau: Bureau, post: Post) -> None:
    plan(bureau, kind="offer_gone", channel="mail")
    prepared = prepare(bureau, post, channel="mail")
    assert not isinstance(prepared, Skipped)
    assert isinstance(prepared.parcel, Mail)
    delivery.conclude(
        bureau.session, prepared, Accepted(prepared.parcel.message_id), post=post, now=NOW
    )

    filed = take(bureau, mails.returning(prepared.parcel.raw, to=bureau.maria.email))

    assert (filed.bounced, fresh(bureau).state) == (1, "undelivered")


def test_who_read_a_mail_at_the_old_address_cannot_speak_for_the_new_one(
    bureau: Bureau, post: Post
) -> None:
    message = send(bureau, post)
    old = attempt_of(bureau, message)
    take(bureau, bounce(bureau, message))
    bureau.maria.email = "maria.new@hill.example"
    settling.retry(bureau.session, message, by=SYSTEM, now=NOW)
    prepared = prepare(bureau, post, channel="mail")
    assert not isinstance(prepared, Skipped)
    taken = Accepted(prepared.parcel.message_id)  # type: ignore[union-attr] # a mail
    delivery.conclude(bureau.session, prepared, taken, post=post, now=NOW)

    forged = take(bureau, mails.bounce(to="maria.new@hill.example", attempt=old, own="b2"))

    assert (forged.bounced, fresh(bureau).state) == (0, "accepted")
    assert not mail_trouble.stands(bureau.session, "maria.new@hill.example")


def test_who_got_a_mail_can_speak_for_no_address_but_their_own(bureau: Bureau, post: Post) -> None:
    message = send(bureau, post)

    forged = take(bureau, bounce(bureau, message, to="daniel.okafor@speakers.example"))

    assert forged.bounced == 0
    assert bureau.session.scalars(select(MailAddressTrouble)).all() == []


def test_who_got_only_an_answer_to_a_mail_knows_too_little_to_forge(
    bureau: Bureau, post: Post
) -> None:
    message = send(bureau, post)

    forged = take(bureau, bounce(bureau, message, attempt=(message.provider_id or "").strip("<>")))

    assert (forged.bounced, fresh(bureau).state) == (0, "accepted")


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


def test_a_stranger_reaches_the_bureau_that_was_there_first(bureau: Bureau) -> None:
    builders.coordinator(bureau.session, bureau.world.affiliate)
    builders.coordinator(bureau.session, builders.affiliate(bureau.session, name="Other"))

    take(bureau, mails.written(sender="x@else.example"))

    assert only(bureau).affiliate_id == bureau.world.affiliate.id


def test_what_a_speaker_writes_through_a_list_is_not_lost(bureau: Bureau) -> None:
    listed = "List-Id: <peers.example>\nPrecedence: list\nReturn-Path: <>\n"

    take(bureau, mails.written(sender=bureau.maria.email, more=listed))

    assert (only(bureau).body, only(bureau).settled_at) == ("Is it the blue one?", None)


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


@pytest.mark.both_engines
def test_a_mail_that_comes_twice_at_the_same_moment_is_filed_once(database: Database) -> None:
    gate = threading.Barrier(4)

    def take_one(_number: int) -> Filed:
        gate.wait(timeout=30)
        return take_apart(database, mails.written(sender="x@else.example"))

    with ThreadPool(4) as pool:
        filed = pool.map(take_one, range(4))

    assert sorted(f.is_new for f in filed) == [False, False, False, True]
    with database.reading() as session:
        assert len(session.scalars(select(InboundMail)).all()) == 1


@db.retrying
def take_apart(database: Database, raw: bytes) -> Filed:
    with database.transaction() as session:
        return inbound_mail.process_inbound(session, raw, links=fakes.LINKS, now=LATER)
