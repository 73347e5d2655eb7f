from pathlib import Path
from typing import Any

import pytest

from outreach import wiring
from outreach.adapters.console import ConsoleMail, ConsoleSms
from outreach.adapters.smtp_mail import SmtpMail
from outreach.adapters.twilio_sms import TwilioSignature, TwilioSms
from outreach.config import Config

TWILIO: dict[str, Any] = {
    "sms_gateway": "twilio",
    "public_base_url": "https://outreach.example",
    "twilio_account_sid": "AC1",
    "twilio_auth_token": "token",
    "twilio_from": "+15005550006",
}


def build(folder: Path, **settings: Any) -> wiring.Wiring:  # noqa: ANN401 - any setting
    return wiring.build(Config(data_dir=folder, **settings))


def test_by_default_nothing_leaves_the_machine(tmp_path: Path) -> None:
    made = build(tmp_path)

    assert isinstance(made.post.sms, ConsoleSms)
    assert isinstance(made.post.mail, ConsoleMail)
    assert (made.signature, made.post.sms_per_second) == (None, None)
    made.close()


def test_with_twilio_texts_leave_at_its_pace_and_webhooks_are_checked(tmp_path: Path) -> None:
    made = build(tmp_path, **TWILIO, sms_per_second=3)

    assert isinstance(made.post.sms, TwilioSms)
    assert isinstance(made.signature, TwilioSignature)
    assert made.post.sms_per_second == 3
    assert made.post.sender.host == "outreach.example"
    made.close()


def test_texts_can_be_switched_off(tmp_path: Path) -> None:
    made = build(tmp_path, sms_gateway="off", mail_gateway="smtp")

    assert made.post.sms is None
    assert isinstance(made.post.mail, SmtpMail)
    made.close()


@pytest.mark.parametrize(
    "missing", ["public_base_url", "twilio_account_sid", "twilio_auth_token", "twilio_from"]
)
def test_twilio_without_all_it_needs_does_not_start(tmp_path: Path, missing: str) -> None:
    settings = {key: value for key, value in TWILIO.items() if key != missing}

    with pytest.raises(ValueError, match=missing):
        build(tmp_path, **settings)
