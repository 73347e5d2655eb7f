"""Mails taken apart: whatever the bytes are, nothing raises and everything is bounded."""

import random
import time

import pytest

from outreach.messaging import inbox
from outreach.messaging.inbox import LONGEST_TEXT, Bounce, Sort
from tests.messaging import mails

JOY = "joy@hill.example"


def nested(depth: int) -> bytes:
    lines = ["From: a@b.example"]
    for level in range(depth):
        lines += [f'Content-Type: multipart/mixed; boundary="x{level}"', "", f"--x{level}"]
    return "\n".join([*lines, "Content-Type: text/plain", "", "deep"]).encode()


def test_a_report_names_its_recipient_and_the_mail_that_came_back() -> None:
    mail = inbox.read(mails.bounce(to="Joy@Hill.example", message_id="<m1@outreach.example>"))

    assert mail.bounces == (Bounce(JOY, "5.1.1", final=True),)
    assert (mail.sort, mail.returned_id) == (Sort.BOUNCE, "<m1@outreach.example>")


def test_a_report_with_the_whole_mail_is_read_as_well() -> None:
    raw = mails.bounce(to=JOY, message_id="<m1@outreach.example>")

    mail = inbox.read(raw.replace(b"text/rfc822-headers", b"message/rfc822"))

    assert mail.returned_id == "<m1@outreach.example>"


def test_a_report_about_an_address_with_accents_is_read_as_well() -> None:
    raw = mails.bounce(to=JOY, message_id="<m1@outreach.example>")
    raw = raw.replace(b"message/delivery-status", b"message/global-delivery-status")

    mail = inbox.read(raw.replace(b"text/rfc822-headers", b"message/global-headers"))

    assert (mail.returned_id, mail.bounces[0].recipient) == ("<m1@outreach.example>", JOY)


def test_a_person_who_quotes_a_bounce_is_no_bounce() -> None:
    quoted = mails.exim(JOY, "<m1@outreach.example>").replace(b"Mailer-Daemon@mx", b"joy@hill")
    quoted = quoted.replace(b"Auto-Submitted: auto-replied\n", b"")

    assert inbox.read(quoted).sort is Sort.PERSON


@pytest.mark.parametrize(
    ("headers", "sort"),
    [
        ("Auto-Submitted: no\n", Sort.PERSON),
        ("Auto-Submitted: auto-replied (vacation)\n", Sort.AUTOMATIC),
        ("Precedence: bulk\n", Sort.AUTOMATIC),
        ("X-Autoreply: yes\n", Sort.AUTOMATIC),
        ("List-Id: <news.example>\n", Sort.AUTOMATIC),
        ("X-Auto-Response-Suppress: All\n", Sort.PERSON),
        ("Return-Path: <>\n", Sort.AUTOMATIC),
    ],
)
def test_machines_are_told_from_people(headers: str, sort: Sort) -> None:
    assert inbox.read(mails.written(sender=JOY, more=headers)).sort is sort


def test_a_mail_in_html_alone_shows_its_words_and_no_marks() -> None:
    raw = (
        b"From: a@b.example\nContent-Type: text/html\n\n"
        b"<style>p{}</style><p>Which <b>door</b>?</p><script>alert(1)</script><p>Joy"
    )

    assert inbox.read(raw).text == "Which door?\nJoy"


def test_a_wrong_charset_and_a_nul_cost_letters_and_not_the_mail() -> None:
    head = b"From: a@b.example\nContent-Type: text/plain; charset=no-such\n\n"
    raw = head + b"One\0 \xff \xe2\x80\xaetwo"

    assert inbox.read(raw).text == "One \ufffd two"


def test_a_mail_without_message_id_is_known_by_its_bytes() -> None:
    one, again, other = (inbox.read(b"From: a@b.example\n\n" + w) for w in (b"1", b"1", b"2"))

    assert one.key == again.key
    assert one.key != other.key
    assert one.key.startswith("sha256:")


def test_bombs_are_left_alone_and_still_have_a_sender() -> None:
    large = b"From: a@b.example\n\n" + b"word " * (inbox.MAX_BYTES // 5 + 1)
    before = time.perf_counter()

    for raw in (nested(5000), large):
        mail = inbox.read(raw)
        assert (mail.sort, mail.sender, mail.text) == (Sort.UNREADABLE, "a@b.example", "")

    assert inbox.read(nested(90)).sort is Sort.PERSON
    assert time.perf_counter() - before < 3


def test_long_texts_are_cut() -> None:
    raw = b"From: a@b.example\nSubject: " + b"s" * 5000 + b"\n\n" + b"a" * 1_500_000

    mail = inbox.read(raw)

    assert (len(mail.text), len(mail.subject)) == (LONGEST_TEXT, inbox.LONGEST_LINE)


def test_a_thousand_spoiled_mails_raise_nothing() -> None:
    rng = random.Random(29)  # noqa: S311 - the same mails each time
    whole = [
        mails.bounce(to=JOY, message_id="<m@o.example>"),
        mails.exim(JOY, "<m@o.example>"),
        mails.qmail(JOY, "<m@o.example>"),
        mails.calendar_reply(sender=JOY),
        mails.written(sender=JOY, more="Subject: =?utf-8?b?////?=\nReferences: <a@b> <\n"),
        b"",
        b"\0\xff\n\n",
    ]
    for _ in range(1000):
        raw = bytearray(rng.choice(whole))
        for _ in range(rng.randrange(1, 12)):
            at = rng.randrange(len(raw) + 1)
            raw[at : at + rng.randrange(4)] = rng.randbytes(rng.randrange(4))

        mail = inbox.read(bytes(raw))

        assert len(mail.sender) <= inbox.LONGEST_LINE
        assert "\0" not in mail.sender + mail.subject + mail.text + mail.key + mail.returned_id
