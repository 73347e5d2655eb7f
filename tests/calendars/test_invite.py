"""An invite and its life: what a client is told, and what it is never told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from outreach.calendars import rules, text
from outreach.calendars.invite import (
    Answer,
    Cancellation,
    Entry,
    Invite,
    render_cancel,
    render_request,
)
from tests.calendars import checks
from tests.calendars.people import INVITE, NOW, cancelled

NASTY = (
    "🏥👩‍⚕️ " * 40,
    "nul\x00bell\x07escape\x1b[31m",
    "cr\ralone, crlf\r\nand lf\nand\x0bothers\x0c\x85\u2028\u2029here",
    'Ana "Nan" Rivera; "quoted"',
    "x" * 10_000,
    "ñ" * 10_000,
    "مرحبا بالعالم שלום " * 20,
    "C:\\New room, \\n; \\N \\\\",
    "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:forged",
    "^n^'^^ :;,=\"'",
    "lone \ud800 surrogate",
    " \t ",
)


def test_a_request_says_who_when_and_where_once() -> None:
    body = render_request(INVITE)

    event = checks.event(body)
    assert checks.faults(body) == []
    assert checks.read(body).one("METHOD").value == "REQUEST"
    assert [(p.name, p.text) for p in event.properties if p.name != "ATTENDEE"] == [
        ("SUMMARY", "Outreach visit"),
        ("DTSTART", "20260317T140000"),
        ("DTEND", "20260317T150000"),
        ("DTSTAMP", "20260302T150405Z"),
        ("UID", INVITE.uid),
        ("SEQUENCE", "0"),
        ("DESCRIPTION", "What to expect:\nhttps://outreach.example.org/v/k2"),
        ("LOCATION", "Maple Hall, second floor"),
        ("ORGANIZER", "mailto:visits+t0k3n@outreach.example.org"),
        ("STATUS", "CONFIRMED"),
        ("URL", "https://outreach.example.org/v/k2"),
    ]


def test_the_one_attendee_has_accepted_and_may_still_answer() -> None:
    attendee = checks.event(render_request(INVITE)).one("ATTENDEE")

    assert attendee.value == "mailto:ana@example.org"
    assert attendee.parameters == {
        "CN": "Ana Rivera",
        "CUTYPE": "INDIVIDUAL",
        "PARTSTAT": "ACCEPTED",
        "ROLE": "REQ-PARTICIPANT",
        "RSVP": "TRUE",
    }


def test_who_has_not_answered_yet_is_asked() -> None:
    invite = replace(INVITE, answer=Answer.NEEDED)

    attendee = checks.event(render_request(invite)).one("ATTENDEE")

    assert attendee.parameters["PARTSTAT"] == "NEEDS-ACTION"


def test_an_alarm_is_a_display_alarm_before_the_start() -> None:
    (alarm,) = checks.event(render_request(INVITE)).parts

    assert [(p.name, p.value) for p in alarm.properties] == [
        ("ACTION", "DISPLAY"),
        ("DESCRIPTION", "Outreach visit"),
        ("TRIGGER", "-PT2H"),
    ]


def test_who_wants_no_alarm_gets_none() -> None:
    invite = replace(INVITE, alarm_minutes=None)

    assert checks.event(render_request(invite)).parts == []


def test_a_cancellation_has_no_alarm_and_asks_for_no_answer() -> None:
    body = render_cancel(cancelled(INVITE))

    event = checks.event(body)
    assert checks.faults(body) == []
    assert checks.read(body).one("METHOD").value == "CANCEL"
    assert (event.one("STATUS").value, event.one("SEQUENCE").value) == ("CANCELLED", "1")
    assert event.parts == []
    assert "RSVP" not in event.one("ATTENDEE").parameters


def test_method_and_status_come_from_the_type_alone() -> None:
    assert (Invite.METHOD, Invite.STATUS) == ("REQUEST", "CONFIRMED")
    assert (Cancellation.METHOD, Cancellation.STATUS) == ("CANCEL", "CANCELLED")
    with pytest.raises(TypeError, match="STATUS"):
        replace(INVITE, STATUS="CANCELLED")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="alarm_minutes"):
        replace(cancelled(INVITE), alarm_minutes=5)  # type: ignore[call-arg]


def test_what_a_person_left_empty_is_not_written() -> None:
    bare = replace(INVITE, location=" ", description="\x00", url="", organizer_name='"')

    event = checks.event(render_request(bare))

    names = {found.name for found in event.properties}
    assert names.isdisjoint({"LOCATION", "DESCRIPTION", "URL"})
    assert event.one("ORGANIZER").parameters == {"CN": "'"}
    assert render_request(replace(bare, attendee_name=""))


def test_the_same_invite_is_the_same_bytes() -> None:
    assert render_request(INVITE) == render_request(replace(INVITE))


@pytest.mark.parametrize("value", NASTY)
def test_whatever_a_person_typed_the_file_stays_whole(value: str) -> None:
    check_with_texts(value, value, value, value)


@settings(max_examples=80)
@given(summary=st.text(), location=st.text(), description=st.text(), name=st.text())
@example("a", "\\N", "\r\n\r\n", '"^')
def test_any_text_comes_out_as_it_went_in(
    summary: str, location: str, description: str, name: str
) -> None:
    check_with_texts(summary, location, description, name)


def check_with_texts(summary: str, location: str, description: str, name: str) -> None:
    invite = replace(
        INVITE,
        summary=f"Visit {summary}",
        location=location,
        description=description,
        organizer_name=name,
        attendee_name=name,
    )

    for body in (render_request(invite), render_cancel(cancelled(invite))):
        event = checks.event(body)
        assert checks.faults(body) == []
        assert event.one("SUMMARY").text == text.line(invite.summary)
        assert [p.text for p in event.all("LOCATION")] == [v for v in [text.line(location)] if v]
        shown = [p.text for p in event.all("DESCRIPTION")]
        assert shown == [v for v in [text.lines(description)] if v]
        assert event.one("ORGANIZER").parameters.get("CN", "") == text.name(name)


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        ("aware and in UTC", {"starts_at": datetime(2026, 3, 17, 18)}),  # noqa: DTZ001
        (
            "aware and in UTC",
            {"dtstamp": datetime(2026, 3, 17, tzinfo=timezone(timedelta(hours=-5)))},
        ),
        ("ends after it starts", {"ends_at": INVITE.starts_at}),
        ("ends after it starts", {"ends_at": INVITE.starts_at + timedelta(milliseconds=999)}),
        ("UID and a sequence", {"sequence": -1}),
        ("UID and a sequence", {"uid": ""}),
        ("UID and a sequence", {"uid": "two words"}),
        ("plain mail address", {"attendee_email": "ana"}),
        ("plain mail address", {"attendee_email": "ana@example.org\r\nBcc: eve@example.org"}),
        ("plain mail address", {"attendee_email": "a@example.org, b@example.org"}),
        ("plain mail address", {"organizer_email": "Outreach <visits@example.org>"}),
        ("whole http", {"url": "javascript:alert(1)"}),
        ("whole http", {"url": "https://example.org/\nX-EVIL:1"}),
        ("has a summary", {"summary": "\x00\r\n "}),
        ("not after the start", {"alarm_minutes": -1}),
    ],
)
def test_an_entry_no_client_could_read_is_refused(fault: str, change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=fault):
        replace(INVITE, **change)  # type: ignore[arg-type]


def test_through_a_visits_life_the_uid_stays_and_the_sequence_rises() -> None:
    moved_to = INVITE.starts_at + timedelta(days=2)
    asked = INVITE
    moved = replace(asked, starts_at=moved_to, ends_at=moved_to + timedelta(hours=1))
    elsewhere = replace(moved, location="Cedar Clinic")
    life: list[tuple[Entry, datetime]] = [
        (asked, NOW),
        (asked, NOW + timedelta(days=1)),
        (moved, NOW + timedelta(days=1)),
        (elsewhere, NOW + timedelta(days=1)),
        (cancelled(elsewhere), NOW - timedelta(hours=1)),
        (cancelled(elsewhere), NOW + timedelta(days=3)),
        (elsewhere, NOW + timedelta(days=3)),
    ]
    last: rules.Revision | None = None
    sent: list[checks.Component] = []

    for entry, now in life:
        revision = rules.next_revision(last, fingerprint=fingerprint(entry), now=now)
        if revision is not None:
            last = revision
            sent.append(checks.read(mailed(entry, revision)))

    visits = [calendar.inside("VEVENT")[0] for calendar in sent]
    methods = [calendar.one("METHOD").value for calendar in sent]
    assert methods == ["REQUEST", "REQUEST", "REQUEST", "CANCEL", "REQUEST"]
    assert {visit.one("UID").value for visit in visits} == {INVITE.uid}
    assert [visit.one("SEQUENCE").value for visit in visits] == ["0", "1", "2", "3", "4"]
    stamps = [visit.one("DTSTAMP").value for visit in visits]
    assert stamps == sorted(set(stamps))
    assert [visit.one("DTSTART").value for visit in visits[:2]] == [
        "20260317T140000",
        "20260319T140000",
    ]


def fingerprint(entry: Entry) -> str:
    return rules.fingerprint(
        cancelled=isinstance(entry, Cancellation),
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
        time_zone=entry.time_zone,
        summary=entry.summary,
        location=entry.location,
        description=entry.description,
        attendee_email=entry.attendee_email,
    )


def mailed(entry: Entry, revision: rules.Revision) -> bytes:
    entry = replace(entry, sequence=revision.sequence, dtstamp=revision.dtstamp.astimezone(UTC))
    body = render_cancel(entry) if isinstance(entry, Cancellation) else render_request(entry)
    assert checks.faults(body) == []
    return body
