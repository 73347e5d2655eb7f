"""What is away for a while: the provider, the database, room on the disk. Nothing is lost by it."""

import resource
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs
from time_machine import Traveller

from outreach import jobs
from outreach.adapters.smtp_mail import SmtpMail
from outreach.db import Database
from outreach.messaging import rules
from outreach.messaging.ports import Ambiguous, CouldNotLook, Result, Seen, Sms
from outreach.workflows.delivery import Prepared
from tests import fakes
from tests.fakes import Phones
from tests.jobs.working import plan, run_for, states, through_twilio
from tests.postgres import OTHERS_OUT
from tests.twilio_standin import Fault, TwilioStandIn

TEXTS = 3
"""Few, so that each has its turn again and again while nothing works."""


def test_an_hour_without_the_provider_loses_and_doubles_nothing(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller
) -> None:
    plan(database, speaker_id, count=TEXTS)
    away = through_twilio(database, TwilioStandIn(url="http://127.0.0.1:9"))

    with capture_logs():
        run_for(away, at_ten, minutes=60)

    assert states(database) == {"pending": TEXTS}
    run_for(through_twilio(database, twilio), at_ten, minutes=16)
    assert states(database) == {"accepted": TEXTS}
    assert len({text.body for text in twilio.taken}) == len(twilio.taken) == TEXTS


@pytest.mark.parametrize(
    ("fault", "list_fails"),
    [
        (Fault.TOO_MANY, False),
        (Fault.ERROR_BEFORE_ACCEPT, False),
        (Fault.ERROR_BEFORE_ACCEPT, True),
        (Fault.ERROR_AFTER_ACCEPT, True),
    ],
)
def test_an_hour_of_errors_loses_and_doubles_nothing(
    database: Database,
    speaker_id: int,
    twilio: TwilioStandIn,
    at_ten: Traveller,
    *,
    fault: Fault,
    list_fails: bool,
) -> None:
    plan(database, speaker_id, count=TEXTS)
    post = through_twilio(database, twilio)
    twilio.shares, twilio.list_fails = {fault: 1.0}, list_fails
    with capture_logs():
        run_for(post, at_ten, minutes=60)

    twilio.shares, twilio.list_fails = {}, False
    run_for(post, at_ten, minutes=20)

    assert states(database) == {"accepted": TEXTS}
    assert len({text.body for text in twilio.taken}) == len(twilio.taken) == TEXTS


def test_a_text_that_alone_never_gets_through_is_given_up(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    class Choosy(Phones):
        never = ""

        def send(self, sms: Sms) -> Result:
            self.never = self.never or sms.body
            return Ambiguous("20500") if sms.body == self.never else super().send(sms)

    plan(database, speaker_id, count=TEXTS)

    with capture_logs():
        run_for(fakes.post(database, phones=Choosy()), at_ten, minutes=60)

    assert states(database) == {"accepted": TEXTS - 1, "dead": 1}


def test_all_texts_in_doubt_are_looked_up_in_one_tick(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller
) -> None:
    plan(database, speaker_id, count=45)
    post = through_twilio(database, twilio)
    twilio.shares = {Fault.ERROR_AFTER_ACCEPT: 1.0}
    with capture_logs():
        jobs.deliver_due(post, channel="sms")
    assert states(database) == {"unknown": 45}
    at_ten.shift(rules.SETTLE)

    assert jobs.look_up_doubts(post) == 45

    assert states(database) == {"accepted": 45}


def test_a_provider_that_shows_no_list_is_asked_once_a_tick(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    class Away(Phones):
        looks = 0

        def sent_to(self, phone: str, *, since: datetime) -> Sequence[Seen]:
            self.looks += 1
            raise CouldNotLook(f"{phone} {since}")

    plan(database, speaker_id, count=45)
    phones = Away()
    phones.results.extend([Ambiguous("20500")] * 45)
    post = fakes.post(database, phones=phones)
    jobs.deliver_due(post, channel="sms")
    at_ten.shift(rules.SETTLE)

    with capture_logs():
        assert jobs.look_up_doubts(post) == 0

    assert phones.looks == 1
    assert states(database) == {"unknown": 45}


def test_an_hour_without_the_mail_server_loses_nothing(
    database: Database, speaker_id: int, at_ten: Traveller
) -> None:
    plan(database, speaker_id, count=TEXTS, channel="mail")
    mailboxes = fakes.Mailboxes()
    post = fakes.post(database, mailboxes=mailboxes)
    nobody_listens = SmtpMail(host="127.0.0.1", port=9, sender="visits@outreach.example")

    with capture_logs():
        run_for(replace(post, mail=nobody_listens), at_ten, minutes=60)
    run_for(post, at_ten, minutes=16)

    assert states(database) == {"accepted": TEXTS}
    assert len(mailboxes.sent) == TEXTS


@pytest.mark.both_engines
def test_a_full_disk_before_the_call_sends_nothing_and_loses_nothing(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller
) -> None:
    plan(database, speaker_id, count=TEXTS)
    post = through_twilio(database, twilio)
    batch = jobs._claim(post, channel="sms")

    with capture_logs(), full_disk(database), pytest.raises(OperationalError):
        jobs._deliver(post, batch, stopping=lambda: False)

    assert twilio.calls == 0
    run_for(post, at_ten, minutes=5)
    assert states(database) == {"accepted": TEXTS}
    assert len(twilio.taken) == TEXTS


@pytest.mark.both_engines
def test_a_disk_that_fills_during_the_call_loses_and_doubles_nothing(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller
) -> None:
    plan(database, speaker_id, count=TEXTS)
    post = through_twilio(database, twilio)
    (claimed, *_) = jobs._claim(post, channel="sms")
    prepared = jobs._prepared(post, claimed)
    assert isinstance(prepared, Prepared)

    with full_disk(database), pytest.raises(OperationalError):
        jobs._send(post, prepared)

    assert len(twilio.taken) == 1
    run_for(post, at_ten, minutes=10)
    assert states(database) == {"accepted": TEXTS}
    assert len(twilio.taken) == TEXTS


@pytest.mark.only("postgresql")
def test_connections_that_are_cut_during_a_call_lose_and_double_nothing(
    database: Database, speaker_id: int
) -> None:
    plan(database, speaker_id, count=TEXTS)
    phones = Phones()

    def cut(_: Sms) -> None:
        with database.writer.connect() as connection:
            connection.exec_driver_sql(OTHERS_OUT)

    phones.before_answer = cut

    with capture_logs():
        jobs.deliver_due(fakes.post(database, phones=phones), channel="sms")

    assert states(database) == {"accepted": TEXTS}
    assert len(phones.sent) == TEXTS


@contextmanager
def full_disk(database: Database) -> Iterator[None]:
    """Let nothing more be written: no byte of a file, or the error PostgreSQL has for it."""
    if database.is_sqlite:
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        return
    with database.writer.begin() as connection:
        connection.exec_driver_sql(FULL)
    try:
        yield
    finally:
        with database.writer.begin() as connection:
            connection.exec_driver_sql("DROP FUNCTION full_disk CASCADE")


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$;
CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON message EXECUTE FUNCTION full_disk();
CREATE TRIGGER full_disk BEFORE INSERT OR UPDATE ON message_attempt EXECUTE FUNCTION full_disk();
"""
