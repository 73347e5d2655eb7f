"""The worker's rounds at the mailbox, and what is forgotten of the mail that came in."""

import threading
from collections.abc import Callable
from datetime import timedelta
from multiprocessing.pool import ThreadPool

import pytest
from sqlalchemy import select
from time_machine import Traveller

from outreach import mail_jobs
from outreach.db import Database
from outreach.messaging import mail_rounds
from outreach.messaging.models import InboundMail, MailboxRound
from outreach.messaging.ports import CouldNotLook
from outreach.workflows import inbound_mail
from tests import builders, fakes
from tests.builders import NOW
from tests.messaging import mails

MAIL = mails.written(sender="x@else.example")
EVERY_S = 60.0


class Mailbox:
    """Holds mails until they are taken."""

    name = "visits@mail.example/INBOX"

    def __init__(self, *waiting: bytes) -> None:
        self.waiting = list(waiting)
        self.rounds = 0
        self.trouble = ""

    def fetch(self, take: Callable[[bytes], bool], *, stopping: Callable[[], bool]) -> int:
        """Hand over what waits."""
        del stopping
        self.rounds += 1
        if self.trouble:
            raise CouldNotLook(self.trouble)
        taken = [raw for raw in self.waiting if take(raw)]
        self.waiting = [raw for raw in self.waiting if raw not in taken]
        return len(taken)


@pytest.fixture(autouse=True)
def at_ten(time_machine: Traveller) -> Traveller:
    """Stand still on Monday, 10 AM Eastern Time."""
    time_machine.move_to(NOW, tick=False)
    return time_machine


def fetch(database: Database, mailbox: Mailbox) -> int:
    return mail_jobs.fetch_mail(database, mailbox, links=fakes.LINKS, every_s=EVERY_S)


def kept(database: Database) -> list[InboundMail]:
    with database.reading() as session:
        return list(session.scalars(select(InboundMail).order_by(InboundMail.id)))


def round_of(database: Database) -> MailboxRound:
    with database.reading() as session:
        return session.scalars(select(MailboxRound)).one()


def test_what_waits_is_filed_and_the_mailbox_left_alone_for_a_minute(
    database: Database, at_ten: Traveller
) -> None:
    mailbox = Mailbox(MAIL)

    assert fetch(database, mailbox) == 1
    at_ten.shift(timedelta(seconds=EVERY_S - 1))
    fetch(database, mailbox)
    early = mailbox.rounds
    at_ten.shift(timedelta(seconds=1))
    fetch(database, mailbox)

    assert (early, mailbox.rounds) == (1, 2)
    assert [mail.body for mail in kept(database)] == ["Is it the blue one?"]
    assert round_of(database).read_at == NOW + timedelta(seconds=EVERY_S)


@pytest.mark.both_engines
def test_of_four_workers_one_fetches(database: Database) -> None:
    mailbox = Mailbox(MAIL)
    gate = threading.Barrier(4)

    def one(_number: int) -> int:
        gate.wait(timeout=30)
        return fetch(database, mailbox)

    with ThreadPool(4) as pool:
        counts = pool.map(one, range(4))

    assert (sorted(counts), mailbox.rounds) == ([0, 0, 0, 1], 1)


def test_a_worker_that_died_in_its_round_is_followed_by_another(
    database: Database, at_ten: Traveller
) -> None:
    mailbox = Mailbox(MAIL)
    with database.transaction() as session:
        mail_rounds.take(session, mailbox=mailbox.name, now=NOW)

    at_ten.shift(mail_rounds.LONGEST - timedelta(seconds=1))
    early = fetch(database, mailbox)
    at_ten.shift(timedelta(seconds=1))

    assert (early, fetch(database, mailbox)) == (0, 1)


def test_a_server_that_refuses_us_is_asked_again_after_five_minutes(
    database: Database, at_ten: Traveller
) -> None:
    mailbox = Mailbox(MAIL)
    mailbox.trouble = "sign-in"

    fetch(database, mailbox)
    told = round_of(database)
    at_ten.shift(mail_jobs.AFTER_TROUBLE - timedelta(seconds=1))
    fetch(database, mailbox)
    mailbox.trouble = ""
    at_ten.shift(timedelta(seconds=1))

    assert (told.trouble, told.read_at, mailbox.rounds) == ("sign-in", None, 1)
    assert fetch(database, mailbox) == 1
    assert round_of(database).trouble == ""


def test_a_mail_that_cannot_be_filed_stays_there_and_the_next_is_filed(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = inbound_mail.process_inbound

    def fails_once(*given: object, **more: object) -> object:
        if b"<w1@" in given[1]:  # type: ignore[operator] # the bytes
            raise RuntimeError
        return file(*given, **more)  # type: ignore[arg-type] # as they came

    monkeypatch.setattr(inbound_mail, "process_inbound", fails_once)
    mailbox = Mailbox(MAIL, MAIL.replace(b"<w1@", b"<w2@"))

    assert fetch(database, mailbox) == 1
    assert mailbox.waiting == [MAIL]
    assert [mail.message_key for mail in kept(database)] == ["<w2@hill.example>"]


def test_without_a_mailbox_there_is_nothing_to_do(database: Database) -> None:
    assert mail_jobs.fetch_mail(database, None, links=fakes.LINKS, every_s=EVERY_S) == 0


@pytest.mark.both_engines
def test_ninety_days_after_it_was_settled_a_mail_is_emptied(
    database: Database, at_ten: Traveller
) -> None:
    with database.transaction() as session:
        here = builders.affiliate(session)
        builders.inbound_mail(session, here, body="settled").settled_at = NOW
        builders.inbound_mail(session, here, body="waits")

    at_ten.shift(timedelta(days=90))
    early = mail_jobs.redact_mail(database, keep_days=90)
    at_ten.shift(timedelta(seconds=1))
    late = mail_jobs.redact_mail(database, keep_days=90)

    settled, waits = kept(database)
    assert (early, late, mail_jobs.redact_mail(database, keep_days=90)) == (0, 1, 0)
    assert (settled.subject, settled.body, settled.from_address) == ("", "", "")
    assert settled.redacted_at == NOW + timedelta(days=90, seconds=1)
    assert (waits.body, waits.redacted_at) == ("waits", None)
