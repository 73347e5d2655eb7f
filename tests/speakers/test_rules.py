"""Which addresses of a calendar are taken, when it is read, how long a reading counts."""

from datetime import timedelta

import pytest

from outreach.speakers import rules
from outreach.speakers.rules import WrongAddress
from tests.builders import NOW


@pytest.mark.parametrize(
    ("typed", "taken"),
    [
        ("https://cal.example.org/a/b.ics?k=v%20w", "https://cal.example.org/a/b.ics?k=v%20w"),
        ("  webcal://cal.example.org/x.ics\n", "https://cal.example.org/x.ics"),
        ("WEBCALS://Cal.Example.ORG./x", "https://cal.example.org/x"),
        ("https://cal.example.org:443#today", "https://cal.example.org/"),
        (
            "https://kalender.österreich.example/ä",
            "https://kalender.xn--sterreich-z7a.example/%C3%A4",
        ),
    ],
)
def test_an_address_that_is_taken(typed: str, taken: str) -> None:
    assert rules.calendar_address(typed) == taken


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "scheme"),
        ("http://cal.example.org/x", "scheme"),
        ("ftp://cal.example.org/x", "scheme"),
        ("file:///etc/passwd", "scheme"),
        ("cal.example.org/x", "scheme"),
        ("https://maria:secret@cal.example.org/", "user"),
        ("https://cal.example.org@127.0.0.1/", "user"),
        ("https://cal.example.org:8443/", "port"),
        ("https://cal.example.org:22/", "port"),
        ("https://cal.example.org:99999/", "form"),
        ("https://[::1", "form"),
        ("https://cal.example.org/a b", "form"),
        ("https://cal.example.org\\@x.example/", "form"),
        ("https://cal.example.org/\x00", "form"),
        ("https://cal.example.org/" + "x" * 2_000, "form"),
        ("https:///x", "host"),
        ("https://localhost/", "host"),
        ("https://127.0.0.1/", "host"),
        ("https://2130706433/", "host"),
        ("https://0x7f000001/", "host"),
        ("https://0177.0.0.1/", "host"),
        ("https://127.1/", "host"),
        ("https://[::1]/", "host"),
        ("https://[::ffff:10.0.0.1]/", "host"),
        ("https://-x.example/", "host"),
        ("https://" + "x" * 70 + ".example/", "host"),
    ],
)
def test_an_address_that_is_not(typed: str, code: str) -> None:
    with pytest.raises(WrongAddress) as refused:
        rules.calendar_address(typed)

    assert (refused.value.code, str(refused.value)) == (code, code)


@pytest.mark.parametrize(
    ("failures", "hours"), [(0, 1), (1, 2), (2, 4), (4, 16), (5, 24), (6, 24), (10_000, 24)]
)
def test_the_next_reading_is_in_an_hour_and_later_after_failures(failures: int, hours: int) -> None:
    earliest = rules.next_reading(NOW, failures=failures, spread=0)
    latest = rules.next_reading(NOW, failures=failures, spread=1)

    assert (earliest - NOW, latest - NOW) == (
        timedelta(hours=hours) * 0.9,
        timedelta(hours=hours) * 1.1,
    )


def test_the_bounds_of_time() -> None:
    moment = timedelta(microseconds=1)

    assert rules.may_read_again(None, now=NOW)
    assert rules.may_read_again(NOW - timedelta(minutes=5), now=NOW)
    assert not rules.may_read_again(NOW - timedelta(minutes=5) + moment, now=NOW)
    assert not rules.counts(None, now=NOW)
    assert rules.counts(NOW - timedelta(days=7), now=NOW)
    assert not rules.counts(NOW - timedelta(days=7) - moment, now=NOW)
    assert not rules.may_stay(None, now=NOW)
    assert rules.may_stay(NOW - timedelta(days=1) + moment, now=NOW)
    assert not rules.may_stay(NOW - timedelta(days=1), now=NOW)
    assert rules.window(NOW) == (NOW - timedelta(days=1), NOW + timedelta(days=180))
