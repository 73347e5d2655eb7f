"""How long a session lives, whose address counts as one, what a browser is called."""

from datetime import UTC, datetime, timedelta

import pytest

from outreach.accounts import rules
from outreach.actor import Kind
from tests.builders import NOW

SECOND = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("kinds", "limits"),
    [
        ([Kind.SPEAKER], rules.SPEAKERS),
        ([Kind.SPEAKER, Kind.SPEAKER], rules.SPEAKERS),
        ([Kind.SPEAKER, Kind.COORDINATOR], rules.STAFF),
        ([Kind.LIAISON], rules.STAFF),
        ([Kind.ADMINISTRATOR], rules.STAFF),
        ([], rules.STAFF),
    ],
)
def test_one_staff_membership_makes_a_session_as_short_as_staffs(
    kinds: list[Kind], limits: rules.SessionLimits
) -> None:
    assert rules.session_limits(kinds) == limits


def test_the_limits_are_those_of_the_design() -> None:
    assert (rules.STAFF.idle, rules.STAFF.absolute) == (timedelta(minutes=15), timedelta(hours=12))
    assert (rules.SPEAKERS.idle, rules.SPEAKERS.absolute) == (
        timedelta(hours=24),
        timedelta(days=30),
    )


@pytest.mark.parametrize(
    ("created_ago", "seen_ago", "is_over"),
    [
        (timedelta(hours=1), timedelta(minutes=15) - SECOND, False),
        (timedelta(hours=1), timedelta(minutes=15), True),
        (timedelta(hours=12) - SECOND, SECOND, False),
        (timedelta(hours=12), SECOND, True),
    ],
)
def test_a_session_is_over_at_either_limit(
    created_ago: timedelta, seen_ago: timedelta, is_over: bool
) -> None:
    assert (
        rules.is_over(rules.STAFF, created_at=NOW - created_ago, seen_at=NOW - seen_ago, now=NOW)
        is is_over
    )


def test_last_seen_is_written_at_most_once_a_minute() -> None:
    assert rules.touch_is_due(seen_at=NOW - timedelta(seconds=60), now=NOW)
    assert not rules.touch_is_due(seen_at=NOW - timedelta(seconds=59), now=NOW)


@pytest.mark.parametrize(
    ("starts_in", "ends_in", "holds"),
    [
        (timedelta(0), None, True),
        (SECOND, None, False),
        (-SECOND, SECOND, True),
        (-SECOND, timedelta(0), False),
    ],
)
def test_a_membership_holds_from_its_start_up_to_its_end(
    starts_in: timedelta, ends_in: timedelta | None, holds: bool
) -> None:
    ends_at = None if ends_in is None else NOW + ends_in

    assert rules.holds(starts_at=NOW + starts_in, ends_at=ends_at, now=NOW) is holds


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2:ffff::1", "2001:0db8:0001:0002"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("", "unknown"),
        ("a socket", "unknown"),
    ],
)
def test_an_ipv6_household_counts_as_one(address: str, network: str) -> None:
    assert rules.network(address) == network


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
            "Firefox · Windows",
        ),
        (
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
                " Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0"
            ),
            "Edge · Windows",
        ),
        (
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
                " (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1"
            ),
            "Safari · iPhone",
        ),
        (
            (
                "Mozilla/5.0 (Linux; Android 14; SM-A155F) AppleWebKit/537.36 (KHTML, like Gecko)"
                " SamsungBrowser/27.0 Chrome/125.0.0.0 Mobile Safari/537.36"
            ),
            "Samsung Internet · Android",
        ),
        ("Firefox", "Firefox"),
        ("something on Linux", "Linux"),
        ("curl/8", ""),
    ],
)
def test_a_browser_is_called_what_people_call_it(agent: str, name: str) -> None:
    assert rules.browser_name(agent) == name


def test_who_reads_of_other_people_needs_a_second_factor() -> None:
    due = {kind for kind in Kind if rules.second_factor_due(kind, may_refer=False)}
    with_the_right = {kind for kind in Kind if rules.second_factor_due(kind, may_refer=True)}

    assert due == {Kind.ADMINISTRATOR, Kind.COORDINATOR, Kind.INTAKE}
    assert with_the_right - due == {Kind.LIAISON}


def test_a_second_factor_is_fresh_for_ten_minutes() -> None:
    shown = NOW - timedelta(minutes=10)

    assert rules.is_fresh(shown + timedelta(seconds=1), now=NOW)
    assert not rules.is_fresh(shown, now=NOW)
    assert not rules.is_fresh(None, now=NOW)


def test_an_apps_code_is_of_this_half_minute_or_of_one_beside_it() -> None:
    assert rules.steps(datetime.fromtimestamp(59, UTC)) == (0, 1, 2)
    assert rules.steps(datetime.fromtimestamp(60, UTC)) == (1, 2, 3)


def test_recovery_codes_are_typed_as_people_type() -> None:
    assert rules.plain_code(" ABCD-efgh 23 45-\N{NO-BREAK SPACE}6789 ") == "abcdefgh23456789"


def test_long_secrets_are_shown_in_groups() -> None:
    assert rules.in_groups("ABCDEFGHIJ") == "ABCD EFGH IJ"
    assert rules.in_groups("ABCDEFGH", between="-") == "ABCD-EFGH"
