"""The mail around a calendar file, as it goes over the wire."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import parseaddr

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outreach.calendars import mime, text
from outreach.calendars.invite import Entry, render_request
from tests.calendars import checks
from tests.calendars.people import INVITE, cancelled

FIRST_ID = "<visit-6f0d1f1e-6b0b-4a57-9d3a-0d7d6c1f7a11.0@outreach.example.org>"
SECOND_ID = "<visit-6f0d1f1e-6b0b-4a57-9d3a-0d7d6c1f7a11.1@outreach.example.org>"


def compose(entry: Entry = INVITE, *, subject: str = "It is yours: March 17") -> EmailMessage:
    return mime.compose(
        entry,
        subject=subject,
        plain="Thank you, Ana.\n",
        html="<p>Thank you, Ana.</p>\n",
        message_id=FIRST_ID,
    )


def test_an_invites_mail_has_the_shape_clients_act_on() -> None:
    assert checks.mail_faults(compose().as_bytes()) == []


def test_a_cancellations_mail_names_its_own_method() -> None:
    raw = compose(cancelled(INVITE)).as_bytes()

    assert checks.mail_faults(raw) == []
    assert b'text/calendar; charset="utf-8"; method="CANCEL"' in raw


def test_the_calendar_part_arrives_byte_for_byte() -> None:
    mail = message_from_bytes(compose().as_bytes(), policy=policy.default)

    calendars = [
        part.get_payload(decode=True)
        for part in mail.walk()
        if part.get_content_type() in {"text/calendar", "application/ics"}
    ]
    assert calendars == [render_request(INVITE)] * 2
    assert [part.get_filename() for part in mail.iter_attachments()] == ["invite.ics"]


def test_the_head_says_who_writes_and_that_a_program_does() -> None:
    mail = mime.compose(
        INVITE,
        subject="It is yours",
        plain="Thank you.",
        html="<p>Thank you.</p>",
        message_id=SECOND_ID,
        references=FIRST_ID,
    )

    head = mail.as_bytes().split(b"\r\n\r\n")[0].decode().split("\r\n")
    assert head[:7] == [
        "From: Outreach <visits+t0k3n@outreach.example.org>",
        "To: Ana Rivera <ana@example.org>",
        "Subject: It is yours",
        "Date: Mon, 02 Mar 2026 15:04:05 +0000",
        f"Message-ID: {SECOND_ID}",
        f"References: {FIRST_ID}",
        "Auto-Submitted: auto-generated",
    ]


def test_the_same_invite_is_the_same_mail() -> None:
    assert compose().as_bytes() == compose().as_bytes()


def test_two_mails_have_boundaries_of_their_own() -> None:
    other = mime.compose(
        INVITE, subject="x", plain="x", html="x", message_id=SECOND_ID, references=FIRST_ID
    )

    boundaries = [
        part.get_boundary()
        for mail in (compose(), other)
        for part in mail.walk()
        if part.is_multipart()
    ]
    assert len(set(boundaries)) == 4


def test_a_text_that_holds_the_boundary_stays_one_part() -> None:
    boundary = compose().get_boundary()
    mail = mime.compose(
        INVITE,
        subject="x",
        plain=f"before\n--{boundary}--\nafter",
        html=f"<p>--{boundary}</p>",
        message_id=FIRST_ID,
    )

    read = message_from_bytes(mail.as_bytes(), policy=policy.default)

    body = read.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == f"before\n--{boundary}--\nafter\n"
    assert checks.mail_faults(mail.as_bytes()) == []


@pytest.mark.parametrize(
    "subject", ["", "  ", "a\r\nBcc: eve@example.org", "a\nb", "a\x00b", "a\x07b", "\ud800"]
)
def test_a_subject_that_could_add_a_header_is_refused(subject: str) -> None:
    with pytest.raises(ValueError, match="one line without control characters"):
        compose(subject=subject)


@pytest.mark.parametrize(
    "bad_id", ["", "a@b", "<a>", "<a b@c>", "<a@b>\r\nBcc: eve@example.org", "<a@b> <c@d>", "<é@b>"]
)
def test_an_id_that_is_none_is_refused(bad_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        mime.compose(INVITE, subject="x", plain="x", html="x", message_id=bad_id)
    with pytest.raises(ValueError, match="message id"):
        mime.compose(
            INVITE, subject="x", plain="x", html="x", message_id=FIRST_ID, references=bad_id
        )


def test_a_long_id_stays_an_id() -> None:
    long_id = f"<{'a' * 90}@{'outreach.' * 15}example.org>"
    mail = mime.compose(
        INVITE, subject="x", plain="x", html="x", message_id=long_id, references=long_id
    )

    read = message_from_bytes(mail.as_bytes())

    assert (read["Message-ID"], read["References"]) == (long_id, long_id)


TYPED = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=200)


@settings(max_examples=80)
@given(subject=TYPED, name=TYPED)
@example("Su visita a la Clínica Ñandú del miércoles 18 de marzo cambió de hora: " * 3, "Ana")
@example("=?utf-8?q?a=0D=0ABcc:_eve=40example.org?=", "=?utf-8?q?a=0D=0AX:_y?=")
@example("x" * 10_000, "Rivera, Ana " * 20)
def test_any_subject_and_name_arrive_as_they_were_written(subject: str, name: str) -> None:
    subject = f"Visit {subject}"
    mail = compose(replace(INVITE, attendee_name=name), subject=subject)

    raw = mail.as_bytes()

    head = message_from_bytes(raw)
    shown, address = parseaddr(head["To"].replace("\r\n", ""))
    assert str(make_header(decode_header(head["Subject"].replace("\r\n", "")))) == text.line(
        subject
    )
    assert str(make_header(decode_header(shown))) == text.name(name)
    assert address == "ana@example.org"
    folded = raw[: raw.index(b"\r\nDate: ")].split(b"\r\n")
    assert max(map(len, folded)) <= 78
    assert checks.mail_faults(raw) == []


def test_an_address_with_an_accent_reaches_header_and_file() -> None:
    raw = compose(replace(INVITE, attendee_email="israel.mejía@example.org")).as_bytes()

    assert "<israel.mejía@example.org>".encode() in raw
    body = render_request(replace(INVITE, attendee_email="israel.mejía@example.org"))
    assert b"mailto:israel.mej%C3%ADa@example.org" in body.replace(b"\r\n ", b"")
