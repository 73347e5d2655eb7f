"""What calendar programs answer, as each writes it; and what is no answer, however it is made."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from outreach.calendars import reply
from outreach.calendars.reply import MAX_FILE, Method, Reply, Said, Unfit
from outreach.messaging import inbox
from outreach.messaging.inbox import Sort
from tests.calendars import replies
from tests.calendars.replies import Asked, Made

UID = "visit-6f1c7a52-0f3e-4a53-9d30-6a2a64f5f1b0@outreach.example"
ASKED = Asked(uid=UID, attendee="maria@hill.example", sequence=3)
BOUND_S = 10
"""Of the processor's time: what is not bounded takes minutes."""


def file_of(asked: Asked = ASKED) -> str:
    return inbox.read(replies.nextcloud(asked)).calendar


def read(file: str) -> Reply:
    found = reply.read(file)
    assert isinstance(found, Reply), found
    return found


# --- each program


@pytest.mark.parametrize("made", replies.ALL, ids=lambda made: made.__name__)
@pytest.mark.parametrize("said", ["ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED"])
def test_every_programs_answer_is_understood(made: Made, said: str) -> None:
    mail = inbox.read(made(replace(ASKED, said=said)))

    assert (mail.sort, mail.sender) == (Sort.CALENDAR, "maria@hill.example")
    assert read(mail.calendar) == Reply(
        method=Method.REPLY,
        uid=UID,
        attendee="maria@hill.example",
        said=Said(said),
        sequence=3,
        stamped_at=datetime(2026, 12, 2, 15, tzinfo=UTC),
    )


@pytest.mark.parametrize("made", replies.ALL, ids=lambda made: made.__name__)
def test_every_programs_other_time_is_the_same_instant(made: Made) -> None:
    mail = inbox.read(made(replace(ASKED, method="COUNTER", said="TENTATIVE")))

    found = read(mail.calendar)

    assert mail.sort is Sort.CALENDAR
    assert (found.method, found.starts_at, found.ends_at) == (
        Method.COUNTER,
        datetime(2026, 12, 8, 19, tzinfo=UTC),
        datetime(2026, 12, 8, 20, tzinfo=UTC),
    )


def test_a_wish_for_the_invite_is_one() -> None:
    assert read(file_of(replace(ASKED, method="REFRESH"))).method is Method.REFRESH


# --- what programs leave out, or write in their own way


def test_what_the_person_wrote_beside_it_is_kept_on_one_line() -> None:
    file = file_of().replace("SUMMARY:", "COMMENT:I come\\nfive minutes late\r\nSUMMARY:")

    assert read(file).comment == "I come five minutes late"


def test_exchange_s_empty_comment_is_none() -> None:
    assert read(inbox.read(replies.outlook(ASKED)).calendar).comment == ""


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("mailto:maria@hill.example", "maria@hill.example"),
        ("MAILTO:Maria@Hill.example", "maria@hill.example"),
        ('"mailto:maria@hill.example"', "maria@hill.example"),
        ("mailto:mar%C3%ADa@hill.example", "maría@hill.example"),
        ("mailto:maria@hill.example?subject=x", "maria@hill.example"),
    ],
)
def test_an_address_is_read_however_it_is_written(written: str, address: str) -> None:
    assert read(file_of().replace("mailto:maria@hill.example", written)).attendee == address


def test_apples_servers_name_people_by_their_own_ids() -> None:
    file = file_of().replace(
        ";CN=Maria Ruiz:mailto:maria@hill.example",
        ';EMAIL="maria@hill.example":urn:uuid:6F1C7A52-0F3E',
    )

    assert read(file).attendee == "maria@hill.example"


def test_an_answer_without_sequence_stamp_or_status_is_to_the_first_invite() -> None:
    kept = [
        line
        for line in file_of().replace("PARTSTAT=ACCEPTED;", "").splitlines()
        if not line.startswith(("SEQUENCE", "DTSTAMP"))
    ]

    found = read("\n".join(kept))

    assert (found.sequence, found.stamped_at, found.said) == (0, None, Said.NOTHING)


def test_a_stamp_that_is_no_time_is_none() -> None:
    file = file_of().replace("DTSTAMP:20261202T150000Z", "DTSTAMP:20261332T990000Z")

    assert read(file).stamped_at is None


@pytest.mark.parametrize(
    "time",
    [
        "DTSTART;VALUE=DATE:20261208",
        "DTSTART:20261208T140000",
        "X-DTSTART:x",
        "DTSTART:00010101T000000Z",
        "DTSTART:99991231T235959Z",
    ],
)
def test_a_day_or_a_time_without_a_zone_or_of_another_age_is_no_other_time(time: str) -> None:
    file = file_of(replace(ASKED, method="COUNTER")).replace("DTSTART:20261208T190000Z", time)

    assert read(file).starts_at is None


def test_an_end_before_the_start_is_no_end_and_a_length_is_one() -> None:
    asked = replace(ASKED, method="COUNTER", ends="20261208T180000Z")

    assert read(file_of(asked)).ends_at is None
    with_length = file_of(asked).replace("DTEND:20261208T180000Z", "DURATION:PT90M")
    assert read(with_length).ends_at == datetime(2026, 12, 8, 20, 30, tzinfo=UTC)


# --- what is no answer


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (("METHOD:REPLY", "METHOD:REQUEST"), Unfit.OTHER_METHOD),
        (("METHOD:REPLY", "METHOD:REPLY\r\nMETHOD:COUNTER"), Unfit.OTHER_METHOD),
        (("METHOD:REPLY\r\n", ""), Unfit.OTHER_METHOD),
        (("BEGIN:VEVENT", "BEGIN:VTODO"), Unfit.NOT_ONE_EVENT),
        (("END:VCALENDAR", "BEGIN:VEVENT\r\nEND:VEVENT\r\nEND:VCALENDAR"), Unfit.NOT_ONE_EVENT),
        (("END:VEVENT", ""), Unfit.NOT_ONE_EVENT),
        (("SUMMARY:", "ATTENDEE:mailto:joy@hill.example\r\nSUMMARY:"), Unfit.NOT_ONE_PERSON),
        (("SUMMARY:", "RECURRENCE-ID:20261208T190000Z\r\nSUMMARY:"), Unfit.ONE_OF_A_SERIES),
        ((f"UID:{UID}", "UID:"), Unfit.BROKEN),
        ((f"UID:{UID}", f"UID:{'x' * 300}"), Unfit.BROKEN),
        (("mailto:maria@hill.example", "mailto:maria"), Unfit.BROKEN),
        (("SUMMARY:", f"X-A:{'x' * 70_000}\r\nSUMMARY:"), Unfit.TOO_LARGE),
        (("SUMMARY:", f"X-A:{'x' * MAX_FILE}\r\nSUMMARY:"), Unfit.TOO_LARGE),
    ],
    ids=[
        "an invite of theirs",
        "two methods",
        "no method",
        "no event",
        "two events",
        "an open end",
        "two attendees",
        "one date of a series",
        "no uid",
        "a long uid",
        "no address",
        "a long event",
        "a long file",
    ],
)
def test_what_is_no_answer_says_why(change: tuple[str, str], why: Unfit) -> None:
    changed = file_of().replace(*change)

    assert changed != file_of()
    assert reply.read(changed) is why


def test_a_time_zone_of_their_own_is_neither_run_through_nor_kept() -> None:
    zone = """BEGIN:VTIMEZONE\r
TZID:America/Detroit\r
BEGIN:STANDARD\r
DTSTART:19700101T000000\r
RRULE:FREQ=SECONDLY\r
TZOFFSETFROM:-0500\r
TZOFFSETTO:+1400\r
END:STANDARD\r
END:VTIMEZONE\r
BEGIN:VEVENT"""
    asked = replace(ASKED, method="COUNTER")
    file = file_of(asked).replace("BEGIN:VEVENT", zone)
    file = file.replace("DTSTART:20261208T190000Z", "DTSTART;TZID=America/Detroit:20261208T140000")
    before = time.process_time()

    found = read(file)

    assert time.process_time() - before < BOUND_S
    assert found.starts_at == datetime(2026, 12, 8, 19, tzinfo=UTC)


SHAPE = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\n{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
BOMBS = {
    "nothing": "",
    "NUL": "\0" * 1000,
    "alarms in alarms": SHAPE.format("BEGIN:VALARM\r\n" * 3000),
    "a thousand people": SHAPE.format("ATTENDEE;CN=a:mailto:a@b.example\r\n" * 1500),
    "backslashes": SHAPE.format("SUMMARY:" + "\\" * 60_000),
    "quotes": SHAPE.format('X-A;A="' + '"' * 60_000 + ":x"),
    "parameters": SHAPE.format("X-A;" + ";".join(f"a{n}=1" for n in range(8000)) + ":x"),
    "a zone as long as a file's name may not be": SHAPE.format(
        "DTSTART;TZID=" + "A" * 50_000 + ":20261208T190000\r\nATTENDEE:mailto:a@b.example\r\nUID:1"
    ),
    "a zone somewhere else": SHAPE.format(
        "DTSTART;TZID=../../etc/passwd:20261208T190000\r\nATTENDEE:mailto:a@b.example\r\nUID:1"
    ),
    "a number too long": SHAPE.format(
        "SEQUENCE:" + "9" * 5000 + "\r\nATTENDEE:mailto:a@b.example\r\nUID:1"
    ),
    "the year ten thousand": SHAPE.format(
        "DTSTAMP:99991231T235959Z\r\nDURATION:P99999999999D\r\nATTENDEE:mailto:a@b.example\r\nUID:1"
    ),
    "foldings": SHAPE.format("SUMMARY:x" + "\r\n " * 20_000),
}


@pytest.mark.parametrize("method", ["REPLY", "COUNTER"])
@pytest.mark.parametrize("file", BOMBS.values(), ids=BOMBS.keys())
def test_no_file_raises_or_takes_long(file: str, method: str) -> None:
    before = time.process_time()

    found = reply.read(file.replace("METHOD:REPLY", f"METHOD:{method}"))

    assert isinstance(found, Reply | Unfit)
    assert time.process_time() - before < BOUND_S


# --- the mail around it


def test_an_answer_inside_a_mail_that_was_passed_on_is_no_answer() -> None:
    inner = replies.google(ASKED)
    mail = b"From: joy@hill.example\r\nContent-Type: message/rfc822\r\n\r\n" + inner

    assert inbox.read(mail).calendar == ""


def test_winmail_is_a_persons_mail() -> None:
    mail = (
        b"From: maria@hill.example\r\nContent-Type: application/ms-tnef; name=winmail.dat\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\neJ8+IgAQAAE=\r\n"
    )

    assert (inbox.read(mail).sort, inbox.read(mail).calendar) == (Sort.PERSON, "")


def test_an_invite_of_somebody_elses_is_no_answer() -> None:
    mail = inbox.read(replies.google(replace(ASKED, method="REQUEST")))

    assert mail.calendar == ""


@pytest.mark.parametrize(
    ("report", "is_forged"),
    [
        ("mx.example; spf=pass; dkim=pass; dmarc=pass header.from=hill.example", False),
        ("mx.example; spf=softfail; dmarc=fail (p=reject) header.from=hill.example", True),
        ("mx.example; DMARC = Fail", True),
        ("mx.example; none", False),
    ],
)
def test_a_failed_check_of_the_domain_is_seen(report: str, is_forged: bool) -> None:
    raw = f"Authentication-Results: {report}\r\n".encode() + replies.google(ASKED)

    assert inbox.read(raw).is_forged is is_forged
