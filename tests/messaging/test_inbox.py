"""Mails taken apart: whatever the bytes are, nothing raises and everything is bounded."""

import random
import time

import pytest

from outreach.messaging import inbox, mail_parts
from outreach.messaging.inbox import LONGEST_TEXT, Sort
from outreach.messaging.returned import Bounce
from tests.messaging import mails

JOY = "joy@hill.example"
ATTEMPT = "Abc-def_0123456789ABCDEF"


def nested(depth: int) -> bytes:
    lines = ["From: a@b.example"]
    for level in range(depth):
        lines += [f'Content-Type: multipart/mixed; boundary="x{level}"', "", f"--x{level}"]
    return "\n".join([*lines, "Content-Type: text/plain", "", "deep"]).encode()


def test_a_report_names_its_recipient_and_the_mail_that_came_back() -> None:
    mail = inbox.read(mails.bounce(to="Joy@Hill.example", attempt=ATTEMPT))

    assert mail.bounces == (Bounce(JOY, "5.1.1", final=True),)
    assert (mail.sort, mail.attempt) == (Sort.BOUNCE, ATTEMPT)


def test_a_report_with_the_whole_mail_is_read_as_well() -> None:
    raw = mails.bounce(to=JOY, attempt=ATTEMPT)

    mail = inbox.read(raw.replace(b"text/rfc822-headers", b"message/rfc822"))

    assert mail.attempt == ATTEMPT


def test_a_report_about_an_address_with_accents_is_read_as_well() -> None:
    raw = mails.bounce(to=JOY, attempt=ATTEMPT)
    raw = raw.replace(b"message/delivery-status", b"message/global-delivery-status")

    mail = inbox.read(raw.replace(b"text/rfc822-headers", b"message/global-headers"))

    assert (mail.attempt, mail.bounces[0].recipient) == (ATTEMPT, JOY)


def test_a_person_who_quotes_a_bounce_is_no_bounce() -> None:
    quoted = mails.exim(JOY, ATTEMPT).replace(b"Mailer-Daemon@mx", b"joy@hill")
    quoted = quoted.replace(b"Auto-Submitted: auto-replied\n", b"")

    assert inbox.read(quoted).sort is Sort.PERSON


@pytest.mark.parametrize(
    ("headers", "sort"),
    [
        ("Auto-Submitted: no\n", Sort.PERSON),
        ("Auto-Submitted: auto-replied (vacation)\n", Sort.AUTOMATIC),
        ("Precedence: auto_reply\n", Sort.AUTOMATIC),
        ("Precedence: list\nList-Id: <news.example>\n", Sort.PERSON),
        ("Precedence: bulk\n", Sort.PERSON),
        ("X-Autoreply: yes\n", Sort.AUTOMATIC),
        ("X-Auto-Response-Suppress: All\n", Sort.PERSON),
        ("Return-Path: <>\n", Sort.PERSON),
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


BOUND_S = 20
"""Of the processor's time, however busy the machine: unbounded, these took minutes."""

BOMBS = {
    "boundaries in boundaries": nested(5000),
    "mails in mails": b"From: a@b.example\n" + b"Content-Type: message/rfc822\n\n" * 3000,
    "mails in mails, folded": b"From: a@b.example\n" + b"Content-Type:\n message/rfc822\n\n" * 3000,
    "a number too long": b"From: a@b.example\nContent-Type: multipart/mixed; boundary*"
    + b"9" * 5000
    + b"=x\n\nx",
    "nothing but lines": b"From: a@b.example\n" + b"\n" * 1_000_000,
}


@pytest.mark.parametrize("raw", BOMBS.values(), ids=BOMBS.keys())
def test_bombs_are_left_alone_and_still_have_a_sender(raw: bytes) -> None:
    before = time.process_time()

    mail = inbox.read(raw)

    assert (mail.sort, mail.sender, mail.text) == (Sort.UNREADABLE, "a@b.example", "")
    assert time.process_time() - before < BOUND_S


FROM = b"From: a@b.example\n"
HTML = FROM + b"Content-Type: text/html\n\n"
STATUS = b"Final-Recipient: rfc822;a\nStatus: 5.1.1\n\n"
SLOW = {
    "deep, with many lines": nested(90) + b"\n" * 150_000,
    "tags that never end": HTML + b"<a " * 100_000,
    "comments that never end": HTML + b"<!--" * 99_000,
    "host names as a charset": FROM
    + b"Content-Type: text/plain; charset=punycode\n\na-"
    + b"9" * 300_000,
    "host names in a header": FROM + b"Subject: =?punycode?q?a-" + b"9" * 100_000 + b"?=",
    "a thousand recipients": mails.bounce(to=JOY, attempt=ATTEMPT).replace(
        b"Final-Recipient", STATUS * 60_000 + b"Final-Recipient"
    ),
}


@pytest.mark.parametrize("raw", SLOW.values(), ids=SLOW.keys())
def test_mails_made_to_take_long_take_seconds_at_most(raw: bytes) -> None:
    before = time.process_time()

    assert inbox.read(raw).sort in {Sort.PERSON, Sort.BOUNCE}
    assert time.process_time() - before < BOUND_S


def test_a_sender_in_a_thousand_brackets_is_nobody() -> None:
    assert inbox.read(b"From: " + b"(" * 4000 + b"a@b.example\n\nHello").sender == ""


def test_the_words_before_a_large_file_are_read() -> None:
    raw = mails.written(sender=JOY) + b"A" * (mail_parts.MAX_BYTES + 1)

    mail = inbox.read(raw)

    assert (mail.sort, mail.text[:19]) == (Sort.PERSON, "Is it the blue one?")


def test_a_bounce_that_a_person_passes_on_with_a_question_is_a_question() -> None:
    within = mails.bounce(to=JOY, attempt=ATTEMPT)
    raw = (
        b"From: joy@hill.example\nContent-Type: multipart/mixed; boundary=out\n\n"
        b"--out\nContent-Type: text/plain\n\nWhat is this?\n"
        b"--out\nContent-Type: message/rfc822\n\n" + within + b"\n--out--\n"
    )

    mail = inbox.read(raw)

    assert (mail.sort, mail.text, mail.bounces) == (Sort.PERSON, "What is this?", ())


def test_of_a_mail_passed_on_without_a_word_its_own_words_are_read() -> None:
    raw = (
        b"From: joy@hill.example\nContent-Type: multipart/mixed; boundary=out\n\n"
        b"--out\nContent-Type: message/rfc822\n\n"
        + mails.written(sender="x@y.example")
        + b"--out--\n"
    )

    assert inbox.read(raw).text == "Is it the blue one?"


def test_a_receipt_that_a_mail_was_opened_is_a_machines() -> None:
    raw = mails.bounce(to=JOY, attempt=ATTEMPT).replace(b"Auto-Submitted: auto-replied\n", b"")
    raw = raw.replace(b"MAILER-DAEMON@mx", b"joy@hill")

    mail = inbox.read(raw.replace(b"delivery-status", b"disposition-notification"))

    assert mail.sort is Sort.AUTOMATIC


def test_a_postmaster_who_writes_is_a_person() -> None:
    assert inbox.read(mails.written(sender="postmaster@hill.example")).sort is Sort.PERSON


@pytest.mark.parametrize("make", [mails.exchange, mails.gmail, mails.postfix])
def test_reports_of_common_servers_are_read(make: mails.Made) -> None:
    mail = inbox.read(make(JOY, ATTEMPT))

    assert (mail.sort, mail.attempt) == (Sort.BOUNCE, ATTEMPT)
    assert Bounce(JOY, "5.1.1", final=True) in mail.bounces


def test_long_texts_are_cut() -> None:
    raw = b"From: a@b.example\nSubject: " + b"s" * 5000 + b"\n\n" + b"a" * 1_500_000

    mail = inbox.read(raw)

    assert (len(mail.text), len(mail.subject)) == (LONGEST_TEXT, mail_parts.LONGEST_LINE)


def test_a_thousand_spoiled_mails_raise_nothing() -> None:
    rng = random.Random(29)  # noqa: S311 - the same mails each time
    whole = [
        mails.bounce(to=JOY, attempt=ATTEMPT),
        mails.exim(JOY, ATTEMPT),
        mails.qmail(JOY, ATTEMPT),
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

        assert len(mail.sender) <= mail_parts.LONGEST_ADDRESS
        assert "\0" not in mail.sender + mail.subject + mail.text + mail.key + mail.attempt
