"""The whole way with the real client, against a Twilio that fails and workers that die."""

import os
import signal
from collections import Counter
from collections.abc import Sequence
from datetime import datetime

import pytest
from time_machine import Traveller

from outreach import jobs
from outreach.db import Database
from outreach.messaging.ports import Result, Seen, Sms, SmsGateway, Standing
from tests import fakes
from tests.jobs.working import plan, run_for, states, through_twilio
from tests.twilio_standin import Fault, TwilioStandIn


@pytest.mark.parametrize(
    "fault", [Fault.ERROR_AFTER_ACCEPT, Fault.DROP_AFTER_ACCEPT, Fault.GARBLED]
)
def test_a_text_taken_before_the_trouble_is_found_and_not_doubled(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller, fault: Fault
) -> None:
    plan(database, speaker_id)
    post = through_twilio(database, twilio)
    twilio.faults.append(fault)

    jobs.deliver_due(post, channel="sms")
    assert states(database) == {"unknown": 1}
    run_for(post, at_ten, minutes=5)

    assert len(twilio.taken) == 1
    assert states(database) == {"accepted": 1}


def test_a_text_that_got_lost_is_sent_again_after_two_clean_looks(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    post = through_twilio(database, twilio)
    twilio.faults.append(Fault.ERROR_BEFORE_ACCEPT)

    jobs.deliver_due(post, channel="sms")
    run_for(post, at_ten, minutes=1)
    assert len(twilio.taken) == 0
    run_for(post, at_ten, minutes=2)

    assert len(twilio.taken) == 1
    assert states(database) == {"accepted": 1}


def test_while_the_list_is_away_a_doubt_stays_a_doubt(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller
) -> None:
    plan(database, speaker_id)
    post = through_twilio(database, twilio)
    twilio.faults.append(Fault.DROP_AFTER_ACCEPT)
    twilio.list_fails = True

    jobs.deliver_due(post, channel="sms")
    run_for(post, at_ten, minutes=10)

    assert len(twilio.taken) == 1
    assert states(database) == {"unknown": 1}


def test_the_naive_way_would_double_it(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller
) -> None:
    """Without the lookup the same trouble sends a second text: the tests above prove something."""
    plan(database, speaker_id)
    post = through_twilio(database, twilio)
    twilio.faults.append(Fault.DROP_AFTER_ACCEPT)
    twilio.list_shows_nothing = True

    jobs.deliver_due(post, channel="sms")
    run_for(post, at_ten, minutes=5)

    assert len(twilio.taken) == 2


def test_without_texts_there_is_nothing_to_look_up(database: Database) -> None:
    assert jobs.look_up_doubts(fakes.post(database)) == 0


class Fatal:
    """Kills its own process in the middle of a call."""

    def __init__(self, real: SmsGateway, moment: str) -> None:
        self._real, self._moment = real, moment

    def send(self, sms: Sms) -> Result:
        if self._moment == "after":
            self._real.send(sms)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("alive")

    def sent_to(self, phone: str, *, since: datetime) -> Sequence[Seen]:
        return self._real.sent_to(phone, since=since)

    def status(self, provider_id: str) -> Standing | None:
        return self._real.status(provider_id)

    def redact(self, provider_id: str) -> bool:
        return self._real.redact(provider_id)


def work_in_a_process_that_dies(database: Database, twilio: TwilioStandIn, moment: str) -> None:
    """Let a child of ours begin to send, with a database of its own, until it is killed."""
    child = os.fork()
    if child == 0:
        url = database.url.render_as_string(hide_password=False)
        own = Database(url, audit_key=b"a key for tests")
        real = through_twilio(own, twilio).sms
        assert real is not None
        jobs.deliver_due(fakes.post(own, phones=Fatal(real, moment)), channel="sms")
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # the stand-in is a thread
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_killed_in_its_call_loses_and_doubles_nothing(
    database: Database, speaker_id: int, twilio: TwilioStandIn, at_ten: Traveller, moment: str
) -> None:
    plan(database, speaker_id, count=3)

    work_in_a_process_that_dies(database, twilio, moment)
    assert states(database) == {"sending": 1, "claimed": 2}
    run_for(through_twilio(database, twilio), at_ten, minutes=8)

    assert Counter(Counter(taken.body for taken in twilio.taken).values()) == {1: 3}
    assert states(database) == {"accepted": 3}
