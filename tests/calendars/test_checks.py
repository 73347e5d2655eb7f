"""The checker itself: each way we know to spoil a file is noticed."""

import pytest

from outreach.calendars.mime import compose
from tests.calendars import checks
from tests.calendars.mutants import KINDS, SPOILED
from tests.calendars.people import INVITE


@pytest.mark.parametrize("kind", KINDS)
def test_what_we_write_has_no_fault(kind: str) -> None:
    assert checks.faults(KINDS[kind]) == []


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_file_is_noticed(name: str) -> None:
    assert checks.faults(SPOILED[name].spoiled) != []


MAIL = compose(
    INVITE,
    subject="It is yours",
    plain="Thank you.",
    html="<p>Thank you.</p>",
    message_id="<visit-1.0@outreach.example.org>",
).as_bytes()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'method="REQUEST"', b'method="CANCEL"'),
        (b'charset="utf-8"; method', b"method"),
        (b"From: Outreach <visits+t0k3n@", b"From: Outreach <noreply@"),
        (b"To: Ana Rivera <ana@", b"To: Ben <ben@"),
        (b"02 Mar 2026", b"03 Mar 2026"),
        (b"Auto-Submitted: auto-generated\r\n", b""),
        (b"Message-ID", b"X-Message-ID"),
        (b"To: Ana", b"Subject: again\r\nTo: Ana"),
        (b"text/calendar", b"application/calendar"),
        (b"\r\n", b"\n"),
    ],
)
def test_a_spoiled_mail_is_noticed(old: bytes, new: bytes) -> None:
    assert checks.mail_faults(MAIL) == []
    assert old in MAIL

    assert checks.mail_faults(MAIL.replace(old, new)) != []
