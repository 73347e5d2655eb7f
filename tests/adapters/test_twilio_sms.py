import logging
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from twilio.rest import Client
from twilio.rest.api.v2010.account.message import MessageInstance

from outreach.adapters.twilio_sms import TwilioSignature, TwilioSms
from outreach.messaging.ports import (
    Accepted,
    Ambiguous,
    CouldNotLook,
    Rejected,
    Result,
    Retry,
    Sms,
    Standing,
)
from tests import twilio_standin
from tests.twilio_standin import ACCOUNT, NUMBER, TOKEN, Fault, TwilioStandIn

MARIA = "+13135550101"
SINCE = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
TEXT = Sms(
    to=MARIA,
    body="Outreach: ¿puede ir el mié 2?",
    kind="offer",
    callback_url="https://outreach.example/hooks/twilio/status/abc",
    valid_for_s=3600,
)


@pytest.fixture
def twilio() -> Iterator[TwilioStandIn]:
    with twilio_standin.running() as standin:
        yield standin


def gateway(url: str) -> TwilioSms:
    return TwilioSms(account_sid=ACCOUNT, auth_token=TOKEN, sender=NUMBER, base_url=url)


def test_a_text_arrives_with_its_callback_and_its_validity(twilio: TwilioStandIn) -> None:
    result = gateway(twilio.url).send(TEXT)

    (taken,) = twilio.taken
    assert result == Accepted(taken.sid, status="queued")
    assert (taken.to, taken.sender, taken.body) == (MARIA, NUMBER, TEXT.body)
    assert (taken.callback, taken.validity_s) == (TEXT.callback_url, 3600)


def test_what_the_stand_in_answers_is_what_the_real_client_reads(twilio: TwilioStandIn) -> None:
    class Watched(dict[str, object]):
        read: ClassVar[set[str]] = set()

        def get(self, key: str, default: object = None) -> object:
            self.read.add(key)
            return super().get(key, default)

    gateway(twilio.url).send(TEXT)
    resource = Watched(twilio.taken[0].resource())

    shown = MessageInstance(Client(ACCOUNT, TOKEN).api.v2010, resource, ACCOUNT)

    assert set(resource) == resource.read
    assert (shown.sid, shown.to, shown.body) == (twilio.taken[0].sid, MARIA, TEXT.body)
    assert shown.date_created == twilio.taken[0].at.replace(microsecond=0)
    assert shown.status in vars(MessageInstance.Status).values()


def test_a_messaging_service_sends_without_a_number_of_ours(twilio: TwilioStandIn) -> None:
    service = TwilioSms(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        sender=NUMBER,
        messaging_service_sid="MG" + "1" * 32,
        base_url=twilio.url,
    )

    service.send(TEXT)

    assert twilio.taken[0].sender == ""


@pytest.mark.parametrize(
    ("fault", "result", "taken"),
    [
        (Fault.TOO_MANY, Retry("20429"), 0),
        (Fault.ERROR_AFTER_ACCEPT, Ambiguous("20500"), 1),
        (Fault.ERROR_BEFORE_ACCEPT, Ambiguous("20500"), 0),
        (Fault.DROP_AFTER_ACCEPT, Ambiguous("connection"), 1),
        (Fault.GARBLED, Ambiguous("unreadable"), 1),
        (Fault.BAD_CREDENTIALS, Rejected("20003"), 0),
        (Fault.BAD_NUMBER, Rejected("21211"), 0),
        (Fault.OPTED_OUT, Rejected("21610"), 0),
    ],
)
def test_what_goes_wrong_is_never_tried_twice_by_the_client(
    twilio: TwilioStandIn, fault: Fault, result: Result, taken: int
) -> None:
    twilio.faults.append(fault)

    assert gateway(twilio.url).send(TEXT) == result
    assert (twilio.calls, len(twilio.taken)) == (1, taken)


def test_a_refused_connection_was_surely_no_message() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]

    assert gateway(f"http://127.0.0.1:{port}").send(TEXT) == Retry("unreachable")


def test_the_list_shows_what_was_taken_for_a_number(twilio: TwilioStandIn) -> None:
    sms = gateway(twilio.url)
    twilio.now = SINCE - timedelta(seconds=1)
    sms.send(TEXT)
    twilio.now = SINCE + timedelta(seconds=1)
    sms.send(TEXT)
    twilio.taken[1].status = "delivered"

    (seen,) = sms.sent_to(MARIA, since=SINCE)

    assert (seen.provider_id, seen.body) == (twilio.taken[1].sid, TEXT.body)
    assert (seen.status, seen.code, seen.created_at) == ("delivered", "", twilio.now)
    assert sms.sent_to("+13135550199", since=SINCE) == []


def test_a_list_that_fails_says_so(twilio: TwilioStandIn) -> None:
    twilio.list_fails = True

    with pytest.raises(CouldNotLook):
        gateway(twilio.url).sent_to(MARIA, since=SINCE)


def test_no_telephone_number_is_logged(
    twilio: TwilioStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("twilio.http_client").setLevel(logging.WARNING)

    with caplog.at_level(logging.INFO):
        gateway(twilio.url).send(TEXT)
        gateway(twilio.url).sent_to(MARIA, since=SINCE)

    assert MARIA[1:] not in caplog.text


def test_a_signature_is_checked_over_address_and_form() -> None:
    check = TwilioSignature(TOKEN)
    url, form = "https://outreach.example/hooks/twilio/inbound", {"Body": "YES", "From": MARIA}
    good = twilio_standin.signature(url, form)

    assert check(url=url, form=form, signature=good)
    assert not check(url=url, form=form | {"Body": "NO"}, signature=good)
    assert not check(url=url.replace("https", "http"), form=form, signature=good)
    assert not check(url=url, form=form, signature=None)
    assert not check(url=url, form=form, signature="")


def test_one_text_is_asked_about_by_its_id(twilio: TwilioStandIn) -> None:
    sms = gateway(twilio.url)
    sms.send(TEXT)
    twilio.taken[0].status, twilio.taken[0].error_code = "undelivered", 30006

    assert sms.status(twilio.taken[0].sid) == Standing("undelivered", "30006")
    assert sms.status("SM" + "f" * 32) is None


def test_a_redacted_text_has_no_words_left_and_twice_changes_nothing(
    twilio: TwilioStandIn,
) -> None:
    sms = gateway(twilio.url)
    sms.send(TEXT)
    (taken,) = twilio.taken

    still_on_its_way = sms.redact(taken.sid)
    taken.status = "delivered"
    done = [sms.redact(taken.sid), sms.redact(taken.sid)]

    assert (still_on_its_way, done, taken.body) == (False, [True, True], "")
    assert sms.redact("SM" + "f" * 32)


def test_a_provider_that_fails_forgets_nothing_and_says_so(twilio: TwilioStandIn) -> None:
    sms = gateway(twilio.url)
    sms.send(TEXT)
    twilio.list_fails = True

    with pytest.raises(CouldNotLook):
        sms.status(twilio.taken[0].sid)
    with pytest.raises(CouldNotLook):
        sms.redact(twilio.taken[0].sid)


def test_a_text_without_a_callback_names_no_address(twilio: TwilioStandIn) -> None:
    gateway(twilio.url).send(replace(TEXT, callback_url=""))

    assert twilio.taken[0].callback == ""
